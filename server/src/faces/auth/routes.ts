/** Sign-in, sign-out, the session, the password, and the first set-up. Of better-auth's paths only these exist. */
import {
  changePasswordBody,
  done,
  sessionAnswer,
  setupBody,
  setupStatus,
  signedIn,
  signInAnswer,
  signInBody,
} from '@patchbay/contract/people';
import { secondStepBody } from '@patchbay/contract/second-factor';
import type { FastifyRequest } from 'fastify';
import type { PeopleDeps } from '../../control/people/deps.ts';
import { isSetupNeeded, setUp } from '../../control/people/setup.ts';
import { changePassword, secondStep, signIn, signOut } from '../../control/people/sign-in.ts';
import { Refusal } from '../../domain/errors.ts';
import { isoOf } from '../../lib/iso-time.ts';
import type { PlaneDeps } from '../kit/plane.ts';
import { created, ok, route, type Route } from '../kit/route.ts';
import { putCookies } from './cookies.ts';
import { userOf } from './dialect.ts';

export type AuthFaceDeps = PeopleDeps & PlaneDeps;

/**
 * Signing somebody in from another site's page would make them work in a stranger's account. Nobody has a session yet, so the
 * kit's own check does not apply; programs, which send neither header, may pass.
 */
export function refuseOtherSites(deps: Pick<AuthFaceDeps, 'isOwnOrigin'>, request: FastifyRequest): void {
  const { origin, host } = request.headers;
  const site = request.headers['sec-fetch-site'];
  if (site === 'same-origin') return;
  if (site !== undefined || (origin !== undefined && !deps.isOwnOrigin(origin, host))) throw new Refusal('CSRF_REFUSED');
}

// Open routes need no credentials, but refuse bad ones with 401: a caller who sends a dead token should hear of it.
const setupRoutes: Route<AuthFaceDeps>[] = [
  route({
    method: 'GET',
    path: '/api/setup',
    summary: 'Whether the first set-up is open',
    access: 'open',
    answers: { 200: setupStatus },
    statuses: [200, 401],
    async handle(deps: AuthFaceDeps) {
      const needed = await isSetupNeeded(deps);
      const { environment } = deps;
      const told =
        needed && environment ? { baseUrl: environment.baseUrl, model: environment.model, hasSecret: environment.secret !== null } : null;
      return ok({ success: true, data: { needed, demoOffered: needed && deps.isDemoOffered, environment: told } });
    },
  }),
  route({
    method: 'POST',
    path: '/api/setup',
    summary: 'Make the first administrator',
    access: 'open',
    body: setupBody,
    answers: { 201: signedIn },
    statuses: [201, 400, 401, 403, 409],
    async handle(deps: AuthFaceDeps, { body, request, reply, origin }) {
      refuseOtherSites(deps, request);
      const actor = await setUp(deps, origin, { ...body, language: body.language ?? request.language });
      const started = await signIn(deps, {}, origin, { email: body.email, password: body.password });
      putCookies(reply, started.setCookies);
      return created({ success: true, data: { user: userOf(actor) } });
    },
  }),
];

const sessionRoutes: Route<AuthFaceDeps>[] = [
  route({
    method: 'POST',
    path: '/api/auth/sign-in/email',
    summary: 'Sign in with e-mail address and password',
    access: 'open',
    body: signInBody,
    answers: { 200: signInAnswer },
    statuses: [200, 400, 401, 403, 429],
    async handle(deps: AuthFaceDeps, { body, request, reply, origin }) {
      refuseOtherSites(deps, request);
      const { actor, setCookies } = await signIn(deps, request.headers, origin, body);
      putCookies(reply, setCookies);
      return ok({ success: true, data: { user: actor && userOf(actor), secondFactor: actor === null } });
    },
  }),
  route({
    method: 'POST',
    path: '/api/auth/sign-in/second-step',
    summary: 'Finish a sign-in with a code of the authenticator, or with a recovery code',
    access: 'open',
    body: secondStepBody,
    answers: { 200: signedIn },
    statuses: [200, 400, 401, 403, 429],
    async handle(deps: AuthFaceDeps, { body, request, reply, origin }) {
      refuseOtherSites(deps, request);
      const proof = body.code === undefined ? { recoveryCode: body.recoveryCode ?? '' } : { code: body.code };
      const { actor, setCookies } = await secondStep(deps, request.headers, origin, proof);
      putCookies(reply, setCookies);
      return ok({ success: true, data: { user: userOf(actor) } });
    },
  }),
  route({
    method: 'POST',
    path: '/api/auth/sign-out',
    summary: 'End the session',
    access: 'open',
    answers: { 200: done },
    statuses: [200, 401, 403],
    async handle(deps: AuthFaceDeps, { request, reply, origin }) {
      refuseOtherSites(deps, request);
      const { setCookies } = await signOut(deps, request.headers, origin, request.actor);
      putCookies(reply, setCookies);
      return ok({ success: true, data: null });
    },
  }),
  route({
    method: 'GET',
    path: '/api/auth/get-session',
    summary: 'The session behind the cookie, or null; prolongs it',
    access: 'open',
    answers: { 200: sessionAnswer },
    statuses: [200, 401],
    async handle(deps: AuthFaceDeps, { request, reply }) {
      const { actor } = request;
      if (actor?.via !== 'session') return ok({ success: true, data: null });
      const { session, setCookies } = await deps.auth.sessionOf(request.headers);
      putCookies(reply, setCookies);
      return ok({
        success: true,
        data: session && { user: userOf(actor), session: { id: session.id, expiresAt: isoOf(session.expiresAtMs) } },
      });
    },
  }),
  route({
    method: 'POST',
    path: '/api/auth/change-password',
    summary: 'Change the own password; ends every other session',
    access: 'signed-in',
    body: changePasswordBody,
    answers: { 200: done },
    statuses: [200, 400, 401, 403, 429],
    async handle(deps: AuthFaceDeps, { body, request, reply, actor, origin }) {
      const { setCookies } = await changePassword(deps, request.headers, { actor, origin }, body);
      putCookies(reply, setCookies);
      return ok({ success: true, data: null });
    },
  }),
];

export const routes: readonly Route<AuthFaceDeps>[] = [...setupRoutes, ...sessionRoutes];
