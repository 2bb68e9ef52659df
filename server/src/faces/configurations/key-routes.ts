/** The two routes about what a configuration's key did: replacing it, and what was used with it. */
import { rotateAnswer, rotateKey, usageAnswer, usageQuery } from '@patchbay/contract/configurations';
import { idParams } from '@patchbay/contract/connections';
import { translate } from '@patchbay/contract/translate';
import { rotateSecret } from '../../control/connection-rotate.ts';
import { usageOf, type ConnectionUsageDeps } from '../../control/connection-usage.ts';
import type { PlaneDeps } from '../kit/plane.ts';
import { ok, route, type Route } from '../kit/route.ts';
import { fromRotation } from './dialect.ts';

type Deps = ConnectionUsageDeps & PlaneDeps;

export const keyRoutes: readonly Route<Deps>[] = [
  route({
    method: 'POST',
    path: '/api/configurations/:id/rotate-key',
    summary: 'Replace the key, or encrypt the stored one anew',
    access: 'signed-in',
    params: idParams,
    body: rotateKey,
    answers: { 200: rotateAnswer },
    statuses: [200, 400, 401, 403, 404, 409, 429],
    async handle(deps: Deps, { actor, origin, request, params, body }) {
      const secret = body?.apiKey ?? null;
      const rotation = await rotateSecret(deps, { actor, origin }, params.id, { secret, isTestedFirst: body?.validate ?? false });
      const isRotated = rotation.rotatedAtMs !== null;
      const message = translate(
        request.language,
        `connections.${isRotated ? (secret === null ? 'resealed' : 'rotated') : 'rotationRefused'}`,
      );
      return ok({ success: isRotated, message, data: fromRotation(rotation, request.language) });
    },
  }),
  route({
    method: 'GET',
    path: '/api/configurations/:id/usage',
    summary: 'What was used, by day',
    access: 'signed-in',
    params: idParams,
    query: usageQuery,
    answers: { 200: usageAnswer },
    statuses: [200, 400, 401, 403, 404],
    async handle(deps: Deps, { actor, origin, params, query }) {
      return ok({ success: true, data: await usageOf(deps, { actor, origin }, params.id, query) });
    },
  }),
];
