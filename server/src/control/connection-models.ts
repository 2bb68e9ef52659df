/** Which models can be had: live from the provider where a connection allows it, else from the catalogue, and it says so (C-24). */
import { effectiveDefault, usableOwners } from '../domain/connection-rules.ts';
import { Refusal } from '../domain/errors.ts';
import { inferProvider, providerRow, type ProviderRow } from '../providers/catalog.ts';
import { catalogModels } from '../providers/model-lists.ts';
import { normaliseBase } from '../providers/normalise.ts';
import type { StoredConnection } from '../storage/connections.ts';
import type { Caller } from './change.ts';
import { findFor } from './connection-access.ts';
import { withinTestLimit } from './connection-test-limit.ts';
import { probeCallerOf, savedTarget } from './connection-test.ts';
import { catchUp, listFor } from './connections.ts';
import type { ModelList, ModelListOptions, ProbeTarget } from '../domain/probe.ts';
import type { ControlDeps } from './deps.ts';

/** The id under which the `.env` pseudo-connection is known (C-02). */
export const environmentId = 'environment';

export interface Models extends ModelList {
  row: ProviderRow | undefined;
  /** The connection that was asked; null for the environment's and for the catalogue. */
  connectionId: string | null;
}

/** Models of one connection; `refresh` asks the provider again and counts as a live test, without `isPatient` nobody is waited for. */
export async function modelsOfConnection(deps: ControlDeps, caller: Caller, id: string, options: ModelListOptions): Promise<Models> {
  if (id === environmentId) return modelsOfEnvironment(deps, caller, options);
  return modelsOf(deps, caller, await findFor(deps, caller, id, 'use', 'connection.models'), options);
}

async function modelsOf(deps: ControlDeps, caller: Caller, stored: StoredConnection, options: ModelListOptions): Promise<Models> {
  const { connection } = stored;
  if (deps.keeper.snapshot.connections.get(connection.id)?.revision !== connection.revision) await catchUp(deps);
  const list = await askLive(
    deps,
    caller,
    savedTarget(stored),
    options,
    connection.owner.scope === 'workspace' ? connection.owner.id : null,
  );
  return { ...list, row: providerRow(connection.providerId), connectionId: connection.id };
}

async function modelsOfEnvironment(deps: ControlDeps, caller: Caller, options: ModelListOptions): Promise<Models> {
  const { environment } = deps;
  if (!environment) throw new Refusal('NOT_FOUND');
  const row = providerRow(inferProvider(environment.baseUrl));
  if (!row) throw new Refusal('NOT_FOUND');
  const target: ProbeTarget = {
    connectionId: null,
    providerId: row.id,
    baseUrl: environment.baseUrl,
    origin: normaliseBase(row, environment.baseUrl).origin,
    model: environment.model,
    settings: {},
    trust: 'administrator',
    secret: environment.secret,
    headers: null,
  };
  return { ...(await askLive(deps, caller, target, options, null)), row, connectionId: null };
}

function askLive(
  deps: ControlDeps,
  caller: Caller,
  target: ProbeTarget,
  options: ModelListOptions,
  workspaceId: string | null,
): Promise<ModelList> {
  const ask = (): Promise<ModelList> => deps.probe.models(target, { ...probeCallerOf(caller, null), workspaceId }, options);
  return options.refresh ? withinTestLimit(deps, caller.actor.userId, ask) : ask();
}

/**
 * Models of the connection that applies without a choice (D-37): the one that would answer a chat. An administrator sees every
 * workspace's connections, and has the default of those alone that they are a member of. Throws NO_CONNECTION_CONFIGURED where there is none.
 */
export async function modelsOfDefault(deps: ControlDeps, caller: Caller, options: { refresh: boolean }): Promise<Models> {
  const owners = usableOwners(caller.actor, [...caller.actor.workspaces.keys()]);
  const { items } = await listFor(deps, caller, { owners, isActive: true, isDefault: true });
  const chosen = effectiveDefault(
    owners,
    items.map((entry) => entry.connection),
  );
  const stored = items.find((entry) => entry.connection.id === chosen?.id);
  if (stored) return modelsOf(deps, caller, stored, options);
  if (deps.environment) return modelsOfEnvironment(deps, caller, options);
  throw new Refusal('NO_CONNECTION_CONFIGURED');
}

/**
 * Models of a provider: through the named connection, else the caller's default or newest active one of that provider,
 * else the catalogue's suggestions.
 */
export async function modelsOfProvider(
  deps: ControlDeps,
  caller: Caller,
  row: ProviderRow,
  options: { connectionId: string | null; refresh: boolean },
): Promise<Models> {
  if (options.connectionId !== null) {
    const named = await findFor(deps, caller, options.connectionId, 'use', 'connection.models');
    if (named.connection.providerId !== row.id) throw new Refusal('NOT_FOUND');
    return modelsOf(deps, caller, named, options);
  }
  const { items } = await listFor(deps, caller, { owners: 'usable', providerId: row.id, isActive: true });
  const own = items.filter(({ connection }) => connection.owner.scope === 'user');
  const chosen =
    own.find(({ connection }) => connection.isDefault) ?? own[0] ?? items.find(({ connection }) => connection.isDefault) ?? items[0];
  if (chosen) return modelsOf(deps, caller, chosen, options);
  return { models: catalogModels(row), source: 'catalog', fetchedAtMs: null, fault: null, row, connectionId: null };
}
