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

const lineWidth = 1000;
const lineHeight = 100;

/**
 * The points of a line that has gaps: one text for each piece without one, and each point in the middle of its place, as bars stand. A point
 * between two gaps is a text without a blank. On a logarithmic scale everything below one lies on the ground.
 */
export function linePieces(values: readonly (number | null)[], top: number, isLog: boolean): string[] {
  const step = lineWidth / Math.max(1, values.length);
  const height = (value: number): number => (isLog ? Math.log(Math.max(1, value)) / Math.log(Math.max(2, top)) : value / top);
  const pieces: string[][] = [];
  let isOpen = false;
  for (const [index, value] of values.entries()) {
    if (value === null) {
      isOpen = false;
      continue;
    }
    const point = `${((index + 0.5) * step).toFixed(1)},${(lineHeight - Math.min(1, Math.max(0, height(value))) * lineHeight).toFixed(1)}`;
    if (isOpen) pieces.at(-1)!.push(point);
    else pieces.push([point]);
    isOpen = true;
  }
  return pieces.map((piece) => piece.join(' '));
}
