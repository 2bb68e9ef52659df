/** S3's policies (D-12), what they found and what they alerted of (D-13). Create and update answer 200 with the id. */
import { idParams } from '@patchbay/contract/connections';
import {
  alertQuery,
  createPolicy as createBody,
  policyScopeQuery,
  s3Alerts,
  s3PolicyAnswer,
  s3PolicyDone,
  s3PolicyList,
  s3PolicySaved,
  s3Violations,
  updatePolicy as updateBody,
  violationQuery,
  type ViolationQuery,
} from '@patchbay/contract/policies';
import { translate, type Language } from '@patchbay/contract/translate';
import { changePolicy, createPolicy, deletePolicy, policiesAt, policyFor, requirePlace, workspaceNamesOf } from '../../control/policies.ts';
import { violationsFor } from '../../control/policy-findings.ts';
import { unfit } from '../../domain/errors.ts';
import type { Actor } from '../../domain/owner.ts';
import { isWordsAlone, type Policy } from '../../domain/policy.ts';
import { aiTypeOf, catalog } from '../../providers/catalog.ts';
import { expectedOf } from '../kit/expected.ts';
import { ok, route, type Answer, type Route } from '../kit/route.ts';
import { questionOf, toInput, toS3, toS3Alert, toS3Violation } from './dialect.ts';
import { houseRoutes, type PolicyFaceDeps } from './house-routes.ts';

const dialect = 'ai-llm';
const access = 'signed-in';
const words = { workspaceId: 'workspaceId', repositoryId: 'repoId' };

/** Providers by S3's type, or the one that is named. */
function providersOf(aiType: string): string[] {
  const named = catalog.filter(({ id }) => id === aiType.toLowerCase() || aiTypeOf(id) === aiType.toUpperCase()).map(({ id }) => id);
  return named.length > 0 ? named : [aiType];
}

/** Clients of this face know of no rules: whoever wrote words alone must hear that nothing is stopped by them. */
const saidOf = (language: Language, deed: 'created' | 'updated', policy: Policy): string =>
  translate(language, `policies.${deed}`) + (isWordsAlone(policy) ? ` ${translate(language, 'policies.wordsAlone')}` : '');

const changeRoutes: readonly Route<PolicyFaceDeps>[] = [
  route({
    method: 'POST',
    path: '/policy',
    summary: 'Make a policy of the organization, of a workspace or of a repository',
    access,
    dialect,
    body: createBody,
    answers: { 200: s3PolicySaved },
    statuses: [200, 400, 401, 403, 404],
    async handle(deps: PolicyFaceDeps, { actor, origin, request, body }) {
      const { organizationId } = deps.keeper.snapshot;
      if (body.orgId !== undefined && body.orgId !== organizationId)
        throw unfit({ path: 'orgId', code: 'unknown', message: 'no organization of this installation' });
      const asked = { workspaceId: body.workspaceId ?? null, repositoryId: body.repoId ?? null };
      const place = await requirePlace(deps, { actor, origin }, asked, words);
      const policy = await createPolicy(deps, { actor, origin }, place, { ...toInput(body), name: body.name });
      return ok({ success: true, policyId: policy.id, message: saidOf(request.language, 'created', policy) });
    },
  }),
  route({
    method: 'PUT',
    path: '/policy/:id',
    summary: 'Change the named fields; the level never changes',
    access,
    dialect,
    params: idParams,
    body: updateBody,
    answers: { 200: s3PolicySaved },
    statuses: [200, 400, 401, 403, 404, 409],
    async handle(deps: PolicyFaceDeps, { actor, origin, request, params, body }) {
      const expected = expectedOf(request, body, (current: Policy) => toS3(deps, current, { workspaces: new Map() }));
      const policy = await changePolicy(deps, { actor, origin }, params.id, toInput(body), expected);
      return ok({ success: true, policyId: policy.id, message: saidOf(request.language, 'updated', policy) });
    },
  }),
  route({
    method: 'DELETE',
    path: '/policy/:id',
    summary: 'Delete a policy; what it found stays',
    access,
    dialect,
    params: idParams,
    answers: { 200: s3PolicyDone },
    statuses: [200, 401, 403, 404],
    async handle(deps: PolicyFaceDeps, { actor, origin, request, params }) {
      await deletePolicy(deps, { actor, origin }, params.id);
      return ok({ success: true, message: translate(request.language, 'policies.deleted') });
    },
  }),
];

const readRoutes: readonly Route<PolicyFaceDeps>[] = [
  route({
    method: 'GET',
    path: '/policy',
    summary: 'Policies of exactly one level',
    access,
    dialect,
    query: policyScopeQuery,
    answers: { 200: s3PolicyList },
    statuses: [200, 400, 401],
    async handle(deps: PolicyFaceDeps, { actor, query }) {
      const isOurs = query.orgId === deps.keeper.snapshot.organizationId;
      const repository = query.repoId === undefined ? undefined : deps.keeper.snapshot.repositories.get(query.repoId);
      const isThere =
        query.repoId === undefined ||
        (repository !== undefined && repository.workspaceId === (query.workspaceId ?? repository.workspaceId));
      const place = { workspaceId: query.workspaceId ?? repository?.workspaceId ?? null, repositoryId: query.repoId ?? null };
      const policies = isOurs && isThere ? await policiesAt(deps, actor, place) : [];
      const workspaces = await workspaceNamesOf(deps, policies);
      return ok({ success: true, policies: policies.map((one) => toS3(deps, one, { workspaces })) });
    },
  }),
  route({
    method: 'GET',
    path: '/policy/:id',
    summary: 'One policy',
    access,
    dialect,
    params: idParams,
    answers: { 200: s3PolicyAnswer },
    statuses: [200, 401, 403, 404],
    async handle(deps: PolicyFaceDeps, { actor, origin, params }) {
      const policy = await policyFor(deps, { actor, origin }, params.id, 'see', 'policy.read');
      return ok({ success: true, policy: toS3(deps, policy, { workspaces: await workspaceNamesOf(deps, [policy]) }) });
    },
  }),
];

type Asked = Omit<ViolationQuery, 'severity' | 'block'> & Partial<ViolationQuery>;

async function violations(deps: PolicyFaceDeps, actor: Actor, language: Language, query: Asked): Promise<Answer> {
  const { rows, total } = await violationsFor(deps, actor, questionOf(query, providersOf));
  const { skip, take } = query;
  return ok({ success: true, violations: rows.map((row) => toS3Violation(row, language)), total, skip, take });
}

async function alerts(deps: PolicyFaceDeps, actor: Actor, language: Language, query: Asked): Promise<Answer> {
  const { rows, total } = await violationsFor(deps, actor, { ...questionOf(query, providersOf), actions: ['alert'] });
  const { skip, take } = query;
  return ok({ success: true, alerts: rows.map((row) => toS3Alert(row, language)), total, skip, take });
}

const foundRoutes: readonly Route<PolicyFaceDeps>[] = [
  route({
    method: 'GET',
    path: '/policy/violations',
    summary: 'What policies found, newest first',
    access,
    dialect,
    query: violationQuery,
    answers: { 200: s3Violations },
    statuses: [200, 400, 401],
    handle: (deps: PolicyFaceDeps, { actor, request, query }) => violations(deps, actor, request.language, query),
  }),
  route({
    method: 'GET',
    path: '/policy/alerts',
    summary: 'What policies alerted of, newest first',
    access,
    dialect,
    query: alertQuery,
    answers: { 200: s3Alerts },
    statuses: [200, 400, 401],
    handle: (deps: PolicyFaceDeps, { actor, request, query }) => alerts(deps, actor, request.language, query),
  }),
  route({
    method: 'GET',
    path: '/policy/:id/violations',
    summary: 'What one policy found, newest first',
    access,
    dialect,
    params: idParams,
    query: violationQuery,
    answers: { 200: s3Violations },
    statuses: [200, 400, 401],
    handle: (deps: PolicyFaceDeps, { actor, request, params, query }) =>
      violations(deps, actor, request.language, { ...query, policyId: params.id }),
  }),
  route({
    method: 'GET',
    path: '/policy/:id/alerts',
    summary: 'What one policy alerted of, newest first',
    access,
    dialect,
    params: idParams,
    query: alertQuery,
    answers: { 200: s3Alerts },
    statuses: [200, 400, 401],
    handle: (deps: PolicyFaceDeps, { actor, request, params, query }) =>
      alerts(deps, actor, request.language, { ...query, policyId: params.id }),
  }),
];

export const routes: readonly Route<PolicyFaceDeps>[] = [...changeRoutes, ...foundRoutes, ...readRoutes, ...houseRoutes];
