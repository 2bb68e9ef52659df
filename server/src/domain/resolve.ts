/** What `model` may name, and which connections answer to it: pure, first match wins (architecture, the way of a completion). */
import type { Connection } from './connection.ts';
import type { Owner } from './owner.ts';

export interface Candidate {
  connection: Connection;
  /** The provider's model id, byte for byte. */
  model: string;
}

export interface Exclusion {
  connectionId: string;
  name: string;
  reason: 'inactive' | 'no_model' | 'secret_unreadable' | 'unhealthy';
}

export type Resolution =
  | { kind: 'candidates'; candidates: Candidate[] }
  | { kind: 'environment'; model: string | null }
  | { kind: 'refused'; code: 'model_not_found' | 'connection_not_found' | 'connection_inactive' | 'model_required' | 'no_connection' };

export interface ResolveInput {
  asked: string | null;
  pinnedId: string | null;
  /** Owners whose connections the caller may use, nearest first: own, workspaces, organization. */
  owners: readonly Owner[];
  connectionsOf(owner: Owner): Iterable<Connection>;
  byId(id: string): Connection | undefined;
  /** Does this connection serve this model, as far as is known (default model, live list, catalogue)? */
  serves(connection: Connection, model: string): boolean;
  /** The `.env` pseudo-connection (C-02), or null. */
  environment: { model: string | null } | null;
}

const isOwnedBy = (connection: Connection, owners: readonly Owner[]): boolean =>
  owners.some((owner) => owner.scope === connection.owner.scope && owner.id === connection.owner.id);

/** Usable connections, nearest owner first, an owner's default before its others, older before newer. */
function usable(input: ResolveInput): Connection[] {
  return input.owners.flatMap((owner) =>
    [...input.connectionsOf(owner)].toSorted((a, b) => Number(b.isDefault) - Number(a.isDefault) || a.createdAtMs - b.createdAtMs),
  );
}

const one = (connection: Connection, model: string | null): Resolution => {
  if (!connection.isActive) return { kind: 'refused', code: 'connection_inactive' };
  if (!model) return { kind: 'refused', code: 'model_required' };
  return { kind: 'candidates', candidates: [{ connection, model }] };
};

export function resolveModel(input: ResolveInput): Resolution {
  const asked = input.asked === '' ? null : input.asked;
  if (input.pinnedId !== null) {
    const pinned = input.byId(input.pinnedId);
    if (!pinned || !isOwnedBy(pinned, input.owners)) return { kind: 'refused', code: 'connection_not_found' };
    return one(pinned, asked ?? pinned.model);
  }
  if (asked === null) return byDefault(input);
  const all = usable(input);
  return byName(all, asked) ?? byProvider(all, asked) ?? byModel(all, asked, input) ?? byEnvironment(all, asked, input) ?? { kind: 'refused', code: 'model_not_found' };
}

/** `<connection name or id>/<model>`: the longest name before a slash wins, on a clash the nearest owner's. */
function byName(all: readonly Connection[], asked: string): Resolution | undefined {
  let best: { connection: Connection; length: number } | undefined;
  const folded = asked.toLowerCase();
  for (const connection of all)
    for (const name of [connection.name.toLowerCase(), connection.id])
      if (folded.startsWith(`${name}/`) && name.length > (best?.length ?? 0)) best = { connection, length: name.length };
  if (!best) return undefined;
  return one(best.connection, asked.slice(best.length + 1) || best.connection.model);
}

/** `<provider>/<model>`: every active connection of that provider, in order. */
function byProvider(all: readonly Connection[], asked: string): Resolution | undefined {
  const slash = asked.indexOf('/');
  if (slash <= 0) return undefined;
  const provider = asked.slice(0, slash);
  const model = asked.slice(slash + 1);
  const candidates = all.filter((connection) => connection.isActive && connection.providerId === provider).map((connection) => ({ connection, model }));
  return candidates.length > 0 && model !== '' ? { kind: 'candidates', candidates } : undefined;
}

function byModel(all: readonly Connection[], asked: string, input: ResolveInput): Resolution | undefined {
  const serving = all.filter((connection) => input.serves(connection, asked));
  const candidates = serving.filter((connection) => connection.isActive).map((connection) => ({ connection, model: asked }));
  if (candidates.length > 0) return { kind: 'candidates', candidates };
  return serving.length > 0 ? { kind: 'refused', code: 'connection_inactive' } : undefined;
}

/** The environment stands in where nothing else is configured, and for the model that it names. */
function byEnvironment(all: readonly Connection[], asked: string, { environment }: ResolveInput): Resolution | undefined {
  return environment && (all.length === 0 || environment.model === asked) ? { kind: 'environment', model: asked } : undefined;
}

/** The effective default: the user's, else a workspace's, else the organization's (C-14), then the environment (C-02). */
function byDefault(input: ResolveInput): Resolution {
  for (const owner of input.owners)
    for (const connection of input.connectionsOf(owner)) if (connection.isDefault && connection.isActive) return one(connection, connection.model);
  return input.environment ? { kind: 'environment', model: null } : { kind: 'refused', code: 'no_connection' };
}
