/** What policies found, for those who may see it, and what they would find in a text. */
import { isAdministrator, type Actor } from '../domain/owner.ts';
import { edited, editsOf, findIn, finished, readsTexts, type Finding } from '../domain/policy-rules.ts';
import {
  readsAnswer,
  readsPrompt,
  type Policy,
  type PolicyAction,
  type PolicyRules,
  type PolicyStage,
  type Violation,
} from '../domain/policy.ts';
import { unfit } from '../domain/errors.ts';
import { isUuid } from '../lib/ids.ts';
import {
  countViolations,
  listViolations,
  type ListedViolation,
  type ViolationCounts,
  type ViolationQuestion,
} from '../storage/violations.ts';
import type { Visibility } from '../storage/visibility.ts';
import type { ControlDeps } from './deps.ts';
import { patternFaults, type PolicyPlace } from './policies.ts';
import { notFound } from './stale.ts';
import { workspaceFor } from './workspaces.ts';

export interface FindingsDeps extends ControlDeps {
  /** Brings what has just been found into the database, so that a page shows it. */
  found: { note(violation: Violation): void; flush(): Promise<void> };
}

/** Administrators see everything; others their own requests and those of the workspaces that they administer. */
const visibilityOf = (actor: Actor): Visibility =>
  isAdministrator(actor)
    ? 'all'
    : { userId: actor.userId, workspaceIds: [...actor.workspaces].flatMap(([id, role]) => (role === 'ADMIN' ? [id] : [])) };

/** Newest first. A scope without access, and an id that is none, has no rows (D-13). */
export async function violationsFor(
  deps: FindingsDeps,
  actor: Actor,
  question: Omit<ViolationQuestion, 'visibility'>,
): Promise<{ rows: ListedViolation[]; total: number }> {
  const ids = [question.policyId, question.workspaceId, question.repositoryId];
  if (ids.some((id) => id !== undefined && !isUuid(id))) return { rows: [], total: 0 };
  await deps.found.flush();
  return listViolations(deps.database, { ...question, visibility: visibilityOf(actor) });
}

const weekMs = 7 * 86_400_000;

/** Of the last seven days, by policy. */
export async function recentCounts(deps: FindingsDeps, policies: readonly Policy[]): Promise<ReadonlyMap<string, ViolationCounts>> {
  await deps.found.flush();
  const ids = policies.map(({ id }) => id);
  return countViolations(deps.database, 'policy_id', ids, deps.clock.nowMs() - weekMs);
}

export interface Checked {
  isBlocked: boolean;
  /** Null where the text would not go on. */
  text: string | null;
  findings: Finding[];
  judges: string[];
}

export interface CheckQuestion extends PolicyPlace {
  text: string;
  stage: PolicyStage;
  /** In the place of what is saved. */
  draft: { action: PolicyAction; rules: PolicyRules } | null;
}

/** The id of rules that are not saved. */
export const draftId = '';

const draftOf = ({ action, rules }: NonNullable<CheckQuestion['draft']>): Policy => ({
  id: draftId,
  level: 'organization',
  workspaceId: null,
  repositoryId: null,
  name: '',
  content: '',
  risk: 'LOW',
  action,
  side: 'both',
  rules,
  judge: null,
  isActive: true,
  createdBy: null,
  updatedBy: null,
  createdAtMs: 0,
  updatedAtMs: 0,
  revision: 0,
});

/**
 * What a text would trigger there. Nobody is asked and nothing is written down.
 * @throws Refusal NOT_FOUND, FORBIDDEN for a place that is not the actor's, VALIDATION_ERROR for a repository of another workspace and
 * for patterns that do not read
 */
export async function checkText(deps: ControlDeps, actor: Actor, { text, stage, draft, ...place }: CheckQuestion): Promise<Checked> {
  const repository = place.repositoryId === null ? undefined : deps.keeper.snapshot.repositories.get(place.repositoryId);
  if (place.repositoryId !== null && !repository) throw notFound();
  const workspaceId = repository?.workspaceId ?? place.workspaceId;
  // The role is asked for where the repository lies: naming a workspace of one's own beside it opens nothing.
  if (place.workspaceId !== null && place.workspaceId !== workspaceId)
    throw unfit({ path: 'repositoryId', code: 'elsewhere', message: 'the repository belongs to another workspace' });
  if (workspaceId !== null) await workspaceFor(deps, actor, workspaceId, 'READ');
  const faults = draft === null ? [] : patternFaults(draft.rules);
  if (faults.length > 0) throw unfit(...faults.map((fault) => ({ ...fault, path: `draft.${fault.path}` })));
  const policies =
    draft === null
      ? deps.keeper.snapshot.policies.binding(workspaceId, repository?.id ?? null).filter(stage === 'prompt' ? readsPrompt : readsAnswer)
      : [draftOf(draft)];
  const findings = finished(findIn(policies.filter(readsTexts), text));
  const isBlocked = findings.some(({ policy }) => policy.action === 'block');
  return {
    isBlocked,
    text: isBlocked ? null : edited(text, editsOf(findings)),
    findings,
    judges: policies.filter(({ judge }) => judge !== null).map(({ name }) => name),
  };
}
