/** The caller's own second factor. All of it needs a session: a personal token must not outgrow itself. */
import { done } from '@patchbay/contract/people';
import { confirmBody, factorBegun, passwordBody, recoveryCodesAnswer } from '@patchbay/contract/second-factor';
import { beginFactor, confirmFactor, endFactor, newRecoveryCodes } from '../../control/people/second-factor.ts';
import { putCookies } from '../auth/cookies.ts';
import { created, ok, route, type Route } from '../kit/route.ts';
import type { MeFaceDeps } from './routes.ts';

export const routes: readonly Route<MeFaceDeps>[] = [
  route({
    method: 'POST',
    path: '/api/me/second-factor',
    summary: 'Begin a second factor; the answer shows its secret and recovery codes once',
    access: 'signed-in',
    body: passwordBody,
    answers: { 201: factorBegun },
    statuses: [201, 400, 401, 403, 409, 429],
    async handle(deps: MeFaceDeps, { actor, origin, request, body }) {
      return created({ success: true, data: await beginFactor(deps, request.headers, { actor, origin }, body) });
    },
  }),
  route({
    method: 'POST',
    path: '/api/me/second-factor/confirm',
    summary: 'Turn the second factor on with a first code; every other session ends',
    access: 'signed-in',
    body: confirmBody,
    answers: { 200: done },
    statuses: [200, 400, 401, 403, 409, 429],
    async handle(deps: MeFaceDeps, { actor, origin, request, reply, body }) {
      const { setCookies } = await confirmFactor(deps, request.headers, { actor, origin }, body);
      putCookies(reply, setCookies);
      return ok({ success: true, data: null });
    },
  }),
  route({
    method: 'POST',
    path: '/api/me/second-factor/recovery-codes',
    summary: 'Make new recovery codes; the old ones are void',
    access: 'signed-in',
    body: passwordBody,
    answers: { 201: recoveryCodesAnswer },
    statuses: [201, 400, 401, 403, 409, 429],
    async handle(deps: MeFaceDeps, { actor, origin, request, body }) {
      const recoveryCodes = await newRecoveryCodes(deps, request.headers, { actor, origin }, body);
      return created({ success: true, data: { recoveryCodes } });
    },
  }),
  route({
    method: 'POST',
    path: '/api/me/second-factor/off',
    summary: 'Turn the second factor off',
    access: 'signed-in',
    body: passwordBody,
    answers: { 200: done },
    statuses: [200, 400, 401, 403, 409, 429],
    async handle(deps: MeFaceDeps, { actor, origin, request, reply, body }) {
      const { setCookies } = await endFactor(deps, request.headers, { actor, origin }, body);
      putCookies(reply, setCookies);
      return ok({ success: true, data: null });
    },
  }),
];
