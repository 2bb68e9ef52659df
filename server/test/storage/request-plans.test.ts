/** By which index the embedded database finds what the explorer asks, and budgets: a filter that reads the whole ledger would be noticed here, and not in a year. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../src/lib/clock.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import type { Driver, Statement } from '../../src/storage/driver.ts';
import { openBooks } from '../../src/storage/instances.ts';
import { applyRecords } from '../../src/storage/ledger.ts';
import { migrate } from '../../src/storage/migrate.ts';
import { histogramOf } from '../../src/storage/request-histogram.ts';
import { spentByInstance } from '../../src/storage/limit-spent.ts';
import { attemptsOf, listRequests, requestSummary, type RequestsQuestion } from '../../src/storage/requests.ts';
import { freshPlace, openAt, quiet } from './engines.ts';
import { ids, intentOf, settlementOf, startMs } from './ledger-records.ts';

let driver: Driver;
let database: Database;
let asked: Statement[] = [];
const [userId, groupId] = [ids.uuid(), ids.uuid()];

beforeAll(async () => {
  driver = await openAt(await freshPlace('sqlite'));
  await migrate(driver, { clock: systemClock, log: quiet });
  // Everything that is asked is written down.
  const rows: Driver['rows'] = (statement, lane) => {
    asked.push(statement);
    return driver.rows(statement, lane);
  };
  database = createDatabase({ ...driver, engine: driver.engine, rows });
  const { books } = await openBooks(createDatabase(driver), ids.uuid(), 1_000);
  const records = Array.from({ length: 30 }, (_, at) => intentOf({ atMs: startMs + at, userId, routingGroupId: groupId })).flatMap((intent) => [intent, settlementOf(intent)]); // prettier-ignore
  await applyRecords(createDatabase(driver), books, records.map((record, at) => ({ seq: at + 1, record })), 1_001); // prettier-ignore
});
afterAll(() => driver.close());

/** The steps of the plans of everything that a question asks of the ledger. */
async function plansOf(ask: () => Promise<unknown>): Promise<string> {
  asked = [];
  await ask();
  const steps: string[] = [];
  for (const { sql, params } of asked.filter((statement) => statement.sql.includes('usage_events')))
    for (const row of await driver.rows<{ detail: string }>({ sql: `EXPLAIN QUERY PLAN ${sql}`, params })) steps.push(row.detail);
  return steps.join('\n');
}
const page = (part: Partial<RequestsQuestion>) => () => listRequests(database, { visibility: 'all', cursor: null, limit: 50, ...part });
const bars = (part: Partial<RequestsQuestion>) => () =>
  histogramOf(database, { visibility: 'all', fromMs: startMs - 60_000, toMs: startMs + 60_000, barMs: 60_000, ...part });

test.each<[string, () => () => Promise<unknown>, string]>([
  ['the newest', () => page({}), 'sqlite_autoindex_usage_events_1'],
  ['from a cursor on', () => page({ cursor: { atMs: startMs, id: ids.uuid() } }), 'sqlite_autoindex_usage_events_1'],
  ["a person's", () => page({ userId }), 'usage_events_dimension'],
  ["a person's own view", () => page({ visibility: { userId, workspaceIds: [] } }), 'usage_events_dimension'],
  ['failed ones', () => page({ outcome: 'failed' }), 'usage_events_troubled'],
  ['one status of failure', () => page({ status: 502 }), 'usage_events_troubled'],
  ['those that were cut short', () => page({ state: 'partial' }), 'usage_events_troubled'],
  ["a person's failed ones", () => page({ userId, outcome: 'failed' }), 'usage_events_dimension_troubled'],
  ['changed ones', () => page({ isChanged: true }), 'usage_events_changed'],
  ["a routing group's", () => page({ routingGroupId: groupId }), 'usage_events_routing_group'],
  ['by a client’s id', () => page({ search: 'order-1' }), 'usage_events_client_request'],
  ['by the beginning of an id', () => page({ search: ids.uuid().slice(0, 18) }), 'usage_events_request'],
  ['one by its id', () => () => attemptsOf(database, ids.uuid(), 'all'), 'usage_events_request'],
  ['one as the list shows it', () => () => requestSummary(database, ids.uuid()), 'usage_events_request'],
  ['bars', () => bars({}), 'sqlite_autoindex_usage_events_1'],
  ['bars of failed ones', () => bars({ outcome: 'failed' }), 'usage_events_troubled'],
  ["bars of a person's", () => bars({ userId }), 'usage_events_dimension'],
])('%s: found by an index, and nothing is scanned', async (_name, ask, index) => {
  const plan = await plansOf(ask());
  expect(plan).toContain(index);
  // A walk down the table's own key is an index, too; without one the ledger would be read from end to end.
  expect(plan).not.toMatch(/SCAN e(?!\w)(?! USING)/);
  expect(plan).not.toMatch(/SCAN usage_events(?! USING)/);
});

test.each(['access-key', 'user', 'workspace', 'connection'] as const)(
  'what a budget of a %s counts for want of a price: by an index',
  async (kind) => {
    const plan = await plansOf(() => spentByInstance(database, { kind, id: ids.uuid() }, 0));
    expect(plan).toContain('SEARCH e USING INDEX usage_events_unpriced (dimension_id=? AND at>?)');
  },
);
