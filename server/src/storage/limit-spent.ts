/** What a subject of a budget has spent since a moment by the books, instance by instance: settled, set aside and open, and what had no price. */
import type { LimitSubject, LimitSubjectKind } from '../domain/limit.ts';
import { dayMs } from '../domain/rollup.ts';
import type { Database } from './database.ts';

export interface SpentOfInstance {
  instanceId: string;
  /** Everything up to here of the instance's journal is in the sums. */
  appliedSeq: number;
  settledNanoUsd: number;
  /** Set aside for attempts whose outcome nobody will ever know. */
  unknownNanoUsd: number;
  /** Set aside for attempts that are under way, or were when their instance was seen last. */
  openNanoUsd: number;
}

/** What counts as used of a budget: settled, and all that is set aside. */
export const usedIn = (spent: readonly SpentOfInstance[]): number =>
  spent.reduce((sum, one) => sum + one.settledNanoUsd + one.unknownNanoUsd + one.openNanoUsd, 0);

const columnOf: Record<LimitSubjectKind, string> = {
  'access-key': 'access_key_id',
  user: 'user_id',
  workspace: 'workspace_id',
  connection: 'connection_id',
  group: 'routing_group_id',
};

/** In the words of the partial index: SQLite uses it only where it finds them. */
const isOpenSql = "state IN ('intent', 'unknown')";

/** Roll-ups: whole UTC days where they lie after the beginning, quarter-hours before the first of them. */
function settledSql(column: string): string {
  const sum = (table: string, when: string): string =>
    `COALESCE((SELECT CAST(SUM(r.cost_nano_usd) AS BIGINT) FROM ${table} r JOIN usage_dimensions k ON k.id = r.dimension_id
      WHERE k.${column} = $1 AND r.shard = i.shard AND ${when}), 0)`;
  return `${sum('usage_days', 'r.bucket >= $3')} + ${sum('usage_quarters', 'r.bucket >= $2 AND r.bucket < $3')}`;
}

/** In the words of the partial index, as above. */
const isUnpricedSql = "cost_nano_usd IS NULL AND e.reserved_nano_usd > 0 AND e.state IN ('settled', 'partial')";

/**
 * Set aside for entries that were settled without a price, as those of a tier of service that has none: they count with the whole of it,
 * those that another attempt followed as well as the last of their request.
 */
const unpricedSql = (column: string): string =>
  `COALESCE((SELECT CAST(SUM(e.reserved_nano_usd) AS BIGINT) FROM usage_dimensions k JOIN usage_events e ON e.dimension_id = k.id
    WHERE k.${column} = $1 AND e.at >= $2 AND e.${isUnpricedSql} AND e.instance_id = i.id), 0)`;

const openSql = (column: string, state: 'intent' | 'unknown'): string =>
  `COALESCE((SELECT CAST(SUM(o.reserved_nano_usd) AS BIGINT) FROM usage_events o
    WHERE o.instance_id = i.id AND o.at >= $2 AND o.${column} = $1 AND o.state = '${state}' AND o.${isOpenSql}), 0)`;

/** Groups are in no roll-up: their entries are summed one by one, by an index of their own. */
const groupSql = `COALESCE((SELECT CAST(SUM(COALESCE(g.cost_nano_usd, g.reserved_nano_usd)) AS BIGINT) FROM usage_events g
  WHERE g.routing_group_id = $1 AND g.routing_group_id IS NOT NULL AND g.at >= $2 AND g.instance_id = i.id
  AND g.state IN ('settled', 'partial')), 0)`;

/** One statement, one moment: an entry that is settled between two would be counted by neither. Throws the storage errors. */
export async function spentByInstance({ driver }: Database, subject: LimitSubject, fromMs: number): Promise<SpentOfInstance[]> {
  const column = columnOf[subject.kind];
  const isGroup = subject.kind === 'group';
  const sums = isGroup ? groupSql : `${settledSql(column)} + ${unpricedSql(column)}`;
  const firstDayMs = Math.ceil(fromMs / dayMs) * dayMs;
  const rows = await driver.rows<{ id: string; applied_seq: number; settled: string; unknown: string; open: string }>(
    {
      sql: `SELECT CAST(i.id AS TEXT) AS id, i.applied_seq, CAST(${sums} AS TEXT) AS settled,
        CAST(${openSql(column, 'unknown')} AS TEXT) AS unknown, CAST(${openSql(column, 'intent')} AS TEXT) AS open FROM instances i`,
      params: isGroup ? [subject.id, fromMs] : [subject.id, fromMs, firstDayMs],
    },
    'analytics',
  );
  return rows.map(({ id, applied_seq, ...sumTexts }) => {
    const settledNanoUsd = atMost(spentMax, sumTexts.settled);
    const unknownNanoUsd = atMost(spentMax - settledNanoUsd, sumTexts.unknown);
    const openNanoUsd = atMost(spentMax - settledNanoUsd - unknownNanoUsd, sumTexts.open);
    return { instanceId: id, appliedSeq: applied_seq, settledNanoUsd, unknownNanoUsd, openNanoUsd };
  });
}

/**
 * What counts as used of each subject of a kind since a moment, nano-dollars, by one statement: for whoever looks at many budgets. The
 * same sums as `spentByInstance` has, of all instances together. Throws the storage errors.
 */
export async function usedOfEach({ driver }: Database, kind: LimitSubjectKind, fromMs: number): Promise<Map<string, number>> {
  const column = columnOf[kind];
  const isGroup = kind === 'group';
  const firstDayMs = Math.ceil(fromMs / dayMs) * dayMs;
  const rolled = (table: string, when: string): string =>
    `SELECT k.${column} AS id, r.cost_nano_usd AS cost FROM ${table} r JOIN usage_dimensions k ON k.id = r.dimension_id
      WHERE k.${column} IS NOT NULL AND ${when}`;
  // SQLite keeps the order of a CROSS JOIN, which is that of the partial indexes; left to itself it looks at every row of the period.
  const open = `SELECT o.${column} AS id, o.reserved_nano_usd AS cost FROM instances i CROSS JOIN usage_events o
    WHERE o.instance_id = i.id AND o.${column} IS NOT NULL AND o.at >= $1 AND o.${isOpenSql}`;
  const unpriced = `SELECT k.${column} AS id, e.reserved_nano_usd AS cost FROM usage_dimensions k CROSS JOIN usage_events e
    WHERE e.dimension_id = k.id AND k.${column} IS NOT NULL AND e.at >= $1 AND e.${isUnpricedSql}`;
  const ofGroups = `SELECT routing_group_id AS id, COALESCE(cost_nano_usd, reserved_nano_usd) AS cost FROM usage_events
    WHERE routing_group_id IS NOT NULL AND at >= $1 AND state IN ('settled', 'partial')`;
  const costs = isGroup
    ? [ofGroups, open]
    : [rolled('usage_days', 'r.bucket >= $2'), rolled('usage_quarters', 'r.bucket >= $1 AND r.bucket < $2'), unpriced, open];
  const rows = await driver.rows<{ id: string; sum: string }>(
    {
      sql: `SELECT CAST(c.id AS TEXT) AS id, CAST(SUM(c.cost) AS TEXT) AS sum FROM (${costs.join(' UNION ALL ')}) c GROUP BY c.id`,
      params: isGroup ? [fromMs] : [fromMs, firstDayMs],
    },
    'analytics',
  );
  return new Map(rows.map(({ id, sum }) => [id, atMost(spentMax, sum)]));
}

/** Nine million dollars: no budget is larger, so that whoever spent more is told from nobody who spent this. All three together stay below. */
const spentMax = Number.MAX_SAFE_INTEGER;

const atMost = (max: number, sumText: string): number => (BigInt(sumText) > BigInt(max) ? max : Number(sumText));
