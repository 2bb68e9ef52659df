/** What people call the owners of things: by e-mail address and workspace, in place of ids that mean nothing elsewhere. */
import { ownerKey } from '../domain/owner.ts';
import { listWorkspaces } from '../storage/workspaces.ts';
import type { ControlDeps } from './deps.ts';

const workspacesMax = 10_000;

/** `organization`, `workspace:<name>` and `user:<e-mail>` by `ownerKey`. */
export async function ownerNames({ database, keeper }: Pick<ControlDeps, 'database' | 'keeper'>): Promise<ReadonlyMap<string, string>> {
  const { snapshot } = keeper;
  const names = new Map([[ownerKey({ scope: 'organization', id: snapshot.organizationId }), 'organization']]);
  for (const { id, name } of await listWorkspaces(database, 'all', workspacesMax))
    names.set(ownerKey({ scope: 'workspace', id }), `workspace:${name}`);
  for (const { userId, email } of snapshot.people.values()) names.set(ownerKey({ scope: 'user', id: userId }), `user:${email}`);
  return names;
}
