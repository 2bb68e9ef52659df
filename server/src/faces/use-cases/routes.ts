/** `/api/use-cases`: those who manage them read and change them all; everybody else reads which ones they may use, without their texts. */
import { done } from '@patchbay/contract/people';
import {
  availableUseCases,
  useCaseAnswer,
  useCaseChange,
  useCaseCreate,
  useCaseList,
  useCaseParams,
  useCaseTried,
  useCaseTry,
} from '@patchbay/contract/use-cases';
import {
  availableTo,
  changeUseCase,
  createUseCase,
  deleteUseCase,
  mustFindUseCase,
  showUseCases,
  type UseCaseDeps,
} from '../../control/use-cases.ts';
import type { UseCase } from '../../domain/use-case.ts';
import { expectedOf, tagged } from '../kit/expected.ts';
import type { PlaneDeps } from '../kit/plane.ts';
import { created, ok, route, type Route } from '../kit/route.ts';
import { fromUseCase, toAvailable } from './dialect.ts';
import { tryUseCase, type TryDeps } from './try.ts';

export type UseCaseFaceDeps = UseCaseDeps & TryDeps & PlaneDeps;

const access = 'manage_ai_use_cases';

/** One use case is shown without its figure: nothing has been counted for it. */
async function shown(deps: UseCaseFaceDeps, useCase: UseCase): Promise<{ success: true; data: ReturnType<typeof fromUseCase> }> {
  const { requests } = await showUseCases(deps);
  return { success: true, data: fromUseCase(deps, useCase, requests.get(useCase.id) ?? 0) };
}

const listRoutes: readonly Route<UseCaseFaceDeps>[] = [
  route({
    method: 'GET',
    path: '/api/use-cases',
    summary: 'All use cases by name, with their requests of the last seven days',
    access,
    answers: { 200: useCaseList },
    statuses: [200, 401, 403],
    async handle(deps: UseCaseFaceDeps) {
      const { useCases, requests } = await showUseCases(deps);
      return ok({ success: true, data: useCases.map((one) => fromUseCase(deps, one, requests.get(one.id) ?? 0)) });
    },
  }),
  route({
    method: 'GET',
    path: '/api/use-cases/available',
    summary: 'The use cases that the caller may use, the first choice first',
    access: 'use_ai_chat',
    answers: { 200: availableUseCases },
    statuses: [200, 401, 403],
    handle(deps: UseCaseFaceDeps, { actor }) {
      return ok({
        success: true,
        data: availableTo(deps, actor).map((one, place) => toAvailable(deps, one, place === 0 && one.priority > 0)),
      });
    },
  }),
  route({
    method: 'POST',
    path: '/api/use-cases',
    summary: 'Make a use case',
    access,
    body: useCaseCreate,
    answers: { 201: useCaseAnswer },
    statuses: [201, 400, 401, 403, 409],
    async handle(deps: UseCaseFaceDeps, { actor, origin, body, reply }) {
      const useCase = await createUseCase(deps, { actor, origin }, body);
      tagged(reply, useCase.revision);
      return created({ success: true, data: fromUseCase(deps, useCase, 0) });
    },
  }),
  route({
    method: 'POST',
    path: '/api/use-cases/try',
    summary: 'Ask one question of a use case as it stands in the form; 200 whenever the model was asked',
    access,
    body: useCaseTry,
    answers: { 200: useCaseTried },
    statuses: [200, 400, 401, 403, 429],
    async handle(deps: UseCaseFaceDeps, { actor, body, request, reply }) {
      const call = { actor, requestId: request.id, language: request.language, response: reply.raw };
      return ok({ success: true, data: await tryUseCase(deps, call, body) });
    },
  }),
];

const oneRoutes: readonly Route<UseCaseFaceDeps>[] = [
  route({
    method: 'GET',
    path: '/api/use-cases/:id',
    summary: 'One use case with its texts',
    access,
    params: useCaseParams,
    answers: { 200: useCaseAnswer },
    statuses: [200, 401, 403, 404],
    async handle(deps: UseCaseFaceDeps, { params, reply }) {
      const useCase = await mustFindUseCase(deps, params.id);
      tagged(reply, useCase.revision);
      return ok(await shown(deps, useCase));
    },
  }),
  route({
    method: 'PATCH',
    path: '/api/use-cases/:id',
    summary: 'Change the named fields; null clears',
    access,
    params: useCaseParams,
    body: useCaseChange,
    answers: { 200: useCaseAnswer },
    statuses: [200, 400, 401, 403, 404, 409],
    async handle(deps: UseCaseFaceDeps, { actor, origin, request, params, body, reply }) {
      const { revision: _revision, ...input } = body;
      const expected = expectedOf(request, body, (current: UseCase) => fromUseCase(deps, current, 0));
      const useCase = await changeUseCase(deps, { actor, origin }, params.id, input, expected);
      tagged(reply, useCase.revision);
      return ok(await shown(deps, useCase));
    },
  }),
  route({
    method: 'DELETE',
    path: '/api/use-cases/:id',
    summary: 'Delete a use case for good',
    access,
    params: useCaseParams,
    answers: { 200: done },
    statuses: [200, 401, 403, 404],
    async handle(deps: UseCaseFaceDeps, { actor, origin, params }) {
      await deleteUseCase(deps, { actor, origin }, params.id);
      return ok({ success: true, data: null });
    },
  }),
];

export const routes: readonly Route<UseCaseFaceDeps>[] = [...listRoutes, ...oneRoutes];
