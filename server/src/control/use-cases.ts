/** What people with the permission do with use cases: list, make, change, delete. Each change is one transaction with its audit entry. */
import type { UseCaseChange, UseCaseCreate } from '@patchbay/contract/use-cases';
import { temperatureDefault } from '@patchbay/contract/use-cases';
import { changesBetween } from '../domain/audit.ts';
import { Refusal, unfit, type FieldFault } from '../domain/errors.ts';
import type { Actor } from '../domain/owner.ts';
import { dayMs } from '../domain/rollup.ts';
import { allowsRole, bindingOf, slugOf, type Binding, type UseCase } from '../domain/use-case.ts';
import { isUuid } from '../lib/ids.ts';
import {
  deleteUseCase as deleteStep,
  insertUseCase,
  listUseCases,
  requireConnections,
  staleUseCase,
  updateUseCase,
  findUseCase,
  useCasesMax,
} from '../storage/use-cases.ts';
import type { WriteStep } from '../storage/driver.ts';
import { usageBy } from '../storage/usage.ts';
import { commit, keptState, type Caller, type Deed } from './change.ts';
import { refuseStale, type Expected } from './conflict.ts';
import { fieldFault } from './connection-input.ts';
import type { ControlDeps } from './deps.ts';
import { againWhileStale, notFound, refusing, stale } from './stale.ts';

export interface UseCaseDeps extends ControlDeps {
  books: { catchUp(): Promise<void> };
}

const deedOn = (action: string, { id, name }: Pick<UseCase, 'id' | 'name'>, changes: Deed['changes'] = null): Deed => ({
  action,
  subjectType: 'use-case',
  subjectId: id,
  subjectName: name,
  owner: null,
  changes,
});

/** What the audit log compares. */
function audited(useCase: UseCase): Record<string, unknown> {
  const { id: _id, createdBy: _by, createdAtMs: _at, updatedAtMs: _updated, revision: _revision, ...fields } = useCase;
  return fields;
}

const countedMs = 7 * dayMs;

/** All of them by name, and how many requests each had in the last seven days. */
export async function showUseCases(deps: UseCaseDeps): Promise<{ useCases: UseCase[]; requests: ReadonlyMap<string, number> }> {
  await deps.books.catchUp();
  const toMs = deps.clock.nowMs();
  const range = { fromMs: toMs - countedMs, toMs };
  const [useCases, sums] = await Promise.all([
    listUseCases(deps.database),
    usageBy(deps.database, { range, groupBy: 'use-case', zone: 'UTC', visibility: 'all' }),
  ]);
  return { useCases, requests: new Map(sums.flatMap(({ key, requests }) => (key === null ? [] : [[key, requests]]))) };
}

/** @throws Refusal NOT_FOUND */
export async function mustFindUseCase(deps: Pick<ControlDeps, 'database'>, id: string): Promise<UseCase> {
  const found = isUuid(id) ? await findUseCase(deps.database, id) : undefined;
  if (!found) throw notFound();
  return found;
}

/** Who answers for it at the moment. */
export const bindingFor = ({ keeper }: Pick<ControlDeps, 'keeper'>, useCase: UseCase): Binding =>
  bindingOf(useCase, (id) => keeper.snapshot.connections.get(id));

/** Those that the person's role may use: first those that answer what names nothing, in the order of choice, then the others by name. */
export function availableTo({ keeper }: Pick<ControlDeps, 'keeper'>, actor: Actor): UseCase[] {
  return [...keeper.snapshot.useCases.byId.values()]
    .filter((useCase) => useCase.isActive && allowsRole(useCase, actor.role))
    .toSorted((a, b) => b.priority - a.priority || (a.priority > 0 ? a.createdAtMs - b.createdAtMs : a.name.localeCompare(b.name)));
}

/** Fields as they were sent, without those that only a new one has. Only a file says that there is no connection. */
type Input = Omit<UseCaseChange, 'revision' | 'connectionId'> & { connectionId?: string | null };

function rolesOf(input: Input, before: UseCase['allowedRoles'] | undefined): UseCase['allowedRoles'] {
  const { allRoles, allowedRoles } = input;
  if (allRoles === undefined && allowedRoles === undefined && before !== undefined) return before;
  const roles = [...new Set(allowedRoles ?? [])];
  if (allRoles === true) {
    if (roles.length > 0) throw fieldFault('allowedRoles', 'excluded', 'all roles are allowed, so none is named');
    return null;
  }
  if (roles.length === 0) throw fieldFault('allowedRoles', 'required', 'choose all roles, or at least one');
  return roles;
}

/** A model that may be chosen: active, and the organization's, so that it outlives the person who entered it. */
export function connectionFaults(
  { keeper }: Pick<ControlDeps, 'keeper'>,
  path: string,
  id: string | null,
  kept: readonly (string | null)[] = [],
): FieldFault[] {
  const connection = id === null ? undefined : keeper.snapshot.connections.get(id);
  if (connection?.owner.scope !== 'organization') return [{ path, code: 'unknown_connection', message: 'no model of the organization' }];
  // What was chosen before may stay although it was switched off since: the page says so.
  if (!connection.isActive && !kept.includes(id)) return [{ path, code: 'inactive', message: 'the model is inactive' }];
  return [];
}

function checkConnections(deps: ControlDeps, { isApplying = false }: Caller, after: UseCase, before: UseCase | undefined): void {
  const faults: FieldFault[] = [];
  const kept = isApplying ? [after.connectionId, ...after.fallbackIds] : [];
  const isTouched = before === undefined || before.connectionId !== after.connectionId || before.model !== after.model;
  // A file says of one that lost its connection that it has none, so that it is not lost itself where the file is applied.
  const isLost = isApplying && after.connectionId === null;
  if (!isLost && (isTouched || (after.isActive && !before.isActive))) {
    faults.push(
      ...connectionFaults(deps, 'connectionId', after.connectionId, before === undefined ? kept : [before.connectionId, ...kept]),
    );
    const connection = after.connectionId === null ? undefined : deps.keeper.snapshot.connections.get(after.connectionId);
    if (!isApplying && faults.length === 0 && after.model === null && (connection?.model ?? null) === null)
      faults.push({ path: 'model', code: 'required', message: 'the connection has no model of its own' });
  }
  const seen = new Set<string | null>([after.connectionId]);
  for (const [place, id] of after.fallbackIds.entries()) {
    const path = `fallbackConnectionIds.${place}`;
    if (seen.has(id)) faults.push({ path, code: 'duplicate', message: 'is named already' });
    else if (!before?.fallbackIds.includes(id)) faults.push(...connectionFaults(deps, path, id, kept));
    seen.add(id);
  }
  if (faults.length > 0) throw unfit(...faults);
}

/** The use case with the fields that were sent; what was not sent stays. */
function withInput(before: UseCase, input: Input, isNew: boolean): UseCase {
  const { name, description, connectionId, model, systemPrompt, baseKnowledge, temperature, maxTokens } = input;
  const { priority, fallbackConnectionIds, injectContext, isActive } = input;
  return {
    ...before,
    ...(name !== undefined && { name }),
    ...(description !== undefined && { description }),
    ...(connectionId !== undefined && { connectionId }),
    ...(model !== undefined && { model }),
    ...(systemPrompt !== undefined && { systemPrompt }),
    ...(baseKnowledge !== undefined && { baseKnowledge }),
    ...(temperature !== undefined && { temperature }),
    ...(maxTokens !== undefined && { maxTokens }),
    allowedRoles: rolesOf(input, isNew ? undefined : before.allowedRoles),
    ...(priority !== undefined && { priority }),
    ...(fallbackConnectionIds !== undefined && { fallbackIds: fallbackConnectionIds }),
    ...(injectContext !== undefined && { inject: injectContextOf(injectContext) }),
    ...(isActive !== undefined && { isActive }),
  };
}

const injectContextOf = (given: NonNullable<Input['injectContext']>): UseCase['inject'] => ({
  user: given.user ?? false,
  time: given.time ?? false,
  page: given.page ?? false,
});

const numberedMax = 1_000;

/** A slug that nobody has, from the name. */
function freeSlug({ keeper }: Pick<ControlDeps, 'keeper'>, name: string): string {
  const slug = slugOf(name);
  const { bySlug } = keeper.snapshot.useCases;
  for (let number = 1; number <= numberedMax; number++) {
    const candidate = number === 1 ? slug : `${slug}-${number}`;
    if (!bySlug.has(candidate)) return candidate;
  }
  throw new Refusal('STALE');
}

const refusals = (useCase: UseCase, field: 'name' | 'slug'): Refusal =>
  new Refusal('NAME_EXISTS', {
    values: { name: useCase[field] },
    details: [{ path: field, code: 'exists', message: 'is taken' }] satisfies FieldFault[],
  });

const boundTo = ({ connectionId, fallbackIds }: UseCase): string[] => [
  ...new Set([...(connectionId === null ? [] : [connectionId]), ...fallbackIds]),
];

/** Both are unique in the installation, and a connection that goes meanwhile is found at the write. */
async function write(
  deps: ControlDeps,
  caller: Caller,
  useCase: UseCase,
  steps: WriteStep[],
  deed: Deed,
  isBinding: boolean,
): Promise<void> {
  const bound = isBinding ? boundTo(useCase) : [];
  const required = bound.length === 0 ? [] : [requireConnections(deps.database, bound)];
  await refusing(commit(deps, caller, [...required, ...steps], deed), {
    use_cases_name: () => refusals(useCase, 'name'),
    use_cases_slug: () => refusals(useCase, 'slug'),
    connection: () => fieldFault('connectionId', 'unknown_connection', 'no model of the organization'),
    [staleUseCase]: stale,
  });
}

const nameless: Omit<UseCase, 'id' | 'slug' | 'createdBy' | 'createdAtMs' | 'updatedAtMs'> = {
  name: '',
  description: '',
  connectionId: null,
  model: null,
  systemPrompt: '',
  baseKnowledge: '',
  temperature: temperatureDefault,
  maxTokens: null,
  allowedRoles: null,
  priority: 0,
  fallbackIds: [],
  inject: { user: false, time: false, page: false },
  isActive: true,
  revision: 0,
};

type Created = Omit<UseCaseCreate, 'connectionId'> & { connectionId: string | null };

/** @throws Refusal VALIDATION_ERROR, NAME_EXISTS */
export async function createUseCase(deps: ControlDeps, caller: Caller, { slug, ...input }: Created): Promise<UseCase> {
  if (deps.keeper.snapshot.useCases.byId.size >= useCasesMax)
    throw fieldFault('name', 'too_many', `an installation has at most ${useCasesMax} use cases`);
  const nowMs = deps.clock.nowMs();
  const blank: UseCase = {
    ...nameless,
    id: deps.ids.uuid(),
    slug: slug ?? freeSlug(deps, input.name),
    createdBy: caller.actor.userId,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
  };
  const useCase = withInput(blank, input, true);
  checkConnections(deps, caller, useCase, undefined);
  const state = keptState(null, null, audited(useCase));
  const deed = { ...deedOn('use-case.create', useCase, changesBetween({}, audited(useCase))), state };
  await write(deps, caller, useCase, [insertUseCase(deps.database, useCase)], deed, true);
  return mustFindUseCase(deps, useCase.id);
}

/** Changes what is named and nothing else. @throws Refusal NOT_FOUND, VALIDATION_ERROR, NAME_EXISTS, CONFLICT, STALE */
export function changeUseCase(deps: ControlDeps, caller: Caller, id: string, input: Input, expected?: Expected<UseCase>): Promise<UseCase> {
  return againWhileStale(async () => {
    const before = await mustFindUseCase(deps, id);
    await refuseStale(deps, expected, { row: before, revision: before.revision, type: 'use-case', id });
    const after: UseCase = { ...withInput(before, input, false), updatedAtMs: deps.clock.nowMs() };
    checkConnections(deps, caller, after, before);
    const changes = changesBetween(audited(before), audited(after));
    const isBinding = changes['connectionId'] !== undefined || changes['fallbackIds'] !== undefined;
    const step = updateUseCase(deps.database, after, before.revision);
    const state = keptState(before, audited(before), audited(after));
    await write(deps, caller, after, [step], { ...deedOn('use-case.update', after, changes), state }, isBinding);
    return mustFindUseCase(deps, id);
  });
}

/** For good; what names it from then on is told that it is not there. @throws Refusal NOT_FOUND */
export async function deleteUseCase(deps: ControlDeps, caller: Caller, id: string): Promise<void> {
  const useCase = await mustFindUseCase(deps, id);
  const deed = { ...deedOn('use-case.delete', useCase), state: keptState(useCase, audited(useCase), null) };
  const work = commit(deps, caller, [deleteStep(deps.database, id, deps.clock.nowMs())], deed);
  await refusing(work, { [staleUseCase]: notFound });
}
