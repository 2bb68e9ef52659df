/** Workspaces and members as rows: who belongs where, and what goes when a workspace goes. */
import { beforeAll, beforeEach, expect, test } from 'vitest';
import { accessKeyById } from '../../src/storage/access-keys.ts';
import { currentRevision, deleteSteps } from '../../src/storage/connections.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import { ForeignKeyViolation } from '../../src/storage/errors.ts';
import {
  deleteWorkspace,
  insertWorkspace,
  listWorkspaces,
  membersOf,
  membersSince,
  organizationOf,
  putMember,
  renameWorkspace,
  requireMembersAsOf,
  requireWorkspace,
  rolesIn,
  workspaceById,
} from '../../src/storage/workspaces.ts';
import { onBothEngines } from './engines.ts';
import { atMs, change, footprint, ids, newConnection, newKey, newPerson, newWorkspace, theOrganization } from './rows.ts';

onBothEngines('a workspace', (bench) => {
  let database: Database;
  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
  });

  test('belongs to the one organization and comes back as it was made', async () => {
    const organizationId = await theOrganization(database);
    expect(await organizationOf(database)).toEqual({ id: organizationId, name: 'House' });
    const id = await newWorkspace(database, 'Research & Ärger');
    expect(await workspaceById(database, id)).toMatchObject({ id, organizationId, name: 'Research & Ärger', createdAtMs: atMs });
    expect(await workspaceById(database, ids.uuid())).toBeUndefined();
  });

  test('of an organization that is not there is refused', async () => {
    const row = { id: ids.uuid(), organizationId: ids.uuid(), name: 'Nowhere', createdBy: null };
    await expect(change(database, insertWorkspace(database, row, atMs))).rejects.toBeInstanceOf(ForeignKeyViolation);
  });

  test.each([
    ['Team', 'tEAM'],
    ['Ärzte', 'A\u0308RZTE'],
    ['İzmir', 'i\u0307zmir'],
    ['Groß', 'GROẞ'],
  ])('%j takes the name from %j, in making and in renaming, until it is deleted', async (name, other) => {
    const id = await newWorkspace(database, name);
    const second = await newWorkspace(database);
    const before = await footprint(database);
    await expect(newWorkspace(database, other)).rejects.toMatchObject({ constraint: 'workspaces_name' });
    await expect(change(database, renameWorkspace(database, second, other, atMs))).rejects.toMatchObject({ constraint: 'workspaces_name' });
    expect(await footprint(database)).toEqual(before);
    await change(database, deleteWorkspace(database, id, atMs));
    await change(database, renameWorkspace(database, second, other, atMs));
    expect(await workspaceById(database, second)).toMatchObject({ name: other });
  });

  test('is renamed, to another spelling of its own name too', async () => {
    const id = await newWorkspace(database, 'spelling');
    await change(database, renameWorkspace(database, id, 'SPELLING', atMs));
    expect(await workspaceById(database, id)).toMatchObject({ name: 'SPELLING' });
  });

  test('deleted is not found, not listed, not renamed and not deleted again', async () => {
    const id = await newWorkspace(database);
    await change(database, requireWorkspace(database, id));
    await change(database, deleteWorkspace(database, id, atMs));
    const before = await footprint(database);
    expect(await workspaceById(database, id)).toBeUndefined();
    expect(await listWorkspaces(database, [id], 10)).toEqual([]);
    for (const steps of [renameWorkspace(database, id, 'x', atMs), deleteWorkspace(database, id, atMs), requireWorkspace(database, id)])
      await expect(change(database, ...[steps].flat())).rejects.toMatchObject({ label: 'workspace' });
    expect(await footprint(database)).toEqual(before);
  });

  test('with a connection stays; with a deleted one it may go', async () => {
    const id = await newWorkspace(database);
    const userId = await newPerson(database);
    const connectionId = await newConnection(database, userId, { owner: { scope: 'workspace', id } });
    await newConnection(database, userId, { owner: { scope: 'user', id } });
    await expect(change(database, deleteWorkspace(database, id, atMs))).rejects.toMatchObject({ label: 'workspace-not-empty' });
    expect(await workspaceById(database, id)).toBeDefined();
    await change(database, deleteSteps(database, connectionId, atMs));
    await change(database, deleteWorkspace(database, id, atMs));
    expect(await workspaceById(database, id)).toBeUndefined();
  });

  test('takes its access keys with it, and no others', async () => {
    const [id, other] = [await newWorkspace(database), await newWorkspace(database)];
    const userId = await newPerson(database);
    const [inside, outside, own] = [
      await newKey(database, userId, { workspaceId: id }),
      await newKey(database, userId, { workspaceId: other }),
      await newKey(database, userId),
    ];
    const revision = await change(database, deleteWorkspace(database, id, atMs + 3));
    expect(await accessKeyById(database, inside.id)).toBeUndefined();
    expect(await accessKeyById(database, outside.id)).toBeDefined();
    expect(await accessKeyById(database, own.id)).toBeDefined();
    const row = await database.db
      .selectFrom('access_keys')
      .select(['revoked_at', 'revision'])
      .where('id', '=', inside.id)
      .executeTakeFirst();
    expect(row).toEqual({ revoked_at: atMs + 3, revision });
  });

  test('that goes while twenty want to put something into it: whatever is in it afterwards came before', async () => {
    const id = await newWorkspace(database);
    const userId = await newPerson(database);
    const key = (): Promise<number> =>
      change(database, requireWorkspace(database, id), putMember(database, { workspaceId: id, userId, role: 'READ' }, atMs));
    const deletion = change(database, deleteWorkspace(database, id, atMs));
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, key));
    const deletedAt = await deletion;
    for (const outcome of outcomes) {
      if (outcome.status === 'fulfilled') expect(outcome.value).toBeLessThan(deletedAt);
      else expect(outcome.reason).toMatchObject({ label: 'workspace' });
    }
  });
});

onBothEngines('the list of workspaces', (bench) => {
  test('is newest first: all, or those that one may see, and no more than asked for', async () => {
    const database = createDatabase(await bench.open({ isMigrated: true }));
    const made: string[] = [];
    for (let n = 0; n < 4; n++) made.push(await newWorkspace(database));
    const listed = async (which: readonly string[] | 'all', limit: number): Promise<string[]> =>
      (await listWorkspaces(database, which, limit)).map(({ id }) => id);
    expect(await listed('all', 10)).toEqual(made.toReversed());
    expect(await listed('all', 2)).toEqual([made[3], made[2]]);
    expect(await listed([made[0]!, made[2]!, ids.uuid()], 10)).toEqual([made[2], made[0]]);
    expect(await listed([], 10)).toEqual([]);
    expect(await listed([...made, ...Array.from({ length: 5_000 }, () => ids.uuid())], 10)).toHaveLength(4);
  });
});

onBothEngines('members', (bench) => {
  let database: Database;
  let workspaceId: string;
  beforeEach(async () => {
    database ??= createDatabase(await bench.open({ isMigrated: true }));
    workspaceId = await newWorkspace(database);
  });
  const put = (userId: string, role: 'READ' | 'WRITE' | 'ADMIN' | 'NONE', where = workspaceId): Promise<number> =>
    change(database, putMember(database, { workspaceId: where, userId, role }, atMs));
  const rolesOf = async (where = workspaceId): Promise<[string, string][]> =>
    (await membersOf(database, [where], 100)).map(({ userId, role }) => [userId, role]);

  test('come by name, with who they are in the house', async () => {
    const bob = await newPerson(database, { name: 'Bob', email: 'bob@example.org', role: 'manager' });
    const ada = await newPerson(database, { name: 'Ada', email: 'ada@example.org' });
    await put(bob, 'READ');
    await put(ada, 'ADMIN');
    expect(await membersOf(database, [workspaceId], 10)).toEqual([
      { workspaceId, userId: ada, role: 'ADMIN', name: 'Ada', email: 'ada@example.org', organizationRole: 'user' },
      { workspaceId, userId: bob, role: 'READ', name: 'Bob', email: 'bob@example.org', organizationRole: 'manager' },
    ]);
    expect(await membersOf(database, [workspaceId], 1)).toHaveLength(1);
    expect(await membersOf(database, [], 10)).toEqual([]);
    expect(await membersOf(database, [ids.uuid()], 10)).toEqual([]);
  });

  test('as somebody read them are what a change is decided by: one that came between stops it', async () => {
    const [ada, bob] = [await newPerson(database), await newPerson(database)];
    expect(await membersSince(database, workspaceId)).toEqual({ revision: 0, atMs: 0 });
    const first = await put(ada, 'ADMIN');
    const guarded = (revision: number): Promise<number> =>
      change(
        database,
        requireMembersAsOf(database, workspaceId, revision),
        putMember(database, { workspaceId, userId: ada, role: 'READ' }, atMs),
      );
    const removed = await put(bob, 'NONE');
    expect(await membersSince(database, workspaceId)).toEqual({ revision: removed, atMs });
    await expect(guarded(first)).rejects.toMatchObject({ label: 'workspace-members' });
    expect(await rolesIn(database, workspaceId, 10)).toEqual(new Map([[ada, 'ADMIN']]));
    await put(bob, 'WRITE', await newWorkspace(database));
    await guarded(removed);
    await put(bob, 'WRITE');
    expect(await rolesIn(database, workspaceId, 10)).toEqual(
      new Map([
        [ada, 'READ'],
        [bob, 'WRITE'],
      ]),
    );
    expect(await rolesIn(database, workspaceId, 1)).toHaveProperty('size', 1);
  });

  test('are added, changed, removed and added again', async () => {
    const userId = await newPerson(database);
    await put(userId, 'READ');
    await put(userId, 'WRITE');
    expect(await rolesOf()).toEqual([[userId, 'WRITE']]);
    await put(userId, 'NONE');
    expect(await rolesOf()).toEqual([]);
    await put(userId, 'ADMIN');
    expect(await rolesOf()).toEqual([[userId, 'ADMIN']]);
  });

  test('removed ones stay as rows with a new revision, so that other instances hear of it', async () => {
    const userId = await newPerson(database);
    await put(userId, 'ADMIN');
    const revision = await put(userId, 'NONE');
    const sql = 'SELECT role, revision FROM workspace_members WHERE workspace_id = $1';
    expect(await database.driver.rows({ sql, params: [workspaceId] })).toEqual([{ role: 'NONE', revision }]);
    expect(await currentRevision(database)).toBe(revision);
  });

  test('of one workspace are none of another', async () => {
    const other = await newWorkspace(database);
    const userId = await newPerson(database);
    await put(userId, 'READ');
    await put(userId, 'ADMIN', other);
    expect(await rolesOf()).toEqual([[userId, 'READ']]);
    expect((await membersOf(database, [workspaceId, other], 10)).map(({ role }) => role).toSorted()).toEqual(['ADMIN', 'READ']);
  });

  test('must exist, and their workspace too', async () => {
    await expect(put(ids.uuid(), 'READ')).rejects.toBeInstanceOf(ForeignKeyViolation);
    await expect(put(await newPerson(database), 'READ', ids.uuid())).rejects.toBeInstanceOf(ForeignKeyViolation);
    await expect(put(await newPerson(database), 'OWNER' as 'READ')).rejects.toMatchObject({ name: 'StorageFault' });
  });
});
