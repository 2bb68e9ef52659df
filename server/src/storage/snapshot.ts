/** Loads configuration into the snapshot: all of it at the start, afterwards the rows above a revision. */
import { sql, type RawBuilder, type SqlBool } from 'kysely';
import type { AccessKey, PersonalToken } from '../domain/access-key.ts';
import type { PriceEntry } from '../domain/price.ts';
import type { SnapshotDelta, SnapshotOwnerKey } from '../domain/snapshot.ts';
import { ownerKey, type Language, type Owner, type Permission, type WorkspaceRole } from '../domain/owner.ts';
import { aiSettingsAbove } from './ai-settings.ts';
import { alertsAbove } from './alert-rules.ts';
import { capturesAbove } from './capture.ts';
import { connectionOfRow, sealedOfRow } from './connections.ts';
import type { Database } from './database.ts';
import { healthSettingsAbove } from './health-settings.ts';
import { typesChangedAbove } from './object-revisions.ts';
import { policyOfRow } from './policies.ts';
import { limitsAbove, limitSettingsAbove } from './limits.ts';
import { priceOfRow } from './prices.ts';
import { groupsOfRows } from './routing-groups.ts';
import { attachedOf } from './repositories.ts';
import { caseOfRow } from './use-cases.ts';

/** Rows of one kind that one query fetches; larger sets come page by page. */
const pageRows = 5000;
/** Sorts after every id: a cursor that holds it begins above its revision. */
const lastUuid = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** Where the next page begins: rows are read in the order of (revision, id). */
interface Cursor {
  revision: number;
  id: string;
}

const after = (cursor: Cursor, idColumn: string): RawBuilder<SqlBool> =>
  sql<SqlBool>`(revision, ${sql.ref(idColumn)}) > (${cursor.revision}, ${cursor.id})`;

/** Reads everything above a revision page by page, so that a first load never holds one huge answer. */
async function pages<R extends { revision: number }>(
  above: number,
  readPage: (cursor: Cursor) => Promise<R[]>,
  idOf: (row: NoInfer<R>) => string,
): Promise<R[]> {
  const all: R[] = [];
  let cursor: Cursor = { revision: above, id: lastUuid };
  for (;;) {
    const page = await readPage(cursor);
    for (const row of page) all.push(row);
    const last = page.at(-1);
    if (!last || page.length < pageRows) return all;
    cursor = { revision: last.revision, id: idOf(last) };
  }
}

/** Kinds of objects that the snapshot does not hold, and of whose changes open pages are told. */
const kindsBeside = ['template', 'retention'];

/** At the beginning nobody is told of anything. */
async function changedBeside({ db }: Pick<Database, 'db'>, above: number): Promise<Pick<SnapshotDelta, 'besides'>> {
  const besides = above < 0 ? [] : await typesChangedAbove({ db }, kindsBeside, above);
  return besides.length === 0 ? {} : { besides };
}

/** Everything that changed above `revision`; the returned revision is read first, so that nothing between is missed. */
export async function loadDelta({ db }: Database, above: number): Promise<SnapshotDelta> {
  const current = await db.selectFrom('config_revision').select('revision').executeTakeFirstOrThrow();
  const organization = await db.selectFrom('organizations').select('id').limit(1).executeTakeFirst();
  const connections = await pages(
    above,
    (cursor: Cursor) =>
      db.selectFrom('ai_configurations').selectAll().where(after(cursor, 'id')).orderBy('revision').orderBy('id').limit(pageRows).execute(),
    idOfRow,
  );
  const keys = await pages(
    above,
    (cursor: Cursor) =>
      db.selectFrom('access_keys').selectAll().where(after(cursor, 'id')).orderBy('revision').orderBy('id').limit(pageRows).execute(),
    idOfRow,
  );
  const tokens = await pages(
    above,
    (cursor: Cursor) =>
      db.selectFrom('personal_tokens').selectAll().where(after(cursor, 'id')).orderBy('revision').orderBy('id').limit(pageRows).execute(),
    idOfRow,
  );
  const people = await loadPeople({ db }, above);
  const members = await loadMembers({ db }, above);
  const workspaces = await db.selectFrom('workspaces').select(['id', 'deleted_at']).where('revision', '>', above).execute();
  const deleted = workspaces.filter((row) => row.deleted_at !== null);
  const changed = workspaces.filter((row) => row.deleted_at === null);
  return {
    revision: current.revision,
    ...(await changedBeside({ db }, above)),
    ...(organization ? { organizationId: organization.id } : {}),
    connections: connections.map((row) => ({
      id: row.id,
      connection: row.deleted_at === null ? connectionOfRow(row) : null,
      sealed: row.deleted_at === null ? sealedOfRow(row) : null,
    })),
    accessKeys: keys.map((row) => ({ hash: row.hash, previousHash: row.previous_hash, key: accessKeyOfRow(row) })),
    personalTokens: tokens.map((row) => ({ hash: row.hash, token: tokenOfRow(row) })),
    people: people.map((row) => ({
      userId: row.user_id,
      email: row.email,
      name: row.name,
      role: row.role,
      permissions: permissionsOfRow(row.permissions),
      language: languageNamed(row.language),
      timeZone: row.time_zone,
      isDisabled: row.disabled_at !== null,
    })),
    memberships: members.map((row) => ({
      workspaceId: row.workspace_id,
      userId: row.user_id,
      role: row.role === 'NONE' ? null : (row.role as WorkspaceRole),
    })),
    ownerKeys: await loadOwnerKeys({ db }, above),
    prices: await loadPrices({ db }, above),
    routingGroups: await loadRoutingGroups({ db }, above),
    useCases: await loadUseCases({ db }, above),
    policies: await loadPolicies({ db }, above),
    aiSettings: await aiSettingsAbove({ db }, above),
    limits: await limitsAbove({ db }, above),
    captures: await capturesAbove({ db }, above),
    alerting: await alertsAbove({ db }, above),
    limitSettings: await limitSettingsAbove({ db }, above),
    healthSettings: await healthSettingsAbove({ db }, above),
    repositories: await loadRepositories({ db }, above),
    deletedWorkspaceIds: deleted.map((row) => row.id),
    ...(above < 0 || changed.length === 0 ? {} : { changedWorkspaceIds: changed.map((row) => row.id) }),
  };
}

const idOfRow = (row: { id: string }): string => row.id;

async function loadPrices({ db }: Pick<Database, 'db'>, above: number): Promise<PriceEntry[]> {
  const rows = await pages(
    above,
    (cursor: Cursor) =>
      db.selectFrom('prices').selectAll().where(after(cursor, 'id')).orderBy('revision').orderBy('id').limit(pageRows).execute(),
    idOfRow,
  );
  return rows.map(priceOfRow);
}

async function loadRepositories({ db }: Pick<Database, 'db'>, above: number): Promise<SnapshotDelta['repositories']> {
  const rows = await pages(
    above,
    (cursor: Cursor) =>
      db.selectFrom('repositories').selectAll().where(after(cursor, 'id')).orderBy('revision').orderBy('id').limit(pageRows).execute(),
    idOfRow,
  );
  const live = rows.filter((row) => row.deleted_at === null).map(idOfRow);
  const attached = await attachedOf({ db }, live);
  return rows.map(({ id, deleted_at: deletedAt, workspace_id: workspaceId, name }) => ({
    id,
    workspaceId,
    repository: deletedAt === null ? { id, workspaceId, name, connectionIds: attached.get(id) ?? [] } : null,
  }));
}

async function loadPolicies({ db }: Pick<Database, 'db'>, above: number): Promise<SnapshotDelta['policies']> {
  const rows = await pages(
    above,
    (cursor: Cursor) =>
      db.selectFrom('policies').selectAll().where(after(cursor, 'id')).orderBy('revision').orderBy('id').limit(pageRows).execute(),
    idOfRow,
  );
  return rows.map((row) => ({ policy: policyOfRow(row), isDeleted: row.deleted_at !== null }));
}

async function loadUseCases({ db }: Pick<Database, 'db'>, above: number): Promise<SnapshotDelta['useCases']> {
  const rows = await pages(
    above,
    (cursor: Cursor) =>
      db.selectFrom('use_cases').selectAll().where(after(cursor, 'id')).orderBy('revision').orderBy('id').limit(pageRows).execute(),
    idOfRow,
  );
  return rows.map((row) => ({ id: row.id, useCase: row.deleted_at === null ? caseOfRow(row) : null }));
}

async function loadRoutingGroups(database: Pick<Database, 'db'>, above: number): Promise<SnapshotDelta['routingGroups']> {
  const rows = await pages(
    above,
    (cursor: Cursor) =>
      database.db
        .selectFrom('routing_groups')
        .selectAll()
        .where(after(cursor, 'id'))
        .orderBy('revision')
        .orderBy('id')
        .limit(pageRows)
        .execute(),
    idOfRow,
  );
  return groupsOfRows(database, rows);
}

/** Nobody's password or settings: what decides who somebody is and what they may do. */
function loadPeople({ db }: Pick<Database, 'db'>, above: number) {
  return pages(
    above,
    (cursor: Cursor) =>
      db
        .selectFrom('people')
        .innerJoin('users', 'users.id', 'people.user_id')
        .select([
          'people.user_id',
          'users.email',
          'users.name',
          'people.role',
          'people.permissions',
          'people.language',
          'people.time_zone',
          'people.disabled_at',
          'people.revision',
        ])
        .where(after(cursor, 'user_id'))
        .orderBy('people.revision')
        .orderBy('people.user_id')
        .limit(pageRows)
        .execute(),
    (row) => row.user_id,
  );
}

/** Members page by their own three-part key. */
async function loadMembers({ db }: Pick<Database, 'db'>, above: number) {
  const all: { workspace_id: string; user_id: string; role: string }[] = [];
  let [revision, workspaceId, userId] = [above, lastUuid, lastUuid];
  for (;;) {
    const page = await db
      .selectFrom('workspace_members')
      .select(['workspace_id', 'user_id', 'role', 'revision'])
      .where(sql<SqlBool>`(revision, workspace_id, user_id) > (${revision}, ${workspaceId}, ${userId})`)
      .orderBy('revision')
      .orderBy('workspace_id')
      .orderBy('user_id')
      .limit(pageRows)
      .execute();
    all.push(...page);
    const last = page.at(-1);
    if (!last || page.length < pageRows) return all;
    [revision, workspaceId, userId] = [last.revision, last.workspace_id, last.user_id];
  }
}

/** Owner keys come whole per owner, so that an older version is never missing while rows sealed under it exist. */
async function loadOwnerKeys({ db }: Pick<Database, 'db'>, above: number): Promise<SnapshotDelta['ownerKeys']> {
  const rows = await db.selectFrom('owner_keys').selectAll().where('revision', '>', above).orderBy('version').execute();
  const touched = new Map<string, { owner: Owner; keys: SnapshotOwnerKey[] }>();
  for (const row of rows) {
    const owner = { scope: row.scope, id: row.owner_id };
    touched.set(ownerKey(owner), { owner, keys: [] });
  }
  for (const entry of touched.values()) {
    const all = await db
      .selectFrom('owner_keys')
      .selectAll()
      .where('scope', '=', entry.owner.scope)
      .where('owner_id', '=', entry.owner.id)
      .orderBy('version')
      .execute();
    entry.keys = all.map((row) => ({ version: row.version, salt: Buffer.from(row.salt, 'base64url'), isActive: row.status === 'active' }));
  }
  return [...touched.values()];
}

const languageNamed = (text: string): Language => (text === 'id' ? 'id' : 'en');

/** The column is written by the house alone; null stands for what the role brings. */
export const permissionsOfRow = (text: string | null): Permission[] | null => (text === null ? null : (JSON.parse(text) as Permission[]));

interface KeyRow {
  id: string;
  user_id: string;
  workspace_id: string | null;
  name: string;
  last4: string;
  models: string | null;
  rpm: number | null;
  tpm: number | null;
  budget_nano_usd: number | null;
  cache_seconds: number | null;
  repository_id: string | null;
  ai_type: string | null;
  expires_at: number | null;
  revoked_at: number | null;
  previous_until: number | null;
  created_at: number;
}

export const accessKeyOfRow = (row: KeyRow): AccessKey => ({
  id: row.id,
  userId: row.user_id,
  workspaceId: row.workspace_id,
  repositoryId: row.repository_id,
  aiType: row.ai_type,
  name: row.name,
  last4: row.last4,
  models: row.models === null ? null : (JSON.parse(row.models) as string[]),
  rpm: row.rpm,
  tpm: row.tpm,
  budgetNanoUsd: row.budget_nano_usd,
  cacheS: row.cache_seconds,
  expiresAtMs: row.expires_at,
  revokedAtMs: row.revoked_at,
  previousUntilMs: row.previous_until,
  createdAtMs: row.created_at,
});

interface TokenRow {
  id: string;
  user_id: string;
  name: string;
  last4: string;
  expires_at: number | null;
  revoked_at: number | null;
  created_at: number;
}

export const tokenOfRow = (row: TokenRow): PersonalToken => ({
  id: row.id,
  userId: row.user_id,
  name: row.name,
  last4: row.last4,
  expiresAtMs: row.expires_at,
  revokedAtMs: row.revoked_at,
  createdAtMs: row.created_at,
});
