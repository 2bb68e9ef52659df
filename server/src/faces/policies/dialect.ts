/** The words of policies: S3's `riskType`, `actionType` and `llmType`, and the house's own for the page. */
import type { CreatePolicy, PolicyView, UpdatePolicy, ViolationQuery, ViolationView } from '@patchbay/contract/policies';
import { translate, type Language } from '@patchbay/contract/translate';
import type { z } from 'zod';
import type { s3Policy } from '@patchbay/contract/policies';
import type { ControlDeps } from '../../control/deps.ts';
import { mayChangePolicy, type PolicyInput } from '../../control/policies.ts';
import type { Actor } from '../../domain/owner.ts';
import { policyActions, type Policy, type PolicyAction, type ViolationFact } from '../../domain/policy.ts';
import type { ListedViolation, ViolationCounts, ViolationQuestion } from '../../storage/violations.ts';
import { aiTypeOf } from '../../providers/catalog.ts';

/** Names of what a policy belongs to, where they are still known. */
export interface PolicyNames {
  workspaces: ReadonlyMap<string, string>;
}

type Deps = Pick<ControlDeps, 'keeper'>;

const personOf = ({ keeper }: Deps, id: string | null): { id: string; name: string; email: string } | null => {
  const person = id === null ? undefined : keeper.snapshot.people.get(id);
  return person === undefined ? null : { id: person.userId, name: person.name, email: person.email };
};

const namedBy = (id: string | null, name: string | undefined): { id: string; name: string } | null =>
  id === null ? null : { id, name: name ?? '' };

const iso = (ms: number): string => new Date(ms).toISOString();

const repositoryOf = ({ keeper }: Deps, id: string | null) =>
  namedBy(id, id === null ? undefined : keeper.snapshot.repositories.get(id)?.name);

export function fromPolicy(deps: Deps, actor: Actor, policy: Policy, names: PolicyNames, counts?: ViolationCounts): PolicyView {
  const person = (id: string | null) => namedBy(id === null ? null : (personOf(deps, id)?.id ?? null), personOf(deps, id)?.name);
  return {
    id: policy.id,
    level: policy.level,
    workspace: namedBy(policy.workspaceId, policy.workspaceId === null ? undefined : names.workspaces.get(policy.workspaceId)),
    repository: repositoryOf(deps, policy.repositoryId),
    name: policy.name,
    content: policy.content,
    risk: policy.risk,
    action: policy.action,
    side: policy.side,
    rules: policy.rules as PolicyView['rules'],
    judge: policy.judge,
    isActive: policy.isActive,
    canChange: mayChangePolicy(actor, policy),
    violations7d: counts?.violations ?? 0,
    blocks7d: counts?.blocks ?? 0,
    createdBy: person(policy.createdBy),
    updatedBy: person(policy.updatedBy),
    createdAt: iso(policy.createdAtMs),
    updatedAt: iso(policy.updatedAtMs),
    revision: policy.revision,
  };
}

export function fromViolation(row: ListedViolation): ViolationView {
  return {
    id: row.id,
    at: iso(row.atMs),
    policyId: row.policyId,
    policyName: row.policyName,
    action: row.action,
    isBlocked: row.isBlocked,
    severity: row.severity,
    stage: row.stage,
    facts: row.facts,
    requestId: row.requestId,
    workspace: namedBy(row.workspaceId, row.workspaceName ?? undefined),
    repository: namedBy(row.repositoryId, row.repositoryName ?? undefined),
    accessKey: namedBy(row.accessKeyId, row.accessKeyName ?? undefined),
    user: namedBy(row.userId, row.userName ?? undefined),
    connectionId: row.connectionId,
    provider: row.provider,
    model: row.model,
  };
}

/* S3 */

export function toS3(deps: Deps, policy: Policy, names: PolicyNames): z.output<typeof s3Policy> {
  // This face has two names where the house has one, so the second stays empty.
  const person = (id: string | null) => {
    const found = personOf(deps, id);
    return found && { ...found, lastName: '' };
  };
  return {
    id: policy.id,
    name: policy.name,
    content: policy.content,
    riskType: policy.risk,
    actionType: policyActions.indexOf(policy.action),
    orgId: deps.keeper.snapshot.organizationId,
    workspaceId: policy.workspaceId,
    repoId: policy.repositoryId,
    workspace: namedBy(policy.workspaceId, policy.workspaceId === null ? undefined : names.workspaces.get(policy.workspaceId)),
    repo: repositoryOf(deps, policy.repositoryId),
    rules: policy.rules as z.output<typeof s3Policy>['rules'],
    createdBy: person(policy.createdBy),
    lastUpdatedBy: person(policy.updatedBy),
    createdAt: iso(policy.createdAtMs),
    lastUpdatedAt: iso(policy.updatedAtMs),
    revision: policy.revision,
  };
}

export const actionOf = (actionType: number): PolicyAction => policyActions[actionType]!;

export function toInput(body: CreatePolicy | UpdatePolicy): PolicyInput {
  const { name, content, riskType, actionType, rules } = body;
  return { name, content, risk: riskType, action: actionType === undefined ? undefined : actionOf(actionType), rules };
}

const ruleMessages: Readonly<Record<ViolationFact['rule'], string>> = {
  keyword: 'policies.ruleKeyword',
  pattern: 'policies.rulePattern',
  personal: 'policies.rulePersonal',
  model: 'policies.ruleModel',
  tokens: 'policies.ruleTokens',
  attachment: 'policies.ruleAttachment',
  tool: 'policies.ruleTool',
  judge: 'policies.ruleJudge',
  unreadable: 'policies.ruleUnreadable',
};

/** What was found, in one sentence for each fact. */
export const explanationOf = (language: Language, facts: readonly ViolationFact[]): string =>
  facts
    .map(
      ({ rule, name, count, excerpt }) =>
        translate(language, ruleMessages[rule], { name, count }) + (excerpt === null ? '' : ` (${excerpt})`),
    )
    .join('; ');

function common(row: ListedViolation) {
  return {
    id: row.id,
    policyId: row.policyId,
    policyName: row.policyName,
    timestamp: iso(row.atMs),
    // Conversations of S3 are not built: chats are the page's own.
    conversationId: null,
    repoId: row.repositoryId,
    repoName: row.repositoryName,
    userId: row.userId,
    userName: row.userName,
    repoAiApiKeyId: row.accessKeyId,
    repoAiApiKeyName: row.accessKeyName,
    llmType: row.provider === null ? null : aiTypeOf(row.provider),
    llmModel: row.model,
    host: row.host,
  };
}

export const toS3Violation = (row: ListedViolation, language: Language) => ({
  ...common(row),
  explanation: explanationOf(language, row.facts),
  severity: row.severity,
  block: row.isBlocked,
});

export const toS3Alert = (row: ListedViolation, language: Language) => ({
  ...common(row),
  message: translate(language, 'policies.alert', { name: row.policyName, found: explanationOf(language, row.facts) }),
});

/** The filters of S3's lists; `llmType` names its types and, beside them, the house's providers. */
export function questionOf(
  query: Omit<ViolationQuery, 'severity' | 'block'> & Partial<ViolationQuery>,
  providersOf: (aiType: string) => string[],
): Omit<ViolationQuestion, 'visibility'> {
  return {
    policyId: query.policyId,
    workspaceId: query.workspaceId,
    repositoryId: query.repoId,
    fromMs: query.from === undefined ? undefined : Date.parse(query.from),
    toMs: query.to === undefined ? undefined : Date.parse(query.to),
    providers: query.llmType?.flatMap(providersOf),
    models: query.llmModel,
    hosts: query.host,
    severities: query.severity,
    isBlocked: query.block,
    skip: query.skip,
    take: query.take,
  };
}
