/** One of several processes that serve one installation on one machine: where it keeps what is its own, and how it hears of the others. */
import { join } from 'node:path';
import type { Guess, OtherDoors } from '../control/people/sign-in-limit.ts';
import type { Ids } from '../lib/ids.ts';

export interface WorkerPlace {
  /** From 1. The first one speaks to the terminal and to the command line, and brings into the books what workers of earlier runs left. */
  number: number;
  /** How many there are. */
  count: number;
  /** Each listens at it by itself, and the kernel shares new connections out among them. */
  port: number;
  /** The demo provider lies at the address that all share: whichever of them a call reaches must know its key. */
  demoKey: string;
  others: OtherWorkers;
}

/** What workers ask one another. */
export interface Asked {
  /** What `Registry.getMetricsAsJSON` answers. */
  figures: { input: null; answer: readonly object[] };
  /** To serve this revision of the configuration before it answers: whoever was told of a change may come to any of them next. */
  revision: { input: number; answer: null };
  /** To count it with its own. */
  guess: { input: Guess; answer: null };
}

export interface OtherWorkers {
  /** The answers of all others that serve; one that does not answer soon is left out. */
  ask<Topic extends keyof Asked>(topic: Topic, input: Asked[Topic]['input']): Promise<readonly Asked[Topic]['answer'][]>;
  /** How this worker answers the others. */
  onAsked<Topic extends keyof Asked>(topic: Topic, answer: (input: Asked[Topic]['input']) => Promise<Asked[Topic]['answer']>): void;
}

const folder = 'workers';
const demoKeyBytes = 32;

/** Where a worker has its journal and its locks. The first one has the data directory itself, so that the number of workers may change; so has a process that is none of several. */
export const instanceDirOf = (dataDir: string, number = 1): string => (number === 1 ? dataDir : join(dataDir, folder, String(number)));

/** Below it lie the folders of all workers but the first. */
export const workersDirOf = (dataDir: string): string => join(dataDir, folder);

/** What the demo provider takes for a key; nobody outside this program ever has it. */
export const newDemoKey = (ids: Ids): string => Buffer.from(ids.bytes(demoKeyBytes)).toString('base64url');

/** The same door of the other workers. */
export const otherDoors = (others: OtherWorkers): OtherDoors => ({
  tell: (guess) => void others.ask('guess', guess),
  onTold: (run) =>
    others.onAsked('guess', async (guess) => {
      run(guess);
      return null;
    }),
});
