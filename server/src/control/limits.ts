/** Limits and budgets as people set them: who may, on what, and what is used of them. Each change is one transaction with its audit entry. */
import { limitCountMax } from '@patchbay/contract/limits';
import { changesBetween } from '../domain/audit.ts';
import { Refusal, unfit } from '../domain/errors.ts';
import { periodsOf, type Limit, type LimitKind, type LimitPeriod, type LimitSubject, type LimitSubjectKind } from '../domain/limit.ts';
import { ownLimitsOf } from '../domain/limit-table.ts';
import { nanoUsdOf } from '../domain/money.ts';
import { canWrite, isAdministrator, type Actor, type Owner } from '../domain/owner.ts';
import { isUuid } from '../lib/ids.ts';
import { eventsKeptMs, eventsOn, type LimitEventRow } from '../storage/limit-events.ts';
import {
  deleteLimit,
  insertLimit,
  limitById,
  limitsMeterIndex,
  limitsOn,
  listLimits,
  staleLimit,
  updateLimit,
  type LimitRecord,
} from '../storage/limits.ts';
import { workspaceById } from '../storage/workspaces.ts';
import { commitAs, keptState, type Caller, type Deed } from './change.ts';
import { refuseStale, type Expected } from './conflict.ts';
import type { ControlDeps } from './deps.ts';
import { againWhileStale, notFound, refusing, stale } from './stale.ts';

/** What is used of a limit now, and when that ends. */
export interface LimitUse {
  used: number;
  resetsAtMs: number | null;
}

export interface LimitDeps extends ControlDeps {
  limitUse(limit: Limit): Promise<LimitUse>;
  /** Brings what has just happened into the books, for at most a moment. */
  books: { catchUp(): Promise<void> };
}

/** A limit as somebody sees it; the record is missing for those that stand on an access key itself. */
export interface SeenLimit {
  limit: Limit;
  record: LimitRecord | null;
  use: LimitUse;
  canManage: boolean;
}

type Standing = 'manage' | 'see' | 'forbidden' | 'hidden';

const isAdminOf = (actor: Actor, workspaceId: string): boolean => isAdministrator(actor) || actor.workspaces.get(workspaceId) === 'ADMIN';

/** A person's own things are theirs to limit, a workspace's its administrators', the organization's the administrators'. */
function standingOn(actor: Actor, owner: Owner): Standing {
  if (owner.scope === 'user') return owner.id === actor.userId ? 'manage' : 'hidden';
  if (owner.scope === 'organization') return isAdministrator(actor) ? 'manage' : 'see';
  if (isAdminOf(actor, owner.id)) return 'manage';
  return actor.workspaces.has(owner.id) ? 'see' : 'forbidden';
}

interface Place {
  standing: Standing;
  owner: Owner | null;
  name: string | null;
}

/**
 * What somebody may do with the limits of a subject. @throws Refusal NOT_FOUND for one that is not there, or that is not theirs to know
 * of, FORBIDDEN for what belongs to a workspace that is closed to them (C-50)
 */
async function placeOf(deps: ControlDeps, actor: Actor, { kind, id }: LimitSubject): Promise<Place> {
  const place = isUuid(id) ? await findPlace(deps, actor, kind, id) : undefined;
  if (!place || place.standing === 'hidden') throw notFound();
  if (place.standing === 'forbidden') throw new Refusal('FORBIDDEN');
  return place;
}

async function findPlace({ database, keeper }: ControlDeps, actor: Actor, kind: LimitSubjectKind, id: string): Promise<Place | undefined> {
  const { snapshot } = keeper;
  if (kind === 'user') {
    const person = snapshot.people.get(id);
    const standing = isAdministrator(actor) ? 'manage' : id === actor.userId ? 'see' : 'hidden';
    return person && { standing, owner: { scope: 'user', id }, name: person.name };
  }
  if (kind === 'workspace') {
    const workspace = await workspaceById(database, id);
    const owner: Owner = { scope: 'workspace', id };
    return workspace && { standing: standingOn(actor, owner), owner, name: workspace.name };
  }
  if (kind === 'access-key') {
    const key = snapshot.accessKeyById(id);
    if (!key) return undefined;
    const owner: Owner = key.workspaceId === null ? { scope: 'user', id: key.userId } : { scope: 'workspace', id: key.workspaceId };
    return { standing: standingOnKey(actor, key), owner, name: key.name };
  }
  const thing = kind === 'connection' ? snapshot.connections.get(id) : snapshot.routing.byId(id);
  return thing && { standing: standingOn(actor, thing.owner), owner: thing.owner, name: thing.name };
}

/** Who holds a key of a workspace and may not write there any more sees its limits, and widens none of them; as with the key itself. */
function standingOnKey(actor: Actor, { userId, workspaceId }: { userId: string; workspaceId: string | null }): Standing {
  if (isAdministrator(actor) || (workspaceId !== null && isAdminOf(actor, workspaceId))) return 'manage';
  if (userId !== actor.userId) return 'hidden';
  return workspaceId === null || canWrite(actor, workspaceId) ? 'manage' : 'see';
}

const mayChange = (actor: Actor, standing: Standing, { level }: LimitRecord): boolean =>
  standing === 'manage' && (level === 'owner' || isAdministrator(actor));

async function seen(deps: LimitDeps, limit: Limit, record: LimitRecord | null, canManage: boolean): Promise<SeenLimit> {
  return { limit, record, use: await deps.limitUse(limit), canManage };
}

/** All limits of a subject, those of an access key itself first. @throws Refusal NOT_FOUND */
export async function limitsOf(deps: LimitDeps, actor: Actor, subject: LimitSubject): Promise<{ limits: SeenLimit[]; canCreate: boolean }> {
  const { standing } = await placeOf(deps, actor, subject);
  await deps.books.catchUp();
  const key = subject.kind === 'access-key' ? deps.keeper.snapshot.accessKeyById(subject.id) : undefined;
  const limits: SeenLimit[] = [];
  for (const own of key ? ownLimitsOf(key) : []) limits.push(await seen(deps, own, null, false));
  for (const record of await limitsOn(deps.database, subject))
    limits.push(await seen(deps, record, record, mayChange(actor, standing, record)));
  return { limits, canCreate: standing === 'manage' };
}

/** All limits of the installation, page by page. @throws Refusal FORBIDDEN for whoever is no administrator */
export async function allLimits(
  deps: LimitDeps,
  actor: Actor,
  page: { cursor?: string; limit: number; subjectKind?: LimitSubjectKind },
): Promise<(SeenLimit & { record: LimitRecord })[]> {
  if (!isAdministrator(actor)) throw new Refusal('FORBIDDEN');
  await deps.books.catchUp();
  const found: (SeenLimit & { record: LimitRecord })[] = [];
  for (const record of await listLimits(deps.database, page))
    found.push({ ...(await seen(deps, record, record, !isPrivate(deps, actor, record.subject))), record });
  return found;
}

/** Whether it stands on somebody else's own connection or group, whose limits administrators see and leave alone. */
function isPrivate({ keeper: { snapshot } }: ControlDeps, actor: Actor, { kind, id }: LimitSubject): boolean {
  const thing = kind === 'connection' ? snapshot.connections.get(id) : kind === 'group' ? snapshot.routing.byId(id) : undefined;
  return thing !== undefined && standingOn(actor, thing.owner) === 'hidden';
}

/** Of what is gone. */
const noPlace: Place = { standing: 'manage', owner: null, name: null };

async function ownLimit(
  deps: LimitDeps,
  actor: Actor,
  id: string,
  which: 'there' | 'gone too' = 'there',
): Promise<{ record: LimitRecord; place: Place }> {
  const record = isUuid(id) ? await limitById(deps.database, id) : undefined;
  if (!record) throw notFound();
  const { kind, id: subjectId } = record.subject;
  const isGone = which === 'gone too' && isAdministrator(actor) && !(await findPlace(deps, actor, kind, subjectId));
  return { record, place: isGone ? noPlace : await placeOf(deps, actor, record.subject) };
}

/** @throws Refusal NOT_FOUND */
export async function seeLimit(deps: LimitDeps, actor: Actor, id: string): Promise<SeenLimit> {
  const { record, place } = await ownLimit(deps, actor, id);
  await deps.books.catchUp();
  return seen(deps, record, record, mayChange(actor, place.standing, record));
}

export interface LimitInput {
  subject: LimitSubject;
  kind: LimitKind;
  period?: LimitPeriod | undefined;
  value: string | number;
  softPercent?: number | null | undefined;
  isShadow: boolean;
}

/** Requests and tokens as they are, money in nano-dollars. @throws Refusal VALIDATION_ERROR */
function valueOf(kind: LimitKind, value: string | number): number {
  if (kind === 'money') {
    const nanoUsd = nanoUsdOf(value);
    if (nanoUsd !== null) return nanoUsd;
    throw unfit({ path: 'value', code: 'invalid', message: 'an amount of US dollars with at most 9 decimals, from 0 to 9007199' });
  }
  const count = typeof value === 'number' ? value : /^\d{1,10}$/.test(value) ? Number(value) : NaN;
  if (Number.isInteger(count) && count >= 1 && count <= limitCountMax) return count;
  throw unfit({ path: 'value', code: 'invalid', message: `a whole number from 1 to ${limitCountMax}` });
}

function periodOf(kind: LimitKind, period: LimitPeriod | undefined): LimitPeriod {
  const known = periodsOf[kind];
  if (period === undefined && known.length === 1) return known[0]!;
  if (period !== undefined && known.includes(period)) return period;
  throw unfit({ path: 'period', code: 'invalid', message: `one of ${known.join(', ')}` });
}

const exists = (): Refusal => new Refusal('LIMIT_EXISTS');

/** Sets a limit. @throws Refusal NOT_FOUND, FORBIDDEN, VALIDATION_ERROR, LIMIT_EXISTS */
export async function createLimit(deps: LimitDeps, caller: Caller, input: LimitInput): Promise<SeenLimit> {
  const { actor } = caller;
  const place = await placeOf(deps, actor, input.subject);
  if (place.standing !== 'manage') throw new Refusal('FORBIDDEN');
  const nowMs = deps.clock.nowMs();
  const limit: Omit<LimitRecord, 'revision'> = {
    id: deps.ids.uuid(),
    subject: input.subject,
    kind: input.kind,
    period: periodOf(input.kind, input.period),
    value: valueOf(input.kind, input.value),
    softPercent: input.softPercent ?? null,
    isShadow: input.isShadow,
    level: isAdministrator(actor) ? 'administrator' : 'owner',
    createdBy: actor.userId,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
  };
  const deed = { ...deedOn('limit.create', limit, place, changesBetween({}, shown(limit))), state: keptState(null, null, shown(limit)) };
  const { revision } = await refusing(commitAs(deps, caller, [insertLimit(deps.database, limit)], deed), { [limitsMeterIndex]: exists });
  const record: LimitRecord = { ...limit, revision };
  return seen(deps, record, record, true);
}

export interface LimitChange {
  value?: string | number | undefined;
  softPercent?: number | null | undefined;
  isShadow?: boolean | undefined;
}

/** @throws Refusal NOT_FOUND, FORBIDDEN, VALIDATION_ERROR, CONFLICT, STALE */
export const changeLimit = (
  deps: LimitDeps,
  caller: Caller,
  id: string,
  change: LimitChange,
  expected?: Expected<LimitRecord>,
): Promise<SeenLimit> =>
  againWhileStale(async () => {
    const { record: before, place } = await ownLimit(deps, caller.actor, id);
    if (!mayChange(caller.actor, place.standing, before)) throw new Refusal('FORBIDDEN');
    await refuseStale(deps, expected, { row: before, revision: before.revision, type: 'limit', id });
    const nowMs = deps.clock.nowMs();
    const after: LimitRecord = {
      ...before,
      value: change.value === undefined ? before.value : valueOf(before.kind, change.value),
      softPercent: change.softPercent === undefined ? before.softPercent : change.softPercent,
      isShadow: change.isShadow ?? before.isShadow,
      updatedAtMs: nowMs,
    };
    const state = keptState(before, shown(before), shown(after));
    const deed = { ...deedOn('limit.update', after, place, changesBetween(shown(before), shown(after))), state };
    const { revision } = await refusing(commitAs(deps, caller, [updateLimit(deps.database, after, nowMs)], deed), { [staleLimit]: stale });
    const record = { ...after, revision };
    return seen(deps, record, record, true);
  });

/** Also where its subject is gone: administrators see such a limit, and nobody else could take it away. @throws Refusal NOT_FOUND, FORBIDDEN */
export async function removeLimit(deps: LimitDeps, caller: Caller, id: string): Promise<void> {
  const { record, place } = await ownLimit(deps, caller.actor, id, 'gone too');
  if (!mayChange(caller.actor, place.standing, record)) throw new Refusal('FORBIDDEN');
  const state = keptState(record, shown(record), null);
  const deed = { ...deedOn('limit.delete', record, place, changesBetween(shown(record), {})), state };
  const step = deleteLimit(deps.database, record, deps.clock.nowMs());
  await refusing(commitAs(deps, caller, [step], deed), { [staleLimit]: notFound });
}

/** When the limits of a subject were neared, reached, or would have been; newest first. @throws Refusal NOT_FOUND */
export async function limitEventsOf(deps: LimitDeps, actor: Actor, subject: LimitSubject, limit: number): Promise<LimitEventRow[]> {
  await placeOf(deps, actor, subject);
  return eventsOn(deps.database, subject, { sinceMs: deps.clock.nowMs() - eventsKeptMs, limit });
}

/** What the audit log keeps of a limit. */
const shown = ({ subject, kind, period, value, softPercent, isShadow }: Limit): Record<string, unknown> => ({
  subjectKind: subject.kind,
  subjectId: subject.id,
  kind,
  period,
  value,
  softPercent,
  isShadow,
});

const deedOn = (action: string, { id }: Pick<LimitRecord, 'id'>, { owner, name }: Place, changes: Deed['changes']): Deed => ({
  action,
  subjectType: 'limit',
  subjectId: id,
  subjectName: name,
  owner,
  changes,
});
