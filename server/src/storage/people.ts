/** People in the database: better-auth's rows and the house's own beside them, written in one transaction with audit and revision. */
import { sql, type SqlBool } from 'kysely';
import type { Language, OrganizationRole, Permission } from '../domain/owner.ts';
import { deleteAlertingOf } from './alert-rules.ts';
import { forgetCapturedOf } from './captured-bodies.ts';
import { thisRevision } from './changes.ts';
import type { Database } from './database.ts';
import type { Statement } from './driver.ts';
import { endLimitsAmong, endLimitsOn } from './limits.ts';
import { forgetResponses } from './responses.ts';
import { deleteGroupsOf } from './routing-groups.ts';
import { permissionsOfRow } from './snapshot.ts';

export type Theme = 'auto' | 'light' | 'dark';

export interface PersonRecord {
  userId: string;
  email: string;
  name: string;
  role: OrganizationRole;
  /** Null stands for what the role brings. */
  permissions: Permission[] | null;
  language: Language;
  timeZone: string;
  theme: Theme;
  hasSecondFactor: boolean;
  disabledAtMs: number | null;
  createdAtMs: number;
  updatedAtMs: number;
  revision: number;
}

const columns = [
  'people.user_id',
  'users.email',
  'users.name',
  'users.two_factor_enabled',
  'people.role',
  'people.permissions',
  'people.language',
  'people.time_zone',
  'people.theme',
  'people.disabled_at',
  'people.created_at',
  'people.updated_at',
  'people.revision',
] as const;

interface PersonRow {
  user_id: string;
  email: string;
  name: string;
  two_factor_enabled: boolean | number | null;
  role: string;
  permissions: string | null;
  language: string;
  time_zone: string;
  theme: string;
  disabled_at: number | null;
  created_at: number;
  updated_at: number;
  revision: number;
}

const personOfRow = (row: PersonRow): PersonRecord => ({
  userId: row.user_id,
  email: row.email,
  name: row.name,
  role: row.role as OrganizationRole,
  permissions: permissionsOfRow(row.permissions),
  hasSecondFactor: Boolean(row.two_factor_enabled),
  language: row.language as Language,
  timeZone: row.time_zone,
  theme: row.theme as Theme,
  disabledAtMs: row.disabled_at,
  createdAtMs: row.created_at,
  updatedAtMs: row.updated_at,
  revision: row.revision,
});

/** better-auth keeps its times as ISO 8601 texts on SQLite and as timestamps on PostgreSQL, which takes the same texts. */
const authTime = (ms: number): string => new Date(ms).toISOString();
const msOfAuthTime = (time: Date | string): number => (typeof time === 'string' ? Date.parse(time) : time.getTime());

/** People who were deleted are not found, by whatever. */
const selectPeople = ({ db }: Database) =>
  db.selectFrom('people').innerJoin('users', 'users.id', 'people.user_id').select(columns).where('people.deleted_at', 'is', null);

export async function personById(database: Database, userId: string): Promise<PersonRecord | undefined> {
  const row = await selectPeople(database).where('people.user_id', '=', userId).executeTakeFirst();
  return row && personOfRow(row);
}

/** Of one query; more come in several. */
const namedAtOnce = 1_000;

/** The addresses of those who were not deleted, by id. */
export async function addressesOf({ db }: Database, userIds: readonly string[]): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (let from = 0; from < userIds.length; from += namedAtOnce) {
    const rows = await db
      .selectFrom('people')
      .innerJoin('users', 'users.id', 'people.user_id')
      .select(['people.user_id', 'users.email'])
      .where('people.deleted_at', 'is', null)
      .where('people.user_id', 'in', userIds.slice(from, from + namedAtOnce))
      .execute();
    for (const row of rows) found.set(row.user_id, row.email);
  }
  return found;
}

/** By e-mail address, which must be in lower case. */
export async function personByEmail(database: Database, email: string): Promise<PersonRecord | undefined> {
  const row = await selectPeople(database).where('users.email', '=', email).executeTakeFirst();
  return row && personOfRow(row);
}

/** Newest first; `text` must occur in the name or the e-mail address, whatever the case of ASCII letters. */
export async function listPeople(database: Database, page: { cursor?: string; limit: number; text?: string }): Promise<PersonRecord[]> {
  let query = selectPeople(database);
  if (page.cursor !== undefined) query = query.where('people.user_id', '<', page.cursor);
  if (page.text) {
    // Both sides are folded by the database: what it leaves as it is in a name, it must leave in the text too.
    const pattern = sql`lower(CAST(${`%${page.text.replace(/[\\%_]/g, (sign) => `\\${sign}`)}%`} AS TEXT))`;
    query = query.where(sql<SqlBool>`(lower(users.name) LIKE ${pattern} ESCAPE '\\' OR lower(users.email) LIKE ${pattern} ESCAPE '\\')`);
  }
  const rows = await query.orderBy('people.user_id', 'desc').limit(page.limit).execute();
  return rows.map(personOfRow);
}

/** Whether anybody was ever made an administrator; the set-up is open until then. */
export async function hasAdministrator({ db }: Database): Promise<boolean> {
  const row = await db.selectFrom('people').select('user_id').where('role', '=', 'administrator').limit(1).executeTakeFirst();
  return row !== undefined;
}

/** Fails the batch as `is-set-up` when an administrator exists already. */
export const requireNoAdministrator = ({ db, compile }: Database): Statement =>
  compile(db.selectFrom('people').select('user_id').where('role', '=', 'administrator').limit(1), { expectRows: 0, label: 'is-set-up' });

/** Fails the batch as `last-administrator` when, after the steps before it, nobody could administrate any more. */
export const requireAdministrator = ({ db, compile }: Database): Statement =>
  compile(db.selectFrom('people').select('user_id').where('role', '=', 'administrator').where('disabled_at', 'is', null).limit(1), {
    expectRows: 1,
    label: 'last-administrator',
  });

export interface NewPerson {
  userId: string;
  accountId: string;
  email: string;
  name: string;
  passwordHash: string;
  role: OrganizationRole;
  language: Language;
  /** IANA name; missing is UTC. */
  timeZone?: string | undefined;
}

/** A second person with the same e-mail address fails as UniqueViolation `users_email_key`. */
export function insertPerson({ db, compile }: Database, person: NewPerson, nowMs: number): Statement[] {
  const times = { created_at: authTime(nowMs), updated_at: authTime(nowMs) };
  return [
    compile(db.insertInto('users').values({ id: person.userId, name: person.name, email: person.email, email_verified: false, ...times })),
    compile(
      db.insertInto('accounts').values({
        id: person.accountId,
        account_id: person.userId,
        provider_id: 'credential',
        user_id: person.userId,
        password: person.passwordHash,
        ...times,
      }),
    ),
    compile(
      db.insertInto('people').values({
        user_id: person.userId,
        role: person.role,
        language: person.language,
        ...(person.timeZone === undefined ? {} : { time_zone: person.timeZone }),
        created_at: nowMs,
        updated_at: nowMs,
        revision: thisRevision,
      }),
    ),
  ];
}

export interface PersonChange {
  name?: string;
  role?: OrganizationRole;
  permissions?: readonly Permission[] | null;
  language?: Language;
  timeZone?: string;
  theme?: Theme;
  disabledAtMs?: number | null;
}

/** Label of a step that met a person who was changed since they were read. */
export const stalePerson = 'stale-person';

/** Fails the batch as `stale-person` where somebody changed the person since; it stands before the steps that change them. */
export const requirePersonAsOf = ({ db, compile }: Database, userId: string, readRevision: number): Statement =>
  compile(db.selectFrom('people').select('user_id').where('user_id', '=', userId).where('revision', '<=', readRevision), {
    expectRows: 1,
    label: stalePerson,
  });

export function updatePerson({ db, compile }: Database, userId: string, change: PersonChange, nowMs: number): Statement[] {
  const own = db
    .updateTable('people')
    .set({
      ...(change.role === undefined ? {} : { role: change.role }),
      ...(change.permissions === undefined ? {} : { permissions: change.permissions && JSON.stringify(change.permissions) }),
      ...(change.language === undefined ? {} : { language: change.language }),
      ...(change.timeZone === undefined ? {} : { time_zone: change.timeZone }),
      ...(change.theme === undefined ? {} : { theme: change.theme }),
      ...(change.disabledAtMs === undefined ? {} : { disabled_at: change.disabledAtMs }),
      updated_at: nowMs,
      revision: thisRevision,
    })
    .where('user_id', '=', userId);
  const steps = [compile(own, { expectRows: 1, label: 'person' })];
  if (change.name !== undefined)
    steps.push(
      compile(
        db
          .updateTable('users')
          .set({ name: change.name, updated_at: authTime(nowMs) })
          .where('id', '=', userId),
      ),
    );
  return steps;
}

export interface SessionRecord {
  id: string;
  createdAtMs: number;
  expiresAtMs: number;
  lastSeenAtMs: number;
  address: string | null;
  agent: string | null;
}

/** A person's live sessions, newest first; at most `limit`. */
export async function listSessions({ db }: Database, userId: string, nowMs: number, limit: number): Promise<SessionRecord[]> {
  const rows = await db
    .selectFrom('sessions')
    .select(['id', 'created_at', 'updated_at', 'expires_at', 'ip_address', 'user_agent'])
    .where('user_id', '=', userId)
    .where('expires_at', '>', authTime(nowMs))
    .orderBy('created_at', 'desc')
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    id: row.id,
    createdAtMs: msOfAuthTime(row.created_at),
    expiresAtMs: msOfAuthTime(row.expires_at),
    lastSeenAtMs: msOfAuthTime(row.updated_at),
    address: row.ip_address || null,
    agent: row.user_agent || null,
  }));
}

/** Ends one session; it fails the batch as `session` where the person has none with this id. */
export const deleteSession = ({ db, compile }: Database, userId: string, sessionId: string): Statement =>
  compile(db.deleteFrom('sessions').where('id', '=', sessionId).where('user_id', '=', userId), { expectRows: 1, label: 'session' });

export const deleteSessionsOf = ({ db, compile }: Database, userId: string): Statement =>
  compile(db.deleteFrom('sessions').where('user_id', '=', userId));

/** Every session of a person but one. */
export const deleteOtherSessions = ({ db, compile }: Database, userId: string, keptId: string): Statement =>
  compile(db.deleteFrom('sessions').where('user_id', '=', userId).where('id', '<>', keptId));

/** Notes when sessions were last used. better-auth reads `updated_at` for nothing but this. */
export async function noteSessionUses({ db, driver, compile }: Database, seen: ReadonlyMap<string, number>): Promise<void> {
  const steps = [...seen].map(([id, atMs]) =>
    compile(
      db
        .updateTable('sessions')
        .set({ updated_at: authTime(atMs) })
        .where('id', '=', id),
    ),
  );
  await driver.write(steps);
}

/**
 * Deletes a person for good: password, second factor, sessions, tokens and keys are gone, name and address are forgotten, and so is where
 * they were told of alerts. The row stays, disabled and nameless, so that other instances hear of it and the books still say "somebody".
 */
export function erasePerson(database: Database, userId: string, nowMs: number): Statement[] {
  const { db, compile } = database;
  const ended = { revoked_at: nowMs, revision: thisRevision };
  return [
    compile(
      db
        .updateTable('people')
        .set({ role: 'user', permissions: null, disabled_at: nowMs, deleted_at: nowMs, updated_at: nowMs, revision: thisRevision })
        .where('user_id', '=', userId)
        .where('deleted_at', 'is', null),
      { expectRows: 1, label: 'person' },
    ),
    compile(
      db
        .updateTable('users')
        .set({ name: '', email: `${userId}@deleted.invalid`, image: null, two_factor_enabled: null, updated_at: authTime(nowMs) })
        .where('id', '=', userId),
    ),
    compile(db.deleteFrom('accounts').where('user_id', '=', userId)),
    compile(db.deleteFrom('two_factors').where('user_id', '=', userId)),
    compile(db.deleteFrom('sessions').where('user_id', '=', userId)),
    compile(db.deleteFrom('chats').where('user_id', '=', userId)),
    // What a person was called and might do goes with them; the audit log alone says that there was somebody.
    compile(db.deleteFrom('object_revisions').where('subject_type', '=', 'user').where('subject_id', '=', userId)),
    forgetResponses(database, { scope: 'user', id: userId }),
    forgetCapturedOf(database, userId),
    ...deleteGroupsOf(database, { scope: 'user', id: userId }, nowMs),
    ...deleteAlertingOf(database, { scope: 'user', id: userId }, nowMs),
    endLimitsOn(database, { kind: 'user', id: userId }, nowMs),
    endLimitsAmong(database, 'access-key', db.selectFrom('access_keys').select('id').where('user_id', '=', userId).$asScalar(), nowMs),
    compile(db.updateTable('tasks').set({ created_by_name: '' }).where('created_by', '=', userId)),
    compile(db.deleteFrom('invitations').where('created_by', '=', userId).where('accepted_at', 'is', null)),
    compile(db.updateTable('personal_tokens').set(ended).where('user_id', '=', userId).where('revoked_at', 'is', null)),
    compile(
      db
        .updateTable('access_keys')
        .set({ ...ended, updated_at: nowMs })
        .where('user_id', '=', userId)
        .where('revoked_at', 'is', null),
    ),
    compile(
      db
        .updateTable('workspace_members')
        .set({ role: 'NONE', updated_at: nowMs, revision: thisRevision })
        .where('user_id', '=', userId)
        .where('role', '<>', 'NONE'),
    ),
  ];
}
