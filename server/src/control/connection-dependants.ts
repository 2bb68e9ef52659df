/** What hangs on a connection. Each kind of thing that may refer to one has its finder here, so that no deletion forgets it. */
import type { Dependant } from '../domain/connection-rules.ts';
import type { WriteStep } from '../storage/driver.ts';
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

/** Everything that uses a connection (C-08). */
export async function dependantsOf(deps: ControlDeps, connectionId: string, finders = dependantFinders): Promise<Dependant[]> {
  const found = await Promise.all(finders.map((finder) => finder.find(deps, connectionId)));
  return found.flat();
}

export const detachSteps = (deps: ControlDeps, connectionId: string, finders = dependantFinders): WriteStep[] =>
  finders.flatMap((finder) => finder.detach(deps, connectionId));
