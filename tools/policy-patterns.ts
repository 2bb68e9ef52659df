/**
 * Shows that no pattern of a policy takes more than linear time: evil patterns over growing texts, by the engine that reads them here and,
 * for the shorter ones, by the runtime's own. `npm exec -- node tools/policy-patterns.ts`; exit code 1 where a time grows faster than its text.
 */
import { performance } from 'node:perf_hooks';
import { pathToFileURL } from 'node:url';
import { compilePattern, findPattern } from '../server/src/domain/policy-patterns.ts';
import { finished } from '../server/src/domain/policy-rules.ts';

export interface Evil {
  pattern: string;
  /** A text of about this many characters on which a backtracking engine tries every way there is. */
  text: (chars: number) => string;
}

export const evilPatterns: readonly Evil[] = [
  { pattern: '(a+)+$', text: (chars) => `${'a'.repeat(chars)}!` },
  { pattern: '(a|aa)+$', text: (chars) => `${'a'.repeat(chars)}!` },
  { pattern: '(a|a?)+$', text: (chars) => `${'a'.repeat(chars)}!` },
  { pattern: '(.*a){12}$', text: (chars) => `${'a'.repeat(chars)}!` },
  { pattern: '([a-zA-Z]+)*\\d$', text: (chars) => `${'ab'.repeat(chars / 2)}!` },
  { pattern: '(x+x+)+y', text: (chars) => 'x'.repeat(chars) },
  { pattern: '^(([a-z])+.)+[A-Z]([a-z])+$', text: (chars) => 'a'.repeat(chars) },
  { pattern: '(\\w+\\s?)*\\.$', text: (chars) => 'word '.repeat(chars / 5) },
  { pattern: 'a(.*b)?', text: (chars) => 'a'.repeat(chars) },
];

export interface Measured {
  pattern: string;
  /** Milliseconds by length of the text. */
  times: { chars: number; ms: number }[];
  /** How many times longer the longest took than its length allows; 1 is exactly linear. */
  growth: number;
}

const runsMax = 3;

function timeOf({ pattern, text }: Evil, chars: number): number {
  const compiled = compilePattern(pattern);
  const said = text(chars);
  // The first run makes the engine ready.
  finished(findPattern(compiled, said, 0, Math.min(said.length, 1_000)));
  let best = Infinity;
  // The best of a few, of this thread's own time: what else the machine does makes a long run slower, and a short one not.
  for (let run = 0; run < runsMax; run++) {
    const before = process.threadCpuUsage();
    finished(findPattern(compiled, said, 0, said.length));
    const { user, system } = process.threadCpuUsage(before);
    best = Math.min(best, (user + system) / 1_000);
  }
  return best;
}

/** Below this a time says more of the clock than of the pattern. */
const floorMs = 0.5;

export function measure(evil: Evil, lengths: readonly number[]): Measured {
  const times = lengths.map((chars) => ({ chars, ms: timeOf(evil, chars) }));
  const [first, last] = [times[0]!, times.at(-1)!];
  const growth = last.ms / Math.max(first.ms, floorMs) / (last.chars / first.chars);
  return { pattern: evil.pattern, times, growth };
}

/** A time that grows this much faster than its text is not linear any more. */
export const growthMax = 3;
const lengths = [10_000, 100_000, 1_000_000];
/** The runtime's own engine is asked for so many characters alone: for a few more it would take years. */
const backtrackedChars = 24;

function backtracked({ pattern, text }: Evil): number {
  const startedMs = performance.now();
  new RegExp(pattern).test(text(backtrackedChars));
  return performance.now() - startedMs;
}

function main(): number {
  let faults = 0;
  const head = ['pattern', ...lengths.map((chars) => `${chars / 1_000}k chars`), 'growth', `runtime's own, ${backtrackedChars} chars`];
  process.stdout.write(`${head.join('\t')}\n`);
  for (const evil of evilPatterns) {
    const { pattern, times, growth } = measure(evil, lengths);
    if (growth > growthMax) faults++;
    const cells = [pattern, ...times.map(({ ms }) => `${ms.toFixed(1)} ms`), `x${growth.toFixed(2)}`, `${backtracked(evil).toFixed(1)} ms`];
    process.stdout.write(`${cells.join('\t')}\n`);
  }
  process.stdout.write(faults === 0 ? 'all linear\n' : `${faults} patterns are not linear\n`);
  return faults === 0 ? 0 : 1;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) process.exitCode = main();
