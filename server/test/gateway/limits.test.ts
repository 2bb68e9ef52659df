/** Rates and concurrency: never exceeded by one, never refused where there was room, and held of all subjects together or of none. */
import { describe, expect, test } from 'vitest';
import type { AccessKey } from '../../src/domain/access-key.ts';
import { seeded } from '../vault/parts.ts';
import type { Ticket } from '../../src/gateway/limits-rates.ts';
import { benchOf as manual, keyWith, limitOn, minuteMs, refusalOf, type Bench } from './limits-bench.ts';

const takes = (limits: Bench, key: AccessKey, tokens = 0): boolean => refusalOf(() => limits.take(key, tokens)) === null;
const tokensLeft = (bench: Bench, key: AccessKey): number =>
  Math.max(0, key.tpm! - (bench.limits.usedOf({ kind: 'access-key', id: key.id }, 'tokens', null, 0) ?? NaN));
const countTaken = (limits: Bench, key: AccessKey, tries: number, tokens = 0): number =>
  Array.from({ length: tries }, () => takes(limits, key, tokens)).filter(Boolean).length;

describe('requests per minute', () => {
  test('1,000 at the same moment against a limit of 100 let exactly 100 pass', () => {
    const limits = manual();
    expect(countTaken(limits, keyWith({ rpm: 100 }), 1_000)).toBe(100);
  });

  test('the window slides by the millisecond: a place is free exactly a minute after it was taken', () => {
    const limits = manual();
    const { now } = limits;
    const key = keyWith({ rpm: 2 });
    takes(limits, key);
    now.ms += 30_000;
    takes(limits, key);
    now.ms += 29_999;
    expect(takes(limits, key)).toBe(false);
    now.ms += 1;
    expect(takes(limits, key)).toBe(true);
    expect(takes(limits, key)).toBe(false);
  });

  test('no window of a minute ever holds more than the limit, however requests come', () => {
    const limits = manual();
    const { now } = limits;
    const draw = seeded(5);
    const key = keyWith({ rpm: 20 });
    const admitted: number[] = [];
    for (let round = 0; round < 20_000; round++) {
      now.ms += Math.floor(draw() ** 3 * 4_000);
      if (takes(limits, key)) admitted.push(now.ms);
    }
    for (let at = 20; at < admitted.length; at++) expect(admitted[at]! - admitted[at - 20]!).toBeGreaterThanOrEqual(minuteMs);
    expect(admitted.length).toBeGreaterThan(500);
  });

  test('a refusal says when the next place is free, and is right', () => {
    const limits = manual();
    const { now } = limits;
    const key = keyWith({ rpm: 3 });
    countTaken(limits, key, 3);
    now.ms += 12_345;
    const refusal = refusalOf(() => limits.take(key, 0));
    expect(refusal).toMatchObject({ status: 429, code: 'rate_limit_exceeded', retryAfterS: 48, shouldRetry: true });
    now.ms += refusal!.retryAfterS! * 1_000;
    expect(takes(limits, key)).toBe(true);
  });

  test('refused requests take no place', () => {
    const limits = manual();
    const { now } = limits;
    const key = keyWith({ rpm: 1 });
    countTaken(limits, key, 500);
    now.ms += minuteMs;
    expect(takes(limits, key)).toBe(true);
  });

  test('keys do not share a window', () => {
    const limits = manual();
    const [one, two] = [keyWith({ rpm: 1 }), keyWith({ rpm: 1 })];
    expect([takes(limits, one), takes(limits, two), takes(limits, one)]).toEqual([true, true, false]);
  });

  test('a limit that is changed counts at once, with the requests that were there before', () => {
    const limits = manual();
    const key = keyWith({ rpm: 10 });
    countTaken(limits, key, 5);
    expect(takes(limits, { ...key, rpm: 5 })).toBe(false);
    expect(countTaken(limits, { ...key, rpm: 7 }, 10)).toBe(2);
  });

  test('a limit of nothing lets nothing pass', () => {
    const limits = manual();
    expect(refusalOf(() => limits.take(keyWith({ rpm: 0 }), 0))).toMatchObject({ code: 'rate_limit_exceeded', retryAfterS: 60 });
  });

  test('without a limit nothing is counted or kept', () => {
    const limits = manual();
    const key = keyWith({});
    expect(countTaken(limits, key, 5_000)).toBe(5_000);
    expect(limits.limits.size()).toBe(0);
  });
});

describe('tokens per minute', () => {
  test('estimates are reserved, so that many at once do not overrun the limit', () => {
    const limits = manual();
    expect(countTaken(limits, keyWith({ tpm: 1_000 }), 100, 90)).toBe(11);
  });

  test('what a request came to replaces its estimate, both ways', () => {
    const limits = manual();
    const key = keyWith({ tpm: 1_000 });
    const slot = limits.take(key, 900);
    expect(takes(limits, key, 200)).toBe(false);
    slot.correct(100);
    expect(tokensLeft(limits, key)).toBe(900);
    slot.correct(1_500);
    expect(tokensLeft(limits, key)).toBe(0);
    expect(takes(limits, key, 1)).toBe(false);
  });

  test('a correction that comes after the minute changes nothing any more', () => {
    const limits = manual();
    const { now } = limits;
    const key = keyWith({ tpm: 1_000 });
    const slot = limits.take(key, 900);
    now.ms += minuteMs;
    expect(tokensLeft(limits, key)).toBe(1_000);
    slot.correct(5_000);
    expect(tokensLeft(limits, key)).toBe(1_000);
    expect(takes(limits, key, 1_000)).toBe(true);
  });

  test('a refusal names the moment at which enough tokens are free', () => {
    const limits = manual();
    const { now } = limits;
    const key = keyWith({ tpm: 1_000 });
    limits.take(key, 400);
    now.ms += 10_000;
    limits.take(key, 500);
    now.ms += 10_000;
    expect(refusalOf(() => limits.take(key, 400))?.retryAfterS).toBe(40);
    expect(refusalOf(() => limits.take(key, 800))?.retryAfterS).toBe(50);
  });

  test('a request larger than the limit is refused also by an empty window, with a word on waiting', () => {
    const limits = manual();
    expect(refusalOf(() => limits.take(keyWith({ tpm: 10 }), 11))).toMatchObject({ code: 'rate_limit_exceeded', retryAfterS: 60 });
  });

  test('over many random requests the sum of the window is exact', () => {
    const limits = manual();
    const { now } = limits;
    const draw = seeded(11);
    const key = keyWith({ tpm: 50_000 });
    let taken: { atMs: number; tokens: number }[] = [];
    for (let round = 0; round < 5_000; round++) {
      now.ms += Math.floor(draw() * 300);
      taken = taken.filter((one) => now.ms - one.atMs < minuteMs);
      const estimate = Math.floor(draw() * 500);
      const used = taken.reduce((sum, one) => sum + one.tokens, 0);
      const fits = used + estimate <= 50_000;
      expect(
        refusalOf(() => {
          const entry = { atMs: now.ms, tokens: estimate };
          const slot = limits.take(key, estimate);
          taken.push(entry);
          if (draw() < 0.5) slot.correct((entry.tokens = Math.floor(draw() * 600)));
        }) === null,
      ).toBe(fits);
    }
  });
});

describe('requests at once', () => {
  test('no more than the limit are under way, and a place is free as soon as one ends', () => {
    const bench = manual();
    const key = keyWith({});
    const limit = bench.set(limitOn({ kind: 'access-key', id: key.id }, { kind: 'concurrent', value: 3 }));
    const tickets = [bench.take(key, 0), bench.take(key, 0), bench.take(key, 0)];
    const refusal = refusalOf(() => bench.take(key, 0));
    expect(refusal).toMatchObject({ status: 429, retryAfterS: 1, limit: { name: 'access-key.concurrent', id: limit.id, value: 3 } });
    expect(refusal?.message).toBe('The limit of 3 requests at once of this access key is reached.');
    tickets[1]!.release();
    // Twice is once: a place is given back by its own request alone.
    tickets[1]!.release();
    expect(takes(bench, key)).toBe(true);
    expect(takes(bench, key)).toBe(false);
  });

  test('in 20,000 random steps there are never more than the limit', () => {
    const bench = manual();
    const draw = seeded(17);
    const key = keyWith({});
    bench.set(limitOn({ kind: 'access-key', id: key.id }, { kind: 'concurrent', value: 25 }));
    const open: { release(): void }[] = [];
    let refused = 0;
    for (let step = 0; step < 20_000; step++) {
      if (draw() < 0.6) {
        if (refusalOf(() => open.push(bench.take(key, 0))) !== null) refused++;
        else expect(open.length).toBeLessThanOrEqual(25);
      } else open.splice(Math.floor(draw() * open.length), 1)[0]?.release();
    }
    expect(refused).toBeGreaterThan(1_000);
    for (const ticket of open) ticket.release();
    expect(bench.limits.usedOf({ kind: 'access-key', id: key.id }, 'concurrent', null, 0)).toBe(0);
  });
});

describe('many subjects', () => {
  const asker = (key: AccessKey | null) => ({ accessKey: key, userId: 'user-1', workspaceId: 'workspace-1' });

  test('the tightest limit of key, user and workspace refuses, and is named; the others give back nothing because they took nothing', () => {
    const bench = manual();
    const key = keyWith({ rpm: 100 });
    bench.set(limitOn({ kind: 'user', id: 'user-1' }, { value: 50 }));
    const tight = bench.set(limitOn({ kind: 'workspace', id: 'workspace-1' }, { value: 10 }));
    let passed = 0;
    for (let count = 0; count < 40; count++) {
      const refusal = refusalOf(() => bench.limits.take(bench.limits.ofAsker(asker(key)), 0));
      if (refusal === null) passed++;
      else
        expect(refusal.limit).toMatchObject({
          name: 'workspace.requests.minute',
          id: tight.id,
          subject: { kind: 'workspace', id: 'workspace-1' },
        });
    }
    expect(passed).toBe(10);
    expect(bench.limits.usedOf({ kind: 'access-key', id: key.id }, 'requests', null, 0)).toBe(10);
    expect(bench.limits.usedOf({ kind: 'user', id: 'user-1' }, 'requests', null, 0)).toBe(10);
  });

  test('two keys of one user share the limit of the user', () => {
    const bench = manual();
    bench.set(limitOn({ kind: 'user', id: 'user-1' }, { value: 5 }));
    const keys = [keyWith({}), keyWith({})];
    const passed = Array.from({ length: 20 }, (_, index) =>
      refusalOf(() => bench.limits.take(bench.limits.ofAsker(asker(keys[index % 2]!)), 0)),
    );
    expect(passed.filter((refusal) => refusal === null)).toHaveLength(5);
  });

  test('a person without a key has the limits of the person', () => {
    const bench = manual();
    bench.set(limitOn({ kind: 'user', id: 'user-1' }, { value: 1 }));
    expect(bench.limits.ofAsker(asker(null))).toHaveLength(1);
    expect(bench.limits.ofAsker({ ...asker(null), userId: 'somebody-else', workspaceId: null })).toEqual([]);
  });

  test('who has no limit is looked up, and costs no memory and no window', () => {
    const bench = manual();
    bench.set(limitOn({ kind: 'connection', id: 'connection-1' }, { value: 1 }));
    const key = keyWith({});
    expect(bench.limits.ofAsker(asker(key))).toBe(bench.limits.ofAsker(asker(keyWith({}))));
    expect(bench.limits.ofConnection('connection-1')).toBeDefined();
    expect([
      bench.limits.ofConnection('other'),
      bench.limits.ofConnection(null),
      bench.limits.ofGroup(undefined),
      bench.limits.ofGroup('g'),
    ]).toEqual(Array(4).fill(undefined));
  });

  test('a limit that is taken away refuses nobody any more', () => {
    const bench = manual();
    const key = keyWith({});
    const limit = bench.set(limitOn({ kind: 'access-key', id: key.id }, { value: 1 }));
    takes(bench, key);
    expect(takes(bench, key)).toBe(false);
    bench.table.put([{ id: limit.id!, limit, isGone: true }]);
    expect(bench.table.size).toBe(0);
    expect(countTaken(bench, key, 50)).toBe(50);
  });
});

describe('what is told', () => {
  test('a soft threshold is told when it is crossed, and again after the use fell below it', () => {
    const bench = manual();
    const key = keyWith({});
    bench.set(limitOn({ kind: 'access-key', id: key.id }, { value: 10, softPercent: 80 }));
    countTaken(bench, key, 7);
    expect(bench.said).toEqual([]);
    countTaken(bench, key, 3);
    expect(bench.said).toMatchObject([{ event: 'soft', used: 8 }]);
    countTaken(bench, key, 2);
    expect(bench.said.map(({ event }) => event)).toEqual(['soft', 'refused', 'refused']);
    bench.now.ms += minuteMs;
    countTaken(bench, key, 8);
    expect(bench.said.at(-1)).toMatchObject({ event: 'soft', used: 8 });
  });

  test('a limit in the shadow refuses nobody, counts everybody, and says each time that it would have', () => {
    const bench = manual();
    const key = keyWith({});
    const shadow = bench.set(limitOn({ kind: 'access-key', id: key.id }, { value: 3, isShadow: true }));
    expect(countTaken(bench, key, 10)).toBe(10);
    expect(bench.said).toHaveLength(7);
    expect(bench.said.every(({ limit, event }) => limit === shadow && event === 'shadow')).toBe(true);
    expect(bench.limits.usedOf(shadow.subject, 'requests', null, 0)).toBe(10);
  });

  test('a shadow beside a limit that refuses is told of what passed, and the limit refuses', () => {
    const bench = manual();
    const key = keyWith({ rpm: 5 });
    bench.set(limitOn({ kind: 'access-key', id: key.id }, { value: 3, isShadow: true }));
    expect(countTaken(bench, key, 10)).toBe(5);
    expect(bench.said.filter(({ event }) => event === 'shadow')).toHaveLength(2);
    expect(bench.said.filter(({ event }) => event === 'refused')).toHaveLength(5);
  });

  test('the headroom is that of the limit with the least left', () => {
    const bench = manual();
    const key = keyWith({ rpm: 10, tpm: 1_000 });
    bench.set(limitOn({ kind: 'user', id: 'u' }, { value: 4 }));
    bench.set(limitOn({ kind: 'user', id: 'u' }, { kind: 'tokens', value: 5_000 }));
    bench.set(limitOn({ kind: 'workspace', id: 'w' }, { kind: 'tokens', value: 1, isShadow: true }));
    const ticket = bench.limits.take(bench.limits.ofAsker({ accessKey: key, userId: 'u', workspaceId: 'w' }), 100);
    expect(ticket).not.toBeInstanceOf(Promise);
    expect((ticket as Ticket).headroom()).toEqual({
      requests: { limit: 4, remaining: 3, resetMs: minuteMs },
      tokens: { limit: 1_000, remaining: 900, resetMs: minuteMs },
    });
    // A minute later its place is free again: it is told as of when it was taken.
    bench.now.ms += minuteMs;
    expect((ticket as Ticket).headroom()?.requests?.resetMs).toBe(minuteMs);
    const unlimited = manual();
    const calm = keyWith({});
    unlimited.set(limitOn({ kind: 'access-key', id: calm.id }, { kind: 'concurrent', value: 2 }));
    expect(unlimited.take(calm, 0).headroom()).toBeNull();
  });

  test('what nobody was asked in the end came to no tokens', () => {
    const bench = manual();
    const key = keyWith({ tpm: 1_000 });
    const ticket = bench.take(key, 900);
    ticket.release();
    expect(tokensLeft(bench, key)).toBe(1_000);
    expect(bench.limits.usedOf({ kind: 'access-key', id: key.id }, 'requests', null, 0)).toBe(1);
  });
});

describe('memory', () => {
  test('holds no window that is empty, and every place that is taken', () => {
    const bench = manual();
    const keys = Array.from({ length: 500 }, () => keyWith({ rpm: 10 }));
    const tickets = keys.map((key) => bench.take(key, 0));
    bench.limits.sweep();
    expect(bench.limits.size()).toBe(500);
    bench.now.ms += minuteMs;
    bench.limits.sweep();
    expect(bench.limits.size()).toBe(500);
    for (const ticket of tickets.slice(1)) ticket.release();
    bench.limits.sweep();
    expect(bench.limits.size()).toBe(1);
  });

  test('a sweep takes no place back: the limits hold as before it', () => {
    const bench = manual();
    const key = keyWith({ rpm: 2 });
    takes(bench, key);
    bench.now.ms += 30_000;
    takes(bench, key);
    bench.limits.sweep();
    expect(takes(bench, key)).toBe(false);
  });

  test('shares are neither renewed nor returned where nobody else is', async () => {
    const bench = manual();
    await expect(bench.limits.renew()).resolves.toBeUndefined();
    await expect(bench.limits.close()).resolves.toBeUndefined();
  });
});
