/** What rows add to the roll-ups, as steps of the transaction that writes them. */
import { createHash } from 'node:crypto';
import { addMeasures, dayOf, measureNames, noMeasures, quarterOf, sixHoursOf, type Dimension, type Measures } from '../domain/rollup.ts';
import type { Tally } from '../domain/tally.ts';
import type { Driver, InsertMany, WriteStep } from './driver.ts';
import { StorageFault } from './errors.ts';
import type { Books } from './instances.ts';
import { listSize, placeholders } from './rollup-lists.ts';
import { tallyStep, totalStep, type TallyPart, type TotalPart } from './tallies.ts';

/** One row's contribution. */
export interface Contribution {
  atMs: number;
  /** Is told the number of its dimension. */
  dimension: Dimension & { dimensionId: number | null };
  measures: Measures;
  /** What the counts beside the sums get of it (domain/tally.ts); left out where the row was counted before. */
  codes: readonly number[];
  /** Of calls that reached a provider for a completion: they count in `provider_usage`. */
  providerCalls: number;
}

/** 52 bits of the hash, so that the number is exact in JavaScript. */
const idDigits = 13;
const probesMax = 8;
const cachedDimensionsMax = 100_000;

const tupleOf = (of: Dimension): unknown[] => [
  of.connectionId,
  of.provider,
  of.model,
  of.accessKeyId,
  of.userId,
  of.workspaceId,
  of.repositoryId,
  of.useCaseId,
  of.purpose,
];

const hashOf = (dimension: Dimension): string =>
  createHash('sha256')
    .update(JSON.stringify(tupleOf(dimension)))
    .digest('hex');

/** Two dimensions have the same key exactly when they are the same: no value of a row holds U+0000, and none is empty but null. */
const keyOf = (of: Dimension): string =>
  `${of.connectionId ?? ''}\0${of.provider}\0${of.model}\0${of.accessKeyId ?? ''}\0${of.userId ?? ''}\0${of.workspaceId ?? ''}\0${of.repositoryId ?? ''}\0${of.useCaseId ?? ''}\0${of.purpose}`;

const hashes = new Map<string, string>();
function knownHashOf(key: string, dimension: Dimension): string {
  let hash = hashes.get(key);
  if (hash === undefined) {
    if (hashes.size >= cachedDimensionsMax) hashes.clear();
    hashes.set(key, (hash = hashOf(dimension)));
  }
  return hash;
}

/** An id for every dimension: the one it has, or a new one derived from its hash. Two that would share an id never do. */
async function assignIds(
  driver: Pick<Driver, 'rows'>,
  books: Books,
  dimensions: ReadonlyMap<string, Dimension>,
): Promise<Map<string, number>> {
  const missing = [...dimensions.keys()].filter((hash) => !books.dimensionIds.has(hash)).toSorted();
  const fresh = new Map<string, number>();
  if (missing.length === 0) return fresh;
  const first = missing.map((hash) => Number.parseInt(hash.slice(0, idDigits), 16));
  const found = await driver.rows<{ id: number; hash: string }>({
    sql: `SELECT id, hash FROM usage_dimensions WHERE hash IN (${placeholders(missing.length)}) OR id IN (${placeholders(first.length, missing.length)})`,
    params: [...missing, ...first],
  });
  const known = new Map(found.map((row) => [row.hash, row.id]));
  const taken = new Set(found.map((row) => row.id));
  for (const [index, hash] of missing.entries()) {
    let id = known.get(hash);
    for (let probe = 0; id === undefined; probe++) {
      if (probe === probesMax) throw new StorageFault('dimension_id', 'too many dimensions share an id');
      const candidate = first[index]! + probe;
      if (!taken.has(candidate)) id = candidate;
    }
    taken.add(id);
    fresh.set(hash, id);
  }
  return fresh;
}

const assignments = (table: string): string =>
  [
    ...measureNames.map((name) => `${name} = ${table}.${name} + excluded.${name}`),
    `last_used_at = CASE WHEN excluded.last_used_at > ${table}.last_used_at THEN excluded.last_used_at ELSE ${table}.last_used_at END`,
  ].join(', ');

interface Sum {
  bucket: number;
  measures: Measures;
  providerCalls: number;
  /** The latest of the provider calls; 0 where there is none. */
  calledAtMs: number;
  tally: Tally;
}

/** One dimension's sums in this batch, by quarter-hour. */
interface Group {
  dimension: Dimension;
  hash: string;
  quarters: Map<number, Sum>;
  members: { dimensionId: number | null }[];
}

/** The sum of a bucket, made at the first time. */
function addTo(sums: Map<number, Sum>, bucket: number, measures: Measures, providerCalls: number, calledAtMs: number): Sum {
  let sum = sums.get(bucket);
  if (!sum) sums.set(bucket, (sum = { bucket, measures: noMeasures(), providerCalls: 0, calledAtMs: 0, tally: new Map() }));
  addMeasures(sum.measures, measures);
  sum.providerCalls += providerCalls;
  if (calledAtMs > sum.calledAtMs) sum.calledAtMs = calledAtMs;
  return sum;
}

const isSameDimension = (a: Dimension, b: Dimension): boolean =>
  a.connectionId === b.connectionId &&
  a.provider === b.provider &&
  a.model === b.model &&
  a.accessKeyId === b.accessKeyId &&
  a.userId === b.userId &&
  a.workspaceId === b.workspaceId &&
  a.repositoryId === b.repositoryId &&
  a.useCaseId === b.useCaseId &&
  a.purpose === b.purpose;

function groupsOf(contributions: readonly Contribution[]): Group[] {
  const groups = new Map<string, Group>();
  let group: Group | undefined;
  for (const { atMs, dimension, measures, providerCalls, codes } of contributions) {
    // Neighbours are often of one kind, and to compare them is cheaper than to put a key together.
    if (!group || !isSameDimension(group.dimension, dimension)) {
      const key = keyOf(dimension);
      group = groups.get(key);
      if (!group) groups.set(key, (group = { dimension, hash: knownHashOf(key, dimension), quarters: new Map(), members: [] }));
    }
    group.members.push(dimension);
    const { tally } = addTo(group.quarters, quarterOf(atMs), measures, providerCalls, providerCalls > 0 ? atMs : 0);
    for (const code of codes) tally.set(code, (tally.get(code) ?? 0) + 1);
  }
  return [...groups.values()];
}

/** A day is the sum of its quarter-hours. */
function daysOf(quarters: Iterable<Sum>): Map<number, Sum> {
  const days = new Map<number, Sum>();
  for (const { bucket, measures, providerCalls, calledAtMs, tally } of quarters) {
    const day = addTo(days, dayOf(bucket), measures, providerCalls, calledAtMs);
    for (const [code, count] of tally) day.tally.set(code, (day.tally.get(code) ?? 0) + count);
  }
  return days;
}

/** Six hours are the sum of theirs; neither counts nor calls of providers are kept for them. */
function sixHoursIn(quarters: Iterable<Sum>): Map<number, Sum> {
  const sums = new Map<number, Sum>();
  for (const { bucket, measures } of quarters) addTo(sums, sixHoursOf(bucket), measures, 0, 0);
  return sums;
}

type Placed = Sum & { dimensionId: number };

const tallyParts = (sums: readonly Placed[]): TallyPart[] =>
  sums.map(({ bucket, dimensionId, measures, tally }) => ({ bucket, dimensionId, counted: measures.attempts, tally }));

/** The counts of everybody together, by the bucket that those of a part belong to. */
function totalsOf(parts: readonly (TotalPart | Placed)[], bucketOf: (bucket: number) => number): TotalPart[] {
  const totals = new Map<number, TotalPart>();
  for (const part of parts) {
    const bucket = bucketOf(part.bucket);
    let total = totals.get(bucket);
    if (!total) totals.set(bucket, (total = { bucket, requests: 0, attempts: 0, refusals: 0, tally: new Map() }));
    const { requests, attempts, refusals } = 'measures' in part ? part.measures : part;
    total.requests += requests;
    total.attempts += attempts;
    total.refusals += refusals;
    for (const [code, count] of part.tally) total.tally.set(code, (total.tally.get(code) ?? 0) + count);
  }
  return [...totals.values()];
}

/** Rows are upserted in the order of their key, so that two instances never wait for each other in a circle. */
function bucketStep(table: 'usage_quarters' | 'usage_six_hours' | 'usage_days', shard: number, sums: readonly Placed[]): InsertMany {
  const sorted = sums.toSorted((a, b) => a.bucket - b.bucket || a.dimensionId - b.dimensionId);
  return {
    insertInto: table,
    columns: ['bucket', 'dimension_id', 'shard', ...measureNames, 'last_used_at'],
    rows: sorted.map(({ bucket, dimensionId, measures }) => [
      bucket,
      dimensionId,
      shard,
      ...measureNames.map((name) => measures[name]),
      measures.last_used_at,
    ]),
    onConflict: `(bucket, dimension_id, shard) DO UPDATE SET ${assignments(table)}`,
  };
}

const isoDay = (dayStartMs: number): string => new Date(dayStartMs).toISOString().slice(0, 10);

/** Sums per connection and UTC day, for those connections that have a row: a reference to nothing would fail the whole batch. */
async function providerUsageStep(
  driver: Pick<Driver, 'rows'>,
  days: readonly (Sum & { dimension: Dimension })[],
): Promise<InsertMany | null> {
  const counted = days.filter((one) => one.providerCalls > 0 && one.dimension.connectionId !== null);
  const ids = [...new Set(counted.map((one) => one.dimension.connectionId!))];
  if (ids.length === 0) return null;
  const size = listSize(ids.length);
  const found = await driver.rows<{ id: string }>({
    sql: `SELECT id FROM ai_configurations WHERE id IN (${placeholders(size)})`,
    params: [...ids, ...Array<unknown>(size - ids.length).fill(ids.at(-1))],
  });
  const existing = new Set(found.map((row) => row.id));
  const sums = new Map<string, { id: string; day: string; requests: number; tokens: number; cost: number; lastMs: number }>();
  // What is not a provider's call has neither tokens nor cost in a dimension that has such calls, so that all of a sum is theirs.
  for (const { bucket, dimension, measures, providerCalls, calledAtMs } of counted) {
    const id = dimension.connectionId!;
    if (!existing.has(id)) continue;
    const day = isoDay(bucket);
    const sum = sums.get(`${id}/${day}`) ?? { id, day, requests: 0, tokens: 0, cost: 0, lastMs: 0 };
    sum.requests += providerCalls;
    sum.tokens += measures.tokens_in + measures.tokens_out;
    sum.cost += measures.cost_nano_usd;
    sum.lastMs = Math.max(sum.lastMs, calledAtMs);
    sums.set(`${id}/${day}`, sum);
  }
  if (sums.size === 0) return null;
  const sorted = [...sums.entries()].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, sum]) => sum);
  const table = 'provider_usage_days';
  return {
    insertInto: table,
    columns: ['configuration_id', 'request_count', 'token_count', 'cost_nano_usd', 'last_used_at', 'period_start', 'period_end'],
    rows: sorted.map((sum) => [sum.id, sum.requests, sum.tokens, sum.cost, sum.lastMs, sum.day, sum.day]),
    onConflict: `(configuration_id, period_start) DO UPDATE SET request_count = ${table}.request_count + excluded.request_count,
      token_count = ${table}.token_count + excluded.token_count, cost_nano_usd = ${table}.cost_nano_usd + excluded.cost_nano_usd,
      last_used_at = CASE WHEN excluded.last_used_at > ${table}.last_used_at THEN excluded.last_used_at ELSE ${table}.last_used_at END`,
  };
}

const dimensionColumns = ['connection_id', 'provider', 'model', 'access_key_id', 'user_id', 'workspace_id', 'repository_id', 'use_case_id', 'purpose']; // prettier-ignore

/**
 * Writes new dimensions, which another instance may be writing at this moment. No key is named for the conflict: PostgreSQL waits for the
 * other at the keys that are named only, and fails at those that are not. So the rows are looked at afterwards: where an id has gone to
 * another dimension meanwhile, or a dimension to another id, the batch fails with StaleWrite and the next try reads what stands there.
 */
function dimensionSteps(fresh: ReadonlyMap<string, number>, dimensions: ReadonlyMap<string, Dimension>): WriteStep[] {
  const pairs = [...fresh].flatMap(([hash, id]) => [id, hash]);
  const sources = [...fresh].map((_, index) => `(CAST($${index * 2 + 1} AS BIGINT), CAST($${index * 2 + 2} AS VARCHAR))`);
  return [
    {
      insertInto: 'usage_dimensions',
      columns: ['id', 'hash', ...dimensionColumns],
      rows: [...fresh].map(([hash, id]) => [id, hash, ...tupleOf(dimensions.get(hash)!)]),
      onConflict: 'DO NOTHING',
    },
    {
      sql: `SELECT id FROM usage_dimensions WHERE (id, hash) IN (VALUES ${sources.join(', ')})`,
      params: pairs,
      expectRows: fresh.size,
      label: 'dimension',
    },
  ];
}

/** The steps that add these contributions; call `committed` after the write, so that the next batch need not ask for its dimensions. */
export async function rollupSteps(
  driver: Pick<Driver, 'rows'>,
  books: Books,
  contributions: readonly Contribution[],
): Promise<{ steps: WriteStep[]; committed: () => void }> {
  if (contributions.length === 0) return { steps: [], committed: () => undefined };
  const groups = groupsOf(contributions);
  const dimensions = new Map(groups.map(({ hash, dimension }) => [hash, dimension]));
  const fresh = await assignIds(driver, books, dimensions);
  const quarters: Placed[] = [];
  const sixHours: Placed[] = [];
  const days: (Placed & { dimension: Dimension })[] = [];
  for (const { hash, dimension, quarters: ofGroup, members } of groups) {
    const dimensionId = fresh.get(hash) ?? books.dimensionIds.get(hash)!;
    for (const member of members) member.dimensionId = dimensionId;
    for (const sum of ofGroup.values()) quarters.push({ ...sum, dimensionId });
    for (const sum of sixHoursIn(ofGroup.values()).values()) sixHours.push({ ...sum, dimensionId });
    for (const sum of daysOf(ofGroup.values()).values()) days.push({ ...sum, dimensionId, dimension });
  }
  const steps: WriteStep[] = [];
  if (fresh.size > 0) steps.push(...dimensionSteps(fresh, dimensions));
  steps.push(
    bucketStep('usage_quarters', books.shard, quarters),
    bucketStep('usage_six_hours', books.shard, sixHours),
    bucketStep('usage_days', books.shard, days),
  );
  for (const [table, sums] of [
    ['usage_quarter_tallies', quarters],
    ['usage_day_tallies', days],
  ] as const) {
    const step = await tallyStep(driver, table, books.shard, tallyParts(sums));
    if (step) steps.push(step);
  }
  const totals = totalsOf(quarters, (bucket) => bucket);
  for (const [table, parts] of [
    ['usage_quarter_totals', totals],
    ['usage_day_totals', totalsOf(totals, dayOf)],
  ] as const) {
    const step = await totalStep(driver, table, books.shard, parts);
    if (step) steps.push(step);
  }
  const usage = await providerUsageStep(driver, days);
  if (usage) steps.push(usage);
  const committed = (): void => {
    if (books.dimensionIds.size > cachedDimensionsMax) books.dimensionIds.clear();
    for (const [hash, id] of fresh) books.dimensionIds.set(hash, id);
  };
  return { steps, committed };
}
