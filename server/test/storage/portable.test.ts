/** Copies of a database: a backup file tells everything that was altered, and both engines hold the same, value by value. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/lib/clock.ts';
import { migrate } from '../../src/storage/migrate.ts';
import { extractDatabase, readBackup, settleFile, writeBackup } from '../../src/storage/portable/backup-file.ts';
import { copyFromPostgres } from '../../src/storage/portable/from-postgres.ts';
import { parseManifest } from '../../src/storage/portable/manifest.ts';
import { openPortableFile } from '../../src/storage/portable/sqlite-file.ts';
import { differenceOf } from '../../src/storage/portable/table.ts';
import { copyToPostgres } from '../../src/storage/portable/to-postgres.ts';
import { createDatabase, needs } from '../support/postgres.ts';
import { freshDir } from '../support/throwaway.ts';
import { openAt, quiet } from './engines.ts';

const dirs: string[] = [];
const ownDir = (): string => {
  dirs.push(freshDir('portable'));
  return dirs.at(-1)!;
};
afterAll(() => dirs.forEach((dir) => rmSync(dir, { recursive: true, force: true })));

const deps = { clock: systemClock, log: quiet };
const day = Date.UTC(2025, 2, 30);
const userId = '01980000-0000-7000-8000-00000000000a';
const organizationId = '01980000-0000-7000-8000-00000000000b';

/** A database with values that travel badly: money beyond a double's exactness, texts of all kinds, nulls, booleans, times of both spellings. */
async function filledFile(): Promise<string> {
  const dir = ownDir();
  const driver = await openAt({ databaseUrl: null, dataDir: dir });
  await migrate(driver, deps);
  const rows: { sql: string; params: unknown[] }[] = [
    { sql: 'INSERT INTO organizations (id, name) VALUES ($1, $2)', params: [organizationId, 'Ünïcode — 日本 🎉'] },
    {
      sql: 'INSERT INTO users (id, name, email, email_verified, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $5)',
      params: [userId, 'O\'Neil \\ "quoted"', 'ann@example.com', true, '2026-01-02T03:04:05.678Z'],
    },
    {
      sql: 'INSERT INTO settings (key, value, updated_at) VALUES ($1, $2, $3)',
      params: ['a', '{"x":[1,null,"\\n"]}', 9_007_199_254_740_991],
    },
    { sql: "INSERT INTO master_keys (version, kcv, status, created_at) VALUES (1, 'aabbccdd', 'active', 5)", params: [] },
  ];
  await driver.write(rows);
  const columns = ['at', 'id', 'request_id', 'attempt_no', 'is_last', 'instance_id', 'seq', 'state', 'face', 'purpose', 'provider', 'model_asked', 'model', 'tokens_in', 'cost_nano_usd']; // prettier-ignore
  const uuid = (number: number): string => `01980000-0000-7000-8000-${String(number).padStart(12, '0')}`;
  await driver.write([
    {
      insertInto: 'usage_events',
      columns,
      rows: Array.from({ length: 2_500 }, (_, n) => [
        day + n * 3_600_000,
        uuid(n),
        uuid(n),
        1,
        n % 2 === 0,
        organizationId,
        n + 1,
        'settled',
        'openai',
        'completion',
        'openai',
        'm',
        n % 3 === 0 ? 'modèle' : 'm',
        n,
        n % 5 === 0 ? null : 3_000_000_000_000_000 + n,
      ]),
    },
  ]);
  const path = join(dir, 'copy.db');
  await driver.backup(path);
  await driver.close();
  settleFile(path);
  return path;
}

let shared: Promise<string> | undefined;
const filled = (): Promise<string> => (shared ??= filledFile());

describe('a backup file', () => {
  const written = async (): Promise<string> => {
    const target = join(ownDir(), 'a.backup');
    await writeBackup(await filled(), target, { engine: 'sqlite', createdAt: '2026-11-21T00:00:00.000Z' });
    return target;
  };

  test('says what is in it, and gives the same bytes back', async () => {
    const target = await written();
    const backup = await readBackup(target);
    const { manifest } = backup;
    expect(manifest).toMatchObject({ engine: 'sqlite', sealedValues: 0, masterKeys: [{ version: 1, kcv: 'aabbccdd', status: 'active' }] });
    expect(manifest.tables).toMatchObject({ usage_events: 2_500, users: 1 });
    expect(manifest.days[0]).toMatchObject({ day: '2025-03-30', entries: '24' });
    const total = manifest.days.reduce((sum, { costNanoUsd }) => sum + BigInt(costNanoUsd), 0n);
    const expected = Array.from({ length: 2_500 }, (_, n) => (n % 5 === 0 ? 0n : 3_000_000_000_000_000n + BigInt(n))).reduce(
      (a, b) => a + b,
    );
    expect(total).toBe(expected);
    const to = join(ownDir(), 'out.db');
    await extractDatabase(target, backup, to);
    expect(readFileSync(to).equals(readFileSync(await filled()))).toBe(true);
  });

  test('the command that the guide names takes the first line off', async () => {
    const target = await written();
    const bytes = readFileSync(target);
    expect(bytes.subarray(bytes.indexOf(10) + 1, bytes.indexOf(10) + 16).toString()).toBe('SQLite format 3');
  });

  test.each([
    ['a bit of the database', (bytes: Buffer) => ((bytes[bytes.length - 5_000]! ^= 4), bytes), /was altered: its checksum/],
    ['a missing end', (bytes: Buffer) => bytes.subarray(0, bytes.length - 1), /is not whole/],
    ['something behind it', (bytes: Buffer) => Buffer.concat([bytes, Buffer.from('x')]), /is not whole/],
    [
      'a count',
      (bytes: Buffer) => Buffer.from(bytes.toString('latin1').replace('"usage_events":2500', '"usage_events":2501'), 'latin1'),
      /its tables are not what it says/,
    ],
    [
      'a sum',
      (bytes: Buffer) => Buffer.from(bytes.toString('latin1').replace(/"costNanoUsd":"(\d)/, '"costNanoUsd":"9$1'), 'latin1'),
      /its days are not what it says/,
    ],
    [
      'the schema',
      (bytes: Buffer) => Buffer.from(bytes.toString('latin1').replace(/"schema":(\d+)/, '"schema":1'), 'latin1'),
      /its schema are not what it says/,
    ],
  ])('%s that was altered is found, and nothing is left behind', async (_, alter, message) => {
    const target = await written();
    writeFileSync(target, alter(readFileSync(target)));
    const to = join(ownDir(), 'out.db');
    await expect(readBackup(target).then((backup) => extractDatabase(target, backup, to))).rejects.toThrow(message);
    expect(() => readFileSync(to)).toThrow('ENOENT');
  });

  test.each([
    ['an empty file', ''],
    ['another file', 'hello\n'],
    ['a database without its line', 'SQLite format 3\u0000'],
    ['a line without an end', '{"format":"patchbay-backup"}'],
    ['a newer format', '{"format":"patchbay-backup","formatVersion":2}\n'],
  ])('%s is no backup', async (_, text) => {
    const path = join(ownDir(), 'x');
    writeFileSync(path, text);
    await expect(readBackup(path)).rejects.toThrow(/is no backup of Patchbay/);
    expect(parseManifest(text.trim())).toBeNull();
  });
});

test('a difference names the table, the column and both figures', () => {
  const facts = { rows: 2, columns: { a: '5' } };
  expect(differenceOf('t', facts, facts)).toBeNull();
  expect(differenceOf('t', facts, { ...facts, rows: 3 })).toBe('t has 3 rows instead of 2');
  expect(differenceOf('t', facts, { rows: 2, columns: { a: '6' } })).toBe('t.a adds up to 6 instead of 5');
});

needs('postgres')('between the engines', () => {
  const copyThere = async (databaseUrl: string, file: string): Promise<{ rows: number; told: string[] }> => {
    const told: string[] = [];
    const { rows } = await copyToPostgres(deps, { file, databaseUrl, scratchDir: ownDir(), tell: (table) => void told.push(table) });
    return { rows, told };
  };

  test('what goes to PostgreSQL and comes back is the same, value by value', async () => {
    const file = await filled();
    const databaseUrl = await createDatabase();
    const { rows, told } = await copyThere(databaseUrl, file);
    expect(rows).toBeGreaterThan(2_500);
    expect(told).toContain('usage_events');
    const { path } = await copyFromPostgres(deps, { databaseUrl, dir: join(ownDir(), 'back'), tell: () => undefined });
    const [there, back] = [openPortableFile(file, { isReadOnly: true }), openPortableFile(path, { isReadOnly: true })];
    for (const table of await there.tables()) {
      const order = (await there.columnsOf(table)).map(({ name }) => `"${name}"`).join(', ');
      const all = (side: typeof there) => side.query(`SELECT * FROM "${table}" ORDER BY ${order}`);
      expect([table, all(back)]).toEqual([table, all(there)]);
    }
    there.close();
    back.close();
  });

  test('months that are past get partitions of their own', async () => {
    const databaseUrl = await createDatabase();
    await copyThere(databaseUrl, await filled());
    const driver = await openAt({ databaseUrl, dataDir: ownDir() });
    const [row] = await driver.rows<{ own: number; rest: number }>({
      sql: 'SELECT (SELECT COUNT(*) FROM usage_events_m202503) AS own, (SELECT COUNT(*) FROM usage_events_default) AS rest',
      params: [],
    });
    expect(row).toEqual({ own: 48, rest: 0 });
    await driver.close();
  });

  test('a database that somebody has used is refused, and left as it is', async () => {
    const databaseUrl = await createDatabase();
    const file = await filled();
    await copyThere(databaseUrl, file);
    await expect(copyThere(databaseUrl, file)).rejects.toThrow(/is not empty: \w+ has \d+ rows/);
  });

  test('a copy that fails in the middle leaves nothing, and the next one works', async () => {
    const broken = join(ownDir(), 'broken.db');
    writeFileSync(broken, readFileSync(await filled()));
    const file = openPortableFile(broken, { isReadOnly: false });
    file.run("UPDATE usage_events SET request_id = 'zzzzzzzz-0000-7000-8000-000000000000' WHERE seq = 2400");
    file.close();
    const databaseUrl = await createDatabase();
    await expect(copyThere(databaseUrl, broken)).rejects.toThrow(/uuid/);
    const { rows } = await copyThere(databaseUrl, await filled());
    expect(rows).toBeGreaterThan(2_500);
  });

  test('a database of an older version is refused by name of both', async () => {
    const old = join(ownDir(), 'old.db');
    writeFileSync(old, readFileSync(await filled()));
    const file = openPortableFile(old, { isReadOnly: false });
    file.run('DELETE FROM schema_migrations WHERE id > 5');
    file.close();
    await expect(copyThere(await createDatabase(), old)).rejects.toThrow(/has schema 5, this version makes \d+/);
  });

  test('a backup of a database that goes on being written is of one moment', async () => {
    const databaseUrl = await createDatabase();
    await copyThere(databaseUrl, await filled());
    const driver = await openAt({ databaseUrl, dataDir: ownDir() });
    const state = { isRunning: true };
    // Both in one transaction: a copy that saw one without the other would be of no moment at all.
    const writing = (async () => {
      for (let n = 1; state.isRunning; n++)
        await driver.write([
          { sql: 'UPDATE config_revision SET revision = $1', params: [n] },
          { sql: 'UPDATE settings SET updated_at = $1', params: [n] },
        ]);
    })();
    const dir = join(ownDir(), 'copy');
    mkdirSync(dir);
    const { path } = await copyFromPostgres(deps, { databaseUrl, dir, tell: () => undefined });
    state.isRunning = false;
    await writing;
    await driver.close();
    const file = openPortableFile(path, { isReadOnly: true });
    const [row] = file.query('SELECT (SELECT revision FROM config_revision) AS a, (SELECT updated_at FROM settings) AS b');
    file.close();
    expect(row?.['a']).toBe(row?.['b']);
    expect(Number(row?.['a'])).toBeGreaterThan(0);
  });
});
