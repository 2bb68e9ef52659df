/** Names for what usage is grouped by: of what is there, and of connections that are gone, because the books outlive them (C-32). */
import { namesOfKeys } from '../storage/access-keys.ts';
import type { GroupBy } from '../storage/usage.ts';
import { namesOfConnections, namesOfWorkspaces } from '../storage/usage-names.ts';
import type { ControlDeps } from './deps.ts';

type Names = (key: string | null) => string | null;

/** How to name the groups of these sums; one question to the database at most. */
export async function namesFor(deps: ControlDeps, groupBy: GroupBy, keys: readonly (string | null)[]): Promise<Names> {
  const { snapshot } = deps.keeper;
  const ids = keys.filter((key) => key !== null);
  const byMap =
    (names: ReadonlyMap<string, string>): Names =>
    (key) =>
      key === null ? null : (names.get(key) ?? null);
  const bySnapshot =
    (nameOf: (key: string) => string | undefined): Names =>
    (key) =>
      key === null ? null : (nameOf(key) ?? null);
  switch (groupBy) {
    case 'connection': {
      const gone = ids.filter((id) => !snapshot.connections.has(id));
      const names = await namesOfConnections(deps.database, gone);
      return bySnapshot((id) => snapshot.connections.get(id)?.name ?? names.get(id));
    }
    case 'key':
      return byMap(await namesOfKeys(deps.database, ids));
    case 'workspace':
      return byMap(await namesOfWorkspaces(deps.database, ids));
    case 'repository':
      return bySnapshot((id) => snapshot.repositories.get(id)?.name);
    case 'use-case':
      return bySnapshot((id) => snapshot.useCases.byId.get(id)?.name);
    case 'user':
      return bySnapshot((id) => snapshot.people.get(id)?.name);
    case 'model':
    case 'provider':
    case 'day':
      return (key) => key;
    case 'purpose':
      return () => null;
  }
}
