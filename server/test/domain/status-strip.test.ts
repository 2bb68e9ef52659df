/** Strips, percentiles by classes, and what a connection says of its own checks. */
import { describe, expect, test } from 'vitest';
import { checkPlanOf, everySMin, healthSettingsDefault } from '../../src/domain/health-settings.ts';
import { classOfMs, percentileOfClasses, tookClasses } from '../../src/domain/latency-classes.ts';
import { lettersOf, stretchesOf, stripOf, type Illness, type StatusRange, type Sum } from '../../src/domain/status-strip.ts';

const hourMs = 3_600_000;
const dayMs = 86_400_000;
/** Twenty minutes into a half hour. */
const nowMs = Date.UTC(2026, 10, 21, 10, 20);

describe('stretches', () => {
  test.each([
    ['24h', 48, 1_800_000],
    ['7d', 56, 3 * hourMs],
    ['30d', 30, dayMs],
    ['90d', 90, dayMs],
  ] as const)('%s has %i of them, whole ones, up to and with the running one', (range, count, bucketMs) => {
    const { fromMs, toMs, ...stretches } = stretchesOf(range, nowMs);
    expect(stretches.bucketMs).toBe(bucketMs);
    expect((toMs - fromMs) / bucketMs).toBe(count);
    expect(fromMs % bucketMs).toBe(0);
    expect(toMs).toBeGreaterThan(nowMs);
    expect(toMs - nowMs).toBeLessThanOrEqual(bucketMs);
  });
});

describe('a strip', () => {
  const sum = (hoursAgo: number, part: Partial<Sum> = {}): Sum => ({
    atMs: Math.floor((nowMs - hoursAgo * hourMs) / 1_800_000) * 1_800_000,
    checks: 30,
    failures: 0,
    slow: 0,
    latencyMsSum: 3000,
    ...part,
  });
  const strip = (sums: Sum[], illnesses: Illness[] = [], range: StatusRange = '24h', bornMs = 0) =>
    stripOf(stretchesOf(range, nowMs), { sums, illnesses, bornMs, nowMs });
  const last = (...given: Parameters<typeof strip>): string => lettersOf(strip(...given).buckets).slice(-4);

  test('of nothing knows nothing', () => {
    const { buckets, uptime } = strip([]);
    expect(lettersOf(buckets)).toBe('-'.repeat(48));
    expect(uptime).toBeNull();
  });

  test('is up where checks passed, partly where one in twenty failed or most were slow, down where half failed', () => {
    expect(last([sum(1.5), sum(1, { failures: 2 }), sum(0.5, { slow: 20 }), sum(0, { failures: 15 })])).toBe('ussd');
    expect(last([sum(0, { failures: 1 })])).toBe('---u');
  });

  test('is down for as long as an illness lasted, whatever checks said: a list of models is no completion', () => {
    const illness = { fromMs: nowMs - hourMs, untilMs: null };
    expect(last([sum(1.5), sum(1), sum(0.5), sum(0)], [illness])).toBe('usdd');
  });

  test('counts the time of illness against the time that is known of, and not against what is not', () => {
    const all = [0, 0.5, 1, 1.5].map((hours) => sum(hours));
    // Known are three half hours and the twenty minutes of the running one; ill were 11 of these 110 minutes.
    const { uptime } = strip(all, [{ fromMs: nowMs - 90 * 60_000, untilMs: nowMs - 79 * 60_000 }]);
    expect(uptime).toBeCloseTo(1 - 11 / 110, 10);
    expect(strip(all).uptime).toBe(1);
  });

  test('begins when the connection was made', () => {
    const bornMs = nowMs - 10 * 60_000;
    expect(strip([sum(0)], [{ fromMs: nowMs - 5 * 60_000, untilMs: null }], '24h', bornMs).uptime).toBeCloseTo(0.5, 10);
    expect(strip([], [{ fromMs: 0, untilMs: null }], '24h', nowMs + dayMs)).toMatchObject({ uptime: null });
  });

  test('an illness that began before the range and one that lasts reach over its ends', () => {
    const { uptime, buckets } = strip([], [{ fromMs: nowMs - 100 * dayMs, untilMs: null }]);
    expect(uptime).toBe(0);
    expect(lettersOf(buckets)).toBe('d'.repeat(48));
  });

  test('gathers half hours into longer stretches, with the mean of those that passed', () => {
    const { buckets } = strip(
      [sum(1, { checks: 10, failures: 2, latencyMsSum: 800 }), sum(0.5, { checks: 2, latencyMsSum: 400 })],
      [],
      '7d',
    );
    expect(buckets.at(-1)).toMatchObject({ checks: 12, failures: 2, averageMs: 120, state: 'slow' });
    expect(strip([sum(0, { checks: 3, failures: 3, latencyMsSum: 0 })]).buckets.at(-1)).toMatchObject({ averageMs: null, state: 'down' });
  });

  test('leaves out what lies beyond its ends', () => {
    expect(strip([sum(30), { ...sum(0), atMs: nowMs + dayMs }]).buckets.every(({ checks }) => checks === 0)).toBe(true);
  });
});

describe('classes of time', () => {
  test('every time has one, and a longer time never an earlier one', () => {
    const classes = [0, 1, 20, 21, 40, 99, 100, 4_999, 5_000, 9_999, 10_000, 10_001, 1e9].map(classOfMs);
    expect(classes).toEqual(classes.toSorted((a, b) => a - b));
    expect(classes.at(-1)).toBe(tookClasses.length - 1);
  });

  test('percentiles are within their class of the true ones', () => {
    const times = Array.from({ length: 1_000 }, (_, index) => ((index * 7919) % 1000) * 3 + 5);
    const counts = tookClasses.map((_, index) => times.filter((ms) => classOfMs(ms) === index).length);
    const sorted = times.toSorted((a, b) => a - b);
    for (const share of [0.1, 0.5, 0.95, 0.99, 1]) {
      const exact = sorted[Math.ceil(share * 1000) - 1]!;
      expect(classOfMs(percentileOfClasses(counts, share)!)).toBe(classOfMs(exact));
    }
  });

  test('of nothing there is none, and the longest is bounded', () => {
    expect(percentileOfClasses([], 0.5)).toBeNull();
    expect(
      percentileOfClasses(
        tookClasses.map((_, index) => (index === tookClasses.length - 1 ? 5 : 0)),
        1,
      ),
    ).toBe(15_000);
  });
});

describe('what a connection says of its checks', () => {
  test.each([
    [{}, { everyS: 60, way: 'models' }],
    [{ health: { everySeconds: 300 } }, { everyS: 300, way: 'models' }],
    [{ health: { check: 'completion' } }, { everyS: 60, way: 'completion' }],
    [{ health: { everySeconds: 0 } }, { everyS: 0, way: 'models' }],
    [{ health: { everySeconds: 1 } }, { everyS: everySMin, way: 'models' }],
    [{ health: { everySeconds: 1e12 } }, { everyS: 86_400, way: 'models' }],
    [{ health: { everySeconds: -5, check: 'guess' } }, { everyS: 60, way: 'models' }],
    [{ health: { everySeconds: 'often' } }, { everyS: 60, way: 'models' }],
    [{ health: null }, { everyS: 60, way: 'models' }],
    [{ health: 'off' }, { everyS: 60, way: 'models' }],
  ] as const)('%j', (settings, plan) => {
    expect(checkPlanOf(settings, healthSettingsDefault)).toEqual(plan);
  });

  test('an installation that checks nothing checks what asks for it', () => {
    expect(checkPlanOf({}, { everyS: 0, way: 'models' }).everyS).toBe(0);
    expect(checkPlanOf({ health: { everySeconds: 60 } }, { everyS: 0, way: 'models' }).everyS).toBe(60);
  });
});
