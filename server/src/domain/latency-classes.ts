/** Times in sixteen classes: counts that can be added up over any range, and percentiles that follow from them. */

/** Upper ends in ms, each about half as much again as the one before; the last has none. */
export const tookClasses = [20, 40, 70, 100, 150, 220, 320, 470, 700, 1_000, 1_500, 2_200, 3_300, 5_000, 10_000, Infinity] as const;
/** What the last class is taken for. */
const longestMs = 15_000;

export function classOfMs(ms: number): number {
  const index = tookClasses.findIndex((end) => ms <= end);
  return index < 0 ? tookClasses.length - 1 : index;
}

/** The percentile, 0 < `share` <= 1, by a straight line within its class, whole ms; null of nothing. */
export function percentileOfClasses(counts: readonly number[], share: number): number | null {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  const wanted = share * total;
  let seen = 0;
  for (const [index, count] of counts.entries()) {
    if (count > 0 && seen + count >= wanted) {
      const from = index === 0 ? 0 : (tookClasses[index - 1] ?? 0);
      const to = Math.min(tookClasses[index] ?? longestMs, longestMs);
      return Math.round(from + ((to - from) * (wanted - seen)) / count);
    }
    seen += count;
  }
  return longestMs;
}
