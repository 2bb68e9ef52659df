/** Alerts while the database is away: judged and told from memory, and written into the books when it is back. */
import { localReadingOf, type LocalState } from '../control/alert-readings.ts';
import { kindTable, type Alert, type AlertEvent, type AlertRule } from '../domain/alert.ts';
import { clearForMs, dedupKeyOf, isMuted, quietCause, stepCause, type CauseState } from '../domain/alert-state.ts';
import { pause } from '../lib/clock.ts';
import type { Ids } from '../lib/ids.ts';
import type { Log } from '../lib/log.ts';
import { insertDeliveries, type AlertDelivery } from '../storage/alert-deliveries.ts';
import { insertAlert } from '../storage/alerts.ts';
import type { Database } from '../storage/database.ts';
import { UniqueViolation } from '../storage/errors.ts';
import { delayAfter } from './deliver-alerts.ts';
import { alertOf, deliveriesFor } from './evaluate-alerts.ts';
import { sendAlert, type AlertSendDeps } from './send-alert.ts';

export interface DirectDeps extends AlertSendDeps {
  database: Database;
  ids: Ids;
  log: Log;
  pageUrl: () => string;
}

/** Attempts for each receiver while the database is away; afterwards the outbox goes on by its own count. */
const attemptsMax = 4;
/** Alerts that are remembered; an instance has two causes of its own, more are rules that say the same. */
const keptMax = 100;
const takeOverAfterMs = 15_000;
const handedMax = 10_000;

interface Kept {
  alert: Alert;
  rule: AlertRule;
  deliveries: AlertDelivery[];
}

export interface DirectAlerts {
  /** One look while the database is away. `knownOpen` are the causes that were told of before it went. */
  look(local: LocalState, knownOpen: ReadonlySet<string>): void;
  /** Writes what was told meanwhile. Rejects with the storage errors; then it is kept. */
  handOver(): Promise<void>;
  close(): void;
}

/** What is remembered until the database is back. */
interface Memory {
  readonly deps: DirectDeps;
  readonly causes: Map<string, CauseState>;
  /** Open ones by their cause, and those that ended meanwhile. */
  readonly kept: Map<string, Kept>;
  over: Kept[];
  /** Deliveries that the outbox has taken over. */
  readonly handed: Set<string>;
  isClosed: boolean;
}

export function createDirectAlerts(deps: DirectDeps): DirectAlerts {
  const memory: Memory = { deps, causes: new Map(), kept: new Map(), over: [], handed: new Set(), isClosed: false };
  return {
    look(local, knownOpen) {
      for (const rule of deps.keeper.snapshot.alerting.rules.values())
        if (rule.isActive && kindTable[rule.kind].isLocal === true) lookAt(memory, rule, local, knownOpen);
    },
    handOver: () => handOver(memory),
    close() {
      memory.isClosed = true;
    },
  };
}

function lookAt(memory: Memory, rule: AlertRule, local: LocalState, knownOpen: ReadonlySet<string>): void {
  const { causes, kept } = memory;
  const nowMs = memory.deps.clock.nowMs();
  const key = dedupKeyOf(rule.id, local.instance);
  const one = kept.get(key);
  const reading = localReadingOf(local, rule);
  if (knownOpen.has(key) || !reading) return;
  const { state, act } = stepCause(causes.get(key) ?? quietCause, reading.isMet, nowMs, {
    holdMs: (rule.threshold.windowS ?? kindTable[rule.kind].windowS) * 1000,
    clearMs: clearForMs,
    isOpen: one !== undefined,
    isAutoResolved: rule.isAutoResolved,
    notBeforeMs: 0,
  });
  causes.set(key, state);
  if (act === 'open' && kept.size < keptMax) open(memory, rule, key, reading.details, state.metSinceMs ?? nowMs);
  if (act === 'resolve' && one) end(memory, key, one);
}

function open(memory: Memory, rule: AlertRule, key: string, details: Alert['details'], sinceMs: number): void {
  const { deps, kept } = memory;
  const nowMs = deps.clock.nowMs();
  const isTold = !isMuted(rule, nowMs);
  const alert = alertOf(rule, { id: deps.ids.uuid(), key, details, connectionId: null, sinceMs, nowMs, isTold });
  const one: Kept = { alert, rule, deliveries: [] };
  kept.set(key, one);
  deps.log.error({ kind: rule.kind, details }, 'an alert was opened while the database is away');
  if (isTold) say(memory, one, 'firing');
}

function end(memory: Memory, key: string, one: Kept): void {
  memory.kept.delete(key);
  one.alert.resolvedAtMs = memory.deps.clock.nowMs();
  one.alert.updatedAtMs = one.alert.resolvedAtMs;
  if (one.alert.notifiedAtMs !== null) say(memory, one, 'resolved');
  memory.over.push(one);
}

function say(memory: Memory, one: Kept, event: AlertEvent): void {
  const { deps } = memory;
  const about = { alertId: one.alert.id, event, nowMs: deps.clock.nowMs() };
  const deliveries = deliveriesFor(deps.keeper.snapshot.alerting, () => deps.ids.uuid(), one.rule, about);
  one.deliveries.push(...deliveries);
  for (const delivery of deliveries)
    tell(memory, delivery, one.alert).catch((error: unknown) => deps.log.error({ err: error }, 'an alert could not be sent'));
}

async function tell(memory: Memory, delivery: AlertDelivery, alert: Alert): Promise<void> {
  const { deps, handed } = memory;
  for (let attempt = 1; attempt <= attemptsMax && !memory.isClosed && !handed.has(delivery.id); attempt++) {
    const channel = deps.keeper.snapshot.alerting.channels.get(delivery.channelId);
    if (!channel) return;
    const message = { event: delivery.event, alert, atMs: deps.clock.nowMs(), url: deps.pageUrl() };
    const { isSent, code, answer, isFinal } = await sendAlert(deps, channel, { id: delivery.id, recipient: delivery.recipient, message });
    Object.assign(delivery, { attemptNo: attempt, errorCode: code, answer: answer || null });
    if (isSent || isFinal || attempt === attemptsMax) {
      Object.assign(delivery, { state: isSent ? 'sent' : 'given_up', finishedAtMs: deps.clock.nowMs() });
      if (!isSent) deps.log.warn({ channelId: channel.id, code }, 'an alert was not delivered while the database was away');
      return;
    }
    await pause(deps.clock, delayAfter(attempt, deps.ids.draw(), null));
  }
}

async function handOver(memory: Memory): Promise<void> {
  const { deps, causes, kept, handed } = memory;
  causes.clear();
  for (const one of [...memory.over, ...kept.values()]) {
    // What has not got through yet goes on from the outbox, once an attempt that may be under way has ended.
    for (const delivery of one.deliveries) delivery.nextAtMs = deps.clock.nowMs() + takeOverAfterMs;
    const steps = one.deliveries.length === 0 ? [] : [insertDeliveries(one.deliveries)];
    try {
      await deps.database.driver.write([insertAlert(deps.database, one.alert), ...steps]);
    } catch (error) {
      // The cause has an open alert already, or this one is in the books and only the answer was lost.
      if (!(error instanceof UniqueViolation)) throw error;
    }
    for (const { id } of one.deliveries) handed.add(id);
    memory.over = memory.over.filter((other) => other !== one);
    kept.delete(one.alert.dedupKey);
  }
  // Nobody asks for those of an earlier outage any more.
  if (handed.size > handedMax) handed.clear();
}
