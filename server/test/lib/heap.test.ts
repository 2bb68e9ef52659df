/** The nursery of the heap while a program starts: held small, and free to grow again afterwards. */
import { execFileSync, spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

const file = new URL('../../src/lib/heap.ts', import.meta.url).href;

/** MiB of the space for young objects after so much was made and kept for a while, in a process of its own. */
function grownTo(calls: string): number {
  const program = `
    import { getHeapSpaceStatistics } from 'node:v8';
    import { holdHeap, releaseHeap } from ${JSON.stringify(file)};
    const churn = () => { let kept = []; for (let made = 0; made < 3_000_000; made++) { kept.push({ made }); if (kept.length > 300_000) kept = []; } };
    ${calls}
    const { space_size: size } = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space');
    console.log(size / 1_048_576);`;
  return Number(execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' }));
}

test('it does not grow while it is held, and does when it is released', () => {
  const held = grownTo('holdHeap(); churn();');
  const released = grownTo('holdHeap(); churn(); releaseHeap(); churn(); churn();');
  expect(held).toBeLessThan(6);
  expect(released).toBeGreaterThan(held * 2);
});

test('the runtime knows the words by which the heap is told: it would complain of others and go on', () => {
  const said = (program: string): string =>
    spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' }).stderr;
  const calls = `import { holdHeap, releaseHeap } from ${JSON.stringify(file)};
    holdHeap(); releaseHeap();`;
  expect(said(calls)).toBe('');
  expect(said(`import { setFlagsFromString } from 'node:v8'; setFlagsFromString('--no-such-word');`)).not.toBe('');
});
