/** `node tools/requests-speed.ts [--rows 1000000] [--postgres] [--rounds 5]`: fills the books by their own way of writing and times what the explorer of requests asks. */
import { parseArgs } from 'node:util';
import { createDatabase, type Database } from '../server/src/storage/database.ts';
import { openBooks } from '../server/src/storage/instances.ts';
import { applyRecords } from '../server/src/storage/ledger.ts';
import type { LedgerRecord } from '../server/src/domain/ledger.ts';
import { createLog } from '../server/src/lib/log.ts';
import { systemClock } from '../server/src/lib/clock.ts';
import { migrate } from '../server/src/storage/migrate.ts';
import { openDriver } from '../server/src/storage/open.ts';
import { ensurePartitions } from '../server/src/storage/partitions.ts';
import { histogramOf } from '../server/src/storage/request-histogram.ts';
import { listRequests, type RequestsQuestion } from '../server/src/storage/requests.ts';
import { ids, intentOf, refusedOf, seeded, settlementOf } from '../server/test/storage/ledger-records.ts';
import { startPostgres } from '../server/test/support/postgres.ts';
import { freshDir } from '../server/test/support/throwaway.ts';

const rowsMax = 10_000_000;
const roundsMax = 100;
const batchRequests = 1_000;
const dayMs = 86_400_000;

const { values } = parseArgs({
  options: { rows: { type: 'string', default: '1000000' }, rounds: { type: 'string', default: '5' }, postgres: { type: 'boolean', default: false } },
}); // prettier-ignore
const rows = Number(values.rows);
const rounds = Number(values.rounds);
if (!(rows >= 1_000 && rows <= rowsMax) || !(rounds >= 1 && rounds <= roundsMax)) {
  console.error(`--rows takes 1000 to ${rowsMax}, --rounds 1 to ${roundsMax}`);
  process.exit(64);
}

const quiet = createLog('silent');
const untilMs = Math.floor(systemClock.nowMs() / dayMs) * dayMs;
const fromMs = untilMs - 30 * dayMs;

interface Cast {
  connections: string[];
  keys: string[];
  users: string[];
  workspaces: string[];
  groups: string[];
}
const many = (count: number): string[] => Array.from({ length: count }, () => ids.uuid());
const cast: Cast = { connections: many(50), keys: many(300), users: many(100), workspaces: many(20), groups: many(5) };
/** One that asks once in a hundred thousand, so that a filter finds little among much. */
const rareKey = ids.uuid();

/** One request of a month: most answered at once, some refused, some failed over, some changed in translation. */
function requestAt(atMs: number, below: (limit: number) => number): LedgerRecord[] {
  const pick = <T>(list: readonly T[]): T => list[below(list.length)]!;
  const user = below(cast.users.length);
  const who = {
    userId: cast.users[user]!,
    accessKeyId: below(100_000) === 0 ? rareKey : cast.keys[(user * 3 + below(3)) % cast.keys.length]!,
    workspaceId: cast.workspaces[user % cast.workspaces.length]!,
  };
  if (below(40) === 0) return [refusedOf({ ...who, atMs, status: 429, reason: 'rate_limited' })];
  // People have their few connections, and a connection its few models.
  const place = (user * 7 + below(3)) % cast.connections.length;
  const model = `model-${place * 4 + below(4)}`;
  const first = intentOf({ ...who, atMs, connectionId: cast.connections[place]!, model, modelAsked: model, routingGroupId: below(4) === 0 ? pick(cast.groups) : null, clientRequestId: below(10) === 0 ? ids.uuid() : null }); // prettier-ignore
  const changed = below(50) === 0 ? [{ parameter: 'logit_bias', what: 'dropped' as const }] : null;
  const end = { latencyMs: below(3_000), firstByteMs: below(800), costNanoUsd: below(20_000_000), changed };
  if (below(30) > 0) return [first, settlementOf(first, end)];
  const second = intentOf({
    ...first,
    id: ids.uuid(),
    attemptNo: 2,
    atMs: atMs + 700,
    connectionId: cast.connections[(place + 1) % cast.connections.length]!,
  });
  const isLost = below(3) === 0;
  const ending = isLost ? { ...end, status: 502, reason: 'server_error', latencyMs: 30_000 + below(30_000) } : end;
  return [first, settlementOf(first, { isLast: false, status: 503, reason: 'overloaded' }), second, settlementOf(second, ending)];
}

async function fill(database: Database): Promise<void> {
  const below = seeded(7);
  const { books } = await openBooks(database, ids.uuid(), fromMs);
  const startedMs = performance.now();
  const stepMs = (30 * dayMs) / rows;
  for (let done = 0; done < rows; done += batchRequests) {
    const count = Math.min(batchRequests, rows - done);
    const records = Array.from({ length: count }, (_, at) => requestAt(Math.floor(fromMs + (done + at) * stepMs), below)).flat();
    await applyRecords(database, books, records.map((record, at) => ({ seq: books.appliedSeq + at + 1, record })), fromMs + done + 1); // prettier-ignore
  }
  const seconds = (performance.now() - startedMs) / 1_000;
  console.log(`  ${rows} requests written in ${seconds.toFixed(0)} s (${Math.round(rows / seconds)} a second)`);
  if (database.driver.engine === 'postgres') await database.driver.script('ANALYZE usage_events; ANALYZE usage_dimensions; ANALYZE usage_quarters; ANALYZE usage_days'); // prettier-ignore
}

async function timed(name: string, ask: () => Promise<string>): Promise<void> {
  const times: number[] = [];
  let said = '';
  for (let round = 0; round < rounds; round++) {
    const startedMs = performance.now();
    said = await ask();
    times.push(performance.now() - startedMs);
  }
  const sorted = times.toSorted((a, b) => a - b);
  console.log(`  ${name.padEnd(52)} ${sorted[Math.floor(rounds / 2)]!.toFixed(1).padStart(8)} ms   (${sorted[0]!.toFixed(1)} to ${sorted.at(-1)!.toFixed(1)})  ${said}`); // prettier-ignore
}

async function measure(database: Database): Promise<void> {
  const page = (name: string, part: Partial<RequestsQuestion>): Promise<void> =>
    timed(name, async () => {
      const { rows: found, searchedToMs } = await listRequests(database, { visibility: 'all', cursor: null, limit: 50, ...part });
      return `${found.length} rows${searchedToMs === null ? '' : ', goes on'}`;
    });
  const bars = (name: string, part: Partial<RequestsQuestion> & { fromMs: number; barMs: number }): Promise<void> =>
    timed(name, async () => {
      const { bars: found, countedFromMs } = await histogramOf(database, { visibility: 'all', toMs: untilMs, ...part });
      return `${found.length} bars${countedFromMs > part.fromMs ? ', newest only' : ''}`;
    });
  const member = { userId: cast.users[3]!, workspaceIds: [cast.workspaces[1]!] };
  await page('page: all, newest', {});
  await page('page: all, from the middle', { cursor: { atMs: fromMs + 15 * dayMs, id: ids.uuid() } });
  await page('page: one connection', { connectionId: cast.connections[7]! });
  await page('page: a key with ten requests', { accessKeyId: rareKey });
  await page('page: a member with a workspace', { visibility: member });
  await page('page: failed', { outcome: 'failed' });
  await page('page: status 502', { status: 502 });
  await page('page: failed at one connection', { connectionId: cast.connections[7]!, outcome: 'failed' });
  await page('page: changed in translation', { isChanged: true });
  await page('page: a routing group', { routingGroupId: cast.groups[1]! });
  await page('page: longer than 50 s', { minLatencyMs: 50_000 });
  await page('page: longer than an hour (none)', { minLatencyMs: 3_600_000 });
  await page('page: dearer than 0.0199 USD, one model', { minCostNanoUsd: 19_900_000, model: 'model-7' });
  await page('page: with findings (none)', { hasViolations: true });
  await page('page: an id that is not there', { search: ids.uuid() });
  await bars('bars: an hour by the minute', { fromMs: untilMs - 3_600_000, barMs: 60_000 });
  await bars('bars: a day by quarter-hours', { fromMs: untilMs - dayMs, barMs: 900_000 });
  await bars('bars: a week by the hour', { fromMs: untilMs - 7 * dayMs, barMs: 3_600_000 });
  await bars('bars: a month by the day', { fromMs, barMs: dayMs });
  await bars('bars: a month by the day, one connection', { fromMs, barMs: dayMs, connectionId: cast.connections[7]! });
  await bars('bars: a month by the day, failed', { fromMs, barMs: dayMs, outcome: 'failed' });
  await bars('bars: a month by the day, longer than 50 s', { fromMs, barMs: dayMs, minLatencyMs: 50_000 });
}

async function prove(databaseUrl: string | null): Promise<void> {
  console.log(databaseUrl === null ? 'embedded database' : '\nPostgreSQL');
  const driver = await openDriver({ databaseUrl, dataDir: freshDir('requests-speed'), clock: systemClock, log: quiet });
  try {
    await migrate(driver, { clock: systemClock, log: quiet });
    for (const month of [fromMs, fromMs + 15 * dayMs, untilMs]) await ensurePartitions(driver, month, 0);
    const database = createDatabase(driver);
    await fill(database);
    await measure(database);
  } finally {
    await driver.close();
  }
}

await prove(null);
if (values.postgres) {
  const postgres = await startPostgres();
  try {
    await prove(await postgres.createDatabase());
  } finally {
    await postgres.stop();
  }
}
process.exit(0);
