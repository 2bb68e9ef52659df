/** Chooses the engine: PostgreSQL where the operator named one, else SQLite in the data directory. */
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Driver } from './driver.ts';
import { StorageStartError } from './errors.ts';
import { openPostgres } from './postgres/engine.ts';
import { openSqlite } from './sqlite/engine.ts';

/**
 * Opens the database. A PostgreSQL server that does not answer is no error here: the driver is unhealthy until it does.
 * @param options.databaseUrl `postgres://...`, or null for the embedded database
 * @throws StorageStartError where the database must not be used; the process then ends with exit code 78
 */
export async function openDriver(options: { databaseUrl: string | null; dataDir: string; clock: Clock; log: Log }): Promise<Driver> {
  const { databaseUrl, dataDir, clock, log } = options;
  if (databaseUrl === null) return openSqlite({ clock, log }, dataDir);
  // The URL holds a password and is never repeated.
  if (!/^postgres(ql)?:\/\//.test(databaseUrl)) throw new StorageStartError('PATCHBAY_DATABASE_URL must begin with postgres://');
  return openPostgres({ clock, log }, databaseUrl);
}
