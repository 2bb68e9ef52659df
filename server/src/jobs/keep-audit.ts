/** Once an hour: says where the audit log stands, and lets go what is older than it is kept. One instance at a time. */
import type { AnchorNote, AuditKeeper } from '../control/audit-keep.ts';
import { forever, retentionOf, type RetentionDays } from '../domain/retention.ts';
import { pause, type Clock } from '../lib/clock.ts';
import type { Ids } from '../lib/ids.ts';
import type { Log } from '../lib/log.ts';
import type { Database } from '../storage/database.ts';
import { neverAheadOf, type OtherClock } from '../storage/database-clock.ts';
import { holdLease, releaseLease } from '../storage/leases.ts';
import { noteRetentionRun, retentionSettingsOf } from '../storage/retention.ts';

export interface KeepAuditDeps {
  database: Database;
  keeper: AuditKeeper;
  /** What the operator's environment says; it goes before what is saved. */
  retentionDays: RetentionDays;
  clock: Clock;
  /** What time it is where the log is: one instance whose clock is wrong must not take all of it for old. */
  otherNowMs?: OtherClock;
  ids: Ids;
  log: Log;
  /** Where anchors are told besides the log; null where nowhere is. */
  tell: ((note: AnchorNote) => Promise<void>) | null;
}

const leaseName = 'audit-keeper';
export const anchorPeriodMs = 3_600_000;
/** As long as the period nearly, so that an hour has one anchor however many instances there are. */
const leaseMs = 3_500_000;
const dayMs = 86_400_000;
/** Longest that a stop waits for its last anchor to be told: the log has it in any case. */
const lastWordMs = 800;

export interface AuditJob {
  /** One round; FALSE where another instance has the turn. */
  round(): Promise<boolean>;
  close(): Promise<void>;
}

export function keepAudit({ database, keeper, retentionDays, clock, otherNowMs, ids, log, tell }: KeepAuditDeps): AuditJob {
  const owner = ids.uuid();
  let isClosing = false;
  let running: Promise<boolean> | null = null;

  const anchor = async (kind: 'hourly' | 'shutdown'): Promise<void> => {
    const note = await keeper.anchor(kind);
    await tell?.(note).catch((error: unknown) => log.warn({ err: error }, 'the anchor of the audit log could not be told'));
  };
  const work = async (): Promise<boolean> => {
    if (!(await holdLease(database, leaseName, owner, clock.nowMs(), leaseMs))) return false;
    await anchor('hourly');
    const { days } = retentionOf('audit', retentionDays, (await retentionSettingsOf(database)).days);
    if (days !== forever) {
      const careful = await neverAheadOf(clock, otherNowMs);
      const gone = await keeper.forget(careful.nowMs() - days * dayMs, () => isClosing);
      await noteRetentionRun(database, { noun: 'audit', ranAtMs: clock.nowMs(), keptDays: days, removed: gone, isBehind: false });
      if (gone > 0) log.info({ gone, days }, 'old audit entries are gone');
    }
    return true;
  };
  const round = (): Promise<boolean> => {
    running ??= work()
      .catch((error: unknown) => {
        log.warn({ err: error }, 'the audit log could not be anchored; tried again later');
        return false;
      })
      .finally(() => (running = null));
    return running;
  };
  const timer = clock.every(anchorPeriodMs, () => void round());
  return {
    round,
    async close() {
      isClosing = true;
      timer.cancel();
      await running;
      // A database that does not answer must not hold up the stop.
      if (!database.driver.isHealthy()) return;
      const lastWord = anchor('shutdown').then(() => releaseLease(database, leaseName, owner));
      await Promise.race([
        lastWord.catch((error: unknown) => log.warn({ err: error }, 'no last anchor of the audit log')),
        pause(clock, lastWordMs),
      ]);
    },
  };
}
