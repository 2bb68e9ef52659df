/** Requests one by one: the list and its bars, files of it, each with all that became of it, and contents where they are kept. */
import { contentAnswer, exportQuery, exportRowsMax, histogramAnswer, histogramQuery } from '@patchbay/contract/requests';
import { pathId } from '@patchbay/contract/text';
import { requestDetail as detailAnswer, requestsAnswer, requestsQuery } from '@patchbay/contract/usage';
import { z } from 'zod';
import { readContent } from '../../control/captured.ts';
import { exportRequests, requestBars, requestDetail, requestsOf, type RequestsDeps } from '../../control/requests.ts';
import { Refusal } from '../../domain/errors.ts';
import { isUuid } from '../../lib/ids.ts';
import { isoOf, isoOrNull } from '../../lib/iso-time.ts';
import type { PlaneDeps } from '../kit/plane.ts';
import { ok, route, type Route } from '../kit/route.ts';
import { fromAttempt, fromFinding, fromMetLimit, fromRequest } from './dialect.ts';
import { exportStream, mediaTypeOf } from './export.ts';

export type RequestsFaceDeps = RequestsDeps & PlaneDeps;

const byId = z.object({ requestId: pathId });

const known = (requestId: string): string => {
  if (!isUuid(requestId)) throw new Refusal('NOT_FOUND');
  return requestId;
};

export const routes: readonly Route<RequestsFaceDeps>[] = [
  route({
    method: 'GET',
    path: '/api/requests',
    summary: 'Requests, newest first',
    access: 'signed-in',
    query: requestsQuery,
    answers: { 200: requestsAnswer },
    statuses: [200, 400, 401],
    async handle(deps: RequestsFaceDeps, { actor, query }) {
      const { rows, nextCursor, searchedToMs } = await requestsOf(deps, actor, query);
      return ok({ success: true, data: rows.map(fromRequest), nextCursor, searchedTo: isoOrNull(searchedToMs) });
    },
  }),
  route({
    method: 'GET',
    path: '/api/requests/histogram',
    summary: 'How many requests there were, bar by bar, and how many of them failed',
    access: 'signed-in',
    query: histogramQuery,
    answers: { 200: histogramAnswer },
    statuses: [200, 400, 401],
    async handle(deps: RequestsFaceDeps, { actor, query }) {
      const { fromMs, toMs, barMs, countedFromMs, bars } = await requestBars(deps, actor, query);
      const data = {
        from: isoOf(fromMs),
        to: isoOf(toMs),
        barMs,
        countedFrom: isoOf(countedFromMs),
        bars: bars.map(({ atMs, ...counts }) => ({ at: isoOf(atMs), ...counts })),
      };
      return ok({ success: true, data });
    },
  }),
  route({
    method: 'GET',
    path: '/api/requests/export',
    summary: 'The requests of a filter as a file, newest first',
    access: 'signed-in',
    query: exportQuery,
    answers: { 200: z.string() },
    gives: ['text/csv', 'application/x-ndjson'],
    statuses: [200, 400, 401],
    async handle(deps: RequestsFaceDeps, { actor, query, request, reply }) {
      const { format, ...asked } = query;
      // What cannot be read is said before the file begins.
      await requestsOf(deps, actor, { ...asked, limit: 1 });
      const pages = exportRequests(deps, actor, asked, { rowsMax: exportRowsMax, isGone: () => request.raw.destroyed });
      reply.header('content-disposition', `attachment; filename="requests.${format}"`).type(mediaTypeOf(format));
      return ok(exportStream(pages, format, deps.log));
    },
  }),
  route({
    method: 'GET',
    path: '/api/requests/:requestId',
    summary: 'One request with all its attempts, and what policies and limits said of it',
    access: 'signed-in',
    params: byId,
    answers: { 200: detailAnswer },
    statuses: [200, 401, 404],
    async handle(deps: RequestsFaceDeps, { actor, params }) {
      const requestId = known(params.requestId);
      const { request, attempts, findings, limits, hasContent } = await requestDetail(deps, actor, requestId);
      const data = {
        requestId,
        request: request && fromRequest(request),
        attempts: attempts.map(fromAttempt),
        findings: findings.map(fromFinding),
        limits: limits.map(fromMetLimit),
        hasContent,
      };
      return ok({ success: true, data });
    },
  }),
  route({
    method: 'GET',
    path: '/api/requests/:requestId/content',
    summary: 'What was asked and answered, where the workspace keeps it',
    access: 'signed-in',
    params: byId,
    answers: { 200: contentAnswer },
    statuses: [200, 401, 404, 409],
    async handle(deps: RequestsFaceDeps, { actor, origin, params }) {
      const { expiresAtMs, ...content } = await readContent(deps, { actor, origin }, known(params.requestId));
      return ok({ success: true, data: { ...content, expiresAt: isoOf(expiresAtMs) } });
    },
  }),
];
