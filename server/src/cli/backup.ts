/** `patchbay backup`: everything that the installation keeps in one file, taken while it serves. The master key is not in it. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { CommandFailed, exitOk } from '../app/ends.ts';
import type { Settings } from '../app/settings.ts';
import { isoOf } from '../lib/iso-time.ts';
import { systemClock } from '../lib/clock.ts';
import { createLog } from '../lib/log.ts';
import { settleFile, writeBackup } from '../storage/portable/backup-file.ts';
import { copyFromPostgres } from '../storage/portable/from-postgres.ts';
import type { Manifest } from '../storage/portable/manifest.ts';
import { operate } from './operate.ts';
import { report, type Terminal } from './output.ts';

/** Writes the backup and prints what is in it. @throws CommandFailed where the file is there already, and the start errors */
export async function backup(settings: Settings, terminal: Terminal, { to, isJson }: { to: string; isJson: boolean }): Promise<number> {
  const clock = systemClock;
  const createdAt = isoOf(clock.nowMs());
  const target = targetOf(to, createdAt);
  // Beside the target, so that it fits wherever the backup fits, and is as hidden as that.
  const scratch = mkdtempSync(join(dirname(target), `.${basename(target)}-`));
  try {
    const { database, isWhole } = await takeCopy(settings, scratch);
    const engine = settings.databaseUrl === null ? 'sqlite' : 'postgres';
    const manifest = await writeBackup(database, target, { engine, createdAt });
    if (!isWhole) terminal.err('Warning: the journal could not be fed whole; entries of the last moments are in the data directory alone.');
    report(terminal, isJson, { file: target, ...manifest }, linesOf(target, manifest));
    return exitOk;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** A folder, or a name that ends like one, takes a file with the moment in its name. */
function targetOf(to: string, createdAt: string): string {
  const path = resolve(to);
  const isFolder = to.endsWith('/') || statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  const target = isFolder ? join(path, `patchbay-${createdAt.replaceAll(/[:.]/g, '-')}.backup`) : path;
  mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
  if (existsSync(target)) throw new CommandFailed(`${target} is there already; a backup never takes another one's place`);
  return target;
}

async function takeCopy(settings: Settings, scratch: string): Promise<{ database: string; isWhole: boolean }> {
  if (settings.databaseUrl !== null) {
    const deps = { clock: systemClock, log: createLog('silent') };
    // Each instance feeds its own journal four times a second; what this moment misses is in none of its tables.
    const { path } = await copyFromPostgres(deps, { databaseUrl: settings.databaseUrl, dir: join(scratch, 'copy'), tell: () => undefined });
    return { database: path, isWhole: true };
  }
  const database = join(scratch, 'copy.db');
  const { result } = await operate(settings, 'database.copy', { path: database }, () => undefined);
  settleFile(database);
  return { database, isWhole: result.isWhole };
}

function linesOf(target: string, manifest: Manifest): string[] {
  const entries = manifest.days.reduce((sum, { entries: count }) => sum + BigInt(count), 0n);
  const active = manifest.masterKeys.find(({ status }) => status === 'active');
  return [
    `Written: ${target} (${Math.ceil(manifest.bytes / 1_048_576)} MiB, schema ${manifest.schema})`,
    `Inside: ${manifest.tables['ai_configurations'] ?? 0} connections, ${manifest.tables['users'] ?? 0} people, ${entries} entries of the books on ${manifest.days.length} days`,
    active === undefined
      ? 'No master key is recorded yet.'
      : `Its secrets open with the master key that has check value ${active.kcv}. That key is not in the backup: keep it apart.`,
  ];
}
