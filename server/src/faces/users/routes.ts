/** The people of the installation, for administrators. */
import { done, userAnswer, userChange, userCreate, userCreated, usersAnswer, usersQuery } from '@patchbay/contract/people';
import { pathId } from '@patchbay/contract/text';
import { z } from 'zod';
import type { PeopleDeps } from '../../control/people/deps.ts';
import { resetFactor } from '../../control/people/second-factor.ts';
import { changeUser, createUser, deleteUser, listUsers } from '../../control/people/users.ts';
import { expectedOf, tagged } from '../kit/expected.ts';
import type { PlaneDeps } from '../kit/plane.ts';
import { pageAnswer } from '../kit/page.ts';
import { created, ok, route, type Route } from '../kit/route.ts';
import { fromPerson } from '../me/dialect.ts';

export type UserFaceDeps = PeopleDeps & PlaneDeps;

const byId = z.object({ id: pathId });

export const routes: readonly Route<UserFaceDeps>[] = [
  route({
    method: 'GET',
    path: '/api/admin/users',
    summary: 'The people of the installation',
    access: 'administrator',
    query: usersQuery,
    answers: { 200: usersAnswer },
    statuses: [200, 400, 401, 403],
    async handle(deps: UserFaceDeps, { query }) {
      const { cursor, limit, q } = query;
      const people = await listUsers(deps, { cursor, limit, text: q });
      return ok(pageAnswer(people.map(fromPerson), limit));
    },
  }),
  route({
    method: 'POST',
    path: '/api/admin/users',
    summary: 'Make a person; a generated password is shown once',
    access: 'administrator',
    body: userCreate,
    answers: { 201: userCreated },
    statuses: [201, 400, 401, 403, 409],
    async handle(deps: UserFaceDeps, { actor, origin, body, reply }) {
      const { person, generatedPassword } = await createUser(deps, { actor, origin }, body);
      tagged(reply, person.revision);
      return created({ success: true, data: { ...fromPerson(person), generatedPassword } });
    },
  }),
  route({
    method: 'PATCH',
    path: '/api/admin/users/:id',
    summary: 'Change, disable or enable a person',
    access: 'administrator',
    params: byId,
    body: userChange,
    answers: { 200: userAnswer },
    statuses: [200, 400, 401, 403, 404, 409],
    async handle(deps: UserFaceDeps, { actor, origin, request, params, body, reply }) {
      const { revision: _revision, ...change } = body;
      const person = await changeUser(deps, { actor, origin }, params.id, change, expectedOf(request, body, fromPerson));
      tagged(reply, person.revision);
      return ok({ success: true, data: fromPerson(person) });
    },
  }),
  route({
    method: 'DELETE',
    path: '/api/admin/users/:id',
    summary: 'Delete a person for good, with what was theirs alone',
    access: 'administrator',
    params: byId,
    answers: { 200: done },
    statuses: [200, 401, 403, 404, 409],
    async handle(deps: UserFaceDeps, { actor, origin, params }) {
      await deleteUser(deps, { actor, origin }, params.id);
      return ok({ success: true, data: null });
    },
  }),
  route({
    method: 'DELETE',
    path: '/api/admin/users/:id/second-factor',
    summary: 'Take the second factor of somebody who lost it away, and end their sessions',
    access: 'administrator',
    params: byId,
    answers: { 200: done },
    statuses: [200, 401, 403, 404, 409],
    async handle(deps: UserFaceDeps, { actor, origin, params }) {
      await resetFactor(deps, { actor, origin }, params.id);
      return ok({ success: true, data: null });
    },
  }),
];
