/** Routing groups that a connection is a target of, and connections that have it for a backup. */
import type { Connection } from '../domain/connection.ts';
import type { Dependant } from '../domain/connection-rules.ts';
import { backupsOf } from '../domain/routing-group.ts';
import type { WriteStep } from '../storage/driver.ts';
import { detachTarget, requireUntargeted } from '../storage/routing-groups.ts';
import type { ControlDeps } from './deps.ts';

/** As many as a list of dependants names. */
const namedMax = 100;

export const routingGroupFinder = {
  kind: 'routing_group' as const,

  /** A person's private group keeps nobody else's connection: it goes on with its other targets, and nobody learns that it exists. */
  find(deps: ControlDeps, connectionId: string): Promise<Dependant[]> {
    const { snapshot } = deps.keeper;
    const isPrivate = snapshot.connections.get(connectionId)?.owner.scope === 'user';
    const found: Dependant[] = [];
    for (const { id, name, owner, targets } of snapshot.routing.values()) {
      if (found.length === namedMax) break;
      if ((owner.scope === 'user' && !isPrivate) || targets.every((target) => target.connectionId !== connectionId)) continue;
      found.push({ kind: 'routing_group', id, name, ...(owner.scope === 'workspace' && { workspaceId: owner.id }) });
    }
    return Promise.resolve(found);
  },

  guard: (deps: ControlDeps, { id, owner }: Pick<Connection, 'id' | 'owner'>): WriteStep =>
    requireUntargeted(deps.database, id, owner.scope === 'user'),

  detach: (deps: ControlDeps, connectionId: string): WriteStep[] => detachTarget(deps.database, connectionId),
};

/** How many connections would have to do without it as their backup; they are counted, since some may be private. */
export function backedUpBy({ keeper }: Pick<ControlDeps, 'keeper'>, { id }: Connection): number {
  let count = 0;
  for (const { settings } of keeper.snapshot.connections.values())
    if (settings['backups'] !== undefined && backupsOf(settings).some(({ connectionId }) => connectionId === id)) count++;
  return count;
}
