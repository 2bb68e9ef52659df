/** What a simulation came to: per target, over time, and for whoever waited. */

/** Parts of the whole time that are told apart. */
export const slicesMax = 40;

export interface TargetTally {
  name: string;
  /** Attempts at it, of all kinds. */
  attempts: number;
  /** Requests that it was the first to be asked for. */
  chosen: number;
  answered: number;
  failed: number;
  repeated: number;
  hedged: number;
  costNanoUsd: number;
}

export interface Slice {
  fromMs: number;
  requests: number;
  answered: number;
  /** Attempts by target. */
  attempts: number[];
}

export interface Percentiles {
  p50: number | null;
  p95: number | null;
  p99: number | null;
}

/** Of sorted numbers; null where there are none. The smallest value that so large a share is not above (nearest rank). */
export const percentileOf = (sorted: readonly number[], share: number): number | null =>
  sorted.length === 0 ? null : sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)]!;

export class SimulationReport {
  readonly targets: TargetTally[];
  readonly slices: Slice[];
  readonly requests: number;
  attempts = 0;
  answeredCount = 0;
  hedges = 0;
  costNanoUsd = 0;
  readonly #sliceMs: number;
  readonly #firstBytes: number[] = [];
  readonly #wholes: number[] = [];

  constructor(names: readonly string[], requests: number, spanMs: number) {
    this.requests = requests;
    this.#sliceMs = Math.max(1, spanMs / slicesMax);
    this.targets = names.map((name) => ({ name, attempts: 0, chosen: 0, answered: 0, failed: 0, repeated: 0, hedged: 0, costNanoUsd: 0 }));
    this.slices = Array.from({ length: slicesMax }, (_, at) => ({
      fromMs: Math.round(at * this.#sliceMs),
      requests: 0,
      answered: 0,
      attempts: names.map(() => 0),
    }));
  }

  /** What comes after the last request belongs to the last slice. */
  #slice(atMs: number): Slice {
    return this.slices[Math.min(slicesMax - 1, Math.floor(atMs / this.#sliceMs))]!;
  }

  asked(target: number, why: 'first' | 'same' | 'other' | 'hedge', atMs: number): void {
    const tally = this.targets[target]!;
    tally.attempts++;
    this.attempts++;
    if (why === 'first') tally.chosen++;
    if (why === 'same') tally.repeated++;
    if (why === 'hedge') tally.hedged++;
    this.#slice(atMs).attempts[target]!++;
  }

  answered(target: number, costNanoUsd: number): void {
    this.targets[target]!.answered++;
    this.spent(target, costNanoUsd);
  }

  failed(target: number): void {
    this.targets[target]!.failed++;
  }

  spent(target: number, nanoUsd: number): void {
    this.targets[target]!.costNanoUsd += nanoUsd;
    this.costNanoUsd += nanoUsd;
  }

  ended(isAnswered: boolean, firstByteMs: number | null, wholeMs: number, startedMs: number): void {
    const slice = this.#slice(startedMs);
    slice.requests++;
    if (!isAnswered) return;
    this.answeredCount++;
    slice.answered++;
    if (firstByteMs !== null) this.#firstBytes.push(firstByteMs);
    this.#wholes.push(wholeMs);
  }

  /** Attempts per request. */
  get amplification(): number {
    return this.requests === 0 ? 0 : this.attempts / this.requests;
  }

  get success(): number {
    return this.requests === 0 ? 0 : this.answeredCount / this.requests;
  }

  firstByte(): Percentiles {
    return percentilesOf(this.#firstBytes);
  }

  whole(): Percentiles {
    return percentilesOf(this.#wholes);
  }
}

function percentilesOf(values: readonly number[]): Percentiles {
  const sorted = values.toSorted((a, b) => a - b);
  return { p50: percentileOf(sorted, 0.5), p95: percentileOf(sorted, 0.95), p99: percentileOf(sorted, 0.99) };
}

export const newReport = (targets: readonly { name: string }[], requests: number, spanMs: number): SimulationReport =>
  new SimulationReport(
    targets.map(({ name }) => name),
    requests,
    spanMs,
  );
