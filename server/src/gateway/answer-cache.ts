/** Answers that may be given again to exactly the same question of the same owner, where key, group or request asked for it. */
import { LRUCache } from 'lru-cache';
import { cacheSecondsMax } from '@patchbay/contract/routing-limits';
import type { Clock } from '../lib/clock.ts';
import { refuse } from './errors.ts';

/** A longer answer is not kept. */
export const answerBytesMax = 1024 * 1024;
/** Of all answers together; those that were not asked for the longest go first. */
const totalBytesMax = 64 * 1024 * 1024;
const answersMax = 20_000;

/** An answer as its caller was given it. */
export interface KeptAnswer {
  isStream: boolean;
  body: Buffer;
  /** Headers that tell of the answer: its connection, what was changed, its media type. */
  headers: Readonly<Record<string, string>>;
  provider: string;
  model: string;
  connectionId: string | null;
  /** What the answer cost when it was made; null where no price was known. */
  costNanoUsd: number | null;
  keptAtMs: number;
}

export interface AnswerCache {
  /** Undefined for none that is young enough. */
  find(key: string, maxAgeS: number): KeptAnswer | undefined;
  keep(key: string, answer: KeptAnswer): void;
  /** Bytes held. */
  size(): number;
}

export function createAnswerCache(clock: Clock): AnswerCache {
  const answers = new LRUCache<string, KeptAnswer>({
    max: answersMax,
    maxSize: totalBytesMax,
    // The key, the headers and the object itself count too, or many small answers would be far more than they seem.
    sizeCalculation: ({ body }) => body.length + 1_024,
  });
  return {
    find(key, maxAgeS) {
      const answer = answers.get(key);
      // The age that is asked for now counts, not the one of the request that made the answer.
      return answer && clock.nowMs() - answer.keptAtMs < maxAgeS * 1_000 ? answer : undefined;
    },
    keep(key, answer) {
      if (answer.body.length <= answerBytesMax) answers.set(key, answer);
    },
    size: () => answers.calculatedSize,
  };
}

/** The header by which a request says how old an answer may be: seconds, or `off`. Throws a GatewayRefusal for anything else. */
export const cacheHeader = 'x-patchbay-cache';

/** Seconds that an answer may be old; 0 where none is wanted, null where nothing was said. */
export function cacheWishOf(header: string | string[] | undefined): number | null {
  if (header === undefined) return null;
  if (header === 'off') return 0;
  const seconds = typeof header === 'string' && /^\d{1,6}$/.test(header) ? Number(header) : Infinity;
  if (seconds > cacheSecondsMax)
    throw refuse('invalid_type', {
      message: `${cacheHeader} is "off" or a number of seconds up to ${cacheSecondsMax}.`,
      param: cacheHeader,
    });
  return seconds;
}
