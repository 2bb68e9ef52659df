/** `/api/admin/settings/retention`: how long rows are kept, and what was removed last. For administrators. */
import { retentionAnswer, retentionChange } from '@patchbay/contract/requests';
import type { z } from 'zod';
import { changeRetention, showRetention, type AllRetention, type RetentionControlDeps } from '../../control/retention.ts';
import { isoOf } from '../../lib/iso-time.ts';
import { expectedOf, tagged } from '../kit/expected.ts';
import type { PlaneDeps } from '../kit/plane.ts';
import { ok, route, type Route } from '../kit/route.ts';

export type RetentionFaceDeps = RetentionControlDeps & PlaneDeps;

const fromRetention = ({ revision, rows }: AllRetention): z.input<typeof retentionAnswer>['data'] => ({
  revision,
  rows: rows.map(({ lastRun, ...row }) => ({
    ...row,
    lastRun: lastRun && {
      at: isoOf(lastRun.ranAtMs),
      removed: lastRun.removed,
      removedTotal: lastRun.removedTotal,
      isBehind: lastRun.isBehind,
    },
  })),
});

export const routes: readonly Route<RetentionFaceDeps>[] = [
  route({
    method: 'GET',
    path: '/api/admin/settings/retention',
    summary: 'How long rows are kept, and what was removed last',
    access: 'administrator',
    answers: { 200: retentionAnswer },
    statuses: [200, 401, 403],
    async handle(deps: RetentionFaceDeps, { reply }) {
      const shown = await showRetention(deps);
      tagged(reply, shown.revision);
      return ok({ success: true, data: fromRetention(shown) });
    },
  }),
  route({
    method: 'PATCH',
    path: '/api/admin/settings/retention',
    summary: 'Keep rows for another time; null goes back to the default',
    access: 'administrator',
    body: retentionChange,
    answers: { 200: retentionAnswer },
    statuses: [200, 400, 401, 403, 409],
    async handle(deps: RetentionFaceDeps, { actor, origin, request, body, reply }) {
      const shown = await changeRetention(deps, { actor, origin }, body.days, expectedOf(request, body, fromRetention));
      tagged(reply, shown.revision);
      return ok({ success: true, data: fromRetention(shown) });
    },
  }),
];
