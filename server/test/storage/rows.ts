/** Ordinary rows for the tests of the noun files: people, workspaces, connections, keys, and the change that carries them. */
import { expect } from 'vitest';
import type { AccessKey, PersonalToken } from '../../src/domain/access-key.ts';
import type { AuditEntry } from '../../src/domain/audit.ts';
import type { Connection } from '../../src/domain/connection.ts';
import type { Owner } from '../../src/domain/owner.ts';
import { insertAccessKey } from '../../src/storage/access-keys.ts';
import { writeChange } from '../../src/storage/changes.ts';
import { findConnection, insertStep, updateStep, type ConnectionColumns } from '../../src/storage/connections.ts';
import type { Database } from '../../src/storage/database.ts';
import type { WriteStep } from '../../src/storage/driver.ts';
import { insertPerson, type NewPerson } from '../../src/storage/people.ts';
import { insertToken } from '../../src/storage/personal-tokens.ts';
import { insertOrganization, insertWorkspace, organizationOf } from '../../src/storage/workspaces.ts';
import { ids } from './ledger-records.ts';

export { ids };

/** The hour at which rows are made unless a test says otherwise. */
export const atMs = Date.UTC(2026, 10, 20, 12);

export const entryOf = (part: Partial<AuditEntry> = {}): AuditEntry => ({
  id: ids.uuid(),
  atMs,
  actor: null,
  action: 'thing.change',
  subjectType: 'thing',
  subjectId: null,
  subjectName: null,
  owner: null,
  outcome: 'success',
  errorCode: null,
  changes: null,
  origin: null,
  ...part,
});

/** Writes the steps as one change and returns its revision. */
export const change = async (database: Database, ...steps: (WriteStep | WriteStep[])[]): Promise<number> =>
  (await writeChange(database, steps.flat(), entryOf())).revision;

export async function newPerson(database: Database, part: Partial<NewPerson> = {}): Promise<string> {
  const userId = ids.uuid();
  const person: NewPerson = {
    userId,
    accountId: ids.uuid(),
    email: `${userId}@example.org`,
    name: 'Ada',
    passwordHash: 'scrypt$not-a-hash',
    role: 'user',
    language: 'en',
    ...part,
  };
  await change(database, insertPerson(database, person, atMs));
  return person.userId;
}

/** The one organization; made by the first who asks. */
export async function theOrganization(database: Database): Promise<string> {
  const known = await organizationOf(database);
  if (known) return known.id;
  const id = ids.uuid();
  await change(database, insertOrganization(database, { id, name: 'House' }, atMs));
  return id;
}

export async function newWorkspace(database: Database, name: string = ids.uuid()): Promise<string> {
  const id = ids.uuid();
  const organizationId = await theOrganization(database);
  await change(database, insertWorkspace(database, { id, organizationId, name, createdBy: null }, atMs));
  return id;
}

export const columnsOf = (part: Partial<ConnectionColumns> = {}): ConnectionColumns => ({
  name: ids.uuid(),
  providerId: 'openai',
  model: 'gpt-4o',
  baseUrl: null,
  origin: 'https://api.openai.com',
  settings: {},
  isActive: true,
  isDefault: false,
  trust: 'member',
  sealed: { secret: null, accessKeyId: null, headers: null },
  secretLast4: null,
  secretSetAtMs: null,
  ...part,
});

export const userOwner = (id: string): Owner => ({ scope: 'user', id });

/** A connection of its creator, or of `owner`. */
export async function newConnection(
  database: Database,
  createdBy: string,
  part: Partial<ConnectionColumns> & { owner?: Owner; nowMs?: number } = {},
): Promise<string> {
  const { owner = userOwner(createdBy), nowMs = atMs, ...columns } = part;
  const id = ids.uuid();
  await change(database, insertStep(database, { id, owner, createdBy, nowMs, ...columnsOf(columns) }));
  return id;
}

/** The connection behind an id; fails the test where there is none. */
export async function connectionAt(database: Database, id: string): Promise<Connection> {
  const found = await findConnection(database, id);
  expect(found).toBeDefined();
  return found!.connection;
}

/** Changes columns of a connection as it is now. */
export async function changeConnection(database: Database, id: string, part: Partial<ConnectionColumns>): Promise<number> {
  const stored = (await findConnection(database, id))!;
  const columns = columnsOf({ ...stored.connection, sealed: stored.sealed, ...part });
  return change(database, updateStep(database, id, stored.connection.revision, { ...columns, nowMs: atMs + 1, resetTest: false }));
}

/** 64 hexadecimal digits, as a SHA-256 would be. */
export const newHash = (): string => `${ids.uuid()}${ids.uuid()}`.replaceAll('-', '');

export const keyOf = (userId: string, part: Partial<AccessKey> = {}): AccessKey => ({
  id: ids.uuid(),
  userId,
  workspaceId: null,
  name: 'CI',
  last4: 'wxyz',
  models: null,
  rpm: null,
  tpm: null,
  budgetNanoUsd: null,
  expiresAtMs: null,
  revokedAtMs: null,
  createdAtMs: atMs,
  ...part,
});

export async function newKey(database: Database, userId: string, part: Partial<AccessKey> = {}): Promise<AccessKey> {
  const key = keyOf(userId, part);
  await change(database, insertAccessKey(database, key, newHash()));
  return key;
}

export const tokenOf = (userId: string, part: Partial<PersonalToken> = {}): PersonalToken => ({
  id: ids.uuid(),
  userId,
  name: 'Laptop',
  last4: 'abcd',
  expiresAtMs: null,
  revokedAtMs: null,
  createdAtMs: atMs,
  ...part,
});

export async function newToken(
  database: Database,
  userId: string,
  part: Partial<PersonalToken> = {},
): Promise<{ id: string; hash: string }> {
  const hash = newHash();
  const token = tokenOf(userId, part);
  await change(database, insertToken(database, token, hash));
  return { id: token.id, hash };
}

/** How many rows each table of configuration has, and the revision: equal before and after means that nothing was kept. */
export async function footprint({ driver }: Database): Promise<Record<string, unknown>> {
  const tables = ['users', 'people', 'workspaces', 'workspace_members', 'access_keys', 'personal_tokens', 'owner_keys', 'master_keys'];
  const rest = ['settings', 'ai_configurations', 'model_preferences', 'audit_entries'];
  const counts = [...tables, ...rest].map((table) => `(SELECT count(*) FROM ${table}) AS ${table}`);
  const sql = `SELECT (SELECT max(revision) FROM config_revision) AS revision, ${counts.join(', ')}`;
  return (await driver.rows({ sql, params: [] }, 'write'))[0]!;
}

/** Texts that would do harm where one were pasted into SQL, compared carelessly or cut in the middle of a character. */
export const hostileTexts: readonly string[] = [
  "'; DROP TABLE people; --",
  '"double" and `back` and \\back\\slash\\',
  '100%_of_%',
  '$1 ?1 :name @name',
  '/* comment */ -- comment',
  '👩🏽‍🚀 emoji 🇮🇩',
  'İstanbul ẞ Ärger ﬁ',
  '‮right to left‬',
  '\t tab, \n line, \r return, \u0001 control',
  ' space on both sides ',
  '{"json": ["text"]}',
  'NULL',
];
