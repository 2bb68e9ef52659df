/** What people do with alert rules: list, make, change, mute, delete, and see how often one would have fired. */
import { decimalUsdOf, nanoUsdOf } from '../domain/money.ts';
import { changesBetween } from '../domain/audit.ts';
import { kindTable, windowMaxS, type AlertKind, type AlertRule, type AlertThreshold } from '../domain/alert.ts';
import { unfit, type FieldFault } from '../domain/errors.ts';
import { ownerKey, type Actor, type Owner } from '../domain/owner.ts';
import { isUuid } from '../lib/ids.ts';
import { deleteRule as deletion, insertRule, ruleById, rulesMax, staleRule, updateRule } from '../storage/alert-rules.ts';
import { maySeeAlerts, requireAlertOwner, requireAlertRight } from './alert-access.ts';
import { commit, keptState, type Caller, type Deed } from './change.ts';
import { refuseStale, type Expected } from './conflict.ts';
import { findFor } from './connection-access.ts';
import type { ControlDeps } from './deps.ts';
import { againWhileStale, notFound, refusing, stale } from './stale.ts';

const subjectType = 'alert_rule';
/** A mute longer than this is a rule that should be switched off. */
const muteMaxMs = 31 * 86_400_000;

const deedOn = (action: string, rule: AlertRule, changes: Deed['changes'] = null): Deed => ({
  action,
  subjectType,
  subjectId: rule.id,
  subjectName: rule.name ?? rule.kind,
  owner: rule.owner,
  changes,
});

/** All that the actor may see, the oldest first. */
export const listRules = ({ keeper }: Pick<ControlDeps, 'keeper'>, actor: Actor): AlertRule[] =>
  [...keeper.snapshot.alerting.rules.values()]
    .filter(({ owner }) => maySeeAlerts(actor, owner))
    .toSorted((a, b) => a.createdAtMs - b.createdAtMs || (a.id < b.id ? -1 : 1));

/** @throws Refusal NOT_FOUND, FORBIDDEN as C-50 says */
export async function ruleFor(deps: ControlDeps, caller: Caller, id: string, need: 'see' | 'change', action: string): Promise<AlertRule> {
  const rule = isUuid(id) ? await ruleById(deps.database, id) : undefined;
  await requireAlertRight(deps, caller, rule, need, { action, subjectType, id });
  return rule!;
}

/** What a rule says, as it was entered; what is missing stays, null is the kind's own or none. */
export interface RuleInput {
  name?: string | null;
  value?: number | string | null;
  windowS?: number | null;
  period?: 'day' | 'month' | null;
  connectionId?: string | null;
  severity?: AlertRule['severity'];
  channelIds?: readonly string[] | null;
  repeatS?: number | null;
  cooldownS?: number;
  isAutoResolved?: boolean;
  isActive?: boolean;
}

/** The entered value in the unit of the kind; undefined where it is none. */
function valueOf(kind: AlertKind, entered: number | string): number | undefined {
  if (kindTable[kind].unit === 'nanoUsd') return nanoUsdOf(entered) ?? undefined;
  const value = typeof entered === 'number' ? entered : Number(entered.trim() === '' ? Number.NaN : entered);
  return Number.isFinite(value) ? value : undefined;
}

/** A value as people enter it. */
export const shownValue = (kind: AlertKind, value: number | undefined): number | string | null =>
  value === undefined ? null : kindTable[kind].unit === 'nanoUsd' ? decimalUsdOf(value) : value;

function thresholdOf(
  kind: AlertKind,
  before: AlertThreshold,
  { value, windowS, period }: RuleInput,
): { threshold: AlertThreshold; faults: FieldFault[] } {
  const row = kindTable[kind];
  const faults: FieldFault[] = [];
  const threshold: AlertThreshold = { ...before };
  if (row.unit !== null) {
    const read = value === undefined ? before.value : value === null ? (row.value ?? undefined) : valueOf(kind, value);
    const [min, max] = [shownValue(kind, row.min), shownValue(kind, row.max)];
    if (read === undefined || read < row.min || read > row.max)
      faults.push({ path: 'value', code: 'out_of_range', message: `from ${min} to ${max}` });
    else threshold.value = read;
  } else if (value !== undefined && value !== null)
    faults.push({ path: 'value', code: 'not_of_this_kind', message: 'this kind of rule compares with nothing' });
  if (row.window !== null) {
    const read = windowS === undefined ? (before.windowS ?? row.windowS) : (windowS ?? row.windowS);
    if (read > windowMaxS || (row.window === 'measure' && read < 60))
      faults.push({ path: 'windowS', code: 'out_of_range', message: `from ${row.window === 'measure' ? 60 : 0} to ${windowMaxS}` });
    else threshold.windowS = read;
  } else if (windowS !== undefined && windowS !== null)
    faults.push({ path: 'windowS', code: 'not_of_this_kind', message: 'this kind of rule has no time of its own' });
  if (row.hasPeriod) threshold.period = period ?? before.period ?? 'day';
  else if (period !== undefined && period !== null)
    faults.push({ path: 'period', code: 'not_of_this_kind', message: 'this kind of rule has no period' });
  return { threshold, faults };
}

/** Every fault of a rule at its field; the connection is looked for as the caller may use it. @throws Refusal of the connection */
async function check(deps: ControlDeps, caller: Caller, rule: AlertRule, input: RuleInput): Promise<FieldFault[]> {
  const row = kindTable[rule.kind];
  const faults: FieldFault[] = [];
  if (row.isOrganizations && rule.owner.scope !== 'organization')
    faults.push({ path: 'scope', code: 'organization_only', message: 'only the installation is told of this' });
  if (rule.connectionId !== null && input.connectionId !== undefined) {
    if (!row.ofConnection)
      faults.push({ path: 'connectionId', code: 'not_of_this_kind', message: 'this kind of rule is not about one connection' });
    else {
      const { connection } = await findFor(deps, caller, rule.connectionId, 'use', 'alert_rule.connection');
      const isOwn = rule.owner.scope === 'organization' || ownerKey(connection.owner) === ownerKey(rule.owner) || connection.owner.scope === 'organization'; // prettier-ignore
      if (!isOwn) faults.push({ path: 'connectionId', code: 'elsewhere', message: 'the connection belongs to another owner' });
    }
  }
  const { channels } = deps.keeper.snapshot.alerting;
  for (const [at, id] of (rule.channelIds ?? []).entries()) {
    const channel = channels.get(id);
    if (!channel || ownerKey(channel.owner) !== ownerKey(rule.owner))
      faults.push({ path: `channelIds.${at}`, code: 'unknown_channel', message: 'no channel of this owner' });
  }
  return faults;
}

async function withInput(deps: ControlDeps, caller: Caller, before: AlertRule, input: RuleInput): Promise<AlertRule> {
  const { threshold, faults } = thresholdOf(before.kind, before.threshold, input);
  const { value: _value, windowS: _windowS, period: _period, ...fields } = input;
  const named = Object.fromEntries(Object.entries(fields).filter(([, field]) => field !== undefined));
  const rule: AlertRule = { ...before, ...(named as Partial<AlertRule>), threshold };
  const all = [...faults, ...(await check(deps, caller, rule, input))];
  if (all.length > 0) throw unfit(...all);
  return rule;
}

const blank = (deps: ControlDeps, caller: Caller, owner: Owner, kind: AlertKind): AlertRule => {
  const nowMs = deps.clock.nowMs();
  const row = kindTable[kind];
  return {
    id: deps.ids.uuid(),
    owner,
    name: null,
    kind,
    threshold: { ...(row.value === null ? {} : { value: row.value }), ...(row.window === null ? {} : { windowS: row.windowS }) },
    connectionId: null,
    severity: 'warning',
    channelIds: null,
    repeatS: null,
    cooldownS: 0,
    isAutoResolved: true,
    mutedUntilMs: null,
    isActive: true,
    createdBy: caller.actor.userId,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
    revision: 0,
  };
};

/** A rule as it would be, for a preview and for creation. @throws Refusal NOT_FOUND, FORBIDDEN, VALIDATION_ERROR */
export async function draftRule(
  deps: ControlDeps,
  caller: Caller,
  { scope, workspaceId, kind, ...input }: RuleInput & { scope: Owner['scope']; workspaceId?: string; kind: AlertKind },
): Promise<AlertRule> {
  const owner = await requireAlertOwner(deps, caller, { scope, workspaceId }, subjectType);
  return withInput(deps, caller, blank(deps, caller, owner, kind), input);
}

function audited(rule: AlertRule): Record<string, unknown> {
  const { id: _id, createdBy: _by, createdAtMs: _at, updatedAtMs: _updated, revision: _revision, ...fields } = rule;
  return fields;
}

/** @throws Refusal NOT_FOUND, FORBIDDEN, VALIDATION_ERROR */
export async function createRule(deps: ControlDeps, caller: Caller, input: Parameters<typeof draftRule>[2]): Promise<AlertRule> {
  const rule = await draftRule(deps, caller, input);
  const siblings = [...deps.keeper.snapshot.alerting.rules.values()].filter(({ owner }) => ownerKey(owner) === ownerKey(rule.owner));
  if (siblings.length >= rulesMax) throw unfit({ path: 'kind', code: 'too_many', message: `one owner has at most ${rulesMax} rules` });
  const deed = { ...deedOn('alert_rule.create', rule, changesBetween({}, audited(rule))), state: keptState(null, null, audited(rule)) };
  await commit(deps, caller, [insertRule(deps.database, rule)], deed);
  return mustFind(deps, rule.id);
}

function change(
  deps: ControlDeps,
  caller: Caller,
  id: string,
  action: string,
  changed: (before: AlertRule) => Promise<AlertRule> | AlertRule,
  expected?: Expected<AlertRule>,
): Promise<AlertRule> {
  return againWhileStale(async () => {
    const before = await ruleFor(deps, caller, id, 'change', action);
    await refuseStale(deps, expected, { row: before, revision: before.revision, type: subjectType, id });
    const after = { ...(await changed(before)), updatedAtMs: deps.clock.nowMs() };
    const state = keptState(before, audited(before), audited(after));
    const deed = { ...deedOn(action, after, changesBetween(audited(before), audited(after))), state };
    await refusing(commit(deps, caller, [updateRule(deps.database, after, before.revision)], deed), { [staleRule]: stale });
    return mustFind(deps, id);
  });
}

/** Changes what is named; never the kind or the owner. @throws Refusal NOT_FOUND, FORBIDDEN, VALIDATION_ERROR, CONFLICT, STALE */
export const changeRule = (deps: ControlDeps, caller: Caller, id: string, input: RuleInput, expected?: Expected<AlertRule>) =>
  change(deps, caller, id, 'alert_rule.update', (before) => withInput(deps, caller, before, input), expected);

/** Nobody is told until then; null ends it. @throws Refusal NOT_FOUND, FORBIDDEN, VALIDATION_ERROR, STALE */
export function muteRule(deps: ControlDeps, caller: Caller, id: string, untilMs: number | null): Promise<AlertRule> {
  const nowMs = deps.clock.nowMs();
  if (untilMs !== null && (untilMs <= nowMs || untilMs > nowMs + muteMaxMs))
    throw unfit({ path: 'until', code: 'out_of_range', message: 'a moment of the next 31 days' });
  return change(deps, caller, id, 'alert_rule.mute', (before) => ({ ...before, mutedUntilMs: untilMs }));
}

/** Its open alerts end without a word at the next look. @throws Refusal NOT_FOUND, FORBIDDEN */
export async function deleteRule(deps: ControlDeps, caller: Caller, id: string): Promise<void> {
  const rule = await ruleFor(deps, caller, id, 'change', 'alert_rule.delete');
  const step = deletion(deps.database, id, deps.clock.nowMs());
  const deed = { ...deedOn('alert_rule.delete', rule), state: keptState(rule, audited(rule), null) };
  await refusing(commit(deps, caller, [step], deed), { [staleRule]: notFound });
}

async function mustFind(deps: ControlDeps, id: string): Promise<AlertRule> {
  const rule = await ruleById(deps.database, id);
  if (!rule) throw notFound();
  return rule;
}
