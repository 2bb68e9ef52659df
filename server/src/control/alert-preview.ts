/** How often a rule would have fired in the last week: the same steps over what the books, health and policies remember. */
import { kindTable, type AlertRule } from '../domain/alert.ts';
import { countFirings, type PastReading } from '../domain/alert-state.ts';
import { spanOf, type MoneyPeriod } from '../domain/limit.ts';
import { quarterMs, quarterOf } from '../domain/rollup.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import { budgetEvents, illnessesSince, pastTraffic, policyFinds, spendByQuarter, type MeasureScope } from '../storage/alert-measures.ts';
import type { Database } from '../storage/database.ts';
import { connectionsOf, spikeOf, spikeMinNanoUsd } from './alert-readings.ts';
import { isOfOwner } from './budget-readings.ts';

export const previewDays = 7;
const dayMs = 86_400_000;
const attemptsMin = 5;

interface Past {
  database: Database;
  snapshot: Snapshot;
  nowMs: number;
  fromMs: number;
}

type Look = (past: Past, rule: AlertRule) => Promise<PastReading[]> | PastReading[];

const scopeOf = ({ owner, connectionId }: AlertRule): MeasureScope => ({ owner, connectionId });
const limitOf = ({ kind, threshold }: AlertRule): number => threshold.value ?? kindTable[kind].value ?? 0;
/** Steps of the past are as long as the window, and never finer than what is kept of it. */
const stepOf = ({ kind, threshold }: AlertRule): number => Math.max(60_000, (threshold.windowS ?? kindTable[kind].windowS) * 1000);

const failing: Look = async ({ database, snapshot, nowMs, fromMs }, rule) => {
  const own = new Set(connectionsOf(snapshot, rule).map(({ id }) => id));
  const holdMs = (rule.threshold.windowS ?? kindTable[rule.kind].windowS) * 1000;
  return (await illnessesSince(database, fromMs))
    .filter(({ connectionId }) => own.has(connectionId))
    .flatMap(({ connectionId: subject, fromMs: atMs, untilMs }): PastReading[] => {
      const endMs = untilMs ?? nowMs;
      // One look where it began, one when it would have held long enough, one at its end.
      const held = atMs + holdMs <= endMs ? [{ subject, isMet: true, atMs: atMs + holdMs }] : [];
      return [{ subject, isMet: true, atMs }, ...held, { subject, isMet: false, atMs: endMs + 1 }];
    });
};

/** A stretch without traffic ends what the stretch before it began. */
function stretches(rows: readonly { subject: string; bucket: number; isMet: boolean }[], stepMs: number): PastReading[] {
  const met = new Set(rows.filter(({ isMet }) => isMet).map(({ subject, bucket }) => `${subject}/${bucket}`));
  return rows.flatMap(({ subject, bucket, isMet }) => {
    const after = bucket + stepMs;
    const end = isMet && !met.has(`${subject}/${after}`) ? [{ subject, isMet: false, atMs: after }] : [];
    return [{ subject, isMet, atMs: bucket }, ...end];
  });
}

const traffic: Look = async ({ database, fromMs }, rule) => {
  const stepMs = stepOf(rule);
  const rows = await pastTraffic(database, scopeOf(rule), fromMs, stepMs);
  const isMet = (row: (typeof rows)[number]): boolean =>
    rule.kind === 'latency' ? (row.p95Ms ?? 0) >= limitOf(rule) : (row.failures / row.attempts) * 100 >= limitOf(rule);
  return stretches(
    rows.map((row) => ({ subject: row.connectionId, bucket: row.bucket, isMet: row.attempts >= attemptsMin && isMet(row) })),
    stepMs,
  );
};

const spend: Look = async ({ database, snapshot, fromMs }, rule) => {
  const period = rule.threshold.period ?? 'day';
  const zone = snapshot.limits.timeZone;
  const sums = new Map<number, number>();
  const first = spanOf(period, zone, fromMs).fromMs;
  return (await spendByQuarter(database, scopeOf(rule), first)).map(({ bucket, costNanoUsd }) => {
    const span = spanOf(period, zone, bucket).fromMs;
    const sum = (sums.get(span) ?? 0) + costNanoUsd;
    sums.set(span, sum);
    // What was over the limit before the week began is not counted into it.
    return { subject: String(span), isMet: sum >= limitOf(rule) && bucket >= fromMs, atMs: bucket };
  });
};

const spike: Look = async ({ database, fromMs, nowMs }, rule) => {
  const quarters = await spendByQuarter(database, scopeOf(rule), fromMs - previewDays * dayMs);
  const past: PastReading[] = [];
  for (let atMs = quarterOf(fromMs); atMs <= nowMs; atMs += quarterMs) {
    const found = spikeOf(quarters, atMs);
    past.push({ subject: '', isMet: found !== null && found.times >= limitOf(rule) && found.lastNanoUsd >= spikeMinNanoUsd, atMs });
  }
  return past;
};

const budget: Look = async ({ database, snapshot, fromMs }, rule) =>
  (await budgetEvents(database, fromMs))
    .filter(({ subject, value }) => isOfOwner(snapshot, rule.owner, subject) && value > 0)
    .map(({ atMs, subject, period, event, used, value }) => ({
      subject: `${subject.kind}:${subject.id}:${period}:${spanOf(period as MoneyPeriod, snapshot.limits.timeZone, atMs).fromMs}`,
      isMet: event === 'refused' || (used / value) * 100 >= limitOf(rule),
      atMs,
    }));

const keyAge: Look = ({ snapshot, fromMs, nowMs }, rule) =>
  connectionsOf(snapshot, rule).flatMap(({ id, secretSetAtMs, isActive }) => {
    if (secretSetAtMs === null || !isActive) return [];
    const dueMs = secretSetAtMs + limitOf(rule) * dayMs;
    return dueMs >= fromMs && dueMs <= nowMs ? [{ subject: id, isMet: true, atMs: dueMs }] : [];
  });

const unknowns: Look = async ({ database, fromMs }, rule) => {
  const windowMs = stepOf(rule);
  const rows = await spendByQuarter(database, scopeOf(rule), fromMs);
  return rows.map(({ bucket }) => {
    const sum = rows.filter((row) => row.bucket <= bucket && row.bucket > bucket - windowMs).reduce((all, row) => all + row.unknowns, 0);
    return { subject: '', isMet: sum >= limitOf(rule), atMs: bucket };
  });
};

const policy: Look = async ({ database, fromMs }, rule) => {
  const stepMs = stepOf(rule);
  const rows = await policyFinds(database, scopeOf(rule), fromMs, stepMs);
  return stretches(
    rows.map(({ policyId, bucket, finds }) => ({ subject: policyId, bucket, isMet: finds >= limitOf(rule) })),
    stepMs,
  );
};

const looks: Partial<Record<AlertRule['kind'], Look>> = {
  'connection-failing': failing,
  'error-rate': traffic,
  latency: traffic,
  spend,
  spike,
  budget,
  'key-age': keyAge,
  'ledger-unknown': unknowns,
  policy,
};

/** How often it would have fired in the last seven days; null where nothing of the past says so. Rejects with the storage errors. */
export async function previewOf(
  deps: { database: Database; keeper: { snapshot: Snapshot }; clock: { nowMs(): number } },
  rule: AlertRule,
): Promise<number | null> {
  const look = looks[rule.kind];
  if (!look) return null;
  const nowMs = deps.clock.nowMs();
  const past = await look({ database: deps.database, snapshot: deps.keeper.snapshot, nowMs, fromMs: nowMs - previewDays * dayMs }, rule);
  const holdMs = kindTable[rule.kind].window === 'hold' ? (rule.threshold.windowS ?? kindTable[rule.kind].windowS) * 1000 : 0;
  return countFirings(past, { holdMs, cooldownMs: rule.cooldownS * 1000, isAutoResolved: rule.isAutoResolved });
}
