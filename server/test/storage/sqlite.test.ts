/** What only the embedded database promises: one process per file, a check after a crash, copies, and no remains of secrets. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { StorageFault, StorageStartError, StorageUnavailable } from '../../src/storage/errors.ts';
import { openDriver } from '../../src/storage/open.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { freshPlace, keptLog, openAt, quiet, thingsTable } from './engines.ts';

const child = join(import.meta.dirname, 'holder.ts');

/** Another process that opens the database and says what became of it: `open`, or the error's name. */
async function startHolder(dataDir: string): Promise<{ process: ChildProcess; said: string }> {
  const holder = spawn(process.execPath, [child, dataDir], { stdio: ['pipe', 'pipe', 'inherit'] });
  const said = await new Promise<string>((resolve, reject) => {
    holder.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString().trim()));
    holder.once('exit', (code) => reject(new Error(`the holder ended with ${code}`)));
  });
  return { process: holder, said };
}

async function kill(holder: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => holder.once('exit', resolve));
  holder.kill('SIGKILL');
  await ended;
}

test('a second process on the same file is refused, and let in after kill -9 of the first', async () => {
  const place = await freshPlace('sqlite');
  const first = await startHolder(place.dataDir);
  expect(first.said).toBe('open');
  const refusal = openAt(place);
  await expect(refusal).rejects.toThrow(StorageStartError);
  await expect(refusal).rejects.toThrow(/another Patchbay process uses it/);
  const second = await startHolder(place.dataDir);
  expect(second.said).toBe('StorageStartError');
  await kill(second.process);
  await kill(first.process);
  const driver = await openAt(place);
  expect(await driver.rows({ sql: 'SELECT id FROM held', params: [] })).toEqual([{ id: 1 }]);
  await driver.close();
});

test('the same file cannot be opened twice in one process either', async () => {
  const place = await freshPlace('sqlite');
  const driver = await openAt(place);
  await expect(openAt(place)).rejects.toThrow(StorageStartError);
  await driver.close();
  await (await openAt(place)).close();
});

test('after an unclean stop the file is checked, after a clean one it is not', async () => {
  const place = await freshPlace('sqlite');
  const { log, lines } = keptLog();
  const driver = await openAt(place, log);
  await driver.script(thingsTable('sqlite'));
  await driver.close();
  expect(existsSync(join(place.dataDir, 'patchbay.running'))).toBe(false);
  await (await openAt(place, log)).close();
  expect(lines).toEqual([]);
  writeFileSync(join(place.dataDir, 'patchbay.running'), '');
  const again = await openAt(place, log);
  expect(lines.map((line) => line['msg'])).toEqual(['the last stop was not a clean one: checking the database']);
  await again.close();
});

test('a file that was damaged in a crash is refused with one clear line, and stays refused', async () => {
  const place = await freshPlace('sqlite');
  const driver = await openAt(place);
  await driver.script(thingsTable('sqlite'));
  await driver.write([
    { insertInto: 'things', columns: ['id', 'name', 'amount'], rows: Array.from({ length: 3_000 }, (_, n) => [`id ${n}`, `name ${n}`, n]) },
  ]);
  await driver.close();
  const file = join(place.dataDir, 'patchbay.db');
  const bytes = readFileSync(file);
  bytes.fill(0xa5, 4096 * 20, 4096 * 30);
  writeFileSync(file, bytes);
  writeFileSync(join(place.dataDir, 'patchbay.running'), '');
  for (let tries = 0; tries < 2; tries++) {
    const refusal = openAt(place);
    await expect(refusal).rejects.toThrow(StorageStartError);
    await expect(refusal).rejects.toThrow(/is damaged; restore a backup/);
  }
});

test('a file that is no database is refused', async () => {
  const place = await freshPlace('sqlite');
  writeFileSync(join(place.dataDir, 'patchbay.db'), 'this is not a database, but long enough to be taken for one'.repeat(20));
  await expect(openAt(place)).rejects.toThrow(StorageStartError);
});

test('acknowledged writes outlive kill -9', async () => {
  const place = await freshPlace('sqlite');
  const holder = await startHolder(place.dataDir);
  holder.process.stdin!.write('write\n');
  const acknowledged = await new Promise<number>((resolve) => {
    let last = 0;
    holder.process.stdout!.on('data', (chunk: Buffer) => {
      for (const line of chunk.toString().trim().split('\n')) last = Math.max(last, Number(line));
      if (last >= 200) resolve(last);
    });
  });
  await kill(holder.process);
  const { log, lines } = keptLog();
  const driver = await openAt(place, log);
  expect(lines).toHaveLength(1);
  const [row] = await driver.rows<{ n: number; last: number }>({ sql: 'SELECT count(*) AS n, max(id) AS last FROM held', params: [] });
  expect(row!.last).toBeGreaterThanOrEqual(acknowledged);
  expect(row!.n).toBe(row!.last);
  await driver.close();
});

test('a backup opens, holds everything that was acknowledged, and does not stop the writer', async () => {
  const place = await freshPlace('sqlite');
  const driver = await openAt(place);
  await driver.script(thingsTable('sqlite'));
  await driver.write([{ insertInto: 'things', columns: ['id', 'amount'], rows: Array.from({ length: 20_000 }, (_, n) => [`id ${n}`, n]) }]);
  const path = join(place.dataDir, 'backups', 'copy.db');
  const copying = driver.backup(path);
  await Promise.all(
    Array.from({ length: 50 }, (_, n) => driver.write([{ sql: 'INSERT INTO things (id) VALUES ($1)', params: [`during ${n}`] }])),
  );
  await copying;
  expect(readdirSync(join(place.dataDir, 'backups'))).toEqual(['copy.db']);
  const copy = new DatabaseSync(path, { readOnly: true });
  expect(copy.prepare("SELECT count(*) AS n, sum(amount) AS s FROM things WHERE id LIKE 'id %'").get()).toEqual({
    n: 20_000,
    s: 199_990_000,
  });
  expect(copy.prepare('PRAGMA integrity_check').all()).toEqual([{ integrity_check: 'ok' }]);
  copy.close();
  expect(statSync(path).mode & 0o777).toBe(0o600);
  await driver.close();
});

test('a deleted secret is in none of the files after a scrub', async () => {
  const place = await freshPlace('sqlite');
  const driver = await openAt(place);
  await driver.script('CREATE TABLE sealed (id INTEGER PRIMARY KEY, secret TEXT) STRICT');
  const secret = 'sealed-bytes-that-must-vanish-'.repeat(20);
  await driver.write([{ sql: 'INSERT INTO sealed (id, secret) VALUES (1, $1)', params: [secret] }]);
  const isAnywhere = (): boolean =>
    ['patchbay.db', 'patchbay.db-wal'].some((name) => readFileSync(join(place.dataDir, name)).includes('sealed-bytes-that-must-vanish'));
  expect(isAnywhere()).toBe(true);
  await driver.write([{ sql: 'DELETE FROM sealed WHERE id = 1', params: [] }]);
  await driver.scrub();
  expect(isAnywhere()).toBe(false);
  await driver.close();
});

test('the read lanes cannot write, and no lane can write into the schema', async () => {
  const driver = await openAt(await freshPlace('sqlite'));
  await driver.script(thingsTable('sqlite'));
  for (const lane of ['read', 'analytics'] as const) {
    await expect(driver.rows({ sql: "INSERT INTO things (id) VALUES ('x')", params: [] }, lane)).rejects.toThrow(/readonly/);
  }
  await driver.rows({ sql: 'PRAGMA writable_schema=ON', params: [] }, 'write');
  await expect(driver.write([{ sql: "UPDATE sqlite_schema SET sql = 'x'", params: [] }])).rejects.toThrow(StorageFault);
  await driver.close();
});

test('the settings that durability and secrecy rest on are in force', async () => {
  const driver = await openAt(await freshPlace('sqlite'));
  const pragma = async (name: string): Promise<unknown> =>
    Object.values((await driver.rows({ sql: `PRAGMA ${name}`, params: [] }, 'write'))[0]!)[0];
  const names = ['journal_mode', 'synchronous', 'foreign_keys', 'secure_delete', 'trusted_schema', 'mmap_size', 'cache_size'];
  const found: Record<string, unknown> = {};
  for (const name of names) found[name] = await pragma(name);
  expect(found).toEqual({
    journal_mode: 'wal',
    synchronous: 2,
    foreign_keys: 1,
    secure_delete: 1,
    trusted_schema: 0,
    mmap_size: 0,
    cache_size: -16384,
  });
  expect(Number(await pragma('busy_timeout'))).toBeLessThanOrEqual(20);
  await driver.close();
});

test('a new file has large pages, and one with small pages keeps them and what is in it', async () => {
  const pageOf = async (dataDir: string): Promise<unknown> => {
    const driver = await openAt({ databaseUrl: null, dataDir });
    await driver.write([{ sql: 'CREATE TABLE IF NOT EXISTS things (id TEXT) STRICT', params: [] }, { sql: "INSERT INTO things VALUES ('new')", params: [] }]); // prettier-ignore
    const sql = 'SELECT (SELECT page_size FROM pragma_page_size()) AS page, (SELECT count(*) FROM things) AS n';
    const [row] = await driver.rows({ sql, params: [] });
    await driver.close();
    return row;
  };
  const [fresh, old] = [await freshPlace('sqlite'), await freshPlace('sqlite')];
  const database = new DatabaseSync(join(old.dataDir, 'patchbay.db'));
  database.exec("PRAGMA page_size=4096; PRAGMA journal_mode=WAL; CREATE TABLE things (id TEXT) STRICT; INSERT INTO things VALUES ('old')");
  database.close();
  expect([await pageOf(fresh.dataDir), await pageOf(fresh.dataDir)]).toEqual([{ page: 8192, n: 1 }, { page: 8192, n: 2 }]); // prettier-ignore
  expect([await pageOf(old.dataDir), await pageOf(old.dataDir)]).toEqual([{ page: 4096, n: 2 }, { page: 4096, n: 3 }]); // prettier-ignore
});

test('a write waits for a short lock by another program instead of failing', async () => {
  const place = await freshPlace('sqlite');
  // However long this process stands still meanwhile, the lock is a short one: the tries are counted, and no time.
  const driver = await openDriver({ ...place, clock: { ...systemClock, monotonicMs: () => 0 }, log: quiet });
  await driver.script(thingsTable('sqlite'));
  const other = new DatabaseSync(join(place.dataDir, 'patchbay.db'));
  other.exec('BEGIN IMMEDIATE');
  const write = driver.write([{ sql: "INSERT INTO things (id) VALUES ('patient')", params: [] }]);
  const early = await Promise.race([write.then(() => 'written'), new Promise((resolve) => setTimeout(resolve, 100, 'waiting'))]);
  expect(early).toBe('waiting');
  other.exec('COMMIT');
  other.close();
  await write;
  await driver.close();
});

test('calls after the end are refused, and closing twice is one closing', async () => {
  const driver = await openAt(await freshPlace('sqlite'));
  await Promise.all([driver.close(), driver.close()]);
  await expect(driver.rows({ sql: 'SELECT 1 AS one', params: [] })).rejects.toThrow(/not running/);
  expect(driver.isHealthy()).toBe(false);
});

test('a full disk is StorageUnavailable, loses nothing that was kept, and passes when there is room again', async () => {
  const driver = await openAt(await freshPlace('sqlite'));
  await driver.script(thingsTable('sqlite'));
  await driver.write([{ sql: "INSERT INTO things (id) VALUES ('kept')", params: [] }]);
  await driver.rows({ sql: 'PRAGMA max_page_count=20', params: [] }, 'write');
  const large = {
    insertInto: 'things',
    columns: ['id', 'name'],
    rows: Array.from({ length: 500 }, (_, n) => [`l${n}`, `${n} ${'x'.repeat(2_000)}`]),
  };
  await expect(driver.write([large])).rejects.toThrow(StorageUnavailable);
  expect(await driver.rows({ sql: 'SELECT id FROM things', params: [] })).toEqual([{ id: 'kept' }]);
  await driver.rows({ sql: 'PRAGMA max_page_count=100000', params: [] }, 'write');
  await driver.write([large]);
  expect(await driver.rows({ sql: 'SELECT count(*) AS n FROM things', params: [] })).toEqual([{ n: 501 }]);
  await driver.close();
});

test('a process that awaits the database stays alive for it, and ends by itself when it is closed', async () => {
  const place = await freshPlace('sqlite');
  const script = `
    import { openDriver } from ${JSON.stringify(join(import.meta.dirname, '../../src/storage/open.ts'))};
    import { systemClock } from ${JSON.stringify(join(import.meta.dirname, '../../src/lib/clock.ts'))};
    import { createLog } from ${JSON.stringify(join(import.meta.dirname, '../../src/lib/log.ts'))};
    const driver = await openDriver({ databaseUrl: null, dataDir: process.argv[1], clock: systemClock, log: createLog('silent') });
    await driver.script('CREATE TABLE t (id INTEGER PRIMARY KEY) STRICT');
    await driver.write([{ sql: 'INSERT INTO t (id) VALUES (1)', params: [] }]);
    await driver.close();
    process.stdout.write('done');`;
  const ended = spawn(process.execPath, ['--input-type=module', '-e', script, place.dataDir], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  ended.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const code = await new Promise((resolve) => ended.once('close', resolve));
  expect({ code, said }).toEqual({ code: 0, said: 'done' });
});
