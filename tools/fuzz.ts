/** `node tools/fuzz.ts [--cases 1000000] [--seed 1] [--only <case>]`: broken answers and requests, by the million; prints what was found, and fails where a law was broken. */
import { parseArgs } from 'node:util';
import { systemClock } from '../server/src/lib/clock.ts';
import { answerCase, requestCase, type Outcome } from '../server/test/conformance/fuzz.ts';
import { seeded } from '../server/test/vault/parts.ts';
import { wholeNumber } from './whole-number.ts';

const casesMax = 1_000_000_000;
/** A case of more than this is reported: nothing that is read here is large. */
const slowMs = 1_000;
const shownMax = 20;
/** Every fifth case is a request, the others are answers. */
const requestEvery = 5;

const { values } = parseArgs({
  options: { cases: { type: 'string', default: '1000000' }, seed: { type: 'string', default: '1' }, only: { type: 'string' } },
});
const cases = wholeNumber('cases', values.cases, casesMax, 0);
const seed = wholeNumber('seed', values.seed, 2 ** 31, 0);

/** Each case has draws of its own, so that one that failed can be run alone. */
const run = (at: number): Outcome => {
  const draw = seeded(Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(at + 1, 0x85ebca6b));
  return at % requestEvery === 0 ? requestCase(draw) : answerCase(draw);
};

const ends = new Map<string, number>();
const faults = new Map<string, { count: number; first: number; kind: string }>();
let slowest = { ms: 0, at: 0 };
let slow = 0;

function count(at: number): void {
  const startedMs = systemClock.monotonicMs();
  const { kind, end, faults: found } = run(at);
  const ms = systemClock.monotonicMs() - startedMs;
  if (ms > slowest.ms) slowest = { ms, at };
  if (ms > slowMs) slow++;
  ends.set(end, (ends.get(end) ?? 0) + 1);
  for (const fault of found) {
    const known = faults.get(fault);
    if (known) known.count++;
    else faults.set(fault, { count: 1, first: at, kind });
  }
}

const startedMs = systemClock.monotonicMs();
if (values.only !== undefined) count(wholeNumber('only', values.only, casesMax, 0));
else for (let at = 0; at < cases; at++) count(at);

const seconds = (systemClock.monotonicMs() - startedMs) / 1_000;
console.log(
  `${values.only === undefined ? cases : 1} cases, seed ${seed}, ${seconds.toFixed(1)} s, slowest ${slowest.ms.toFixed(0)} ms (case ${slowest.at}), ${slow} over ${slowMs} ms`,
);
for (const [end, times] of [...ends].toSorted((a, b) => b[1] - a[1])) console.log(`${String(times).padStart(9)}  ${end}`);
console.log(`${faults.size} kinds of fault`);
for (const [fault, { count: times, first, kind }] of [...faults].slice(0, shownMax))
  console.log(`${String(times).padStart(9)}  case ${first} (${kind}): ${fault}`);
process.exit(faults.size === 0 && slow === 0 ? 0 : 1);
