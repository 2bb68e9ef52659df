/** Days and months of budgets over zones and changes of clocks: every moment is in one period, and periods are the calendar's own. */
import { describe, expect, test } from 'vitest';
import { spanOf, type Limit, type LimitSubjectKind } from '../../src/domain/limit.ts';
import { LimitTable, subjectLimitsOf } from '../../src/domain/limit-table.ts';
import { daysIn } from '../../src/domain/usage-range.ts';
import { seeded } from '../vault/parts.ts';

const hourMs = 3_600_000;
const at = (text: string): number => Date.parse(text);
/** Whole, half and quarter hours off UTC, with and without changes of clocks, on both halves of the globe. */
const zones = [
  'UTC',
  'Asia/Jakarta',
  'Asia/Makassar',
  'Asia/Jayapura',
  'Asia/Kolkata',
  'Asia/Kathmandu',
  'Europe/Berlin',
  'Europe/London',
  'America/New_York',
  'America/Sao_Paulo',
  'America/St_Johns',
  'Australia/Lord_Howe',
  'Pacific/Auckland',
  'Pacific/Kiritimati',
  'Africa/Cairo',
];

const dateIn = (zone: string, ms: number): string =>
  new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(ms);

describe.each(zones)('in %s', (zone) => {
  test('any moment and both ends of its day have one date, and what lies outside has another', () => {
    const draw = seeded(zone.length);
    for (let round = 0; round < 150; round++) {
      const ms = at('2020-01-01T00:00:00Z') + Math.floor(draw() * 3_650 * 24 * hourMs);
      const { fromMs, untilMs } = spanOf('day', zone, ms);
      const date = dateIn(zone, ms);
      expect([dateIn(zone, fromMs), dateIn(zone, untilMs - 1)]).toEqual([date, date]);
      expect(dateIn(zone, fromMs - 1) < date).toBe(true);
      expect(dateIn(zone, untilMs) > date).toBe(true);
    }
  });

  test('months follow each other without a gap for ten years, each with the days of its calendar', () => {
    let ms = spanOf('month', zone, at('2020-01-15T00:00:00Z')).fromMs;
    for (let month = 0; month < 120; month++) {
      const span = spanOf('month', zone, ms);
      expect(span.fromMs).toBe(ms);
      expect(spanOf('month', zone, span.untilMs - 1)).toEqual(span);
      const days = daysIn({ fromMs: span.fromMs, toMs: span.untilMs }, zone);
      expect(days.length).toBe(new Date(Date.UTC(2020, month + 1, 0)).getUTCDate());
      ms = span.untilMs;
    }
    expect(dateIn(zone, ms)).toBe('2030-01-01');
  });

  test('a month is made of its days: budgets of both turn at the same moments as the usage of people is told', () => {
    const month = spanOf('month', zone, at('2026-03-15T12:00:00Z'));
    let ms = month.fromMs;
    for (const day of daysIn({ fromMs: month.fromMs, toMs: month.untilMs }, zone)) {
      expect(spanOf('day', zone, ms)).toEqual({ fromMs: day.fromMs, untilMs: day.toMs });
      expect(spanOf('month', zone, ms)).toEqual(month);
      ms = day.toMs;
    }
    expect(ms).toBe(month.untilMs);
  });

  test('no day is shorter than 23 hours or longer than 25', () => {
    for (let ms = at('2026-01-01T12:00:00Z'), days = 0; days < 370; days++) {
      const { fromMs, untilMs } = spanOf('day', zone, ms);
      expect((untilMs - fromMs) / hourMs).toBeGreaterThanOrEqual(23);
      expect((untilMs - fromMs) / hourMs).toBeLessThanOrEqual(25);
      ms = untilMs;
    }
  });
});

describe('where clocks change', () => {
  test.each([
    ['Europe/Berlin', '2026-03-29T10:00:00Z', 23],
    ['Europe/Berlin', '2026-10-25T10:00:00Z', 25],
    ['America/New_York', '2026-03-08T12:00:00Z', 23],
    ['America/New_York', '2026-11-01T12:00:00Z', 25],
    // Half an hour is what this island changes by.
    ['Australia/Lord_Howe', '2026-10-03T20:00:00Z', 23.5],
    ['Australia/Lord_Howe', '2026-04-04T20:00:00Z', 24.5],
    ['Asia/Jakarta', '2026-03-29T10:00:00Z', 24],
  ])('the day of %s that %s is in has %d hours', (zone, moment, hours) => {
    const { fromMs, untilMs } = spanOf('day', zone, at(moment));
    expect((untilMs - fromMs) / hourMs).toBe(hours);
  });

  test('the hour that comes twice is in one day both times', () => {
    const [first, second] = [at('2026-10-25T00:30:00Z'), at('2026-10-25T01:30:00Z')];
    expect(spanOf('day', 'Europe/Berlin', first)).toEqual(spanOf('day', 'Europe/Berlin', second));
  });

  test('the same moment is in another month on the other side of the date line', () => {
    const moment = at('2026-12-31T11:00:00Z');
    expect(spanOf('month', 'Pacific/Kiritimati', moment).fromMs).toBe(at('2026-12-31T10:00:00Z'));
    expect(spanOf('month', 'Pacific/Pago_Pago', moment).fromMs).toBe(at('2026-12-01T11:00:00Z'));
  });
});

describe('the table through any changes', () => {
  const kinds: readonly LimitSubjectKind[] = ['access-key', 'user', 'workspace', 'connection', 'group'];

  test('finds for each subject what a plain list of the rows would, after every one of two thousand changes', () => {
    const draw = seeded(77);
    const table = new LimitTable();
    const rows = new Map<string, Limit>();
    for (let step = 0; step < 2_000; step++) {
      const number = Math.floor(draw() * 60);
      // A limit keeps its subject for life.
      const subject = { kind: kinds[number % kinds.length]!, id: `s${number % 7}` };
      const limit: Limit = {
        id: `l${number}`,
        subject,
        kind: number % 2 === 0 ? 'requests' : 'tokens',
        period: 'minute',
        value: Math.floor(draw() * 100),
        softPercent: null,
        isShadow: draw() < 0.3,
      };
      const isGone = draw() < 0.4;
      table.put([{ id: limit.id!, limit, isGone }]);
      if (isGone) rows.delete(limit.id!);
      else rows.set(limit.id!, limit);
      const mine = [...rows.values()].filter((one) => one.subject.kind === subject.kind && one.subject.id === subject.id);
      expect(table.size).toBe(rows.size);
      const byId = (limits: readonly Limit[]): Limit[] => limits.toSorted((a, b) => (a.id! < b.id! ? -1 : 1));
      expect(byId(table.rowsOf(subject))).toEqual(byId(mine));
      const tightest = (kind: Limit['kind']): number | undefined =>
        mine.filter((one) => one.kind === kind && !one.isShadow).toSorted((a, b) => a.value - b.value)[0]?.value;
      const found = table.of(subject.kind, subject.id);
      expect([found?.requests?.hard?.value, found?.tokens?.hard?.value]).toEqual([tightest('requests'), tightest('tokens')]);
    }
  });

  test('shadows alone never refuse, and are all there to be counted', () => {
    const shadow = (id: string, value: number): Limit => ({
      id,
      subject: { kind: 'group', id: 'g' },
      kind: 'concurrent',
      period: 'none',
      value,
      softPercent: 50,
      isShadow: true,
    });
    const { concurrent, requests, tokens, money } = subjectLimitsOf({ kind: 'group', id: 'g' }, [shadow('a', 1), shadow('b', 0)]);
    expect(concurrent).toMatchObject({ hard: null, all: [{ id: 'a' }, { id: 'b' }] });
    expect([requests, tokens, money]).toEqual([null, null, []]);
  });
});
