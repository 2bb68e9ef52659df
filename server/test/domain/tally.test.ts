/** Counts that add up: texts joined are counts added, percentiles are within their bound, and nothing that is no call is counted. */
import { describe, expect, test } from 'vitest';
import { noTokens } from '../../src/domain/ledger.ts';
import {
  addTally,
  createTallyCounter,
  binOf,
  codesOf,
  failureClasses,
  failuresOf,
  percentilesOf,
  speedOf,
  tallyErrorMax,
  tallyKinds,
  valueOfBin,
  writeTally,
  type Tallied,
  type Tally,
} from '../../src/domain/tally.ts';
import { seeded } from '../storage/ledger-records.ts';

const row = (part: Partial<Tallied> = {}): Tallied => ({
  state: 'settled',
  reason: null,
  purpose: 'completion',
  isStream: true,
  usage: { ...noTokens, tokensOut: 100 },
  latencyMs: 1_000,
  firstByteMs: 200,
  savedNanoUsd: null,
  ...part,
});

const tallyOf = (rows: readonly Tallied[]): Tally => {
  const tally: Tally = new Map();
  for (const one of rows) for (const code of codesOf(one)) tally.set(code, (tally.get(code) ?? 0) + 1);
  return tally;
};
const read = (text: string): Tally => {
  const tally: Tally = new Map();
  addTally(tally, text);
  return tally;
};
const sorted = (tally: Tally): [number, number][] => [...tally].toSorted(([a], [b]) => a - b);

describe('bins', () => {
  test('a value is at most two in a hundred away from what stands for its bin, from a millisecond to two days', () => {
    for (let value = 1; value < 200_000_000; value = value < 5_000 ? value + 1 : Math.ceil(value * 1.0007)) {
      expect(Math.abs(valueOfBin(binOf(value)) - value) / value, String(value)).toBeLessThanOrEqual(tallyErrorMax + 1e-9);
    }
  });

  test('bins grow with values, and below one is a bin of its own', () => {
    let last = 0;
    for (let value = 0; value < 1e9; value = value * 1.01 + 0.5) {
      expect(binOf(value)).toBeGreaterThanOrEqual(last);
      last = binOf(value);
    }
    expect([binOf(0), binOf(0.99), binOf(1), binOf(-5), binOf(Number.NaN)]).toEqual([0, 0, 1, 0, 0]);
    expect(valueOfBin(0)).toBe(0);
    expect(binOf(Number.MAX_SAFE_INTEGER)).toBe(binOf(1e300));
  });
});

describe('texts', () => {
  test('a text says what was counted, and the shortest does it', () => {
    const tally = tallyOf([row(), row(), row({ reason: 'stalled', latencyMs: 5 })]);
    expect(sorted(read(writeTally(tally)))).toEqual(sorted(tally));
    expect(writeTally(new Map())).toBe('');
    expect(writeTally(new Map([[0, 1]]))).toBe('AA');
    expect(writeTally(new Map([[53, 12], [1, 1]]))).toBe('ABBB12'); // prettier-ignore
  });

  test('1,000 texts written one after the other are the counts of all of them', () => {
    const below = seeded(5);
    const all: Tallied[] = [];
    let text = '';
    for (let part = 0; part < 1_000; part++) {
      const rows = Array.from({ length: below(6) }, () =>
        row({
          latencyMs: below(20_000),
          firstByteMs: below(3) === 0 ? null : below(900),
          reason: below(4) === 0 ? failureClasses[below(failureClasses.length)]! : null,
          usage: { ...noTokens, tokensOut: below(900) },
        }),
      );
      all.push(...rows);
      text += writeTally(tallyOf(rows));
    }
    expect(sorted(read(text))).toEqual(sorted(tallyOf(all)));
    // Read in pieces of any length it is the same, and every piece ends where a token does.
    const counter = createTallyCounter();
    const bytes = Buffer.from(text, 'latin1');
    for (let at = 0; at + 1 < bytes.length;) at = counter.add(bytes, at, at + 1 + below(50));
    expect(sorted(counter.take())).toEqual(sorted(tallyOf(all)));
    expect(counter.take().size, 'what was taken is counted no more').toBe(0);
  });

  test('what is no text of counts adds what can be read of it, and ends', () => {
    for (const text of ['', 'A', 'AB', 'ABC', '12', 'A1', '\u0000\u0000', 'AB99999999999999999999']) {
      expect(() => read(text)).not.toThrow();
      const counter = createTallyCounter();
      const bytes = Buffer.from(text, 'latin1');
      expect(counter.add(bytes, 0, bytes.length)).toBeLessThanOrEqual(bytes.length);
      for (const [code, count] of counter.take()) expect([read(text).get(code), count > 0]).toEqual([count, true]);
    }
  });
});

describe('percentiles', () => {
  test('of random times of every shape are within two in a hundred of the value at their rank', () => {
    const below = seeded(11);
    for (let round = 0; round < 60; round++) {
      const count = 1 + below(3_000);
      const middle = 1 + below(20_000);
      const values = Array.from({ length: count }, () => Math.round(middle * Math.exp((below(2_000) - 1_000) / (200 + below(400)))));
      const found = percentilesOf(tallyOf(values.map((latencyMs) => row({ latencyMs, firstByteMs: null }))), 'latency')!;
      const sorted = values.toSorted((a, b) => a - b);
      expect(found.count).toBe(count);
      for (const [name, share] of [['p50', 0.5], ['p95', 0.95], ['p99', 0.99]] as const) {
        const exact = sorted[Math.ceil(share * count) - 1]!;
        expect(Math.abs(found[name] - exact), `${name} of ${count}`).toBeLessThanOrEqual(exact * tallyErrorMax + 1e-6);
      } // prettier-ignore
    }
  });

  test('each kind is counted by itself, and of nothing there is none', () => {
    const tally = tallyOf([row({ latencyMs: 1_000, firstByteMs: 200, usage: { ...noTokens, tokensOut: 80 } })]);
    expect(percentilesOf(tally, 'latency')!.p50).toBeCloseTo(1_000, -2);
    expect(percentilesOf(tally, 'firstByte')!.p50).toBeCloseTo(200, -1);
    // Eighty tokens in eight tenths of a second are a hundred a second.
    expect(percentilesOf(tally, 'speed')!.p50 / 1_000).toBeCloseTo(100, -1);
    for (const kind of tallyKinds) expect(percentilesOf(new Map(), kind)).toBeNull();
  });
});

describe('what counts', () => {
  test.each<[string, Partial<Tallied>]>([
    ['an answer from the cache', { savedNanoUsd: 0 }],
    ['a refusal', { state: 'refused', reason: 'rate_limit_exceeded' }],
    ['an open row', { state: 'intent' }],
    ['a row whose outcome is unknown', { state: 'unknown', reason: 'interrupted' }],
  ])('%s has no time', (_, part) => {
    expect(codesOf(row(part))).toEqual([]);
  });

  test.each<[string, Partial<Tallied>]>([
    ['a failure', { reason: 'stalled' }],
    ['an estimate', { usage: { ...noTokens, tokensOut: 9, isEstimated: true } }],
    ['a part of an answer', { state: 'partial', reason: 'client_closed' }],
    ['an answer without a token', { usage: noTokens }],
    ['an answer that took no time behind its first byte', { latencyMs: 200, firstByteMs: 200 }],
  ])('%s has no speed', (_, part) => {
    expect(speedOf(row(part))).toBeNull();
  });

  test('a whole answer is as fast as its whole time, a stream as its time from the first byte on', () => {
    expect(speedOf(row({ isStream: false }))).toBe(100_000);
    expect(speedOf(row({ isStream: true }))).toBe(125_000);
  });

  test('failures are told by class, the most frequent first, and an unknown word is another one', () => {
    const rows = [row({ reason: 'auth' }), row({ reason: 'auth' }), row({ reason: 'stalled' }), row({ reason: 'something_new' }), row()];
    expect(failuresOf(tallyOf(rows))).toEqual([
      { name: 'auth', count: 2 },
      { name: 'other', count: 1 },
      { name: 'stalled', count: 1 },
    ]);
    expect(failuresOf(tallyOf([row({ state: 'partial', reason: 'client_closed' })]))).toEqual([]);
  });
});
