/** From what was asked to the targets to try, best first. Decides nothing by itself: the rules are in `domain/resolve`. */
import type { Connection } from '../domain/connection.ts';
import { targetsMax } from '../domain/retry.ts';
import { resolveModel, type Candidate, type Resolution } from '../domain/resolve.ts';
import { inferProvider, providerRow, providersSuggesting, rowAt, rowFor, type ProviderRow } from '../providers/catalog.ts';
import { normaliseBase } from '../providers/normalise.ts';
import { unsaidAt, type Unsaid } from '../providers/parameter-mode.ts';
import { unsaidOfOperation, wayOf } from '../providers/call-operation.ts';
import type { Operation } from '../providers/operations/operations.ts';
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
  /** What was asked is said here by a conversation, although the row offers it. */
  isByChat?: true;
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

/**
 * The targets to try, at most `targetsMax`. A strict connection that cannot say what was asked leaves its place to the next one.
 * Throws a GatewayRefusal where nothing answers to the name, nobody offers it, or nobody can say it.
 */
export function plan(deps: GatewayDeps, order: Order): Target[] {
  const { operation } = order.request;
  const resolution = resolutionOf(deps, order);
  if (operation !== undefined) {
    return offering(deps, order, operation, resolution);
  }
  const targets: Target[] = [];
  let first: Unsaid | null = null;
  for (const target of inTurn(deps, resolution)) {
    const unsaid = unsaidAt({ to: target, request: order.request });
    if (unsaid === null) targets.push(target);
    else first ??= unsaid;
    if (targets.length === targetsMax) break;
  }
  if (targets.length === 0 && first !== null) throw refuse('unsupported_parameter', first);
  return targets;
}

export type Answering = Exclude<Resolution, { kind: 'refused' }>;

/** Everybody who answers to the name, best first; made one by one, since most requests need the first alone. */
export function* inTurn(deps: GatewayDeps, resolution: Answering): Generator<Target, void, undefined> {
  if (resolution.kind === 'environment') return yield environmentTarget(deps, resolution.model);
  const { candidates } = resolution;
  for (const candidate of candidates.length === 1 ? candidates : healthyFirst(deps, candidates)) yield targetOf(deps, candidate);
}

/** Throws a GatewayRefusal where nothing answers to the name. `inactive` hears of connections that would, but are switched off. */
export function resolutionOf(deps: GatewayDeps, order: Order, inactive?: (connection: Connection) => void): Answering {
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
    inactive,
  });
  if (resolution.kind === 'refused') throw refuse(resolution.code);
  return resolution;
}

/** The same where something else than a conversation is asked: whoever does not offer it is passed over. */
function offering(deps: GatewayDeps, { request, asked }: Order, operation: Operation, resolution: Answering): Target[] {
  const able: Target[] = [];
  let provider: string | null = null;
  let unsaid: Unsaid | null = null;
  for (const named of inTurn(deps, resolution)) {
    const byDefault = asked ? undefined : named.row.operations[operation.id]?.default;
    const target = byDefault === undefined ? named : { ...named, model: byDefault };
    provider ??= target.row.name;
    if (wayOf(operation, target) === null) continue;
    const loss = unsaidOfOperation(operation, { to: target, request });
    if (loss === null) able.push(target);
    else unsaid ??= loss;
    if (able.length === targetsMax) break;
  }
  if (able.length > 0) return able;
  if (unsaid !== null) throw refuse('unsupported_parameter', unsaid);
  throw refuse('operation_not_supported', { message: `${provider} does not offer /v1${operation.path} for this model.` });
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
    row: rowFor(row, connection.settings, model),
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
    row: rowFor(rowAt(row, base.baseUrl), {}, model),
    baseUrl: base.baseUrl,
    origin: base.origin,
    trust: 'administrator',
    model,
    settings: {},
    typed: null,
  };
}
