/** What rows add to the roll-ups, as steps of the transaction that writes them. */
import { createHash } from 'node:crypto';
import { addMeasures, dayOf, measureNames, noMeasures, quarterOf, type Dimension, type Measures } from '../domain/rollup.ts';
import type { Driver, InsertMany, WriteStep } from './driver.ts';
import { StorageFault } from './errors.ts';
import type { Books } from './instances.ts';

/** One row's contribution. */
export interface Contribution {
  atMs: number;
  dimension: Dimension;
  measures: Measures;
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

/** `$1, $2 ...` for a list that begins after `before` parameters. */
export const placeholders = (count: number, before = 0): string =>
  Array.from({ length: count }, (_, index) => `$${before + index + 1}`).join(', ');

/** An id for every dimension: the one it has, or a new one derived from its hash. Two that would share an id never do. */
async function assignIds(driver: Driver, books: Books, dimensions: ReadonlyMap<string, Dimension>): Promise<Map<string, number>> {
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
  dimensionId: number;
  measures: Measures;
}

/** Rows are upserted in the order of their key, so that two instances never wait for each other in a circle. */
function bucketStep(table: 'usage_quarters' | 'usage_days', shard: number, sums: Iterable<Sum>): InsertMany {
  const sorted = [...sums].toSorted((a, b) => a.bucket - b.bucket || a.dimensionId - b.dimensionId);
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

function addTo(sums: Map<string, Sum>, bucket: number, dimensionId: number, measures: Measures): void {
  const key = `${bucket}/${dimensionId}`;
  let sum = sums.get(key);
  if (!sum) sums.set(key, (sum = { bucket, dimensionId, measures: noMeasures() }));
  addMeasures(sum.measures, measures);
}

const isoDay = (dayStartMs: number): string => new Date(dayStartMs).toISOString().slice(0, 10);

/** Sums per connection and UTC day, for those connections that have a row: a reference to nothing would fail the whole batch. */
async function providerUsageStep(driver: Driver, contributions: readonly Contribution[]): Promise<InsertMany | null> {
  const counted = contributions.filter((one) => one.providerCalls > 0 && one.dimension.connectionId !== null);
  const ids = [...new Set(counted.map((one) => one.dimension.connectionId!))];
  if (ids.length === 0) return null;
  const found = await driver.rows<{ id: string }>({
    sql: `SELECT id FROM ai_configurations WHERE id IN (${placeholders(ids.length)})`,
    params: ids,
  });
  const existing = new Set(found.map((row) => row.id));
  const sums = new Map<string, { id: string; day: string; requests: number; tokens: number; cost: number; lastMs: number }>();
  for (const { atMs, dimension, measures, providerCalls } of counted) {
    const id = dimension.connectionId!;
    if (!existing.has(id)) continue;
    const day = isoDay(dayOf(atMs));
    const sum = sums.get(`${id}/${day}`) ?? { id, day, requests: 0, tokens: 0, cost: 0, lastMs: 0 };
    sum.requests += providerCalls;
    sum.tokens += measures.tokens_in + measures.tokens_out;
    sum.cost += measures.cost_nano_usd;
    sum.lastMs = Math.max(sum.lastMs, atMs);
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

/** The steps that add these contributions; call `committed` after the write, so that the next batch need not ask for its dimensions. */
export async function rollupSteps(
  driver: Driver,
  books: Books,
  contributions: readonly Contribution[],
): Promise<{ steps: WriteStep[]; committed: () => void }> {
  if (contributions.length === 0) return { steps: [], committed: () => undefined };
  const hashed = contributions.map((contribution) => ({ ...contribution, hash: hashOf(contribution.dimension) }));
  const dimensions = new Map(hashed.map(({ hash, dimension }) => [hash, dimension]));
  const fresh = await assignIds(driver, books, dimensions);
  const quarters = new Map<string, Sum>();
  const days = new Map<string, Sum>();
  for (const { atMs, hash, measures } of hashed) {
    const id = fresh.get(hash) ?? books.dimensionIds.get(hash)!;
    addTo(quarters, quarterOf(atMs), id, measures);
    addTo(days, dayOf(atMs), id, measures);
  }
  const steps: WriteStep[] = [];
  if (fresh.size > 0) {
    steps.push({
      insertInto: 'usage_dimensions',
      columns: [
        'id',
        'hash',
        'connection_id',
        'provider',
        'model',
        'access_key_id',
        'user_id',
        'workspace_id',
        'repository_id',
        'use_case_id',
        'purpose',
      ],
      rows: [...fresh].map(([hash, id]) => [id, hash, ...tupleOf(dimensions.get(hash)!)]),
      onConflict: '(hash) DO NOTHING',
    });
  }
  steps.push(bucketStep('usage_quarters', books.shard, quarters.values()), bucketStep('usage_days', books.shard, days.values()));
  const usage = await providerUsageStep(driver, contributions);
  if (usage) steps.push(usage);
  const committed = (): void => {
    if (books.dimensionIds.size > cachedDimensionsMax) books.dimensionIds.clear();
    for (const [hash, id] of fresh) books.dimensionIds.set(hash, id);
  };
  return { steps, committed };
}
