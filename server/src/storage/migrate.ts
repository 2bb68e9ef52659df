/** Brings a database to this program's schema: plain .sql files, in order, each in one transaction, forward only. */
import { createHash } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { translate } from './dialect.ts';
import type { Driver } from './driver.ts';
import { StorageStartError, StorageUnavailable, UniqueViolation } from './errors.ts';

export interface Migration {
  id: number;
  /** The file's name without its ending, `0003_connections`. */
  name: string;
  /** SHA-256 of the file, hex. */
  checksum: string;
  /** In the engine's own words. */
  sql: string;
}

interface AppliedMigration {
  id: number;
  name: string;
  checksum: string;
}

const ownDirectory = fileURLToPath(new URL('./migrations', import.meta.url));
const backupsKeptMax = 3;
const fileName = /^(\d{4})_([a-z0-9_]+?)(\.pg|\.sqlite)?\.sql$/;
/** Any fixed number will do; instances that start together take turns by it (PostgreSQL only, SQLite has one process). */
const advisoryLockKey = 7_302_144;

/**
 * The migrations of one engine, oldest first: `NNNN_name.sql` for both, `NNNN_name.pg.sql` and `NNNN_name.sqlite.sql`
 * where they must differ.
 * @throws StorageStartError where two files claim the same number
 */
export async function migrationsFor(engine: Driver['engine'], directory = ownDirectory): Promise<Migration[]> {
  const migrations: Migration[] = [];
  for (const file of (await readdir(directory)).toSorted()) {
    const [, number, , suffix] = fileName.exec(file) ?? [];
    if (number === undefined) throw new StorageStartError(`not a migration's name: ${file}`);
    if (suffix !== undefined && suffix !== (engine === 'postgres' ? '.pg' : '.sqlite')) continue;
    const text = (await readFile(join(directory, file), 'utf8')).replaceAll('\r\n', '\n');
    const id = Number(number);
    if (migrations.at(-1)?.id === id) throw new StorageStartError(`two migrations have the number ${number}`);
    migrations.push({
      id,
      name: file.replace(/(\.pg|\.sqlite)?\.sql$/, ''),
      checksum: createHash('sha256').update(text).digest('hex'),
      sql: translate(text, engine),
    });
  }
  return migrations;
}

const lockSql = (driver: Driver): string => (driver.engine === 'postgres' ? `SELECT pg_advisory_xact_lock(${advisoryLockKey});\n` : '');

async function appliedTo(driver: Driver): Promise<AppliedMigration[]> {
  const table = translate(
    `CREATE TABLE IF NOT EXISTS schema_migrations (
      id BIGINT PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL) /*strict*/;`,
    driver.engine,
  );
  await driver.script(lockSql(driver) + table);
  return driver.rows<AppliedMigration>({ sql: 'SELECT id, name, checksum FROM schema_migrations ORDER BY id', params: [] }, 'write');
}

/** Refuses a database that a newer program has written, and files that changed after they were applied. */
function checkApplied(applied: readonly AppliedMigration[], known: readonly Migration[]): void {
  const newest = known.at(-1)?.id ?? 0;
  for (const { id, name, checksum } of applied) {
    const migration = known.find((candidate) => candidate.id === id);
    if (migration === undefined && id > newest) {
      throw new StorageStartError(
        `the database (schema ${applied.at(-1)?.id}) is newer than this program (schema ${newest}); start the newer version`,
      );
    }
    if (migration?.checksum !== checksum) throw new StorageStartError(`migration ${name} was applied in another form than this program's`);
  }
}

async function backUp(driver: Driver, dir: string, nowMs: number, nextId: number): Promise<string> {
  const path = join(dir, `patchbay-${nowMs}-before-${String(nextId).padStart(4, '0')}.db`);
  await driver.backup(path);
  const kept = (await readdir(dir)).filter((file) => /^patchbay-\d+-before-\d{4}\.db$/.test(file)).toSorted();
  for (const file of kept.slice(0, -backupsKeptMax)) await rm(join(dir, file), { force: true });
  return path;
}

async function apply(driver: Driver, migration: Migration, nowMs: number): Promise<boolean> {
  // The row goes in first: of two instances that start together the second waits for the lock, finds it, and changes nothing.
  const { id, name, checksum } = migration;
  const entry = `INSERT INTO schema_migrations (id, name, checksum, applied_at) VALUES (${id}, '${name}', '${checksum}', ${nowMs});\n`;
  try {
    await driver.script(lockSql(driver) + entry + migration.sql);
    return true;
  } catch (error) {
    if (error instanceof UniqueViolation && error.constraint === 'schema_migrations_pkey') return false;
    if (error instanceof StorageUnavailable) throw error;
    throw new StorageStartError(`migration ${migration.name} failed and left nothing behind: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/**
 * Applies what is missing. An embedded database that holds something is copied to `backups/` first; the last three are kept.
 * @returns the version of the schema, which is the number of its last migration
 * @throws StorageStartError where the database is newer, was changed, or a migration fails; StorageUnavailable
 */
export async function migrate(driver: Driver, deps: { clock: Clock; log: Log; directory?: string }): Promise<number> {
  const known = await migrationsFor(driver.engine, deps.directory);
  const applied = await appliedTo(driver);
  checkApplied(applied, known);
  const lastApplied = applied.at(-1)?.id ?? 0;
  const missing = known.filter(({ id }) => !applied.some((entry) => entry.id === id));
  const [first] = missing;
  if (first === undefined) return lastApplied;
  if (first.id < lastApplied) throw new StorageStartError(`migration ${first.name} was left out before a later one was applied`);
  if (applied.length > 0 && driver.backupsDir !== null) {
    const path = await backUp(driver, driver.backupsDir, deps.clock.nowMs(), first.id);
    deps.log.info({ path }, 'the database was copied before its migration');
  }
  const done: string[] = [];
  for (const migration of missing) if (await apply(driver, migration, deps.clock.nowMs())) done.push(migration.name);
  if (done.length > 0) deps.log.info({ migrations: done.length, last: done.at(-1) }, 'migrations applied');
  // Another instance of a newer version may have gone on meanwhile.
  checkApplied(await appliedTo(driver), known);
  return missing.at(-1)?.id ?? lastApplied;
}

/** The number of the last migration that the database has seen; 0 for an empty one. */
export async function schemaVersion(driver: Driver): Promise<number> {
  const rows = await driver.rows<{ id: number | null }>({ sql: 'SELECT max(id) AS id FROM schema_migrations', params: [] });
  return rows[0]?.id ?? 0;
}
