/** Records of made-up attempts from a seed, and the check that the roll-ups are exactly the sums of the rows. */
import { expect } from 'vitest';
import { type CacheHit, noTokens, type Intent, type LedgerRecord, type RefusedRequest, type Settlement } from '../../src/domain/ledger.ts';
import { jsonOf } from '../../src/domain/ledger-line.ts';
import { lineBytesMax, putLine } from '../../src/journal/line.ts';
import { createIds } from '../../src/lib/ids.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { addTally, writeTally, type Tally } from '../../src/domain/tally.ts';
import type { Driver } from '../../src/storage/driver.ts';

export const ids = createIds(systemClock);

/** A small seeded generator (mulberry32): the same seed gives the same test. */
export function seeded(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * below);
  };
}

export const startMs = Date.UTC(2026, 4, 10, 23, 50);

export const intentOf = (part: Partial<Intent> = {}): { kind: 'intent' } & Intent => ({
  kind: 'intent',
  id: ids.uuid(),
  atMs: startMs,
  requestId: ids.uuid(),
  attemptNo: 1,
  face: 'openai',
  purpose: 'completion',
  connectionId: null,
  provider: 'openai',
  modelAsked: 'gpt-4o',
  model: 'gpt-4o',
  accessKeyId: null,
  userId: null,
  workspaceId: null,
  isStream: false,
  reservedNanoUsd: 0,
  configRevision: 1,
  clientRequestId: null,
  ...part,
});

export const settlementOf = (of: { id: string; atMs: number }, part: Partial<Settlement> = {}): { kind: 'settle' } & Settlement => ({
  kind: 'settle',
  id: of.id,
  atMs: of.atMs,
  state: 'settled',
  reason: null,
  status: 200,
  isLast: true,
  usage: { ...noTokens, tokensIn: 100, tokensOut: 20 },
  costNanoUsd: 1_234,
  prices: { input: 2_500_000_000, output: 10_000_000_000 },
  modelReported: 'gpt-4o-2024-08-06',
  finishReason: 'stop',
  latencyMs: 50,
  firstByteMs: 20,
  changed: null,
  ...part,
});

export function refusedOf(part: Partial<RefusedRequest> = {}): { kind: 'refused' } & RefusedRequest {
  const { attemptNo: _attemptNo, reservedNanoUsd: _reserved, ...begun } = intentOf();
  return { ...begun, reason: 'model_not_found', status: 404, latencyMs: 1, ...part, kind: 'refused' };
}

export function hitOf(part: Partial<CacheHit> = {}): { kind: 'hit' } & CacheHit {
  const { attemptNo: _attemptNo, reservedNanoUsd: _reserved, ...begun } = intentOf();
  return { ...begun, savedNanoUsd: 1_234, latencyMs: 1, ...part, kind: 'hit' };
}

/** The line of a record by itself. */
export function writeLine(seq: number, record: LedgerRecord): string {
  const json = jsonOf(record);
  const bytes = Buffer.alloc(lineBytesMax(json));
  return bytes.toString('utf8', 0, putLine(bytes, 0, seq, json));
}

/** Names to draw from: a handful of each, so that rows share dimensions. */
export interface Cast {
  connections: string[];
  keys: (string | null)[];
  users: (string | null)[];
  workspaces: (string | null)[];
}

export const castOf = (connections: string[]): Cast => ({
  connections,
  keys: [ids.uuid(), ids.uuid(), null],
  users: [ids.uuid(), ids.uuid()],
  workspaces: [ids.uuid(), null],
});

/** Requests of one to three attempts over three days, interleaved; some are refused, some never settled. */
export function randomRecords(seed: number, requestCount: number, cast: Cast): LedgerRecord[] {
  const below = seeded(seed);
  const pick = <T>(list: readonly T[]): T => list[below(list.length)]!;
  const timed: { order: number; record: LedgerRecord }[] = [];
  for (let request = 0; request < requestCount; request++) {
    const who = { accessKeyId: pick(cast.keys), userId: pick(cast.users), workspaceId: pick(cast.workspaces) };
    const atMs = startMs + below(3 * 86_400_000);
    if (below(20) === 0) {
      timed.push({ order: request, record: refusedOf({ ...who, atMs, requestId: ids.uuid() }) });
      continue;
    }
    if (below(15) === 0) {
      const from = { connectionId: pick(cast.connections), model: 'gpt-4o' };
      timed.push({ order: request, record: hitOf({ ...who, ...from, atMs, requestId: ids.uuid(), savedNanoUsd: below(2 ** 31) }) });
      continue;
    }
    const attempts = 1 + below(3);
    const requestId = ids.uuid();
    for (let attemptNo = 1; attemptNo <= attempts; attemptNo++) {
      const model = pick(['gpt-4o', 'gpt-4o-mini', 'o3']);
      const intent = intentOf({
        ...who,
        atMs: atMs + attemptNo,
        requestId,
        attemptNo,
        connectionId: pick(cast.connections),
        model,
        reservedNanoUsd: below(1e9),
      });
      timed.push({ order: request + attemptNo / 10, record: intent });
      const isLast = attemptNo === attempts;
      if (isLast && below(15) === 0) break;
      const failed = !isLast || below(8) === 0;
      const tokensIn = below(5_000);
      const settlement = settlementOf(intent, {
        state: !failed && below(10) === 0 ? 'partial' : 'settled',
        reason: failed ? pick(['server_error', 'rate_limited', 'stalled']) : null,
        status: failed ? 502 : 200,
        isLast,
        usage: {
          tokensIn,
          tokensOut: below(2_000),
          tokensCached: below(tokensIn + 1),
          tokensCacheWrite: below(5),
          tokensReasoning: below(50),
          isEstimated: below(9) === 0,
        },
        costNanoUsd: below(12) === 0 ? null : below(2 ** 31) * 3 + 1,
        latencyMs: below(9_000),
        firstByteMs: below(4) === 0 ? null : below(900),
      });
      timed.push({ order: request + attemptNo / 10 + below(40) + 0.05, record: settlement });
    }
  }
  return timed.toSorted((a, b) => a.order - b.order).map(({ record }) => record);
}

const dimensionColumns = 'connection_id, provider, model, access_key_id, user_id, workspace_id, purpose';
const sum = (condition: string, name: string): string => `CAST(sum(CASE WHEN ${condition} THEN 1 ELSE 0 END) AS BIGINT) AS ${name}`;
const total = (column: string, name = column): string => `CAST(sum(COALESCE(${column}, 0)) AS TEXT) AS ${name}`;
const tokenColumns = ['tokens_in', 'tokens_out', 'tokens_cached', 'tokens_cache_write', 'tokens_reasoning'];
const counted = [
  'attempts',
  'requests',
  'failures',
  'partials',
  'refusals',
  'unknowns',
  'estimated',
  'unpriced',
  'first_byte_count',
  'cache_hits',
];

const fromRows = (
  bucketMs: number,
): string => `SELECT at / ${bucketMs} * ${bucketMs} AS bucket, ${dimensionColumns}, ${sum('saved_nano_usd IS NULL', 'attempts')},
  ${sum('is_last', 'requests')}, ${sum("state = 'settled' AND reason IS NOT NULL", 'failures')}, ${sum("state = 'partial'", 'partials')},
  ${sum("state = 'refused'", 'refusals')}, ${sum("state = 'unknown'", 'unknowns')}, ${sum('is_estimated', 'estimated')},
  ${sum("state IN ('settled', 'partial') AND cost_nano_usd IS NULL", 'unpriced')}, ${sum('first_byte_ms IS NOT NULL', 'first_byte_count')},
  ${tokenColumns.map((name) => total(name)).join(', ')}, ${total('cost_nano_usd')}, ${total('CASE WHEN saved_nano_usd IS NULL THEN latency_ms END', 'latency_ms_sum')},
  ${sum('saved_nano_usd IS NOT NULL', 'cache_hits')}, ${total('saved_nano_usd')},
  ${total('first_byte_ms', 'first_byte_ms_sum')}, max(at) AS last_used_at
  FROM usage_events WHERE state <> 'intent' GROUP BY at / ${bucketMs} * ${bucketMs}, ${dimensionColumns}`;

const fromRollups = (table: string): string => `SELECT bucket, ${dimensionColumns},
  ${counted.map((name) => `CAST(sum(${name}) AS BIGINT) AS ${name}`).join(', ')},
  ${[...tokenColumns, 'cost_nano_usd', 'saved_nano_usd', 'latency_ms_sum', 'first_byte_ms_sum'].map((name) => total(name)).join(', ')}, max(last_used_at) AS last_used_at
  FROM ${table} u JOIN usage_dimensions d ON d.id = u.dimension_id GROUP BY bucket, ${dimensionColumns}`;

const sorted = async (driver: Driver, sql: string): Promise<string[]> => {
  const rows = await driver.rows({ sql, params: [] });
  return rows.map((row) => JSON.stringify(Object.entries(row).toSorted(([a], [b]) => (a < b ? -1 : 1)))).toSorted();
};

/** The rows of everybody together are the sums of those of all combinations; returns them as lines that can be compared. */
export async function expectTotals(driver: Driver): Promise<string[]> {
  const lines: string[] = [];
  for (const [name, sums, tallies, totals] of [
    ['day', 'usage_days', 'usage_day_tallies', 'usage_day_totals'],
    ['quarter', 'usage_quarters', 'usage_quarter_tallies', 'usage_quarter_totals'],
  ]) {
    interface Row {
      bucket: number;
      shard: number;
      requests: string;
      attempts: string;
      refusals: string;
      counted: string;
      tally: string | null;
    }
    const line = ({ bucket, shard, requests, attempts, refusals, counted, tally }: Row): string => {
      const added: Tally = new Map();
      addTally(added, tally ?? '');
      return `${name} ${bucket} ${shard}: ${requests} ${attempts} ${refusals} ${counted} ${writeTally(added)}`;
    };
    const kept = await driver.rows<Row>({
      sql: `SELECT bucket, shard, CAST(requests AS TEXT) AS requests, CAST(attempts AS TEXT) AS attempts, CAST(refusals AS TEXT) AS refusals, CAST(counted AS TEXT) AS counted, tally FROM ${totals} ORDER BY bucket, shard`,
      params: [],
    });
    const added = await driver.rows<Row>({
      sql: `SELECT u.bucket, u.shard, CAST(sum(u.requests) AS TEXT) AS requests, CAST(sum(u.attempts) AS TEXT) AS attempts, CAST(sum(u.refusals) AS TEXT) AS refusals, CAST(COALESCE(sum(t.counted), 0) AS TEXT) AS counted, string_agg(t.tally, '') AS tally
        FROM ${sums} u LEFT JOIN ${tallies} t ON t.bucket = u.bucket AND t.dimension_id = u.dimension_id AND t.shard = u.shard
        GROUP BY u.bucket, u.shard ORDER BY u.bucket, u.shard`,
      params: [],
    });
    expect(kept.map(line)).toEqual(added.map(line));
    lines.push(...kept.map(line));
  }
  return lines;
}

/** The invariants of the books, asked of the database by sums of its own and not by the code that wrote them. */
export async function expectExactBooks(driver: Driver): Promise<void> {
  expect(await sorted(driver, fromRollups('usage_quarters'))).toEqual(await sorted(driver, fromRows(900_000)));
  expect(await sorted(driver, fromRollups('usage_six_hours'))).toEqual(await sorted(driver, fromRows(21_600_000)));
  expect(await sorted(driver, fromRollups('usage_days'))).toEqual(await sorted(driver, fromRows(86_400_000)));
  await expectTotals(driver);
  const rows = `SELECT CAST(e.connection_id AS TEXT) AS id, at / 86400000 AS day, count(*) AS request_count, ${total('tokens_in + tokens_out', 'token_count')}, ${total('cost_nano_usd')}
    FROM usage_events e JOIN ai_configurations c ON c.id = e.connection_id
    WHERE state IN ('settled', 'partial', 'unknown') AND purpose = 'completion' AND saved_nano_usd IS NULL GROUP BY e.connection_id, at / 86400000`;
  const sums = await driver.rows<{ id: string; day: number; request_count: number }>({ sql: rows, params: [] });
  const kept = await driver.rows<{ id: string; period_start: string }>({
    sql: `SELECT CAST(configuration_id AS TEXT) AS id, period_start, request_count, CAST(token_count AS TEXT) AS token_count, CAST(cost_nano_usd AS TEXT) AS cost_nano_usd FROM provider_usage_days`,
    params: [],
  });
  const lines = (list: readonly object[]): string[] => list.map((row) => JSON.stringify(row)).toSorted();
  const named = sums.map(({ id, day, ...rest }) => ({ id, period_start: new Date(day * 86_400_000).toISOString().slice(0, 10), ...rest }));
  expect(lines(kept)).toEqual(lines(named));
}

/** A user and connections for rows to refer to. */
export async function seedConnections(driver: Driver, count: number, given?: string[]): Promise<string[]> {
  const userId = ids.uuid();
  const connectionIds = given ?? Array.from({ length: count }, () => ids.uuid());
  const time = driver.engine === 'sqlite' ? "'2026-01-01T00:00:00.000Z'" : 'clock_timestamp()';
  await driver.write([
    {
      sql: `INSERT INTO users (id, name, email, email_verified, created_at, updated_at) VALUES ($1, 'A', $2, ${driver.engine === 'sqlite' ? '0' : 'FALSE'}, ${time}, ${time})`,
      params: [userId, `${userId}@example.org`],
    },
    {
      insertInto: 'ai_configurations',
      columns: ['id', 'user_id', 'scope', 'owner_id', 'name', 'name_key', 'provider', 'origin'],
      rows: connectionIds.map((id) => [id, userId, 'user', userId, id, id, 'openai', 'https://api.example.org']),
    },
  ]);
  return connectionIds;
}
