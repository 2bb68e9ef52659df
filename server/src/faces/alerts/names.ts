/** Names of the workspaces that things belong to, in one question. */
import type { WorkspaceNames } from './dialect.ts';
import type { ControlDeps } from '../../control/deps.ts';
import type { Owner } from '../../domain/owner.ts';
import { listWorkspaces } from '../../storage/workspaces.ts';

const namedMax = 1_000;

export async function workspaceNamesOf({ database }: Pick<ControlDeps, 'database'>, owners: readonly Owner[]): Promise<WorkspaceNames> {
  const ids = [...new Set(owners.filter(({ scope }) => scope === 'workspace').map(({ id }) => id))];
  const workspaces = ids.length === 0 ? [] : await listWorkspaces(database, ids, namedMax);
  return new Map(workspaces.map(({ id, name }) => [id, name]));
}
