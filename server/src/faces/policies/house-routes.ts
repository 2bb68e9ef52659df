/** `/api/policies`: policies by level for the page, what they found, and a dry run of a text. */
import { done } from '@patchbay/contract/people';
import {
  policiesAnswer,
  policiesQuery,
  policyAnswer,
  policyChange,
  policyCheck,
  policyChecked,
  policyCreate,
  policyParams,
  violationsAnswer,
  violationsQuery,
} from '@patchbay/contract/policies';
import {
  changePolicy,
  createPolicy,
  deletePolicy,
  listPolicies,
  policyFor,
  requirePlace,
  workspaceNamesOf,
} from '../../control/policies.ts';
import { checkText, draftId, recentCounts, violationsFor, type FindingsDeps } from '../../control/policy-findings.ts';
import type { Actor } from '../../domain/owner.ts';
import type { Policy } from '../../domain/policy.ts';
import { expectedOf, tagged } from '../kit/expected.ts';
import type { PlaneDeps } from '../kit/plane.ts';
import { created, ok, route, type Route } from '../kit/route.ts';
import { fromPolicy, fromViolation } from './dialect.ts';

export type PolicyFaceDeps = FindingsDeps & PlaneDeps;

const access = 'signed-in';

async function shown(deps: PolicyFaceDeps, actor: Actor, policy: Policy) {
  const [workspaces, counts] = await Promise.all([workspaceNamesOf(deps, [policy]), recentCounts(deps, [policy])]);
  return { success: true, data: fromPolicy(deps, actor, policy, { workspaces }, counts.get(policy.id)) };
}

/** What binds there: the place's own and everything above it. Without a place, all that the actor may see. */
function bindsAt({ level, workspaceId, repositoryId }: Policy, query: { workspaceId?: string; repositoryId?: string }): boolean {
  if (query.workspaceId === undefined && query.repositoryId === undefined) return true;
  if (level === 'organization') return true;
  if (level === 'workspace') return workspaceId === query.workspaceId;
  return repositoryId === query.repositoryId || (query.repositoryId === undefined && workspaceId === query.workspaceId);
}

const listRoutes: readonly Route<PolicyFaceDeps>[] = [
  route({
    method: 'GET',
    path: '/api/policies',
    summary: 'Policies that the caller may see, the oldest first; those of one workspace or repository with what it inherits',
    access,
    query: policiesQuery,
    answers: { 200: policiesAnswer },
    statuses: [200, 400, 401],
    async handle(deps: PolicyFaceDeps, { actor, query }) {
      const repository = query.repositoryId === undefined ? undefined : deps.keeper.snapshot.repositories.get(query.repositoryId);
      const place = { workspaceId: query.workspaceId ?? repository?.workspaceId, repositoryId: query.repositoryId };
      const policies = (await listPolicies(deps, actor)).filter((policy) => bindsAt(policy, place));
      const [workspaces, counts] = await Promise.all([workspaceNamesOf(deps, policies), recentCounts(deps, policies)]);
      return ok({ success: true, data: policies.map((one) => fromPolicy(deps, actor, one, { workspaces }, counts.get(one.id))) });
    },
  }),
  route({
    method: 'GET',
    path: '/api/policies/violations',
    summary: 'What policies found, newest first: all of it for administrators, else of the workspaces that the caller administers',
    access,
    query: violationsQuery,
    answers: { 200: violationsAnswer },
    statuses: [200, 400, 401],
    async handle(deps: PolicyFaceDeps, { actor, query }) {
      const { severity: severities, from, to, ...rest } = query;
      const range = { fromMs: from === undefined ? undefined : Date.parse(from), toMs: to === undefined ? undefined : Date.parse(to) };
      const { rows, total } = await violationsFor(deps, actor, { ...rest, ...range, severities });
      return ok({ success: true, data: rows.map(fromViolation), total });
    },
  }),
  route({
    method: 'POST',
    path: '/api/policies/check',
    summary: 'What a text would trigger: nobody is asked and nothing is written down',
    access,
    body: policyCheck,
    answers: { 200: policyChecked },
    statuses: [200, 400, 401, 403, 404],
    async handle(deps: PolicyFaceDeps, { actor, body }) {
      const { text, side = 'prompt', workspaceId = null, repositoryId = null, draft = null } = body;
      const checked = await checkText(deps, actor, { text, stage: side, workspaceId, repositoryId, draft });
      const findings = checked.findings.map(({ policy: { id, name: policyName, action }, rule, name, start, end }) => ({
        policyId: id === draftId ? null : id,
        policyName,
        action,
        rule,
        name,
        start,
        end,
      }));
      return ok({ success: true, data: { ...checked, findings } });
    },
  }),
];

const oneRoutes: readonly Route<PolicyFaceDeps>[] = [
  route({
    method: 'POST',
    path: '/api/policies',
    summary: 'Make a policy of the organization, of a workspace or of a repository',
    access,
    body: policyCreate,
    answers: { 201: policyAnswer },
    statuses: [201, 400, 401, 403, 404],
    async handle(deps: PolicyFaceDeps, { actor, origin, body, reply }) {
      const { workspaceId = null, repositoryId = null, ...input } = body;
      const place = await requirePlace(deps, { actor, origin }, { workspaceId, repositoryId });
      const policy = await createPolicy(deps, { actor, origin }, place, input);
      tagged(reply, policy.revision);
      return created(await shown(deps, actor, policy));
    },
  }),
  route({
    method: 'GET',
    path: '/api/policies/:id',
    summary: 'One policy',
    access,
    params: policyParams,
    answers: { 200: policyAnswer },
    statuses: [200, 401, 403, 404],
    async handle(deps: PolicyFaceDeps, { actor, origin, params, reply }) {
      const policy = await policyFor(deps, { actor, origin }, params.id, 'see', 'policy.read');
      tagged(reply, policy.revision);
      return ok(await shown(deps, actor, policy));
    },
  }),
  route({
    method: 'PATCH',
    path: '/api/policies/:id',
    summary: 'Change the named fields; the level never changes',
    access,
    params: policyParams,
    body: policyChange,
    answers: { 200: policyAnswer },
    statuses: [200, 400, 401, 403, 404, 409],
    async handle(deps: PolicyFaceDeps, { actor, origin, request, params, body, reply }) {
      const { revision: _revision, ...input } = body;
      const show = (current: Policy) => fromPolicy(deps, actor, current, { workspaces: new Map() });
      const policy = await changePolicy(deps, { actor, origin }, params.id, input, expectedOf(request, body, show));
      tagged(reply, policy.revision);
      return ok(await shown(deps, actor, policy));
    },
  }),
  route({
    method: 'DELETE',
    path: '/api/policies/:id',
    summary: 'Delete a policy; what it found stays',
    access,
    params: policyParams,
    answers: { 200: done },
    statuses: [200, 401, 403, 404],
    async handle(deps: PolicyFaceDeps, { actor, origin, params }) {
      await deletePolicy(deps, { actor, origin }, params.id);
      return ok({ success: true, data: null });
    },
  }),
];

export const houseRoutes: readonly Route<PolicyFaceDeps>[] = [...listRoutes, ...oneRoutes];
