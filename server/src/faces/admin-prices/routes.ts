/** `/api/admin/prices`: what models cost here, and pricing past entries again. For administrators. */
import {
  createPrice,
  effectiveAnswer,
  effectiveQuery,
  endPrice,
  priceAnswer,
  priceList,
  priceParams,
  priceQuery,
  repriceDaysMax,
  repriceStart,
  unpricedAnswer,
  unpricedQuery,
} from '@patchbay/contract/prices';
import { taskStarted } from '@patchbay/contract/tasks';
import { addPrice, effectivePrice, endOwnPrice, listOwnPrices, startRepricing } from '../../control/prices.ts';
import { listUnpriced, type UnpricedDeps } from '../../control/unpriced.ts';
import { unfit } from '../../domain/errors.ts';
import type { PlaneDeps } from '../kit/plane.ts';
import { created, ok, route, type Route } from '../kit/route.ts';
import { fromEffective, fromPrice, fromUnpriced } from './dialect.ts';

export type AdminPriceDeps = UnpricedDeps & PlaneDeps;

const dayMs = 86_400_000;

function rangeOf(from: string, to: string): { fromMs: number; toMs: number } {
  const [fromMs, toMs] = [Date.parse(from), Date.parse(to)];
  if (toMs - fromMs > repriceDaysMax * dayMs)
    throw unfit({ path: 'to', code: 'too_long', message: `at most ${repriceDaysMax} days at once` });
  return { fromMs, toMs };
}

export const routes: Route<AdminPriceDeps>[] = [
  route({
    method: 'GET',
    path: '/api/admin/prices',
    summary: 'Prices that were set here, newest first',
    access: 'administrator',
    query: priceQuery,
    answers: { 200: priceList },
    statuses: [200, 400, 401, 403],
    async handle(deps: AdminPriceDeps, { query }) {
      return ok({ success: true, data: (await listOwnPrices(deps, query)).map(fromPrice) });
    },
  }),
  route({
    method: 'GET',
    path: '/api/admin/prices/effective',
    summary: 'What a model costs now, and what the bundled catalogue says',
    access: 'administrator',
    query: effectiveQuery,
    answers: { 200: effectiveAnswer },
    statuses: [200, 400, 401, 403, 404],
    handle(deps: AdminPriceDeps, { query }) {
      const found = effectivePrice(deps, query.provider, query.model, query.connectionId ?? null);
      return ok({ success: true, data: fromEffective(found, query.model) });
    },
  }),
  route({
    method: 'GET',
    path: '/api/admin/prices/unpriced',
    summary: 'Models that were used without a known cost, the most used first',
    access: 'administrator',
    query: unpricedQuery,
    answers: { 200: unpricedAnswer },
    statuses: [200, 400, 401, 403],
    async handle(deps: AdminPriceDeps, { query }) {
      return ok({ success: true, data: (await listUnpriced(deps, query.days)).map(fromUnpriced) });
    },
  }),
  route({
    method: 'POST',
    path: '/api/admin/prices',
    summary: 'Set a price; it wins over the catalogue from its beginning on',
    access: 'administrator',
    body: createPrice,
    answers: { 201: priceAnswer },
    statuses: [201, 400, 401, 403, 404, 409],
    async handle(deps: AdminPriceDeps, { actor, origin, body }) {
      const { provider, model, connectionId, validFrom, tiers, note, confirm } = body;
      const price = await addPrice(
        deps,
        { actor, origin },
        {
          provider,
          model,
          connectionId,
          tiers,
          note,
          isConfirmed: confirm === true,
          ...(validFrom !== undefined && { validFromMs: Date.parse(validFrom) }),
        },
      );
      return created({ success: true, data: fromPrice(price) });
    },
  }),
  route({
    method: 'POST',
    path: '/api/admin/prices/:id/end',
    summary: 'End a price; what held before it holds again',
    access: 'administrator',
    params: priceParams,
    body: endPrice,
    answers: { 200: priceAnswer },
    statuses: [200, 400, 401, 403, 404, 409],
    async handle(deps: AdminPriceDeps, { actor, origin, params, body }) {
      const atMs = body.at === undefined ? undefined : Date.parse(body.at);
      return ok({ success: true, data: fromPrice(await endOwnPrice(deps, { actor, origin }, params.id, atMs)) });
    },
  }),
  route({
    method: 'POST',
    path: '/api/admin/prices/reprice',
    summary: 'Price past entries again by the prices of their time, as a task',
    access: 'administrator',
    body: repriceStart,
    answers: { 202: taskStarted },
    statuses: [202, 400, 401, 403, 404],
    async handle(deps: AdminPriceDeps, { actor, origin, body }) {
      const { provider, model, connectionId, from, to, dryRun } = body;
      const what = { provider, model, connectionId: connectionId ?? null, ...rangeOf(from, to), isDryRun: dryRun };
      return { status: 202, body: { success: true, data: { taskId: await startRepricing(deps, { actor, origin }, what) } } };
    },
  }),
];
