/** Allowed looks at connections in the audit log: each person's first at each, then no more for a while. */
import { LRUCache } from 'lru-cache';
import { writeAudit } from '../storage/changes.ts';
import { auditEntry, type Caller, type Deed } from './change.ts';
import type { ControlDeps } from './deps.ts';

/** An open page asks again and again; one entry says that somebody was looking in these minutes. */
const againAfterMs = 900_000;
/** Looks that are remembered; a forgotten one is noted once more. */
const looksMax = 50_000;

/** One per server; found by the deps object, so that it lives exactly as long. */
const looks = new WeakMap<object, LRUCache<string, number>>();

function looksOf(keeper: object): LRUCache<string, number> {
  let known = looks.get(keeper);
  if (!known) looks.set(keeper, (known = new LRUCache<string, number>({ max: looksMax })));
  return known;
}

/** Notes that somebody was shown a thing, by way of a session or of a token. HEAD shows nothing, and must not stand for the look that follows. */
export async function noteRead(deps: ControlDeps, caller: Caller, deed: Deed): Promise<void> {
  if (caller.origin.isHead === true) return;
  const known = looksOf(deps.keeper);
  const key = `${caller.actor.userId} ${caller.actor.via} ${deed.subjectType} ${deed.subjectId ?? ''}`;
  const nowMs = deps.clock.monotonicMs();
  const notedMs = known.get(key);
  if (notedMs !== undefined && nowMs - notedMs < againAfterMs) return;
  known.set(key, nowMs);
  await writeAudit(deps.database, auditEntry(deps, caller, deed));
}
