/** How fast a download goes, and how long it will take: a moving average over what the page has seen of it. */

export interface PaceSample {
  atMs: number;
  doneBytes: number;
  allBytes: number;
}

/** Samples that count; more of them react too slowly. */
const samplesMax = 12;
/** Before this much has been seen, every guess is wrong. */
const stableMs = 5_000;

/** Adds what is seen now. A layer that becomes known makes the whole larger, and the guess begins anew. */
export function noteSample(samples: readonly PaceSample[], now: PaceSample): readonly PaceSample[] {
  const last = samples.at(-1);
  if (last && (last.allBytes !== now.allBytes || now.doneBytes < last.doneBytes)) return [now];
  if (last && now.atMs <= last.atMs) return samples;
  return [...samples, now].slice(-samplesMax);
}

export interface Pace {
  bytesPerS: number;
  /** Null until five seconds of steady samples allow a guess. */
  secondsLeft: number | null;
}

/** Null while there is nothing to measure. */
export function paceOf(samples: readonly PaceSample[]): Pace | null {
  const first = samples[0];
  const last = samples.at(-1);
  if (!first || !last || last.atMs <= first.atMs || last.doneBytes <= first.doneBytes) return null;
  const bytesPerS = ((last.doneBytes - first.doneBytes) / (last.atMs - first.atMs)) * 1000;
  const isStable = last.atMs - first.atMs >= stableMs;
  return { bytesPerS, secondsLeft: isStable ? (last.allBytes - last.doneBytes) / bytesPerS : null };
}
