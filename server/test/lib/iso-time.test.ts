/** Times in JSON: always UTC, always with milliseconds, so that texts sort as the times do. */
import { expect, test } from 'vitest';
import { isoOf, isoOrNull } from '../../src/lib/iso-time.ts';

test('a time is UTC with milliseconds', () => {
  expect(isoOf(0)).toBe('1970-01-01T00:00:00.000Z');
  expect(isoOf(1_795_220_672_287)).toBe('2026-11-21T00:24:32.287Z');
});

test('no time is null', () => {
  expect(isoOrNull(null)).toBeNull();
  expect(isoOrNull(0)).toBe('1970-01-01T00:00:00.000Z');
});
