/** The names that objects point to, as the check before an apply asks for them. */
import { nameKeyOf } from '../../storage/name-key.ts';
import type { Reference } from './kind.ts';
import { keyOfName } from './names.ts';
import type { ConnectionName } from './shapes.ts';

type Path = readonly (string | number)[];

export const referencesOf = {
  owner(text: string): Reference[] {
    if (text === 'organization') return [];
    const name = text.slice(text.indexOf(':') + 1);
    return text.startsWith('user:') ? referencesOf.person(name, ['owner']) : referencesOf.workspace(name, ['owner']);
  },
  person: (email: string, path: Path): Reference[] => [{ kind: 'people', key: email.toLowerCase(), path, told: `person ${email}` }],
  workspace: (name: string, path: Path): Reference[] => [{ kind: 'workspaces', key: nameKeyOf(name), path, told: `workspace ${name}` }],
  connection: (name: ConnectionName, path: Path): Reference[] => [
    { kind: 'connections', key: keyOfName(name), path, told: `connection ${name.name} of ${name.owner}` },
  ],
  group: (name: ConnectionName, path: Path): Reference[] => [
    { kind: 'routingGroups', key: keyOfName(name), path, told: `routing group ${name.name} of ${name.owner}` },
  ],
  repository: (workspace: string, name: string, path: Path): Reference[] => [
    { kind: 'repositories', key: repositoryKey({ workspace, name }), path, told: `repository ${name} of ${workspace}` },
  ],
};

export const repositoryKey = ({ workspace, name }: { workspace: string; name: string }): string =>
  `${nameKeyOf(workspace)}/${nameKeyOf(name)}`;
