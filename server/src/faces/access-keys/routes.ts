/** Access keys over HTTP: made and shown once, changed, revoked. */
import {
  accessKeyAnswer,
  accessKeyChange,
  accessKeyCreate,
  accessKeyCreated,
  accessKeysAnswer,
  accessKeyRotate,
  accessKeysQuery,
  type AccessKeyView,
} from '@patchbay/contract/access-keys';
import { done } from '@patchbay/contract/people';
import { pathId } from '@patchbay/contract/text';
import { z } from 'zod';
import {
  changeAccessKey,
  createAccessKey,
  listAccessKeys,
  revokeAccessKey,
  rotateAccessKey,
  seeAccessKey,
  spentOf,
} from '../../control/access-keys.ts';
import type { ControlDeps } from '../../control/deps.ts';
import type { AccessKeyRecord } from '../../storage/access-keys.ts';
import { expectedOf } from '../kit/expected.ts';
import type { PlaneDeps } from '../kit/plane.ts';
import { pageAnswer } from '../kit/page.ts';
import { created, ok, route, type Route } from '../kit/route.ts';
import { fromAccessKey, toLimits } from './dialect.ts';

export type AccessKeyFaceDeps = ControlDeps & PlaneDeps;

const byId = z.object({ id: pathId });

async function viewOf(deps: AccessKeyFaceDeps, key: AccessKeyRecord): Promise<AccessKeyView> {
  return fromAccessKey(key, (await spentOf(deps, [key])).get(key.id));
}

export const routes: readonly Route<AccessKeyFaceDeps>[] = [
  route({
    method: 'GET',
    path: '/api/access-keys',
    summary: 'The access keys that the caller may see',
    access: 'signed-in',
    query: accessKeysQuery,
    answers: { 200: accessKeysAnswer },
    statuses: [200, 400, 401, 403, 404],
    async handle(deps: AccessKeyFaceDeps, { actor, query }) {
      const { ended: withEnded, ...page } = query;
      const keys = await listAccessKeys(deps, actor, { ...page, withEnded });
      const spent = await spentOf(deps, keys);
      const views = keys.map((key) => fromAccessKey(key, spent.get(key.id)));
      return ok(pageAnswer(views, query.limit));
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
      return ok({ success: true, data: await viewOf(deps, await seeAccessKey(deps, actor, params.id)) });
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
    statuses: [200, 400, 401, 403, 404, 409],
    async handle(deps: AccessKeyFaceDeps, { actor, origin, request, params, body }) {
      const { revision: _revision, ...limits } = toLimits(body);
      const expected = expectedOf(request, body, (key: AccessKeyRecord) => fromAccessKey(key));
      return ok({ success: true, data: await viewOf(deps, await changeAccessKey(deps, { actor, origin }, params.id, limits, expected)) });
    },
  }),
  route({
    method: 'POST',
    path: '/api/access-keys/:id/rotate',
    summary: 'Give an access key a new text, shown once; the old one may stay good for some hours',
    access: 'signed-in',
    params: byId,
    body: accessKeyRotate,
    answers: { 201: accessKeyCreated },
    statuses: [201, 400, 401, 403, 404, 409],
    async handle(deps: AccessKeyFaceDeps, { actor, origin, params, body }) {
      const { key, text } = await rotateAccessKey(deps, { actor, origin }, params.id, body);
      return created({ success: true, data: { ...(await viewOf(deps, key)), key: text } });
    },
  }),
  route({
    method: 'DELETE',
    path: '/api/access-keys/:id',
    summary: 'Revoke an access key',
    access: 'signed-in',
    params: byId,
    answers: { 200: done },
    statuses: [200, 401, 403, 404],
    async handle(deps: AccessKeyFaceDeps, { actor, origin, params }) {
      await revokeAccessKey(deps, { actor, origin }, params.id);
      return ok({ success: true, data: null });
    },
  }),
];
