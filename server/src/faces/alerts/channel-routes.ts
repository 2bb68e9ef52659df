/** `/api/alert-channels`: where alerts go. */
import {
  alertChannelAnswer,
  alertChannelChange,
  alertChannelCreate,
  alertChannelsAnswer,
  alertParams,
  sentAnswer,
} from '@patchbay/contract/alerts';
import { done } from '@patchbay/contract/people';
import {
  changeChannel,
  channelFor,
  createChannel,
  deleteChannel,
  listChannels,
  testChannel,
  type AlertSendRoom,
  type SavedChannel,
} from '../../control/alert-channels.ts';
import type { AlertChannel } from '../../domain/alert.ts';
import type { Actor } from '../../domain/owner.ts';
import { expectedOf, tagged } from '../kit/expected.ts';
import type { PlaneDeps } from '../kit/plane.ts';
import { created, ok, route, type Route } from '../kit/route.ts';
import { fromChannel } from './dialect.ts';
import { workspaceNamesOf } from './names.ts';

type Deps = AlertSendRoom & PlaneDeps;

const access = 'signed-in';

async function shown(deps: Deps, actor: Actor, { channel, signingSecret }: SavedChannel) {
  const names = await workspaceNamesOf(deps, [channel.owner]);
  return { success: true, data: { ...fromChannel(actor, channel, names), signingSecret } };
}

export const channelRoutes: readonly Route<Deps>[] = [
  route({
    method: 'GET',
    path: '/api/alert-channels',
    summary: 'Channels that the caller may see, the oldest first, with what was delivered last',
    access,
    answers: { 200: alertChannelsAnswer },
    statuses: [200, 401],
    async handle(deps: Deps, { actor }) {
      const channels = await listChannels(deps, actor);
      const names = await workspaceNamesOf(
        deps,
        channels.map(({ channel }) => channel.owner),
      );
      const data = channels.map(({ channel, last }) => fromChannel(actor, channel, names, last));
      return ok({ success: true, data, isMailReady: deps.keeper.snapshot.alerting.mail !== null });
    },
  }),
  route({
    method: 'POST',
    path: '/api/alert-channels',
    summary: "Make a channel of one's own, of a workspace, or of the installation; a signing secret is shown this once",
    access,
    body: alertChannelCreate,
    answers: { 201: alertChannelAnswer },
    statuses: [201, 400, 401, 403, 404],
    async handle(deps: Deps, { actor, origin, body, reply }) {
      const saved = await createChannel(deps, { actor, origin }, body);
      tagged(reply, saved.channel.revision);
      return created(await shown(deps, actor, saved));
    },
  }),
  route({
    method: 'GET',
    path: '/api/alert-channels/:id',
    summary: 'One channel',
    access,
    params: alertParams,
    answers: { 200: alertChannelAnswer },
    statuses: [200, 401, 403, 404],
    async handle(deps: Deps, { actor, origin, params, reply }) {
      const { channel } = await channelFor(deps, { actor, origin }, params.id, 'see', 'alert_channel.read');
      tagged(reply, channel.revision);
      return ok(await shown(deps, actor, { channel, signingSecret: null }));
    },
  }),
  route({
    method: 'PATCH',
    path: '/api/alert-channels/:id',
    summary: 'Change the named fields; the kind and the owner never change',
    access,
    params: alertParams,
    body: alertChannelChange,
    answers: { 200: alertChannelAnswer },
    statuses: [200, 400, 401, 403, 404, 409],
    async handle(deps: Deps, { actor, origin, request, params, body, reply }) {
      const { revision: _revision, ...input } = body;
      const show = (current: AlertChannel) => fromChannel(actor, current, new Map());
      const saved = await changeChannel(deps, { actor, origin }, params.id, input, expectedOf(request, body, show));
      tagged(reply, saved.channel.revision);
      return ok(await shown(deps, actor, saved));
    },
  }),
  route({
    method: 'DELETE',
    path: '/api/alert-channels/:id',
    summary: 'Delete a channel and what it sends with; the log of deliveries stays',
    access,
    params: alertParams,
    answers: { 200: done },
    statuses: [200, 401, 403, 404],
    async handle(deps: Deps, { actor, origin, params }) {
      await deleteChannel(deps, { actor, origin }, params.id);
      return ok({ success: true, data: null });
    },
  }),
  route({
    method: 'POST',
    path: '/api/alert-channels/:id/test',
    summary: 'Send a test now, and say what the receiver answered',
    access,
    params: alertParams,
    answers: { 200: sentAnswer },
    statuses: [200, 401, 403, 404],
    async handle(deps: Deps, { actor, origin, params }) {
      const { isSent, code, answer } = await testChannel(deps, { actor, origin }, params.id);
      return ok({ success: true, data: { isSent, errorCode: code, answer } });
    },
  }),
];
