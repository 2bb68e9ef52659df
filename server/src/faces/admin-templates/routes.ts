/** `/api/admin/templates`: starting points that administrators keep for everybody. The built-in ones are listed per provider and stay. */
import { done } from '@patchbay/contract/people';
import { templateList } from '@patchbay/contract/providers';
import {
  createTemplate,
  replaceTemplate,
  templateAnswer,
  templateParams,
  templateQuery,
  type ReplaceTemplate,
} from '@patchbay/contract/templates';
import type { ControlDeps } from '../../control/deps.ts';
import { addTemplate, changeTemplate, keptTemplates, removeTemplate, type EnteredTemplate } from '../../control/templates.ts';
import { expectedOf } from '../kit/expected.ts';
import type { PlaneDeps } from '../kit/plane.ts';
import { created, ok, route, type Route } from '../kit/route.ts';
import { fromTemplate } from '../providers/dialect.ts';

type Deps = ControlDeps & PlaneDeps;

const enteredOf = ({ name, description, configuration, isDefault }: Omit<ReplaceTemplate, 'revision'>): EnteredTemplate => ({
  name,
  description: description ?? null,
  configuration,
  isDefault: isDefault === true,
});

export const routes: readonly Route<Deps>[] = [
  route({
    method: 'GET',
    path: '/api/admin/templates',
    summary: 'Templates that were made here, of one provider or of all',
    access: 'administrator',
    query: templateQuery,
    answers: { 200: templateList },
    statuses: [200, 400, 401, 403],
    async handle(deps: Deps, { query }) {
      return ok({ success: true, data: (await keptTemplates(deps, query.provider ?? null)).map(fromTemplate) });
    },
  }),
  route({
    method: 'POST',
    path: '/api/admin/templates',
    summary: 'Make a template for everybody',
    access: 'administrator',
    body: createTemplate,
    answers: { 201: templateAnswer },
    statuses: [201, 400, 401, 403, 404],
    async handle(deps: Deps, { actor, origin, body }) {
      const { provider, ...entered } = body;
      return created({ success: true, data: fromTemplate(await addTemplate(deps, { actor, origin }, provider, enteredOf(entered))) });
    },
  }),
  route({
    method: 'PUT',
    path: '/api/admin/templates/:id',
    summary: 'Replace a template; its provider stays',
    access: 'administrator',
    params: templateParams,
    body: replaceTemplate,
    answers: { 200: templateAnswer },
    statuses: [200, 400, 401, 403, 404, 409],
    async handle(deps: Deps, { request, actor, origin, params, body }) {
      const { revision: _revision, ...entered } = body;
      const expected = expectedOf(request, body, fromTemplate);
      return ok({
        success: true,
        data: fromTemplate(await changeTemplate(deps, { actor, origin }, params.id, enteredOf(entered), expected)),
      });
    },
  }),
  route({
    method: 'DELETE',
    path: '/api/admin/templates/:id',
    summary: 'Delete a template; connections made from it keep what they have',
    access: 'administrator',
    params: templateParams,
    answers: { 200: done },
    statuses: [200, 401, 403, 404],
    async handle(deps: Deps, { actor, origin, params }) {
      await removeTemplate(deps, { actor, origin }, params.id);
      return ok({ success: true, data: null });
    },
  }),
];
