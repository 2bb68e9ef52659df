/** What people do with policies: list, make, change, delete. The level is fixed, and whoever administers it writes its policies. */
import { changesBetween } from '../domain/audit.ts';
import { Refusal, unfit, type FieldFault } from '../domain/errors.ts';
import { isAdministrator, type Actor, type Owner } from '../domain/owner.ts';
import { patternFault } from '../domain/policy-patterns.ts';
import { readsTexts } from '../domain/policy-rules.ts';
import type { Policy, PolicyJudge, PolicyRules } from '../domain/policy.ts';
import { isUuid } from '../lib/ids.ts';
import {
  countPolicies,
  deletePolicy as deletion,
  insertPolicy,
  listPolicies as storedPolicies,
  policiesMax,
  policyById,
  stalePolicy,
  updatePolicy,
} from '../storage/policies.ts';
import { repositoryById } from '../storage/repositories.ts';
import { listWorkspaces } from '../storage/workspaces.ts';
import { commit, keptState, noteRefusal, type Caller, type Deed } from './change.ts';
import { refuseStale, type Expected } from './conflict.ts';
import type { ControlDeps } from './deps.ts';
import { againWhileStale, notFound, refusing, stale } from './stale.ts';
import { mayInWorkspace, workspaceFor } from './workspaces.ts';

/** Where a policy binds: nothing named is the organization. */
export interface PolicyPlace {
  workspaceId: string | null;
  repositoryId: string | null;
}

/** Whoever administers the level may write its policies. */
export const mayChangePolicy = (actor: Actor, { workspaceId }: Pick<Policy, 'workspaceId'>): boolean =>
  workspaceId === null ? isAdministrator(actor) : mayInWorkspace(actor, workspaceId, 'ADMIN');

/** Policies of a workspace are its administrators' to see; those of the organization bind them too, so they see them as well. */
export const maySeePolicy = (actor: Actor, policy: Pick<Policy, 'workspaceId'>): boolean =>
  mayChangePolicy(actor, policy) || (policy.workspaceId === null && [...actor.workspaces.values()].includes('ADMIN'));

const ownerOf = (deps: Pick<ControlDeps, 'keeper'>, { workspaceId }: Pick<Policy, 'workspaceId'>): Owner =>
  workspaceId === null ? { scope: 'organization', id: deps.keeper.snapshot.organizationId } : { scope: 'workspace', id: workspaceId };

const deedOn = (deps: ControlDeps, action: string, policy: Policy, changes: Deed['changes'] = null): Deed => ({
  action,
  subjectType: 'policy',
  subjectId: policy.id,
  subjectName: policy.name,
  owner: ownerOf(deps, policy),
  changes,
});

/** All that the actor may see, the oldest first. */
export async function listPolicies(deps: ControlDeps, actor: Actor): Promise<Policy[]> {
  return (await storedPolicies(deps.database, null)).filter((policy) => maySeePolicy(actor, policy));
}

/** Those of exactly one level of one place; a place that is closed to the actor has none (D-13). */
export async function policiesAt(deps: ControlDeps, actor: Actor, place: PolicyPlace): Promise<Policy[]> {
  if (!maySeePolicy(actor, place)) return [];
  return storedPolicies(deps.database, place);
}

/** @throws Refusal NOT_FOUND, FORBIDDEN as C-50 says */
export async function policyFor(deps: ControlDeps, caller: Caller, id: string, need: 'see' | 'change', action: string): Promise<Policy> {
  const policy = isUuid(id) ? await policyById(deps.database, id) : undefined;
  if (policy && (need === 'see' ? maySeePolicy : mayChangePolicy)(caller.actor, policy)) return policy;
  const refusal = new Refusal(policy === undefined ? 'NOT_FOUND' : 'FORBIDDEN');
  const deed: Deed = policy
    ? deedOn(deps, action, policy)
    : { action, subjectType: 'policy', subjectId: isUuid(id) ? id : null, subjectName: null, owner: null };
  await noteRefusal(deps, caller, deed, refusal);
  throw refusal;
}

/** What a policy says, as it was entered; what is missing stays. */
export interface PolicyInput {
  name?: string;
  content?: string;
  risk?: Policy['risk'];
  action?: Policy['action'];
  side?: Policy['side'];
  rules?: PolicyRules;
  judge?: PolicyJudge | null;
  isActive?: boolean;
}

/**
 * The place where a policy is to bind, checked: it exists, the repository lies in the workspace, and the actor administers it.
 * @throws Refusal NOT_FOUND, FORBIDDEN, VALIDATION_ERROR
 */
export async function requirePlace(
  deps: ControlDeps,
  caller: Caller,
  { workspaceId, repositoryId }: PolicyPlace,
  words: { workspaceId: string; repositoryId: string } = { workspaceId: 'workspaceId', repositoryId: 'repositoryId' },
): Promise<PolicyPlace> {
  const { actor } = caller;
  if (repositoryId !== null) {
    const repository = isUuid(repositoryId) ? await repositoryById(deps.database, repositoryId) : undefined;
    if (!repository) throw notFound();
    if (workspaceId !== null && repository.workspaceId !== workspaceId)
      throw unfit({ path: words.repositoryId, code: 'elsewhere', message: 'the repository belongs to another workspace' });
    if (!mayInWorkspace(actor, repository.workspaceId, 'ADMIN')) throw new Refusal('FORBIDDEN');
    return { workspaceId: repository.workspaceId, repositoryId };
  }
  if (workspaceId !== null) await workspaceFor(deps, actor, workspaceId, 'ADMIN');
  else if (!isAdministrator(actor)) throw new Refusal('FORBIDDEN');
  return { workspaceId, repositoryId };
}

/** Every pattern that does not read, at its own place. */
export const patternFaults = ({ patterns = [] }: PolicyRules): FieldFault[] =>
  patterns.flatMap((pattern, at): FieldFault[] => {
    const fault = patternFault(pattern);
    return fault === null
      ? []
      : [{ path: `rules.patterns.${at}`, code: `pattern_${fault.code}`, message: faultWords[fault.code](fault.detail) }];
  });

const faultWords = {
  too_long: (max: string) => `at most ${max} characters`,
  too_large: (max: string) => `compiles to more than ${max} steps: repeat less`,
  matches_nothing: () => 'matches the empty text, and so every text',
  syntax: (detail: string) => (detail === '' ? 'is no RE2 pattern' : detail.slice(0, 200)),
};

/** Names that a redacting policy cannot act on: there is nothing in them to cover. */
const notCovered = ['models', 'promptTokensMax', 'outputTokensMax', 'attachmentsMax', 'attachmentBytesMax', 'attachmentKinds', 'tools', 'toolsMax', 'isToolSchemaRequired'] as const; // prettier-ignore

export function ruleFaults({ rules, action, judge }: Pick<Policy, 'rules' | 'action' | 'judge'>): FieldFault[] {
  const faults = patternFaults(rules);
  if (action !== 'redact') return faults;
  for (const name of notCovered)
    if (rules[name] !== undefined && rules[name] !== false)
      faults.push({ path: `rules.${name}`, code: 'not_redactable', message: 'redaction covers words: use another action for this rule' });
  if (judge !== null)
    faults.push({ path: 'judge', code: 'not_redactable', message: 'a judge names no words to cover: use another action' });
  if (!readsTexts({ rules }))
    faults.push({ path: 'rules', code: 'required', message: 'name keywords, patterns or personal data to cover' });
  return faults;
}

/** A judge that the policy's own level may use: the organization's, or the workspace's own. In a file it may be one that is gone. */
function judgeFaults({ keeper }: Pick<ControlDeps, 'keeper'>, { isApplying = false }: Caller, policy: Policy): FieldFault[] {
  if (policy.judge === null) return [];
  const connection = keeper.snapshot.connections.get(policy.judge.connectionId);
  if (isApplying && connection === undefined) return [];
  const { owner } = connection ?? {};
  const isUsable = owner?.scope === 'organization' || (owner?.scope === 'workspace' && owner.id === policy.workspaceId);
  return isUsable ? [] : [{ path: 'judge.connectionId', code: 'unknown_connection', message: 'no model that this level may use' }];
}

function audited(policy: Policy): Record<string, unknown> {
  const { id: _id, createdBy: _by, updatedBy: _last, createdAtMs: _at, updatedAtMs: _updated, revision: _revision, ...fields } = policy;
  return fields;
}

function withInput(before: Policy, input: PolicyInput): Policy {
  const named = Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined));
  return { ...before, ...(named as PolicyInput) };
}

function check(deps: ControlDeps, caller: Caller, policy: Policy, isJudgeNew: boolean): void {
  const faults = [...ruleFaults(policy), ...(isJudgeNew ? judgeFaults(deps, caller, policy) : [])];
  if (faults.length > 0) throw unfit(...faults);
}

/** @throws Refusal NOT_FOUND, FORBIDDEN, VALIDATION_ERROR */
export async function createPolicy(
  deps: ControlDeps,
  caller: Caller,
  place: PolicyPlace,
  input: PolicyInput & { name: string },
): Promise<Policy> {
  const { workspaceId, repositoryId } = place;
  if ((await countPolicies(deps.database)) >= policiesMax)
    throw unfit({ path: 'name', code: 'too_many', message: `an installation has at most ${policiesMax} policies` });
  const nowMs = deps.clock.nowMs();
  const blank: Policy = {
    id: deps.ids.uuid(),
    level: repositoryId !== null ? 'repository' : workspaceId !== null ? 'workspace' : 'organization',
    workspaceId,
    repositoryId,
    name: input.name,
    content: '',
    risk: 'MEDIUM',
    action: 'log',
    side: 'both',
    rules: {},
    judge: null,
    isActive: true,
    createdBy: caller.actor.userId,
    updatedBy: caller.actor.userId,
    createdAtMs: nowMs,
    updatedAtMs: nowMs,
    revision: 0,
  };
  const policy = withInput(blank, input);
  check(deps, caller, policy, true);
  await commit(deps, caller, [insertPolicy(deps.database, policy)], {
    ...deedOn(deps, 'policy.create', policy, changesBetween({}, audited(policy))),
    state: keptState(null, null, audited(policy)),
  });
  return mustFind(deps, policy.id);
}

/** Changes what is named and nothing else; never its level. @throws Refusal NOT_FOUND, FORBIDDEN, VALIDATION_ERROR, CONFLICT, STALE */
export function changePolicy(
  deps: ControlDeps,
  caller: Caller,
  id: string,
  input: PolicyInput,
  expected?: Expected<Policy>,
): Promise<Policy> {
  return againWhileStale(async () => {
    const before = await policyFor(deps, caller, id, 'change', 'policy.update');
    await refuseStale(deps, expected, { row: before, revision: before.revision, type: 'policy', id });
    const after: Policy = { ...withInput(before, input), updatedBy: caller.actor.userId, updatedAtMs: deps.clock.nowMs() };
    check(deps, caller, after, input.judge !== undefined);
    const state = keptState(before, audited(before), audited(after));
    const deed = { ...deedOn(deps, 'policy.update', after, changesBetween(audited(before), audited(after))), state };
    await refusing(commit(deps, caller, [updatePolicy(deps.database, after, before.revision)], deed), { [stalePolicy]: stale });
    return mustFind(deps, id);
  });
}

/** It binds nobody any more; what it found stays, with its name. @throws Refusal NOT_FOUND, FORBIDDEN */
export async function deletePolicy(deps: ControlDeps, caller: Caller, id: string): Promise<void> {
  const policy = await policyFor(deps, caller, id, 'change', 'policy.delete');
  const step = deletion(deps.database, id, caller.actor.userId, deps.clock.nowMs());
  const deed = { ...deedOn(deps, 'policy.delete', policy), state: keptState(policy, audited(policy), null) };
  await refusing(commit(deps, caller, [step], deed), { [stalePolicy]: notFound });
}

const namedMax = 1_000;

/** Names of the workspaces that these policies bind. */
export async function workspaceNamesOf(deps: ControlDeps, policies: readonly Policy[]): Promise<ReadonlyMap<string, string>> {
  const ids = [...new Set(policies.flatMap(({ workspaceId }) => workspaceId ?? []))];
  const workspaces = ids.length === 0 ? [] : await listWorkspaces(deps.database, ids, namedMax);
  return new Map(workspaces.map(({ id, name }) => [id, name]));
}

async function mustFind(deps: ControlDeps, id: string): Promise<Policy> {
  const policy = await policyById(deps.database, id);
  if (!policy) throw notFound();
  return policy;
}
