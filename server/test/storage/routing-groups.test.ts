/** Routing groups as rows, on both engines: kept with their targets in order, changed as they were read, gone with a tombstone. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Owner } from '../../src/domain/owner.ts';
import { groupDefaults, type RoutingGroup } from '../../src/domain/routing-group.ts';
import { Snapshot } from '../../src/domain/snapshot.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import type { WriteStep } from '../../src/storage/driver.ts';
import { StaleWrite, UniqueViolation } from '../../src/storage/errors.ts';
import {
  countGroups,
  deleteGroup,
  deleteGroupsOf,
  detachTarget,
  findGroup,
  groupStale,
  groupTargets,
  insertGroup,
  updateGroup,
} from '../../src/storage/routing-groups.ts';
import { loadDelta } from '../../src/storage/snapshot.ts';
import { onBothEngines } from './engines.ts';
import { ids, seedConnections } from './ledger-records.ts';

onBothEngines('routing groups', (bench) => {
  let database: Database;
  let connectionIds: string[];
  let createdBy: string;
  let owner: Owner;

  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
    connectionIds = await seedConnections(database.driver, 3);
    const row = await database.db.selectFrom('ai_configurations').select('user_id').executeTakeFirstOrThrow();
    createdBy = row.user_id;
    owner = { scope: 'user', id: createdBy };
  });

  const raise = { sql: 'UPDATE config_revision SET revision = revision + 1 WHERE id = 1 RETURNING revision', params: [] };
  const write = async (steps: readonly WriteStep[]): Promise<number> =>
    Number((await database.driver.write([raise, ...steps]))[0]?.[0]?.['revision']);
  let number = 0;
  const groupOf = (part: Partial<RoutingGroup> = {}): RoutingGroup => ({
    id: ids.uuid(),
    owner,
    name: `group ${++number}`,
    strategy: 'score',
    options: { ...groupDefaults, hedgeMaxNanoUsd: 123_456_789, exploration: 0.05 },
    targets: [
      { connectionId: connectionIds[1]!, model: 'm', weight: 0, isEnabled: false, region: 'eu' },
      { connectionId: connectionIds[0]!, model: null, weight: 1_000, isEnabled: true, region: null },
    ],
    isActive: true,
    createdBy,
    createdAtMs: 1_000,
    updatedAtMs: 2_000,
    revision: 0,
    ...part,
  });
  const kept = async (part: Partial<RoutingGroup> = {}): Promise<RoutingGroup> => {
    const group = groupOf(part);
    const revision = await write(insertGroup(database, group));
    return { ...group, revision };
  };

  test('what is written is what is read, targets in their order, also by the snapshot', async () => {
    const group = await kept();
    expect(await findGroup(database, group.id)).toEqual(group);
    const snapshot = new Snapshot();
    snapshot.apply(await loadDelta(database, -1));
    expect(snapshot.routing.byId(group.id)).toEqual(group);
    expect(snapshot.routing.named([owner], group.name.toUpperCase())?.id).toBe(group.id);
    expect(snapshot.routing.named([{ scope: 'organization', id: owner.id }], group.name)).toBe(undefined);
  });

  test('an option that an older version did not know has its default', async () => {
    const { id } = await kept();
    await database.db.updateTable('routing_groups').set({ options: '{"exploration":0.1}' }).where('id', '=', id).execute();
    expect((await findGroup(database, id))?.options).toEqual({ ...groupDefaults, exploration: 0.1 });
  });

  test('a change replaces all targets, raises the revision, and only from the state that was read', async () => {
    const group = await kept();
    const changed = { ...group, name: 'renamed', targets: [{ ...group.targets[1]!, connectionId: connectionIds[2]! }] };
    const revision = await write(updateGroup(database, changed, group.revision));
    expect(await findGroup(database, group.id)).toEqual({ ...changed, revision });
    const late = write(updateGroup(database, group, group.revision));
    await expect(late).rejects.toMatchObject({ label: groupStale });
    await expect(late).rejects.toBeInstanceOf(StaleWrite);
    expect((await findGroup(database, group.id))?.name).toBe('renamed');
  });

  test('one owner has a name once in any spelling, another owner may have it too, and a deleted one frees it', async () => {
    const group = await kept({ name: 'Ｆａｓｔ' });
    await expect(kept({ name: 'fast' })).rejects.toBeInstanceOf(UniqueViolation);
    await kept({ name: 'fast', owner: { scope: 'organization', id: owner.id } });
    await write(deleteGroup(database, group.id, 5_000));
    expect(await findGroup(database, group.id)).toBe(undefined);
    await kept({ name: 'fast' });
  });

  test('a target whose connection was deleted in the meantime takes the whole change with it', async () => {
    const [gone] = await seedConnections(database.driver, 1);
    await database.db.updateTable('ai_configurations').set({ deleted_at: 1, is_active: false }).where('id', '=', gone!).execute();
    const group = groupOf({ targets: [{ connectionId: gone!, model: 'm', weight: 1, isEnabled: true, region: null }] });
    await expect(write(insertGroup(database, group))).rejects.toMatchObject({ label: groupTargets });
    expect(await findGroup(database, group.id)).toBe(undefined);
  });

  test('the same connection may stand there twice with two models', async () => {
    const target = { connectionId: connectionIds[0]!, weight: 1, isEnabled: true, region: null };
    const group = await kept({
      targets: [
        { ...target, model: 'a' },
        { ...target, model: 'b' },
      ],
    });
    expect((await findGroup(database, group.id))?.targets.map(({ model }) => model)).toEqual(['a', 'b']);
  });

  describe('what is gone', () => {
    test('reaches other instances as a group that is null, by its revision', async () => {
      const group = await kept();
      const snapshot = new Snapshot();
      snapshot.apply(await loadDelta(database, -1));
      await write(deleteGroup(database, group.id, 9_000));
      const delta = await loadDelta(database, snapshot.revision);
      expect(delta.routingGroups).toEqual([{ id: group.id, owner, group: null }]);
      snapshot.apply(delta);
      expect(snapshot.routing.byId(group.id)).toBe(undefined);
      await expect(write(deleteGroup(database, group.id, 9_000))).rejects.toMatchObject({ label: groupStale });
    });

    test('a connection leaves all its groups, and their revisions rise', async () => {
      const [leaving] = await seedConnections(database.driver, 1);
      const target = { connectionId: leaving!, model: 'm', weight: 1, isEnabled: true, region: null };
      const group = await kept({ targets: [{ ...target, connectionId: connectionIds[0]! }, target] });
      const revision = await write(detachTarget(database, leaving!));
      const after = await findGroup(database, group.id);
      expect(after?.targets.map(({ connectionId }) => connectionId)).toEqual([connectionIds[0]]);
      expect(after?.revision).toBe(revision);
    });

    test('an owner takes all of theirs along, and nobody else’s', async () => {
      const away: Owner = { scope: 'workspace', id: ids.uuid() };
      await kept({ owner: away });
      await kept({ owner: away });
      const other = await kept();
      expect(await countGroups(database, away)).toBe(2);
      await write(deleteGroupsOf(database, away, 7_000));
      expect(await countGroups(database, away)).toBe(0);
      expect((await findGroup(database, other.id))?.id).toBe(other.id);
    });
  });

  test('an id that is none finds nothing', async () => {
    expect(await findGroup(database, 'nonsense')).toBe(undefined);
    expect(await findGroup(database, ids.uuid())).toBe(undefined);
  });
});
