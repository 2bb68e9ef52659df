/** `patchbay rotate-master-key`: a new master key for everything that is sealed, while requests go on. */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { CommandFailed, exitConfig, exitFailed, exitOk } from '../app/ends.ts';
import type { OperationResult } from '../app/operations.ts';
import type { Settings } from '../app/settings.ts';
import { systemClock } from '../lib/clock.ts';
import { createIds } from '../lib/ids.ts';
import { operate } from './operate.ts';
import { report, type Terminal } from './output.ts';

export interface RotationOptions {
  /** A file with the new key; where it is not there, a key is made and written to it. */
  newKeyFile: string | null;
  isDryRun: boolean;
  isFinishing: boolean;
  isJson: boolean;
}

type Rotated = OperationResult<'master-key.rotate'>;

const keyBytes = 32;

/** Exit code 1 where some value does not open. Interrupted at any moment, the same command goes on. @throws CommandFailed */
export async function rotateMasterKey(settings: Settings, terminal: Terminal, options: RotationOptions): Promise<number> {
  const say = options.isJson ? () => undefined : (line: string): void => terminal.out(line);
  if (options.isFinishing) {
    const newKey = settings.masterKey?.reveal() ?? null;
    const { result } = await operate(settings, 'master-key.finish', { newKey }, say);
    report(terminal, options.isJson, result, [
      result.isFinished
        ? 'The old master key does not open anything any more; forget it when your old backups are gone.'
        : 'There was nothing to finish.',
    ]);
    return exitOk;
  }
  const newKey = options.newKeyFile === null ? null : keyIn(options.newKeyFile, options.isDryRun);
  const { result } = await operate(settings, 'master-key.rotate', { newKey, isDryRun: options.isDryRun }, say);
  if (result.state === 'nothing')
    throw new CommandFailed(
      'the master key is in the settings, so the new one must be given: --new-key-file FILE (made if it is not there)',
      exitConfig,
    );
  report(terminal, options.isJson, result, linesOf(result, options));
  return result.unreadable.length === 0 ? exitOk : exitFailed;
}

/** The key in the file; a new one, written before it is used, where there is no file. Null for a trial without one. */
function keyIn(path: string, isDryRun: boolean): string | null {
  if (existsSync(path)) return readFileSync(path, 'utf8').trim();
  if (isDryRun) return null;
  const text = Buffer.from(createIds(systemClock).bytes(keyBytes)).toString('base64');
  try {
    const descriptor = openSync(path, 'wx', 0o600);
    try {
      writeSync(descriptor, `${text}\n`);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    throw new CommandFailed(`${path} cannot be written (${(error as NodeJS.ErrnoException).code ?? 'unknown reason'})`);
  }
  return text;
}

function linesOf(result: Rotated, { newKeyFile }: RotationOptions): string[] {
  const unreadable = result.unreadable.map(({ table, column, id }) => `Does not open: ${table} ${id} ${column}`);
  if (result.state === 'dry-run') {
    return [
      `${result.values} sealed values; ${result.waiting} would be sealed anew${result.unreadable.length === 0 ? ', and all of them open' : ''}.`,
      ...unreadable,
    ];
  }
  const next = result.isKeyFileReplaced
    ? [
        'The new key is in master.key of the data directory: back it up again, apart from the database.',
        ...(result.oldKeyFile === null
          ? []
          : [`The key before is in ${result.oldKeyFile}: backups from its time need it. Remove it with them.`]),
      ]
    : [
        `Now set PATCHBAY_MASTER_KEY to the new key${newKeyFile === null ? '' : ` (${newKeyFile})`}, start every instance again, and run this with --finish.`,
        'Until then a start with either key works.',
      ];
  return [
    `Done: ${result.values} sealed values are under the key with check value ${result.toKcv ?? ''}, ${result.resealed} of them moved by this run; each of them was opened.`,
    ...unreadable,
    ...next,
  ];
}
