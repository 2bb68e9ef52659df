/** Copies a PostgreSQL database, as of one moment while it goes on being written, into a SQLite file. */
import { mkdir } from 'node:fs/promises';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import { StorageStartError } from '../errors.ts';
import { copyTables, type CopyReport } from './copy.ts';
import { openPostgresSource } from './postgres.ts';
import { makeFreshFile } from './seeds.ts';
import { openPortableFile } from './sqlite-file.ts';

/**
 * @param dir a folder of its own, where `patchbay.db` is made
 * @throws StorageStartError for a database of another schema, or where the copy is not the same
 */
export async function copyFromPostgres(
  deps: { clock: Clock; log: Log },
  options: { databaseUrl: string; dir: string; tell: (table: string, rows: number) => void },
): Promise<{ path: string; report: CopyReport }> {
  await mkdir(options.dir, { recursive: true, mode: 0o700 });
  const source = await openPostgresSource(options.databaseUrl);
  try {
    const { path, schema } = await makeFreshFile(deps, options.dir);
    const found = await source.schema();
    if (found !== schema)
      throw new StorageStartError(`the database has schema ${found}, this version has ${schema}; run the version that it belongs to`);
    const file = openPortableFile(path, { isReadOnly: false });
    try {
      // Nobody else has the file, and a crash leaves nothing that is used: the safety of a journal is not needed.
      file.run('PRAGMA journal_mode=DELETE');
      file.run('PRAGMA synchronous=OFF');
      const order = file.inOrder();
      let report: CopyReport = { tables: [], rows: 0 };
      await file.inTransaction(async () => {
        for (const table of order.toReversed()) file.run(`DELETE FROM "${table}"`);
        report = await copyTables(source, file, order, options.tell);
      });
      return { path, report };
    } finally {
      file.close();
    }
  } finally {
    await source.close();
  }
}
