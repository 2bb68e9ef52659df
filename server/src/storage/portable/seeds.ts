/** A fresh SQLite database of this version: what a copy is written into, and how many rows a database has that nobody has used. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import { migrate } from '../migrate.ts';
import { openSqlite } from '../sqlite/engine.ts';
import { openPortableFile } from './sqlite-file.ts';

/** Makes `patchbay.db` with all tables in an empty folder; returns its path and its schema's number. */
export async function makeFreshFile(deps: { clock: Clock; log: Log }, dir: string): Promise<{ path: string; schema: number }> {
  const driver = await openSqlite(deps, dir);
  try {
    return { path: join(dir, 'patchbay.db'), schema: await migrate(driver, deps) };
  } finally {
    await driver.close();
  }
}

/** How many rows each table has before anybody uses it: the migrations write a few. */
export async function seededRows(deps: { clock: Clock; log: Log }, dir: string): Promise<Map<string, number>> {
  const { path } = await makeFreshFile(deps, dir);
  const file = openPortableFile(path, { isReadOnly: true });
  try {
    const counts = new Map<string, number>();
    for (const table of await file.tables()) counts.set(table, (await file.factsOf(table)).rows);
    return counts;
  } finally {
    file.close();
    await rm(dir, { recursive: true, force: true });
  }
}
