/** `GET /api/configurations/:id/headroom`: how close a connection is to its provider's own rate limits, as the provider last said. */
import { headroomAnswer, type Headroom } from '@patchbay/contract/headroom';
import { idParams } from '@patchbay/contract/connections';
import { showConnection } from '../../control/connections.ts';
import type { ControlDeps } from '../../control/deps.ts';
import type { ConnectionHeadroom, HeadroomBook } from '../../gateway/headroom.ts';
import { isoOf, isoOrNull } from '../../lib/iso-time.ts';
import type { PlaneDeps } from '../kit/plane.ts';
import { ok, route, type Route } from '../kit/route.ts';

export type HeadroomDeps = ControlDeps & PlaneDeps & { headroom?: HeadroomBook };

export const fromHeadroom = ({ seenAtMs, model, level, waitUntilMs, figures }: ConnectionHeadroom): Headroom => ({
  seenAt: isoOf(seenAtMs),
  model,
  level,
  waitUntil: isoOrNull(waitUntilMs),
  figures: figures.map(({ resetAtMs, ...figure }) => ({ ...figure, resetAt: isoOrNull(resetAtMs) })),
});

export const routes: readonly Route<HeadroomDeps>[] = [
  route({
    method: 'GET',
    path: '/api/configurations/:id/headroom',
    summary: "What its provider last said of the provider's own rate limits, to this server",
    access: 'signed-in',
    params: idParams,
    answers: { 200: headroomAnswer },
    statuses: [200, 401, 403, 404],
    async handle(deps: HeadroomDeps, { actor, origin, params }) {
      const { connection } = await showConnection(deps, { actor, origin }, params.id);
      const last = deps.headroom?.of(connection.id) ?? null;
      return ok({ success: true, data: last && fromHeadroom(last) });
    },
  }),
];
