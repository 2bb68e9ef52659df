/** The small pictures as pure rules: points, scales and heights, for any values that may come. */
import { expect, test } from 'vitest';
import { scaleTop, sparklinePoints } from '../src/ui/chart-scale.ts';

test.each([
  [0, 1],
  [-5, 1],
  [1, 1],
  [3, 5],
  [5, 5],
  [7, 10],
  [10, 10],
  [11, 20],
  [499, 500],
  [1001, 2000],
  [0.0003, 0.0005],
])('a chart whose highest bar is %d has a scale up to %d', (highest, top) => {
  expect(scaleTop(highest)).toBeCloseTo(top, 12);
});

test('a scale is never lower than its highest bar, and never more than ten times as high', () => {
  for (let highest = 0.000001; highest < 1e12; highest *= 1.37) {
    expect(scaleTop(highest)).toBeGreaterThanOrEqual(highest * (1 - 1e-12));
    expect(scaleTop(highest)).toBeLessThanOrEqual(highest * 10);
  }
});

test('a line of no, one, equal or very different values has a finite point for each and stays inside the picture', () => {
  for (const values of [[], [5], [0, 0, 0], [7, 7], [0, 1e12, 3], [0.0001, 0]]) {
    const points = sparklinePoints(values)
      .split(' ')
      .filter((text) => text.includes(','))
      .map((text) => text.split(',').map(Number));
    expect(points.length).toBe(values.length === 1 ? 2 : values.length);
    for (const [x, y] of points) {
      expect(x).toBeGreaterThanOrEqual(0);
      expect(x).toBeLessThanOrEqual(240);
      expect(y).toBeGreaterThanOrEqual(0);
      expect(y).toBeLessThanOrEqual(48);
    }
  }
});

test('the highest value is the highest point, and zero lies on the ground', () => {
  const [low, high] = sparklinePoints([0, 10])
    .split(' ')
    .map((text) => Number(text.split(',')[1]));
  expect(high).toBeLessThan(low!);
  expect(low).toBe(45);
});
