/** Connections as rows: reading them, and the statements that change them. Nobody else names this table's columns. */
import { sql, type RawBuilder } from 'kysely';
import type { Connection, ConnectionSettings, SealedSecrets, TestStatus } from '../domain/connection.ts';
import type { Owner, Scope } from '../domain/owner.ts';
import type { SecretColumn } from '../domain/sealing.ts';
import { thisRevision } from './changes.ts';
import type { Database } from './database.ts';
import type { Statement } from './driver.ts';
import { endLimitsOn } from './limits.ts';
import { nameKeyOf } from './name-key.ts';

/** A list without a page is cut here; one owner has a few dozen. */
export const listRowsMax = 5000;

export interface ConnectionRow {
  id: string;
  user_id: string;
  scope: Scope;
  owner_id: string;
  name: string;
  provider: string;
  model: string | null;
  api_key_encrypted: string | null;
  access_key_encrypted: string | null;
  headers_encrypted: string | null;
  secret_last4: string | null;
  secret_set_at: number | null;
  base_url: string | null;
  origin: string;
  configuration: string;
  is_active: boolean;
  is_default: boolean;
  trust: 'administrator' | 'member';
  created_at: number;
  updated_at: number;
  last_tested_at: number | null;
  test_status: string | null;
  revision: number;
}

/** What a saved connection is besides what the gateway needs: its sealed values and its last test. */
export interface StoredConnection {
  connection: Connection;
  sealed: SealedSecrets;
  /** JSON as `recordTest` was given it; null where none was run since the last change of endpoint, key or type. */
  testResult: string | null;
  isDeleted: boolean;
}

export const connectionOfRow = (row: ConnectionRow): Connection => ({
  id: row.id,
  owner: { scope: row.scope, id: row.owner_id },
  createdBy: row.user_id,
  name: row.name,
  providerId: row.provider,
  baseUrl: row.base_url,
  origin: row.origin,
  model: row.model,
  settings: JSON.parse(row.configuration) as ConnectionSettings,
  hasSecret: row.api_key_encrypted !== null,
  secretLast4: row.secret_last4,
  secretSetAtMs: row.secret_set_at,
  isActive: row.is_active,
  isDefault: row.is_default,
  trust: row.trust,
  createdAtMs: row.created_at,
  updatedAtMs: row.updated_at,
  lastTestedAtMs: row.last_tested_at,
  testStatus: row.test_status as TestStatus | null,
  revision: row.revision,
});

/** The sealed values of a row, or null where it has none. */
export const sealedOfRow = (row: Pick<ConnectionRow, SecretColumn>): SealedSecrets | null =>
  row.api_key_encrypted === null && row.access_key_encrypted === null && row.headers_encrypted === null
    ? null
    : { secret: row.api_key_encrypted, accessKeyId: row.access_key_encrypted, headers: row.headers_encrypted };

const noSecrets: SealedSecrets = { secret: null, accessKeyId: null, headers: null };

const storedOfRow = (row: ConnectionRow & { test_result: string | null; deleted_at: number | null }): StoredConnection => ({
  connection: connectionOfRow(row),
  sealed: sealedOfRow(row) ?? noSecrets,
  testResult: row.test_result,
  isDeleted: row.deleted_at !== null,
});

/** The row behind an id, a deleted one included; undefined for an id that never was. */
export async function findConnection({ db }: Database, id: string): Promise<StoredConnection | undefined> {
  const row = await db.selectFrom('ai_configurations').selectAll().where('id', '=', id).executeTakeFirst();
  return row && storedOfRow(row);
}

export interface ListOptions {
  owners: readonly Owner[];
  /** Part of the name, any case; null for all. */
  search?: string | null;
  providerId?: string | null;
  isActive?: boolean | null;
  isDefault?: boolean;
  testStatus?: TestStatus | null;
  page?: { offset: number; limit: number } | null;
}

const scopes: readonly Scope[] = ['user', 'workspace', 'organization'];

/** One list of ids per scope: an OR per owner would grow beyond SQLite's depth of an expression (1000) with the workspaces. */
function isOf(owners: readonly Owner[]): RawBuilder<boolean> {
  const conditions = scopes.flatMap((scope) => {
    const ids = owners.filter((owner) => owner.scope === scope).map((owner) => owner.id);
    return ids.length === 0 ? [] : [sql`(scope = ${scope} AND owner_id IN (${sql.join(ids)}))`];
  });
  return conditions.length === 0 ? sql<boolean>`1 = 0` : sql<boolean>`(${sql.join(conditions, sql` OR `)})`;
}

const likeText = (text: string): string => `%${nameKeyOf(text).replace(/[\\%_]/g, (found) => `\\${found}`)}%`;

/** Connections of the owners, newest first, and how many there are in all. */
export async function listConnections({ db }: Database, options: ListOptions): Promise<{ items: StoredConnection[]; total: number }> {
  let query = db.selectFrom('ai_configurations').where('deleted_at', 'is', null).where(isOf(options.owners));
  if (options.search) query = query.where(sql<boolean>`name_key LIKE ${likeText(options.search)} ESCAPE '\\'`);
  if (options.providerId) query = query.where('provider', '=', options.providerId);
  if (typeof options.isActive === 'boolean') query = query.where('is_active', '=', options.isActive);
  if (options.isDefault !== undefined) query = query.where('is_default', '=', options.isDefault);
  if (options.testStatus) query = query.where('test_status', '=', options.testStatus);
  const rows = await query
    .selectAll()
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(options.page?.limit ?? listRowsMax)
    .offset(options.page?.offset ?? 0)
    .execute();
  if (!options.page) return { items: rows.map(storedOfRow), total: rows.length };
  const counted = await query.select(({ fn }) => fn.countAll<number>().as('total')).executeTakeFirst();
  return { items: rows.map(storedOfRow), total: counted?.total ?? 0 };
}

/** The columns that people and sealing change. */
export interface ConnectionColumns {
  name: string;
  providerId: string;
  model: string | null;
  baseUrl: string | null;
  origin: string;
  settings: ConnectionSettings;
  isActive: boolean;
  isDefault: boolean;
  trust: Connection['trust'];
  sealed: SealedSecrets;
  secretLast4: string | null;
  secretSetAtMs: number | null;
}

const columnsOf = (values: ConnectionColumns) => ({
  name: values.name,
  name_key: nameKeyOf(values.name),
  provider: values.providerId,
  model: values.model,
  base_url: values.baseUrl,
  origin: values.origin,
  configuration: JSON.stringify(values.settings),
  is_active: values.isActive,
  is_default: values.isDefault,
  trust: values.trust,
  api_key_encrypted: values.sealed.secret,
  access_key_encrypted: values.sealed.accessKeyId,
  headers_encrypted: values.sealed.headers,
  secret_last4: values.secretLast4,
  secret_set_at: values.secretSetAtMs,
});

/** A new row, untested. Throws UniqueViolation `ai_configurations_name` at the write. */
export function insertStep(
  { db, compile }: Database,
  row: ConnectionColumns & { id: string; owner: Owner; createdBy: string; nowMs: number },
): Statement {
  return compile(
    db.insertInto('ai_configurations').values({
      id: row.id,
      user_id: row.createdBy,
      scope: row.owner.scope,
      owner_id: row.owner.id,
      ...columnsOf(row),
      created_at: row.nowMs,
      updated_at: row.nowMs,
      test_status: 'pending',
      revision: thisRevision,
    }),
  );
}

/** Label of a step that failed because somebody else changed the row since it was read. */
export const staleLabel = 'connection';

/** Writes all columns of a row that nobody changed since it was read; `resetTest` forgets what was learnt of the old endpoint (C-10). */
export function updateStep(
  { db, compile }: Database,
  id: string,
  readRevision: number,
  row: ConnectionColumns & { nowMs: number; resetTest: boolean },
): Statement {
  return compile(
    db
      .updateTable('ai_configurations')
      .set({
        ...columnsOf(row),
        updated_at: row.nowMs,
        revision: thisRevision,
        ...(row.resetTest ? { test_status: 'pending', last_tested_at: null, test_result: null } : {}),
      })
      .where('id', '=', id)
      .where('revision', '=', readRevision)
      .where('deleted_at', 'is', null),
    { expectRows: 1, label: staleLabel },
  );
}

/** Takes the default flag from the owner's other connections; goes before the step that sets it (C-14). */
export function clearDefaultStep({ db, compile }: Database, owner: Owner, exceptId: string): Statement {
  return compile(
    db
      .updateTable('ai_configurations')
      .set({ is_default: false, revision: thisRevision })
      .where('scope', '=', owner.scope)
      .where('owner_id', '=', owner.id)
      .where('is_default', '=', true)
      .where('id', '!=', exceptId),
  );
}

/** Makes an active connection of the owner its default; goes behind the step that takes the flag from the others. */
export const setDefaultStep = ({ db, compile }: Database, owner: Owner, id: string): Statement =>
  compile(
    db
      .updateTable('ai_configurations')
      .set({ is_default: true, revision: thisRevision })
      .where('id', '=', id)
      .where('scope', '=', owner.scope)
      .where('owner_id', '=', owner.id)
      .where('is_active', '=', true)
      .where('deleted_at', 'is', null),
    { expectRows: 1, label: staleLabel },
  );

/** Label of a step that failed because something came to use the connection since that was looked at. */
export const inUseLabel = 'connection-in-use';

/** Leaves a tombstone: name and provider for the books, no credential, no setting (C-32). */
export function deleteSteps(database: Database, id: string, nowMs: number): Statement[] {
  const { db, compile } = database;
  return [
    compile(
      db
        .updateTable('ai_configurations')
        .set({
          api_key_encrypted: null,
          access_key_encrypted: null,
          headers_encrypted: null,
          secret_last4: null,
          secret_set_at: null,
          configuration: '{}',
          base_url: null,
          test_result: null,
          is_default: false,
          is_active: false,
          deleted_at: nowMs,
          revision: thisRevision,
        })
        .where('id', '=', id)
        .where('deleted_at', 'is', null),
      { expectRows: 1, label: staleLabel },
    ),
    compile(db.deleteFrom('model_preferences').where('connection_id', '=', id)),
    compile(db.deleteFrom('connection_tests').where('connection_id', '=', id)),
    endLimitsOn(database, { kind: 'connection', id }, nowMs),
  ];
}

/**
 * Notes a test of the settings that were tested, unless they changed meanwhile. Neither `updated_at` nor the revision moves:
 * a test is no change (C-10).
 */
export function recordTestStep(
  { db, compile }: Database,
  { connection: tested, sealed }: Pick<StoredConnection, 'connection' | 'sealed'>,
  test: { atMs: number; status: TestStatus; resultJson: string },
): Statement {
  return compile(
    db
      .updateTable('ai_configurations')
      .set({ last_tested_at: test.atMs, test_status: test.status, test_result: test.resultJson })
      .where('id', '=', tested.id)
      .where('origin', '=', tested.origin)
      .where('provider', '=', tested.providerId)
      .where('base_url', 'is not distinct from', tested.baseUrl)
      .where('secret_set_at', 'is not distinct from', tested.secretSetAtMs)
      // The other two have no time of their own; a box that was only sealed anew costs a result that is soon had again.
      .where('access_key_encrypted', 'is not distinct from', sealed.accessKeyId)
      .where('headers_encrypted', 'is not distinct from', sealed.headers)
      .where('deleted_at', 'is', null),
  );
}

/** One sealed value of one row, with all that its place is made of. */
export interface SealedRow {
  id: string;
  owner: Owner;
  providerId: string;
  origin: string;
  boxes: Partial<Record<SecretColumn, string>>;
}

/** Rows with sealed values after a cursor, in the order of ids; of one owner or of all. */
export async function sealedRows({ db }: Database, options: { owner: Owner | null; afterId: string; limit: number }): Promise<SealedRow[]> {
  let query = db
    .selectFrom('ai_configurations')
    .select(['id', 'scope', 'owner_id', 'provider', 'origin', 'api_key_encrypted', 'access_key_encrypted', 'headers_encrypted'])
    .where('deleted_at', 'is', null)
    .where('id', '>', options.afterId)
    .where((eb) =>
      eb.or([eb('api_key_encrypted', 'is not', null), eb('access_key_encrypted', 'is not', null), eb('headers_encrypted', 'is not', null)]),
    );
  if (options.owner) query = query.where('scope', '=', options.owner.scope).where('owner_id', '=', options.owner.id);
  const rows = await query.orderBy('id').limit(options.limit).execute();
  return rows.map((row) => {
    const boxes: Partial<Record<SecretColumn, string>> = {};
    if (row.api_key_encrypted !== null) boxes.api_key_encrypted = row.api_key_encrypted;
    if (row.access_key_encrypted !== null) boxes.access_key_encrypted = row.access_key_encrypted;
    if (row.headers_encrypted !== null) boxes.headers_encrypted = row.headers_encrypted;
    return { id: row.id, owner: { scope: row.scope, id: row.owner_id }, providerId: row.provider, origin: row.origin, boxes };
  });
}

/** Puts a new box in place of exactly the old one; where somebody wrote another meanwhile, nothing happens. */
export function resealStep({ db, compile }: Database, id: string, column: SecretColumn, oldBox: string, newBox: string): Statement {
  return compile(
    db
      .updateTable('ai_configurations')
      .set({ [column]: newBox, revision: thisRevision })
      .where('id', '=', id)
      .where(column, '=', oldBox),
  );
}

/** Whether a workspace exists; for telling "not yours" from "not there" (C-50). */
export async function workspaceExists({ db }: Database, id: string): Promise<boolean> {
  return (
    (await db.selectFrom('workspaces').select('id').where('id', '=', id).where('deleted_at', 'is', null).executeTakeFirst()) !== undefined
  );
}

/** Ids of all workspaces that exist, for people who may see them all. */
export async function allWorkspaceIds({ db }: Database): Promise<string[]> {
  return (await db.selectFrom('workspaces').select('id').where('deleted_at', 'is', null).orderBy('id').limit(listRowsMax).execute()).map(
    (row) => row.id,
  );
}

/** The revision of the last committed change. */
export async function currentRevision({ db }: Database): Promise<number> {
  return (await db.selectFrom('config_revision').select('revision').executeTakeFirstOrThrow()).revision;
}
