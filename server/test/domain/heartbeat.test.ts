/** One word for a stretch of time, and nearest-rank percentiles, as tables of cases. */
import { expect, test } from 'vitest';
import { heartbeatOf, percentileOf } from '../../src/domain/heartbeat.ts';

test.each([
  [0, 0, 'none'],
  [1, 0, 'ok'],
  [100, 4, 'ok'],
  [100, 5, 'degraded'],
  [20, 1, 'degraded'],
  [100, 49, 'degraded'],
  [100, 50, 'down'],
  [1, 1, 'down'],
] as const)('%i attempts of which %i failed are %s', (attempts, failures, state) => {
  expect(heartbeatOf(attempts, failures)).toBe(state);
});

test.each([
  [[], 0.5, null],
  [[7], 0.5, 7],
  [[7], 0.95, 7],
  [[3, 1, 2], 0.5, 2],
  [[4, 3, 2, 1], 0.5, 2],
  [Array.from({ length: 100 }, (_, index) => 100 - index), 0.95, 95],
  [[1, 2], 1, 2],
] as const)('of %j the share %d is %j', (values, share, expected) => {
  expect(percentileOf(values, share)).toBe(expected);
});

test('a percentile leaves the values as they were', () => {
  const values = [3, 1, 2];
  percentileOf(values, 0.5);
  expect(values).toEqual([3, 1, 2]);
});
