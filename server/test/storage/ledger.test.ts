/** Applying records to the books, on both engines: each once, in any portions, with roll-ups that are exactly the sums. */
import { beforeAll, expect, test } from 'vitest';
import type { LedgerRecord } from '../../src/domain/ledger.ts';
import type { Numbered } from '../../src/domain/ledger-line.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import { StaleWrite } from '../../src/storage/errors.ts';
import { openBooks, rereadBooks, type Books } from '../../src/storage/instances.ts';
import { applyRecords, markUnknown } from '../../src/storage/ledger.ts';
import { onBothEngines } from './engines.ts';
import {
  castOf,
  expectExactBooks,
  ids,
  intentOf,
  randomRecords,
  hitOf,
  refusedOf,
  seedConnections,
  seeded,
  settlementOf,
  startMs,
} from './ledger-records.ts';

const numbered = (records: readonly LedgerRecord[], from = 1): Numbered[] =>
  records.map((record, index) => ({ seq: from + index, record }));

onBothEngines('books', (bench) => {
  let database: Database;
  let connections: string[];
  let clockMs = startMs;
  const nowMs = (): number => (clockMs += 1);
  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
    connections = await seedConnections(database.driver, 4);
  });
  const freshBooks = async (id = ids.uuid()): Promise<Books> => (await openBooks(database, id, nowMs())).books;
  const apply = (books: Books, records: readonly Numbered[]): Promise<unknown> => applyRecords(database, books, records, nowMs());
  const rowsOf = (requestId: string): Promise<Record<string, unknown>[]> =>
    database.driver.rows({ sql: 'SELECT * FROM usage_events WHERE request_id = $1 ORDER BY attempt_no', params: [requestId] });
  const everything = async (): Promise<string> => {
    const tables = ['usage_events', 'usage_quarters', 'usage_days', 'usage_dimensions', 'provider_usage_days'];
    const all = await Promise.all(
      tables.map((table) => database.driver.rows({ sql: `SELECT * FROM ${table} ORDER BY 1, 2, 3`, params: [] })),
    );
    return JSON.stringify(all);
  };

  test('an intent and its settlement in one portion are one settled row, with every value as it was said', async () => {
    const books = await freshBooks();
    const intent = intentOf({
      connectionId: connections[0]!,
      clientRequestId: 'theirs',
      isStream: true,
      reservedNanoUsd: 77,
      modelAsked: 'fast',
    });
    const settlement = settlementOf(intent, {
      usage: { tokensIn: 10, tokensOut: 4, tokensCached: 3, tokensCacheWrite: 2, tokensReasoning: 1, isEstimated: true },
      changed: [{ parameter: 'seed', what: 'dropped' }],
    });
    await apply(books, numbered([intent, settlement]));
    const rows = await rowsOf(intent.requestId);
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({
      id: intent.id, at: startMs, state: 'settled', status: 200, reason: null, is_last: true, is_stream: true, instance_id: books.instanceId, seq: 1, attempt_no: 1,
      tokens_in: 10, tokens_out: 4, tokens_cached: 3, tokens_cache_write: 2, tokens_reasoning: 1, is_estimated: true, cost_nano_usd: 1_234, reserved_nano_usd: 77,
      model_asked: 'fast', model: 'gpt-4o', model_reported: 'gpt-4o-2024-08-06', finish_reason: 'stop', latency_ms: 50, first_byte_ms: 20, client_request_id: 'theirs',
      prices: '{"input":2500000000,"output":10000000000}', changed: '[{"parameter":"seed","what":"dropped"}]', connection_id: connections[0],
    }); // prettier-ignore
    await expectExactBooks(database.driver);
  });

  test('an open intent counts in no roll-up; its settlement in a later portion does', async () => {
    const books = await freshBooks();
    const intent = intentOf({ connectionId: connections[1]!, atMs: startMs + 40 * 86_400_000 });
    await apply(books, numbered([intent]));
    const sums = (): Promise<unknown[]> =>
      database.driver.rows({ sql: 'SELECT attempts FROM usage_days WHERE shard = $1', params: [books.shard] });
    expect(await rowsOf(intent.requestId)).toMatchObject([{ state: 'intent' }]);
    expect(await sums()).toEqual([]);
    await apply(books, numbered([settlementOf(intent)], 2));
    expect(await rowsOf(intent.requestId)).toMatchObject([{ state: 'settled', seq: 1 }]);
    expect(await sums()).toEqual([{ attempts: 1 }]);
    await expectExactBooks(database.driver);
  });

  test('applying twice changes nothing: not by number, and not under other numbers either', async () => {
    const instanceId = ids.uuid();
    const books = await freshBooks(instanceId);
    const records = randomRecords(7, 60, castOf(connections));
    await apply(books, numbered(records));
    const before = await everything();
    await apply(books, numbered(records));
    expect(books.appliedSeq).toBe(records.length);
    expect(await everything()).toBe(before);
    // A journal that was restored from a copy gives other numbers, or another instance, to the same records.
    expect(await applyRecords(database, books, numbered(records, records.length + 1), nowMs())).toMatchObject({
      repeated: records.length,
      orphans: 0,
    });
    await apply(await freshBooks(), numbered(records));
    expect(await everything()).toBe(before);
    await expectExactBooks(database.driver);
  });

  test('a second settlement changes nothing', async () => {
    const books = await freshBooks();
    const intent = intentOf();
    await apply(books, numbered([intent, settlementOf(intent, { costNanoUsd: 5 }), settlementOf(intent, { costNanoUsd: 900 })]));
    await apply(books, numbered([settlementOf(intent, { costNanoUsd: 901 })], 4));
    expect(await rowsOf(intent.requestId)).toMatchObject([{ cost_nano_usd: 5 }]);
    await expectExactBooks(database.driver);
  });

  test('two writers for one instance: the one that did not see the other fails whole, and goes on after reading again', async () => {
    const instanceId = ids.uuid();
    const first = await freshBooks(instanceId);
    const second: Books = { ...first, dimensionIds: new Map() };
    const records = numbered(randomRecords(8, 20, castOf(connections)));
    await apply(first, records.slice(0, 10));
    await expect(apply(second, records)).rejects.toBeInstanceOf(StaleWrite);
    await rereadBooks(database, second);
    expect(second.appliedSeq).toBe(10);
    await apply(second, records);
    await expectExactBooks(database.driver);
    const [count] = await database.driver.rows<{ n: number }>({
      sql: 'SELECT count(*) AS n FROM usage_events WHERE instance_id = $1',
      params: [instanceId],
    });
    expect(count!.n).toBe(new Set(records.map(({ record }) => record.id)).size);
  });

  test('10,000 records in random portions, with the writer lost between and the last portion repeated: exact to the nano-dollar', async () => {
    const below = seeded(99);
    const instanceId = ids.uuid();
    const records = numbered(randomRecords(4242, 3_300, castOf([...connections, ids.uuid()])));
    expect(records.length).toBeGreaterThan(10_000);
    let books = await freshBooks(instanceId);
    for (let from = 0; from < records.length;) {
      const portion = records.slice(from, from + 1 + below(500));
      await apply(books, portion);
      from += portion.length;
      if (below(4) > 0) continue;
      // A crash: the books are opened anew, and the feeder begins again somewhat before the end.
      books = await freshBooks(instanceId);
      expect(books.appliedSeq).toBe(portion.at(-1)!.seq);
      await apply(books, records.slice(Math.max(0, from - below(300)), from));
    }
    await markUnknown(database, books, records.length, startMs, nowMs());
    await expectExactBooks(database.driver);
    const attempts = records.filter(({ record }) => record.kind !== 'settle').length;
    const [rows] = await database.driver.rows<{ n: number; cost: string }>({
      sql: 'SELECT count(*) AS n, CAST(sum(cost_nano_usd) AS TEXT) AS cost FROM usage_events WHERE instance_id = $1',
      params: [instanceId],
    });
    const cost = records.reduce((sum, { record }) => sum + (record.kind === 'settle' ? BigInt(record.costNanoUsd ?? 0) : 0n), 0n);
    expect(rows).toEqual({ n: attempts, cost: String(cost) });
  });

  test('what a dead run left open becomes unknown once, keeps its reservation, and no settlement comes after it', async () => {
    const books = await freshBooks();
    const open = intentOf({ reservedNanoUsd: 500, connectionId: connections[2]! });
    const nextRun = intentOf();
    await apply(books, numbered([open, nextRun]));
    expect(await markUnknown(database, books, 1, startMs, nowMs())).toBe(1);
    expect(await markUnknown(database, books, 1, startMs, nowMs())).toBe(0);
    await apply(books, numbered([settlementOf(open)], 3));
    expect(await rowsOf(open.requestId)).toMatchObject([
      { state: 'unknown', reason: 'interrupted', reserved_nano_usd: 500, cost_nano_usd: null, is_last: true },
    ]);
    expect(await rowsOf(nextRun.requestId)).toMatchObject([{ state: 'intent', is_last: false }]);
    const sums = await database.driver.rows({
      sql: 'SELECT unknowns, attempts, requests, unpriced FROM usage_days WHERE shard = $1',
      params: [books.shard],
    });
    expect(sums).toEqual([{ unknowns: 1, attempts: 1, requests: 1, unpriced: 0 }]);
    await expectExactBooks(database.driver);
  });

  test('a request that a crash left between two attempts gets a last row and counts once', async () => {
    const books = await freshBooks();
    const first = intentOf();
    const second = intentOf({ requestId: first.requestId, attemptNo: 2 });
    const between = intentOf();
    const failed = { reason: 'server_error', isLast: false };
    await apply(books, numbered([first, settlementOf(first, failed), second, between, settlementOf(between, failed)]));
    expect(await markUnknown(database, books, 5, startMs, nowMs())).toBe(1);
    await markUnknown(database, books, 5, startMs, nowMs());
    expect(await rowsOf(first.requestId)).toMatchObject([
      { is_last: false, state: 'settled' },
      { is_last: true, state: 'unknown' },
    ]);
    expect(await rowsOf(between.requestId)).toMatchObject([{ is_last: true, state: 'settled' }]);
    const [sums] = await database.driver.rows({
      sql: 'SELECT CAST(sum(requests) AS BIGINT) AS requests FROM usage_days WHERE shard = $1',
      params: [books.shard],
    });
    expect(sums).toEqual({ requests: 2 });
    await expectExactBooks(database.driver);
  });

  test('a connection that does not exist fails nothing: its rows are in the books, without a row in provider_usage', async () => {
    const books = await freshBooks();
    const gone = intentOf({ connectionId: ids.uuid() });
    const there = intentOf({ connectionId: connections[3]!, atMs: startMs + 9 * 86_400_000 });
    await apply(books, numbered([gone, settlementOf(gone), there, settlementOf(there)]));
    expect(await rowsOf(gone.requestId)).toMatchObject([{ connection_id: gone.connectionId, state: 'settled' }]);
    const usage = await database.driver.rows({
      sql: 'SELECT configuration_id, request_count, token_count, cost_nano_usd, period_start, period_end, last_used_at FROM provider_usage_days WHERE period_start = $1',
      params: ['2026-05-19'],
    });
    expect(usage).toEqual([
      {
        configuration_id: connections[3],
        request_count: 1,
        token_count: 120,
        cost_nano_usd: 1_234,
        period_start: '2026-05-19',
        period_end: '2026-05-19',
        last_used_at: there.atMs,
      },
    ]);
    await expectExactBooks(database.driver);
  });

  test('probes and refused requests are in the books, but are no use of a connection', async () => {
    const books = await freshBooks();
    const probe = intentOf({ purpose: 'probe', connectionId: connections[0]!, atMs: startMs + 70 * 86_400_000 });
    const refused = refusedOf({ connectionId: connections[0]!, atMs: startMs + 70 * 86_400_000 });
    await apply(books, numbered([probe, settlementOf(probe), refused]));
    expect(await rowsOf(refused.requestId)).toMatchObject([
      { state: 'refused', attempt_no: 0, is_last: true, status: 404, reason: 'model_not_found' },
    ]);
    expect(
      await database.driver.rows({ sql: 'SELECT 1 AS found FROM provider_usage_days WHERE period_start = $1', params: ['2026-07-19'] }),
    ).toEqual([]);
    await expectExactBooks(database.driver);
  });

  test('an answer from the cache is a request without an attempt: it costs nothing, says what it saved, and is no use of a connection', async () => {
    const books = await freshBooks();
    const hit = hitOf({ connectionId: connections[0]!, atMs: startMs + 71 * 86_400_000, savedNanoUsd: 4_321, accessKeyId: ids.uuid() });
    await apply(books, numbered([hit]));
    // Whatever is applied again changes nothing.
    await applyRecords(database, { ...books, appliedSeq: 0 }, numbered([hit]), nowMs()).catch(() => undefined);
    expect(await rowsOf(hit.requestId)).toMatchObject([
      {
        state: 'settled',
        attempt_no: 0,
        is_last: true,
        status: 200,
        reason: null,
        cost_nano_usd: 0,
        saved_nano_usd: 4_321,
        tokens_in: 0,
        tokens_out: 0,
      },
    ]);
    expect(
      await database.driver.rows({ sql: 'SELECT 1 AS found FROM provider_usage_days WHERE period_start = $1', params: ['2026-07-20'] }),
    ).toEqual([]);
    const sums = await database.driver.rows({
      sql: `SELECT attempts, requests, failures, unpriced, cache_hits, saved_nano_usd, latency_ms_sum FROM usage_days u
        JOIN usage_dimensions d ON d.id = u.dimension_id WHERE d.access_key_id = $1`,
      params: [hit.accessKeyId],
    });
    expect(sums).toEqual([{ attempts: 0, requests: 1, failures: 0, unpriced: 0, cache_hits: 1, saved_nano_usd: 4_321, latency_ms_sum: 0 }]);
    await expectExactBooks(database.driver);
  });

  test('a settlement whose intent is lost keeps its money in the books', async () => {
    const books = await freshBooks();
    const lost = settlementOf(intentOf(), { costNanoUsd: 4_321 });
    expect(await applyRecords(database, books, numbered([lost]), nowMs())).toMatchObject({ orphans: 1 });
    expect(await rowsOf(lost.id)).toMatchObject([
      { state: 'settled', cost_nano_usd: 4_321, provider: 'unknown', reason: 'intent_lost', is_last: true },
    ]);
    await expectExactBooks(database.driver);
  });

  test('no value of a record stops the books: too long, NUL, half a character, not a number, no id', async () => {
    const books = await freshBooks();
    const odd = intentOf({
      modelAsked: `a\0b\ud800${'x'.repeat(5_000)}`,
      model: 'm'.repeat(400),
      provider: 'p'.repeat(300),
      accessKeyId: 'not-an-id',
      clientRequestId: 'c'.repeat(9_000),
      reservedNanoUsd: Number.NaN,
    });
    const settlement = settlementOf(odd, {
      usage: { tokensIn: -5, tokensOut: Number.MAX_VALUE, tokensCached: 1.7, tokensCacheWrite: Number.NaN, tokensReasoning: 0, isEstimated: false },
      costNanoUsd: Infinity, finishReason: 'f\0'.repeat(100), reason: 'r'.repeat(100), latencyMs: 12.9, modelReported: '🦊'.repeat(700),
    }); // prettier-ignore
    const unfit = intentOf({ id: 'no-uuid' });
    const applied = await applyRecords(
      database,
      books,
      numbered([odd, settlement, unfit, refusedOf({ reason: '\0', modelAsked: '🦊'.repeat(600) })]),
      nowMs(),
    );
    expect(applied).toMatchObject({ unfit: 1 });
    expect(books.appliedSeq).toBe(4);
    const [row] = await rowsOf(odd.requestId);
    expect(row).toMatchObject({
      tokens_in: 0,
      tokens_cached: 1,
      tokens_cache_write: 0,
      latency_ms: 12,
      reserved_nano_usd: 0,
      access_key_id: null,
      cost_nano_usd: null,
    });
    expect(row!['model_asked']).toHaveLength(1_000);
    await expectExactBooks(database.driver);
  });

  test('two dimensions whose hashes would share an id get different ids', async () => {
    const books = await freshBooks();
    const intent = intentOf({ model: 'collides' });
    await apply(books, numbered([intent, settlementOf(intent)]));
    const [taken] = await database.driver.rows<{ id: number; hash: string }>({
      sql: "SELECT id, hash FROM usage_dimensions WHERE model = 'collides'",
      params: [],
    });
    const before = await database.driver.rows({ sql: 'SELECT count(*) AS n FROM usage_dimensions', params: [] });
    // The place of the next model's dimension is taken by another one.
    const other = await freshBooks();
    const next = intentOf({ model: 'collides-too' });
    await apply(other, numbered([next, settlementOf(next)]));
    const [own] = await database.driver.rows<{ id: number }>({
      sql: "SELECT id FROM usage_dimensions WHERE model = 'collides-too'",
      params: [],
    });
    await database.driver.write([
      { sql: 'DELETE FROM usage_quarters WHERE dimension_id = $1', params: [own!.id] },
      { sql: 'DELETE FROM usage_days WHERE dimension_id = $1', params: [own!.id] },
      { sql: 'DELETE FROM usage_quarter_tallies WHERE dimension_id = $1', params: [own!.id] },
      { sql: 'DELETE FROM usage_day_tallies WHERE dimension_id = $1', params: [own!.id] },
      { sql: 'DELETE FROM usage_quarter_totals WHERE shard = $1', params: [other.shard] },
      { sql: 'DELETE FROM usage_day_totals WHERE shard = $1', params: [other.shard] },
      { sql: 'DELETE FROM usage_events WHERE id = $1', params: [next.id] },
      { sql: 'DELETE FROM usage_dimensions WHERE id = $1', params: [own!.id] },
      { sql: "UPDATE usage_dimensions SET id = $1 WHERE model = 'collides'", params: [own!.id] },
      { sql: 'UPDATE usage_quarters SET dimension_id = $1 WHERE dimension_id = $2', params: [own!.id, taken!.id] },
      { sql: 'UPDATE usage_days SET dimension_id = $1 WHERE dimension_id = $2', params: [own!.id, taken!.id] },
      { sql: 'UPDATE usage_quarter_tallies SET dimension_id = $1 WHERE dimension_id = $2', params: [own!.id, taken!.id] },
      { sql: 'UPDATE usage_day_tallies SET dimension_id = $1 WHERE dimension_id = $2', params: [own!.id, taken!.id] },
    ]);
    const again = intentOf({ model: 'collides-too' });
    await apply(await freshBooks(), numbered([again, settlementOf(again)]));
    const [moved] = await database.driver.rows<{ id: number }>({
      sql: "SELECT id FROM usage_dimensions WHERE model = 'collides-too'",
      params: [],
    });
    expect(moved!.id).toBe(own!.id + 1);
    expect(await database.driver.rows({ sql: 'SELECT count(*) AS n FROM usage_dimensions', params: [] })).not.toEqual(before);
    await expectExactBooks(database.driver);
  });

  test('instances that begin at the same moment get shards of their own', async () => {
    const books = await Promise.all(Array.from({ length: 8 }, () => freshBooks()));
    expect(new Set(books.map(({ shard }) => shard)).size).toBe(8);
  });

  test('many instances write the same buckets at the same time, and the sums are exact', async () => {
    const cast = castOf(connections);
    const all = await Promise.all(Array.from({ length: 4 }, () => freshBooks()));
    await Promise.all(
      all.map(async (books, index) => {
        const records = numbered(randomRecords(500 + index, 150, cast));
        for (let from = 0; from < records.length; from += 40) await apply(books, records.slice(from, from + 40));
        expect(books.appliedSeq).toBe(records.length);
      }),
    );
    await expectExactBooks(database.driver);
  });
});
