/** What `model` may name, and which connections answer to it: pure, first match wins (architecture, the way of a completion). */
import type { Connection } from './connection.ts';
import { connectionKeyOf, type ConnectionIndex } from './connection-index.ts';
import type { Owner } from './owner.ts';
import { backupsOf, type RoutingGroup, type RoutingTarget } from './routing-group.ts';

export interface Candidate {
  connection: Connection;
  /** The provider's model id, byte for byte. */
  model: string;
}

/** One target of a routing group that the caller may use. */
export interface Member extends Candidate {
  target: RoutingTarget;
}

export type Resolution =
  | { kind: 'candidates'; candidates: Candidate[] }
  /** In the group's own order: who goes first is the strategy's affair. */
  | { kind: 'group'; group: RoutingGroup; members: Member[] }
  | { kind: 'environment'; model: string | null }
  | { kind: 'refused'; code: 'model_not_found' | 'connection_not_found' | 'connection_inactive' | 'model_required' | 'no_connection' };

export interface ResolveInput {
  asked: string | null;
  pinnedId: string | null;
  /** Owners whose connections the caller may use, nearest first: own, workspaces, organization. */
  owners: readonly Owner[];
  /** What the caller's repository has attached, in the place of all that the owners have; null or absent for a caller without one (C-54). */
  attached?: ConnectionIndex | null;
  indexOf(owner: Owner): ConnectionIndex;
  byId(id: string): Connection | undefined;
  /** Connections whose provider is known to list this model. */
  listing(model: string): Iterable<string>;
  /** Whether the provider's list of this connection is known; what it does not list is then not served. */
  hasList(connectionId: string): boolean;
  /** Providers whose catalogue row suggests this model: believed where no list is known. */
  suggesting(model: string): readonly string[];
  /** The `.env` pseudo-connection (C-02), or null. */
  environment: { model: string | null } | null;
  /** The nearest owner's routing group of this name. */
  groupNamed?: ((name: string) => RoutingGroup | undefined) | undefined;
  /** Whether a backup may be asked for somebody who named another model; absent where everything may. */
  mayStandIn?: ((connection: Connection, model: string) => boolean) | undefined;
  /** Hears of connections that would answer but are switched off. */
  inactive?: ((connection: Connection) => void) | undefined;
}

const isOwnedBy = (connection: Connection, owners: readonly Owner[]): boolean =>
  owners.some((owner) => owner.scope === connection.owner.scope && owner.id === connection.owner.id);

const mayUse = (connection: Connection, { attached, owners }: ResolveInput): boolean =>
  attached ? attached.places.has(connection.id) : isOwnedBy(connection, owners);

const one = (connection: Connection, model: string | null): Resolution => {
  if (!connection.isActive) return { kind: 'refused', code: 'connection_inactive' };
  if (!model) return { kind: 'refused', code: 'model_required' };
  return { kind: 'candidates', candidates: [{ connection, model }] };
};

/** Looks up, never scans: the cost does not grow with the number of connections. */
export function resolveModel(input: ResolveInput): Resolution {
  const asked = input.asked === '' ? null : input.asked;
  if (input.pinnedId !== null) {
    const pinned = input.byId(input.pinnedId);
    if (!pinned || !mayUse(pinned, input)) return { kind: 'refused', code: 'connection_not_found' };
    return one(pinned, asked ?? pinned.model);
  }
  const indexes = input.attached ? [input.attached] : input.owners.map((owner) => input.indexOf(owner));
  if (asked === null) return withBackups(byDefault(indexes, input), input);
  const group = input.groupNamed?.(asked);
  if (group) return byGroup(group, input);
  return withBackups(
    byName(indexes, asked, input) ??
      byProvider(indexes, asked, input) ??
      byModel(indexes, asked, input) ??
      byEnvironment(indexes, asked, input) ?? { kind: 'refused', code: 'model_not_found' },
    input,
  );
}

/** The group's targets, as far as they are switched on and the caller's to use. */
function byGroup(group: RoutingGroup, input: ResolveInput): Resolution {
  if (!group.isActive) return { kind: 'refused', code: 'connection_inactive' };
  const members: Member[] = [];
  for (const target of group.targets) {
    const connection = target.isEnabled ? input.byId(target.connectionId) : undefined;
    if (!connection || !mayUse(connection, input)) continue;
    const model = target.model ?? connection.model;
    if (!connection.isActive) input.inactive?.(connection);
    else if (model !== null) members.push({ connection, model, target });
  }
  return members.length > 0 ? { kind: 'group', group, members } : { kind: 'refused', code: 'connection_inactive' };
}

/**
 * Each candidate followed by its own backups, in their order. A backup of the same provider is asked for the same model,
 * another one for its own, unless the backup names one.
 */
function withBackups(resolution: Resolution, input: ResolveInput): Resolution {
  if (resolution.kind !== 'candidates' || resolution.candidates.every(({ connection }) => connection.settings['backups'] === undefined))
    return resolution;
  const candidates: Candidate[] = [];
  const add = (candidate: Candidate): void => {
    if (!candidates.some(({ connection, model }) => connection.id === candidate.connection.id && model === candidate.model))
      candidates.push(candidate);
  };
  for (const candidate of resolution.candidates) {
    add(candidate);
    for (const backup of backupsOf(candidate.connection.settings)) {
      const connection = input.byId(backup.connectionId);
      if (!connection || !mayUse(connection, input)) continue;
      const isSameProvider = connection.providerId === candidate.connection.providerId;
      const model = backup.model ?? (isSameProvider ? candidate.model : (connection.model ?? candidate.model));
      if (!connection.isActive) input.inactive?.(connection);
      else if (input.mayStandIn?.(connection, model) ?? true) add({ connection, model });
    }
  }
  return { kind: 'candidates', candidates };
}

/** `<connection name or id>/<model>`: the longest name before a slash wins, on a clash of names the nearest owner's. */
function byName(indexes: readonly ConnectionIndex[], asked: string, input: ResolveInput): Resolution | undefined {
  for (let slash = asked.lastIndexOf('/'); slash > 0; slash = asked.lastIndexOf('/', slash - 1)) {
    // Cut first: some letters are longer when they are small, so that a place in the folded text is another one in what was asked.
    const name = connectionKeyOf(asked.slice(0, slash));
    for (const index of indexes) {
      const connection = input.byId(index.byName.get(name) ?? (index.places.has(name) ? name : ''));
      if (connection) return one(connection, asked.slice(slash + 1) || connection.model);
    }
  }
  return undefined;
}

const active = (ids: readonly string[], input: ResolveInput): Connection[] =>
  ids.flatMap((id) => {
    const connection = input.byId(id);
    if (connection && !connection.isActive) input.inactive?.(connection);
    return connection?.isActive ? [connection] : [];
  });

/** `<provider>/<model>`: every active connection of that provider, in order. */
function byProvider(indexes: readonly ConnectionIndex[], asked: string, input: ResolveInput): Resolution | undefined {
  const slash = asked.indexOf('/');
  const model = asked.slice(slash + 1);
  if (slash <= 0 || model === '') return undefined;
  const provider = asked.slice(0, slash);
  const candidates = indexes
    .flatMap((index) => active(index.byProvider.get(provider) ?? [], input))
    .map((connection) => ({ connection, model }));
  return candidates.length > 0 ? { kind: 'candidates', candidates } : undefined;
}

function byModel(indexes: readonly ConnectionIndex[], asked: string, input: ResolveInput): Resolution | undefined {
  const suggesting = input.suggesting(asked);
  const listing = [...input.listing(asked)];
  const candidates: Candidate[] = [];
  let isServed = false;
  // Most requests name a model alone and come by here: walked in place, without a list for each step.
  for (const index of indexes)
    for (const id of servingIn(index, asked, { listing, suggesting }, input)) {
      isServed = true;
      const connection = input.byId(id);
      if (connection?.isActive) candidates.push({ connection, model: asked });
      else if (connection) input.inactive?.(connection);
    }
  if (candidates.length > 0) return { kind: 'candidates', candidates };
  return isServed ? { kind: 'refused', code: 'connection_inactive' } : undefined;
}

/** One owner's connections that serve a model, in the order of choice. */
function servingIn(
  index: ConnectionIndex,
  asked: string,
  { listing, suggesting }: { listing: readonly string[]; suggesting: readonly string[] },
  input: ResolveInput,
): readonly string[] {
  const ids = [...(index.byModel.get(asked) ?? []), ...listing];
  for (const provider of suggesting) for (const id of index.byProvider.get(provider) ?? []) if (!input.hasList(id)) ids.push(id);
  return index.ordered(ids);
}

/** The environment stands in where nothing else is configured, and for the model that it names. */
function byEnvironment(indexes: readonly ConnectionIndex[], asked: string, { environment }: ResolveInput): Resolution | undefined {
  const isAlone = indexes.every((index) => index.places.size === 0);
  return environment && (isAlone || environment.model === asked) ? { kind: 'environment', model: asked } : undefined;
}

/** The effective default: the user's, else a workspace's, else the organization's (C-14), then the environment (C-02). */
function byDefault(indexes: readonly ConnectionIndex[], input: ResolveInput): Resolution {
  for (const { defaultId } of indexes) {
    const connection = defaultId === null ? undefined : input.byId(defaultId);
    if (connection?.isActive) return one(connection, connection.model);
  }
  return input.environment ? { kind: 'environment', model: null } : { kind: 'refused', code: 'no_connection' };
}
