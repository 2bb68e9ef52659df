/** Writes a month of traffic through the books and holds every sum that the product gives against a recount of the rows. */
import { jsonOf } from '../../src/domain/ledger-line.ts';
import { tallyErrorMax, percentilesOf } from '../../src/domain/tally.ts';
import { daysIn } from '../../src/domain/usage-range.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import type { Driver } from '../../src/storage/driver.ts';
import { openBooks } from '../../src/storage/instances.ts';
import { applyJournal, markUnknown } from '../../src/storage/ledger.ts';
import { pricedRows, repricePageRows, writeCosts, type RepriceCursor } from '../../src/storage/reprice.ts';
import { listRequests } from '../../src/storage/requests.ts';
import { chartMeasures, usageBy, usageSpans, type UsageSum } from '../../src/storage/usage.ts';
import { talliesBy, tallySpans } from '../../src/storage/usage-tallies.ts';
import { atRank, recount, recountDimensions, type Counted, type Recount } from './recount-rows.ts';
import { idOf, recordsOf, type Month, type Town } from './recount-traffic.ts';

export const zones = ['Asia/Jakarta', 'America/New_York', 'Asia/Kathmandu'] as const;

export interface Proof {
  rows: number;
  /** Sums that were compared. */
  compared: number;
  /** What was not equal, in words; empty where all is well. */
  faults: string[];
  /** Name of a question and how long its answer took, ms: the median of five. */
  times: [string, number][];
  writeMs: number;
}

const recordsAtOnce = 1_000;
/** The crc and the length of a line are checked by the journal, which is not part of this. */
const prefix = `${'0'.repeat(17)} `;

const dayMs = 86_400_000;

/** As a feeder does it: batches of whole lines, in order; and once a day a start that closes what a crash left open. */
async function write(database: Database, town: Town, month: Month): Promise<void> {
  const nowMs = month.toMs;
  const { books } = await openBooks(database, idOf('instance', month.seed), nowMs);
  let lines = '';
  let seq = 0;
  let day = Math.floor(month.fromMs / dayMs);
  const flush = async (): Promise<void> => {
    if (lines !== '') await applyJournal(database, books, lines, nowMs + seq);
    lines = '';
  };
  for (const record of recordsOf(town, month)) {
    const today = Math.floor(record.atMs / dayMs);
    if (today > day && record.kind !== 'settle') {
      await flush();
      await markUnknown(database, books, seq, day * dayMs, nowMs + seq);
      day = today;
    }
    seq += 1;
    lines += `${prefix}${seq} ${jsonOf(record)}\n`;
    if (seq % recordsAtOnce === 0) await flush();
  }
  await flush();
  await markUnknown(database, books, seq, day * dayMs, nowMs + seq + 1);
}

class Comparison {
  compared = 0;
  readonly faults: string[] = [];

  same(what: string, found: unknown, expected: unknown): void {
    this.compared += 1;
    if (found !== expected && this.faults.length < 100) this.faults.push(`${what}: ${String(found)} instead of ${String(expected)}`);
  }

  sums(what: string, found: UsageSum | undefined, expected: Counted | undefined): void {
    this.same(`${what} cost`, found?.costNanoUsd ?? 0n, expected?.cost ?? 0n);
    this.same(`${what} saved`, found?.savedNanoUsd ?? 0n, expected?.saved ?? 0n);
    const names = ['requests', 'attempts', 'failures', 'partials', 'refusals', 'unknowns', 'estimated', 'unpriced', 'tokensIn', 'tokensOut', 'tokensCached', 'cacheHits'] as const; // prettier-ignore
    for (const name of names) this.same(`${what} ${name}`, found?.[name] ?? 0, expected?.[name] ?? 0);
  }

  near(what: string, found: number | undefined, exact: number): void {
    this.compared += 1;
    if (found === undefined || Math.abs(found - exact) > exact * tallyErrorMax + 1e-6)
      this.faults.push(`${what}: ${found} is too far from ${exact}`);
  }
}

async function compareGroups(database: Database, month: Month, counted: Recount, comparison: Comparison): Promise<void> {
  const range = { fromMs: month.fromMs - 86_400_000, toMs: month.toMs + 86_400_000 };
  for (const groupBy of recountDimensions) {
    const found = await usageBy(database, { range, groupBy, zone: 'UTC', visibility: 'all' });
    const expected = counted.by[groupBy];
    comparison.same(`groups by ${groupBy}`, found.length, expected.size);
    const byKey = new Map(found.map((sum) => [sum.key, sum]));
    for (const [key, sums] of expected) comparison.sums(`by ${groupBy} ${key}`, byKey.get(key), sums);
  }
  const [total] = await usageSpans(database, { visibility: 'all' }, [range]);
  comparison.sums('total', total?.sum, counted.total);
  const whole = percentilesOf((await tallySpans(database, { visibility: 'all' }, [range])).get(0)!.tally, 'latency');
  comparison.same('times counted', whole?.count, counted.latencies.length);
  for (const [name, share] of [['p50', 0.5], ['p95', 0.95], ['p99', 0.99]] as const) comparison.near(name, whole?.[name], atRank(counted.latencies, share)); // prettier-ignore
  const byModel = await talliesBy(database, { range, visibility: 'all' }, 'model');
  for (const [model, latencies] of counted.latenciesByModel)
    comparison.near(`p95 of ${model}`, percentilesOf(byModel.get(model)?.tally ?? new Map(), 'latency')?.p95, atRank(latencies, 0.95));
}

async function compareDays(database: Database, month: Month, counted: Recount, comparison: Comparison): Promise<void> {
  const range = { fromMs: month.fromMs - 86_400_000, toMs: month.toMs + 86_400_000 };
  const models = [...counted.by.model].toSorted(([, a], [, b]) => (a.cost > b.cost ? -1 : 1)).slice(0, 5).map(([model]) => model); // prettier-ignore
  for (const zone of zones) {
    const expected = counted.days.get(zone)!;
    const found = await usageBy(database, { range, groupBy: 'day', zone, visibility: 'all' });
    comparison.same(`days of ${zone}`, found.length, expected.size);
    const byDate = new Map(found.map((sum) => [sum.key, sum]));
    for (const [date, sums] of expected) comparison.sums(`${date} in ${zone}`, byDate.get(date), sums);
    const days = daysIn(range, zone);
    const split = await usageSpans(database, { visibility: 'all' }, days, { split: { groupBy: 'model', keys: models } });
    const modelDays = counted.modelDays.get(zone)!;
    const seen = new Map(split.map(({ index, sum }) => [`${days[index]!.date} ${sum.key}`, sum]));
    for (const [key, sums] of modelDays) if (models.includes(key.slice(11))) comparison.sums(`${key} in ${zone}`, seen.get(key), sums);
  }
}

const median = (values: number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;

async function timeAll(database: Database, month: Month, town: Town): Promise<[string, number][]> {
  const range = { fromMs: month.fromMs, toMs: month.toMs };
  const jakarta = daysIn(range, 'Asia/Jakarta');
  const all = { visibility: 'all' } as const;
  const own = { visibility: { userId: town.userIds[1]!, workspaceIds: [] } };
  const top = (await usageBy(database, { ...all, range, groupBy: 'model', zone: 'UTC' })).slice(0, 5).map(({ key }) => key);
  const questions: [string, () => Promise<unknown>][] = [
    ['requests, newest page of 50', () => listRequests(database, { visibility: 'all', cursor: null, limit: 50 })],
    ['requests of one model', () => listRequests(database, { visibility: 'all', cursor: null, limit: 50, model: town.models[3]! })],
    ['chart of days, UTC', () => usageSpans(database, all, daysIn(range, 'UTC'), { measures: chartMeasures })],
    ['chart of days, Asia/Jakarta', () => usageSpans(database, all, jakarta, { measures: chartMeasures })],
    ['chart of days, Asia/Jakarta, one person', () => usageSpans(database, own, jakarta, { measures: chartMeasures })],
    [
      'cost by day of the dearest five models',
      () => usageSpans(database, all, jakarta, { measures: ['cost_nano_usd'], split: { groupBy: 'model', keys: top } }),
    ],
    ['every measure by day, Asia/Jakarta', () => usageBy(database, { ...all, range, groupBy: 'day', zone: 'Asia/Jakarta' })],
    ['groups by model', () => usageBy(database, { ...all, range, groupBy: 'model', zone: 'Asia/Jakarta' })],
    ['groups by key', () => usageBy(database, { ...all, range, groupBy: 'key', zone: 'Asia/Jakarta' })],
    ['percentiles of the month', () => tallySpans(database, all, [range])],
    ['percentiles by model', () => talliesBy(database, { ...all, range }, 'model')],
    ['percentiles by day, Asia/Jakarta', () => tallySpans(database, all, jakarta)],
  ];
  const times: [string, number][] = [];
  for (const [name, ask] of questions) {
    const taken: number[] = [];
    for (let round = 0; round < 5; round++) {
      const from = performance.now();
      await ask();
      taken.push(performance.now() - from);
    }
    times.push([name, median(taken)]);
  }
  return times;
}

/** Doubles what one model cost in the middle third of the month, as a back-dated price does. */
async function reprice(
  database: Database,
  town: Town,
  month: Month,
): Promise<{ model: string; fromMs: number; toMs: number; rows: number }> {
  const third = (month.toMs - month.fromMs) / 3;
  const [dearest] = await usageBy(database, {
    range: { fromMs: month.fromMs, toMs: month.toMs },
    groupBy: 'model',
    zone: 'UTC',
    visibility: 'all',
  });
  const model = dearest!.key!;
  const fromMs = Math.ceil((month.fromMs + third) / 900_000) * 900_000;
  const toMs = Math.floor((month.toMs - third) / 900_000) * 900_000;
  let rows = 0;
  for (const provider of ['openai', 'anthropic', 'gemini', 'ollama', 'custom']) {
    let after: RepriceCursor | null = null;
    for (let page = 0; page < town.keyIds.length * 10_000; page++) {
      const found = await pricedRows(database, { provider, model, connectionId: null, fromMs, toMs, leftAlone: [] }, after);
      await writeCosts(
        database,
        found.map((row) => ({ row, costNanoUsd: (row.costNanoUsd ?? 5) * 2, prices: { input: 2, output: 2 } })),
      );
      rows += found.length;
      const last = found.at(-1);
      if (!last || found.length < repricePageRows) break;
      after = { atMs: last.atMs, id: last.id };
    }
  }
  return { model, fromMs, toMs, rows };
}

function compareRepriced(
  before: Recount,
  after: Recount,
  of: { model: string; fromMs: number; toMs: number },
  comparison: Comparison,
): void {
  for (const [model, sums] of before.by.model) {
    const now = after.by.model.get(model)!;
    if (model !== of.model) comparison.same(`cost of ${model} after the price`, now.cost, sums.cost);
    else comparison.same(`cost of ${model} changed`, now.cost > sums.cost, true);
  }
  for (const zone of zones) {
    const days = new Map(
      daysIn({ fromMs: of.fromMs - 86_400_000 * 40, toMs: of.toMs + 86_400_000 * 40 }, zone).map((day) => [day.date, day]),
    );
    for (const [date, sums] of before.days.get(zone)!) {
      const day = days.get(date)!;
      const isOutside = day.toMs <= of.fromMs || day.fromMs >= of.toMs;
      if (isOutside)
        comparison.same(`cost of ${date} in ${zone} outside the price's range`, after.days.get(zone)!.get(date)!.cost, sums.cost);
    }
  }
}

/** The whole proof on one migrated, empty database. */
export async function proveUsage(driver: Driver, town: Town, month: Month, say: (line: string) => void): Promise<Proof> {
  const database = createDatabase(driver);
  const comparison = new Comparison();
  const begun = performance.now();
  await write(database, town, month);
  const writeMs = performance.now() - begun;
  say(`  ${month.rows} rows written in ${(writeMs / 1000).toFixed(1)} s`);
  const times = await timeAll(database, month, town);
  const counted = await recount(driver, zones);
  comparison.same('rows', counted.rows, month.rows);
  await compareGroups(database, month, counted, comparison);
  await compareDays(database, month, counted, comparison);
  say(`  ${comparison.compared} sums compared with the rows, ${comparison.faults.length} differ`);
  const priced = await reprice(database, town, month);
  const recounted = await recount(driver, zones);
  compareRepriced(counted, recounted, priced, comparison);
  await compareGroups(database, month, recounted, comparison);
  await compareDays(database, month, recounted, comparison);
  say(
    `  a price for ${priced.model} was set back in ${priced.rows} rows: ${comparison.compared} sums compared, ${comparison.faults.length} differ`,
  );
  return { rows: counted.rows, compared: comparison.compared, faults: comparison.faults, times, writeMs };
}
