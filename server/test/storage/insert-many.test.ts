/** Rows that are written many at a time, with what they have in common bound once: every row as if it were written by itself. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Driver, InsertMany } from '../../src/storage/driver.ts';
import { StaleWrite, StorageFault, UnfitParameter, UniqueViolation } from '../../src/storage/errors.ts';
import { plainRuns } from '../../src/storage/sqlite/insert-many.ts';
import { onBothEngines, thingsTable } from './engines.ts';

const columns = ['id', 'name', 'is_on', 'amount', 'code'];
/** A run of 128 rows, one of 64, two of 8, and three rows by themselves. */
const rowCount = 128 + 64 + 2 * 8 + 3;
const idOf = (mark: string, n: number): string => `${mark}-${String(n).padStart(4, '0')}`;
const rowsOf = (mark: string, count: number, of: (n: number) => unknown[]): unknown[][] =>
  Array.from({ length: count }, (_, n) => [idOf(mark, n), ...of(n)]);
const plainStep = (rows: readonly (readonly unknown[])[]): InsertMany => ({ insertInto: 'things', columns, rows, isPlain: true });

onBothEngines('many rows at a time', (bench, engine) => {
  let driver: Driver;
  beforeAll(async () => {
    driver = await bench.open();
    await driver.script(thingsTable(engine));
  });
  const read = async (mark: string): Promise<unknown[][]> => {
    const sql = `SELECT ${columns.join(', ')} FROM things WHERE id LIKE '${mark}-%' ORDER BY id`;
    return (await driver.rows({ sql, params: [] })).map((row) => Object.values(row));
  };

  test.each([
    ['nothing', (n: number) => [`n ${n}`, n % 3 === 0, n, `c ${n}`]],
    ['some', (n: number) => [`s ${n}`, true, n, null]],
    ['some but the last row', (n: number) => [`l ${n}`, n < rowCount - 1, n, 'alike']],
    ['all but the id', () => [null, false, 7, null]],
    ['large numbers', (n: number) => [null, null, n % 2 === 0 ? Number.MAX_SAFE_INTEGER : BigInt(Number.MIN_SAFE_INTEGER), `large ${n}`]],
  ])('rows that have %s in common are kept as they were given', async (name, of) => {
    for (const count of [1, 7, 8, 9, 64, rowCount]) {
      const mark = `${name} ${count}`;
      const rows = rowsOf(mark, count, (n) => of(count === rowCount ? n : n + 1_000 * count).map((value) => (typeof value === 'string' ? `${value} ${mark}` : value))); // prettier-ignore
      await driver.write([{ ...plainStep(rows), expectRows: count }]);
      expect(await read(mark)).toEqual(rows.map((row) => row.map((value) => (typeof value === 'bigint' ? Number(value) : value))));
    }
  });

  test('a row that is there already is left as it is, and is not counted', async () => {
    const rows = rowsOf('there', rowCount, (n) => [`there ${n}`, false, n, null]);
    await driver.write([plainStep([rows[5]!, rows[70]!, rows.at(-1)!])]);
    const again: InsertMany = {
      ...plainStep(rows.map(([id]) => [id, null, true, 0, null])),
      onConflict: '(id) DO NOTHING',
      label: 'again',
    };
    await expect(driver.write([{ ...again, expectRows: rowCount }])).rejects.toMatchObject({ label: 'again', step: 0 });
    await expect(driver.write([{ ...again, expectRows: rowCount }])).rejects.toBeInstanceOf(StaleWrite);
    expect(await read('there')).toEqual([rows[5], rows[70], rows.at(-1)]);
    await driver.write([{ ...again, expectRows: rowCount - 3 }]);
    const kept = await read('there');
    expect(kept).toHaveLength(rowCount);
    expect(kept.filter(([, name]) => name !== null)).toEqual([rows[5], rows[70], rows.at(-1)]);
  });

  test.each([0, 63, 64, 200, rowCount - 1])('a row that is refused, as number %i, leaves none', async (at) => {
    const rows = rowsOf(`refused${at}`, rowCount, (n) => [`refused${at} ${n === at ? 'x' : n}`, true, n, null]);
    const other = rowsOf(`other${at}`, 1, () => [`refused${at} x`, true, 1, null]);
    await driver.write([plainStep(other)]);
    await expect(driver.write([plainStep(rows)])).rejects.toBeInstanceOf(UniqueViolation);
    expect(await read(`refused${at}`)).toEqual([]);
  });

  test('a value that is unfit and a row of another length are refused, whether or not all rows have it', async () => {
    for (const value of [undefined, '\0', new Date(0), 2 ** 53, NaN]) {
      await expect(driver.write([plainStep(rowsOf('unfit', rowCount, (n) => [`unfit ${n}`, true, n, value]))])).rejects.toBeInstanceOf(UnfitParameter); // prettier-ignore
      await expect(driver.write([plainStep(rowsOf('unfit', rowCount, (n) => [`unfit ${n}`, true, n, n === 99 ? value : null]))])).rejects.toBeInstanceOf(UnfitParameter); // prettier-ignore
    }
    const [short, long] = [[idOf('odd', 1), 'short', true, 1], [idOf('odd', 2), 'long', true, 1, null, null]]; // prettier-ignore
    for (const odd of [short, long])
      await expect(driver.write([plainStep([...rowsOf('odd', 20, (n) => [null, true, n, null]), odd])])).rejects.toBeInstanceOf(
        StorageFault,
      );
    expect([await read('unfit'), await read('odd')]).toEqual([[], []]);
  });

  test('no rows are no write', async () => {
    expect(await driver.write([{ ...plainStep([]), expectRows: 0 }])).toEqual([[]]);
  });
});

describe('statements of a run', () => {
  const step = (rows: readonly (readonly unknown[])[]): InsertMany => ({ ...plainStep(rows), insertInto: 'only_here' });
  const bound = (rows: readonly (readonly unknown[])[]): number[] => plainRuns(step(rows)).map((run) => run.rows[0]!.length);
  const alike = rowsOf('a', 64, () => ['name', true, 1, null]);
  const apart = rowsOf('a', 64, (n) => [`name ${n}`, true, n, null]);

  test('what rows share is bound once; for a while no more is shared than before, so that few statements serve', () => {
    expect(bound(alike)).toEqual([4 + 64]);
    expect(bound(apart)).toEqual([2 + 64 * 3]);
    const [before] = plainRuns(step(apart));
    expect(plainRuns(step(alike))[0]!.sql).toBe(before!.sql);
    for (let n = 0; n < 100; n++) plainRuns(step(alike));
    expect(bound(alike)).toEqual([4 + 64]);
  });

  test('few rows are written one by one by one statement, whatever they have in common', () => {
    const [one, ...none] = plainRuns(step(alike.slice(0, 7)));
    expect([one!.rows.length, one!.rows[0]!.length, none]).toEqual([7, 5, []]);
    expect(plainRuns(step(apart.slice(0, 3)))[0]!.sql).toBe(one!.sql);
  });

  test('ever other inserts are not remembered without end', () => {
    for (let n = 0; n < 250; n++) plainRuns({ ...step(alike), insertInto: `table_${n}` });
    expect(bound(alike)).toEqual([4 + 64]);
  });
});
