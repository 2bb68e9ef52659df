/** `patchbay copy-to-postgres`: the embedded database into an empty PostgreSQL one, whole and proven, or not at all. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CommandFailed, exitConfig, exitOk, exitUsage } from '../app/ends.ts';
import type { Settings } from '../app/settings.ts';
import { systemClock } from '../lib/clock.ts';
import { createLog } from '../lib/log.ts';
import { settleFile } from '../storage/portable/backup-file.ts';
import { copyToPostgres } from '../storage/portable/to-postgres.ts';
import { operate } from './operate.ts';
import { report, type Terminal } from './output.ts';

/** Counts and sums of each table are compared before the one transaction is committed. @throws CommandFailed, and the start errors */
export async function copyDatabase(
  settings: Settings,
  terminal: Terminal,
  { url, isJson }: { url: string; isJson: boolean },
): Promise<number> {
  if (!/^postgres(?:ql)?:\/\//.test(url)) throw new CommandFailed('the target must be a URL that begins with postgres://', exitUsage);
  // The embedded database is the source, whatever the settings of the moment say.
  const source: Settings = { ...settings, databaseUrl: null };
  if (!existsSync(join(source.dataDir, 'patchbay.db')))
    throw new CommandFailed(`there is no embedded database in ${source.dataDir}`, exitConfig);
  const scratch = mkdtempSync(join(source.dataDir, 'copying-'));
  try {
    const file = join(scratch, 'copy.db');
    const { result, isServing } = await operate(source, 'database.copy', { path: file }, () => undefined);
    if (!result.isWhole)
      throw new CommandFailed('the journal could not be fed into the embedded database; start it once, then run this again');
    settleFile(file);
    const deps = { clock: systemClock, log: createLog('silent') };
    const tell = (table: string, rows: number): void => (isJson ? undefined : terminal.out(`${table}: ${rows} rows`));
    const copied = await copyToPostgres(deps, { file, databaseUrl: url, scratchDir: scratch, tell });
    if (isServing)
      terminal.err(
        'Warning: the server is running; what it serves from now on is in its own database alone. Stop it, and copy into an empty database again.',
      );
    report(terminal, isJson, copied, [
      `Copied ${copied.rows} rows of ${copied.tables.length} tables; counts and sums are the same on both sides.`,
      'Now set PATCHBAY_DATABASE_URL to the new database and PATCHBAY_MASTER_KEY to the master key, and start.',
    ]);
    return exitOk;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
