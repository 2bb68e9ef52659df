/** `/api/admin/mail`: the mail server of the installation. */
import { mailServerAnswer, mailServerPut, mailTest, sentAnswer } from '@patchbay/contract/alerts';
import { done } from '@patchbay/contract/people';
import type { AlertSendRoom } from '../../control/alert-channels.ts';
import { clearMailServer, mailServerOf, setMailServer, testMailServer } from '../../control/mail-server.ts';
import { expectedOf, tagged } from '../kit/expected.ts';
import type { PlaneDeps } from '../kit/plane.ts';
import { ok, route, type Route } from '../kit/route.ts';
import { fromMail } from './dialect.ts';

type Deps = AlertSendRoom & PlaneDeps;

const access = 'administrator';

export const mailRoutes: readonly Route<Deps>[] = [
  route({
    method: 'GET',
    path: '/api/admin/mail',
    summary: 'The mail server that alerts are sent through; null where none is set',
    access,
    answers: { 200: mailServerAnswer },
    statuses: [200, 401, 403],
    async handle(deps: Deps, { reply }) {
      const server = await mailServerOf(deps);
      if (server) tagged(reply, server.revision);
      return ok({ success: true, data: server && fromMail(server) });
    },
  }),
  route({
    method: 'PUT',
    path: '/api/admin/mail',
    summary: 'Set the mail server; its password belongs to that server and is never shown again',
    access,
    body: mailServerPut,
    answers: { 200: mailServerAnswer },
    statuses: [200, 400, 401, 403, 409],
    async handle(deps: Deps, { actor, origin, request, body, reply }) {
      const { revision: _revision, ...input } = body;
      const server = await setMailServer(deps, { actor, origin }, input, expectedOf(request, body, fromMail));
      tagged(reply, server.revision);
      return ok({ success: true, data: fromMail(server) });
    },
  }),
  route({
    method: 'DELETE',
    path: '/api/admin/mail',
    summary: 'Take the mail server and its password away',
    access,
    answers: { 200: done },
    statuses: [200, 401, 403, 404],
    async handle(deps: Deps, { actor, origin }) {
      await clearMailServer(deps, { actor, origin });
      return ok({ success: true, data: null });
    },
  }),
  route({
    method: 'POST',
    path: '/api/admin/mail/test',
    summary: 'Send a test mail, and say what the server answered',
    access,
    body: mailTest,
    answers: { 200: sentAnswer },
    statuses: [200, 400, 401, 403, 404],
    async handle(deps: Deps, { actor, origin, body }) {
      const { isSent, code, answer } = await testMailServer(deps, { actor, origin }, body.to);
      return ok({ success: true, data: { isSent, errorCode: code, answer } });
    },
  }),
];
