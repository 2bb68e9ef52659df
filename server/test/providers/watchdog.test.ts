/** The clock over one attempt: which limit is reached, when, and what a pause or a last word does to it. */
import { describe, expect, test } from 'vitest';
import type { Clock, Timer } from '../../src/lib/clock.ts';
import type { CallTimeouts } from '../../src/providers/calling.ts';
import { Watchdog } from '../../src/providers/watchdog.ts';

/** A clock that a test moves by hand. */
function manual(): { clock: Clock; pass: (ms: number) => void; armed: () => number } {
  let nowMs = 0;
  let timers: { atMs: number; run: () => void }[] = [];
  const clock: Clock = {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    after(delayMs, run): Timer {
      const timer = { atMs: nowMs + delayMs, run };
      timers.push(timer);
      return { cancel: () => void (timers = timers.filter((one) => one !== timer)) };
    },
    every: () => ({ cancel: () => undefined }),
  };
  return {
    clock,
    armed: () => timers.length,
    pass(ms) {
      const endMs = nowMs + ms;
      for (let due = timers.find((one) => one.atMs <= endMs); due; due = timers.find((one) => one.atMs <= endMs)) {
        nowMs = Math.max(nowMs, due.atMs);
        timers = timers.filter((one) => one !== due);
        due.run();
      }
      nowMs = endMs;
    },
  };
}

describe('the watchdog', () => {
  const limits: CallTimeouts = { headersMs: 100, firstEventMs: 200, idleMs: 50, totalMs: 1_000 };
  const watch = () => {
    const faults: string[] = [];
    const { clock, pass, armed } = manual();
    return { faults, pass, armed, dog: new Watchdog(clock, limits, (fault) => faults.push(fault)) };
  };

  test('tells which limit was reached, at its time', () => {
    const silent = watch();
    silent.pass(99);
    expect(silent.faults).toEqual([]);
    silent.pass(1);
    expect(silent.faults).toEqual(['headers_timeout']);
    const mute = watch();
    mute.dog.headersSeen();
    mute.pass(199);
    expect(mute.faults).toEqual([]);
    mute.pass(1);
    expect(mute.faults).toEqual(['stalled']);
  });

  test('one timer serves a whole stream', () => {
    const { dog, armed, pass, faults } = watch();
    dog.headersSeen();
    for (let count = 0; count < 30; count++) {
      dog.eventSeen();
      expect(armed()).toBe(1);
      pass(30);
    }
    expect(faults).toEqual([]);
    pass(50);
    expect(faults).toEqual(['stalled']);
  });

  test('the total counts whatever happens, also while the reader pauses', () => {
    for (const isPaused of [false, true]) {
      const { dog, pass, faults } = watch();
      dog.headersSeen();
      if (isPaused) dog.pause();
      for (let count = 0; count < 40; count++) {
        if (!isPaused) dog.eventSeen();
        pass(25);
      }
      expect(faults).toEqual(['total_timeout']);
    }
  });

  test('a pause stops the idle limit, and the next event starts it anew', () => {
    const { dog, pass, faults } = watch();
    dog.headersSeen();
    dog.eventSeen();
    dog.pause();
    pass(400);
    expect(faults).toEqual([]);
    dog.eventSeen();
    pass(49);
    expect(faults).toEqual([]);
    pass(52);
    expect(faults).toEqual(['stalled']);
  });

  test('grace is given once: comments after the finish do not stretch it', () => {
    const { dog, pass, faults } = watch();
    dog.headersSeen();
    dog.eventSeen();
    for (let count = 0; count < 10; count++) {
      dog.graceFor(30);
      pass(5);
    }
    expect(faults).toEqual(['total_timeout']);
  });

  test('what was stopped says nothing more', () => {
    const { dog, pass, faults, armed } = watch();
    dog.stop();
    pass(5_000);
    expect(faults).toEqual([]);
    expect(armed()).toBe(0);
  });
});
