/** Connections as rows, on both engines: names, defaults, stale writes, tests, tombstones, and the order of lists. */
import { describe, expect, test } from 'vitest';
import type { Connection } from '../../src/domain/connection.ts';
import type { Owner } from '../../src/domain/owner.ts';
import { clearDefaultStep, deleteSteps, findConnection, insertStep, listConnections, recordTestStep, resealStep, sealedRows, updateStep, type ConnectionColumns } from '../../src/storage/connections.ts';
import { activateOwnerKeySteps, listOwnerKeys } from '../../src/storage/owner-keys.ts';
import { openHouse, type House, type Resident } from '../support/house.ts';
import { createDatabase, needs } from '../support/postgres.ts';

const columns = (more: Partial<ConnectionColumns> = {}): ConnectionColumns => ({
  name: 'One', providerId: 'custom', model: 'm', baseUrl: 'https://a.example/v1', origin: 'https://a.example', settings: { temperature: 0.5 }, isActive: true, isDefault: false,
  trust: 'member', sealed: { secret: 'v1.box', accessKeyId: null, headers: null }, secretLast4: null, secretSetAtMs: 1, ...more,
});

async function behaves(house: House, person: Resident): Promise<void> {
  const { database } = house;
  const owner: Owner = { scope: 'user', id: person.id };
  const add = async (more: Partial<ConnectionColumns>, nowMs: number): Promise<string> => {
    const id = house.deps.ids.uuid();
    await database.driver.write([insertStep(database, { ...columns(more), id, owner, createdBy: person.id, nowMs })]);
    return id;
  };
  const read = async (id: string): Promise<Connection> => (await findConnection(database, id))!.connection;

  const first = await add({ name: 'Größe 100%', isDefault: true }, 1);
  const second = await add({ name: 'Two', isActive: false }, 2);
  expect(await read(first)).toMatchObject({ settings: { temperature: 0.5 }, isDefault: true, isActive: true, hasSecret: true, testStatus: 'pending', createdAtMs: 1 });

  // Names are compared folded, whatever the engine's own idea of case is.
  await expect(add({ name: 'GRÖßE 100%' }, 3)).rejects.toMatchObject({ constraint: 'ai_configurations_name' });
  await expect(add({ name: 'Three', isDefault: true }, 3)).rejects.toMatchObject({ constraint: 'ai_configurations_default' });

  const listOf = async (more: object): Promise<string[]> => (await listConnections(database, { owners: [owner], ...more })).items.map((entry) => entry.connection.id);
  expect(await listOf({})).toEqual([second, first]);
  expect(await listOf({ search: 'größe 100%' })).toEqual([first]);
  expect(await listOf({ search: '_' })).toEqual([]);
  expect(await listOf({ isActive: false })).toEqual([second]);
  expect(await listConnections(database, { owners: [owner], page: { offset: 1, limit: 1 } })).toMatchObject({ total: 2, items: [{ connection: { id: first } }] });
  expect((await listConnections(database, { owners: [] })).items).toEqual([]);

  const { revision } = await read(second);
  await database.driver.write([clearDefaultStep(database, owner, second), updateStep(database, second, revision, { ...columns({ name: 'Two', isDefault: true }), nowMs: 5, resetTest: false })]);
  expect([(await read(first)).isDefault, (await read(second)).isDefault]).toEqual([false, true]);
  const stale = updateStep(database, second, revision + 1_000_000, { ...columns({ name: 'Lost' }), nowMs: 6, resetTest: true });
  await expect(database.driver.write([stale])).rejects.toMatchObject({ label: 'connection' });
  expect((await read(second)).name).toBe('Two');

  const tested = await read(second);
  await database.driver.write([recordTestStep(database, tested, { atMs: 9, status: 'success', resultJson: '{}' })]);
  expect(await read(second)).toMatchObject({ testStatus: 'success', lastTestedAtMs: 9, updatedAtMs: tested.updatedAtMs, revision: tested.revision });
  await database.driver.write([recordTestStep(database, { ...tested, secretSetAtMs: 77 }, { atMs: 10, status: 'failed', resultJson: '{}' })]);
  expect((await read(second)).lastTestedAtMs).toBe(9);

  await database.driver.write([resealStep(database, second, 'api_key_encrypted', 'v1.other', 'v1.new')]);
  await database.driver.write([resealStep(database, second, 'api_key_encrypted', 'v1.box', 'v1.newer')]);
  expect((await sealedRows(database, { owner, afterId: first, limit: 10 })).map((row) => row.boxes)).toEqual([{ api_key_encrypted: 'v1.newer' }]);

  await database.driver.write(deleteSteps(database, second, 11));
  expect(await findConnection(database, second)).toMatchObject({ isDeleted: true, sealed: { secret: null }, connection: { name: 'Two', settings: {}, baseUrl: null } });
  await add({ name: 'Two' }, 12);

  const keys = [1, 2].map((version) => ({ version, salt: house.deps.ids.bytes(32) }));
  for (const key of keys) await database.driver.write(activateOwnerKeySteps(database, owner, key, 1));
  expect((await listOwnerKeys(database, owner)).map((key) => [key.version, key.isActive])).toEqual([[1, false], [2, true]]);
  await expect(database.driver.write(activateOwnerKeySteps(database, owner, keys[1]!, 1))).rejects.toMatchObject({ constraint: 'owner_keys_pkey' });
  expect((await listOwnerKeys(database, owner)).filter((key) => key.isActive)).toHaveLength(1);
}

describe('connections as rows', () => {
  test('SQLite keeps names, defaults and revisions', async () => {
    const house = await openHouse();
    await behaves(house, await house.createResident('Owner', 'administrator'));
    await house.close();
  });
});

needs('postgres')('connections as rows, on PostgreSQL', () => {
  test('PostgreSQL keeps names, defaults and revisions', async () => {
    const house = await openHouse({ databaseUrl: await createDatabase() });
    await behaves(house, await house.createResident('Owner', 'administrator'));
    await house.close();
  });
});
