/** What was used and what it cost: sums from the roll-ups, and the requests one by one. */
import { pathId } from '@patchbay/contract/text';
import { requestDetail, requestsAnswer, requestsQuery, usageAnswer, usageQuery } from '@patchbay/contract/usage';
import { z } from 'zod';
import { requestById, requestsOf, usageOf, type UsageDeps } from '../../control/usage.ts';
import { Refusal } from '../../domain/errors.ts';
import { isUuid } from '../../lib/ids.ts';
import type { PlaneDeps } from '../kit/plane.ts';
import { ok, route, type Route } from '../kit/route.ts';
import { fromAttempt, fromRequest, fromUsage } from './dialect.ts';

export type UsageFaceDeps = UsageDeps & PlaneDeps;

export const routes: readonly Route<UsageFaceDeps>[] = [
  route({
    method: 'GET',
    path: '/api/usage',
    summary: 'Usage and cost by group or by day',
    access: 'signed-in',
    query: usageQuery,
    answers: { 200: usageAnswer },
    statuses: [200, 400, 401],
    async handle(deps: UsageFaceDeps, { actor, query }) {
      return ok({ success: true, data: (await usageOf(deps, actor, query)).map(fromUsage) });
    },
  }),
  route({
    method: 'GET',
    path: '/api/requests',
    summary: 'Requests, newest first',
    access: 'signed-in',
    query: requestsQuery,
    answers: { 200: requestsAnswer },
    statuses: [200, 400, 401],
    async handle(deps: UsageFaceDeps, { actor, query }) {
      const { rows, nextCursor } = await requestsOf(deps, actor, query);
      return ok({ success: true, data: rows.map(fromRequest), nextCursor });
    },
  }),
  route({
    method: 'GET',
    path: '/api/requests/:requestId',
    summary: 'One request with all its attempts',
    access: 'signed-in',
    params: z.object({ requestId: pathId }),
    answers: { 200: requestDetail },
    statuses: [200, 401, 404],
    async handle(deps: UsageFaceDeps, { actor, params }) {
      if (!isUuid(params.requestId)) throw new Refusal('NOT_FOUND');
      const attempts = await requestById(deps, actor, params.requestId);
      return ok({ success: true, data: { requestId: params.requestId, attempts: attempts.map(fromAttempt) } });
    },
  }),
];
