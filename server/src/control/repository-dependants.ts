/** Repositories in the way of a deletion: those that use a connection, and what hangs on one of them. */
import type { RepositoryDependant } from '@patchbay/contract/repositories';
import type { Connection } from '../domain/connection.ts';
import type { Dependant } from '../domain/connection-rules.ts';
import type { WriteStep } from '../storage/driver.ts';
import { endPoliciesOf, policiesOfRepository } from '../storage/policies.ts';
import { detachConnection, liveKeysOf, repositoriesUsing, requireUnattached } from '../storage/repositories.ts';
import type { ControlDeps } from './deps.ts';

/** Things of one kind that one answer names. */
const namedMax = 100;

/** A connection is not deleted while a repository uses it (D-09). */
export const repositoryFinder = {
  kind: 'repository' as const,
  async find(deps: ControlDeps, connectionId: string): Promise<Dependant[]> {
    const using = (await repositoriesUsing(deps.database, [connectionId])).get(connectionId) ?? [];
    return using.slice(0, namedMax).map(({ id, name, workspaceId }) => ({ kind: 'repository', id, name, workspaceId }));
  },
  guard: (deps: ControlDeps, { id }: Pick<Connection, 'id'>): WriteStep => requireUnattached(deps.database, id),
  detach: (deps: ControlDeps, connectionId: string): WriteStep[] => detachConnection(deps.database, connectionId),
};

export interface RepositoryDependantFinder {
  /** What would lose its repository, at most 100. */
  find(deps: ControlDeps, repositoryId: string): Promise<RepositoryDependant[]>;
  /** Steps that take it away with the repository; what the deletion itself ends needs none. */
  remove(deps: ControlDeps, repositoryId: string): WriteStep[];
}

const keyFinder: RepositoryDependantFinder = {
  async find(deps, repositoryId) {
    const live = (await liveKeysOf(deps.database, [repositoryId], deps.clock.nowMs())).get(repositoryId) ?? [];
    return live.slice(0, namedMax).map(({ id, name }) => ({ kind: 'access_key', id, name }));
  },
  remove: () => [],
};

/** Its policies end with it. */
const policyFinder: RepositoryDependantFinder = {
  async find(deps, repositoryId) {
    const policies = await policiesOfRepository(deps.database, repositoryId);
    return policies.slice(0, namedMax).map(({ id, name }) => ({ kind: 'policy', id, name }));
  },
  remove: (deps, repositoryId) => [endPoliciesOf(deps.database, repositoryId, deps.clock.nowMs())],
};

/** Each kind of thing that may hang on a repository, in the order in which an answer names them. */
export const repositoryDependantFinders: readonly RepositoryDependantFinder[] = [keyFinder, policyFinder];

export async function dependantsOfRepository(
  deps: ControlDeps,
  repositoryId: string,
  finders = repositoryDependantFinders,
): Promise<RepositoryDependant[]> {
  return (await Promise.all(finders.map((finder) => finder.find(deps, repositoryId)))).flat();
}

export const removalSteps = (deps: ControlDeps, repositoryId: string, finders = repositoryDependantFinders): WriteStep[] =>
  finders.flatMap((finder) => finder.remove(deps, repositoryId));
