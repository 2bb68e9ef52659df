/** Limits and budgets over HTTP: set on keys, people, workspaces, connections and routing groups, with what is used of them. */
import {
  limitAnswer,
  limitChange,
  limitCreate,
  limitEventsAnswer,
  limitEventsQuery,
  limitsAnswer,
  limitSettingsAnswer,
  limitSettingsChange,
  limitsQuery,
} from '@patchbay/contract/limits';
import { done } from '@patchbay/contract/people';
import { pathId } from '@patchbay/contract/text';
import { z } from 'zod';
import { changeLimitSettings } from '../../control/limit-settings.ts';
import {
  allLimits,
  changeLimit,
  createLimit,
  limitEventsOf,
  limitsOf,
  removeLimit,
  seeLimit,
  type LimitDeps,
} from '../../control/limits.ts';
import { unfit } from '../../domain/errors.ts';
import { limitSettingsOf, type LimitRecord, type LimitSettings } from '../../storage/limits.ts';
import { expectedOf } from '../kit/expected.ts';
import type { PlaneDeps } from '../kit/plane.ts';
import { created, ok, route, type Route } from '../kit/route.ts';
import { fromLimit, fromLimitEvent } from './dialect.ts';

export type LimitFaceDeps = LimitDeps & PlaneDeps;

const byId = z.object({ id: pathId });
/** As a conflict shows what the limit is now; how much of it is used is asked for again. */
const showRecord = (record: LimitRecord) => fromLimit({ limit: record, record, use: { used: 0, resetsAtMs: null }, canManage: true });
const showSettings = ({ timeZone, outputTokensCeiling, revision }: LimitSettings) => ({ timeZone, outputTokensCeiling, revision });

export const routes: readonly Route<LimitFaceDeps>[] = [
  route({
    method: 'GET',
    path: '/api/limits',
    summary: 'The limits of one subject, with what is used of them; for administrators also those of everybody',
    access: 'signed-in',
    query: limitsQuery,
    answers: { 200: limitsAnswer },
    statuses: [200, 400, 401, 403, 404],
    async handle(deps: LimitFaceDeps, { actor, query }) {
      const { subjectKind, subjectId, ...page } = query;
      if (subjectId === undefined) {
        const found = await allLimits(deps, actor, { ...page, subjectKind });
        const nextCursor = found.length < query.limit ? null : (found.at(-1)?.record.id ?? null);
        return ok({ success: true, data: found.map(fromLimit), nextCursor, canCreate: true });
      }
      if (subjectKind === undefined) throw unfit({ path: 'subjectKind', code: 'required', message: 'the kind of the subject' });
      const { limits, canCreate } = await limitsOf(deps, actor, { kind: subjectKind, id: subjectId });
      return ok({ success: true, data: limits.map(fromLimit), nextCursor: null, canCreate });
    },
  }),
  route({
    method: 'POST',
    path: '/api/limits',
    summary: 'Set a limit or a budget',
    access: 'signed-in',
    body: limitCreate,
    answers: { 201: limitAnswer },
    statuses: [201, 400, 401, 403, 404, 409],
    async handle(deps: LimitFaceDeps, { actor, origin, body }) {
      const { subjectKind, subjectId, ...rest } = body;
      const limit = await createLimit(deps, { actor, origin }, { ...rest, subject: { kind: subjectKind, id: subjectId } });
      return created({ success: true, data: fromLimit(limit) });
    },
  }),
  route({
    method: 'GET',
    path: '/api/limits/:id',
    summary: 'One limit, with what is used of it',
    access: 'signed-in',
    params: byId,
    answers: { 200: limitAnswer },
    statuses: [200, 401, 403, 404],
    async handle(deps: LimitFaceDeps, { actor, params }) {
      return ok({ success: true, data: fromLimit(await seeLimit(deps, actor, params.id)) });
    },
  }),
  route({
    method: 'PATCH',
    path: '/api/limits/:id',
    summary: 'Change the value of a limit, when people are told, and whether it refuses',
    access: 'signed-in',
    params: byId,
    body: limitChange,
    answers: { 200: limitAnswer },
    statuses: [200, 400, 401, 403, 404, 409],
    async handle(deps: LimitFaceDeps, { actor, origin, request, params, body }) {
      const { revision: _revision, ...change } = body;
      const limit = await changeLimit(deps, { actor, origin }, params.id, change, expectedOf(request, body, showRecord));
      return ok({ success: true, data: fromLimit(limit) });
    },
  }),
  route({
    method: 'DELETE',
    path: '/api/limits/:id',
    summary: 'Take a limit away',
    access: 'signed-in',
    params: byId,
    answers: { 200: done },
    statuses: [200, 401, 403, 404],
    async handle(deps: LimitFaceDeps, { actor, origin, params }) {
      await removeLimit(deps, { actor, origin }, params.id);
      return ok({ success: true, data: null });
    },
  }),
  route({
    method: 'GET',
    path: '/api/limit-events',
    summary: 'When the limits of a subject were neared, reached, or would have been',
    access: 'signed-in',
    query: limitEventsQuery,
    answers: { 200: limitEventsAnswer },
    statuses: [200, 400, 401, 403, 404],
    async handle(deps: LimitFaceDeps, { actor, query }) {
      const events = await limitEventsOf(deps, actor, { kind: query.subjectKind, id: query.subjectId }, query.limit);
      return ok({ success: true, data: events.map(fromLimitEvent) });
    },
  }),
  route({
    method: 'GET',
    path: '/api/limit-settings',
    summary: 'What holds for all limits',
    access: 'administrator',
    answers: { 200: limitSettingsAnswer },
    statuses: [200, 401, 403],
    async handle(deps: LimitFaceDeps) {
      return ok({ success: true, data: showSettings(await limitSettingsOf(deps.database)) });
    },
  }),
  route({
    method: 'PATCH',
    path: '/api/limit-settings',
    summary: 'Change what holds for all limits',
    access: 'administrator',
    body: limitSettingsChange,
    answers: { 200: limitSettingsAnswer },
    statuses: [200, 400, 401, 403, 409],
    async handle(deps: LimitFaceDeps, { actor, origin, request, body }) {
      const { revision: _revision, ...change } = body;
      const settings = await changeLimitSettings(deps, { actor, origin }, change, expectedOf(request, body, showSettings));
      return ok({ success: true, data: showSettings(settings) });
    },
  }),
];
