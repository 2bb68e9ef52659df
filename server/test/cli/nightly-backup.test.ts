/** The line of the guides that makes a backup every night, run as cron runs it: with its own path, from the home of a user. */
import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createBench, type Bench } from './run.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const limitMs = 180_000;

let bench: Bench;
beforeEach(() => {
  bench = createBench();
});
afterEach(() => bench.clear());

/** What cron hands to the shell: what stands behind the five times and the user, in the places of this test. */
function commandIn(guide: string): string {
  const text = readFileSync(join(root, 'docs/guides', guide), 'utf8');
  const line = /^15 3 \* \* \* +patchbay +(.+)$/m.exec(text)?.[1] ?? '';
  return line
    .replaceAll('/opt/patchbay/', root)
    .replaceAll('/var/lib/patchbay', join(bench.dir, 'data'))
    .replaceAll('/var/backups/patchbay/', `${join(bench.dir, 'backups')}/`)
    .replaceAll('/var/log/', `${bench.dir}/`);
}

const asCron = (command: string): Promise<string | null> =>
  new Promise((resolve) => {
    const env = { PATH: '/usr/bin:/bin', HOME: join(bench.dir, 'home') };
    execFile('/bin/sh', ['-c', command], { cwd: env.HOME, env, timeout: limitMs }, (error, _out, err) => resolve(error ? err : null));
  });

test('the nightly line of both guides makes a backup, whatever Node the machine has', { timeout: 4 * limitMs }, async () => {
  for (const folder of ['home', 'backups']) mkdirSync(join(bench.dir, folder));
  const house = bench.launch(['start'], { PATCHBAY_ADMIN_EMAIL: 'ann@example.com', PATCHBAY_ADMIN_PASSWORD: 'correct horse' });
  await house.shows(/Patchbay serves http/);
  const command = commandIn('backup-and-restore.md');
  expect(await asCron(command)).toBeNull();
  expect(readdirSync(join(bench.dir, 'backups'))).toHaveLength(1);
  expect(commandIn('backup-and-restore.id.md')).toBe(command);
  house.child.kill('SIGTERM');
  expect((await house.ended).code).toBe(0);
});
