/** The caller's own profile, sessions and personal tokens, and for administrators the people of the installation. */
import {
  done,
  meAnswer,
  meChange,
  sessionsAnswer,
  tokenCreate,
  tokenCreated,
  tokensAnswer,
  userAnswer,
  userChange,
  userCreate,
  userCreated,
  usersAnswer,
  usersQuery,
} from '@patchbay/contract/people';
import { paging } from '@patchbay/contract/paging';
import { pathId } from '@patchbay/contract/text';
import { z } from 'zod';
import { createToken, listTokens, revokeToken } from '../../control/personal-tokens.ts';
import type { PeopleDeps } from '../../control/people/deps.ts';
import { changeProfile, profileOf, sessionsOf } from '../../control/people/profile.ts';
import { endSession } from '../../control/people/sign-in.ts';
import { changeUser, createUser, listUsers } from '../../control/people/users.ts';
import type { PlaneDeps } from '../kit/plane.ts';
import { pageAnswer } from '../kit/page.ts';
import { created, ok, route, type Route } from '../kit/route.ts';
import { fromPerson, fromProfile, fromSession, fromToken, msOf } from './dialect.ts';

export type MeFaceDeps = PeopleDeps & PlaneDeps;

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
      return ok({ success: true, data: fromProfile(await profileOf(deps, actor), actor) });
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
      return ok({ success: true, data: fromProfile(await changeProfile(deps, { actor, origin }, body), actor) });
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
    query: paging,
    answers: { 200: tokensAnswer },
    statuses: [200, 400, 401],
    async handle(deps: MeFaceDeps, { actor, query }) {
      const tokens = await listTokens(deps, actor, query);
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

const userRoutes: Route<MeFaceDeps>[] = [
  route({
    method: 'GET',
    path: '/api/admin/users',
    summary: 'The people of the installation',
    access: 'administrator',
    query: usersQuery,
    answers: { 200: usersAnswer },
    statuses: [200, 400, 401, 403],
    async handle(deps: MeFaceDeps, { query }) {
      const { cursor, limit, q } = query;
      const people = await listUsers(deps, { cursor, limit, text: q });
      return ok(pageAnswer(people.map(fromPerson), limit));
    },
  }),
  route({
    method: 'POST',
    path: '/api/admin/users',
    summary: 'Make a person; a generated password is shown once',
    access: 'administrator',
    body: userCreate,
    answers: { 201: userCreated },
    statuses: [201, 400, 401, 403, 409],
    async handle(deps: MeFaceDeps, { actor, origin, body }) {
      const { person, generatedPassword } = await createUser(deps, { actor, origin }, body);
      return created({ success: true, data: { ...fromPerson(person), generatedPassword } });
    },
  }),
  route({
    method: 'PATCH',
    path: '/api/admin/users/:id',
    summary: 'Change, disable or enable a person',
    access: 'administrator',
    params: byId,
    body: userChange,
    answers: { 200: userAnswer },
    statuses: [200, 400, 401, 403, 404, 409],
    async handle(deps: MeFaceDeps, { actor, origin, params, body }) {
      return ok({ success: true, data: fromPerson(await changeUser(deps, { actor, origin }, params.id, body)) });
    },
  }),
];

export const routes: readonly Route<MeFaceDeps>[] = [...profileRoutes, ...tokenRoutes, ...userRoutes];
