/** Answers that may be given again to exactly the same question of the same owner, where key, group or request asked for it. */
import { LRUCache } from 'lru-cache';
import { cacheSecondsMax } from '@patchbay/contract/routing-limits';
import type { Clock } from '../lib/clock.ts';
import { refuse } from './errors.ts';
import { packedAnswer, unpackedAnswer, type KeptAnswer } from './kept-answer.ts';

/** A longer answer is not kept. */
export const answerBytesMax = 1024 * 1024;
/** Of all answers together; those that were not asked for the longest go first. */
const totalBytesMax = 64 * 1024 * 1024;
const answersMax = 20_000;

export interface AnswerCache {
  /** Undefined for none that is young enough. Waits where the answers of other instances are looked at too. */
  find(key: string, maxAgeS: number): Promise<KeptAnswer | undefined>;
  /** @param maxAgeS how old it may be given again, as whoever asked for it said */
  keep(key: string, answer: KeptAnswer, maxAgeS: number): void;
  /** Bytes held. */
  size(): number;
}

/** Where answers of every instance lie; what is found there is no older than its time, and may be of another release. */
export interface SharedAnswers {
  get(key: string): Promise<Buffer | null>;
  set(key: string, value: Uint8Array, ttlMs: number): void;
}

const sharedKeyOf = (key: string): string => `answer:${key}`;

export function createAnswerCache(clock: Clock, shared: SharedAnswers | null = null): AnswerCache {
  const answers = new LRUCache<string, KeptAnswer>({
    max: answersMax,
    maxSize: totalBytesMax,
    // The key, the headers and the object itself count too, or many small answers would be far more than they seem.
    sizeCalculation: ({ body }) => body.length + 1_024,
  });
  return {
    async find(key, maxAgeS) {
      // The age that is asked for now counts, not the one of the request that made the answer.
      const isYoung = (answer: KeptAnswer): boolean => clock.nowMs() - answer.keptAtMs < maxAgeS * 1_000;
      const own = answers.get(key);
      if (own && isYoung(own)) return own;
      const bytes = (await shared?.get(sharedKeyOf(key))) ?? null;
      const theirs = bytes === null ? null : unpackedAnswer(bytes);
      if (theirs === null || !isYoung(theirs)) return undefined;
      answers.set(key, theirs);
      return theirs;
    },
    keep(key, answer, maxAgeS) {
      if (answer.body.length > answerBytesMax) return;
      answers.set(key, answer);
      shared?.set(sharedKeyOf(key), packedAnswer(answer), maxAgeS * 1_000);
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
