/** Turns the `.env` settings of a model into a connection of the organization (D-42), once. */
import { inferProvider, providerRow } from '../providers/catalog.ts';
import { normaliseBase } from '../providers/normalise.ts';
import type { Connection } from '../domain/connection.ts';
import { isLoopbackHost } from '../domain/connection-rules.ts';
import type { Owner } from '../domain/owner.ts';
import { listConnections } from '../storage/connections.ts';
import { nameKeyOf } from '../storage/name-key.ts';
import type { Caller } from './change.ts';
import type { FieldWords } from './connection-input.ts';
import { createConnection } from './connections.ts';
import type { ControlDeps } from './deps.ts';

/** Numbers tried behind a derived name that is taken. */
const namesTriedMax = 100;

const words: FieldWords = {
  provider: 'provider',
  baseUrl: 'LLM_BASE_URL',
  secret: 'LLM_API_KEY',
  accessKeyId: 'accessKeyId',
  model: 'LLM_MODEL',
  settings: 'configuration',
  needsModel: false,
};

export type EnvironmentMigration =
  | { kind: 'created'; id: string; name: string; baseUrl: string; model: string | null }
  | { kind: 'exists'; id: string; name: string; baseUrl: string }
  | { kind: 'missing'; variables: string[] };

/** `OpenAI` for a known provider, `Local LLM` for this machine, else the host's own label (D-42). */
export function nameOfAddress(baseUrl: string): string {
  const url = URL.parse(baseUrl);
  if (!url) return 'Custom API';
  if (isLoopbackHost(url.hostname)) return 'Local LLM';
  const row = providerRow(inferProvider(baseUrl));
  if (row && row.id !== 'custom') return row.name;
  const labels = url.hostname.split('.');
  const label = labels.find((text) => text !== 'api' && text !== 'www') ?? '';
  return /^[a-z][a-z0-9-]*$/.test(label) ? label[0]?.toUpperCase() + label.slice(1) : 'Custom API';
}

/**
 * Makes the default connection of the organization from the environment, unless one with the same address exists: running
 * it again changes nothing. A key is needed except where the provider asks for none.
 */
export async function migrateEnvironment(deps: ControlDeps, caller: Caller): Promise<EnvironmentMigration> {
  const { environment } = deps;
  if (!environment) return { kind: 'missing', variables: ['LLM_BASE_URL'] };
  const { baseUrl, model, secret } = environment;
  const row = providerRow(inferProvider(baseUrl));
  if (row?.needsSecret && !secret) return { kind: 'missing', variables: ['LLM_API_KEY'] };
  const owner: Owner = { scope: 'organization', id: caller.actor.organizationId };
  const { items } = await listConnections(deps.database, { owners: [owner] });
  const canonical = canonicalOf(baseUrl);
  const same = items.find(({ connection }) => addressOf(connection) === canonical);
  if (same) return { kind: 'exists', id: same.connection.id, name: same.connection.name, baseUrl };
  const taken = new Set(items.map(({ connection }) => nameKeyOf(connection.name)));
  const name = freeName(nameOfAddress(baseUrl), taken);
  const input = { name, infersProvider: true, baseUrl, model, secret: secret?.reveal() ?? null, isDefault: true };
  const { connection } = await createConnection(deps, caller, owner, input, words);
  return { kind: 'created', id: connection.id, name, baseUrl, model };
}

/** Where a connection goes, also one that was made without an address and goes to its provider's own. */
function addressOf({ baseUrl, providerId }: Pick<Connection, 'baseUrl' | 'providerId'>): string | null {
  const address = baseUrl ?? providerRow(providerId)?.baseUrl ?? null;
  return address === null ? null : canonicalOf(address);
}

function canonicalOf(baseUrl: string): string {
  const row = providerRow(inferProvider(baseUrl));
  try {
    return row ? normaliseBase(row, baseUrl).baseUrl : baseUrl;
  } catch {
    return baseUrl;
  }
}

function freeName(name: string, taken: ReadonlySet<string>): string {
  for (let number = 1; number <= namesTriedMax; number++) {
    const candidate = number === 1 ? name : `${name} ${number}`;
    if (!taken.has(nameKeyOf(candidate))) return candidate;
  }
  return `${name} (.env)`;
}

/** What the command prints, without the key, and the status it ends with: 1 where variables are missing. */
export function migrationReport(migration: EnvironmentMigration): { lines: string[]; exitCode: 0 | 1 } {
  switch (migration.kind) {
    case 'missing':
      return {
        lines: [`Nothing was migrated: ${migration.variables.join(' and ')} must be set in the environment or in .env.`],
        exitCode: 1,
      };
    case 'exists':
      return {
        lines: [`Nothing to do: the connection "${migration.name}" has the same address already (${migration.baseUrl}).`],
        exitCode: 0,
      };
    case 'created':
      return {
        lines: [
          'A connection was created and is now the default of the organization.',
          `  Name:          ${migration.name}`,
          `  Base URL:      ${migration.baseUrl}`,
          `  Default model: ${migration.model ?? '(none)'}`,
          'LLM_BASE_URL, LLM_API_KEY and LLM_MODEL can now be removed from the environment.',
        ],
        exitCode: 0,
      };
  }
}
