/** The caller's own profile, sessions and personal tokens. */
import { done, meAnswer, meChange, sessionsAnswer, tokenCreate, tokenCreated, tokensAnswer, tokensQuery } from '@patchbay/contract/people';
import { pathId } from '@patchbay/contract/text';
import { z } from 'zod';
import type { Events } from '../../control/events.ts';
import { createToken, listTokens, revokeToken } from '../../control/personal-tokens.ts';
import type { PeopleDeps } from '../../control/people/deps.ts';
import { changeProfile, profileOf, sessionsOf } from '../../control/people/profile.ts';
import { endOtherSessions, endSession } from '../../control/people/sign-in.ts';
import type { PlaneDeps } from '../kit/plane.ts';
import { pageAnswer } from '../kit/page.ts';
import { created, ok, route, type Route } from '../kit/route.ts';
import { fromProfile, fromSession, fromToken, msOf } from './dialect.ts';

export type MeFaceDeps = PeopleDeps & PlaneDeps & { events: Events };

const byId = z.object({ id: pathId });
const nothing = { success: true, data: null } as const;

const profileRoutes: Route<MeFaceDeps>[] = [
  route({
    method: 'GET',
    path: '/api/me',
    summary: 'The caller',
    access: 'signed-in',
    answers: { 200: meAnswer },
    statuses: [200, 401],
    async handle(deps: MeFaceDeps, { actor }) {
      // Taken before anything is read: what changes meanwhile is told, at worst twice.
      const { lastId } = deps.events;
      return ok({ success: true, data: fromProfile(await profileOf(deps, actor), actor, lastId) });
    },
  }),
  route({
    method: 'PATCH',
    path: '/api/me',
    summary: 'Change the own profile',
    access: 'signed-in',
    body: meChange,
    answers: { 200: meAnswer },
    statuses: [200, 400, 401],
    async handle(deps: MeFaceDeps, { actor, origin, body }) {
      const { lastId } = deps.events;
      return ok({ success: true, data: fromProfile(await changeProfile(deps, { actor, origin }, body), actor, lastId) });
    },
  }),
  route({
    method: 'GET',
    path: '/api/me/sessions',
    summary: 'The own sessions',
    access: 'signed-in',
    answers: { 200: sessionsAnswer },
    statuses: [200, 401],
    async handle(deps: MeFaceDeps, { actor, request }) {
      const sessions = await sessionsOf(deps, actor, request.headers);
      return ok({ success: true, data: sessions.map(fromSession) });
    },
  }),
  route({
    method: 'DELETE',
    path: '/api/me/sessions',
    summary: 'End every own session but the one that asks',
    access: 'signed-in',
    answers: { 200: done },
    statuses: [200, 401],
    async handle(deps: MeFaceDeps, { actor, origin, request }) {
      await endOtherSessions(deps, request.headers, { actor, origin });
      return ok(nothing);
    },
  }),
  route({
    method: 'DELETE',
    path: '/api/me/sessions/:id',
    summary: 'End one of the own sessions',
    access: 'signed-in',
    params: byId,
    answers: { 200: done },
    statuses: [200, 401, 404],
    async handle(deps: MeFaceDeps, { actor, origin, params }) {
      await endSession(deps, { actor, origin }, params.id);
      return ok(nothing);
    },
  }),
];

const tokenRoutes: Route<MeFaceDeps>[] = [
  route({
    method: 'GET',
    path: '/api/tokens',
    summary: 'The own personal tokens',
    access: 'signed-in',
    query: tokensQuery,
    answers: { 200: tokensAnswer },
    statuses: [200, 400, 401],
    async handle(deps: MeFaceDeps, { actor, query }) {
      const { ended: withEnded, ...page } = query;
      const tokens = await listTokens(deps, actor, { ...page, withEnded });
      return ok(pageAnswer(tokens.map(fromToken), query.limit));
    },
  }),
  route({
    method: 'POST',
    path: '/api/tokens',
    summary: 'Make a personal token; the answer shows it once',
    access: 'signed-in',
    body: tokenCreate,
    answers: { 201: tokenCreated },
    statuses: [201, 400, 401],
    async handle(deps: MeFaceDeps, { actor, origin, body }) {
      const { token, text } = await createToken(deps, { actor, origin }, { name: body.name, expiresAtMs: msOf(body.expiresAt) });
      return created({ success: true, data: { ...fromToken(token), token: text } });
    },
  }),
  route({
    method: 'DELETE',
    path: '/api/tokens/:id',
    summary: 'Revoke one of the own personal tokens',
    access: 'signed-in',
    params: byId,
    answers: { 200: done },
    statuses: [200, 401, 404],
    async handle(deps: MeFaceDeps, { actor, origin, params }) {
      await revokeToken(deps, { actor, origin }, params.id);
      return ok(nothing);
    },
  }),
];

export const routes: readonly Route<MeFaceDeps>[] = [...profileRoutes, ...tokenRoutes];
