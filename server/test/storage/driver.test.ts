/** The driver's contract, on both engines: exact values, typed errors, all or nothing. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Driver, Statement, WriteStep } from '../../src/storage/driver.ts';
import { ForeignKeyViolation, StaleWrite, StorageFault, UnfitParameter, UniqueViolation, UnsafeInteger } from '../../src/storage/errors.ts';
import { onBothEngines, thingsTable } from './engines.ts';
import { cpuMsOf } from '../support/cpu.ts';

const count = async (driver: Driver, table = 'things'): Promise<number> => {
  const [row] = await driver.rows<{ n: number }>({ sql: `SELECT count(*) AS n FROM ${table}`, params: [] });
  return row!.n;
};
const insertThing = (id: string, name: string | null = null, amount: number | bigint | null = 0): Statement => ({
  sql: 'INSERT INTO things (id, name, amount) VALUES ($1, $2, $3)',
  params: [id, name, amount],
});
const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

onBothEngines('values', (bench, engine) => {
  let driver: Driver;
  beforeAll(async () => {
    driver = await bench.open();
    await driver.script(thingsTable(engine));
  });
  const roundTrip = async (column: string, value: unknown): Promise<unknown> => {
    const id = `${column}-${typeof value}-${String(value)}`;
    const [rows] = await driver.write([
      { sql: `INSERT INTO things (id, ${column}) VALUES ($1, $2) RETURNING ${column} AS v`, params: [id, value] },
    ]);
    const [read] = await driver.rows<{ v: unknown }>({ sql: `SELECT ${column} AS v FROM things WHERE id = $1`, params: [id] });
    expect(read!.v).toEqual(rows![0]!['v']);
    return read!.v;
  };

  test.each([
    ['name', 'plain'],
    ['name', ''],
    ['name', 'Ünïcödé 🦊 — "quoted" \'text\' $1 ?1 -- /* */'],
    ['name', null],
    ['amount', 0],
    ['amount', -1],
    ['amount', Number.MAX_SAFE_INTEGER],
    ['amount', Number.MIN_SAFE_INTEGER],
    ['ratio', 0.1],
    ['ratio', 1.5e-300],
    ['ratio', 2],
    ['is_on', true],
    ['is_on', false],
    ['is_on', null],
  ])('%s keeps %j', async (column, value) => {
    expect(await roundTrip(column, value)).toBe(value);
  });

  test('a bigint that is safe comes back as the same number', async () => {
    expect(await roundTrip('amount', 123_456_789_012n)).toBe(123_456_789_012);
  });

  test('bytes come back as the same bytes', async () => {
    const bytes = new Uint8Array([0, 1, 127, 128, 255]);
    expect([...((await roundTrip('data', bytes)) as Uint8Array)]).toEqual([...bytes]);
  });

  test('an integer beyond 2^53 is stored exactly but never read back rounded', async () => {
    const big = 2n ** 53n + 1n;
    await driver.write([insertThing('big', null, big)]);
    await expect(driver.rows({ sql: "SELECT amount FROM things WHERE id = 'big'", params: [] })).rejects.toThrow(UnsafeInteger);
    const [row] = await driver.rows<{ text: string }>({
      sql: "SELECT CAST(amount AS TEXT) AS text FROM things WHERE id = 'big'",
      params: [],
    });
    expect(row!.text).toBe(big.toString());
    await driver.write([{ sql: "DELETE FROM things WHERE id = 'big'", params: [], expectRows: 1 }]);
  });

  test('a sum is exact up to 2^53 and an error beyond, never a text', async () => {
    await driver.write([insertThing('s1', 'sum a', Number.MAX_SAFE_INTEGER - 10), insertThing('s2', 'sum b', 10)]);
    const sum: Statement = { sql: "SELECT sum(amount) AS s, count(*) AS n FROM things WHERE name LIKE 'sum %'", params: [] };
    expect(await driver.rows(sum)).toEqual([{ s: Number.MAX_SAFE_INTEGER, n: 2 }]);
    await driver.write([insertThing('s3', 'sum c', 1)]);
    await expect(driver.rows(sum)).rejects.toThrow(UnsafeInteger);
  });

  test('integers bound as parameters divide as integers', async () => {
    expect(await driver.rows({ sql: 'SELECT CAST($1 AS BIGINT) / 2 AS half', params: [7] })).toEqual([{ half: 3 }]);
  });

  test('a parameter may be used twice and in any order', async () => {
    const rows = await driver.rows({
      sql: 'SELECT CAST($2 AS TEXT) AS b, CAST($1 AS TEXT) AS a, CAST($2 AS TEXT) AS c',
      params: ['1', '2'],
    });
    expect(rows).toEqual([{ b: '2', a: '1', c: '2' }]);
  });

  test.each([
    ['a Date', new Date(0)],
    ['undefined', undefined],
    ['an object', {}],
    ['an array', [1]],
    ['a symbol', Symbol('x')],
    ['a function', () => 1],
    ['NaN', NaN],
    ['Infinity', Infinity],
    ['an integer beyond 2^53', 2 ** 53],
    ['a bigint beyond 64 bits', 2n ** 63n],
    ['a text with U+0000', 'a\0b'],
  ])('%s is refused as a parameter, and nothing is written', async (_, value) => {
    const before = await count(driver);
    const error = await failureOf(driver.write([insertThing('fit'), { ...insertThing('unfit'), params: ['unfit', null, value] }]));
    expect(error).toBeInstanceOf(UnfitParameter);
    expect((error as UnfitParameter).index).toBe(2);
    await expect(driver.write([{ insertInto: 'things', columns: ['id', 'name'], rows: [['many', value]] }])).rejects.toThrow(
      UnfitParameter,
    );
    await expect(driver.rows({ sql: 'SELECT $1 AS v', params: [value] })).rejects.toThrow(UnfitParameter);
    expect(await count(driver)).toBe(before);
  });

  test('too few and too many parameters are refused', async () => {
    await expect(driver.write([{ sql: 'INSERT INTO things (id, name) VALUES ($1, $2)', params: ['few'] }])).rejects.toThrow(StorageFault);
    await expect(driver.write([{ sql: 'INSERT INTO things (id) VALUES ($1)', params: ['many', 'more'] }])).rejects.toThrow(StorageFault);
  });

  test('booleans are booleans through aliases, views, sub-selects and expressions named is_ or has_', async () => {
    await driver.script('CREATE VIEW lit AS SELECT id, is_on AS shines FROM things');
    await driver.write([{ sql: "INSERT INTO things (id, is_on, amount) VALUES ('lamp', $1, 1)", params: [true] }]);
    const rows = await driver.rows({
      sql: `SELECT t.is_on, t.is_on AS lamp, lit.shines, amount AS is_not_fooled, EXISTS (SELECT 1 FROM things WHERE is_on) AS has_any,
        (SELECT count(*) FROM things WHERE id = 'lamp') AS n
        FROM (SELECT * FROM things) t JOIN lit ON lit.id = t.id WHERE t.id = 'lamp' AND t.is_on AND t.is_on = $1`,
      params: [true],
    });
    expect(rows).toEqual([{ is_on: true, lamp: true, shines: true, is_not_fooled: 1, has_any: true, n: 1 }]);
  });
});

onBothEngines('failures', (bench, engine) => {
  let driver: Driver;
  beforeAll(async () => {
    driver = await bench.open();
    await driver.script(thingsTable(engine));
    await driver.write([
      { sql: "INSERT INTO groups (id) VALUES ('g')", params: [] },
      { sql: "INSERT INTO things (id, name, code, amount, is_on, group_id) VALUES ('a', 'Secret Name', 'c', 1, TRUE, 'g')", params: [] },
    ]);
  });

  test.each([
    ['the primary key', "INSERT INTO things (id) VALUES ('a')", 'things_pkey'],
    ['a UNIQUE of CREATE TABLE', "INSERT INTO things (id, code, amount) VALUES ('b', 'c', 1)", 'things_code_amount_key'],
    ['a partial index', "INSERT INTO things (id, is_on, group_id) VALUES ('b', TRUE, 'g')", 'things_one_on'],
    ['an expression index', "INSERT INTO things (id, name) VALUES ('b', 'SECRET name')", 'things_lower'],
  ])('a unique violation names %s', async (_, sql, name) => {
    const error = await failureOf(driver.write([{ sql, params: [] }]));
    expect(error).toBeInstanceOf(UniqueViolation);
    expect((error as UniqueViolation).constraint).toBe(name);
    expect((error as Error).message).not.toContain('Secret');
  });

  test('a reference to nothing, and the removal of what is referred to, are foreign key violations', async () => {
    await expect(driver.write([{ sql: "INSERT INTO things (id, group_id) VALUES ('c', 'nope')", params: [] }])).rejects.toThrow(
      ForeignKeyViolation,
    );
    await expect(driver.write([{ sql: "DELETE FROM groups WHERE id = 'g'", params: [] }])).rejects.toThrow(ForeignKeyViolation);
    expect(await count(driver, 'groups')).toBe(1);
  });

  test('bad SQL, an unknown table and a broken check are faults of ours', async () => {
    await expect(driver.rows({ sql: 'SELEKT 1', params: [] })).rejects.toThrow(StorageFault);
    await expect(driver.rows({ sql: 'SELECT 1 FROM nowhere', params: [] })).rejects.toThrow(StorageFault);
    await expect(driver.write([insertThing('x', null, null)])).rejects.toThrow(StorageFault);
    expect(driver.isHealthy()).toBe(true);
  });

  test('names of tables and columns are never taken from outside', async () => {
    const evil: WriteStep = { insertInto: 'things; DROP TABLE things', columns: ['id'], rows: [['x']] };
    await expect(driver.write([evil])).rejects.toThrow(/not a plain SQL name/);
    await expect(driver.write([{ insertInto: 'things', columns: ['id) --'], rows: [['x']] }])).rejects.toThrow(/not a plain SQL name/);
  });
});

onBothEngines('batches', (bench, engine) => {
  let driver: Driver;
  beforeAll(async () => {
    driver = await bench.open();
    await driver.script(thingsTable(engine));
  });

  test("each step's rows come back in its place", async () => {
    const results = await driver.write([
      { sql: "INSERT INTO things (id, amount) VALUES ('r1', 1) RETURNING id, amount", params: [] },
      { sql: "UPDATE things SET amount = amount + 1 WHERE id = 'r1'", params: [] },
      { sql: "SELECT amount FROM things WHERE id = 'r1'", params: [] },
      { sql: "DELETE FROM things WHERE id = 'r1' RETURNING amount AS gone", params: [] },
    ]);
    expect(results).toEqual([[{ id: 'r1', amount: 1 }], [], [{ amount: 2 }], [{ gone: 2 }]]);
  });

  test.each(['first', 'middle', 'last'])('a failing %s step leaves nothing of its batch', async (place) => {
    const before = await count(driver);
    const good = ['g1', 'g2'].map((id) => insertThing(`${place}-${id}`));
    const bad = { sql: 'INSERT INTO things (id, group_id) VALUES ($1, $2)', params: ['bad', 'nowhere'] };
    const steps = { first: [bad, ...good], middle: [good[0]!, bad, good[1]!], last: [...good, bad] }[place]!;
    await expect(driver.write(steps)).rejects.toThrow(ForeignKeyViolation);
    expect(await count(driver)).toBe(before);
    await driver.write([insertThing(`${place}-after`)]);
    expect(await count(driver)).toBe(before + 1);
  });

  test('a step that touches other than the expected rows undoes the batch and says which it was', async () => {
    await driver.write([insertThing('stale', 'old')]);
    const update: Statement = {
      sql: "UPDATE things SET name = 'new' WHERE id = 'stale' AND amount = $1",
      params: [99],
      expectRows: 1,
      label: 'version',
    };
    const error = await failureOf(driver.write([insertThing('not kept'), update]));
    expect(error).toBeInstanceOf(StaleWrite);
    expect(error).toMatchObject({ label: 'version', step: 1 });
    const rows = await driver.rows({ sql: "SELECT id, name FROM things WHERE id IN ('stale', 'not kept')", params: [] });
    expect(rows).toEqual([{ id: 'stale', name: 'old' }]);
    await driver.write([{ ...update, params: [0] }]);
    await driver.write([{ sql: "SELECT id FROM things WHERE id = 'stale'", params: [], expectRows: 1 }]);
    await expect(driver.write([{ sql: "SELECT id FROM things WHERE id = 'none'", params: [], expectRows: 1 }])).rejects.toThrow(StaleWrite);
    await expect(
      driver.write([{ sql: "UPDATE things SET name = 'x' WHERE id = 'stale' RETURNING id", params: [], expectRows: 0 }]),
    ).rejects.toThrow(StaleWrite);
  });

  test('many rows go in at once, keep their values, and skip what is there', async () => {
    const rows = Array.from({ length: 2_000 }, (_, n) => [
      `many-${n}`,
      n % 3 === 0 ? null : `na"me, {${n}} \\ '${n}'`,
      n % 2 === 0,
      n,
      n / 4,
    ]);
    const step: WriteStep = { insertInto: 'things', columns: ['id', 'name', 'is_on', 'amount', 'ratio'], rows };
    await driver.write([step]);
    const read = await driver.rows({
      sql: "SELECT id, name, is_on, amount, ratio FROM things WHERE id LIKE 'many-%' ORDER BY amount",
      params: [],
    });
    expect(read.map((row) => Object.values(row))).toEqual(rows);
    await expect(driver.write([step])).rejects.toThrow(UniqueViolation);
    await driver.write([{ ...step, onConflict: '(id) DO NOTHING' }]);
    await driver.write([{ ...step, rows: [['many-1', 'changed', true, 1, 1]], onConflict: '(id) DO UPDATE SET name = excluded.name' }]);
    expect(await driver.rows({ sql: "SELECT name FROM things WHERE id = 'many-1'", params: [] })).toEqual([{ name: 'changed' }]);
    expect(await driver.write([{ ...step, rows: [] }])).toEqual([[]]);
  });

  test('500 rows of many columns cost far less than a second', async () => {
    const rows = Array.from({ length: 500 }, (_, n) => [`speed${n}`, `speed name ${n}`, true, n, 0.5]);
    const write = () => driver.write([{ insertInto: 'things', columns: ['id', 'name', 'is_on', 'amount', 'ratio'], rows }]);
    expect(await cpuMsOf(write)).toBeLessThan(500);
  });

  test('a failing row among many leaves none of them', async () => {
    const before = await count(driver);
    const step: WriteStep = { insertInto: 'things', columns: ['id'], rows: [['t1'], ['t2'], ['t1']] };
    await expect(driver.write([step])).rejects.toThrow(UniqueViolation);
    expect(await count(driver)).toBe(before);
  });

  test('fifty writers at once lose no increment', async () => {
    await driver.write([insertThing('counter')]);
    await Promise.all(
      Array.from({ length: 50 }, () =>
        driver.write([{ sql: "UPDATE things SET amount = amount + 1 WHERE id = 'counter'", params: [], expectRows: 1 }]),
      ),
    );
    expect(await driver.rows({ sql: "SELECT amount FROM things WHERE id = 'counter'", params: [] })).toEqual([{ amount: 50 }]);
  });

  test('writers that take rows in opposite orders all succeed', async () => {
    await driver.write([insertThing('d1'), insertThing('d2')]);
    const add = (id: string): Statement => ({ sql: 'UPDATE things SET amount = amount + 1 WHERE id = $1', params: [id] });
    await Promise.all(Array.from({ length: 4 }, (_, n) => driver.write(n % 2 === 0 ? [add('d1'), add('d2')] : [add('d2'), add('d1')])));
    const rows = await driver.rows({ sql: "SELECT amount FROM things WHERE id IN ('d1', 'd2')", params: [] });
    expect(rows).toEqual([{ amount: 4 }, { amount: 4 }]);
  });

  test('what was acknowledged is seen by the next read on every lane', async () => {
    for (let n = 0; n < 30; n++) {
      await driver.write([insertThing(`seen${n}`)]);
      const seen = await Promise.all(
        (['read', 'write', 'analytics'] as const).map((lane) =>
          driver.rows({ sql: 'SELECT id FROM things WHERE id = $1', params: [`seen${n}`] }, lane),
        ),
      );
      expect(seen.map((rows) => rows.length)).toEqual([1, 1, 1]);
    }
  });

  test('pages by row value meet every row once', async () => {
    await driver.write([
      {
        insertInto: 'things',
        columns: ['id', 'name', 'amount'],
        rows: Array.from({ length: 55 }, (_, n) => [`page${String(n).padStart(2, '0')}`, `page ${n}`, Math.floor(n / 10)]),
      },
    ]);
    const met: string[] = [];
    let cursor: [number, string] = [Number.MAX_SAFE_INTEGER, ''];
    for (let page = 0; page < 20; page++) {
      const rows = await driver.rows<{ amount: number; id: string }>({
        sql: "SELECT amount, id FROM things WHERE id LIKE 'page%' AND (amount, id) < ($1, $2) ORDER BY amount DESC, id DESC LIMIT $3",
        params: [...cursor, 7],
      });
      met.push(...rows.map((row) => row.id));
      const last = rows.at(-1);
      if (last === undefined) break;
      cursor = [last.amount, last.id];
    }
    expect(met).toHaveLength(55);
    expect(met).toEqual([...new Set(met)].toSorted().toReversed());
  });
});

onBothEngines('configuration changes', (bench) => {
  test('a change is heard by every listener, and no more after it left', async () => {
    const driver = await bench.open();
    const heard: string[] = [];
    const told = Promise.withResolvers<void>();
    const leave = driver.onConfigChange(() => heard.push('left'));
    leave();
    driver.onConfigChange(() => {
      heard.push('stayed');
      told.resolve();
    });
    await driver.notifyConfigChange();
    await told.promise;
    expect(heard).toContain('stayed');
    expect(heard).not.toContain('left');
  });
});

describe('lanes', () => {
  onBothEngines('lanes', (bench, engine) => {
    test('a reader does not wait for analytics', async () => {
      const driver = await bench.open();
      await driver.script(thingsTable(engine));
      const slow = driver.rows(
        {
          sql: 'WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 3000000) SELECT count(*) AS n FROM n',
          params: [],
        },
        'analytics',
      );
      let isSlowDone = false;
      const done = slow.then(() => {
        isSlowDone = true;
      });
      await driver.write([insertThing('quick')]);
      expect(await count(driver)).toBe(1);
      expect(isSlowDone).toBe(false);
      await done;
    });
  });
});
