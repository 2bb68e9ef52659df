/** `node tools/requests-speed.ts [--rows 1000000] [--postgres] [--rounds 5]`: fills the books by their own way of writing and times what the explorer of requests asks. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createDatabase, type Database } from '../server/src/storage/database.ts';
import { createLog } from '../server/src/lib/log.ts';
import { systemClock } from '../server/src/lib/clock.ts';
import { migrate } from '../server/src/storage/migrate.ts';
import { openDriver } from '../server/src/storage/open.ts';
import { ensurePartitionsOf } from '../server/src/storage/partitions.ts';
import { histogramOf } from '../server/src/storage/request-histogram.ts';
import { listRequests, type RequestsQuestion } from '../server/src/storage/requests.ts';
import { ids } from '../server/test/storage/ledger-records.ts';
import { largeServer, startPostgres } from '../server/test/support/postgres.ts';
import { freshDir } from '../server/test/support/throwaway.ts';
import { copyBooks } from '../server/test/support/copy-books.ts';
import { fillBooks } from './books/fill.ts';
import { cast, monthMs, monthOf, rareKey } from './books/month.ts';

const rowsMax = 10_000_000;
const roundsMax = 100;
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
const fromMs = untilMs - monthMs;

async function told(what: string, work: () => Promise<void>): Promise<void> {
  const startedMs = performance.now();
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  console.log(`  ${rows} requests ${what} in ${Math.round((performance.now() - startedMs) / 1_000)} s (CPU of this process ${Math.round((user + system) / 1e6)} s)`); // prettier-ignore
}

async function timed(name: string, ask: () => Promise<string>): Promise<void> {
  const times: number[] = [];
  const cpuTimes: number[] = [];
  let said = '';
  for (let round = 0; round < rounds; round++) {
    const before = process.cpuUsage();
    const startedMs = performance.now();
    said = await ask();
    times.push(performance.now() - startedMs);
    const { user, system } = process.cpuUsage(before);
    cpuTimes.push((user + system) / 1_000);
  }
  const sorted = times.toSorted((a, b) => a - b);
  const cpuMs = cpuTimes.toSorted((a, b) => a - b)[Math.floor(rounds / 2)]!;
  // On a busy machine the time says little: with the embedded database all that it costs is CPU of this process.
  console.log(`  ${name.padEnd(52)} ${sorted[Math.floor(rounds / 2)]!.toFixed(1).padStart(8)} ms   (${sorted[0]!.toFixed(1)} to ${sorted.at(-1)!.toFixed(1)})  CPU ${cpuMs.toFixed(1)} ms  ${said}`); // prettier-ignore
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

const dataDir = freshDir('requests-speed');
const file = join(dataDir, 'patchbay.db');

async function withDatabase<T>(databaseUrl: string | null, work: (database: Database) => Promise<T>): Promise<T> {
  const driver = await openDriver({ databaseUrl, dataDir, clock: systemClock, log: quiet });
  try {
    return await work(createDatabase(driver));
  } finally {
    await driver.close();
  }
}

async function prove(databaseUrl: string | null): Promise<void> {
  console.log(databaseUrl === null ? 'embedded database' : '\nPostgreSQL');
  await withDatabase(databaseUrl, async ({ driver }) => {
    await migrate(driver, { clock: systemClock, log: quiet });
    if (driver.engine === 'postgres') await ensurePartitionsOf(driver, 'usage_events', fromMs, untilMs);
  });
  if (databaseUrl === null) await told('written', () => fillBooks(file, ids.uuid(), monthOf(rows, fromMs)));
  else await told('copied', () => copyBooks(file, databaseUrl));
  await withDatabase(databaseUrl, measure);
}

try {
  await prove(null);
  if (values.postgres) {
    const postgres = await startPostgres(largeServer);
    try {
      await prove(await postgres.createDatabase());
    } finally {
      await postgres.stop();
    }
  }
} finally {
  rmSync(dataDir, { recursive: true, force: true });
}
process.exit(0);
