/** Rules about who may import whom: layers, features, provider folders, cycles, barrels. */
import { posix } from 'node:path';
import { type Fault, type Import, type Source, faultAt } from './source.ts';

const upToEgress = ['contract', 'lib', 'domain', 'storage', 'vault', 'egress', 'journal', 'valkey'];
const upToGateway = [...upToEgress, 'providers', 'control', 'gateway'];

/** What each layer of the server may import beside itself. */
export const mayImport: Readonly<Record<string, readonly string[]>> = {
  lib: ['contract'],
  domain: ['contract', 'lib'],
  vault: ['lib'],
  storage: ['contract', 'lib', 'domain'],
  egress: ['contract', 'lib', 'domain'],
  journal: ['contract', 'lib', 'domain'],
  valkey: ['contract', 'lib', 'domain'],
  providers: upToEgress,
  control: [...upToEgress, 'providers'],
  gateway: [...upToEgress, 'providers'],
  jobs: upToGateway,
  faces: upToGateway,
  app: [...upToGateway, 'jobs', 'faces'],
  cli: [...upToGateway, 'jobs', 'faces', 'app'],
};

/** The repository path that an import means, or undefined for a package. */
export function targetOf(from: string, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return posix.normalize(posix.join(posix.dirname(from), specifier));
  const own = /^@patchbay\/(contract|client|server|web)(?:\/(.+))?$/.exec(specifier);
  if (!own) return undefined;
  const [, name, rest] = own;
  return `${name}/src/${rest === undefined ? 'core.ts' : /\.\w+$/.test(rest) ? rest : `${rest}.ts`}`;
}

const layerOf = (path: string): string | undefined =>
  /^server\/src\/([^/]+)\//.exec(path)?.[1] ?? /^(contract|client|web)\/src\//.exec(path)?.[1];
const featureOf = (path: string): string | undefined => /^web\/src\/features\/([^/]+)\//.exec(path)?.[1];
const providerOf = (path: string): string | undefined => /^server\/src\/providers\/([^/]+)\//.exec(path)?.[1];

function serverFault(from: string, target: string): string | undefined {
  const layer = layerOf(from) ?? '';
  const other = layerOf(target) ?? target.split('/')[0] ?? '';
  const allowed = mayImport[layer];
  if (!allowed) return `server/src has no layer ${layer || '(none)'}: move the file into one of ${Object.keys(mayImport).join(', ')}`;
  if (other === layer) {
    const [own, foreign] = [providerOf(from), providerOf(target)];
    if (own === undefined || foreign === undefined || own === foreign) return undefined;
    return `provider folder ${own} may not import provider folder ${foreign}: move what both need up to providers/`;
  }
  return allowed.includes(other) ? undefined : `${layer} may not import ${other}: it may import ${allowed.join(', ')}`;
}

function webFault(from: string, target: string): string | undefined {
  if (/^(server|tools|scripts)\//.test(target)) return 'web reaches the server only through @patchbay/client and @patchbay/contract';
  const [own, foreign] = [featureOf(from), featureOf(target)];
  if (own !== undefined && foreign !== undefined && own !== foreign)
    return `feature ${own} may not import feature ${foreign}: let them meet in web/src/app`;
  if (own !== undefined && target.startsWith('web/src/app/')) return 'a feature may not import the shell: hand it what it needs';
  if (/^web\/src\/(ui|lib)\//.test(from) && /^web\/src\/(features|app)\//.test(target))
    return 'web/src/ui and web/src/lib may not know features or the shell';
  return undefined;
}

function clientFault(target: string, isType: boolean): string | undefined {
  if (target.startsWith('client/src/')) return undefined;
  if (!target.startsWith('contract/src/')) return 'the client imports nothing but itself and types of the contract';
  return isType ? undefined : 'the client has no dependencies: import types alone from the contract (`import type`)';
}

const contractPackages = /^(zod|use-intl)(\/|$)/;

function importFault(source: Source, { specifier, isType }: Import): string | undefined {
  const { path } = source;
  const target = targetOf(path, specifier);
  if (path.startsWith('contract/src/')) {
    const isFine = target === undefined ? contractPackages.test(specifier) : target.startsWith('contract/src/');
    return isFine ? undefined : 'the contract imports nothing but itself, zod and use-intl';
  }
  if (path.startsWith('client/src/')) return clientFault(target ?? specifier, isType);
  if (target === undefined) return undefined;
  if (path.startsWith('server/src/')) return serverFault(path, target);
  return path.startsWith('web/src/') ? webFault(path, target) : undefined;
}

export function layerFaults(source: Source): Fault[] {
  return source.imports.flatMap((entry) => {
    const todo = importFault(source, entry);
    return todo === undefined ? [] : [faultAt(source, entry.start, 'layer', todo)];
  });
}

/** A file that says nothing of its own and only passes on what others export. */
export function barrelFaults(source: Source): Fault[] {
  if (!source.imports.some((entry) => entry.isReexport)) return [];
  const rest = source.code
    .replace(/export\s+(?:type\s+)?(?:\*(?:\s*as\s+\w+)?|\{[^}]*\})\s*from\s*['"]\s*['"];?/g, '')
    .replace(/import\s[^;]*?from\s*['"]\s*['"];?|export\s+(?:type\s+)?\{[^}]*\};?/g, '');
  return rest.trim() === ''
    ? [faultAt(source, source.imports[0]?.start ?? 0, 'barrel', 'delete this file and import from where things are defined')]
    : [];
}

/** One fault for each group of files that import one another in a circle (type imports count). */
export function cycleFaults(sources: readonly Source[]): Fault[] {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  const targets = new Map(
    sources.map(({ path, imports }) => [
      path,
      imports.map((entry) => targetOf(path, entry.specifier)).filter((to): to is string => to !== undefined && byPath.has(to)),
    ]),
  );
  const done = new Set<string>();
  const faults: Fault[] = [];
  const walk = (path: string, trail: string[]): void => {
    const at = trail.indexOf(path);
    if (at >= 0) {
      const circle = [...trail.slice(at), path];
      const source = byPath.get(path);
      const start = source?.imports.find((entry) => targetOf(path, entry.specifier) === circle[1])?.start ?? 0;
      faults.push({ path, line: source?.lineOf(start) ?? 1, rule: 'cycle', todo: `break the circle ${circle.join(' -> ')}` });
    }
    if (at >= 0 || done.has(path)) return;
    for (const target of targets.get(path) ?? []) walk(target, [...trail, path]);
    done.add(path);
  };
  for (const { path } of sources) walk(path, []);
  return faults;
}
