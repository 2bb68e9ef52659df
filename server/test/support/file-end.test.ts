/** Test files that follow one another in a process know nothing of each other. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { startVitest } from 'vitest/node';
import type { Found } from './file-end-look.ts';
import { afterThisFile, leaveNothing } from './leavings.ts';
import { available } from './parts.ts';

const root = join(import.meta.dirname, '../../..');

describe('two files in one process, of which each leaves its house open', () => {
  let first: Found;
  let second: Found;

  beforeAll(async () => {
    const vitest = await startVitest('test', [], {
      root,
      config: false,
      watch: false,
      include: ['server/test/support/{first,second}-file-child.ts'],
      setupFiles: ['server/test/support/each-file.ts'],
      pool: 'forks',
      isolate: false,
      maxWorkers: 1,
      testTimeout: 60_000,
      hookTimeout: 120_000,
      reporters: [{}],
    });
    const tests = vitest.state.getTestModules().flatMap((file) => [...file.children.allTests()]);
    const errors = tests.flatMap((one) => one.result().errors ?? []);
    const found = tests.map((one) => (one.meta() as { found?: Found }).found);
    await vitest.close();
    if (errors[0]) throw new Error(`a file of the two failed: ${errors[0].message}`);
    const [one, two] = found;
    if (!one || !two) throw new Error('the two files did not both run');
    [first, second] = [one, two];
  });

  test('they are in the same process, and each has modules of its own', () => {
    expect(second.pid).toBe(first.pid);
    expect(first.pid).not.toBe(process.pid);
    expect([first.asked, second.asked]).toEqual([1, 1]);
  });

  test('the house of the one does not answer when the other begins, and its folder is gone', () => {
    expect([first.isEarlierHouseOpen, second.isEarlierHouseOpen]).toEqual([false, false]);
    expect(second.dataDir).not.toBe(first.dataDir);
    expect([first, second].map(({ dataDir }) => existsSync(dataDir))).toEqual([false, false]);
  });

  test('each finds its own database on the server and no other', () => {
    const one = available('postgres') ? 1 : 0;
    expect([first, second].map(({ databases }) => databases.length)).toEqual([one, one]);
    expect(second.databases.filter((name) => first.databases.includes(name))).toEqual([]);
  });

  test('what the one writes into the environment the other does not read', () => {
    expect([first.variable, second.variable]).toEqual([null, null]);
  });
});

describe('what a file leaves', () => {
  test('it is taken away once, the youngest first, and one that fails keeps none of the others', async () => {
    const left: string[] = [];
    afterThisFile(() => left.push('house'));
    afterThisFile(() => Promise.reject(new Error('it is stuck')));
    afterThisFile(async () => void left.push('visit'));
    await expect(leaveNothing()).rejects.toThrow('it is stuck');
    expect(left).toEqual(['visit', 'house']);
    await leaveNothing();
    expect(left).toEqual(['visit', 'house']);
  });
});
