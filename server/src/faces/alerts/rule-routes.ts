/** `/api/alert-rules`: when somebody is told, and how often that would have been. */
import {
  alertParams,
  alertPreviewAnswer,
  alertRuleAnswer,
  alertRuleChange,
  alertRuleCreate,
  alertRuleMute,
  alertRulesAnswer,
} from '@patchbay/contract/alerts';
import { done } from '@patchbay/contract/people';
import { previewDays, previewOf } from '../../control/alert-preview.ts';
import { changeRule, createRule, deleteRule, draftRule, listRules, muteRule, ruleFor } from '../../control/alert-rules.ts';
import type { ControlDeps } from '../../control/deps.ts';
import type { AlertRule } from '../../domain/alert.ts';
import type { Actor } from '../../domain/owner.ts';
import { expectedOf, tagged } from '../kit/expected.ts';
import type { PlaneDeps } from '../kit/plane.ts';
import { created, ok, route, type Route } from '../kit/route.ts';
import { fromRule } from './dialect.ts';
import { workspaceNamesOf } from './names.ts';

type Deps = ControlDeps & PlaneDeps;

const access = 'signed-in';

async function shown(deps: Deps, actor: Actor, rule: AlertRule) {
  return { success: true, data: fromRule(deps, actor, rule, await workspaceNamesOf(deps, [rule.owner])) };
}

const listRoutes: readonly Route<Deps>[] = [
  route({
    method: 'GET',
    path: '/api/alert-rules',
    summary: 'Alert rules that the caller may see, the oldest first',
    access,
    answers: { 200: alertRulesAnswer },
    statuses: [200, 401],
    async handle(deps: Deps, { actor }) {
      const rules = listRules(deps, actor);
      const names = await workspaceNamesOf(
        deps,
        rules.map(({ owner }) => owner),
      );
      return ok({ success: true, data: rules.map((rule) => fromRule(deps, actor, rule, names)) });
    },
  }),
  route({
    method: 'POST',
    path: '/api/alert-rules',
    summary: "Make an alert rule of one's own, of a workspace, or of the installation",
    access,
    body: alertRuleCreate,
    answers: { 201: alertRuleAnswer },
    statuses: [201, 400, 401, 403, 404],
    async handle(deps: Deps, { actor, origin, body, reply }) {
      const rule = await createRule(deps, { actor, origin }, body);
      tagged(reply, rule.revision);
      return created(await shown(deps, actor, rule));
    },
  }),
  route({
    method: 'POST',
    path: '/api/alert-rules/preview',
    summary: 'How often a rule would have fired in the last seven days; nothing is kept',
    access,
    body: alertRuleCreate,
    answers: { 200: alertPreviewAnswer },
    statuses: [200, 400, 401, 403, 404],
    async handle(deps: Deps, { actor, origin, body }) {
      const rule = await draftRule(deps, { actor, origin }, body);
      return ok({ success: true, data: { days: previewDays, times: await previewOf(deps, rule) } });
    },
  }),
];

const oneRoutes: readonly Route<Deps>[] = [
  route({
    method: 'GET',
    path: '/api/alert-rules/:id',
    summary: 'One alert rule',
    access,
    params: alertParams,
    answers: { 200: alertRuleAnswer },
    statuses: [200, 401, 403, 404],
    async handle(deps: Deps, { actor, origin, params, reply }) {
      const rule = await ruleFor(deps, { actor, origin }, params.id, 'see', 'alert_rule.read');
      tagged(reply, rule.revision);
      return ok(await shown(deps, actor, rule));
    },
  }),
  route({
    method: 'PATCH',
    path: '/api/alert-rules/:id',
    summary: 'Change the named fields; what a rule is about and whose it is never change',
    access,
    params: alertParams,
    body: alertRuleChange,
    answers: { 200: alertRuleAnswer },
    statuses: [200, 400, 401, 403, 404, 409],
    async handle(deps: Deps, { actor, origin, request, params, body, reply }) {
      const { revision: _revision, ...input } = body;
      const show = (current: AlertRule) => fromRule(deps, actor, current, new Map());
      const rule = await changeRule(deps, { actor, origin }, params.id, input, expectedOf(request, body, show));
      tagged(reply, rule.revision);
      return ok(await shown(deps, actor, rule));
    },
  }),
  route({
    method: 'POST',
    path: '/api/alert-rules/:id/mute',
    summary: 'Tell nobody until a moment; null ends it',
    access,
    params: alertParams,
    body: alertRuleMute,
    answers: { 200: alertRuleAnswer },
    statuses: [200, 400, 401, 403, 404],
    async handle(deps: Deps, { actor, origin, params, body, reply }) {
      const untilMs = body.until === null ? null : Date.parse(body.until);
      const rule = await muteRule(deps, { actor, origin }, params.id, untilMs);
      tagged(reply, rule.revision);
      return ok(await shown(deps, actor, rule));
    },
  }),
  route({
    method: 'DELETE',
    path: '/api/alert-rules/:id',
    summary: 'Delete an alert rule; its alerts stay in the history',
    access,
    params: alertParams,
    answers: { 200: done },
    statuses: [200, 401, 403, 404],
    async handle(deps: Deps, { actor, origin, params }) {
      await deleteRule(deps, { actor, origin }, params.id);
      return ok({ success: true, data: null });
    },
  }),
];

export const ruleRoutes: readonly Route<Deps>[] = [...listRoutes, ...oneRoutes];
