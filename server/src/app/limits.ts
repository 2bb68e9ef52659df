/** Wires limits: the books they begin from, the shares that instances lease, and word of those that are met. */
import { audienceOfLimit } from '../control/limit-audience.ts';
import type { LimitUse } from '../control/limits.ts';
import { spanOf, type Limit, type MoneyPeriod } from '../domain/limit.ts';
import { windowMs } from '../domain/limit-window.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import { createLimitBooks, type LimitBooksDeps } from '../gateway/limits-books.ts';
import { keepLimitEvents, type LimitEvents } from '../gateway/limits-events.ts';
import { createLimitNotes } from '../gateway/limits-refusals.ts';
import { createLimits, type Limits } from '../gateway/limits.ts';
import type { Ids } from '../lib/ids.ts';
import type { Log } from '../lib/log.ts';
import type { LimitEventRow } from '../storage/limit-events.ts';
import { askLeases, leasedUseOf, lostShares, sweepLeases, takeBack, type Holder } from '../storage/limit-leases.ts';
import { recentAttempts } from '../storage/limit-recent.ts';
import { spentByInstance, usedIn } from '../storage/limit-spent.ts';
import type { Live } from './live.ts';

export interface LimitsParts extends LimitBooksDeps {
  keeper: { readonly snapshot: Snapshot };
  ids: Ids;
  log: Log;
  live: Pick<Live, 'events'>;
}

export interface OwnedLimits {
  limits: Limits;
  limitEvents: LimitEvents;
  /** Whose shares this process holds; null where it is alone by its nature. */
  holder: Holder | null;
  limitUse: (limit: Limit) => Promise<LimitUse>;
  /** Begins with what an earlier run admitted in the last minute. To be called before the first request, when the books are up to date. */
  recall: () => Promise<void>;
  close(): Promise<void>;
}

const sweepEveryMs = 10 * 60_000;
/** Two months, so that no zone's running month is among what ended. */
const endedMs = 62 * 86_400_000;

export function openLimits(parts: LimitsParts): OwnedLimits {
  const { database, journal, keeper, clock, ids, log, live } = parts;
  const limitEvents = keepLimitEvents({ database, clock, ids, log, tell: (row) => tell(keeper.snapshot, log, live, row) });
  const runId = ids.uuid();
  // Asked anew each time: a journal that is older than the books becomes another instance.
  const holder: Holder | null =
    database.driver.engine === 'sqlite'
      ? null
      : {
          get instanceId() {
            return journal.instanceId;
          },
          runId,
        };
  const limits = createLimits({
    clock,
    log,
    table: () => keeper.snapshot.limits,
    books: createLimitBooks(parts),
    ask: holder && ((asks) => askLeases(database, holder, asks)),
    notes: createLimitNotes((...met) => limitEvents.say(...met)),
  });
  const sweeping = clock.every(sweepEveryMs, () => {
    if (holder === null) return;
    sweepShares(parts).catch((error: unknown) => log.debug({ err: error }, 'old shares of limits stay for now'));
  });
  return {
    limits,
    limitEvents,
    holder,
    limitUse: (limit) => useOf(parts, limits, holder, limit),
    // Elsewhere the shares of the earlier run are held until its minute is over.
    recall: () => (holder === null ? recall(parts, limits) : Promise.resolve()),
    async close() {
      sweeping.cancel();
      await limits.close();
      await limitEvents.close();
    },
  };
}

/** Lets go what is over, and takes back what instances leased that did not come back. */
async function sweepShares({ database, clock }: Pick<LimitsParts, 'database' | 'clock'>): Promise<void> {
  for (const lost of await lostShares(database)) {
    const spent = await spentByInstance(database, lost.subject, lost.fromMs);
    const one = spent.find(({ instanceId }) => instanceId === lost.instanceId);
    await takeBack(database, lost, usedIn(one ? [one] : []));
  }
  await sweepLeases(database, clock.nowMs() - endedMs);
}

/** A restart is no new minute: each request counts once for those who asked, each attempt for its connection. */
async function recall({ database, keeper: { snapshot }, clock }: LimitsParts, limits: Limits): Promise<void> {
  const nowMs = clock.nowMs();
  const seen = new Set<string>();
  for (const one of await recentAttempts(database, nowMs - windowMs)) {
    const ageMs = Math.max(0, nowMs - one.atMs);
    const connection = limits.ofConnection(one.connectionId);
    if (connection) limits.replay([connection], ageMs, one.tokens);
    if (seen.has(one.requestId)) continue;
    seen.add(one.requestId);
    const accessKey = one.accessKeyId === null ? null : (snapshot.accessKeyById(one.accessKeyId) ?? null);
    const group = limits.ofGroup(one.routingGroupId ?? undefined);
    const asker = limits.ofAsker({ accessKey, userId: one.userId ?? '', workspaceId: one.workspaceId });
    limits.replay(group ? [...asker, group] : asker, ageMs, one.tokens);
  }
}

/** Money is what the books say, with what is set aside; rates and requests under way are those of all instances. */
async function useOf({ database, keeper, clock }: LimitsParts, limits: Limits, holder: Holder | null, limit: Limit): Promise<LimitUse> {
  const { subject, kind, period } = limit;
  if (kind !== 'money') {
    const used = limits.usedOf(subject, kind, null, clock.nowMs()) ?? 0;
    const ofOthers = holder === null ? 0 : await leasedUseOf(database, { subject, kind, period, fromMs: 0 }, holder);
    return { used: used + ofOthers, resetsAtMs: null };
  }
  const span = spanOf(period as MoneyPeriod, keeper.snapshot.limits.timeZone, clock.nowMs());
  const used = usedIn(await spentByInstance(database, subject, span.fromMs));
  return { used, resetsAtMs: Number.isFinite(span.untilMs) ? span.untilMs : null };
}

function tell(snapshot: Snapshot, log: Log, live: Pick<Live, 'events'>, row: LimitEventRow): void {
  const { limitId, subject, kind, period, event, used, value } = row;
  log.info({ limitId, subject, kind, period, event, used, value }, 'a limit was met');
  const data = { limitId, subjectKind: subject.kind, subjectId: subject.id, kind, period, event, used, value };
  live.events.publish({ name: 'limit.met', data, audience: audienceOfLimit(snapshot, subject) });
}
