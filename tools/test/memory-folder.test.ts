/** The folder in memory that the tests of a run write to. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { folderInMemory } from '../memory-folder.ts';

const shm = '/dev/shm';
const folderIn = (parent: string): string => folderInMemory({}, parent, 0)!;

test('there is none where somebody has said where temporary files belong, or where no such place is', () => {
  expect(folderInMemory({ TMPDIR: '/somewhere' }, shm)).toBe(null);
  expect(folderInMemory({}, join(tmpdir(), 'patchbay-no-such-folder'))).toBe(null);
});

test('there is none where the place is not memory, or has not that much to give', () => {
  expect(folderInMemory({}, '/proc', 0)).toBe(null);
  expect(folderInMemory({}, shm, Number.MAX_SAFE_INTEGER)).toBe(null);
});

describe('where a system has memory to give', () => {
  const inOwn = (use: (parent: string) => void): void => {
    const parent = mkdtempSync(join(shm, 'patchbay-memory-folder-'));
    try {
      use(parent);
    } finally {
      rmSync(parent, { recursive: true, force: true });
    }
  };

  test('it is a new one at each time, lies in memory, and other users may go through it without seeing what is there', () => {
    inOwn((parent) => {
      const [one, other] = [folderIn(parent), folderIn(parent)];
      expect(one).not.toBe(other);
      expect(statfsSync(one).type).toBe(statfsSync(shm).type);
      expect(statSync(one).mode & 0o777).toBe(0o711);
    });
  });

  test('what a run left that was killed is removed; what a run that goes on has, and what is not of a run, stays', () => {
    const gone = spawnSync(process.execPath, ['-e', '']).pid;
    const going = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1_000)'], { stdio: 'ignore' });
    inOwn((parent) => {
      const names = [`patchbay-tests-${gone}-abcdef`, `patchbay-tests-${going.pid}-abcdef`, 'patchbay-tests-', `others-${gone}-abcdef`];
      for (const name of names) mkdirSync(join(parent, name, 'inside'), { recursive: true });
      folderIn(parent);
      expect(names.map((name) => existsSync(join(parent, name)))).toEqual([false, true, true, true]);
    });
    going.kill('SIGKILL');
  });
});
