/** Status over HTTP: how every connection is doing, one of them with its history, a check at once, settings, and shared links. */
import { done } from '@patchbay/contract/people';
import {
  sharedStatusAnswer,
  statusAnswer,
  statusCheckAnswer,
  statusCountsAnswer,
  statusOneAnswer,
  statusOneQuery,
  statusQuery,
  statusSettingsAnswer,
  statusSettingsChange,
  statusShareCreate,
  statusShareCreated,
  statusSharesAnswer,
} from '@patchbay/contract/status';
import { pathId, uuidText } from '@patchbay/contract/text';
import { z } from 'zod';
import { changeHealthSettings } from '../../control/health-settings.ts';
import { createShare, sharedPage, shareableBy, sharesOf, withdrawShare } from '../../control/status-shares.ts';
import { checkNow, countsOf, statusOf, statusOfOne, statusSummary, type StatusDeps } from '../../control/status.ts';
import { isoOf } from '../../lib/iso-time.ts';
import { healthSettingsOf } from '../../storage/health-settings.ts';
import { expectedOf } from '../kit/expected.ts';
import type { HeadroomBook } from '../../gateway/headroom.ts';
import type { PlaneDeps } from '../kit/plane.ts';
import { created, ok, route, type Route } from '../kit/route.ts';
import { fromCheck, fromIll, fromIncident, fromSettings, fromShare, fromShared, fromStatus, fromStretch } from './dialect.ts';

export type StatusFaceDeps = StatusDeps & PlaneDeps & { headroom?: HeadroomBook };

const byId = z.object({ id: pathId });
/** As `issueKey` writes them; anything else was never a token. */
const byToken = z.object({ token: z.string().max(200) });

const connectionRoutes: Route<StatusFaceDeps>[] = [
  route({
    method: 'GET',
    path: '/api/status',
    summary: 'How every connection that the caller may use is doing, with its strip, and the incidents of the last 30 days',
    access: 'signed-in',
    query: statusQuery,
    answers: { 200: statusAnswer },
    statuses: [200, 400, 401],
    async handle(deps: StatusFaceDeps, { actor, query, request }) {
      const { atMs, stretches, connections, incidents } = await statusOf(deps, actor, query.range, query.workspaceId);
      const { language } = request;
      return ok({
        success: true,
        data: {
          at: isoOf(atMs),
          range: query.range,
          from: isoOf(stretches.fromMs),
          bucketMs: stretches.bucketMs,
          counts: countsOf(connections),
          connections: connections.map((status) => fromStatus(status, language, deps.headroom)),
          incidents: incidents.map((incident) => fromIncident(incident, deps.keeper.snapshot.connections, language)),
        },
      });
    },
  }),
  route({
    method: 'GET',
    path: '/api/status/counts',
    summary: 'How many connections that the caller may use are in which state, and which are ill',
    access: 'signed-in',
    query: z.strictObject({ workspaceId: uuidText.optional() }),
    answers: { 200: statusCountsAnswer },
    statuses: [200, 400, 401],
    async handle(deps: StatusFaceDeps, { actor, query, request }) {
      const { counts, ill } = await statusSummary(deps, actor, query.workspaceId);
      return ok({ success: true, data: { ...counts, ill: ill.map((one) => fromIll(one, request.language)) } });
    },
  }),
  route({
    method: 'GET',
    path: '/api/status/:id',
    summary: 'How one connection is doing, with its history, its incidents and its newest checks',
    access: 'signed-in',
    params: byId,
    query: statusOneQuery,
    answers: { 200: statusOneAnswer },
    statuses: [200, 400, 401, 403, 404],
    async handle(deps: StatusFaceDeps, { actor, origin, params, query, request }) {
      const one = await statusOfOne(deps, { actor, origin }, params.id, query.range);
      const { language } = request;
      return ok({
        success: true,
        data: {
          at: isoOf(one.atMs),
          range: query.range,
          bucketMs: one.stretches.bucketMs,
          connection: fromStatus(one.status, language, deps.headroom),
          buckets: one.status.buckets.map(fromStretch),
          incidents: one.incidents.map((incident) => fromIncident(incident, deps.keeper.snapshot.connections, language)),
          checks: one.checks.map((check) => fromCheck(check, language)),
          uptimes: one.uptimes,
        },
      });
    },
  }),
  route({
    method: 'POST',
    path: '/api/status/:id/check',
    summary: 'Check one connection now, beside its schedule',
    access: 'signed-in',
    params: byId,
    answers: { 200: statusCheckAnswer },
    statuses: [200, 401, 403, 404, 429],
    async handle(deps: StatusFaceDeps, { actor, origin, params, request }) {
      const { check, status } = await checkNow(deps, { actor, origin }, params.id);
      return ok({
        success: true,
        data: { check: fromCheck(check, request.language), connection: fromStatus(status, request.language, deps.headroom) },
      });
    },
  }),
];

const settingsRoutes: Route<StatusFaceDeps>[] = [
  route({
    method: 'GET',
    path: '/api/status-settings',
    summary: 'How often connections are checked, and by what',
    access: 'signed-in',
    answers: { 200: statusSettingsAnswer },
    statuses: [200, 401],
    async handle(deps: StatusFaceDeps) {
      return ok({ success: true, data: fromSettings(await healthSettingsOf(deps.database)) });
    },
  }),
  route({
    method: 'PATCH',
    path: '/api/status-settings',
    summary: 'Change how often connections are checked, and by what',
    access: 'administrator',
    body: statusSettingsChange,
    answers: { 200: statusSettingsAnswer },
    statuses: [200, 400, 401, 403, 409],
    async handle(deps: StatusFaceDeps, { actor, origin, request, body }) {
      const change = { everyS: body.everySeconds, way: body.checkBy };
      const settings = await changeHealthSettings(deps, { actor, origin }, change, expectedOf(request, body, fromSettings));
      return ok({ success: true, data: fromSettings(settings) });
    },
  }),
];

const shareRoutes: Route<StatusFaceDeps>[] = [
  route({
    method: 'GET',
    path: '/api/status-shares',
    summary: 'Open links to status pages that the caller may withdraw',
    access: 'signed-in',
    answers: { 200: statusSharesAnswer },
    statuses: [200, 401],
    async handle(deps: StatusFaceDeps, { actor }) {
      const [shares, mayShare] = await Promise.all([sharesOf(deps, actor), shareableBy(deps, actor)]);
      return ok({ success: true, data: shares.map(fromShare), mayShare });
    },
  }),
  route({
    method: 'POST',
    path: '/api/status-shares',
    summary: 'Make a link to a status page that is read without signing in; the answer shows its token once',
    access: 'signed-in',
    body: statusShareCreate,
    answers: { 201: statusShareCreated },
    statuses: [201, 400, 401, 403, 404],
    async handle(deps: StatusFaceDeps, { actor, origin, body }) {
      const input = { name: body.name, workspaceId: body.workspaceId ?? null, days: body.days ?? null };
      const { share, token } = await createShare(deps, { actor, origin }, input);
      return created({ success: true, data: { ...fromShare(share), token } });
    },
  }),
  route({
    method: 'DELETE',
    path: '/api/status-shares/:id',
    summary: 'Withdraw a link to a status page',
    access: 'signed-in',
    params: byId,
    answers: { 200: done },
    statuses: [200, 401, 404],
    async handle(deps: StatusFaceDeps, { actor, origin, params }) {
      await withdrawShare(deps, { actor, origin }, params.id);
      return ok({ success: true, data: null });
    },
  }),
  route({
    method: 'GET',
    path: '/api/status/shared/:token',
    summary: 'Names and states of the connections that a link shows, for whoever holds it',
    access: 'open',
    params: byToken,
    answers: { 200: sharedStatusAnswer },
    statuses: [200, 401, 404, 429],
    async handle(deps: StatusFaceDeps, { origin, params, reply }) {
      // A link is no address to be found by: nothing on the way keeps what it shows.
      reply.header('cache-control', 'no-store').header('x-robots-tag', 'noindex');
      return ok({ success: true, data: fromShared(await sharedPage(deps, origin.address, params.token)) });
    },
  }),
];

export const routes: readonly Route<StatusFaceDeps>[] = [...connectionRoutes, ...settingsRoutes, ...shareRoutes];
