/** Standstills by chance: what runs feels them, nothing is left standing, and the command ends as it would without. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { seeded } from '../../server/test/storage/ledger-records.ts';
import { freshDir } from '../../server/test/support/throwaway.ts';
import { runWithStandstills } from '../standstills.ts';

let dir: string;
beforeEach(() => {
  dir = freshDir('standstills');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const lateMs = 100;
/** Goes on until its timer came so late so often, in a process that its parent does not wait for. */
const sleeper = (file: string, times: number): string => `
  const { writeFileSync } = require('node:fs');
  let last = performance.now(), late = 0;
  const timer = setInterval(() => {
    const now = performance.now();
    if (now - last > ${lateMs}) late++;
    last = now;
    if (late >= ${times}) { clearInterval(timer); writeFileSync(${JSON.stringify(file)}, String(late)); }
  }, 5);`;
const command = (file: string, times: number, exitCode: number): string[] => [
  process.execPath,
  '-e',
  `const { spawn } = require('node:child_process');
   spawn(process.execPath, ['-e', ${JSON.stringify(sleeper(file, times))}], { stdio: 'ignore', detached: true }).once('exit', () => process.exit(${exitCode}));`,
];

test('processes that the command began stand still, again and again, and end all the same', async () => {
  const file = join(dir, 'longest');
  const { code, count } = await runWithStandstills(command(file, 3, 0), { longestMs: 400, gapMs: 50, draw: seeded(1) });
  expect(code).toBe(0);
  expect(count).toBeGreaterThan(0);
  expect(readFileSync(file, 'utf8')).toBe('3');
});

test('the command keeps its exit code, and none where a signal ended it', async () => {
  const brief = { longestMs: 20, gapMs: 20, draw: seeded(2) };
  expect((await runWithStandstills(command(join(dir, 'a'), 0, 7), brief)).code).toBe(7);
  const killed = [process.execPath, '-e', `process.kill(process.pid, 'SIGKILL')`];
  expect((await runWithStandstills(killed, brief)).code).toBeNull();
});

test('a command that is not there is a failure of the caller', async () => {
  const missing = join(dir, 'missing');
  await expect(runWithStandstills([missing], { longestMs: 20, gapMs: 20, draw: seeded(3) })).rejects.toThrow('ENOENT');
  expect(existsSync(missing)).toBe(false);
});
