/** Access keys over HTTP: made and shown once, changed, revoked. */
import {
  accessKeyAnswer,
  accessKeyChange,
  accessKeyCreate,
  accessKeyCreated,
  accessKeysAnswer,
  accessKeysQuery,
} from '@patchbay/contract/access-keys';
import { done } from '@patchbay/contract/people';
import { pathId } from '@patchbay/contract/text';
import { z } from 'zod';
import { changeAccessKey, createAccessKey, listAccessKeys, revokeAccessKey, seeAccessKey } from '../../control/access-keys.ts';
import type { ControlDeps } from '../../control/deps.ts';
import type { PlaneDeps } from '../kit/plane.ts';
import { pageAnswer } from '../kit/page.ts';
import { created, ok, route, type Route } from '../kit/route.ts';
import { fromAccessKey, toLimits } from './dialect.ts';

export type AccessKeyFaceDeps = ControlDeps & PlaneDeps;

const byId = z.object({ id: pathId });

export const routes: readonly Route<AccessKeyFaceDeps>[] = [
  route({
    method: 'GET',
    path: '/api/access-keys',
    summary: 'The access keys that the caller may see',
    access: 'signed-in',
    query: accessKeysQuery,
    answers: { 200: accessKeysAnswer },
    statuses: [200, 400, 401],
    async handle(deps: AccessKeyFaceDeps, { actor, query }) {
      const keys = await listAccessKeys(deps, actor, query);
      return ok(pageAnswer(keys.map(fromAccessKey), query.limit));
    },
  }),
  route({
    method: 'POST',
    path: '/api/access-keys',
    summary: 'Make an access key; the answer shows it once',
    access: 'signed-in',
    body: accessKeyCreate,
    answers: { 201: accessKeyCreated },
    statuses: [201, 400, 401, 403, 404],
    async handle(deps: AccessKeyFaceDeps, { actor, origin, body }) {
      const input = { ...toLimits(body), workspaceId: body.workspaceId ?? null };
      const { key, text } = await createAccessKey(deps, { actor, origin }, input);
      return created({ success: true, data: { ...fromAccessKey(key), key: text } });
    },
  }),
  route({
    method: 'GET',
    path: '/api/access-keys/:id',
    summary: 'One access key',
    access: 'signed-in',
    params: byId,
    answers: { 200: accessKeyAnswer },
    statuses: [200, 401, 404],
    async handle(deps: AccessKeyFaceDeps, { actor, params }) {
      return ok({ success: true, data: fromAccessKey(await seeAccessKey(deps, actor, params.id)) });
    },
  }),
  route({
    method: 'PATCH',
    path: '/api/access-keys/:id',
    summary: 'Change name and limits of an access key',
    access: 'signed-in',
    params: byId,
    body: accessKeyChange,
    answers: { 200: accessKeyAnswer },
    statuses: [200, 400, 401, 403, 404],
    async handle(deps: AccessKeyFaceDeps, { actor, origin, params, body }) {
      return ok({ success: true, data: fromAccessKey(await changeAccessKey(deps, { actor, origin }, params.id, toLimits(body))) });
    },
  }),
  route({
    method: 'DELETE',
    path: '/api/access-keys/:id',
    summary: 'Revoke an access key',
    access: 'signed-in',
    params: byId,
    answers: { 200: done },
    statuses: [200, 401, 404],
    async handle(deps: AccessKeyFaceDeps, { actor, origin, params }) {
      await revokeAccessKey(deps, { actor, origin }, params.id);
      return ok({ success: true, data: null });
    },
  }),
];
