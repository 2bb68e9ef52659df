/** `/api/revisions/:type/:id`: every state that a configuration object had, what differs, and the way back to one. */
import { diffAnswer, diffQuery, revisionsAnswer, rollbackAnswer, rollbackBody } from '@patchbay/contract/audit';
import { revisionTypes, type RevisionType } from '@patchbay/contract/revision-types';
import { pathId } from '@patchbay/contract/text';
import { z } from 'zod';
import { changesOf, diffOf, historyOf, rollBack, type RevisionDeps } from '../../control/revisions.ts';
import { Refusal } from '../../domain/errors.ts';
import { isoOf } from '../../lib/iso-time.ts';
import type { PlaneDeps } from '../kit/plane.ts';
import { ok, route, type Route } from '../kit/route.ts';

export type RevisionFaceDeps = RevisionDeps & PlaneDeps;

const byObject = z.object({ type: pathId, id: pathId });

/** @throws Refusal NOT_FOUND for a kind of object that has no history */
function typeOf(text: string): RevisionType {
  const type = revisionTypes.find((one) => one === text);
  if (!type) throw new Refusal('NOT_FOUND');
  return type;
}

export const routes: readonly Route<RevisionFaceDeps>[] = [
  route({
    method: 'GET',
    path: '/api/revisions/:type/:id',
    summary: 'The states of a configuration object, newest first',
    access: 'signed-in',
    params: byObject,
    answers: { 200: revisionsAnswer },
    statuses: [200, 401, 403, 404],
    async handle(deps: RevisionFaceDeps, { actor, origin, params }) {
      const revisions = await historyOf(deps, { actor, origin }, typeOf(params.type), params.id);
      const data = revisions.map(({ revision, atMs, actor: who, action, name, state }, index) => ({
        revision,
        at: isoOf(atMs),
        actor: who,
        action,
        name,
        state,
        changes: changesOf(revisions, index),
        isCurrent: index === 0 && state !== null,
      }));
      return ok({ success: true, data });
    },
  }),
  route({
    method: 'GET',
    path: '/api/revisions/:type/:id/diff',
    summary: 'What differs between two states of a configuration object',
    access: 'signed-in',
    params: byObject,
    query: diffQuery,
    answers: { 200: diffAnswer },
    statuses: [200, 400, 401, 403, 404],
    async handle(deps: RevisionFaceDeps, { actor, origin, params, query }) {
      const changes = await diffOf(deps, { actor, origin }, typeOf(params.type), params.id, query);
      return ok({ success: true, data: { changes } });
    },
  }),
  route({
    method: 'POST',
    path: '/api/revisions/:type/:id/rollback',
    summary: 'Bring an earlier state of a configuration object back, as an ordinary change',
    access: 'signed-in',
    params: byObject,
    body: rollbackBody,
    answers: { 200: rollbackAnswer },
    statuses: [200, 400, 401, 403, 404, 409],
    async handle(deps: RevisionFaceDeps, { actor, origin, params, body }) {
      const revision = await rollBack(deps, { actor, origin }, typeOf(params.type), params.id, body.revision);
      return ok({ success: true, data: { revision } });
    },
  }),
];
