/** Migrations: on both engines the same tables, each file wholly or not at all, never backwards. */
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { systemClock } from '../../src/lib/clock.ts';
import { StorageFault, StorageStartError } from '../../src/storage/errors.ts';
import { migrate, migrationsFor, schemaVersion } from '../../src/storage/migrate.ts';
import { freshPlace, keptLog, onBothEngines, openAt, quiet } from './engines.ts';

const deps = { clock: systemClock, log: quiet };

/** A folder with the given migrations, to stand for another version of the program. */
function folderOf(files: Record<string, string>): string {
  const directory = mkdtempSync(join(tmpdir(), 'patchbay-migrations-'));
  for (const [name, sql] of Object.entries(files)) writeFileSync(join(directory, name), sql);
  return directory;
}

const ownFolder = join(import.meta.dirname, '../../src/storage/migrations');

onBothEngines('migrations', (bench, engine) => {
  test("the product's own migrations run, and running them again changes nothing", async () => {
    const driver = await bench.open();
    const { log, lines } = keptLog();
    const version = await migrate(driver, { clock: systemClock, log });
    expect(version).toBe((await migrationsFor(engine)).at(-1)!.id);
    const known = await migrationsFor(engine);
    expect(lines.filter((line) => line['msg'] === 'migrations applied')).toMatchObject([
      { migrations: known.length, last: known.at(-1)!.name },
    ]);
    expect(await schemaVersion(driver)).toBe(version);
    lines.length = 0;
    expect(await migrate(driver, { clock: systemClock, log })).toBe(version);
    expect(lines).toEqual([]);
  });

  test('instances that start together apply each migration once', async () => {
    const driver = await bench.open();
    const versions = await Promise.all(Array.from({ length: 4 }, () => migrate(driver, deps)));
    expect(new Set(versions).size).toBe(1);
    const rows = await driver.rows<{ n: number }>({ sql: 'SELECT count(*) AS n FROM schema_migrations', params: [] });
    expect(rows[0]!.n).toBe((await migrationsFor(engine)).length);
  });

  test('a migration whose file changed after it was applied is refused', async () => {
    const driver = await bench.open();
    await migrate(driver, { ...deps, directory: folderOf({ '0001_a.sql': 'CREATE TABLE a (id BIGINT PRIMARY KEY) /*strict*/;' }) });
    const changed = folderOf({ '0001_a.sql': 'CREATE TABLE a (id BIGINT PRIMARY KEY, more TEXT) /*strict*/;' });
    await expect(migrate(driver, { ...deps, directory: changed })).rejects.toThrow(StorageStartError);
    await expect(migrate(driver, { ...deps, directory: changed })).rejects.toThrow(/0001_a was applied in another form/);
  });

  test('a migration that fails half-way leaves nothing behind, and earlier ones stay', async () => {
    const driver = await bench.open();
    const directory = folderOf({
      '0001_a.sql': 'CREATE TABLE a (id BIGINT PRIMARY KEY) /*strict*/;',
      '0002_b.sql': 'CREATE TABLE b (id BIGINT PRIMARY KEY) /*strict*/; INSERT INTO a (id) VALUES (1); CREATE TABLE c (id NONSENSE(;',
    });
    await expect(migrate(driver, { ...deps, directory })).rejects.toThrow(/^migration 0002_b failed and left nothing behind/);
    expect(await schemaVersion(driver)).toBe(1);
    expect(await driver.rows({ sql: 'SELECT id FROM a', params: [] })).toEqual([]);
    await expect(driver.rows({ sql: 'SELECT id FROM b', params: [] })).rejects.toThrow(/b/);
    writeFileSync(join(directory, '0002_b.sql'), 'CREATE TABLE b (id BIGINT PRIMARY KEY) /*strict*/;');
    expect(await migrate(driver, { ...deps, directory })).toBe(2);
  });

  test('a database that a newer program has written is refused with one clear line', async () => {
    const driver = await bench.open();
    const newer = folderOf({
      '0001_a.sql': 'CREATE TABLE a (id BIGINT PRIMARY KEY);',
      '0002_b.sql': 'CREATE TABLE b (id BIGINT PRIMARY KEY);',
    });
    await migrate(driver, { ...deps, directory: newer });
    const older = folderOf({});
    copyFileSync(join(newer, '0001_a.sql'), join(older, '0001_a.sql'));
    const refusal = migrate(driver, { ...deps, directory: older });
    await expect(refusal).rejects.toThrow(StorageStartError);
    await expect(refusal).rejects.toThrow('the database (schema 2) is newer than this program (schema 1); start the newer version');
  });

  test('a migration that was inserted before an applied one is refused', async () => {
    const driver = await bench.open();
    await migrate(driver, { ...deps, directory: folderOf({ '0002_b.sql': 'CREATE TABLE b (id BIGINT PRIMARY KEY);' }) });
    const directory = folderOf({
      '0001_a.sql': 'CREATE TABLE a (id BIGINT PRIMARY KEY);',
      '0002_b.sql': 'CREATE TABLE b (id BIGINT PRIMARY KEY);',
    });
    await expect(migrate(driver, { ...deps, directory })).rejects.toThrow(/0001_a was left out/);
  });

  test("the application's defaults are the same on both engines: a v4 id, epoch milliseconds, the UTC day", async () => {
    const driver = await bench.open();
    const directory = folderOf({
      '0001_a.sql': `CREATE TABLE a (id UUID PRIMARY KEY DEFAULT default_uuid(), n BIGINT NOT NULL, at BIGINT NOT NULL DEFAULT default_now_ms(),
        day VARCHAR(10) NOT NULL DEFAULT default_today()) /*strict*/;`,
    });
    await migrate(driver, { ...deps, directory });
    const beforeMs = Date.now();
    await driver.write(Array.from({ length: 50 }, (_, n) => ({ sql: 'INSERT INTO a (n) VALUES ($1)', params: [n] })));
    const rows = await driver.rows<{ id: string; at: number; day: string }>({ sql: 'SELECT id, at, day FROM a', params: [] });
    expect(new Set(rows.map((row) => row.id)).size).toBe(50);
    for (const row of rows) {
      expect(row.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      // The server's clock and this process's are read one after the other, as coarsely as the engine tells it.
      expect(row.at).toBeGreaterThanOrEqual(beforeMs - 2_000);
      expect(row.at).toBeLessThanOrEqual(Date.now() + 2_000);
      expect([new Date(beforeMs), new Date()].map((date) => date.toISOString().slice(0, 10))).toContain(row.day);
    }
  });

  test("both engines refuse what a column's type refuses: too long a text, no id, no boolean", async () => {
    const driver = await bench.open();
    const directory = folderOf({
      '0001_a.sql': 'CREATE TABLE a (id UUID PRIMARY KEY, name VARCHAR(5) NOT NULL, is_on BOOLEAN) /*strict*/;',
    });
    await migrate(driver, { ...deps, directory });
    const insert = (params: unknown[]): Promise<unknown> =>
      driver.write([{ sql: 'INSERT INTO a (id, name, is_on) VALUES ($1, $2, $3)', params }]);
    const id = '018f0000-0000-7000-8000-000000000001';
    await expect(insert([id, 'sixsix', true])).rejects.toThrow(StorageFault);
    await expect(insert(['not an id', 'five5', true])).rejects.toThrow(StorageFault);
    await expect(insert([id, 'five5', 7])).rejects.toThrow(StorageFault);
    await insert([id, 'füñf5', null]);
    expect(await driver.rows({ sql: 'SELECT * FROM a', params: [] })).toEqual([{ id, name: 'füñf5', is_on: null }]);
  });
});

test('an embedded database is copied before a migration, once it holds something, and three copies are kept', async () => {
  const place = await freshPlace('sqlite');
  const driver = await openAt(place);
  const directory = folderOf({ '0001_a.sql': 'CREATE TABLE a (id BIGINT PRIMARY KEY) /*strict*/;' });
  await migrate(driver, { ...deps, directory });
  const backups = join(place.dataDir, 'backups');
  expect(() => readdirSync(backups)).toThrow(/ENOENT/);
  let nowMs = 1_800_000_000_000;
  const clock = { ...systemClock, nowMs: () => nowMs++ };
  for (let id = 2; id <= 6; id++) {
    await driver.write([{ sql: 'INSERT INTO a (id) VALUES ($1)', params: [id] }]);
    writeFileSync(join(directory, `000${id}_more.sql`), `CREATE TABLE t${id} (id BIGINT) /*strict*/;`);
    await migrate(driver, { clock, log: quiet, directory });
  }
  const kept = readdirSync(backups).toSorted();
  expect(kept.map((name) => name.slice(-8))).toEqual(['-0004.db', '-0005.db', '-0006.db']);
  const copy = new DatabaseSync(join(backups, kept[2]!), { readOnly: true });
  expect(copy.prepare('SELECT max(id) AS last FROM a').get()).toEqual({ last: 6 });
  expect(copy.prepare('SELECT max(id) AS last FROM schema_migrations').get()).toEqual({ last: 5 });
  copy.close();
  await driver.close();
});

test('two files with one number, and files that are no migrations, are refused', async () => {
  await expect(migrationsFor('sqlite', folderOf({ '0001_a.sql': '', '0001_b.sql': '' }))).rejects.toThrow(
    /two migrations have the number 0001/,
  );
  await expect(migrationsFor('sqlite', folderOf({ 'readme.md': '' }))).rejects.toThrow(/not a migration's name/);
});

/** What SQLite and PostgreSQL understand differently; see docs/schema.md. */
const banned: readonly [string, RegExp][] = [
  ['ILIKE', /\bILIKE\b/i],
  ['LIKE without lower()', /(?<!lower\([^)]*\)\s)\bLIKE\b/i],
  ['::type', /::/],
  ['now()', /\bnow\(\)|\bCURRENT_TIMESTAMP\b|\bdate_trunc\b|\bINTERVAL\b/i],
  ['greatest and least', /\b(greatest|least)\(/i],
  ['DISTINCT ON', /\bDISTINCT\s+ON\b/i],
  ['LATERAL', /\bLATERAL\b/i],
  ['FOR UPDATE', /\bFOR\s+UPDATE\b|\bSKIP\s+LOCKED\b/i],
  ['TRUNCATE', /\bTRUNCATE\b/i],
  ['FETCH FIRST', /\bFETCH\s+FIRST\b/i],
  ['IF NOT EXISTS on columns', /\bADD\s+COLUMN\s+IF\b/i],
  ['JSON operators', /->|\bjsonb?\b/i],
  ['percentile_cont', /\bpercentile_cont\b/i],
  ['serial and identity', /\b(big)?serial\b|\bGENERATED\b|\bAUTOINCREMENT\b/i],
  ['INSERT OR', /\bINSERT\s+OR\b|\bREPLACE\s+INTO\b/i],
];

const withoutComments = (sql: string): string => sql.replace(/--[^\n]*/g, '').replace(/\/\*[\s\S]*?\*\//g, '');

test('migrations for both engines use nothing that the engines understand differently', () => {
  const files = readdirSync(ownFolder).filter((name) => !/\.(pg|sqlite)\.sql$/.test(name));
  expect(files.length).toBeGreaterThan(0);
  for (const file of files) {
    const sql = withoutComments(readFileSync(join(ownFolder, file), 'utf8'));
    const found = banned.filter(([, pattern]) => pattern.test(sql)).map(([name]) => name);
    expect({ file, found }).toEqual({ file, found: [] });
    const text = readFileSync(join(ownFolder, file), 'utf8');
    const tables = text.match(/^CREATE TABLE /gm)?.length ?? 0;
    expect({ file, strict: text.match(/^\) \/\*strict\*\/;$/gm)?.length ?? 0 }).toEqual({ file, strict: tables });
  }
});

test('every engine-specific migration has its counterpart with the same tables and columns', () => {
  const names = readdirSync(ownFolder);
  for (const name of names.filter((file) => file.endsWith('.pg.sql'))) {
    const twin = name.replace('.pg.sql', '.sqlite.sql');
    expect(names).toContain(twin);
    const columnsOf = (file: string): string[] =>
      withoutComments(readFileSync(join(ownFolder, file), 'utf8'))
        .split('\n')
        .map((line) => /^ {2}([a-z_0-9]+) /.exec(line)?.[1] ?? /^CREATE TABLE (\w+) \(/.exec(line)?.[1] ?? '')
        .filter((word) => word !== '');
    expect({ name, columns: columnsOf(name) }).toEqual({ name, columns: columnsOf(twin) });
  }
});
