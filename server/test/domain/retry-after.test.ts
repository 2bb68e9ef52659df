/** How long a provider asks us to wait, read from whatever it sends. */
import { describe, expect, test } from 'vitest';
import { retryAfterMsOf, retryAfterShownMaxMs } from '../../src/domain/retry-after.ts';

const nowMs = Date.UTC(2026, 10, 21, 12, 0, 0);
const date = (ms: number): string => new Date(ms).toUTCString();

describe('seconds', () => {
  const cases: readonly (readonly [string, number | null])[] = [
    ['1', 1_000],
    ['0', 0],
    ['1.5', 1_500],
    ['0.0004', 1],
    [' 2 ', 2_000],
    ['86400', retryAfterShownMaxMs],
    ['999999999999', retryAfterShownMaxMs],
    ['9999999999999', null],
    ['-5', null],
    ['+5', null],
    ['1e3', null],
    ['0x10', null],
    ['soon', null],
    ['', null],
    ['   ', null],
    ['1,2', null],
    ['NaN', null],
    ['Infinity', null],
  ];
  test.each(cases)('%j is %s ms', (value, expected) => {
    expect(retryAfterMsOf({ 'retry-after': value }, nowMs)).toBe(expected);
  });
});

describe('retry-after-ms', () => {
  test('wins over retry-after, because it is the finer word', () => {
    expect(retryAfterMsOf({ 'retry-after-ms': '150', 'retry-after': '1' }, nowMs)).toBe(150);
  });

  test('gives way to retry-after where it means nothing', () => {
    for (const value of ['', '-1', 'soon', '1e9'])
      expect(retryAfterMsOf({ 'retry-after-ms': value, 'retry-after': '1' }, nowMs)).toBe(1_000);
  });

  test('is rounded up to a whole millisecond and capped', () => {
    expect(retryAfterMsOf({ 'retry-after-ms': '0.2' }, nowMs)).toBe(1);
    expect(retryAfterMsOf({ 'retry-after-ms': '999999999999' }, nowMs)).toBe(retryAfterShownMaxMs);
  });
});

describe('HTTP dates (RFC 9110, 5.6.7)', () => {
  test("are measured against the answer's own date, not against our clock", () => {
    const sentMs = nowMs - 365 * 86_400_000;
    expect(retryAfterMsOf({ 'retry-after': date(sentMs + 2_000), date: date(sentMs) }, nowMs)).toBe(2_000);
  });

  test('are measured against our clock where the answer has no date, or a broken one', () => {
    expect(retryAfterMsOf({ 'retry-after': date(nowMs + 3_000) }, nowMs)).toBe(3_000);
    expect(retryAfterMsOf({ 'retry-after': date(nowMs + 3_000), date: 'yesterday' }, nowMs)).toBe(3_000);
  });

  test('in the past say nothing', () => {
    expect(retryAfterMsOf({ 'retry-after': date(nowMs - 1_000), date: date(nowMs) }, nowMs)).toBeNull();
  });

  test('far in the future are capped', () => {
    expect(retryAfterMsOf({ 'retry-after': date(nowMs + 10 * 86_400_000), date: date(nowMs) }, nowMs)).toBe(retryAfterShownMaxMs);
  });

  test.each(['Wed, 99 Foo 2026', '21/11/2026', '2026-11-21T12:00:05Z'])('%j is no HTTP date', (value) => {
    expect(retryAfterMsOf({ 'retry-after': value }, nowMs)).toBeNull();
  });
});

describe('headers that came more than once, or not at all', () => {
  test('the first value counts', () => {
    expect(retryAfterMsOf({ 'retry-after': ['2', '9'] }, nowMs)).toBe(2_000);
  });

  test('nothing is nothing', () => {
    expect(retryAfterMsOf({}, nowMs)).toBeNull();
    expect(retryAfterMsOf({ 'retry-after': undefined }, nowMs)).toBeNull();
  });
});
