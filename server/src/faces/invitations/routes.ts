/** Invitations over HTTP: made and withdrawn by those who may, seen and accepted by whoever holds the link. */
import {
  invitationAccept,
  invitationCreate,
  invitationCreated,
  invitationLook,
  invitationsAnswer,
  invitationSeen,
  invitationsQuery,
} from '@patchbay/contract/invitations';
import { done, signedIn } from '@patchbay/contract/people';
import { pathId } from '@patchbay/contract/text';
import { z } from 'zod';
import type { PeopleDeps } from '../../control/people/deps.ts';
import { acceptInvitation, createInvitation, listInvitations, revokeInvitation, seeInvitation } from '../../control/people/invitations.ts';
import { signIn } from '../../control/people/sign-in.ts';
import { Refusal } from '../../domain/errors.ts';
import { isoOf } from '../../lib/iso-time.ts';
import { putCookies } from '../auth/cookies.ts';
import { userOf } from '../auth/dialect.ts';
import { refuseOtherSites } from '../auth/routes.ts';
import { pageAnswer } from '../kit/page.ts';
import type { PlaneDeps } from '../kit/plane.ts';
import { created, ok, route, type Route } from '../kit/route.ts';
import { fromInvitation } from './dialect.ts';

export type InvitationFaceDeps = PeopleDeps & PlaneDeps;

const byId = z.object({ id: pathId });

const inviterRoutes: Route<InvitationFaceDeps>[] = [
  route({
    method: 'GET',
    path: '/api/invitations',
    summary: 'Open invitations that the caller may see',
    access: 'signed-in',
    query: invitationsQuery,
    answers: { 200: invitationsAnswer },
    statuses: [200, 400, 401, 403, 404],
    async handle(deps: InvitationFaceDeps, { actor, query }) {
      const invitations = await listInvitations(deps, actor, query);
      return ok(pageAnswer(invitations.map(fromInvitation), query.limit));
    },
  }),
  route({
    method: 'POST',
    path: '/api/invitations',
    summary: 'Invite somebody; the answer shows the token of the link once',
    access: 'signed-in',
    body: invitationCreate,
    answers: { 201: invitationCreated },
    statuses: [201, 400, 401, 403, 404, 409],
    async handle(deps: InvitationFaceDeps, { actor, origin, body }) {
      const made = await createInvitation(deps, { actor, origin }, body);
      const data =
        'added' in made
          ? { invitation: null, added: { id: made.added.userId, name: made.added.name, email: made.added.email } }
          : { invitation: { ...fromInvitation(made.invitation), token: made.token }, added: null };
      return created({ success: true, data });
    },
  }),
  route({
    method: 'DELETE',
    path: '/api/invitations/:id',
    summary: 'Withdraw an invitation',
    access: 'signed-in',
    params: byId,
    answers: { 200: done },
    statuses: [200, 401, 404],
    async handle(deps: InvitationFaceDeps, { actor, origin, params }) {
      await revokeInvitation(deps, { actor, origin }, params.id);
      return ok({ success: true, data: null });
    },
  }),
];

// The token travels in the body: addresses are kept in logs and histories.
const invitedRoutes: Route<InvitationFaceDeps>[] = [
  route({
    method: 'POST',
    path: '/api/invitations/look',
    summary: 'What an invitation is for',
    access: 'open',
    body: invitationLook,
    answers: { 200: invitationSeen },
    statuses: [200, 400, 401, 403, 404, 429],
    async handle(deps: InvitationFaceDeps, { body, request, origin }) {
      refuseOtherSites(deps, request);
      const { invitation, organization } = await seeInvitation(deps, origin, body.token);
      const { email, creatorName, workspaceName, expiresAtMs } = invitation;
      return ok({
        success: true,
        data: { email, invitedBy: creatorName, organization, workspace: workspaceName, expiresAt: isoOf(expiresAtMs) },
      });
    },
  }),
  route({
    method: 'POST',
    path: '/api/invitations/accept',
    summary: 'Accept an invitation: makes the account and signs in',
    access: 'open',
    body: invitationAccept,
    answers: { 201: signedIn },
    statuses: [201, 400, 401, 403, 404, 409, 429],
    async handle(deps: InvitationFaceDeps, { body, request, reply, origin }) {
      refuseOtherSites(deps, request);
      const { email } = await acceptInvitation(deps, origin, { ...body, language: body.language ?? request.language });
      const { actor, setCookies } = await signIn(deps, request.headers, origin, { email, password: body.password });
      // Disabled or given a second factor between two statements: the account is there, and the door says the rest.
      if (!actor) throw new Refusal('SIGN_IN_EXPIRED');
      putCookies(reply, setCookies);
      return created({ success: true, data: { user: userOf(actor) } });
    },
  }),
];

export const routes: readonly Route<InvitationFaceDeps>[] = [...inviterRoutes, ...invitedRoutes];
