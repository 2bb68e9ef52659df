/** What hangs on a connection. Each kind of thing that may refer to one has its finder here, so that no deletion forgets it. */
import type { Connection } from '../domain/connection.ts';
import type { Dependant } from '../domain/connection-rules.ts';
import type { Actor } from '../domain/owner.ts';
import { chatsOfConnection } from '../storage/chats.ts';
import type { WriteStep } from '../storage/driver.ts';
import { peopleWithPreferences } from '../storage/model-preferences.ts';
import { workspaceById } from '../storage/workspaces.ts';
import type { ControlDeps } from './deps.ts';
import { repositoryFinder } from './repository-dependants.ts';
import { backedUpBy, routingGroupFinder } from './routing-dependants.ts';
import { useCaseFinder } from './use-case-dependants.ts';
import { mayInWorkspace } from './workspaces.ts';

export interface DependantFinder {
  kind: Dependant['kind'];
  /** Things of this kind that refer to the connection, at most 100. */
  find(deps: ControlDeps, connectionId: string): Promise<Dependant[]>;
  /** A step that fails the deletion as `inUseLabel` where one came to refer to it since `find` looked, here or on another instance. */
  guard(deps: ControlDeps, connection: Pick<Connection, 'id' | 'owner'>): WriteStep;
  /** Steps that take the connection out of all of them, for a forced deletion. */
  detach(deps: ControlDeps, connectionId: string): WriteStep[];
}

/** Each kind of thing adds its own; what they say is shown in this order. */
export const dependantFinders: readonly DependantFinder[] = [repositoryFinder, useCaseFinder, routingGroupFinder];

/** Everything that would fail without a connection (C-08). */
export async function dependantsOf(deps: ControlDeps, connectionId: string, finders = dependantFinders): Promise<Dependant[]> {
  const found = await Promise.all(finders.map((finder) => finder.find(deps, connectionId)));
  return found.flat();
}

export const detachSteps = (deps: ControlDeps, connectionId: string, finders = dependantFinders): WriteStep[] =>
  finders.flatMap((finder) => finder.detach(deps, connectionId));

export const unusedSteps = (deps: ControlDeps, connection: Connection, finders = dependantFinders): WriteStep[] =>
  finders.map((finder) => finder.guard(deps, connection));

/** One thing, or several of one kind, that a connection is used by. */
export interface Use {
  kind: Dependant['kind'] | 'default' | 'chat' | 'access_key' | 'model_preference' | 'backup';
  id: string | null;
  name: string | null;
  count: number;
  isBlocking: boolean;
}

const several = (kind: Use['kind'], count: number): Use[] =>
  count === 0 ? [] : [{ kind, id: null, name: null, count, isBlocking: false }];

/** Keys whose list of models names the connection, `Name/gpt-4o` or `Name/*`. */
function keysNaming(deps: ControlDeps, connection: Connection): number {
  const prefix = `${connection.name.toLowerCase()}/`;
  // A key that was rotated may stand there under two texts.
  const naming = new Set<string>();
  for (const { id, models, revokedAtMs } of deps.keeper.snapshot.accessKeys.values())
    if (revokedAtMs === null && models?.some((pattern) => pattern.toLowerCase().startsWith(prefix))) naming.add(id);
  return naming.size;
}

async function defaultOf(deps: ControlDeps, { isDefault, owner }: Connection): Promise<Use[]> {
  if (!isDefault) return [];
  const name =
    owner.scope === 'workspace'
      ? ((await workspaceById(deps.database, owner.id))?.name ?? null)
      : owner.scope === 'user'
        ? (deps.keeper.snapshot.people.get(owner.id)?.name ?? null)
        : null;
  return [{ kind: 'default', id: owner.id, name, count: 1, isBlocking: false }];
}

/** Those of workspaces that the actor does not see are counted and not named. */
function asSeen(actor: Actor, dependants: readonly Dependant[]): Use[] {
  const isSeen = ({ workspaceId }: Dependant): boolean => workspaceId === undefined || mayInWorkspace(actor, workspaceId, 'READ');
  const seen = dependants.filter(isSeen).map(({ kind, id, name }): Use => ({ kind, id, name, count: 1, isBlocking: true }));
  const unseen = Map.groupBy(
    dependants.filter((dependant) => !isSeen(dependant)),
    ({ kind }) => kind,
  );
  return [...seen, ...[...unseen].map(([kind, all]): Use => ({ kind, id: null, name: null, count: all.length, isBlocking: true }))];
}

/**
 * Everything that uses a connection: first what keeps it from being deleted, then what falls back to something else without it.
 * Chats and keys are counted and not named, because they belong to people whom the caller may not know.
 */
export async function usesOf(deps: ControlDeps, actor: Actor, connection: Connection, finders = dependantFinders): Promise<Use[]> {
  const [dependants, default_, chats, preferences] = await Promise.all([
    dependantsOf(deps, connection.id, finders),
    defaultOf(deps, connection),
    chatsOfConnection(deps.database, connection.id),
    peopleWithPreferences(deps.database, connection.id),
  ]);
  return [
    ...asSeen(actor, dependants),
    ...default_,
    ...several('backup', backedUpBy(deps, connection)),
    ...several('chat', chats),
    ...several('access_key', keysNaming(deps, connection)),
    ...several('model_preference', preferences),
  ];
}
