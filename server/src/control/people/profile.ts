/** What people see and change of themselves. */
import type { Actor } from '../../domain/owner.ts';
import { changesBetween } from '../../domain/audit.ts';
import {
  listSessions,
  personById,
  requirePersonAsOf,
  stalePerson,
  updatePerson,
  type PersonChange,
  type PersonRecord,
  type SessionRecord,
} from '../../storage/people.ts';
import { listWorkspaces, organizationOf, type WorkspaceRecord } from '../../storage/workspaces.ts';
import { commit, keptState, type Caller } from '../change.ts';
import { againWhileStale, notFound, refusing, stale } from '../stale.ts';
import type { HeaderFields } from './auth.ts';
import type { PeopleDeps } from './deps.ts';
import { personState } from './users.ts';

/** More workspaces than a person could look through; the rest is found by searching. */
const workspacesMax = 1000;
const sessionsMax = 100;

export interface Profile {
  person: PersonRecord;
  organization: { id: string; name: string };
  workspaces: WorkspaceRecord[];
}

/** The caller, as stored now. @throws Refusal NOT_FOUND where the row is gone, which no way through the house leads to */
export async function profileOf(deps: PeopleDeps, actor: Actor): Promise<Profile> {
  const [person, organization, workspaces] = await Promise.all([
    personById(deps.database, actor.userId),
    organizationOf(deps.database),
    listWorkspaces(deps.database, actor.role === 'administrator' ? 'all' : [...actor.workspaces.keys()], workspacesMax),
  ]);
  if (!person || !organization) throw notFound();
  return { person, organization, workspaces };
}

export type ProfileChange = Pick<PersonChange, 'name' | 'language' | 'timeZone' | 'theme'>;

/** @throws Refusal NOT_FOUND, STALE */
export const changeProfile = (deps: PeopleDeps, caller: Caller, change: ProfileChange): Promise<Profile> =>
  againWhileStale(async () => {
    const { person } = await profileOf(deps, caller.actor);
    const { name, language, timeZone, theme } = person;
    const before = { name, language, timeZone, theme };
    const steps = [
      requirePersonAsOf(deps.database, person.userId, person.revision),
      ...updatePerson(deps.database, person.userId, change, deps.clock.nowMs()),
    ];
    const isRenamed = change.name !== undefined && change.name !== name;
    const state = personState(person);
    const committed = commit(deps, caller, steps, {
      action: 'user.update',
      subjectType: 'user',
      subjectId: person.userId,
      subjectName: person.email,
      owner: { scope: 'user', id: person.userId },
      changes: changesBetween(before, { ...before, ...change }),
      // Language, time zone and looks are nobody else's business.
      ...(isRenamed && { state: keptState(person, state, { ...state, name: change.name }) }),
    });
    await refusing(committed, { person: notFound, [stalePerson]: stale });
    return profileOf(deps, caller.actor);
  });

/** The caller's live sessions, newest first; the one that asks is marked. */
export async function sessionsOf(
  deps: PeopleDeps,
  actor: Actor,
  headers: HeaderFields,
): Promise<(SessionRecord & { isCurrent: boolean })[]> {
  const { session } = actor.via === 'session' ? await deps.auth.sessionOf(headers) : { session: null };
  const sessions = await listSessions(deps.database, actor.userId, deps.clock.nowMs(), sessionsMax);
  return sessions.map((one) => ({ ...one, isCurrent: one.id === session?.id }));
}
