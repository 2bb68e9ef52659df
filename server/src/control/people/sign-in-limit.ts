/** Slows the guessing of passwords: few failures a minute for one account, a few more for one address. In memory, bounded. */
import { LRUCache } from 'lru-cache';
import { Refusal } from '../../domain/errors.ts';
import { addressBytes, unwrapMapped } from '../../egress/address.ts';
import type { Clock } from '../../lib/clock.ts';

const windowMs = 60_000;
const accountFailuresMax = 5;
const addressFailuresMax = 20;
/** Accounts and addresses that are remembered; beyond these the ones seen longest ago are forgotten. */
const remembered = 20_000;

export interface SignInLimit {
  /**
   * Takes a place for one guess and returns what gives it back; call that when the guess was right. Guesses under way count as
   * failures, so that many at once get no further than many in a row. @throws Refusal RATE_LIMITED
   */
  begin(account: string, address: string): () => void;
}

/** One network: an IPv4 address, or the /64 of an IPv6 one, whose owner has all the rest to choose from. */
export function networkOf(address: string): string {
  const bytes = addressBytes(address);
  if (!bytes) return 'unknown';
  const plain = unwrapMapped(bytes);
  return Buffer.from(plain.length === 4 ? plain : plain.subarray(0, 8)).toString('hex');
}

/** A guess for an account from an address, or that it was right after all. */
export interface Guess {
  account: string;
  address: string;
  isRight: boolean;
}

/** Who else takes guesses at the same door. */
export interface OtherDoors {
  tell(guess: Guess): void;
  onTold(run: (guess: Guess) => void): void;
}

/** @param others several doors together take no more guesses than one */
export function createSignInLimit(clock: Clock, others?: OtherDoors): SignInLimit {
  const guesses = new LRUCache<string, number[]>({ max: remembered });

  /** Times of the guesses that still count, the oldest first. */
  function recent(key: string): number[] {
    const fromMs = clock.monotonicMs() - windowMs;
    return (guesses.get(key) ?? []).filter((atMs) => atMs > fromMs);
  }

  function note(key: string, atMs: number): void {
    guesses.set(key, [...recent(key), atMs]);
  }

  /** Where another door's guess was right, its time here is not known: the last one is as good. */
  function forget(key: string, atMs?: number): void {
    const times = recent(key);
    const place = atMs === undefined ? times.length - 1 : times.lastIndexOf(atMs);
    if (place >= 0) times.splice(place, 1);
    if (times.length > 0) guesses.set(key, times);
    else guesses.delete(key);
  }

  const limitsOf = (account: string, address: string): { key: string; max: number }[] => [
    { key: `account ${account}`, max: accountFailuresMax },
    { key: `address ${networkOf(address)}`, max: addressFailuresMax },
  ];
  others?.onTold(({ account, address, isRight }) => {
    for (const { key } of limitsOf(account, address)) {
      if (isRight) forget(key);
      else note(key, clock.monotonicMs());
    }
  });

  return {
    begin(account, address) {
      const nowMs = clock.monotonicMs();
      const limits = limitsOf(account, address);
      for (const { key, max } of limits) {
        const times = recent(key);
        const first = times[times.length - max];
        if (first === undefined) continue;
        const seconds = Math.max(1, Math.ceil((first + windowMs - nowMs) / 1000));
        throw new Refusal('RATE_LIMITED', { values: { seconds }, retryAfterS: seconds });
      }
      for (const { key } of limits) note(key, nowMs);
      others?.tell({ account, address, isRight: false });
      return () => {
        for (const { key } of limits) forget(key, nowMs);
        others?.tell({ account, address, isRight: true });
      };
    },
  };
}
