/** From what was asked to the targets to try, best first. Decides nothing by itself: the rules are in `domain/resolve`. */
import { ConnectionIndex } from '../domain/connection-index.ts';
import type { Connection } from '../domain/connection.ts';
import { allowsModel } from '../domain/access-key.ts';
import type { Owner } from '../domain/owner.ts';
import type { RoutingGroup } from '../domain/routing-group.ts';
import type { Unfit } from '../domain/routing-needs.ts';
import { targetsMax } from '../domain/retry.ts';
import { resolveModel, type Candidate, type ResolveInput, type Resolution } from '../domain/resolve.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import { inferProvider, providerRow, providersSuggesting, rowAt, rowFor, type ProviderRow } from '../providers/catalog.ts';
import { modelLimitOf } from '../providers/model-limits.ts';
import { normaliseBase } from '../providers/normalise.ts';
import { unsaidAt, type Unsaid } from '../providers/parameter-mode.ts';
import { unsaidOfOperation, wayOf } from '../providers/call-operation.ts';
import type { Operation } from '../providers/operations/operations.ts';
import type { Egress, Trust } from '../egress/egress.ts';
import { refuse } from './errors.ts';
import type { GatewayDeps, Order } from './order.ts';
import { weigh, type GroupOrder } from './weigh.ts';
import { resolutionOfUseCase } from './use-case.ts';

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
  /** The routing group that it was chosen by. */
  group?: RoutingGroup;
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
  // Most names mean one connection, and to take turns costs more than to make its target.
  if (resolution.kind === 'candidates' && resolution.candidates.length === 1) {
    const target = targetOf(deps, resolution.candidates[0]!);
    const unsaid = unsaidAt({ to: target, request: order.request });
    if (unsaid !== null) throw refuse('unsupported_parameter', unsaid);
    return [target];
  }
  const targets: Target[] = [];
  let first: Unsaid | null = null;
  for (const target of inTurn(deps, order, resolution)) {
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
export function* inTurn(deps: GatewayDeps, order: Order, resolution: Answering): Generator<Target, void, undefined> {
  if (resolution.kind === 'environment') return yield environmentTarget(deps, resolution.model);
  if (resolution.kind === 'group') {
    const { placed, unfit } = groupOrderOf(deps, order, resolution);
    if (placed.length === 0) throw refuse('no_capable_target', { message: unfitMessage(unfit.map(({ why }) => why)) });
    for (const { target } of placed) yield target;
    return;
  }
  const { candidates } = resolution;
  for (const candidate of candidates.length === 1 ? candidates : healthyFirst(deps, candidates)) yield targetOf(deps, candidate);
}

/** The members of a routing group as targets: those that can serve the request in their order, and the others with what they lack. */
export function groupOrderOf(
  deps: GatewayDeps,
  order: Order,
  { group, members }: Extract<Answering, { kind: 'group' }>,
): GroupOrder<Target> {
  const targets = members.map((member) => ({ target: { ...targetOf(deps, member), group }, of: member.target }));
  return weigh(deps, order, group, targets);
}

/** A prompt that was too long here goes to those alone that are known to hold more. */
export function onlyLarger(targets: readonly Target[], index: number): readonly Target[] {
  const window = modelLimitOf(targets[index]!.model).contextWindow;
  const larger = targets.slice(index + 1).filter(({ model }) => {
    const other = modelLimitOf(model).contextWindow;
    return window !== null && other !== null && other > window;
  });
  return [...targets.slice(0, index + 1), ...larger];
}

const lacks: Readonly<Record<Unfit, string>> = {
  no_tools: 'its model calls no tools',
  no_json_schema: 'its model does not answer in a given schema',
  no_such_input: 'its model does not take this kind of input',
  too_long: 'the prompt is longer than its model holds',
  other_region: 'it is not in the region that was asked for',
};
export const unfitMessageOf = (why: Unfit): string => `Passed over: ${lacks[why]}.`;
const unfitMessage = (whys: readonly Unfit[]): string =>
  `No target of this routing group can serve the request: ${[...new Set(whys)].map((why) => lacks[why]).join('; ')}.`;

/** Throws a GatewayRefusal where nothing answers to the name. `inactive` hears of connections that would, but are switched off. */
export function resolutionOf(deps: GatewayDeps, order: Order, inactive?: (connection: Connection) => void): Answering {
  const attached = attachedFor(deps.keeper.snapshot, order);
  if (order.useCase !== undefined) return resolutionOfUseCase(deps, order, order.useCase, attached);
  const resolution = resolveModel(new Lookup(deps, order, attached, inactive));
  if (resolution.kind !== 'refused') return resolution;
  // S3's gateway says 400 where a repository does not know a model (D-17).
  throw refuse(attached !== null && resolution.code === 'model_not_found' ? 'model_not_in_repository' : resolution.code);
}

/** What the rules ask of the house, for one order: one object with methods, since an object of functions for every request costs more than the look-up. */
class Lookup implements ResolveInput {
  readonly asked: string | null;
  readonly pinnedId: string | null;
  readonly owners: readonly Owner[];
  readonly attached: ConnectionIndex | null;
  readonly environment: { model: string | null } | null;
  readonly inactive: ResolveInput['inactive'];
  readonly groupNamed: ResolveInput['groupNamed'];
  readonly mayStandIn: ResolveInput['mayStandIn'];
  readonly #deps: GatewayDeps;
  readonly #snapshot: Snapshot;

  constructor(deps: GatewayDeps, order: Order, attached: ConnectionIndex | null, inactive: ResolveInput['inactive']) {
    const { snapshot } = deps.keeper;
    this.asked = order.asked;
    this.pinnedId = order.pinnedId;
    this.owners = order.owners;
    this.attached = attached;
    // What the operator's own file names is attached to nothing.
    this.environment = attached === null && deps.environment ? { model: deps.environment.model } : null;
    this.inactive = inactive;
    this.groupNamed = snapshot.routing.size === 0 ? undefined : (name) => snapshot.routing.named(order.owners, name);
    // A key's list of models binds whoever answers in the place of what was named.
    this.mayStandIn = standInRule(order.accessKey?.models ?? null);
    this.#deps = deps;
    this.#snapshot = snapshot;
  }

  indexOf(owner: Owner): ConnectionIndex {
    return this.#snapshot.indexOf(owner);
  }

  byId(id: string): Connection | undefined {
    return this.#snapshot.connections.get(id);
  }

  listing(model: string): Iterable<string> {
    return this.#deps.modelLists.listing(model);
  }

  hasList(connectionId: string): boolean {
    return this.#deps.modelLists.known(connectionId) !== undefined;
  }

  suggesting(model: string): readonly string[] {
    return providersSuggesting(model);
  }
}

const standInRule = (models: readonly string[] | null): ResolveInput['mayStandIn'] =>
  models === null ? undefined : ({ name }, model) => allowsModel(models, model) || allowsModel(models, `${name}/${model}`);

const nothingAttached = new ConnectionIndex([]);

/** What a key that is bound to a repository may reach; null for every other caller. */
export function attachedFor(snapshot: Snapshot, { accessKey }: Pick<Order, 'accessKey'>): ConnectionIndex | null {
  const repositoryId = accessKey?.repositoryId ?? null;
  return repositoryId === null ? null : (snapshot.repositoryIndexOf(repositoryId) ?? nothingAttached);
}

/** The same where something else than a conversation is asked: whoever does not offer it is passed over. */
function offering(deps: GatewayDeps, order: Order, operation: Operation, resolution: Answering): Target[] {
  const { request, asked } = order;
  const able: Target[] = [];
  let provider: string | null = null;
  let unsaid: Unsaid | null = null;
  for (const named of inTurn(deps, order, resolution)) {
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
