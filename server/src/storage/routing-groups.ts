/** Routing groups and their targets as rows. Deleted ones stay as rows: other instances hear of it by their revision. */
import type { Selectable } from 'kysely';
import type { Owner } from '../domain/owner.ts';
import { groupDefaults, type GroupOptions, type RoutingGroup, type RoutingTarget } from '../domain/routing-group.ts';
import { isUuid } from '../lib/ids.ts';
import { thisRevision } from './changes.ts';
import { inUseLabel } from './connections.ts';
import type { Database } from './database.ts';
import type { Statement, WriteStep } from './driver.ts';
import { endLimitsAmong, endLimitsOn } from './limits.ts';
import { nameKeyOf } from './name-key.ts';
import type { RoutingSchema } from './schema-routing.ts';

type GroupRow = Selectable<RoutingSchema['routing_groups']>;
type TargetRow = Selectable<RoutingSchema['routing_group_targets']>;

/** Groups that one owner may have; lists are never longer than all of a person's owners together. */
export const groupsMax = 500;
/** Ids in one question for targets. */
const idsMax = 500;

/** Name of the condition that a group is as it was read. */
export const groupStale = 'routing-group';
/** Name of the condition that all connections of a group are still there. */
export const groupTargets = 'routing-target';

const targetOfRow = (row: TargetRow): RoutingTarget => ({
  connectionId: row.connection_id,
  model: row.model,
  weight: row.weight,
  isEnabled: row.is_enabled,
  region: row.region,
});

const groupOfRow = (row: GroupRow, targets: readonly RoutingTarget[]): RoutingGroup => ({
  id: row.id,
  owner: { scope: row.scope, id: row.owner_id },
  name: row.name,
  strategy: row.strategy,
  // What an older version did not know has the value that it has by default.
  options: { ...groupDefaults, ...(JSON.parse(row.options) as Partial<GroupOptions>) },
  targets,
  isActive: row.is_active,
  createdBy: row.created_by,
  createdAtMs: row.created_at,
  updatedAtMs: row.updated_at,
  revision: row.revision,
});

async function targetsOf({ db }: Pick<Database, 'db'>, groupIds: readonly string[]): Promise<Map<string, RoutingTarget[]>> {
  const targets = new Map<string, RoutingTarget[]>();
  for (let from = 0; from < groupIds.length; from += idsMax) {
    const rows = await db
      .selectFrom('routing_group_targets')
      .selectAll()
      .where('group_id', 'in', groupIds.slice(from, from + idsMax))
      .orderBy('group_id')
      .orderBy('position')
      .execute();
    for (const row of rows) {
      const known = targets.get(row.group_id);
      if (known) known.push(targetOfRow(row));
      else targets.set(row.group_id, [targetOfRow(row)]);
    }
  }
  return targets;
}

/** Rows of groups with their targets; a deleted one comes as null, as the snapshot wants it. */
export async function groupsOfRows(
  database: Pick<Database, 'db'>,
  rows: readonly GroupRow[],
): Promise<{ id: string; owner: Owner; group: RoutingGroup | null }[]> {
  const live = rows.filter((row) => row.deleted_at === null).map(({ id }) => id);
  const targets = await targetsOf(database, live);
  return rows.map((row) => ({
    id: row.id,
    owner: { scope: row.scope, id: row.owner_id },
    group: row.deleted_at === null ? groupOfRow(row, targets.get(row.id) ?? []) : null,
  }));
}

/** Undefined for one that is unknown or deleted. */
export async function findGroup(database: Database, id: string): Promise<RoutingGroup | undefined> {
  if (!isUuid(id)) return undefined;
  const row = await database.db
    .selectFrom('routing_groups')
    .selectAll()
    .where('id', '=', id)
    .where('deleted_at', 'is', null)
    .executeTakeFirst();
  return row && groupOfRow(row, (await targetsOf(database, [id])).get(id) ?? []);
}

const columnsOf = ({ name, strategy, options, isActive, updatedAtMs }: RoutingGroup) => ({
  name,
  name_key: nameKeyOf(name),
  strategy,
  options: JSON.stringify(options),
  is_active: isActive,
  updated_at: updatedAtMs,
  revision: thisRevision,
});

/** Replaces a group's targets. It fails the batch as `groupTargets` where a connection was deleted in the meantime. */
function targetSteps({ db, compile }: Database, { id, targets }: RoutingGroup): WriteStep[] {
  const emptied = compile(db.deleteFrom('routing_group_targets').where('group_id', '=', id));
  if (targets.length === 0) return [emptied];
  const connectionIds = [...new Set(targets.map(({ connectionId }) => connectionId))];
  return [
    emptied,
    compile(db.selectFrom('ai_configurations').select('id').where('id', 'in', connectionIds).where('deleted_at', 'is', null), {
      expectRows: connectionIds.length,
      label: groupTargets,
    }),
    {
      insertInto: 'routing_group_targets',
      columns: ['group_id', 'position', 'connection_id', 'model', 'weight', 'region', 'is_enabled'],
      rows: targets.map((target, position) => [
        id,
        position,
        target.connectionId,
        target.model,
        target.weight,
        target.region,
        target.isEnabled,
      ]),
    },
  ];
}

export function insertGroup(database: Database, group: RoutingGroup): WriteStep[] {
  const { db, compile } = database;
  const { id, owner, createdBy, createdAtMs } = group;
  return [
    compile(
      db.insertInto('routing_groups').values({
        id,
        scope: owner.scope,
        owner_id: owner.id,
        created_by: createdBy,
        created_at: createdAtMs,
        ...columnsOf(group),
      }),
    ),
    ...targetSteps(database, group),
  ];
}

/** Fails the batch as `groupStale` where the group is not as it was read. */
export function updateGroup(database: Database, group: RoutingGroup, readRevision: number): WriteStep[] {
  const { db, compile } = database;
  const updated = compile(
    db
      .updateTable('routing_groups')
      .set(columnsOf(group))
      .where('id', '=', group.id)
      .where('revision', '=', readRevision)
      .where('deleted_at', 'is', null),
    { expectRows: 1, label: groupStale },
  );
  return [updated, ...targetSteps(database, group)];
}

export function deleteGroup(database: Database, id: string, nowMs: number): Statement[] {
  const { db, compile } = database;
  return [
    compile(
      db
        .updateTable('routing_groups')
        .set({ deleted_at: nowMs, updated_at: nowMs, revision: thisRevision })
        .where('id', '=', id)
        .where('deleted_at', 'is', null),
      { expectRows: 1, label: groupStale },
    ),
    compile(db.deleteFrom('routing_group_targets').where('group_id', '=', id)),
    endLimitsOn(database, { kind: 'group', id }, nowMs),
  ];
}

/** All groups of an owner that is gone. */
export function deleteGroupsOf(database: Database, owner: Owner, nowMs: number): Statement[] {
  const { db, compile } = database;
  const own = db.selectFrom('routing_groups').select('id').where('scope', '=', owner.scope).where('owner_id', '=', owner.id);
  return [
    compile(db.deleteFrom('routing_group_targets').where('group_id', 'in', own)),
    endLimitsAmong(database, 'group', own.$asScalar(), nowMs),
    compile(
      db
        .updateTable('routing_groups')
        .set({ deleted_at: nowMs, updated_at: nowMs, revision: thisRevision })
        .where('scope', '=', owner.scope)
        .where('owner_id', '=', owner.id)
        .where('deleted_at', 'is', null),
    ),
  ];
}

export async function countGroups({ db }: Database, owner: Owner): Promise<number> {
  const { count } = await db
    .selectFrom('routing_groups')
    .select((of) => of.fn.countAll<number>().as('count'))
    .where('scope', '=', owner.scope)
    .where('owner_id', '=', owner.id)
    .where('deleted_at', 'is', null)
    .executeTakeFirstOrThrow();
  return count;
}

/** Fails the batch as `inUseLabel` where a group has the connection for a target; a person's own group keeps only what is that person's. */
export function requireUntargeted({ db, compile }: Database, connectionId: string, isPrivate: boolean): Statement {
  let having = db
    .selectFrom('routing_group_targets')
    .innerJoin('routing_groups', 'routing_groups.id', 'routing_group_targets.group_id')
    .select('routing_groups.id')
    .where('routing_group_targets.connection_id', '=', connectionId)
    .where('routing_groups.deleted_at', 'is', null);
  if (!isPrivate) having = having.where('routing_groups.scope', '!=', 'user');
  return compile(having.limit(1), { expectRows: 0, label: inUseLabel });
}

/** Takes a connection out of all groups, whose revisions rise. */
export function detachTarget({ db, compile }: Database, connectionId: string): Statement[] {
  const having = db.selectFrom('routing_group_targets').select('group_id').where('connection_id', '=', connectionId);
  return [
    compile(db.updateTable('routing_groups').set({ revision: thisRevision }).where('id', 'in', having)),
    compile(db.deleteFrom('routing_group_targets').where('connection_id', '=', connectionId)),
  ];
}
