/** Dimensions are shared by all instances: whoever writes a new one may find that another writes it, or takes its number, at the same moment. */
import { beforeAll, expect, test } from 'vitest';
import type { LedgerRecord } from '../../src/domain/ledger.ts';
import type { Numbered } from '../../src/domain/ledger-line.ts';
import { createDatabase, type Database } from '../../src/storage/database.ts';
import { openBooks, type Books } from '../../src/storage/instances.ts';
import { applyRecords } from '../../src/storage/ledger.ts';
import { onBothEngines } from './engines.ts';
import { expectExactBooks, ids, intentOf, settlementOf, startMs } from './ledger-records.ts';

/** A settled attempt of each model, as the journal of an instance that has got as far as `seq` has it. */
const attemptsOf = (models: readonly string[], seq = 0): Numbered[] =>
  models
    .flatMap((model): LedgerRecord[] => {
      const intent = intentOf({ model });
      return [intent, settlementOf(intent)];
    })
    .map((record, index) => ({ seq: seq + index + 1, record }));

onBothEngines('dimensions of the books', (bench) => {
  let database: Database;
  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
  });
  const freshBooks = async (): Promise<Books> => (await openBooks(database, ids.uuid(), startMs)).books;
  const dimensionsOf = (model: string): Promise<{ id: number; hash: string }[]> =>
    database.driver.rows({ sql: 'SELECT id, hash FROM usage_dimensions WHERE model = $1', params: [model] });
  const attemptsIn = async (id: number): Promise<number[]> => {
    const sql = 'SELECT attempts FROM usage_days WHERE dimension_id = $1 ORDER BY shard';
    return (await database.driver.rows<{ attempts: number }>({ sql, params: [id] })).map(({ attempts }) => attempts);
  };
  /** The same database; something happens between the question for dimensions and the write that follows from the answer. */
  const between = (happens: () => Promise<unknown>): Database => {
    let isAsked = false;
    const rows: Database['driver']['rows'] = async (statement, lane) => {
      const found = await database.driver.rows(statement, lane);
      if (!isAsked && statement.sql.includes('FROM usage_dimensions')) {
        isAsked = true;
        await happens();
      }
      return found as never;
    };
    return { ...database, driver: { ...database.driver, applyLedger: null, rows } };
  };

  test('instances that meet the same new dimensions at the same moment all write, round after round', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, freshBooks));
    for (let round = 0; round < 40; round++) {
      const models = [`round-${round}-a`, `round-${round}-b`];
      await Promise.all(all.map((books) => applyRecords(database, books, attemptsOf(models, books.appliedSeq), startMs + round)));
      for (const model of models) {
        const [dimension, ...more] = await dimensionsOf(model);
        expect([more, await attemptsIn(dimension!.id)]).toEqual([[], Array.from(all, () => 1)]);
      }
    }
    await expectExactBooks(database.driver);
  });

  test('a dimension that another instance writes after it was asked for is used as it stands there', async () => {
    const [one, other] = [await freshBooks(), await freshBooks()];
    const racing = between(() => applyRecords(database, other, attemptsOf(['met']), startMs));
    await applyRecords(racing, one, attemptsOf(['met']), startMs);
    const [dimension, ...more] = await dimensionsOf('met');
    expect([more, await attemptsIn(dimension!.id)]).toEqual([[], [1, 1]]);
    await expectExactBooks(database.driver);
  });

  test('a number that goes to another dimension meanwhile counts for nobody else: nothing is written, and the next try takes another', async () => {
    const known = await freshBooks();
    await applyRecords(database, known, attemptsOf(['robbed']), startMs);
    const [{ id, hash }] = (await dimensionsOf('robbed')) as [{ id: number; hash: string }];
    const forget = "DELETE FROM usage_dimensions WHERE model = 'robbed'";
    for (const table of ['usage_quarters', 'usage_six_hours', 'usage_days', 'usage_quarter_tallies', 'usage_day_tallies'])
      await database.driver.write([{ sql: `DELETE FROM ${table} WHERE dimension_id = $1`, params: [id] }]);
    for (const table of ['usage_quarter_totals', 'usage_day_totals'])
      await database.driver.write([{ sql: `DELETE FROM ${table} WHERE shard = $1`, params: [known.shard] }]);
    await database.driver.write([
      { sql: 'DELETE FROM usage_events WHERE dimension_id = $1', params: [id] },
      { sql: forget, params: [] },
    ]);

    const books = await freshBooks();
    const take = "INSERT INTO usage_dimensions (id, hash, provider, model, purpose) VALUES ($1, $2, 'openai', 'robber', 'completion')";
    const racing = between(() => database.driver.write([{ sql: take, params: [id, 'f'.repeat(64)] }]));
    const attempts = attemptsOf(['robbed']);
    await expect(applyRecords(racing, books, attempts, startMs)).rejects.toMatchObject({ name: 'StaleWrite', label: 'dimension' });
    expect([books.appliedSeq, await attemptsIn(id), await dimensionsOf('robbed')]).toEqual([0, [], []]);

    await applyRecords(database, books, attempts, startMs);
    expect(await dimensionsOf('robbed')).toEqual([{ id: id + 1, hash }]);
    expect([books.appliedSeq, await attemptsIn(id), await attemptsIn(id + 1)]).toEqual([2, [], [1]]);
    await expectExactBooks(database.driver);
  });

  test('a dimension that gets another number meanwhile keeps that: nothing is written under a number that nobody has', async () => {
    const [known, books] = [await freshBooks(), await freshBooks()];
    const moved = attemptsOf(['moved']);
    const move = async (): Promise<void> => {
      await applyRecords(database, known, attemptsOf(['moved']), startMs);
      const [{ id }] = (await dimensionsOf('moved')) as [{ id: number; hash: string }];
      for (const table of ['usage_events', 'usage_quarters', 'usage_six_hours', 'usage_days', 'usage_quarter_tallies', 'usage_day_tallies'])
        await database.driver.write([{ sql: `UPDATE ${table} SET dimension_id = $1 WHERE dimension_id = $2`, params: [id + 1, id] }]);
      await database.driver.write([{ sql: 'UPDATE usage_dimensions SET id = $1 WHERE id = $2', params: [id + 1, id] }]);
    };
    await expect(applyRecords(between(move), books, moved, startMs)).rejects.toMatchObject({ name: 'StaleWrite', label: 'dimension' });
    expect(books.appliedSeq).toBe(0);
    await applyRecords(database, books, moved, startMs);
    const [dimension, ...more] = await dimensionsOf('moved');
    expect([more, await attemptsIn(dimension!.id)]).toEqual([[], [1, 1]]);
    await expectExactBooks(database.driver);
  });

  test('as many new dimensions as a portion may have are written at once', async () => {
    const books = await freshBooks();
    const models = Array.from({ length: 1_000 }, (_, index) => `many-${index}`);
    await applyRecords(database, books, attemptsOf(models), startMs);
    expect(books.appliedSeq).toBe(2_000);
    const [row] = await database.driver.rows({ sql: "SELECT count(*) AS n FROM usage_dimensions WHERE model LIKE 'many-%'", params: [] });
    expect(Number(row!['n'])).toBe(1_000);
    await expectExactBooks(database.driver);
  });
});
