/** From measurements to the table of goals: medians, ranges and ratios. Pure. */
import type { CandidateName } from './candidates.ts';
import type { Measurement } from './measure.ts';
import { type PhaseName, slowStreams } from './phases.ts';

/** What was seen when a candidate was started for a round. */
export interface Start {
  round: number;
  candidate: CandidateName;
  readyMs: number;
  rssIdleKiB: number;
}

export interface Run {
  starts: Start[];
  measurements: Measurement[];
}

export interface Spread {
  median: number;
  min: number;
  max: number;
  count: number;
}

export interface Goal {
  figure: string;
  unit: string;
  /** Whether a smaller value is a better one. */
  isLessBetter: boolean;
  goal: number;
  /** What the figure must not be worse than. */
  bound: number;
  /** One value per round; rounds that lack a part of it are left out. */
  values: (run: Run, round: number) => number | null;
}

export type Verdict = 'goal' | 'within bound' | 'WORSE THAN BOUND' | 'not measured';

export interface Row {
  figure: string;
  unit: string;
  goal: number;
  bound: number;
  isLessBetter: boolean;
  spread: Spread | null;
  verdict: Verdict;
}

export function spreadOf(values: readonly number[]): Spread | null {
  const sorted = values.toSorted((a, b) => a - b);
  const [min, max] = [sorted[0], sorted.at(-1)];
  if (min === undefined || max === undefined) return null;
  const middle = (sorted.length - 1) / 2;
  const median = ((sorted[Math.floor(middle)] ?? min) + (sorted[Math.ceil(middle)] ?? max)) / 2;
  return { median, min, max, count: sorted.length };
}

/** A measurement without fault; void ones count for nothing. */
const found = (run: Run, round: number, phase: PhaseName, candidate: CandidateName): Measurement | null =>
  run.measurements.find((one) => one.round === round && one.phase === phase && one.candidate === candidate && one.fault === null) ?? null;

const cpuOf = (run: Run, round: number, phase: PhaseName, candidate: CandidateName): number | null =>
  found(run, round, phase, candidate)?.cpuUs ?? null;

const quotient = (above: number | null, below: number | null): number | null => (above === null || !below ? null : above / below);

const cpuRatio =
  (phase: PhaseName, other: CandidateName) =>
  (run: Run, round: number): number | null =>
    quotient(cpuOf(run, round, phase, 'patchbay'), cpuOf(run, round, phase, other));

function addedP50(run: Run, round: number, candidate: CandidateName): number | null {
  const [with_, without] = [found(run, round, 'rate', candidate), found(run, round, 'rate', 'direct')];
  return with_ && without ? with_.p50Us - without.p50Us : null;
}

const startOf = (run: Run, round: number): Start | null =>
  run.starts.find((one) => one.round === round && one.candidate === 'patchbay') ?? null;

function slowStreamKiB(run: Run, round: number): number | null {
  const rssKiB = found(run, round, 'slow', 'patchbay')?.rssKiB ?? null;
  const idle = startOf(run, round)?.rssIdleKiB ?? null;
  return rssKiB === null || idle === null ? null : (rssKiB - idle) / slowStreams;
}

export const goals: readonly Goal[] = [
  { figure: 'CPU per request, 1 KB, to nginx', unit: 'x', isLessBetter: true, goal: 3.5, bound: 4.5, values: cpuRatio('json1k', 'nginx') },
  {
    figure: 'requests per second of CPU, to Portkey',
    unit: 'x',
    isLessBetter: false,
    goal: 12,
    bound: 8,
    values: (run, round) => quotient(cpuOf(run, round, 'json1k', 'portkey'), cpuOf(run, round, 'json1k', 'patchbay')),
  },
  { figure: 'CPU per SSE chunk, to nginx', unit: 'x', isLessBetter: true, goal: 2.3, bound: 3, values: cpuRatio('sse', 'nginx') },
  { figure: 'CPU per SSE chunk, to Portkey', unit: 'x', isLessBetter: true, goal: 0.4, bound: 0.5, values: cpuRatio('sse', 'portkey') },
  {
    figure: 'added p50 at 1,000/s, to Portkey',
    unit: 'x',
    isLessBetter: true,
    goal: 1 / 6,
    bound: 1 / 4,
    values: (run, round) => quotient(addedP50(run, round, 'patchbay'), addedP50(run, round, 'portkey')),
  },
  { figure: 'CPU per request, 20 KB, to nginx', unit: 'x', isLessBetter: true, goal: 2.5, bound: 4, values: cpuRatio('json20k', 'nginx') },
  {
    figure: 'CPU per request, 200 KB, to nginx',
    unit: 'x',
    isLessBetter: true,
    goal: 3.5,
    bound: 8,
    values: cpuRatio('json200k', 'nginx'),
  },
  { figure: 'memory per open slow stream', unit: 'KiB', isLessBetter: true, goal: 60, bound: 120, values: slowStreamKiB },
  {
    figure: 'start to ready, warm',
    unit: 's',
    isLessBetter: true,
    goal: 0.6,
    bound: 1.5,
    values: (run, round) => quotient(startOf(run, round)?.readyMs ?? null, 1_000),
  },
  {
    figure: 'RSS idle',
    unit: 'MiB',
    isLessBetter: true,
    goal: 200,
    bound: 260,
    values: (run, round) => quotient(startOf(run, round)?.rssIdleKiB ?? null, 1_024),
  },
];

export function verdictOf(goal: Pick<Goal, 'isLessBetter' | 'goal' | 'bound'>, spread: Spread | null): Verdict {
  if (!spread) return 'not measured';
  const reaches = (limit: number): boolean => (goal.isLessBetter ? spread.median <= limit : spread.median >= limit);
  return reaches(goal.goal) ? 'goal' : reaches(goal.bound) ? 'within bound' : 'WORSE THAN BOUND';
}

export function goalRows(run: Run, rounds: number): Row[] {
  return goals.map((goal) => {
    const values = Array.from({ length: rounds }, (_, round) => goal.values(run, round)).filter((value) => value !== null);
    const spread = spreadOf(values);
    const { figure, unit, isLessBetter } = goal;
    return { figure, unit, isLessBetter, goal: goal.goal, bound: goal.bound, spread, verdict: verdictOf(goal, spread) };
  });
}

/** What every candidate came to in a phase. */
export interface Detail {
  phase: PhaseName;
  candidate: CandidateName;
  cpuUs: Spread | null;
  perSecond: Spread | null;
  p50Us: Spread | null;
  p99Us: Spread | null;
  rssMiB: Spread | null;
  afterShare: Spread | null;
  voids: number;
}

export function details(run: Run, phases: readonly PhaseName[], candidates: readonly CandidateName[]): Detail[] {
  return phases.flatMap((phase) =>
    candidates.flatMap((candidate) => {
      const all = run.measurements.filter((one) => one.phase === phase && one.candidate === candidate);
      const good = all.filter((one) => one.fault === null);
      if (all.length === 0) return [];
      const spread = (value: (one: Measurement) => number | null): Spread | null =>
        spreadOf(good.map(value).filter((each) => each !== null));
      const isStream = phase === 'sse' || phase === 'slow';
      return [
        {
          phase,
          candidate,
          cpuUs: spread((one) => one.cpuUs),
          perSecond: spread((one) => (isStream ? one.chunksPerSecond : one.perSecond)),
          p50Us: spread((one) => (isStream ? one.chunkP50Us : one.p50Us)),
          p99Us: spread((one) => (isStream ? one.chunkP99Us : one.p99Us)),
          rssMiB: spread((one) => (one.rssKiB === null ? null : one.rssKiB / 1_024)),
          afterShare: spread((one) => one.afterShare),
          voids: all.length - good.length,
        },
      ];
    }),
  );
}
