/** Ranges and days: exact borders in every zone, also where clocks change or stand half an hour apart. */
import { describe, expect, test } from 'vitest';
import { quarterMs } from '../../src/domain/rollup.ts';
import { daysIn, rangeOf, UnreadableRange, zoneOf } from '../../src/domain/usage-range.ts';

const at = (iso: string): number => Date.parse(iso);
const hours = (fromMs: number, toMs: number): number => (toMs - fromMs) / 3_600_000;
const nowMs = at('2026-05-10T13:07:11.500Z');
const iso = (ms: number): string => new Date(ms).toISOString().replace(':00.000Z', 'Z');
const shown = (query: Parameters<typeof rangeOf>[0]): [string, string] => {
  const { fromMs, toMs } = rangeOf(query, nowMs);
  return [iso(fromMs), iso(toMs)];
};

describe('what a query means', () => {
  test.each<[Parameters<typeof rangeOf>[0], string, string]>([
    [{ period: '24h' }, '2026-05-09T13:00Z', '2026-05-10T13:15Z'],
    [{ period: '7d' }, '2026-05-03T13:00Z', '2026-05-10T13:15Z'],
    [{}, '2026-04-10T13:00Z', '2026-05-10T13:15Z'],
    [{ period: '90d' }, '2026-02-09T13:00Z', '2026-05-10T13:15Z'],
    [{ period: 'all' }, '1970-01-01T00:00Z', '2026-05-10T13:15Z'],
    [{ from: '2026-05-01', to: '2026-05-01' }, '2026-05-01T00:00Z', '2026-05-02T00:00Z'],
    [{ from: '2026-05-01', to: '2026-05-01', tz: 'Asia/Jakarta' }, '2026-04-30T17:00Z', '2026-05-01T17:00Z'],
    [{ from: '2026-05-01', tz: 'Asia/Kathmandu' }, '2026-04-30T18:15Z', '2026-05-10T13:15Z'],
    [{ from: '2026-05-01T10:07:00+02:00', to: '2026-05-01T09:00:00.001Z' }, '2026-05-01T08:00Z', '2026-05-01T09:15Z'],
    [{ to: '2026-05-01', period: '7d' }, '2026-04-25T00:00Z', '2026-05-02T00:00Z'],
    [{ from: '9999-12-01', to: '9999-12-31' }, '9999-12-01T00:00Z', '9999-12-30T00:00Z'],
    [{ from: '-100000-01-01T00:00:00Z', to: '+100000-01-01T00:00:00Z' }, '1970-01-01T00:00Z', '9999-12-30T00:00Z'],
  ])('%j', (query, from, to) => {
    expect(shown(query)).toEqual([from, to]);
  });

  test.each<[Parameters<typeof rangeOf>[0], string]>([
    [{ period: '5y' }, 'period'],
    [{ period: 'toString' }, 'period'],
    [{ from: 'yesterday' }, 'from'],
    [{ from: '2026-02-30' }, 'from'],
    [{ from: '2026-05-01T10:00:00' }, 'from'],
    [{ to: '2026-13-01' }, 'to'],
    [{ tz: 'Mars/Olympus' }, 'tz'],
    [{ from: '2026-05-03', to: '2026-05-01' }, 'from'],
    [{ from: '2026-05-11' }, 'from'],
  ])('%j is refused by its field', (query, field) => {
    let thrown: unknown;
    try {
      rangeOf(query, nowMs);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(UnreadableRange);
    expect((thrown as UnreadableRange).field).toBe(field);
  });

  test('no zone is UTC', () => {
    expect([zoneOf(undefined), zoneOf(''), zoneOf('Europe/Berlin')]).toEqual(['UTC', 'UTC', 'Europe/Berlin']);
  });
});

describe('days', () => {
  const dayAt = (zone: string, date: string): { hours: number; from: string } => {
    const noon = at(`${date}T12:00:00Z`);
    const day = daysIn({ fromMs: noon - 40 * 3_600_000, toMs: noon + 40 * 3_600_000 }, zone).find((one) => one.date === date)!;
    return { hours: hours(day.fromMs, day.toMs), from: iso(day.fromMs) };
  };

  test.each<[string, string, number, string]>([
    ['Europe/Berlin', '2026-03-29', 23, '2026-03-28T23:00Z'],
    ['Europe/Berlin', '2026-10-25', 25, '2026-10-24T22:00Z'],
    ['America/New_York', '2026-03-08', 23, '2026-03-08T05:00Z'],
    ['America/New_York', '2026-11-01', 25, '2026-11-01T04:00Z'],
    ['Australia/Lord_Howe', '2026-04-05', 24.5, '2026-04-04T13:00Z'],
    ['Australia/Lord_Howe', '2026-10-04', 23.5, '2026-10-03T13:30Z'],
    ['Asia/Kathmandu', '2026-06-01', 24, '2026-05-31T18:15Z'],
    ['Asia/Kolkata', '2026-06-01', 24, '2026-05-31T18:30Z'],
    ['Pacific/Chatham', '2026-06-01', 24, '2026-05-31T11:15Z'],
    ['Pacific/Kiritimati', '2026-06-01', 24, '2026-05-31T10:00Z'],
    ['Pacific/Pago_Pago', '2026-06-01', 24, '2026-06-01T11:00Z'],
    ['Asia/Jakarta', '2026-06-01', 24, '2026-05-31T17:00Z'],
    // Midnight does not exist on the day when Cairo's clocks go forward.
    ['Africa/Cairo', '2026-04-24', 23, '2026-04-23T22:00Z'],
  ])('%s, %s has %d hours', (zone, date, length, from) => {
    expect(dayAt(zone, date)).toEqual({ hours: length, from });
  });

  test('the days of a year in every zone follow each other without a hole, on quarter-hours', () => {
    const range = { fromMs: at('2026-01-01T00:00:00Z'), toMs: at('2027-01-01T00:00:00Z') };
    const zones = Intl.supportedValuesOf('timeZone');
    const wrong = zones.filter((zone) => {
      const days = daysIn(range, zone);
      const isWhole = days[0]!.fromMs === range.fromMs && days.at(-1)!.toMs === range.toMs;
      const isJoined = days.every((day, index) => day.fromMs % quarterMs === 0 && (index === 0 || day.fromMs === days[index - 1]!.toMs));
      return !isWhole || !isJoined || new Set(days.map(({ date }) => date)).size !== days.length;
    });
    expect(zones.length).toBeGreaterThan(300);
    expect(wrong).toEqual([]);
  });

  test('a date that a zone jumped over has no row', () => {
    const dates = daysIn({ fromMs: at('2011-12-29T12:00:00Z'), toMs: at('2011-12-31T12:00:00Z') }, 'Pacific/Apia').map(({ date }) => date);
    expect(dates).toEqual(['2011-12-29', '2011-12-31', '2012-01-01']);
  });

  test('the first and the last day are cut to the range', () => {
    const range = { fromMs: at('2026-05-01T10:15:00Z'), toMs: at('2026-05-02T03:00:00Z') };
    expect(daysIn(range, 'UTC')).toEqual([
      { date: '2026-05-01', fromMs: range.fromMs, toMs: at('2026-05-02T00:00:00Z') },
      { date: '2026-05-02', fromMs: at('2026-05-02T00:00:00Z'), toMs: range.toMs },
    ]);
  });

  test('more days than ten years of them are refused', () => {
    expect(() => daysIn({ fromMs: 0, toMs: at('2026-05-02T03:00:00Z') }, 'UTC')).toThrow(UnreadableRange);
  });
});
