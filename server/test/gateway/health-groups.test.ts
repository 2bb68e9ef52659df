/** What the strategies of routing groups see of a connection: requests under way, speed, faults, and how often a group hedges. */
import { describe, expect, test } from 'vitest';
import { noteTime } from '../../src/domain/hedge.ts';
import { halfLifeMs } from '../../src/domain/routing-measures.ts';
import { createHealth, type Health } from '../../src/gateway/health.ts';
import { systemClock, type Clock } from '../../src/lib/clock.ts';

function manual(): { now: { ms: number }; health: Health; turned: [string, boolean][] } {
  const now = { ms: 1_000_000 };
  const clock: Clock = { ...systemClock, monotonicMs: () => now.ms };
  const turned: [string, boolean][] = [];
  return { now, health: createHealth(clock, { onTurned: (...turn) => void turned.push(turn) }), turned };
}

const unknown = { isResting: false, inFlight: 0, expectedMs: null, errorRate: 0 };

describe('requests under way', () => {
  test('are counted for each connection apart, and never below nothing', () => {
    const { health } = manual();
    health.began('a');
    health.began('a');
    health.began('b');
    health.ended('a');
    expect([health.faced('a', 'm').inFlight, health.faced('b', 'm').inFlight]).toEqual([1, 1]);
    health.ended('a');
    health.ended('a');
    health.ended('never');
    expect([health.faced('a', 'm').inFlight, health.faced('never', 'm').inFlight]).toEqual([0, 0]);
  });

  test('one that began before its connection was changed takes nothing from those after it', () => {
    const { health } = manual();
    health.began('a');
    health.forget('a');
    health.ended('a');
    expect(health.faced('a', 'm')).toEqual(unknown);
    health.began('a');
    expect(health.faced('a', 'm').inFlight).toBe(1);
  });
});

describe('speed and faults', () => {
  test('are those of one model at one connection', () => {
    const { health } = manual();
    health.succeeded('a', 'm', { firstByteMs: 200, totalMs: 1_200, tokensOut: 100 });
    expect(health.faced('a', 'm').expectedMs).toBe(200 + 10 * 200);
    expect([health.faced('a', 'other'), health.faced('b', 'm')]).toEqual([unknown, unknown]);
  });

  test('a success that says nothing of speed is no measurement', () => {
    const { health } = manual();
    health.succeeded('a');
    health.succeeded('a', 'm');
    expect(health.faced('a', 'm')).toEqual(unknown);
  });

  test('faults of the target make its rate, and time forgets them', () => {
    const { health, now } = manual();
    for (let count = 0; count < 4; count++) health.failed('a', 'server_error', null, 'm');
    for (let count = 0; count < 4; count++) health.failed('a', 'bad_request', null, 'm');
    expect(health.faced('a', 'm').errorRate).toBeCloseTo(4 / 9, 6);
    now.ms += 30 * halfLifeMs;
    expect(health.faced('a', 'm').errorRate).toBeLessThan(0.001);
  });

  test('what was learnt of a connection goes when it is changed, of another it stays', () => {
    const { health } = manual();
    for (const id of ['a', 'b']) health.succeeded(id, 'm', { firstByteMs: 1, totalMs: 2, tokensOut: 1 });
    for (let count = 0; count < 5; count++) health.failed('a', 'server_error', null, 'm');
    health.forget('a');
    expect(health.faced('a', 'm')).toEqual(unknown);
    expect(health.rank('a')).toBe(0);
    expect(health.faced('b', 'm').expectedMs).not.toBe(null);
  });
});

describe('turns', () => {
  test('are told once when a connection goes to the end of the line and once when it comes back, whoever was asked in between', () => {
    const { health, turned } = manual();
    for (let count = 0; count < 5; count++) {
      health.failed('a', 'server_error', null, 'm');
      health.succeeded('b', 'm', { firstByteMs: 1, totalMs: 2, tokensOut: 1 });
    }
    health.asked('b');
    health.succeeded('a', 'm', { firstByteMs: 1, totalMs: 2, tokensOut: 1 });
    health.succeeded('a', 'm', { firstByteMs: 1, totalMs: 2, tokensOut: 1 });
    expect(turned).toEqual([
      ['a', true],
      ['a', false],
    ]);
  });

  test('while a connection is at the end of the line it is asked once by each request', () => {
    const { health, now } = manual();
    expect(health.mayRetry('a')).toBe(true);
    for (let count = 0; count < 5; count++) health.failed('a', 'server_error', null, 'm');
    expect(health.mayRetry('a')).toBe(false);
    now.ms += 10_000;
    expect(health.mayRetry('a')).toBe(true);
  });
});

describe('hedges', () => {
  test('are counted by group, and times are kept by connection and model', () => {
    const { health } = manual();
    health.hedges('g').requests = 7;
    expect([health.hedges('g').requests, health.hedges('other').requests]).toEqual([7, 0]);
    for (let count = 0; count < 40; count++) noteTime(health.times('a', 'm'), 50);
    expect([health.times('a', 'm').lateAfterMs, health.times('a', 'other').lateAfterMs, health.times('b', 'm').lateAfterMs]).toEqual([
      50,
      null,
      null,
    ]);
    health.forget('a');
    expect(health.times('a', 'm').lateAfterMs).toBe(null);
  });
});
