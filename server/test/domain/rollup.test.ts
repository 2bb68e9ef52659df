/** What one ledger row adds to the roll-ups: the sums that dashboards show are made of these numbers alone. */
import { describe, expect, test } from 'vitest';
import { noTokens, type EntryState } from '../../src/domain/ledger.ts';
import { addMeasures, dayOf, measureNames, measuresOf, noMeasures, quarterOf, type Countable } from '../../src/domain/rollup.ts';

const row = (part: Partial<Countable> = {}): Countable => ({
  atMs: 1_000,
  state: 'settled',
  reason: null,
  isLast: true,
  usage: { ...noTokens, tokensIn: 10, tokensOut: 4 },
  costNanoUsd: 77,
  latencyMs: 120,
  savedNanoUsd: null,
  firstByteMs: 30,
  ...part,
});

describe('buckets', () => {
  test('a quarter of an hour and a UTC day begin where they do', () => {
    const atMs = Date.UTC(2026, 10, 21, 23, 59, 59, 999);
    expect(quarterOf(atMs)).toBe(Date.UTC(2026, 10, 21, 23, 45));
    expect(dayOf(atMs)).toBe(Date.UTC(2026, 10, 21));
    expect([quarterOf(quarterOf(atMs)), dayOf(dayOf(atMs))]).toEqual([quarterOf(atMs), dayOf(atMs)]);
  });
});

describe('one row', () => {
  test('that is open adds nothing yet', () => {
    expect(measuresOf(row({ state: 'intent' }))).toBeNull();
  });

  test('that succeeded adds a request, its tokens, its cost and its times', () => {
    expect(measuresOf(row())).toEqual({
      ...noMeasures(),
      attempts: 1,
      requests: 1,
      tokens_in: 10,
      tokens_out: 4,
      cost_nano_usd: 77,
      latency_ms_sum: 120,
      first_byte_ms_sum: 30,
      first_byte_count: 1,
      last_used_at: 1_000,
    });
  });

  test('that was not the last of its request adds an attempt and no request', () => {
    expect(measuresOf(row({ isLast: false, reason: 'overloaded' }))).toMatchObject({ attempts: 1, requests: 0, failures: 1 });
  });

  test.each<[EntryState, string | null, Record<string, number>]>([
    ['settled', 'auth', { failures: 1, partials: 0, refusals: 0, unknowns: 0 }],
    ['partial', 'client_closed', { failures: 0, partials: 1, refusals: 0, unknowns: 0 }],
    ['refused', 'budget_exceeded', { failures: 0, partials: 0, refusals: 1, unknowns: 0 }],
    ['unknown', null, { failures: 0, partials: 0, refusals: 0, unknowns: 1 }],
  ])('%s (%s) is counted as what it is', (state, reason, counts) => {
    expect(measuresOf(row({ state, reason }))).toMatchObject(counts);
  });

  test('without a price is counted as such where something was sent, and only there', () => {
    expect(measuresOf(row({ costNanoUsd: null }))).toMatchObject({ unpriced: 1, cost_nano_usd: 0 });
    expect(measuresOf(row({ state: 'partial', costNanoUsd: null }))?.unpriced).toBe(1);
    for (const state of ['refused', 'unknown'] as const) expect(measuresOf(row({ state, costNanoUsd: null }))?.unpriced).toBe(0);
  });

  test('with an estimate is counted as one', () => {
    expect(measuresOf(row({ usage: { ...noTokens, isEstimated: true } }))?.estimated).toBe(1);
  });

  test('without a first byte has none in the mean', () => {
    expect(measuresOf(row({ firstByteMs: null, latencyMs: null }))).toMatchObject({
      first_byte_count: 0,
      first_byte_ms_sum: 0,
      latency_ms_sum: 0,
    });
  });
});

describe('sums', () => {
  test('are the same in whatever order and groups the rows come', () => {
    const rows = [
      row(),
      row({ atMs: 5_000, state: 'partial' }),
      row({ atMs: 2_000, isLast: false, costNanoUsd: null }),
      row({ state: 'unknown', costNanoUsd: null }),
    ].map((one) => measuresOf(one)!);
    const sumOf = (list: typeof rows) => list.reduce((sum, one) => (addMeasures(sum, one), sum), noMeasures());
    const whole = sumOf(rows);
    expect(sumOf(rows.toReversed())).toEqual(whole);
    expect(sumOf([sumOf(rows.slice(0, 1)), sumOf(rows.slice(1))])).toEqual(whole);
    expect(whole).toMatchObject({ attempts: 4, requests: 3, last_used_at: 5_000 });
  });

  test('hold every measure: none is forgotten when one is added', () => {
    expect(Object.keys(noMeasures()).toSorted()).toEqual([...measureNames, 'last_used_at'].toSorted());
    const ones = Object.fromEntries(Object.keys(noMeasures()).map((name) => [name, 1])) as ReturnType<typeof noMeasures>;
    const sum = noMeasures();
    addMeasures(sum, ones);
    addMeasures(sum, ones);
    for (const name of measureNames) expect(sum[name]).toBe(2);
  });
});
