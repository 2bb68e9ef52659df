/** Repositories as rows: what is attached and in which order, what one key is bound to, and what goes when one goes. */
import { beforeAll, expect, test } from 'vitest';
import { Snapshot } from '../../src/domain/snapshot.ts';
import { accessKeyById, keysOfRepositories, listAccessKeys } from '../../src/storage/access-keys.ts';
import { deleteSteps } from '../../src/storage/connections.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import { ForeignKeyViolation, StaleWrite, StorageFault } from '../../src/storage/errors.ts';
import {
  attachConnections,
  attachedOf,
  deleteRepository,
  detachConnection,
  insertRepository,
  listRepositories,
  liveKeysOf,
  repositoriesUsing,
  repositoryById,
  requireRepository,
  updateRepository,
} from '../../src/storage/repositories.ts';
import { loadDelta } from '../../src/storage/snapshot.ts';
import { deleteWorkspace } from '../../src/storage/workspaces.ts';
import { onBothEngines } from './engines.ts';
import { atMs, change, footprint, hostileTexts, ids, newConnection, newKey, newPerson, newWorkspace } from './rows.ts';

onBothEngines('a repository', (bench) => {
  let database: Database;
  let person: string;
  let workspaceId: string;
  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
    person = await newPerson(database);
    workspaceId = await newWorkspace(database);
  });

  const attach = (id: string, ...connectionIds: string[]): Promise<number> =>
    change(database, attachConnections(database, id, connectionIds));
  const newRepository = async (name: string = ids.uuid(), place = workspaceId): Promise<string> => {
    const id = ids.uuid();
    await change(database, insertRepository(database, { id, workspaceId: place, name, createdBy: person }, atMs));
    return id;
  };
  const revisionOf = async (id: string): Promise<number> => (await repositoryById(database, id))!.revision;
  const staleAs = (label: string) => expect.objectContaining({ constructor: StaleWrite, label }) as unknown;

  test('comes back as it was made, with nothing attached', async () => {
    const id = await newRepository('Support & Ärger');
    expect(await repositoryById(database, id)).toEqual({
      id,
      workspaceId,
      name: 'Support & Ärger',
      connectionIds: [],
      createdAtMs: atMs,
      updatedAtMs: atMs,
      revision: expect.any(Number) as number,
    });
    expect(await repositoryById(database, ids.uuid())).toBeUndefined();
  });

  test('of a workspace that is not there is refused', async () => {
    await expect(newRepository('nowhere', ids.uuid())).rejects.toBeInstanceOf(ForeignKeyViolation);
  });

  test('takes its name from the others of its workspace and of no other, until it is deleted', async () => {
    const id = await newRepository('Ärzte');
    await newRepository('Ärzte', await newWorkspace(database));
    const before = await footprint(database);
    await expect(newRepository('A\u0308RZTE')).rejects.toMatchObject({ constraint: 'repositories_name' });
    expect(await footprint(database)).toEqual(before);
    const second = await newRepository();
    await expect(change(database, updateRepository(database, second, 'ÄRZTE', atMs, await revisionOf(second)))).rejects.toMatchObject({
      constraint: 'repositories_name',
    });
    await change(database, deleteRepository(database, id, { isForced: false, nowMs: atMs }));
    await change(database, updateRepository(database, second, 'ÄRZTE', atMs, await revisionOf(second)));
    expect(await repositoryById(database, second)).toMatchObject({ name: 'ÄRZTE' });
  });

  test.each(hostileTexts.map((text) => [text.replaceAll('\u0000', '')]))('keeps the name %j as it is', async (name) => {
    expect(await repositoryById(database, await newRepository(name))).toMatchObject({ name });
  });

  test('keeps what is attached in the order in which it was given, and takes another order', async () => {
    const [a, b, c] = [await newConnection(database, person), await newConnection(database, person), await newConnection(database, person)];
    const id = await newRepository();
    await attach(id, c, a, b);
    expect((await repositoryById(database, id))!.connectionIds).toEqual([c, a, b]);
    await attach(id, b, c, a);
    expect((await repositoryById(database, id))!.connectionIds).toEqual([b, c, a]);
    await attach(id, a);
    expect((await repositoryById(database, id))!.connectionIds).toEqual([a]);
    await attach(id);
    expect((await repositoryById(database, id))!.connectionIds).toEqual([]);
  });

  test('does not take the same connection twice, nor one that is deleted or was never there', async () => {
    const [a, gone] = [await newConnection(database, person), await newConnection(database, person)];
    await change(database, deleteSteps(database, gone, atMs));
    const id = await newRepository();
    await attach(id, a);
    await expect(attach(id, a, a)).rejects.toEqual(staleAs('attached-connection'));
    await expect(attach(id, a, gone)).rejects.toEqual(staleAs('attached-connection'));
    await expect(attach(id, a, ids.uuid())).rejects.toEqual(staleAs('attached-connection'));
    expect((await repositoryById(database, id))!.connectionIds).toEqual([a]);
  });

  test('that was changed since it was read is not changed again', async () => {
    const id = await newRepository('first');
    const revision = await revisionOf(id);
    await change(database, updateRepository(database, id, 'second', atMs, revision));
    await expect(change(database, updateRepository(database, id, 'third', atMs, revision))).rejects.toEqual(staleAs('repository'));
    expect(await repositoryById(database, id)).toMatchObject({ name: 'second' });
  });

  test('is listed with those of its workspace, newest first', async () => {
    const place = await newWorkspace(database);
    const [first, second] = [await newRepository('one', place), await newRepository('two', place)];
    expect((await listRepositories(database, [place])).map(({ id }) => id)).toEqual([second, first]);
    expect(await listRepositories(database, [])).toEqual([]);
    expect(await listRepositories(database, [ids.uuid()])).toEqual([]);
  });

  test('is found by a connection that it uses, and not after the connection was taken out', async () => {
    const [a, b] = [await newConnection(database, person), await newConnection(database, person)];
    const [first, second] = [await newRepository('uses a'), await newRepository('uses both')];
    await attach(first, a);
    await attach(second, b, a);
    const using = await repositoriesUsing(database, [a, b, ids.uuid()]);
    expect(using.get(a)!.map(({ name }) => name)).toEqual(['uses a', 'uses both']);
    expect(using.get(b)).toEqual([{ id: second, name: 'uses both', workspaceId, createdAtMs: atMs }]);
    const before = await revisionOf(second);
    await change(database, detachConnection(database, a));
    expect((await repositoryById(database, second))!.connectionIds).toEqual([b]);
    // Other instances learn of it by the revision.
    expect(await revisionOf(second)).toBeGreaterThan(before);
    expect(await repositoriesUsing(database, [a])).toEqual(new Map());
  });

  test('binds keys, which are found by it and keep what they were asked for', async () => {
    const [id, other] = [await newRepository(), await newRepository()];
    const old = await newKey(database, person, { workspaceId, repositoryId: id, name: 'old', expiresAtMs: atMs - 1 });
    const live = await newKey(database, person, { workspaceId, repositoryId: id, name: 'live', aiType: 'ANTHROPIC' });
    await newKey(database, person, { workspaceId, repositoryId: other });
    await newKey(database, person, { workspaceId });
    expect(await accessKeyById(database, live.id)).toMatchObject({ repositoryId: id, aiType: 'ANTHROPIC' });
    expect((await keysOfRepositories(database, [id])).get(id)!.map(({ name }) => name)).toEqual(['live', 'old']);
    expect(await liveKeysOf(database, [id], atMs)).toEqual(new Map([[id, [{ id: live.id, name: 'live' }]]]));
    expect((await listAccessKeys(database, 'all', { limit: 10, repositoryId: id }, atMs)).map((key) => key.id)).toEqual([live.id, old.id]);
    await expect(newKey(database, person, { repositoryId: ids.uuid() })).rejects.toBeInstanceOf(ForeignKeyViolation);
  });

  test('is not deleted while a key of it is good, and ends all of them where that is forced', async () => {
    const id = await newRepository();
    await change(database, requireRepository(database, id));
    await newKey(database, person, { workspaceId, repositoryId: id, expiresAtMs: atMs - 1 });
    const live = await newKey(database, person, { workspaceId, repositoryId: id });
    const before = await footprint(database);
    await expect(change(database, deleteRepository(database, id, { isForced: false, nowMs: atMs }))).rejects.toEqual(
      staleAs('repository-in-use'),
    );
    expect(await footprint(database)).toEqual(before);
    await change(database, deleteRepository(database, id, { isForced: true, nowMs: atMs }));
    expect(await repositoryById(database, id)).toBeUndefined();
    expect(await accessKeyById(database, live.id)).toBeUndefined();
    expect(await keysOfRepositories(database, [id])).toEqual(new Map());
    await expect(change(database, requireRepository(database, id))).rejects.toEqual(staleAs('repository'));
    await expect(change(database, deleteRepository(database, id, { isForced: true, nowMs: atMs }))).rejects.toEqual(staleAs('repository'));
  });

  test('keeps its workspace from being deleted', async () => {
    const place = await newWorkspace(database);
    const id = await newRepository('last', place);
    await expect(change(database, deleteWorkspace(database, place, atMs))).rejects.toEqual(staleAs('workspace-not-empty'));
    await change(database, deleteRepository(database, id, { isForced: false, nowMs: atMs }));
    await change(database, deleteWorkspace(database, place, atMs));
  });

  test('reaches the snapshot with what is attached, its changes and its end', async () => {
    const snapshot = new Snapshot();
    const follow = async (): Promise<void> => snapshot.apply(await loadDelta(database, snapshot.revision));
    const [a, b] = [await newConnection(database, person, { name: 'A' }), await newConnection(database, person, { name: 'B' })];
    const id = await newRepository('seen');
    await change(database, attachConnections(database, id, [b, a]));
    snapshot.apply(await loadDelta(database, -1));
    expect(snapshot.repositories.get(id)).toEqual({ id, workspaceId, name: 'seen', connectionIds: [b, a] });
    expect(snapshot.attachedTo(id).map(({ name }) => name)).toEqual(['B', 'A']);
    await change(database, updateRepository(database, id, 'renamed', atMs, await revisionOf(id)), attachConnections(database, id, [a, b]));
    await follow();
    expect(snapshot.repositories.get(id)).toMatchObject({ name: 'renamed', connectionIds: [a, b] });
    await change(database, detachConnection(database, a));
    await follow();
    expect(snapshot.attachedTo(id).map(({ name }) => name)).toEqual(['B']);
    await change(database, deleteRepository(database, id, { isForced: false, nowMs: atMs }));
    await follow();
    expect(snapshot.repositories.has(id)).toBe(false);
    expect(snapshot.repositoryIndexOf(id)).toBeUndefined();
  });

  test('is found among more of them than one statement takes, each with its own connections and keys', async () => {
    const place = await newWorkspace(database);
    const [a, b] = [await newConnection(database, person), await newConnection(database, person)];
    const all = Array.from({ length: 520 }, () => ids.uuid());
    const rows = all.map((id, at) => insertRepository(database, { id, workspaceId: place, name: `r${at}`, createdBy: null }, atMs));
    await change(database, rows);
    await attach(all[0]!, a, b);
    await attach(all[519]!, b);
    const key = await newKey(database, person, { workspaceId: place, repositoryId: all[519]! });
    const attached = await attachedOf(database, all);
    expect([...attached]).toEqual([
      [all[0], [a, b]],
      [all[519], [b]],
    ]);
    expect([...(await liveKeysOf(database, all, atMs))]).toEqual([[all[519], [{ id: key.id, name: 'CI' }]]]);
    expect([...(await keysOfRepositories(database, all)).keys()]).toEqual([all[519]]);
    expect((await listRepositories(database, [place])).map(({ id }) => id)).toEqual(all.toReversed());
  });

  test('does not show a connection that was deleted by force elsewhere, and keeps the order of the others', async () => {
    const [a, b, c] = [await newConnection(database, person), await newConnection(database, person), await newConnection(database, person)];
    const id = await newRepository();
    await attach(id, a, b, c);
    await change(database, deleteSteps(database, b, atMs));
    expect((await repositoryById(database, id))!.connectionIds).toEqual([a, c]);
    await attach(id, c, a);
    expect((await repositoryById(database, id))!.connectionIds).toEqual([c, a]);
  });

  test('is changed as a whole or not at all: a name that is taken leaves what is attached', async () => {
    const a = await newConnection(database, person);
    await newRepository('occupied');
    const id = await newRepository('free');
    await attach(id, a);
    const before = await footprint(database);
    const steps = [...attachConnections(database, id, []), updateRepository(database, id, 'Occupied', atMs, await revisionOf(id))];
    await expect(change(database, steps)).rejects.toMatchObject({ constraint: 'repositories_name' });
    expect(await footprint(database)).toEqual(before);
    expect(await repositoryById(database, id)).toMatchObject({ name: 'free', connectionIds: [a] });
  });

  test('has a name of one to 255 characters, whatever the application asks for', async () => {
    await expect(newRepository('')).rejects.toBeInstanceOf(StorageFault);
    await expect(newRepository('x'.repeat(256))).rejects.toBeInstanceOf(StorageFault);
    expect(await repositoryById(database, await newRepository('ä'.repeat(255)))).toMatchObject({ name: 'ä'.repeat(255) });
  });
});
