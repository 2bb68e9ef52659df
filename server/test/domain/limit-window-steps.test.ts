/** The sliding minute against a list that is counted anew at each millisecond: no admission beyond the limit, no wait too short or too long. */
import { describe, expect, test } from 'vitest';
import { SlidingWindow, windowMs, type WindowEntry } from '../../src/domain/limit-window.ts';
import { seeded } from '../vault/parts.ts';

interface Admitted {
  atMs: number;
  tokens: number;
}

/** The plainest window there is: everything that ever came, counted from the beginning. */
class Counted {
  readonly all: Admitted[] = [];

  within(nowMs: number): Admitted[] {
    return this.all.filter(({ atMs }) => nowMs - atMs < windowMs);
  }

  requests(nowMs: number): number {
    return this.within(nowMs).length;
  }

  tokens(nowMs: number): number {
    return this.within(nowMs).reduce((sum, { tokens }) => sum + tokens, 0);
  }

  /** The first moment from now on at which the question has a yes; null for never within a minute. */
  firstMs(nowMs: number, isRoom: (atMs: number) => boolean): number | null {
    const leaves = this.within(nowMs).map(({ atMs }) => atMs + windowMs);
    return [nowMs, ...leaves].find((atMs) => isRoom(atMs)) ?? null;
  }
}

/** Admits what has room, as a gate does, and returns what was let in. */
function gate(window: SlidingWindow, limits: { requests: number; tokens: number }, nowMs: number, tokens: number): WindowEntry | null {
  window.slide(nowMs);
  if (window.waitForRequest(limits.requests, nowMs) > 0 || window.waitForTokens(limits.tokens, tokens, nowMs) > 0) return null;
  return window.add(nowMs, tokens);
}

describe('a gate with a window', () => {
  test.each([1, 2, 3, 7, 50])('lets no more than %i requests into any minute, wherever the minute begins', (limit) => {
    const draw = seeded(100 + limit);
    const window = new SlidingWindow();
    const admitted: number[] = [];
    let nowMs = 0;
    for (let step = 0; step < 4_000; step++) {
      nowMs += Math.floor(draw() ** 3 * (90_000 / limit));
      if (gate(window, { requests: limit, tokens: Infinity }, nowMs, 0)) admitted.push(nowMs);
    }
    // Every minute that holds most begins with an admission.
    for (const [at, ms] of admitted.entries()) {
      const next = admitted[at + limit];
      if (next !== undefined) expect(next - ms).toBeGreaterThanOrEqual(windowMs);
    }
    expect(admitted.length).toBeGreaterThan(limit * 5);
  });

  test.each([500, 2_000])('lets no more than %i tokens into any minute, whatever the requests come to', (limit) => {
    const draw = seeded(limit);
    const window = new SlidingWindow();
    const counted = new Counted();
    let refused = 0;
    for (let nowMs = 0, step = 0; step < 2_000; step++) {
      nowMs += Math.floor(draw() * 4_000);
      const tokens = Math.floor(draw() * 200);
      if (gate(window, { requests: Infinity, tokens: limit }, nowMs, tokens)) counted.all.push({ atMs: nowMs, tokens });
      else refused++;
      expect(counted.tokens(nowMs)).toBeLessThanOrEqual(limit);
    }
    expect(refused).toBeGreaterThan(100);
  });

  test('a refusal takes nothing: whoever knocks without end does not keep the door shut', () => {
    const window = new SlidingWindow();
    const limits = { requests: 1, tokens: Infinity };
    expect(gate(window, limits, 0, 0)).not.toBeNull();
    for (let nowMs = 1; nowMs < windowMs; nowMs += 13) expect(gate(window, limits, nowMs, 0)).toBeNull();
    expect(gate(window, limits, windowMs, 0)).not.toBeNull();
  });
});

describe('the wait that is told', () => {
  test('is exact to the millisecond for requests: there is room then, and none a millisecond before', () => {
    const draw = seeded(7);
    for (let round = 0; round < 300; round++) {
      const window = new SlidingWindow();
      const counted = new Counted();
      let nowMs = 0;
      for (let count = Math.floor(draw() * 12); count >= 0; count--) {
        nowMs += Math.floor(draw() * 9_000);
        window.add(nowMs, 0);
        counted.all.push({ atMs: nowMs, tokens: 0 });
      }
      window.slide(nowMs);
      const limit = 1 + Math.floor(draw() * 8);
      const firstMs = counted.firstMs(nowMs, (atMs) => counted.requests(atMs) < limit)!;
      expect(window.waitForRequest(limit, nowMs)).toBe(firstMs - nowMs);
      if (firstMs > nowMs) expect(counted.requests(firstMs - 1)).toBeGreaterThanOrEqual(limit);
    }
  });

  test('is exact to the millisecond for tokens, and the whole of the window where even an empty one is too small', () => {
    const draw = seeded(8);
    let tooLarge = 0;
    for (let round = 0; round < 300; round++) {
      const window = new SlidingWindow();
      const counted = new Counted();
      let nowMs = 0;
      for (let count = Math.floor(draw() * 12); count >= 0; count--) {
        nowMs += Math.floor(draw() * 9_000);
        const tokens = Math.floor(draw() * 50);
        window.add(nowMs, tokens);
        counted.all.push({ atMs: nowMs, tokens });
      }
      window.slide(nowMs);
      const [limit, needed] = [50 + Math.floor(draw() * 150), Math.floor(draw() * 220)];
      const firstMs = counted.firstMs(nowMs, (atMs) => counted.tokens(atMs) + needed <= limit);
      if (firstMs === null) {
        tooLarge++;
        expect(window.waitForTokens(limit, needed, nowMs)).toBe(window.resetMs(nowMs));
      } else expect(window.waitForTokens(limit, needed, nowMs)).toBe(firstMs - nowMs);
    }
    expect(tooLarge).toBeGreaterThan(20);
  });

  test('never is longer than a minute, and never negative', () => {
    const draw = seeded(9);
    const window = new SlidingWindow();
    for (let nowMs = 0, step = 0; step < 3_000; step++) {
      nowMs += Math.floor(draw() * 3_000);
      window.slide(nowMs);
      const waits = [window.waitForRequest(Math.floor(draw() * 30), nowMs), window.waitForTokens(100, Math.floor(draw() * 300), nowMs)];
      for (const waitMs of [...waits, window.resetMs(nowMs)]) {
        expect(waitMs).toBeGreaterThanOrEqual(0);
        expect(waitMs).toBeLessThanOrEqual(windowMs);
      }
      window.add(nowMs, Math.floor(draw() * 20));
    }
  });
});

describe('corrections', () => {
  test('in any order, of any age and repeated, leave exactly the tokens of what is still within the minute', () => {
    const draw = seeded(10);
    const window = new SlidingWindow();
    const counted = new Counted();
    const pairs: [WindowEntry, Admitted][] = [];
    let nowMs = 0;
    for (let step = 0; step < 3_000; step++) {
      nowMs += Math.floor(draw() * 1_500);
      window.slide(nowMs);
      if (draw() < 0.5) {
        const tokens = Math.floor(draw() * 1_000);
        const mine: Admitted = { atMs: nowMs, tokens };
        counted.all.push(mine);
        pairs.push([window.add(nowMs, tokens), mine]);
      } else if (pairs.length > 0) {
        const [entry, mine] = pairs[Math.max(0, pairs.length - 1 - Math.floor(draw() * 80))]!;
        const tokens = Math.floor(draw() * 1_000);
        window.correct(entry, tokens, nowMs);
        if (nowMs - mine.atMs < windowMs) mine.tokens = tokens;
      }
      expect(window.tokens).toBe(counted.tokens(nowMs));
      expect(window.requests).toBe(counted.requests(nowMs));
    }
  });

  test('a long silence empties it to nothing, also after thousands of entries', () => {
    const window = new SlidingWindow();
    for (let at = 0; at < 5_000; at++) window.add(at, 3);
    window.slide(windowMs + 4_998);
    expect([window.requests, window.tokens]).toEqual([1, 3]);
    window.slide(windowMs + 4_999);
    expect([window.requests, window.tokens, window.resetMs(windowMs + 4_999)]).toEqual([0, 0, 0]);
  });
});
