/** What hangs on a connection. Each kind of thing that may refer to one has its finder here, so that no deletion forgets it. */
import type { Connection } from '../domain/connection.ts';
import type { Dependant } from '../domain/connection-rules.ts';
import { chatsOfConnection } from '../storage/chats.ts';
import type { WriteStep } from '../storage/driver.ts';
import { peopleWithPreferences } from '../storage/model-preferences.ts';
import { workspaceById } from '../storage/workspaces.ts';
import type { ControlDeps } from './deps.ts';

export interface DependantFinder {
  kind: Dependant['kind'];
  /** Things of this kind that refer to the connection, at most 100. */
  find(deps: ControlDeps, connectionId: string): Promise<Dependant[]>;
  /** Steps that take the connection out of all of them, for a forced deletion. */
  detach(deps: ControlDeps, connectionId: string): WriteStep[];
}

/** Repositories, use cases and routing groups add theirs as they are built. */
export const dependantFinders: readonly DependantFinder[] = [];

/** Everything that would fail without a connection (C-08). */
export async function dependantsOf(deps: ControlDeps, connectionId: string, finders = dependantFinders): Promise<Dependant[]> {
  const found = await Promise.all(finders.map((finder) => finder.find(deps, connectionId)));
  return found.flat();
}

export const detachSteps = (deps: ControlDeps, connectionId: string, finders = dependantFinders): WriteStep[] =>
  finders.flatMap((finder) => finder.detach(deps, connectionId));

/** One thing, or several of one kind, that a connection is used by. */
export interface Use {
  kind: Dependant['kind'] | 'default' | 'chat' | 'access_key' | 'model_preference';
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

/**
 * Everything that uses a connection: first what keeps it from being deleted, then what falls back to something else without it.
 * Chats and keys are counted and not named, because they belong to people whom the caller may not know.
 */
export async function usesOf(deps: ControlDeps, connection: Connection, finders = dependantFinders): Promise<Use[]> {
  const [dependants, default_, chats, preferences] = await Promise.all([
    dependantsOf(deps, connection.id, finders),
    defaultOf(deps, connection),
    chatsOfConnection(deps.database, connection.id),
    peopleWithPreferences(deps.database, connection.id),
  ]);
  return [
    ...dependants.map((dependant): Use => ({ ...dependant, count: 1, isBlocking: true })),
    ...default_,
    ...several('chat', chats),
    ...several('access_key', keysNaming(deps, connection)),
    ...several('model_preference', preferences),
  ];
}
