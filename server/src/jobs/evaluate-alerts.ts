/** Looks at every rule now and then, opens one alert per cause, tells of it, and ends it when it is over. */
import { readingsOf, type AlertReading, type LocalState, type ReadingDeps } from '../control/alert-readings.ts';
import type { AlertBook } from '../domain/alert-book.ts';
import { kindTable, type Alert, type AlertEvent, type AlertRule } from '../domain/alert.ts';
import { clearForMs, dedupKeyOf, isMuted, quietCause, stepCause, tellAgain, type CauseState } from '../domain/alert-state.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import type { Clock } from '../lib/clock.ts';
import type { Ids } from '../lib/ids.ts';
import type { Log } from '../lib/log.ts';
import { insertDeliveries, type AlertDelivery } from '../storage/alert-deliveries.ts';
import { insertAlert, notifyAlert, openAlerts, openIndex, resolveAlert, staleAlert } from '../storage/alerts.ts';
import type { Database } from '../storage/database.ts';
import type { WriteStep } from '../storage/driver.ts';
import { StaleWrite, UniqueViolation } from '../storage/errors.ts';
import { holdLease, releaseLease } from '../storage/leases.ts';

export interface EvaluateDeps {
  database: Database;
  keeper: { readonly snapshot: Snapshot };
  prices: ReadingDeps['prices'];
  clock: Clock;
  ids: Ids;
  log: Log;
  /** Tells this process from every other one, and from its own earlier runs. */
  runId: string;
}

const leaseName = 'alerts';
/** Whoever stops without a word is followed after this. */
const leaseMs = 45_000;
/** As long as the longest cool-down may be. */
const endedLookBackMs = 7 * 86_400_000;
/** Causes of one rule that open an alert in one look: a provider that takes a hundred connections along is not a hundred mails at once. */
const opensAtOnceMax = 50;

/** Deliveries of one word of an alert: one for each channel, one for each address of a mail channel. */
export function deliveriesFor(
  book: AlertBook,
  newId: () => string,
  rule: Pick<AlertRule, 'owner' | 'channelIds'>,
  { alertId, event, nowMs }: { alertId: string; event: AlertEvent; nowMs: number },
): AlertDelivery[] {
  return book.channelsOf(rule).flatMap((channel) =>
    (channel.kind === 'email' ? (channel.settings.recipients ?? []) : ['']).map((recipient): AlertDelivery => ({
      id: newId(),
      alertId,
      channelId: channel.id,
      channelName: channel.name,
      recipient,
      event,
      attemptNo: 0,
      nextAtMs: nowMs,
      state: 'waiting',
      errorCode: null,
      answer: null,
      createdAtMs: nowMs,
      finishedAtMs: null,
    })),
  );
}

export interface Evaluator {
  /** One look at every rule. TRUE where something was opened, told again or ended. Rejects with the storage errors. */
  look(local: LocalState): Promise<boolean>;
  /** Causes that had an open alert at the last look. */
  readonly openKeys: ReadonlySet<string>;
  release(): Promise<void>;
}

export function createEvaluator(deps: EvaluateDeps): Evaluator {
  const causes = new Map<string, CauseState>();
  const lookedAtMs = new Map<string, { atMs: number; revision: number }>();
  let openKeys: ReadonlySet<string> = new Set();
  const isDue = ({ id, kind, revision }: AlertRule, nowMs: number): boolean => {
    const last = lookedAtMs.get(id);
    // A clock that was set back must not silence a rule until it is where it was.
    return !last || last.revision !== revision || nowMs < last.atMs || nowMs - last.atMs >= (kindTable[kind].everyS ?? 0) * 1000;
  };
  return {
    async look(local) {
      const nowMs = deps.clock.nowMs();
      const { snapshot } = deps.keeper;
      const isOwner = await holdLease(deps.database, leaseName, deps.runId, nowMs, leaseMs);
      const { open, ended } = await openAlerts(deps.database, nowMs - endedLookBackMs);
      const look: Look = { deps, causes, nowMs, open: new Map(open.map((alert) => [alert.dedupKey, alert])), ended, steps: 0 };
      for (const rule of snapshot.alerting.rules.values()) {
        if (!rule.isActive || snapshot.isAway(rule.owner) || (!isOwner && kindTable[rule.kind].isLocal !== true) || !isDue(rule, nowMs))
          continue;
        lookedAtMs.set(rule.id, { atMs: nowMs, revision: rule.revision });
        await lookAt(look, rule, local);
      }
      if (isOwner) await endOrphans(look);
      for (const id of lookedAtMs.keys()) if (!snapshot.alerting.rules.has(id)) lookedAtMs.delete(id);
      openKeys = new Set(look.open.keys());
      return look.steps > 0;
    },
    get openKeys() {
      return openKeys;
    },
    release: () => releaseLease(deps.database, leaseName, deps.runId),
  };
}

interface Look {
  deps: EvaluateDeps;
  causes: Map<string, CauseState>;
  nowMs: number;
  /** By the cause. */
  open: Map<string, Alert>;
  /** When the last alert of a cause ended. */
  ended: Map<string, number>;
  steps: number;
}

async function lookAt(look: Look, rule: AlertRule, local: LocalState): Promise<void> {
  const { deps, nowMs } = look;
  const { snapshot } = deps.keeper;
  let readings: AlertReading[];
  try {
    readings = await readingsOf({ database: deps.database, snapshot, nowMs, local, prices: deps.prices }, rule);
  } catch (error) {
    // What cannot be looked at is neither met nor over.
    deps.log.warn({ err: error, rule: rule.id, kind: rule.kind }, 'a rule of alerts could not be looked at');
    return;
  }
  const seen = new Set<string>();
  let opened = 0;
  for (const reading of readings) {
    const key = dedupKeyOf(rule.id, reading.subject);
    seen.add(key);
    if (await stepOne(look, rule, key, reading, opened < opensAtOnceMax)) opened++;
  }
  // What another instance sees of itself is not to be seen from here.
  if (kindTable[rule.kind].isLocal === true) return;
  for (const [key, alert] of look.open) if (alert.ruleId === rule.id && !seen.has(key)) await stepOne(look, rule, key, null, false);
}

/** TRUE where it opened an alert. */
async function stepOne(look: Look, rule: AlertRule, key: string, reading: AlertReading | null, mayOpen: boolean): Promise<boolean> {
  const { causes, nowMs } = look;
  const alert = look.open.get(key);
  const endedAtMs = look.ended.get(key);
  const isHeld = kindTable[rule.kind].window === 'hold';
  const { state, act } = stepCause(causes.get(key) ?? quietCause, reading?.isMet ?? false, nowMs, {
    holdMs: isHeld ? (rule.threshold.windowS ?? kindTable[rule.kind].windowS) * 1000 : 0,
    clearMs: clearForMs,
    isOpen: alert !== undefined,
    isAutoResolved: rule.isAutoResolved,
    notBeforeMs: endedAtMs === undefined ? 0 : endedAtMs + rule.cooldownS * 1000,
  });
  if (state.metSinceMs === null && state.clearSinceMs === null) causes.delete(key);
  else causes.set(key, state);
  if (act === 'open' && reading && mayOpen) return open(look, rule, key, reading, state.metSinceMs ?? nowMs);
  if (act === 'resolve' && alert) await end(look, rule, alert);
  else if (alert) await again(look, rule, alert);
  return false;
}

interface Opening {
  id: string;
  key: string;
  details: Alert['details'];
  connectionId: string | null;
  /** Since when it holds. */
  sinceMs: number;
  nowMs: number;
  isTold: boolean;
}

/** A new alert of a rule. */
export const alertOf = (rule: AlertRule, { id, key, details, connectionId, sinceMs, nowMs, isTold }: Opening): Alert => ({
  id,
  atMs: sinceMs,
  ruleId: rule.id,
  ruleName: rule.name,
  kind: rule.kind,
  severity: rule.severity,
  dedupKey: key,
  details,
  owner: rule.owner,
  connectionId,
  acknowledgedAtMs: null,
  acknowledgedBy: null,
  note: null,
  notifiedAtMs: isTold ? nowMs : null,
  resolvedAtMs: null,
  resolvedBy: null,
  updatedAtMs: nowMs,
});

async function open(look: Look, rule: AlertRule, key: string, reading: AlertReading, sinceMs: number): Promise<boolean> {
  const { deps, nowMs } = look;
  const isTold = !isMuted(rule, nowMs);
  const { details, connectionId } = reading;
  const alert = alertOf(rule, { id: deps.ids.uuid(), key, details, connectionId, sinceMs, nowMs, isTold });
  const isOpened = await write(look, insertAlert(deps.database, alert), isTold ? told(look, rule, alert.id, 'firing') : []);
  if (isOpened) look.open.set(key, alert);
  return isOpened;
}

async function end(look: Look, rule: AlertRule, alert: Alert): Promise<void> {
  const { deps, nowMs } = look;
  // Who was never told that it began need not hear that it is over.
  const isTold = alert.notifiedAtMs !== null && !isMuted(rule, nowMs);
  await write(look, resolveAlert(deps.database, alert.id, nowMs, null), isTold ? told(look, rule, alert.id, 'resolved') : []);
  look.causes.delete(alert.dedupKey);
  look.open.delete(alert.dedupKey);
}

async function again(look: Look, rule: AlertRule, alert: Alert): Promise<void> {
  const { deps, nowMs } = look;
  const event = tellAgain(alert, rule, nowMs);
  if (event === null) return;
  await write(look, notifyAlert(deps.database, alert.id, nowMs, alert.notifiedAtMs), told(look, rule, alert.id, event));
}

const told = ({ deps, nowMs }: Look, rule: AlertRule, alertId: string, event: AlertEvent): AlertDelivery[] =>
  deliveriesFor(deps.keeper.snapshot.alerting, () => deps.ids.uuid(), rule, { alertId, event, nowMs });

/** The alert and its outbox in one transaction. FALSE where another instance, or a person, was first: then nothing is written. */
async function write(look: Look, step: WriteStep, deliveries: readonly AlertDelivery[]): Promise<boolean> {
  const steps = deliveries.length === 0 ? [step] : [step, insertDeliveries(deliveries)];
  try {
    await look.deps.database.driver.write(steps);
  } catch (error) {
    if (error instanceof UniqueViolation && error.constraint === openIndex) return false;
    if (error instanceof StaleWrite && error.label === staleAlert) return false;
    throw error;
  }
  look.steps += 1;
  return true;
}

/** Alerts of rules that are deleted or switched off, or whose owner may not know: nobody looks at their causes any more, so they end without a word. */
async function endOrphans(look: Look): Promise<void> {
  const { snapshot } = look.deps.keeper;
  for (const alert of look.open.values()) {
    const rule = snapshot.alerting.rules.get(alert.ruleId);
    if (rule?.isActive === true && !snapshot.isAway(rule.owner)) continue;
    await write(look, resolveAlert(look.deps.database, alert.id, look.nowMs, null), []);
  }
}
