/** What operators ask of the database itself: its version and size, and who has it open. */
import type { Database } from './database.ts';

export interface DatabaseFacts {
  version: string;
  bytes: number;
}

export async function databaseFacts({ driver }: Database): Promise<DatabaseFacts> {
  const sql =
    driver.engine === 'sqlite'
      ? `SELECT sqlite_version() AS version, (SELECT page_count FROM pragma_page_count()) * (SELECT page_size FROM pragma_page_size()) AS bytes`
      : `SELECT current_setting('server_version') AS version, pg_database_size(current_database()) AS bytes`;
  const [row] = await driver.rows<{ version: string; bytes: number }>({ sql, params: [] });
  return { version: row?.version ?? '', bytes: row?.bytes ?? 0 };
}

export interface InstanceSeen {
  id: string;
  startedAtMs: number;
  seenAtMs: number;
}

const instancesShown = 100;

/** Instances that said that they live since then, the newest first. */
export async function instancesSince({ db }: Database, sinceMs: number): Promise<InstanceSeen[]> {
  const rows = await db
    .selectFrom('instances')
    .select(['id', 'started_at', 'seen_at'])
    .where('seen_at', '>=', sinceMs)
    .orderBy('started_at', 'desc')
    .limit(instancesShown)
    .execute();
  return rows.map((row) => ({ id: row.id, startedAtMs: row.started_at, seenAtMs: row.seen_at }));
}

export interface MasterKeyAge {
  version: number;
  kcv: string;
  status: 'pending' | 'active' | 'decrypt_only' | 'retired';
  createdAtMs: number;
}

/** All master keys that this database was sealed with, newest first: check values, never a key. */
export async function masterKeyAges({ db }: Database): Promise<MasterKeyAge[]> {
  const rows = await db.selectFrom('master_keys').select(['version', 'kcv', 'status', 'created_at']).orderBy('version', 'desc').execute();
  return rows.map(({ created_at: createdAtMs, ...row }) => ({ ...row, createdAtMs }));
}
