/** Where the points of small pictures lie: pure rules, without a unit and without a language. */

export const sparkWidth = 240;
export const sparkHeight = 48;
/** Keeps the stroke inside the picture at both ends of the scale. */
const margin = 3;

/** The points of a line that fills the picture; the scale begins at zero. */
export function sparklinePoints(values: readonly number[]): string {
  const top = Math.max(...values, 0);
  const step = values.length > 1 ? sparkWidth / (values.length - 1) : 0;
  const y = (value: number): number =>
    top === 0 ? sparkHeight - margin : sparkHeight - margin - (value / top) * (sparkHeight - 2 * margin);
  const points = values.map((value, index) => `${(index * step).toFixed(1)},${y(value).toFixed(1)}`);
  return values.length === 1 ? `${points[0]} ${sparkWidth},${y(values[0]!).toFixed(1)}` : points.join(' ');
}

/** The next round figure above the highest bar: 1, 2 or 5 and zeros. */
export function scaleTop(highest: number): number {
  if (highest <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(highest));
  const factor = [1, 2, 5, 10].find((step) => step * power >= highest) ?? 10;
  return factor * power;
}
