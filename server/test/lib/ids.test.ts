/** Ids: of the right form, in the order of time, never twice, whatever the clock does. */
import { describe, expect, test } from 'vitest';
import { systemClock, type Clock } from '../../src/lib/clock.ts';
import { createIds, isUuid } from '../../src/lib/ids.ts';

const clockAt = (now: { ms: number }): Clock => ({ ...systemClock, nowMs: () => now.ms });
const timeOf = (id: string): number => Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16);

describe('uuid', () => {
  test('is a UUIDv7 with the time in front (RFC 9562, 5.7)', () => {
    const ids = createIds(clockAt({ ms: 0x0123_4567_89ab }));
    const id = ids.uuid();
    expect(id).toMatch(/^01234567-89ab-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(isUuid(id)).toBe(true);
  });

  test('carries the time that its caller has read, and keeps its order where that is an old one', () => {
    const ids = createIds(clockAt({ ms: 1 }));
    const first = ids.uuid(0x0123_4567_89ab);
    expect(timeOf(first)).toBe(0x0123_4567_89ab);
    const second = ids.uuid();
    expect(timeOf(second)).toBe(0x0123_4567_89ab);
    expect(second > first).toBe(true);
  });

  test('100,000 of one process are distinct and sort in the order they were made', () => {
    const ids = createIds(systemClock);
    const made = Array.from({ length: 100_000 }, () => ids.uuid());
    expect(new Set(made).size).toBe(made.length);
    expect(made.toSorted()).toEqual(made);
  });

  test('keeps its order within one millisecond, also beyond the counter', () => {
    const ids = createIds(clockAt({ ms: 1_800_000_000_000 }));
    const made = Array.from({ length: 20_000 }, () => ids.uuid());
    expect(made.toSorted()).toEqual(made);
    expect(new Set(made).size).toBe(made.length);
    for (const id of made) expect(isUuid(id)).toBe(true);
  });

  test('leaves no digit of its random part unused, and no id changes when the next one is made', () => {
    const ids = createIds(systemClock);
    const made = Array.from({ length: 3_000 }, () => ids.uuid());
    const copies = made.map((id) => Buffer.from(id).toString());
    ids.uuid();
    expect(made).toEqual(copies);
    // Behind the counter: the variant has two free bits, every digit after it four.
    for (let place = 19; place < 36; place++) {
      const digits = new Set(made.map((id) => id[place]));
      expect(digits.size).toBe(place === 23 ? 1 : place === 19 ? 4 : 16);
    }
  });

  test('keeps its order when the clock is set back', () => {
    const now = { ms: 1_800_000_000_000 };
    const ids = createIds(clockAt(now));
    const before = ids.uuid();
    now.ms -= 3_600_000;
    const after = ids.uuid();
    expect(after > before).toBe(true);
    now.ms += 7_200_000;
    expect(timeOf(ids.uuid())).toBe(now.ms);
  });

  test('of two processes at the same moment differ', () => {
    const clock = clockAt({ ms: 1_800_000_000_000 });
    const made = [createIds(clock), createIds(clock)].flatMap((ids) => Array.from({ length: 1_000 }, () => ids.uuid()));
    expect(new Set(made).size).toBe(2_000);
  });
});

describe('draw and bytes', () => {
  test('draws lie in [0, 1) and fill it', () => {
    const ids = createIds(systemClock);
    const draws = Array.from({ length: 5_000 }, () => ids.draw());
    expect(Math.min(...draws)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...draws)).toBeLessThan(1);
    const tenths = new Set(draws.map((draw) => Math.floor(draw * 10)));
    expect(tenths.size).toBe(10);
  });

  test('bytes are as many as asked for, and others each time', () => {
    const ids = createIds(systemClock);
    for (const count of [0, 1, 12, 32, 5_000]) expect(ids.bytes(count)).toHaveLength(count);
    expect(Buffer.from(ids.bytes(32)).equals(Buffer.from(ids.bytes(32)))).toBe(false);
  });
});

describe('isUuid', () => {
  test.each([
    '',
    'x',
    '01234567-89ab-7000-8000-00000000000',
    '01234567-89ab-7000-8000-0000000000000',
    '01234567-89AB-7000-8000-000000000000',
    '{01234567-89ab-7000-8000-000000000000}',
    '0123456789ab70008000000000000000',
    '01234567-89ab-7000-8000-00000000000g',
    "01234567-89ab-7000-8000-00000000000'",
    '01234567-89ab-7000-8000-000000000000\n',
  ])('%j is none', (text) => {
    expect(isUuid(text)).toBe(false);
  });
});
