/** What the database itself guarantees of connections: one name and one default per owner, whoever writes at once. */
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Owner } from '../../src/domain/owner.ts';
import { clearDefaultStep, deleteSteps, findConnection, listConnections, updateStep } from '../../src/storage/connections.ts';
import { nameKeyOf } from '../../src/storage/name-key.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import { listPreferences, setPreferenceStep } from '../../src/storage/model-preferences.ts';
import { onBothEngines } from './engines.ts';
import {
  atMs,
  change,
  changeConnection,
  columnsOf,
  connectionAt,
  newConnection,
  newPerson,
  newWorkspace,
  theOrganization,
  userOwner,
} from './rows.ts';

/** Each pair is one name to a reader. */
const same: readonly (readonly [string, string])[] = [
  ['Main', 'mAIN'],
  ['Ärger', 'ärger'],
  ['Ärger', 'A\u0308RGER'],
  ['İstanbul', 'i\u0307stanbul'],
  ['Straße', 'STRAẞE'],
  ['ﬁne', 'FINE'],
  ['ＡＢＣ', 'abc'],
  ['Кириллица', 'кИРИЛЛИЦА'],
  ['Kelvin \u212A', 'kelvin k'],
  ['e\u0301', 'É'],
];
/** These are two names: a reader tells them apart, or one language's folding is not another's. */
const different: readonly (readonly [string, string])[] = [
  ['Straße', 'Strasse'],
  ['ıstanbul', 'istanbul'],
  ['a b', 'ab'],
  ['name', 'name '],
  ['a%', 'ab'],
];

describe('the key of a name', () => {
  test.each(same)('%j and %j have one', (one, other) => {
    expect(nameKeyOf(one)).toBe(nameKeyOf(other));
  });
  test.each(different)('%j and %j have two', (one, other) => {
    expect(nameKeyOf(one)).not.toBe(nameKeyOf(other));
  });
  test('does not change when it is taken again', () => {
    for (const name of [...same, ...different].flat()) expect(nameKeyOf(nameKeyOf(name))).toBe(nameKeyOf(name));
  });
});

onBothEngines('the name of a connection', (bench) => {
  let database: Database;
  let userId: string;
  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
  });
  beforeEach(async () => {
    userId = await newPerson(database);
  });

  test.each(same)('%j is taken by %j', async (one, other) => {
    await newConnection(database, userId, { name: one });
    await expect(newConnection(database, userId, { name: other })).rejects.toMatchObject({ constraint: 'ai_configurations_name' });
    const second = await newConnection(database, userId);
    await expect(changeConnection(database, second, { name: other })).rejects.toMatchObject({ constraint: 'ai_configurations_name' });
  });

  test.each(different)('%j leaves room for %j', async (one, other) => {
    await newConnection(database, userId, { name: one });
    const second = await newConnection(database, userId, { name: other });
    expect((await connectionAt(database, second)).name).toBe(other);
  });

  test('is free again after deletion, as often as one likes', async () => {
    for (let round = 0; round < 3; round++) {
      const id = await newConnection(database, userId, { name: 'Again' });
      await change(database, deleteSteps(database, id, atMs + round));
    }
    const last = await newConnection(database, userId, { name: 'AGAIN' });
    const { items } = await listConnections(database, { owners: [userOwner(userId)] });
    expect(items.map(({ connection }) => connection.id)).toEqual([last]);
  });

  test('may be spelled anew by its own connection', async () => {
    const id = await newConnection(database, userId, { name: 'main' });
    await changeConnection(database, id, { name: 'MAIN' });
    expect((await connectionAt(database, id)).name).toBe('MAIN');
  });

  test('belongs to its owner: others, and the same id in another scope, may use it too', async () => {
    const other = await newPerson(database);
    await newConnection(database, userId, { name: 'Main' });
    await newConnection(database, other, { name: 'Main' });
    for (const scope of ['workspace', 'organization'] as const)
      await newConnection(database, userId, { name: 'Main', owner: { scope, id: userId } });
    const owners: Owner[] = (['user', 'workspace', 'organization'] as const).map((scope) => ({ scope, id: userId }));
    expect((await listConnections(database, { owners })).total).toBe(3);
  });

  test('is between one and 255 characters, counted as characters', async () => {
    for (const name of ['', 'n'.repeat(256), 'n'.repeat(4096)])
      await expect(newConnection(database, userId, { name })).rejects.toMatchObject({ name: 'StorageFault' });
    for (const name of ['n', 'ä'.repeat(255), '👩'.repeat(255)]) {
      const id = await newConnection(database, userId, { name });
      expect((await connectionAt(database, id)).name).toBe(name);
    }
  });
});

onBothEngines('the default connection', (bench) => {
  let database: Database;
  let userId: string;
  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
    userId = await newPerson(database);
  });
  const defaultsOf = async (owner: Owner): Promise<string[]> =>
    (await listConnections(database, { owners: [owner] })).items
      .filter(({ connection }) => connection.isDefault)
      .map(({ connection }) => connection.id);
  const setDefault = async (id: string): Promise<number> => {
    const { connection, sealed } = (await findConnection(database, id))!;
    const row = { ...columnsOf({ ...connection, sealed }), isDefault: true, nowMs: atMs, resetTest: false };
    return change(database, clearDefaultStep(database, connection.owner, id), updateStep(database, id, connection.revision, row));
  };

  test('is one per owner after twenty wanted to be it at once', async () => {
    const made: string[] = [];
    for (let n = 0; n < 20; n++) made.push(await newConnection(database, userId));
    const outcomes = await Promise.allSettled(made.map(setDefault));
    const defaults = await defaultsOf(userOwner(userId));
    expect(defaults.length).toBe(1);
    expect(made).toContain(defaults[0]);
    // Whose row was not touched by another between reading and writing has had its turn; nobody fails in any other way.
    for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ label: 'connection' });
    await setDefault(made[7]!);
    expect(await defaultsOf(userOwner(userId))).toEqual([made[7]]);
  });

  test('set without clearing the one before is refused by the database itself', async () => {
    const other = await newPerson(database);
    await newConnection(database, other, { isDefault: true });
    await expect(newConnection(database, other, { isDefault: true })).rejects.toMatchObject({ constraint: 'ai_configurations_default' });
    expect(await defaultsOf(userOwner(other))).toHaveLength(1);
  });

  test('of one owner leaves those of others alone', async () => {
    const owners: Owner[] = [
      userOwner(await newPerson(database)),
      { scope: 'workspace', id: await newWorkspace(database) },
      { scope: 'organization', id: await theOrganization(database) },
    ];
    const defaults: string[] = [];
    for (const owner of owners) defaults.push(await newConnection(database, userId, { owner, isDefault: true }));
    const next = await newConnection(database, userId, { owner: owners[1]! });
    await setDefault(next);
    expect(await Promise.all(owners.map(defaultsOf))).toEqual([[defaults[0]], [next], [defaults[2]]]);
  });

  test('that loses its place rises in revision, so that other instances hear of it; the rest of its owner does not', async () => {
    const owner = userOwner(await newPerson(database));
    const [first, second, third] = [
      await newConnection(database, userId, { owner, isDefault: true }),
      await newConnection(database, userId, { owner }),
      await newConnection(database, userId, { owner }),
    ];
    const before = await connectionAt(database, third);
    const revision = await setDefault(second);
    expect(await connectionAt(database, first)).toMatchObject({ isDefault: false, revision });
    expect(await connectionAt(database, second)).toMatchObject({ isDefault: true, revision });
    expect(await connectionAt(database, third)).toEqual(before);
  });

  test('deleted leaves none: nobody is promoted silently', async () => {
    const owner = userOwner(await newPerson(database));
    const first = await newConnection(database, userId, { owner, isDefault: true });
    await newConnection(database, userId, { owner });
    await change(database, deleteSteps(database, first, atMs));
    expect(await defaultsOf(owner)).toEqual([]);
    const next = await newConnection(database, userId, { owner, isDefault: true });
    expect(await defaultsOf(owner)).toEqual([next]);
  });
});

onBothEngines('which models a person wants to see', (bench) => {
  let database: Database;
  let userId: string;
  let connectionId: string;
  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
  });
  beforeEach(async () => {
    userId = await newPerson(database);
    connectionId = await newConnection(database, userId);
  });
  const set = (person: string, modelId: string, isEnabled: boolean, connection = connectionId): Promise<number> =>
    change(database, setPreferenceStep(database, person, { connectionId: connection, modelId, isEnabled }, atMs));

  test('is noted per model, in order, and the last word counts', async () => {
    await set(userId, 'gpt-4o', false);
    await set(userId, 'claude', true);
    await set(userId, 'gpt-4o', true);
    await set(userId, 'gpt-4o', false);
    expect(await listPreferences(database, userId, connectionId)).toEqual([
      { connectionId, modelId: 'claude', isEnabled: true },
      { connectionId, modelId: 'gpt-4o', isEnabled: false },
    ]);
  });

  test('is asked for one connection or for all', async () => {
    const second = await newConnection(database, userId);
    await set(userId, 'm', false);
    await set(userId, 'm', true, second);
    expect(await listPreferences(database, userId, second)).toEqual([{ connectionId: second, modelId: 'm', isEnabled: true }]);
    expect((await listPreferences(database, userId, null)).map((one) => one.connectionId)).toEqual([connectionId, second].toSorted());
  });

  test('is one person’s own', async () => {
    const other = await newPerson(database);
    await set(userId, 'm', false);
    expect(await listPreferences(database, other, null)).toEqual([]);
  });

  test('goes with the connection', async () => {
    await set(userId, 'm', false);
    const kept = await newConnection(database, userId);
    await set(userId, 'm', false, kept);
    await change(database, deleteSteps(database, connectionId, atMs));
    expect(await listPreferences(database, userId, null)).toEqual([{ connectionId: kept, modelId: 'm', isEnabled: false }]);
  });
});
