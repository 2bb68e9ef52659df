/** Turns names into ids and back: a file knows the first, an installation the second. */
import { isBlank } from '@patchbay/contract/blank';
import { ownerKey, type Owner } from '../../domain/owner.ts';
import { unfit, type Refusal } from '../../domain/errors.ts';
import { nameKeyOf } from '../../storage/name-key.ts';
import { listWorkspaces } from '../../storage/workspaces.ts';
import { ownerNames } from '../operator-names.ts';
import type { ControlDeps } from '../deps.ts';
import type { ConnectionName } from './shapes.ts';

const workspacesMax = 20_000;

/**
 * What a thing is called in the file. A name that nobody can see was taken once and is refused now: such a thing is told by its id, here
 * and where the file is applied, so that an export can always be read again.
 */
export const nameInFile = ({ id, name }: { id: string; name: string }): string =>
  isBlank(name) ? `unnamed ${id.slice(-idCharsShown)}` : name;

/** Of an id: those that tell it from the others of its millisecond. */
const idCharsShown = 12;

export interface Names {
  ownerOf(text: string): Owner;
  ownerText(owner: Owner): string;
  workspaceId(name: string): string;
  workspaceName(id: string): string;
  userId(email: string): string;
  email(userId: string): string;
  /** Whether somebody who is known by this address is disabled or deleted. */
  isAway(email: string): boolean;
  connectionId(name: ConnectionName): string;
  /** Null for a connection that is gone. */
  connectionName(id: string): ConnectionName | null;
  groupId(name: ConnectionName): string;
  groupName(id: string): ConnectionName | null;
  repositoryId(workspace: string, name: string): string;
}

const unknown = (what: string, name: string): Refusal => unfit({ path: '', code: 'unknown_name', message: `there is no ${what} ${name}` });

/** A key for maps: names are compared as the house compares them (C-30). */
export const keyOfName = ({ owner, name }: ConnectionName): string => `${ownerKeyOfText(owner)}/${nameKeyOf(name)}`;
export const ownerKeyOfText = (owner: string): string => nameKeyOf(owner);

/** The names as they are now. */
export async function loadNames(deps: Pick<ControlDeps, 'database' | 'keeper'>): Promise<Names> {
  const { snapshot } = deps.keeper;
  const workspaces = (await listWorkspaces(deps.database, 'all', workspacesMax)).map((one) => ({ id: one.id, name: nameInFile(one) }));
  const idOfWorkspace = new Map(workspaces.map(({ id, name }) => [nameKeyOf(name), id]));
  const nameOfWorkspace = new Map(workspaces.map(({ id, name }) => [id, name]));
  const texts = new Map(await ownerNames(deps));
  for (const { id, name } of workspaces) texts.set(ownerKey({ scope: 'workspace', id }), `workspace:${name}`);
  const idOfUser = new Map([...snapshot.people.values()].map(({ userId, email }) => [email.toLowerCase(), userId]));
  const ownerText = (owner: Owner): string => texts.get(ownerKey(owner)) ?? ownerKey(owner);
  const named = (thing: { id: string; owner: Owner; name: string } | undefined): ConnectionName | null =>
    thing ? { owner: ownerText(thing.owner), name: nameInFile(thing) } : null;
  const isCalled = (thing: { id: string; name: string }, name: string): boolean => nameKeyOf(nameInFile(thing)) === nameKeyOf(name);
  const workspaceId = (name: string): string => {
    const id = idOfWorkspace.get(nameKeyOf(name));
    if (id === undefined) throw unknown('workspace', name);
    return id;
  };
  const userId = (email: string): string => {
    const id = idOfUser.get(email.toLowerCase());
    if (id === undefined) throw unknown('person', email);
    return id;
  };
  const ownerOf = (text: string): Owner => {
    if (text === 'organization') return { scope: 'organization', id: snapshot.organizationId };
    const name = text.slice(text.indexOf(':') + 1);
    return text.startsWith('user:') ? { scope: 'user', id: userId(name) } : { scope: 'workspace', id: workspaceId(name) };
  };
  return {
    ownerOf,
    ownerText,
    workspaceId,
    workspaceName: (id) => nameOfWorkspace.get(id) ?? id,
    userId,
    email: (id) => snapshot.people.get(id)?.email ?? id,
    isAway(email) {
      const id = idOfUser.get(email.toLowerCase());
      return id !== undefined && snapshot.isAway({ scope: 'user', id });
    },
    connectionId(name) {
      for (const connection of snapshot.connectionsOf(ownerOf(name.owner))) if (isCalled(connection, name.name)) return connection.id;
      throw unknown('connection', `${name.name} of ${name.owner}`);
    },
    connectionName: (id) => named(snapshot.connections.get(id)),
    groupId(name) {
      const owner = ownerKey(ownerOf(name.owner));
      for (const group of snapshot.routing.values()) if (ownerKey(group.owner) === owner && isCalled(group, name.name)) return group.id;
      throw unknown('routing group', `${name.name} of ${name.owner}`);
    },
    groupName: (id) => named(snapshot.routing.byId(id)),
    repositoryId(workspace, name) {
      const inside = workspaceId(workspace);
      for (const repository of snapshot.repositories.values())
        if (repository.workspaceId === inside && isCalled(repository, name)) return repository.id;
      throw unknown('repository', `${name} of ${workspace}`);
    },
  };
}
