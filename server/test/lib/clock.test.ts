/** The one reader of time: monotonic where durations are meant, and timers that never keep the process alive. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { pause, systemClock } from '../../src/lib/clock.ts';

const modulePath = path.join(import.meta.dirname, '../../src/lib/clock.ts');

/** Runs a script with the clock imported; a process that is kept alive by a timer is killed at last. */
const run = (script: string) =>
  spawnSync(process.execPath, ['--input-type=module', '-e', `import { systemClock, pause } from ${JSON.stringify(modulePath)};${script}`], {
    timeout: 60_000,
    encoding: 'utf8',
  });

describe('the system clock', () => {
  test('tells the wall time and a time that never goes back', () => {
    expect(Math.abs(systemClock.nowMs() - Date.now())).toBeLessThan(1_000);
    let last = systemClock.monotonicMs();
    for (let round = 0; round < 1_000; round++) {
      const now = systemClock.monotonicMs();
      expect(now).toBeGreaterThanOrEqual(last);
      last = now;
    }
  });

  test('runs once after the delay, and not before', async () => {
    const startedMs = systemClock.monotonicMs();
    await pause(systemClock, 30);
    expect(systemClock.monotonicMs() - startedMs).toBeGreaterThanOrEqual(29);
  });

  test('a cancelled timer never runs', async () => {
    const ran: string[] = [];
    systemClock.after(5, () => ran.push('once')).cancel();
    systemClock.every(5, () => ran.push('again')).cancel();
    await pause(systemClock, 40);
    expect(ran).toEqual([]);
  });

  test('every runs again and again until it is cancelled', async () => {
    let rounds = 0;
    await new Promise<void>((resolve) => {
      const timer = systemClock.every(2, () => {
        if (++rounds < 3) return;
        timer.cancel();
        resolve();
      });
    });
    await pause(systemClock, 20);
    expect(rounds).toBe(3);
  });

  test('a waiting timer does not keep the process alive', () => {
    const { status, signal } = run('systemClock.after(600_000, () => undefined); systemClock.every(1_000, () => undefined);');
    expect({ status, signal }).toEqual({ status: 0, signal: null });
  });
});
