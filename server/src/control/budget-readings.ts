/** How much of each budget is used up, as rules of alerts see it: from the books, and from what was refused in the running period. */
import type { AlertDetails, AlertRule } from '../domain/alert.ts';
import type { Reading } from '../domain/alert-state.ts';
import { limitName, spanOf, type Limit, type LimitSubject, type MoneyPeriod } from '../domain/limit.ts';
import { ownLimitsOf } from '../domain/limit-table.ts';
import { ownerKey, type Owner } from '../domain/owner.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import { budgetEvents, type BudgetEvent } from '../storage/alert-measures.ts';
import type { Database } from '../storage/database.ts';
import { spentByInstance, usedIn, usedOfEach } from '../storage/limit-spent.ts';

/** Up to so many budgets are looked up one by one, by indexes; of more, everything that was spent is summed up at once. */
const oneByOneMax = 200;
/** Of many, those below this share of the rule's threshold are not named: nobody needs to hear of them. */
const nearShare = 0.5;
/** One large request that does not fit is no sign of a budget that is used up; from this share on it is. */
const fullShare = 0.9;

/** Whether the rule's owner may know of a limit on this subject: the same that may see it. */
export function isOfOwner(snapshot: Snapshot, owner: Owner, { kind, id }: LimitSubject): boolean {
  if (owner.scope === 'organization') return true;
  if (kind === 'user' || kind === 'workspace') return kind === owner.scope && id === owner.id;
  if (kind === 'access-key') {
    const key = snapshot.accessKeyById(id);
    return key !== undefined && (owner.scope === 'workspace' ? key.workspaceId : key.userId) === owner.id;
  }
  const thing = kind === 'connection' ? snapshot.connections.get(id) : snapshot.routing.byId(id);
  return thing !== undefined && ownerKey(thing.owner) === ownerKey(owner);
}

/** What a limit is on, by name where it has one. */
export function limitSubjectName(snapshot: Snapshot, subject: LimitSubject, period: BudgetEvent['period']): string {
  const { kind, id } = subject;
  if (kind === 'user') return snapshot.people.get(id)?.name ?? id;
  if (kind === 'access-key') return snapshot.accessKeyById(id)?.name ?? id;
  if (kind === 'connection') return snapshot.connections.get(id)?.name ?? id;
  if (kind === 'group') return snapshot.routing.byId(id)?.name ?? id;
  return limitName({ subject, kind: 'money', period });
}

interface BudgetReading extends Reading {
  details: AlertDetails;
  connectionId: string | null;
}

interface BudgetDeps {
  database: Database;
  snapshot: Snapshot;
  nowMs: number;
}

/** Every budget that an owner may know of: set on something, or standing on a key that still serves. */
function budgetsOf({ snapshot, nowMs }: BudgetDeps, owner: Owner): Limit[] {
  const keys = new Set([...snapshot.accessKeys.values()].map(({ id }) => id));
  const serving = [...keys]
    .flatMap((id) => snapshot.accessKeyById(id) ?? [])
    .filter(({ expiresAtMs, revokedAtMs }) => revokedAtMs === null && (expiresAtMs === null || expiresAtMs > nowMs));
  return [...snapshot.limits.all(), ...serving.flatMap(ownLimitsOf)].filter(
    ({ kind, value, subject }) => kind === 'money' && value > 0 && isOfOwner(snapshot, owner, subject),
  );
}

/** What is used of each budget, one statement for each kind of subject and beginning where there are many. What is set aside counts. */
async function usedOfAll({ database }: BudgetDeps, budgets: readonly Limit[], fromOf: (of: Limit) => number): Promise<Map<Limit, number>> {
  const used = new Map<Limit, number>();
  const sums = new Map<string, Map<string, number>>();
  for (const budget of budgets) {
    const { subject } = budget;
    const fromMs = fromOf(budget);
    if (budgets.length <= oneByOneMax) {
      used.set(budget, usedIn(await spentByInstance(database, subject, fromMs)));
      continue;
    }
    const key = `${subject.kind} ${fromMs}`;
    const ofKind = sums.get(key) ?? (await usedOfEach(database, subject.kind, fromMs));
    sums.set(key, ofKind);
    used.set(budget, ofKind.get(subject.id) ?? 0);
  }
  return used;
}

/**
 * One reading for each subject and period that has a budget, by the one that is used most. `threshold` is the rule's, percent. What is
 * set aside counts as used, as everywhere; a budget that refused somebody for want of the rest is used up.
 */
export async function budgetReadings(deps: BudgetDeps, { owner }: Pick<AlertRule, 'owner'>, threshold: number): Promise<BudgetReading[]> {
  const { database, snapshot, nowMs } = deps;
  const spanFrom = (period: Limit['period']): number => spanOf(period as MoneyPeriod, snapshot.limits.timeZone, nowMs).fromMs;
  const fromOf = ({ period }: Limit): number => spanFrom(period);
  const budgets = budgetsOf(deps, owner);
  const usedOf = await usedOfAll(deps, budgets, fromOf);
  const refusals = budgets.length === 0 ? [] : await budgetEvents(database, spanFrom('month'));
  const readings = new Map<string, BudgetReading>();
  for (const budget of budgets) {
    const { subject, period, value } = budget;
    const fromMs = fromOf(budget);
    const used = usedOf.get(budget) ?? 0;
    const isUsedUp = refusals.some((one) => isOf(one, budget) && one.atMs >= fromMs && one.used >= value * fullShare);
    const percent = isUsedUp ? 100 : Math.min(100, (used / value) * 100);
    if (budgets.length > oneByOneMax && percent < threshold * nearShare) continue;
    const key = `${subject.kind}:${subject.id}:${period}:${fromMs}`;
    if ((readings.get(key)?.details.value ?? -1) >= percent) continue;
    const details = {
      subject: limitSubjectName(snapshot, subject, period),
      value: percent,
      limit: threshold,
      period: period as MoneyPeriod,
    };
    const connectionId = subject.kind === 'connection' ? subject.id : null;
    readings.set(key, { subject: key, isMet: percent >= threshold, connectionId, details });
  }
  return [...readings.values()];
}

/** Whether this was refused by this budget as it is now: one that was raised since is another. */
const isOf = ({ event, subject, period, value }: BudgetEvent, budget: Limit): boolean =>
  event === 'refused' &&
  subject.kind === budget.subject.kind &&
  subject.id === budget.subject.id &&
  period === budget.period &&
  value === budget.value;
