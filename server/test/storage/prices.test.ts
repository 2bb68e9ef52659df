/** Prices as rows, and past entries priced again: on both engines, with the roll-ups exact after it. */
import { beforeAll, expect, test } from 'vitest';
import { noTokens, type LedgerRecord, type UnitPrices } from '../../src/domain/ledger.ts';
import { faceOf, facesWithoutTokenPrice, operations } from '../../src/providers/operations/operations.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import { writeChange } from '../../src/storage/changes.ts';
import { StaleWrite } from '../../src/storage/errors.ts';
import { openBooks } from '../../src/storage/instances.ts';
import { applyRecords } from '../../src/storage/ledger.ts';
import { endPrice, insertPrice, pricesNotOver, pricesOfLine, unpricedModels, type StoredPrice } from '../../src/storage/prices.ts';
import { pricedRows, repricePageRows, writeCosts, type PricedRow, type PricedRowsQuery } from '../../src/storage/reprice.ts';
import { onBothEngines } from './engines.ts';
import { entryOf, newPerson } from './rows.ts';
import { expectExactBooks, ids, intentOf, seedConnections, seeded, settlementOf, startMs } from './ledger-records.ts';

const prices: UnitPrices = { input: 5, output: 6 };

onBothEngines('past entries priced again', (bench) => {
  let database: Database;
  let connectionId: string;
  const model = 'repriced';
  const filter = (part: Partial<PricedRowsQuery> = {}): PricedRowsQuery => ({
    provider: 'openai',
    model,
    connectionId: null,
    fromMs: startMs,
    toMs: startMs + 86_400_000,
    leftAlone: facesWithoutTokenPrice,
    ...part,
  });
  const count = repricePageRows + 25;

  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
    connectionId = (await seedConnections(database.driver, 1))[0]!;
    for (const shard of [0, 1]) {
      const { books } = await openBooks(database, ids.uuid(), 1_000 + shard);
      const records: LedgerRecord[] = [];
      for (let number = 0; number < count; number += 1) {
        // Several share one moment, so that a page ends between two of the same time.
        const intent = intentOf({ model, connectionId: number % 2 ? connectionId : null, atMs: startMs + Math.floor(number / 3) * 60_000 });
        records.push(
          intent,
          settlementOf(intent, { costNanoUsd: number % 5 ? 1_000 : null, usage: { ...noTokens, tokensIn: 10, tokensOut: 2 } }),
        );
      }
      const other = intentOf({ model: 'another', connectionId });
      const failed = intentOf({ model, connectionId });
      records.push(other, settlementOf(other, { costNanoUsd: 77 }));
      records.push(
        failed,
        settlementOf(failed, { costNanoUsd: 0, reason: 'overloaded', status: 503, usage: noTokens }),
        intentOf({ model }),
      );
      const numbered = records.map((record, index) => ({ seq: index + 1, record }));
      for (let from = 0; from < numbered.length; from += 500) await applyRecords(database, books, numbered.slice(from, from + 500), 2_000);
    }
    await expectExactBooks(database.driver);
  });

  const all = async (part: Partial<PricedRowsQuery> = {}): Promise<PricedRow[]> => {
    const found: PricedRow[] = [];
    for (let after = null as { atMs: number; id: string } | null; ;) {
      const page = await pricedRows(database, filter(part), after);
      found.push(...page);
      const last = page.at(-1);
      if (!last) return found;
      after = { atMs: last.atMs, id: last.id };
    }
  };

  test('page by page every entry with tokens comes once, in order; open and failed ones and other models never', async () => {
    const rows = await all();
    expect(rows).toHaveLength(2 * count);
    expect(new Set(rows.map(({ id }) => id)).size).toBe(2 * count);
    expect(rows.map(({ atMs }) => atMs)).toEqual(rows.map(({ atMs }) => atMs).toSorted((a, b) => a - b));
    expect((await all({ connectionId })).every((row) => row.connectionId === connectionId)).toBe(true);
    expect(await all({ toMs: startMs })).toEqual([]);
    expect(await all({ provider: 'gemini' })).toEqual([]);
  });

  test('what had no known cost is counted by model, from the day on that is asked for', async () => {
    const [found, ...others] = await unpricedModels(database, startMs);
    const perInstance = Array.from({ length: count }, (_, number) => number).filter((number) => number % 5 === 0).length;
    expect(found).toMatchObject({ provider: 'openai', model, requests: 2 * perInstance });
    expect(others).toEqual([]);
    expect(await unpricedModels(database, startMs + 2 * 86_400_000)).toEqual([]);
  });

  test('new costs stand in the rows, the quarter-hours, the days and the day of the connection, to the nano-dollar', async () => {
    const rows = await all();
    for (let from = 0; from < rows.length; from += repricePageRows)
      await writeCosts(
        database,
        rows.slice(from, from + repricePageRows).map((row, index) => ({ row, costNanoUsd: 2_000 + index, prices })),
      );
    await expectExactBooks(database.driver);
    const after = await all();
    expect(after.every(({ costNanoUsd }) => costNanoUsd !== null && costNanoUsd >= 2_000)).toBe(true);
    const [sum] = await database.driver.rows<{ unpriced: number }>({
      sql: `SELECT CAST(SUM(unpriced) AS BIGINT) AS unpriced FROM usage_days d JOIN usage_dimensions n ON n.id = d.dimension_id WHERE n.model = $1`,
      params: [model],
    });
    expect(Number(sum?.unpriced), 'nothing counts as unpriced any more').toBe(0);
    const [untouched] = await database.driver.rows<{ cost_nano_usd: number }>({
      sql: `SELECT cost_nano_usd FROM usage_events WHERE model = $1 LIMIT 1`,
      params: ['another'],
    });
    expect(Number(untouched?.cost_nano_usd)).toBe(77);
  });

  test('how long a cache write stays and the tier that served are in the rows, whether a record found its intent or not', async () => {
    const { books } = await openBooks(database, ids.uuid(), 1_007);
    const usage = { ...noTokens, tokensIn: 10, tokensOut: 2, tokensCacheWrite: 8, tokensCacheWriteHour: 5, serviceTier: 'flex' };
    const plain = { ...noTokens, tokensIn: 10, tokensOut: 2 };
    const intents = [0, 1, 2].map(() => intentOf({ model: 'hourly' }));
    const [early, late, bare] = intents as [(typeof intents)[0], (typeof intents)[0], (typeof intents)[0]];
    const portion = (records: LedgerRecord[], from: number) => records.map((record, index) => ({ seq: from + index, record }));
    await applyRecords(
      database,
      books,
      portion([early, settlementOf(early, { usage }), late, bare, settlementOf(bare, { usage: plain })], 1),
      2_000,
    );
    await applyRecords(database, books, portion([settlementOf(late, { usage })], 6), 2_000);
    const rows = new Map((await all({ model: 'hourly' })).map((row) => [row.id, row.usage]));
    expect(rows.get(early.id)).toEqual(usage);
    expect(rows.get(late.id)).toEqual(usage);
    expect(rows.get(bare.id)).toEqual(plain);
    await expectExactBooks(database.driver);
  });

  test('tokens of sound are in the rows, whether a record found its intent or not, beside rows that have none', async () => {
    const { books } = await openBooks(database, ids.uuid(), 1_013);
    const sound = { ...noTokens, tokensIn: 10, tokensOut: 4, tokensCached: 6, tokensAudioIn: 8, tokensAudioOut: 3, tokensAudioCached: 5 };
    const spoken = { ...noTokens, tokensIn: 10, tokensOut: 4, tokensAudioOut: 4 };
    const silent = { ...noTokens, tokensIn: 10, tokensOut: 4 };
    const usages = [sound, spoken, silent, sound, silent];
    const intents = usages.map(() => intentOf({ model: 'heard' }));
    const settle = (at: number): LedgerRecord => settlementOf(intents[at]!, { usage: usages[at]! });
    const apply = (from: number, ...records: LedgerRecord[]) =>
      applyRecords(database, books, records.map((record, index) => ({ seq: from + index, record })), 2_000); // prettier-ignore
    // The first with its intent, silent ones alone, then both kinds together.
    await apply(1, ...intents, settle(0));
    await apply(7, settle(2));
    await apply(8, settle(1), settle(3), settle(4));
    const rows = new Map((await all({ model: 'heard' })).map((row) => [row.id, row.usage]));
    for (const [at, { id }] of intents.entries()) expect(rows.get(id)).toEqual(usages[at]);
    await expectExactBooks(database.driver);
  });

  test('entries of pictures and sound stay as they were, whatever tokens they report: over 300 entries of every face', async () => {
    const { books } = await openBooks(database, ids.uuid(), 1_011);
    const below = seeded(20_261_121);
    const faces = ['openai.chat', 'anthropic.messages', 'openai.responses', ...Object.values(operations).map(({ id }) => faceOf(id))];
    const asked = { model: 'every-face' };
    const records = Array.from({ length: 300 }, () => {
      const intent = intentOf({ ...asked, face: faces[below(faces.length)]!, connectionId, atMs: startMs + below(86_000_000) });
      const costNanoUsd = [null, 0, below(5_000)][below(3)]!;
      const usage = { ...noTokens, tokensIn: below(1_000), tokensOut: below(3) * 100 };
      return [intent, settlementOf(intent, { usage, costNanoUsd, prices: null })];
    }).flat();
    await applyRecords(
      database,
      books,
      records.map((record, index) => ({ seq: index + 1, record })),
      2_000,
    );
    const booked = async (): Promise<Map<string, { face: string; tokens: number; row: string }>> => {
      const sql = 'SELECT id, face, tokens_in + tokens_out AS tokens, cost_nano_usd, prices FROM usage_events WHERE model = $1';
      const rows = await database.driver.rows<{ id: string; face: string; tokens: number }>({ sql, params: [asked.model] });
      return new Map(rows.map((row) => [row.id, { face: row.face, tokens: row.tokens, row: JSON.stringify(row) }]));
    };
    const before = await booked();
    const priced = await all(asked);
    for (let from = 0; from < priced.length; from += repricePageRows)
      await writeCosts(
        database,
        priced.slice(from, from + repricePageRows).map((row) => ({ row, costNanoUsd: 123_456, prices })),
      );
    const after = await booked();
    expect(after.size).toBe(300);
    const isMedia = (face: string): boolean => /\.(images|audio)\./.test(face);
    for (const [id, { face, tokens, row }] of before)
      expect(after.get(id)!.row === row, `${face} with ${tokens} tokens`).toBe(isMedia(face) || tokens === 0);
    expect([...before.values()].some(({ face, tokens }) => isMedia(face) && tokens > 0)).toBe(true);
    await expectExactBooks(database.driver);
  });

  test('a page of which one row changed meanwhile is not written at all', async () => {
    const rows = (await all()).slice(0, 3);
    const old = { ...rows[2]!, costNanoUsd: 1 };
    const costs = [rows[0]!, rows[1]!, old].map((row) => ({ row, costNanoUsd: 9_999_999, prices }));
    await expect(writeCosts(database, costs)).rejects.toThrow(StaleWrite);
    expect((await all()).every(({ costNanoUsd }) => costNanoUsd !== 9_999_999)).toBe(true);
    await expectExactBooks(database.driver);
  });
});

onBothEngines('what was said of one model', (bench) => {
  test('is its own: neither another connection’s, nor that of all of them, nor another model’s; what was touched last comes first', async () => {
    const database = createDatabase(await bench.open({ isMigrated: true }));
    const [connectionId, otherId] = await seedConnections(database.driver, 2);
    const createdBy = await newPerson(database);
    const price = (part: Partial<StoredPrice> = {}): StoredPrice => ({
      id: ids.uuid(),
      provider: 'openai',
      model: 'said',
      connectionId: null,
      validFromMs: startMs,
      validUntilMs: null,
      tiers: [{ fromTokensIn: 0, prices }],
      note: null,
      createdBy,
      createdAtMs: startMs,
      revision: 0,
      ...part,
    });
    const set = async (one: StoredPrice): Promise<StoredPrice> => {
      const { revision } = await writeChange(database, [insertPrice(database, one)], entryOf());
      return { ...one, revision };
    };
    const [first, second] = [await set(price()), await set(price({ note: 'later' }))];
    const ofOne = await set(price({ connectionId: connectionId! }));
    await set(price({ connectionId: otherId! }));
    await set(price({ model: 'another' }));
    await set(price({ provider: 'mistral' }));
    expect(await pricesOfLine(database, first)).toEqual([second, first]);
    expect(await pricesOfLine(database, ofOne)).toEqual([ofOne]);
    const { revision } = await writeChange(database, [endPrice(database, first.id, startMs + 1)], entryOf());
    expect(await pricesOfLine(database, second, 1)).toEqual([{ ...first, validUntilMs: startMs + 1, revision }]);
  });
});

onBothEngines('prices that are not over', (bench) => {
  test('all come, the oldest first, however many pages they fill; what has ended, or never holds, does not', async () => {
    const database = createDatabase(await bench.open({ isMigrated: true }));
    const nowMs = startMs + 1_000;
    const createdBy = await newPerson(database);
    const price = (part: Partial<StoredPrice> = {}): StoredPrice => ({
      id: ids.uuid(), provider: 'openai', model: 'm', connectionId: null, validFromMs: startMs, validUntilMs: null, note: null, revision: 0,
      tiers: [{ fromTokensIn: 0, prices: { input: 1, output: 2 } }], createdBy, createdAtMs: startMs, ...part,
    }); // prettier-ignore
    const held = Array.from({ length: 7 }, () => price());
    const [ended, neverBegun, later] = [
      price({ validUntilMs: nowMs }),
      price({ validFromMs: nowMs + 500, validUntilMs: nowMs + 500 }),
      price({ validFromMs: nowMs + 500, validUntilMs: nowMs + 501 }),
    ];
    await database.driver.write([...held, ended, neverBegun, later].toReversed().map((one) => insertPrice(database, one)));
    const expected = [...held, later].map(({ id }) => id);
    for (const pageRows of [1, 3, 4, 7, 8, 9, 1000])
      expect((await pricesNotOver(database, nowMs, pageRows)).map(({ id }) => id)).toEqual(expected);
    const [first] = await pricesNotOver(database, nowMs);
    expect(first).toEqual({ ...held[0], revision: first?.revision });
  });
});
