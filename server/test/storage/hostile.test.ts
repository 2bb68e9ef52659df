/** Hostile texts in every column that takes one: kept as they are, found as they are, or refused by a typed error with nothing left. */
import { inspect } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { accessKeyById, insertAccessKey, listAccessKeys, updateAccessKey } from '../../src/storage/access-keys.ts';
import { writeAudit } from '../../src/storage/changes.ts';
import { deleteSteps, findConnection, listConnections, recordTestStep, resealStep } from '../../src/storage/connections.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import type { WriteStep } from '../../src/storage/driver.ts';
import { StorageFault, UnfitParameter } from '../../src/storage/errors.ts';
import { spentByInstance } from '../../src/storage/limit-spent.ts';
import { listPreferences, setPreferenceStep } from '../../src/storage/model-preferences.ts';
import { activateOwnerKeySteps, listOwnerKeys } from '../../src/storage/owner-keys.ts';
import { deleteSession, listPeople, listSessions, personByEmail, personById, updatePerson } from '../../src/storage/people.ts';
import { insertToken, listTokens, liveTokenOf, tokenByHash } from '../../src/storage/personal-tokens.ts';
import { putSetting, settingOf, takeSetting } from '../../src/storage/settings.ts';
import { listTemplates } from '../../src/storage/templates.ts';
import { insertWorkspace, listWorkspaces, membersOf, putMember, renameWorkspace, workspaceById } from '../../src/storage/workspaces.ts';
import { onBothEngines } from './engines.ts';
import {
  atMs,
  change,
  changeConnection,
  connectionAt,
  entryOf,
  footprint,
  hostileTexts,
  ids,
  keyOf,
  newConnection,
  newHash,
  newKey,
  newPerson,
  newToken,
  newWorkspace,
  theOrganization,
  tokenOf,
  userOwner,
} from './rows.ts';

onBothEngines('a hostile text', (bench) => {
  let database: Database;
  let userId: string;
  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
    userId = await newPerson(database);
  });

  test.each(hostileTexts)('%j is a person’s name and address like any other', async (text) => {
    const id = await newPerson(database, { name: text, email: `${text}@example.org`, passwordHash: text });
    expect(await personByEmail(database, `${text}@example.org`)).toMatchObject({ userId: id, name: text });
    expect((await listPeople(database, { limit: 10, text })).map((person) => person.userId)).toEqual([id]);
    await change(database, updatePerson(database, id, { name: `${text}!`, timeZone: text.slice(0, 40) }, atMs));
    expect(await personById(database, id)).toMatchObject({ name: `${text}!`, timeZone: text.slice(0, 40) });
  });

  test.each(hostileTexts)('%j is a workspace’s name like any other', async (text) => {
    const id = await newWorkspace(database, text);
    expect(await workspaceById(database, id)).toMatchObject({ name: text });
    expect((await listWorkspaces(database, [id], 5)).map(({ name }) => name)).toEqual([text]);
    const other = await newWorkspace(database);
    await change(database, renameWorkspace(database, other, `${text}!`, atMs));
    expect(await workspaceById(database, other)).toMatchObject({ name: `${text}!` });
  });

  test.each(hostileTexts)('%j goes through every text of a connection and back, and is found by its name', async (text) => {
    const part = {
      name: text,
      providerId: text,
      model: text,
      baseUrl: text,
      origin: text,
      settings: { [text]: text },
      sealed: { secret: text, accessKeyId: text, headers: text },
      secretLast4: text.slice(0, 3),
    };
    const owner = userOwner(await newPerson(database));
    await newConnection(database, userId, { owner });
    const id = await newConnection(database, userId, { owner, ...part });
    const { sealed, secretLast4: _last4, ...columns } = part;
    expect(await findConnection(database, id)).toMatchObject({ connection: columns, sealed });
    const found = await listConnections(database, { owners: [owner], search: text, providerId: text });
    expect(found.items.map(({ connection }) => connection.id)).toEqual([id]);
    await change(
      database,
      recordTestStep(database, (await findConnection(database, id))!, { atMs, status: 'failed', resultJson: JSON.stringify(text) }),
    );
    expect((await findConnection(database, id))!.testResult).toBe(JSON.stringify(text));
    await change(database, resealStep(database, id, 'api_key_encrypted', text, `${text}2`));
    expect((await findConnection(database, id))!.sealed.secret).toBe(`${text}2`);
    await change(database, setPreferenceStep(database, userId, { connectionId: id, modelId: text, isEnabled: false }, atMs));
    expect(await listPreferences(database, userId, id)).toEqual([{ connectionId: id, modelId: text, isEnabled: false }]);
  });

  test.each(hostileTexts)('%j names keys and tokens', async (text) => {
    const key = await newKey(database, userId, { name: text, models: [text, text] });
    expect(await accessKeyById(database, key.id)).toMatchObject({ name: text, models: [text, text] });
    await change(database, updateAccessKey(database, { ...key, name: `${text}!` }, atMs));
    expect((await listAccessKeys(database, 'all', { limit: 1 }, atMs))[0]).toMatchObject({ id: key.id, name: `${text}!` });
    const token = await newToken(database, userId, { name: text });
    expect(await tokenByHash(database, token.hash)).toMatchObject({ name: text });
    expect(await tokenByHash(database, text)).toBeUndefined();
  });

  test.each(hostileTexts)('%j is told in the audit log and kept in a setting', async (text) => {
    const entry = entryOf({
      actor: { userId, name: text, role: 'user', via: 'session' },
      subjectId: text,
      subjectName: text,
      changes: { [text]: { before: text, after: text } },
      origin: { requestId: ids.uuid(), address: text.slice(0, 30), agent: text },
    });
    await writeAudit(database, entry);
    const [row] = await database.driver.rows({ sql: 'SELECT * FROM audit_entries WHERE id = $1', params: [entry.id] });
    expect(row).toMatchObject({
      actor_name: text,
      subject_id: text,
      subject_name: text,
      agent: text,
      changes: JSON.stringify(entry.changes),
    });
    await change(database, putSetting(database, 'environment_token_id', text, atMs));
    expect(await settingOf(database, 'environment_token_id')).toBe(text);
    await change(database, takeSetting(database, 'environment_token_id', text));
    expect(await settingOf(database, 'environment_token_id')).toBeUndefined();
  });

  test('a half of a character is kept the same way by both engines: as U+FFFD', async () => {
    const id = await newWorkspace(database, 'half \ud83d');
    expect((await workspaceById(database, id))!.name).toBe('half \ufffd');
  });
});

onBothEngines('a text that no column takes', (bench) => {
  let database: Database;
  let userId: string;
  let connectionId: string;
  let workspaceId: string;
  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
    userId = await newPerson(database);
    connectionId = await newConnection(database, userId);
    workspaceId = await newWorkspace(database);
  });
  const workspaceNamed = async (name: string): Promise<WriteStep> =>
    insertWorkspace(database, { id: ids.uuid(), organizationId: await theOrganization(database), name, createdBy: null }, atMs);
  /** Every way in which a text gets into the database, by what it names. */
  const ways: Record<string, (text: string) => Promise<unknown>> = {
    'connection name': (text) => newConnection(database, userId, { name: text }),
    'changed connection name': (text) => changeConnection(database, connectionId, { name: text }),
    provider: (text) => newConnection(database, userId, { providerId: text }),
    model: (text) => newConnection(database, userId, { model: text }),
    'base URL': (text) => newConnection(database, userId, { baseUrl: text }),
    'last four': (text) => newConnection(database, userId, { secretLast4: text }),
    'workspace name': async (text) => change(database, await workspaceNamed(text)),
    'changed workspace name': (text) => change(database, renameWorkspace(database, workspaceId, text, atMs)),
    'key name': (text) => newKey(database, userId, { name: text }),
    'key hash': (text) => change(database, insertAccessKey(database, keyOf(userId), text)),
    'token name': (text) => newToken(database, userId, { name: text }),
    'token hash': (text) => change(database, insertToken(database, tokenOf(userId), text)),
    'model of a preference': (text) =>
      change(database, setPreferenceStep(database, userId, { connectionId, modelId: text, isEnabled: true }, atMs)),
    'time zone': (text) => change(database, updatePerson(database, userId, { timeZone: text }, atMs)),
    theme: (text) => change(database, updatePerson(database, userId, { theme: text as 'auto' }, atMs)),
    action: (text) => writeAudit(database, entryOf({ action: text })),
    address: (text) => writeAudit(database, entryOf({ origin: { requestId: ids.uuid(), address: text, agent: '' } })),
  };
  /** Columns without a length of their own; their length is bounded where the text comes in. */
  const boundless: Record<string, (text: string) => Promise<unknown>> = {
    'person name': (text) => newPerson(database, { name: text }),
    'e-mail address': (text) => newPerson(database, { email: text }),
    origin: (text) => newConnection(database, userId, { origin: text }),
    secret: (text) => newConnection(database, userId, { sealed: { secret: text, accessKeyId: null, headers: null } }),
    setting: (text) => change(database, putSetting(database, 'setup_token_hash', text, atMs)),
    'name in the audit log': (text) => writeAudit(database, entryOf({ subjectName: text })),
  };

  test.each(Object.keys(ways))('of 4 KB is refused as %s, and nothing is left', async (name) => {
    const before = await footprint(database);
    await expect(ways[name]!('n'.repeat(4096))).rejects.toBeInstanceOf(StorageFault);
    expect(await footprint(database)).toEqual(before);
  });

  const all = { ...ways, ...boundless };
  test.each(Object.keys(all))('with U+0000 is refused as %s, and nothing is left', async (name) => {
    const before = await footprint(database);
    for (const text of ['\0', 'ab\0', '\0ab']) await expect(all[name]!(text), JSON.stringify(text)).rejects.toBeInstanceOf(UnfitParameter);
    expect(await footprint(database)).toEqual(before);
  });

  test('with U+0000 is refused in what is asked for, too', async () => {
    const owners = [userOwner(userId)];
    const questions: Promise<unknown>[] = [
      listConnections(database, { owners, search: 'a\0' }),
      listConnections(database, { owners, providerId: 'a\0' }),
      listPeople(database, { limit: 1, text: 'a\0' }),
      personByEmail(database, 'a\0'),
      tokenByHash(database, 'a\0'),
      listTemplates(database, 'a\0'),
      findConnection(database, `${connectionId.slice(0, 35)}\0`),
    ];
    for (const outcome of await Promise.allSettled(questions)) expect(outcome).toMatchObject({ reason: { name: 'UnfitParameter' } });
  });

  test('no error tells what it was', async () => {
    const secret = `canary-${'s'.repeat(5_000)}`;
    for (const [name, way] of Object.entries(ways)) {
      const error = await way(secret).then(
        () => null,
        (reason: unknown) => reason as Error,
      );
      expect(error, name).toBeInstanceOf(Error);
      expect(inspect(error, { depth: 5 }), name).not.toContain('canary');
    }
  });
});

onBothEngines('a malformed id', (bench, engine) => {
  const malformed = ['', 'x', "' OR '1'='1", '00000000-0000-7000-8000-00000000000', `${ids.uuid()}0`, '%', 'null', '__________-____'];
  let database: Database;
  let userId: string;
  let connectionId: string;
  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
    userId = await newPerson(database);
    connectionId = await newConnection(database, userId);
    await newKey(database, userId);
    await newToken(database, userId);
  });

  test.each(malformed)('%j finds nothing: PostgreSQL refuses it by a typed error, SQLite has no such row', async (id) => {
    const questions: (() => Promise<unknown>)[] = [
      () => findConnection(database, id),
      () => listConnections(database, { owners: [userOwner(id)] }).then(({ items }) => items[0]),
      () => personById(database, id),
      () => workspaceById(database, id),
      () => accessKeyById(database, id),
      () => liveTokenOf(database, userId, id),
      () => listTokens(database, id, { limit: 5 }, atMs).then((rows) => rows[0]),
      () => listWorkspaces(database, [id], 5).then((rows) => rows[0]),
      () => membersOf(database, [id], 5).then((rows) => rows[0]),
      () => listSessions(database, id, atMs, 5).then((rows) => rows[0]),
      () => listPreferences(database, id, null).then((rows) => rows[0]),
      () => listOwnerKeys(database, userOwner(id)).then((rows) => rows[0]),
      () => listAccessKeys(database, { userId: id, workspaceIds: [id] }, { limit: 5 }, atMs).then((rows) => rows[0]),
      () => spentByInstance(database, { kind: 'access-key', id }, 0).then((spent) => (spent.length === 0 ? undefined : 'money')),
    ];
    for (const ask of questions) {
      const asked = ask();
      if (engine === 'postgres') await expect(asked).rejects.toMatchObject({ name: 'StorageFault', code: '22P02' });
      else expect(await asked).toBeUndefined();
    }
  });

  test.each(malformed)('%j is not written: typed error, nothing left', async (id) => {
    const before = await footprint(database);
    const owner = userOwner(id);
    const key = keyOf(userId);
    const writes: (() => Promise<unknown>)[] = [
      () => newConnection(database, userId, { owner }),
      () => newPerson(database, { userId: id }),
      () =>
        newWorkspace(database).then((workspaceId) =>
          change(database, putMember(database, { workspaceId, userId: id, role: 'READ' }, atMs)),
        ),
      () => change(database, insertAccessKey(database, { ...key, id }, newHash())),
      () => change(database, insertToken(database, { ...tokenOf(userId), id }, newHash())),
      () => change(database, setPreferenceStep(database, userId, { connectionId: id, modelId: 'm', isEnabled: true }, atMs)),
      () => change(database, activateOwnerKeySteps(database, owner, { version: 1, salt: new Uint8Array(32) }, atMs)),
      () => change(database, deleteSteps(database, id, atMs)),
      () => change(database, deleteSession(database, userId, id)),
      () => writeAudit(database, entryOf({ id })),
      () => writeAudit(database, entryOf({ owner })),
    ];
    const typed = new Set(['StorageFault', 'StaleWrite', 'ForeignKeyViolation']);
    for (const write of writes) {
      const outcome = await write().then(
        () => 'written',
        (error: unknown) => (error as Error).name,
      );
      expect(typed.has(outcome), outcome).toBe(true);
    }
    const after = await footprint(database);
    expect({ ...after, revision: 0, workspaces: 0, audit_entries: 0 }).toEqual({ ...before, revision: 0, workspaces: 0, audit_entries: 0 });
    expect(await connectionAt(database, connectionId)).toMatchObject({ id: connectionId });
  });
});
