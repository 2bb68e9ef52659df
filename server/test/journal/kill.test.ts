/** The books stay exact when the process dies at any moment: a real one is killed again and again under load. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { feedLedger } from '../../src/jobs/feed-ledger.ts';
import { openJournal } from '../../src/journal/journal.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createDatabase } from '../../src/storage/database.ts';
import type { Driver } from '../../src/storage/driver.ts';
import { migrate } from '../../src/storage/migrate.ts';
import { needs } from '../support/parts.ts';
import { freshPlace, openAt, quiet, type Place } from '../storage/engines.ts';
import { expectExactBooks, ids, seedConnections, seeded } from '../storage/ledger-records.ts';

/** Runs the child until it has promised something and then for `moreMs`, and kills it. Its promises are added to the file. */
async function killedRun(place: Place, connections: string[], promisesPath: string, moreMs: number): Promise<void> {
  const script = join(import.meta.dirname, 'feeding-child.ts');
  const child = spawn(process.execPath, [script, place.dataDir, place.databaseUrl ?? '', connections.join(','), promisesPath], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  child.stdout.once('data', () => setTimeout(() => child.kill('SIGKILL'), moreMs));
  const signal = await new Promise((resolve) => child.once('close', (_code, by) => resolve(by)));
  if (signal !== 'SIGKILL') throw new Error(`the child ended by itself: ${errors}`);
}

/** What the child writes last in a line: a kill may cut one off where the file goes on to another page, and that was no promise yet. */
const wholeLine = ' .';

interface StateRow {
  id: string;
  request_id: string;
  state: string;
  cost: number | null;
  is_last: boolean;
}

const allRows = (driver: Driver): Promise<StateRow[]> =>
  driver.rows(
    { sql: 'SELECT CAST(id AS TEXT) AS id, request_id, state, cost_nano_usd AS cost, is_last FROM usage_events', params: [] },
    'analytics',
  );

function expectPromisesKept(rows: readonly StateRow[], lines: readonly string[]): void {
  const byId = new Map(rows.map((row) => [row.id, row]));
  // No attempt twice.
  expect(byId.size).toBe(rows.length);
  const lost = lines.filter((line) => {
    const [kind, id, cost] = line.split(' ');
    const row = byId.get(id!);
    return !row || (kind === 'settle' && (row.state !== 'settled' || row.cost !== Number(cost)));
  });
  expect(lost).toEqual([]);
  expect(rows.filter((row) => row.state === 'intent')).toEqual([]);
  const lastOf = new Map<string, number>();
  for (const row of rows) lastOf.set(row.request_id, (lastOf.get(row.request_id) ?? 0) + (row.is_last ? 1 : 0));
  // Each request has one last row.
  expect([...lastOf.values()].filter((count) => count !== 1)).toEqual([]);
}

/** Kills as often as asked, feeds what is left, and checks every promise; answers how many attempts the books have. */
async function killAgainAndAgain(place: Place, kills: number): Promise<number> {
  let driver = await openAt(place);
  await migrate(driver, { clock: systemClock, log: quiet });
  const connections = await seedConnections(driver, 3);
  await driver.close();
  const below = seeded(20_261_120 + kills);
  const promisesPath = join(place.dataDir, 'promises');
  for (let round = 0; round < kills; round++) await killedRun(place, connections, promisesPath, 20 + below(500));
  const lines = readFileSync(promisesPath, 'utf8')
    .split('\n')
    .flatMap((line) => (line.endsWith(wholeLine) ? [line.slice(0, -wholeLine.length)] : []));
  driver = await openAt(place);
  const { journal, recovered } = openJournal({
    dir: join(place.dataDir, 'journal'),
    clock: systemClock,
    ids,
    onError: (error) => expect.unreachable(error.message),
  });
  const feeder = feedLedger({ database: createDatabase(driver), journal, recovered, clock: systemClock, ids, log: quiet });
  await feeder.feed();
  expect(feeder.lagRecords()).toBe(0);
  expect(feeder.isCaughtUp()).toBe(true);
  await feeder.close();
  await journal.close();
  const rows = await allRows(driver);
  expectPromisesKept(rows, lines);
  // The kills left attempts open, or this test has shown little.
  expect(rows.filter((row) => row.state === 'unknown').length).toBeGreaterThan(kills);
  expect(lines.filter((line) => line.startsWith('settle')).length).toBeGreaterThan(kills * 10);
  expect(await driver.rows({ sql: "SELECT id FROM audit_entries WHERE action = 'journal.gap'", params: [] })).toEqual([]);
  await expectExactBooks(driver);
  opened.push(driver);
  return rows.length;
}

const opened: Driver[] = [];
afterAll(() => Promise.all(opened.map((driver) => driver.close())));

describe('kill -9 (sqlite)', () => {
  test('25 kills under load lose nothing, double nothing, and the roll-ups are the sums of the rows', async () => {
    expect(await killAgainAndAgain(await freshPlace('sqlite'), 25)).toBeGreaterThan(1_000);
  }, 180_000);
});

needs('postgres')('kill -9 (postgres)', () => {
  test('10 kills under load lose nothing, double nothing, and the roll-ups are the sums of the rows', async () => {
    expect(await killAgainAndAgain(await freshPlace('postgres'), 10)).toBeGreaterThan(400);
  }, 180_000);
});
