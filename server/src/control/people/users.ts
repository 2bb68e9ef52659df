/** The people of the installation, as administrators keep them. Sign-up is closed: whoever comes in was made here. */
import { changesBetween } from '../../domain/audit.ts';
import { Refusal } from '../../domain/errors.ts';
import type { Language, OrganizationRole, Permission } from '../../domain/owner.ts';
import { isUuid } from '../../lib/ids.ts';
import type { WriteStep } from '../../storage/driver.ts';
import {
  deleteSessionsOf,
  erasePerson,
  insertPerson,
  listPeople,
  personById,
  requireAdministrator,
  requirePersonAsOf,
  stalePerson,
  updatePerson,
  type PersonRecord,
} from '../../storage/people.ts';
import { deleteSteps } from '../../storage/connections.ts';
import { listRevisions, type ObjectState } from '../../storage/object-revisions.ts';
import { commit, keptState, type Caller } from '../change.ts';
import { refuseStale, type Expected } from '../conflict.ts';
import type { ControlDeps } from '../deps.ts';
import { detachSteps } from '../connection-dependants.ts';
import { scrubSecrets } from '../scrub.ts';
import { againWhileStale, notFound, refusing, stale } from '../stale.ts';
import type { PeopleDeps } from './deps.ts';

const generatedBytes = 15;

export const emailExists = (): Refusal => new Refusal('EMAIL_EXISTS');

/** Newest first; `text` searches names and e-mail addresses. */
export const listUsers = (deps: PeopleDeps, page: { cursor?: string; limit: number; text?: string }): Promise<PersonRecord[]> =>
  listPeople(deps.database, page);

export interface UserInput {
  /** In lower case. */
  email: string;
  name: string;
  role?: OrganizationRole;
  /** In the place of what the role brings; null is the role's own. */
  permissions?: Permission[] | null;
  language?: Language;
  password?: string;
}

/**
 * Makes a person. Without a password one is generated and returned, to be shown once.
 * @throws Refusal EMAIL_EXISTS
 */
export async function createUser(
  deps: ControlDeps & Pick<PeopleDeps, 'passwords'>,
  caller: Caller,
  input: UserInput,
): Promise<{ person: PersonRecord; generatedPassword: string | null }> {
  const generatedPassword = input.password === undefined ? Buffer.from(deps.ids.bytes(generatedBytes)).toString('base64url') : null;
  const userId = deps.ids.uuid();
  const role = input.role ?? 'user';
  const language = input.language ?? caller.actor.language;
  const passwordHash = await deps.passwords.hash(input.password ?? generatedPassword ?? '');
  // Most people are where those are who let them in; their profile has the last word.
  const timeZone = deps.keeper.snapshot.people.get(caller.actor.userId)?.timeZone;
  const person = { userId, accountId: deps.ids.uuid(), email: input.email, name: input.name, passwordHash, role, language, timeZone };
  const nowMs = deps.clock.nowMs();
  const permissions = input.permissions ?? null;
  const steps = [
    ...insertPerson(deps.database, person, nowMs),
    ...(permissions === null ? [] : updatePerson(deps.database, userId, { permissions }, nowMs)),
  ];
  const committed = commit(deps, caller, steps, {
    action: 'user.create',
    subjectType: 'user',
    subjectId: userId,
    subjectName: input.email,
    owner: null,
    changes: changesBetween({}, { email: input.email, name: input.name, role, language, permissions }),
    state: keptState(null, null, { name: input.name, role, permissions, disabled: false }),
  });
  await refusing(committed, { users_email_key: emailExists });
  return { person: await userById(deps, userId), generatedPassword };
}

/** @throws Refusal NOT_FOUND */
export async function userById(deps: Pick<ControlDeps, 'database'>, userId: string): Promise<PersonRecord> {
  const person = isUuid(userId) ? await personById(deps.database, userId) : undefined;
  if (!person) throw notFound();
  return person;
}

export interface UserChange {
  role?: OrganizationRole;
  permissions?: Permission[] | null;
  disabled?: boolean;
  name?: string;
}

/** What the history of a person keeps: never what they sign in with, nor what they chose for themselves alone. */
export const personState = ({ name, role, permissions, disabledAtMs }: PersonRecord): ObjectState => ({
  name,
  role,
  permissions,
  disabled: disabledAtMs !== null,
});

/** A kept state, as it would be asked for. */
export function personInput(state: ObjectState): UserChange {
  const { name, role, permissions, disabled } = state as unknown as Required<UserChange>;
  return { name, role, permissions, disabled };
}

/**
 * Changes a person. Disabling ends all sessions in the same transaction; personal tokens and access keys are dead as soon as
 * the snapshot knows, which is before this resolves.
 * @throws Refusal NOT_FOUND, LAST_ADMINISTRATOR, CONFLICT, STALE
 */
export const changeUser = (
  deps: ControlDeps,
  caller: Caller,
  userId: string,
  change: UserChange,
  expected?: Expected<PersonRecord>,
): Promise<PersonRecord> => againWhileStale(() => changeOnce(deps, caller, userId, change, expected));

/**
 * The revision that a change must be made from. Language, time zone and looks raise it too, and are the person's own business: whoever
 * has the form open sees nothing of them, and meets no conflict for them. What others see is in the history, each time.
 */
async function revisionFor({ database }: ControlDeps, person: PersonRecord, expected: Expected<PersonRecord> | undefined): Promise<number> {
  const { userId, revision } = person;
  if (!expected || expected.revision >= revision) return revision;
  const [newest] = await listRevisions(database, 'user', userId);
  return (newest?.revision ?? 0) <= expected.revision ? expected.revision : revision;
}

async function changeOnce(
  deps: ControlDeps,
  caller: Caller,
  userId: string,
  change: UserChange,
  expected?: Expected<PersonRecord>,
): Promise<PersonRecord> {
  const person = await userById(deps, userId);
  const revision = await revisionFor(deps, person, expected);
  await refuseStale(deps, expected, { row: person, revision, type: 'user', id: userId });
  const nowMs = deps.clock.nowMs();
  const before = personState(person);
  const after = { ...before, ...Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined)) };
  const isChanging = after['disabled'] !== before['disabled'];
  const { role, permissions, name } = change;
  const disabledAtMs = isChanging ? (change.disabled ? nowMs : null) : undefined;
  const steps: WriteStep[] = [
    requirePersonAsOf(deps.database, userId, person.revision),
    ...updatePerson(deps.database, userId, { role, permissions, name, disabledAtMs }, nowMs),
  ];
  if (change.disabled === true) steps.push(deleteSessionsOf(deps.database, userId));
  steps.push(requireAdministrator(deps.database));
  const committed = commit(deps, caller, steps, {
    action: 'user.update',
    subjectType: 'user',
    subjectId: userId,
    subjectName: person.email,
    owner: null,
    changes: changesBetween(before, after),
    state: keptState(person, before, after),
  });
  await refusing(committed, {
    'last-administrator': () => new Refusal('LAST_ADMINISTRATOR'),
    person: notFound,
    [stalePerson]: stale,
  });
  return userById(deps, userId);
}

/**
 * Deletes a person: what they signed in with, their tokens, keys and memberships, and the connections that were theirs alone, with
 * their secrets. What belongs to workspaces stays (C-42), and so do the books, without a name.
 * @throws Refusal NOT_FOUND, LAST_ADMINISTRATOR
 */
export async function deleteUser(deps: PeopleDeps, caller: Caller, userId: string): Promise<void> {
  const person = await userById(deps, userId);
  const nowMs = deps.clock.nowMs();
  const connections = [...deps.keeper.snapshot.connectionsOf({ scope: 'user', id: userId })];
  const steps: WriteStep[] = [
    ...erasePerson(deps.database, userId, nowMs),
    ...connections.flatMap(({ id }) => [...detachSteps(deps, id), ...deleteSteps(deps.database, id, nowMs)]),
    requireAdministrator(deps.database),
  ];
  const committed = commit(deps, caller, steps, {
    action: 'user.delete',
    subjectType: 'user',
    subjectId: userId,
    subjectName: person.email,
    owner: null,
    changes: changesBetween({ email: person.email, name: person.name, role: person.role, connections: connections.length }, {}),
  });
  await refusing(committed, {
    'last-administrator': () => new Refusal('LAST_ADMINISTRATOR'),
    person: notFound,
    connection: () => new Refusal('STALE'),
  });
  await scrubSecrets(deps);
}
