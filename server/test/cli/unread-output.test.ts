/** Output that nobody reads to its end, as in `patchbay connections list | head -1`, and a disk that takes none of it. */
import { closeSync, openSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createBench, type Bench, type Ended } from './run.ts';

const timeout = 60_000;
const program = fileURLToPath(new URL('../../src/cli/main.mjs', import.meta.url));

let bench: Bench;
beforeEach(() => {
  bench = createBench();
});
afterEach(() => bench.clear());

/** The reader is gone before the program has begun. */
function unread(args: readonly string[], streams: readonly ('stdout' | 'stderr')[] = ['stdout'], input = ''): Promise<Ended> {
  const { child, ended } = bench.launch(args, {}, undefined, input);
  for (const stream of streams) child[stream]!.destroy();
  return ended;
}

test('a command whose reader has left ends without a word, as other tools do', { timeout }, async () => {
  const house = bench.launch(['start'], { PATCHBAY_ADMIN_EMAIL: 'ann@example.com', PATCHBAY_ADMIN_PASSWORD: 'correct horse' });
  await house.shows(/Patchbay serves/);
  expect(await unread(['connections', 'list'])).toMatchObject({ code: 141, err: expect.stringMatching(/^Warning: .+\n$/) as unknown });
  const made = await unread(['user', 'create', 'bob@example.com', '--password-stdin'], ['stdout'], 'correct horse battery\n');
  expect(made).toMatchObject({ code: 141, err: '' });
  // What was asked is done all the same.
  expect(await bench.run(['token', 'create', 'script', '--user', 'bob@example.com'])).toMatchObject({ code: 0 });
});

test('a failure keeps its exit code, also where nobody reads it', { timeout }, async () => {
  // No database is there: doctor lists what is wrong, the others say one line.
  const bad = { PATCHBAY_PORT: 'http' };
  const read = await bench.run(['doctor'], bad);
  expect(read.code).not.toBe(0);
  const { child, ended } = bench.launch(['doctor'], bad);
  child.stdout!.destroy();
  expect(await ended).toMatchObject({ code: read.code, err: read.err });
  expect((await unread(['connections', 'list'], ['stdout', 'stderr'])).code).toBe(78);
});

test('output that the disk does not take is a failure, told in one line', { timeout }, () => {
  const full = openSync('/dev/full', 'w');
  const { status, stderr } = spawnSync(process.execPath, [program, 'doctor'], {
    cwd: bench.dir,
    env: { PATH: process.env['PATH'] ?? '', PATCHBAY_PORT: '0' },
    stdio: ['ignore', full, 'pipe'],
    encoding: 'utf8',
  });
  closeSync(full);
  expect([status, stderr]).toEqual([1, expect.stringMatching(/^patchbay: the output could not be written: ENOSPC.+\n$/)]);
});

test('a server whose lines nobody reads any more goes on serving', { timeout }, async () => {
  const house = bench.launch(['start']);
  const [, url] = await house.shows(/Patchbay serves (http:\S+)/);
  house.child.stdout!.destroy();
  for (let asked = 0; asked < 3; asked++) expect((await fetch(`${url}/healthz`)).status).toBe(200);
  house.child.kill('SIGTERM');
  expect((await house.ended).code).toBe(0);
});
