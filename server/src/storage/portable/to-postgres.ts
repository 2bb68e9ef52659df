/** Copies a SQLite file into an empty PostgreSQL database: everything and proven, or nothing. */
import { join } from 'node:path';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import { StorageStartError } from '../errors.ts';
import { migrate } from '../migrate.ts';
import { ensurePartitionsOf, ensurePartitions } from '../partitions.ts';
import { openPostgres } from '../postgres/engine.ts';
import { copyTables, type CopyReport } from './copy.ts';
import { openPostgresTarget } from './postgres.ts';
import { seededRows } from './seeds.ts';
import { openPortableFile, type PortableFile } from './sqlite-file.ts';

interface Deps {
  clock: Clock;
  log: Log;
}

/**
 * Makes the tables in the target, copies all rows and compares counts and sums, in one transaction.
 * @param scratchDir an empty folder for a moment's use
 * @throws StorageStartError for another schema than this program's, or a target that somebody has used; then nothing was written
 */
export async function copyToPostgres(
  deps: Deps,
  options: { file: string; databaseUrl: string; scratchDir: string; tell: (table: string, rows: number) => void },
): Promise<CopyReport> {
  const file = openPortableFile(options.file, { isReadOnly: true });
  try {
    const schema = await prepareTarget(deps, file, options.databaseUrl);
    if (file.schema() !== schema)
      throw new StorageStartError(
        `the embedded database has schema ${file.schema()}, this version makes ${schema}: start this version with it once`,
      );
    const seeded = await seededRows(deps, join(options.scratchDir, 'seeds'));
    return await fill(file, options.databaseUrl, seeded, options.tell);
  } finally {
    file.close();
  }
}

async function prepareTarget(deps: Deps, file: PortableFile, databaseUrl: string): Promise<number> {
  const driver = await openPostgres(deps, databaseUrl);
  try {
    const schema = await migrate(driver, deps);
    await ensurePartitions(driver, deps.clock.nowMs());
    // Rows of a month that has no partition would stay in the default one for ever.
    for (const table of ['usage_events', 'policy_violations'] as const) {
      const [span] = file.query(`SELECT min(at) AS first, max(at) AS last FROM ${table}`);
      if (span && span['first'] !== null) await ensurePartitionsOf(driver, table, Number(span['first']), Number(span['last']));
    }
    return schema;
  } finally {
    await driver.close();
  }
}

async function fill(
  file: PortableFile,
  databaseUrl: string,
  seeded: ReadonlyMap<string, number>,
  tell: (table: string, rows: number) => void,
): Promise<CopyReport> {
  const target = await openPostgresTarget(databaseUrl);
  try {
    for (const [table, rows] of await target.counts())
      if (rows > (seeded.get(table) ?? 0))
        throw new StorageStartError(`the PostgreSQL database is not empty: ${table} has ${rows} rows; give an empty one`);
    const order = file.inOrder();
    for (const table of order.toReversed()) await target.empty(table);
    const report = await copyTables(file, target, order, tell);
    await target.commit();
    return report;
  } finally {
    await target.close();
  }
}
