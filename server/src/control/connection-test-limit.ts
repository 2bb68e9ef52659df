/** How often somebody may make the house call a provider: tests cost money and can be used to feel out a network. */
import { LRUCache } from 'lru-cache';
import { Refusal } from '../domain/errors.ts';
import type { Clock } from '../lib/clock.ts';
import type { ControlDeps } from './deps.ts';

export const testsPerMinuteMax = 10;
export const testsAtOnceMax = 3;
const windowMs = 60_000;
/** People whose recent tests are remembered; a forgotten one starts afresh. */
const peopleMax = 10_000;

interface Recent {
  startedAtMs: number[];
  running: number;
}

/** One per server; found by the deps object, so that it lives exactly as long. */
const limits = new WeakMap<object, LRUCache<string, Recent>>();

function recentOf(deps: Pick<ControlDeps, 'keeper'>, userId: string): Recent {
  let people = limits.get(deps.keeper);
  if (!people) {
    people = new LRUCache<string, Recent>({ max: peopleMax });
    limits.set(deps.keeper, people);
  }
  const known = people.get(userId) ?? { startedAtMs: [], running: 0 };
  people.set(userId, known);
  return known;
}

const tooMany = (waitMs: number): Refusal => {
  const seconds = Math.max(1, Math.ceil(waitMs / 1000));
  return new Refusal('RATE_LIMITED', { values: { seconds }, retryAfterS: seconds });
};

/** Runs a live call for somebody, at most 10 a minute and 3 at once. Throws Refusal RATE_LIMITED with the time to wait. */
export async function withinTestLimit<T>(
  deps: Pick<ControlDeps, 'keeper'> & { clock: Clock },
  userId: string,
  run: () => Promise<T>,
): Promise<T> {
  const recent = recentOf(deps, userId);
  const nowMs = deps.clock.monotonicMs();
  recent.startedAtMs = recent.startedAtMs.filter((startedMs) => startedMs > nowMs - windowMs);
  if (recent.running >= testsAtOnceMax) throw tooMany(1000);
  const oldestMs = recent.startedAtMs[0];
  if (oldestMs !== undefined && recent.startedAtMs.length >= testsPerMinuteMax) throw tooMany(oldestMs + windowMs - nowMs);
  recent.startedAtMs.push(nowMs);
  recent.running++;
  try {
    return await run();
  } finally {
    recent.running--;
  }
}
