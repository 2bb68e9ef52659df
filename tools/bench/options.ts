/** Reads the command line of the benchmark. */
import { tmpdir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type CandidateName, candidateNames } from './candidates.ts';
import { type PhaseName, phaseNames } from './phases.ts';

export interface Options {
  rounds: number;
  measureMs: number;
  /** Of every phase; a phase may have a longer one of its own. */
  warmMsMin: number;
  candidates: CandidateName[];
  phases: PhaseName[];
  gatewayCore: number;
  loadCore: number;
  nice: number;
  jsonFile: string | null;
  cacheDir: string;
  profileDir: string | null;
}

export const usage = `Usage: node tools/bench/main.ts [options]

Measures Patchbay against nginx and Portkey in one interleaved run, and prints the figures beside their goals.

  --rounds N            how often everything is measured (default 5)
  --seconds N           how long each measurement lasts, without its warm-up (default 4)
  --warm N              how long every warm-up lasts at least; on a busy machine code is compiled late (default 0)
  --candidates a,b      of ${candidateNames.join(',')} (default all)
  --phases a,b          of ${phaseNames.join(',')} (default all)
  --gateway-core N      the core that the measured program runs on (default 0)
  --load-core N         the core of the load generator and the fake provider (default 1)
  --nice N              run everything with this niceness; below 0 needs root (default 0)
  --json FILE           also write every measurement to FILE
  --profile DIR         write CPU profiles of Patchbay to DIR and print what is hot; such a run is not a measurement
  --cache DIR           where downloaded candidates are kept (default: in the system's temporary directory)
`;

const roundsMax = 100;
const secondsMax = 120;
const coresMax = 1_024;

/** @throws Error with one line that says which option is wrong */
export function readOptions(args: readonly string[]): Options | 'help' {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: text,
      seconds: text,
      warm: text,
      candidates: text,
      phases: text,
      'gateway-core': text,
      'load-core': text,
      nice: text,
      json: text,
      profile: text,
      cache: text,
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return 'help';
  const options: Options = {
    rounds: wholeNumber('rounds', values.rounds, 5, 1, roundsMax),
    measureMs: wholeNumber('seconds', values.seconds, 4, 1, secondsMax) * 1_000,
    warmMsMin: wholeNumber('warm', values.warm, 0, 0, secondsMax) * 1_000,
    candidates: someOf('candidates', values.candidates, candidateNames),
    phases: someOf('phases', values.phases, phaseNames),
    gatewayCore: wholeNumber('gateway-core', values['gateway-core'], 0, 0, coresMax),
    loadCore: wholeNumber('load-core', values['load-core'], 1, 0, coresMax),
    nice: wholeNumber('nice', values.nice, 0, -20, 19),
    jsonFile: values.json === undefined ? null : resolve(values.json),
    cacheDir: resolve(values.cache ?? join(tmpdir(), `patchbay-bench-${userInfo().uid}`)),
    profileDir: values.profile === undefined ? null : resolve(values.profile),
  };
  if (options.gatewayCore === options.loadCore) throw new Error('--gateway-core and --load-core must be different cores');
  return options;
}

function wholeNumber(name: string, given: string | undefined, otherwise: number, min: number, max: number): number {
  const value = given === undefined ? otherwise : Number(given);
  if (!Number.isInteger(value) || value < min || value > max) throw new Error(`--${name} must be a whole number from ${min} to ${max}`);
  return value;
}

/** The named ones, in the order of `all`. */
function someOf<T extends string>(name: string, given: string | undefined, all: readonly T[]): T[] {
  if (given === undefined) return [...all];
  const named = given.split(',').map((each) => each.trim());
  const wrong = named.find((each) => !all.some((known) => known === each));
  if (wrong !== undefined) throw new Error(`--${name}: ${JSON.stringify(wrong)} is none of ${all.join(', ')}`);
  return all.filter((known) => named.includes(known));
}
