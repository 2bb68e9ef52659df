/** Sums of usage: equal to the rows they stand for, by every dimension, in every range and zone, and only of what one may see. */
import { beforeAll, expect, test } from 'vitest';
import type { LedgerRecord } from '../../src/domain/ledger.ts';
import { quarterMs, quarterOf } from '../../src/domain/rollup.ts';
import type { UsageRange } from '../../src/domain/usage-range.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import { openBooks } from '../../src/storage/instances.ts';
import { applyRecords, markUnknown } from '../../src/storage/ledger.ts';
import { usageBy, type GroupBy, type UsageQuestion, type UsageSum } from '../../src/storage/usage.ts';
import { onBothEngines } from './engines.ts';
import { castOf, ids, intentOf, randomRecords, seedConnections, seeded, settlementOf, startMs, type Cast } from './ledger-records.ts';

interface EventRow {
  at: number;
  state: string;
  is_last: boolean;
  connection_id: string | null;
  provider: string;
  model: string;
  access_key_id: string | null;
  user_id: string | null;
  workspace_id: string | null;
  repository_id: string | null;
  use_case_id: string | null;
  purpose: string;
  tokens_in: number;
  tokens_out: number;
  cost_nano_usd: number | null;
  saved_nano_usd: number | null;
}

const columnOf: Record<Exclude<GroupBy, 'day'>, keyof EventRow> = {
  connection: 'connection_id',
  provider: 'provider',
  model: 'model',
  key: 'access_key_id',
  user: 'user_id',
  workspace: 'workspace_id',
  repository: 'repository_id',
  'use-case': 'use_case_id',
  purpose: 'purpose',
};

interface Short {
  key: string | null;
  attempts: number;
  requests: number;
  tokensIn: number;
  tokensOut: number;
  costNanoUsd: string;
}

const byKey = (a: Short, b: Short): number => ((a.key ?? '') < (b.key ?? '') ? -1 : 1);

/** The same sums, from the rows and in plain JavaScript. */
function expected(rows: readonly EventRow[], keyOf: (row: EventRow) => string | null): Short[] {
  const groups = new Map<string | null, Short & { cost: bigint }>();
  for (const row of rows) {
    if (row.state === 'intent') continue;
    const key = keyOf(row);
    const group = groups.get(key) ?? { key, attempts: 0, requests: 0, tokensIn: 0, tokensOut: 0, costNanoUsd: '', cost: 0n };
    group.attempts += row.saved_nano_usd === null ? 1 : 0;
    group.requests += row.is_last ? 1 : 0;
    group.tokensIn += row.tokens_in;
    group.tokensOut += row.tokens_out;
    group.cost += BigInt(row.cost_nano_usd ?? 0);
    groups.set(key, group);
  }
  return [...groups.values()].map(({ cost, ...group }) => ({ ...group, costNanoUsd: String(cost) })).toSorted(byKey);
}

const short = (sums: readonly UsageSum[]): Short[] =>
  sums
    .map(({ key, attempts, requests, tokensIn, tokensOut, costNanoUsd }) => ({
      key,
      attempts,
      requests,
      tokensIn,
      tokensOut,
      costNanoUsd: String(costNanoUsd),
    }))
    .toSorted(byKey);

const dateIn = (zone: string): ((row: EventRow) => string) => {
  const format = new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' });
  return (row) => format.format(row.at);
};

onBothEngines('usage', (bench) => {
  let database: Database;
  let rows: EventRow[];
  let cast: Cast;
  const everything: UsageRange = { fromMs: 0, toMs: startMs + 400 * 86_400_000 };
  const ask = (part: Partial<UsageQuestion>): Promise<UsageSum[]> =>
    usageBy(database, { range: everything, groupBy: 'model', zone: 'UTC', visibility: 'all', ...part });

  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
    cast = castOf(await seedConnections(database.driver, 3));
    const probe = intentOf({ purpose: 'probe', connectionId: cast.connections[0]! });
    // Two instances, so that every sum is one over shards.
    for (const [shard, seed] of [21, 22].entries()) {
      const { books } = await openBooks(database, ids.uuid(), 1_000 + shard);
      const records: LedgerRecord[] = [...randomRecords(seed, 300, cast), ...(shard === 0 ? [probe, settlementOf(probe)] : [])];
      await applyRecords(
        database,
        books,
        records.map((record, index) => ({ seq: index + 1, record })),
        2_000,
      );
      if (shard === 0) await markUnknown(database, books, records.length, startMs, 3_000);
    }
    rows = await database.driver.rows<EventRow>({ sql: 'SELECT * FROM usage_events', params: [] });
  });

  test('the rows that the sums are compared with are many and of every state', () => {
    expect(rows.length).toBeGreaterThan(800);
    expect(new Set(rows.map(({ state }) => state))).toEqual(new Set(['intent', 'settled', 'partial', 'unknown', 'refused']));
  });

  test.each(Object.keys(columnOf) as (keyof typeof columnOf)[])('by %s the sums are those of the rows', async (groupBy) => {
    const sums = await ask({ groupBy });
    expect(short(sums)).toEqual(expected(rows, (row) => row[columnOf[groupBy]] as string | null));
    const costs = sums.map(({ costNanoUsd }) => costNanoUsd);
    expect(costs, 'the dearest first').toEqual(costs.toSorted((a, b) => (a < b ? 1 : -1)));
  });

  test.each(['UTC', 'Asia/Jakarta', 'Asia/Kathmandu', 'America/St_Johns', 'Pacific/Chatham', 'Europe/Berlin'])(
    'by day in %s each row is on its own day',
    async (zone) => {
      const sums = await ask({ groupBy: 'day', zone });
      expect(short(sums)).toEqual(expected(rows, dateIn(zone)));
      const dates = sums.map(({ key }) => key ?? '');
      expect(dates).toEqual(dates.toSorted((a, b) => (a < b ? -1 : 1)));
    },
  );

  test('100 random ranges have exactly the rows between their ends', async () => {
    const below = seeded(77);
    const first = quarterOf(startMs) - 86_400_000;
    for (let round = 0; round < 100; round++) {
      const fromMs = first + below(4 * 96) * quarterMs;
      const range = { fromMs, toMs: fromMs + (1 + below(3 * 96)) * quarterMs };
      const inside = rows.filter(({ at }) => at >= range.fromMs && at < range.toMs);
      const zone = below(2) === 0 ? 'UTC' : 'Asia/Kolkata';
      expect(short(await ask({ range, groupBy: 'provider' }))).toEqual(expected(inside, ({ provider }) => provider));
      expect(short(await ask({ range, groupBy: 'day', zone }))).toEqual(expected(inside, dateIn(zone)));
    }
  });

  test('filters take what they name and nothing else', async () => {
    const [one, two] = cast.connections;
    const of = (keep: (row: EventRow) => boolean): Short[] => expected(rows.filter(keep), ({ model }) => model);
    expect(short(await ask({ connectionIds: [one!, two!] }))).toEqual(of((row) => row.connection_id === one || row.connection_id === two));
    expect(await ask({ connectionIds: [] })).toEqual([]);
    expect(await ask({ connectionIds: [ids.uuid()] })).toEqual([]);
    expect(short(await ask({ accessKeyIds: [cast.keys[0]!] }))).toEqual(of((row) => row.access_key_id === cast.keys[0]));
    expect(short(await ask({ models: ['o3'] }))).toEqual(of((row) => row.model === 'o3'));
    expect(short(await ask({ purposes: ['probe', 'health'] }))).toEqual(of((row) => row.purpose === 'probe'));
    expect(short(await ask({ purposes: ['completion'], models: ['gpt-4o'], connectionIds: [one!] }))).toEqual(
      of((row) => row.purpose === 'completion' && row.model === 'gpt-4o' && row.connection_id === one),
    );
  });

  test("one sees one's own and one's workspaces' usage, and never that of others", async () => {
    const userId = cast.users[0]!;
    const workspaceId = cast.workspaces[0]!;
    const of = (keep: (row: EventRow) => boolean): Short[] => expected(rows.filter(keep), (row) => row.user_id);
    expect(short(await ask({ groupBy: 'user', visibility: { userId, workspaceIds: [] } }))).toEqual(of((row) => row.user_id === userId));
    const both = short(await ask({ groupBy: 'user', visibility: { userId, workspaceIds: [workspaceId, ids.uuid()] } }));
    expect(both).toEqual(of((row) => row.user_id === userId || row.workspace_id === workspaceId));
    expect(await ask({ groupBy: 'user', visibility: { userId: ids.uuid(), workspaceIds: [] } })).toEqual([]);
    // A filter never widens what one may see.
    const stranger = { userId: ids.uuid(), workspaceIds: [] };
    expect(await ask({ groupBy: 'connection', visibility: stranger, connectionIds: cast.connections })).toEqual([]);
  });

  test('every measure is told: failures, partials, refusals, unknowns, estimates, unpriced, times', async () => {
    const [sum] = await ask({ groupBy: 'purpose', purposes: ['completion'] });
    const [counts] = await database.driver.rows<Record<string, number>>({
      sql: `SELECT sum(CASE WHEN state = 'settled' AND reason IS NOT NULL THEN 1 ELSE 0 END) AS failures, sum(CASE WHEN state = 'partial' THEN 1 ELSE 0 END) AS partials,
        sum(CASE WHEN state = 'refused' THEN 1 ELSE 0 END) AS refusals, sum(CASE WHEN state = 'unknown' THEN 1 ELSE 0 END) AS unknowns,
        sum(CASE WHEN is_estimated THEN 1 ELSE 0 END) AS estimated, sum(CASE WHEN state IN ('settled', 'partial') AND cost_nano_usd IS NULL THEN 1 ELSE 0 END) AS unpriced,
        sum(tokens_cached) AS cached, sum(tokens_cache_write) AS written, sum(tokens_reasoning) AS reasoning,
        sum(CASE WHEN saved_nano_usd IS NULL THEN latency_ms END) AS latency, count(saved_nano_usd) AS hits, sum(first_byte_ms) AS first_byte, count(first_byte_ms) AS first_byte_count, max(at) AS last_used_at
        FROM usage_events WHERE purpose = 'completion' AND state <> 'intent'`,
      params: [],
    });
    expect(sum).toMatchObject({
      failures: counts!['failures'], partials: counts!['partials'], refusals: counts!['refusals'], unknowns: counts!['unknowns'], estimated: counts!['estimated'],
      unpriced: counts!['unpriced'], tokensCached: counts!['cached'], tokensCacheWrite: counts!['written'], tokensReasoning: counts!['reasoning'],
      latencyMsSum: counts!['latency'], firstByteMsSum: counts!['first_byte'], firstByteCount: counts!['first_byte_count'], lastUsedAtMs: counts!['last_used_at'], cacheHits: counts!['hits'],
    }); // prettier-ignore
    expect(Object.values(counts!).every((count) => count > 0)).toBe(true);
  });

  test('sums beyond 2^53 nano-dollars are exact', async () => {
    const { books } = await openBooks(database, ids.uuid(), 9_000);
    const each = Math.floor(Number.MAX_SAFE_INTEGER / 1000);
    const rich = Array.from({ length: 1_200 }, () => intentOf({ model: 'rich', atMs: startMs + 200 * 86_400_000 }));
    for (let from = 0; from < rich.length; from += 300) {
      const batch = rich.slice(from, from + 300).flatMap((intent) => [intent, settlementOf(intent, { costNanoUsd: each })]);
      await applyRecords(
        database,
        books,
        batch.map((record, index) => ({ seq: from * 2 + index + 1, record })),
        9_001 + from,
      );
    }
    const [sum] = await ask({ models: ['rich'] });
    expect(sum!.costNanoUsd).toBe(BigInt(each) * 1_200n);
    expect(sum!.costNanoUsd > BigInt(Number.MAX_SAFE_INTEGER)).toBe(true);
  });
});
