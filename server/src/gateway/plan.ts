/** From what was asked to the targets to try, best first. Decides nothing by itself: the rules are in `domain/resolve`. */
import type { Connection } from '../domain/connection.ts';
import { targetsMax } from '../domain/retry.ts';
import { resolveModel, type Candidate } from '../domain/resolve.ts';
import { inferProvider, providerRow, providersSuggesting, rowAt, type ProviderRow } from '../providers/catalog.ts';
import { normaliseBase } from '../providers/normalise.ts';
import type { Egress, Trust } from '../egress/egress.ts';
import { refuse } from './errors.ts';
import type { GatewayDeps, Order } from './order.ts';

/** What a request carries to prove itself; held for one attempt. */
export interface OpenedSecrets {
  secret: string;
  headers: Readonly<Record<string, string>>;
}

/** One place to send the request to. */
export interface Target {
  /** Null for the environment's pseudo-connection. */
  connection: Connection | null;
  row: ProviderRow;
  /** Canonical base (C-17). */
  baseUrl: string;
  origin: string;
  trust: Trust;
  model: string;
  settings: Connection['settings'];
  /** This model stands in for a retired one, which the answer must say (C-06). */
  isStandIn?: true;
  /** Values that were typed for a test and are stored nowhere; null for the sealed ones. */
  typed: OpenedSecrets | null;
}

/** No provider has longer model ids, and the books keep no longer ones. */
const modelCharsMax = 255;

/** Key of a target in health and retry budgets. */
export const targetKey = (target: Target): string => target.connection?.id ?? 'environment';

/** The way out to a target: this process's own demo is no address that anybody else may reach. */
export const egressOf = (deps: Pick<GatewayDeps, 'egress' | 'demo'>, target: Target): Egress =>
  target.row.isInternal && deps.demo ? deps.demo.egress : deps.egress;

/** Throws a GatewayRefusal where nothing answers to the name. */
export function plan(deps: GatewayDeps, order: Order): Target[] {
  const { snapshot } = deps.keeper;
  const resolution = resolveModel({
    asked: order.asked,
    pinnedId: order.pinnedId,
    owners: order.owners,
    indexOf: (owner) => snapshot.indexOf(owner),
    byId: (id) => snapshot.connections.get(id),
    listing: (model) => deps.modelLists.listing(model),
    hasList: (connectionId) => deps.modelLists.known(connectionId) !== undefined,
    suggesting: providersSuggesting,
    environment: deps.environment && { model: deps.environment.model },
  });
  if (resolution.kind === 'refused') throw refuse(resolution.code);
  if (resolution.kind === 'environment') return [environmentTarget(deps, resolution.model)];
  const { candidates } = resolution;
  if (candidates.length === 1) return [targetOf(deps, candidates[0]!)];
  return healthyFirst(deps, candidates)
    .slice(0, targetsMax)
    .map((candidate) => targetOf(deps, candidate));
}

/** Unhealthy ones go last, not away: when all are ill, trying beats refusing. */
function healthyFirst(deps: GatewayDeps, candidates: readonly Candidate[]): Candidate[] {
  return candidates.toSorted((a, b) => deps.health.rank(a.connection.id) - deps.health.rank(b.connection.id));
}

/** A connection that was changed is another object, so where one leads is worked out once and not for every request. */
const addresses = new WeakMap<Connection, Pick<Target, 'row' | 'baseUrl' | 'origin'>>();

function addressOf(demo: GatewayDeps['demo'], connection: Connection): Pick<Target, 'row' | 'baseUrl' | 'origin'> {
  const known = addresses.get(connection);
  if (known) return known;
  const row = providerRow(connection.providerId);
  if (!row) throw refuse('connection_inactive');
  // The demo's address is handed in by the application and may change without the connection.
  if (row.isInternal && demo) return { row: rowAt(row, demo.baseUrl), baseUrl: demo.baseUrl, origin: new URL(demo.baseUrl).origin };
  const { baseUrl, origin } = normaliseBase(row, connection.baseUrl);
  const address = { row: rowAt(row, baseUrl), baseUrl, origin };
  if (!row.isInternal) addresses.set(connection, address);
  return address;
}

export function targetOf(deps: Pick<GatewayDeps, 'demo'>, { connection, model }: Candidate): Target {
  const { row, baseUrl, origin } = addressOf(deps.demo, connection);
  if (model.length > modelCharsMax) throw refuse('model_not_found');
  return {
    connection,
    row,
    baseUrl,
    origin,
    // The demo provider is this process itself, on loopback.
    trust: row.isInternal ? 'administrator' : connection.trust,
    model,
    settings: connection.settings,
    typed: null,
  };
}

function environmentTarget(deps: GatewayDeps, asked: string | null): Target {
  const environment = deps.environment!;
  const model = asked ?? environment.model;
  if (!model) throw refuse('model_required');
  const row = providerRow(inferProvider(environment.baseUrl))!;
  const base = normaliseBase(row, environment.baseUrl);
  return {
    connection: null,
    row: rowAt(row, base.baseUrl),
    baseUrl: base.baseUrl,
    origin: base.origin,
    trust: 'administrator',
    model,
    settings: {},
    typed: null,
  };
}
