/** `/api/alerts`: what is going on and what was, what people say of it, and what was delivered. */
import {
  alertAnswer,
  alertCountAnswer,
  alertNote,
  alertParams,
  alertsAnswer,
  alertsQuery,
  deliveriesAnswer,
  deliveriesQuery,
} from '@patchbay/contract/alerts';
import { acknowledge, countAlerts, deliveryLog, listAlerts, resolve, seeAlert, type AlertRoom } from '../../control/alerts.ts';
import type { AlertSendRoom } from '../../control/alert-channels.ts';
import type { Alert } from '../../domain/alert.ts';
import type { Actor, Language } from '../../domain/owner.ts';
import type { AlertDelivery } from '../../storage/alert-deliveries.ts';
import type { PlaneDeps } from '../kit/plane.ts';
import { ok, route, type Route } from '../kit/route.ts';
import { channelRoutes } from './channel-routes.ts';
import { fromAlert, fromDelivery } from './dialect.ts';
import { mailRoutes } from './mail-routes.ts';
import { workspaceNamesOf } from './names.ts';
import { ruleRoutes } from './rule-routes.ts';

type Deps = AlertRoom & AlertSendRoom & PlaneDeps;

const access = 'signed-in';

async function shown(deps: Deps, actor: Actor, language: Language, { alert, deliveries }: { alert: Alert; deliveries: AlertDelivery[] }) {
  const names = await workspaceNamesOf(deps, [alert.owner]);
  return ok({ success: true, data: { ...fromAlert(deps, actor, language, alert, names), deliveries: deliveries.map(fromDelivery) } });
}

const alertRoutes: readonly Route<Deps>[] = [
  route({
    method: 'GET',
    path: '/api/alerts',
    summary: 'Alerts that the caller may see, newest first: those going on, those that are over, or both',
    access,
    query: alertsQuery,
    answers: { 200: alertsAnswer },
    statuses: [200, 400, 401],
    async handle(deps: Deps, { actor, request, query }) {
      const { alerts, nextCursor } = await listAlerts(deps, actor, query);
      const names = await workspaceNamesOf(
        deps,
        alerts.map(({ owner }) => owner),
      );
      return ok({ success: true, data: alerts.map((one) => fromAlert(deps, actor, request.language, one, names)), nextCursor });
    },
  }),
  route({
    method: 'GET',
    path: '/api/alerts/count',
    summary: 'How many alerts are going on, and how many of them nobody looks after yet',
    access,
    answers: { 200: alertCountAnswer },
    statuses: [200, 401],
    handle: async (deps: Deps, { actor }) => ok({ success: true, data: await countAlerts(deps, actor) }),
  }),
  route({
    method: 'GET',
    path: '/api/alerts/:id',
    summary: 'One alert with everything that was sent of it',
    access,
    params: alertParams,
    answers: { 200: alertAnswer },
    statuses: [200, 401, 403, 404],
    handle: async (deps: Deps, { actor, origin, request, params }) =>
      shown(deps, actor, request.language, await seeAlert(deps, { actor, origin }, params.id)),
  }),
  route({
    method: 'POST',
    path: '/api/alerts/:id/acknowledge',
    summary: 'Say that somebody looks after it, with a note if there is one: nobody is told of it again',
    access,
    params: alertParams,
    body: alertNote,
    answers: { 200: alertAnswer },
    statuses: [200, 400, 401, 403, 404, 409],
    handle: async (deps: Deps, { actor, origin, request, params, body }) =>
      shown(deps, actor, request.language, await acknowledge(deps, { actor, origin }, params.id, body.note || null)),
  }),
  route({
    method: 'POST',
    path: '/api/alerts/:id/resolve',
    summary: 'End an alert by hand; what goes on opens a new one',
    access,
    params: alertParams,
    answers: { 200: alertAnswer },
    statuses: [200, 401, 403, 404, 409],
    handle: async (deps: Deps, { actor, origin, request, params }) =>
      shown(deps, actor, request.language, await resolve(deps, { actor, origin }, params.id)),
  }),
  route({
    method: 'GET',
    path: '/api/alert-deliveries',
    summary: 'What was sent to one channel, or of one alert, newest first',
    access,
    query: deliveriesQuery,
    answers: { 200: deliveriesAnswer },
    statuses: [200, 400, 401, 403, 404],
    async handle(deps: Deps, { actor, origin, query }) {
      const { deliveries, nextCursor } = await deliveryLog(deps, { actor, origin }, query);
      return ok({ success: true, data: deliveries.map(fromDelivery), nextCursor });
    },
  }),
];

export const routes: readonly Route<Deps>[] = [...alertRoutes, ...ruleRoutes, ...channelRoutes, ...mailRoutes];
