/** Use cases that a connection answers for: what keeps it from being deleted, and how they let go of it. */
import type { Connection } from '../domain/connection.ts';
import type { Dependant } from '../domain/connection-rules.ts';
import type { UseCase } from '../domain/use-case.ts';
import type { WriteStep } from '../storage/driver.ts';
import { requireUnbound, updateUseCase } from '../storage/use-cases.ts';
import type { ControlDeps } from './deps.ts';

/** As many as a list of dependants names. */
const namedMax = 100;

function* namingIt({ keeper }: Pick<ControlDeps, 'keeper'>, connectionId: string): Generator<UseCase> {
  for (const useCase of keeper.snapshot.useCases.byId.values())
    if (useCase.connectionId === connectionId || useCase.fallbackIds.includes(connectionId)) yield useCase;
}

export const useCaseFinder = {
  kind: 'use_case' as const,

  /** Active ones alone: what is switched off is missed by nobody (C-08). */
  find(deps: ControlDeps, connectionId: string): Promise<Dependant[]> {
    const active = [...namingIt(deps, connectionId)].filter(({ isActive }) => isActive).slice(0, namedMax);
    return Promise.resolve(active.map(({ id, name }) => ({ kind: 'use_case', id, name })));
  },

  guard: (deps: ControlDeps, { id }: Pick<Connection, 'id'>): WriteStep => requireUnbound(deps.database, id),

  /** Those that are switched off let go of it too. One that was changed in this very moment refuses the whole deletion. */
  detach(deps: ControlDeps, connectionId: string): WriteStep[] {
    const nowMs = deps.clock.nowMs();
    return [...namingIt(deps, connectionId)].map((useCase) => {
      const without: UseCase = {
        ...useCase,
        connectionId: useCase.connectionId === connectionId ? null : useCase.connectionId,
        fallbackIds: useCase.fallbackIds.filter((id) => id !== connectionId),
        updatedAtMs: nowMs,
      };
      return updateUseCase(deps.database, without, useCase.revision);
    });
  },
};
