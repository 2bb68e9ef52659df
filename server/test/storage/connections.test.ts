/** Connections as rows: what is written is what is read, lists are complete, and nobody overwrites what they have not seen. */
import { beforeAll, expect, test } from 'vitest';
import type { Owner } from '../../src/domain/owner.ts';
import {
  allWorkspaceIds,
  deleteSteps,
  findConnection,
  insertStep,
  listConnections,
  recordTestStep,
  updateStep,
  workspaceExists,
  type ListOptions,
} from '../../src/storage/connections.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import { ForeignKeyViolation, StaleWrite } from '../../src/storage/errors.ts';
import { deleteWorkspace } from '../../src/storage/workspaces.ts';
import { onBothEngines } from './engines.ts';
import {
  atMs,
  change,
  changeConnection,
  columnsOf,
  connectionAt,
  footprint,
  ids,
  newConnection,
  newPerson,
  newWorkspace,
  userOwner,
} from './rows.ts';

const full = columnsOf({
  name: 'Everything',
  providerId: 'azure-openai',
  model: 'gpt-4o',
  baseUrl: 'https://Example.openai.azure.com/v1/',
  origin: 'https://example.openai.azure.com',
  settings: { temperature: 0.5, nested: { list: [1, 'zwei', null, true], emoji: '👩🏽‍🚀' }, 'quo"te': "it's" },
  isActive: false,
  isDefault: true,
  trust: 'administrator',
  sealed: { secret: 'box-1', accessKeyId: 'box-2', headers: 'box-3' },
  secretLast4: 'wxyz',
  secretSetAtMs: atMs - 5,
});

onBothEngines('a connection', (bench) => {
  let database: Database;
  let userId: string;
  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
    userId = await newPerson(database);
  });
  const storedAt = async (id: string) => (await findConnection(database, id))!;
  const testOf = (status: 'success' | 'failed', testAtMs = atMs + 50) => ({ atMs: testAtMs, status, resultJson: `{"status":"${status}"}` });

  test('comes back as it was written, untested, with its sealed values beside it', async () => {
    const id = ids.uuid();
    const revision = await change(
      database,
      insertStep(database, { id, owner: userOwner(userId), createdBy: userId, nowMs: atMs, ...full }),
    );
    expect(await findConnection(database, id)).toEqual({
      connection: {
        id,
        owner: userOwner(userId),
        createdBy: userId,
        name: 'Everything',
        providerId: 'azure-openai',
        baseUrl: 'https://Example.openai.azure.com/v1/',
        origin: 'https://example.openai.azure.com',
        model: 'gpt-4o',
        settings: full.settings,
        hasSecret: true,
        secretLast4: 'wxyz',
        secretSetAtMs: atMs - 5,
        isActive: false,
        isDefault: true,
        trust: 'administrator',
        createdAtMs: atMs,
        updatedAtMs: atMs,
        lastTestedAtMs: null,
        testStatus: 'pending',
        revision,
      },
      sealed: full.sealed,
      testResult: null,
      isDeleted: false,
    });
  });

  test('carries no sealed value in what is listed and logged', async () => {
    const id = await newConnection(database, userId, { sealed: { secret: 'box-secret', accessKeyId: 'box-key', headers: 'box-headers' } });
    expect(JSON.stringify(await connectionAt(database, id))).not.toContain('box-');
  });

  test('without anything optional has nulls, and no secret', async () => {
    const id = await newConnection(database, userId, { model: null });
    const found = await findConnection(database, id);
    expect(found!.connection).toMatchObject({ model: null, baseUrl: null, hasSecret: false, secretLast4: null, secretSetAtMs: null });
    expect(found!.sealed).toEqual({ secret: null, accessKeyId: null, headers: null });
  });

  test('with custom headers alone has sealed values but no secret of its own', async () => {
    const id = await newConnection(database, userId, { sealed: { secret: null, accessKeyId: null, headers: 'box' } });
    const found = await findConnection(database, id);
    expect(found!.connection.hasSecret).toBe(false);
    expect(found!.sealed.headers).toBe('box');
  });

  test('of somebody who does not exist is refused', async () => {
    const nobody = ids.uuid();
    await expect(newConnection(database, nobody)).rejects.toBeInstanceOf(ForeignKeyViolation);
  });

  test('that never was is not found', async () => {
    expect(await findConnection(database, ids.uuid())).toBeUndefined();
  });

  test('changes in every column, and forgets its test where its endpoint changed', async () => {
    const id = await newConnection(database, userId);
    const before = await connectionAt(database, id);
    await change(database, recordTestStep(database, await storedAt(id), testOf('success')));
    const next = { ...full, name: ids.uuid(), isDefault: false, nowMs: atMs + 100 };
    const revision = await change(database, updateStep(database, id, before.revision, { ...next, resetTest: true }));
    const after = await findConnection(database, id);
    expect(after!.connection).toMatchObject({
      name: next.name,
      providerId: 'azure-openai',
      settings: full.settings,
      isActive: false,
      trust: 'administrator',
    });
    expect(after!.connection).toMatchObject({
      createdAtMs: atMs,
      updatedAtMs: atMs + 100,
      revision,
      testStatus: 'pending',
      lastTestedAtMs: null,
    });
    expect(after).toMatchObject({ sealed: full.sealed, testResult: null });
  });

  test('keeps its test where only its name changed', async () => {
    const id = await newConnection(database, userId);
    await change(database, recordTestStep(database, await storedAt(id), testOf('failed')));
    await changeConnection(database, id, { name: ids.uuid() });
    const after = await findConnection(database, id);
    expect(after).toMatchObject({ testResult: '{"status":"failed"}', connection: { testStatus: 'failed', lastTestedAtMs: atMs + 50 } });
  });

  test('is not overwritten by somebody who read it before another change', async () => {
    const id = await newConnection(database, userId);
    const { revision } = await connectionAt(database, id);
    const write = (name: string): Promise<number> =>
      change(database, updateStep(database, id, revision, { ...columnsOf({ name }), nowMs: atMs + 1, resetTest: false }));
    const names = Array.from({ length: 10 }, () => ids.uuid());
    const outcomes = await Promise.allSettled(names.map(write));
    const winners = names.filter((_, index) => outcomes[index]!.status === 'fulfilled');
    expect(winners.length).toBe(1);
    expect((await connectionAt(database, id)).name).toBe(winners[0]);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ name: 'StaleWrite', label: 'connection' });
    }
  });

  test('whose test ends after its endpoint or key changed does not get the old result', async () => {
    const changes = [
      { origin: 'https://other.example' },
      { providerId: 'groq' },
      { baseUrl: 'https://api.openai.com/v2' },
      { secretSetAtMs: atMs + 7 },
      { sealed: { ...full.sealed, accessKeyId: 'another box-2' } },
      { sealed: { ...full.sealed, headers: 'another box-3' } },
    ];
    for (const part of changes) {
      const id = await newConnection(database, userId, { sealed: full.sealed });
      const tested = await storedAt(id);
      await changeConnection(database, id, part);
      await change(database, recordTestStep(database, tested, testOf('success')));
      expect((await connectionAt(database, id)).testStatus, JSON.stringify(part)).toBe('pending');
    }
  });

  test('a test moves neither its revision nor its time of change', async () => {
    const id = await newConnection(database, userId, { baseUrl: 'https://a.example', secretSetAtMs: 5 });
    const before = await connectionAt(database, id);
    await database.driver.write([recordTestStep(database, await storedAt(id), testOf('success'))]);
    expect(await connectionAt(database, id)).toEqual({ ...before, testStatus: 'success', lastTestedAtMs: atMs + 50 });
  });

  test('deleted leaves name and provider for the books, and no credential or setting', async () => {
    const id = await newConnection(database, await newPerson(database), { ...full, name: 'For the books' });
    await change(database, recordTestStep(database, await storedAt(id), testOf('success')));
    const revision = await change(database, deleteSteps(database, id, atMs + 9));
    const found = await findConnection(database, id);
    expect(found).toMatchObject({ isDeleted: true, testResult: null, sealed: { secret: null, accessKeyId: null, headers: null } });
    expect(found!.connection).toMatchObject({ name: 'For the books', providerId: 'azure-openai', settings: {}, baseUrl: null, revision });
    expect(found!.connection).toMatchObject({ hasSecret: false, secretLast4: null, isActive: false, isDefault: false });
  });

  test('deleted cannot be deleted, changed or tested once more', async () => {
    const id = await newConnection(database, userId);
    const alive = await storedAt(id);
    await change(database, deleteSteps(database, id, atMs));
    const before = await footprint(database);
    await expect(change(database, deleteSteps(database, id, atMs))).rejects.toBeInstanceOf(StaleWrite);
    const dead = await connectionAt(database, id);
    const revive = updateStep(database, id, dead.revision, { ...columnsOf(), nowMs: atMs, resetTest: false });
    await expect(change(database, revive)).rejects.toMatchObject({ label: 'connection' });
    expect(await footprint(database)).toEqual(before);
    await database.driver.write([recordTestStep(database, alive, testOf('success'))]);
    expect(await findConnection(database, id)).toMatchObject({ testResult: null });
  });
});

onBothEngines('a list of connections', (bench) => {
  let database: Database;
  let ada: string;
  let bob: string;
  let workspaceId: string;
  let adas: string[];
  const mine = (): Owner[] => [userOwner(ada)];
  const idsOf = async (options: Partial<ListOptions>): Promise<string[]> =>
    (await listConnections(database, { owners: mine(), ...options })).items.map(({ connection }) => connection.id);

  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
    [ada, bob] = [await newPerson(database), await newPerson(database)];
    workspaceId = await newWorkspace(database);
    adas = [];
    const names = ['Alpha 100%', 'alpha_two', 'Ärger', 'back\\slash', 'ǅemal', 'Straße'];
    for (const [index, name] of names.entries()) {
      const part = { name, nowMs: atMs + Math.floor(index / 2), providerId: index % 2 === 0 ? 'openai' : 'groq', isActive: index !== 3 };
      adas.push(await newConnection(database, ada, part));
    }
    await newConnection(database, bob, { name: 'Alpha 100%' });
    await newConnection(database, ada, { owner: { scope: 'workspace', id: workspaceId }, name: 'Shared' });
    const gone = await newConnection(database, ada, { name: 'Alpha gone' });
    await change(database, deleteSteps(database, gone, atMs));
    await database.driver.write([
      recordTestStep(database, (await findConnection(database, adas[0]!))!, { atMs, status: 'success', resultJson: '{}' }),
    ]);
  });

  test('holds the live ones of the owners, newest first, and of nobody else', async () => {
    expect(await idsOf({})).toEqual(adas.toReversed());
    expect((await listConnections(database, { owners: mine() })).total).toBe(adas.length);
  });

  test('of no owner is empty, and of several holds all of theirs', async () => {
    expect(await listConnections(database, { owners: [] })).toEqual({ items: [], total: 0 });
    const shared = await idsOf({ owners: [{ scope: 'workspace', id: workspaceId }] });
    expect(shared.length).toBe(1);
    const all = await idsOf({ owners: [...mine(), { scope: 'workspace', id: workspaceId }, userOwner(bob)] });
    expect(all.toSorted()).toEqual([...adas, ...shared, ...(await idsOf({ owners: [userOwner(bob)] }))].toSorted());
  });

  test('an id counts in its own scope only', async () => {
    const owners: Owner[] = [
      { scope: 'workspace', id: ada },
      { scope: 'organization', id: ada },
      { scope: 'user', id: workspaceId },
    ];
    expect(await idsOf({ owners })).toEqual([]);
  });

  test('may be asked for as many owners as one may see workspaces', async () => {
    const many = Array.from({ length: 5000 }, (): Owner => ({ scope: 'workspace', id: ids.uuid() }));
    expect(await idsOf({ owners: [...many, ...mine()] })).toEqual(adas.toReversed());
  });

  test.each([
    ['ALPHA', [1, 0]],
    ['100%', [0]],
    ['%', [0]],
    ['_', [1]],
    ['\\', [3]],
    ['ÄRGER', [2]],
    ['A\u0308rger', [2]],
    ['ǆ', [4]],
    ['STRAßE', [5]],
    ["'; DROP TABLE people; --", []],
    ['a%a', []],
  ])('searched for %j finds what the name holds, whatever its case or spelling', async (search, expected) => {
    expect(await idsOf({ search })).toEqual(expected.map((index) => adas[index]));
  });

  test('narrows by provider, by whether it is on, and by its last test', async () => {
    expect(await idsOf({ providerId: 'groq' })).toEqual([adas[5], adas[3], adas[1]]);
    expect(await idsOf({ isActive: false })).toEqual([adas[3]]);
    expect(await idsOf({ isActive: true })).toHaveLength(5);
    expect(await idsOf({ testStatus: 'success' })).toEqual([adas[0]]);
    expect(await idsOf({ testStatus: 'failed' })).toEqual([]);
    expect(await idsOf({ search: 'alpha', providerId: 'openai', isActive: true, testStatus: 'success' })).toEqual([adas[0]]);
    expect(await idsOf({ search: null, providerId: null, isActive: null, testStatus: null })).toHaveLength(6);
  });

  test('comes in pages that together are the whole, each with the total', async () => {
    for (const limit of [1, 2, 4, 6, 100]) {
      const seen: string[] = [];
      for (let offset = 0; offset < adas.length; offset += limit) {
        const { items, total } = await listConnections(database, { owners: mine(), page: { offset, limit } });
        expect(total).toBe(adas.length);
        seen.push(...items.map(({ connection }) => connection.id));
      }
      expect(seen).toEqual(adas.toReversed());
    }
    expect(await listConnections(database, { owners: mine(), page: { offset: 100, limit: 5 } })).toEqual({ items: [], total: 6 });
    const narrowed = await listConnections(database, { owners: mine(), search: 'alpha', page: { offset: 0, limit: 1 } });
    expect([narrowed.items.length, narrowed.total]).toEqual([1, 2]);
  });
});

onBothEngines('workspaces, as connections see them', (bench) => {
  test('are those that are not deleted', async () => {
    const database = createDatabase(await bench.open({ isMigrated: true }));
    expect(await allWorkspaceIds(database)).toEqual([]);
    const [first, second] = [await newWorkspace(database), await newWorkspace(database)];
    expect(await allWorkspaceIds(database)).toEqual([first, second]);
    await change(database, deleteWorkspace(database, first, atMs));
    expect(await allWorkspaceIds(database)).toEqual([second]);
    expect(await workspaceExists(database, first)).toBe(false);
    expect(await workspaceExists(database, second)).toBe(true);
  });
});
