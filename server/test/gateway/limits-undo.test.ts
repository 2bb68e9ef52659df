/** What was taken and never used is taken back whole: as a request, as tokens and as a place, at whatever time and in whatever order. */
import { describe, expect, test } from 'vitest';
import { benchOf, keyWith } from './limits-bench.ts';

describe('a place that is undone', () => {
  test('frees the request, the tokens and the place at once, and only once', () => {
    const bench = benchOf();
    const key = keyWith({ rpm: 1, tpm: 1_000 });
    const subject = { kind: 'access-key', id: key.id } as const;
    const used = (): unknown[] =>
      (['requests', 'tokens', 'concurrent'] as const).map((kind) => bench.limits.usedOf(subject, kind, null, 0));
    const ticket = bench.take(key, 400);
    expect(used()).toEqual([1, 400, 1]);
    ticket.undo();
    expect(used()).toEqual([0, 0, 0]);
    ticket.undo();
    ticket.release();
    expect(used()).toEqual([0, 0, 0]);
    // With one request a minute, the next one would be refused if the first still counted.
    bench.take(key, 10);
    expect(used()).toEqual([1, 10, 1]);
  });

  test('is nothing any more once its minute is over, and takes nothing from who came later', () => {
    const bench = benchOf();
    const key = keyWith({ tpm: 1_000 });
    const subject = { kind: 'access-key', id: key.id } as const;
    const old = bench.take(key, 700);
    bench.now.ms += 61_000;
    bench.take(key, 300);
    old.undo();
    expect(bench.limits.usedOf(subject, 'tokens', null, 0)).toBe(300);
    expect(bench.limits.usedOf(subject, 'requests', null, 0)).toBe(1);
  });

  test('in any order among others leaves the window as if it had never come', () => {
    const bench = benchOf();
    const key = keyWith({ tpm: 1_000_000 });
    const subject = { kind: 'access-key', id: key.id } as const;
    const held: { ticket: ReturnType<typeof bench.take>; tokens: number; atMs: number; isKept: boolean }[] = [];
    for (let step = 0; step < 300; step++) {
      bench.now.ms += (step * 37) % 1_001;
      const tokens = ((step * 7_919) % 97) + 1;
      held.push({ ticket: bench.take(key, tokens), tokens, atMs: bench.now.ms, isKept: true });
      const other = held[(step * 31) % held.length]!;
      if (step % 3 === 0 && other.isKept) {
        other.isKept = false;
        other.ticket.undo();
      }
      const inWindow = held.filter(({ atMs, isKept }) => isKept && bench.now.ms - atMs < 60_000);
      expect(bench.limits.usedOf(subject, 'requests', null, 0)).toBe(inWindow.length);
      expect(bench.limits.usedOf(subject, 'tokens', null, 0)).toBe(inWindow.reduce((sum, one) => sum + one.tokens, 0));
      expect(bench.limits.usedOf(subject, 'concurrent', null, 0)).toBe(held.filter(({ isKept }) => isKept).length);
    }
  });
});
