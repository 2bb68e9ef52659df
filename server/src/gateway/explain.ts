/** What would become of a request, without asking anybody: rooms three and four, and what the translation would change. */
import { costOf, reservationOf } from '../domain/cost.ts';
import { UpstreamFailure } from '../domain/errors.ts';
import { noTokens, type Change } from '../domain/ledger.ts';
import { targetsMax } from '../domain/retry.ts';
import type { RoutingGroup } from '../domain/routing-group.ts';
import { promptTokensEstimateOf } from '../domain/token-estimate.ts';
import { bodyOf } from '../providers/call.ts';
import { modeOf, unsaidAt, type ParameterMode } from '../providers/parameter-mode.ts';
import { unknownOf } from '../providers/parameter-registry.ts';
import { parseJson } from '../providers/shape.ts';
import { admit, mayAnswer } from './admit.ts';
import { canReckon, isBudgeted, lesser } from './limits-attempt.ts';
import { boundOf } from './bound.ts';
import { errorOfFailure, GatewayRefusal, refuse, type GatewayError } from './errors.ts';
import type { GatewayDeps, Order } from './order.ts';
import { groupOrderOf, inTurn, resolutionOf, unfitMessageOf, type Answering, type Target } from './plan.ts';
import { rulesOn, type PolicyWatch } from './policies.ts';
import { redacted } from './redact.ts';
import type { GroupPlace } from './weigh.ts';
import { expand, parametrised } from './use-case.ts';

/** So many candidates are looked at; a plan itself asks `targetsMax` at the most. */
const consideredMax = 50;

export interface Estimate {
  tokensIn: number;
  /** The most that may be answered, of all choices together; null where nobody can tell. */
  tokensOutMax: number | null;
  /** For the estimated prompt and the longest answer; null where no price is known. */
  costNanoUsd: number | null;
  /** What a budget sets aside: the most that it can cost. */
  reservedNanoUsd: number | null;
}

export interface Explained {
  target: Target;
  mode: ParameterMode;
  /** It failed lately, so that others are tried before it. */
  isResting: boolean;
  /** What its routing group went by; null for one that was not chosen by a group. */
  place: Pick<GroupPlace<Target>, 'facing' | 'score'> | null;
  changed: readonly Change[];
  estimate: Estimate;
  /** What would leave, for people's eyes. */
  payload: unknown;
}

export interface Excluded {
  connectionId: string | null;
  connectionName: string | null;
  provider: string;
  model: string | null;
  /** A code of the data plane's errors, `over_the_limit` for one more than a request tries, or what it lacks: `no_tools`. */
  code: string;
  param: string | null;
  message: string;
}

export interface Explanation {
  /** The routing group that was named; null for none. */
  group: RoutingGroup | null;
  /** Parameters that nobody has ever heard of: they pass on their own wire and are dropped elsewhere. */
  unknown: readonly string[];
  candidates: Explained[];
  excluded: Excluded[];
  /** What the request would be answered where nobody is left; null where somebody would be asked. */
  refusal: GatewayError | null;
}

/** Throws GatewayRefusal for what is refused before there are candidates. */
export async function explain(deps: GatewayDeps, asked: Order): Promise<Explanation> {
  const order = expand(deps, asked);
  const grant = await admit(deps, order);
  try {
    const watch = rulesOn(deps, order);
    return weigh(deps, watch === null ? order : await watch.judgePrompt(), watch);
  } finally {
    // Explaining spends nothing of what the key may spend in a minute.
    grant.slot.correct(0);
    grant.release();
  }
}

function weigh(deps: GatewayDeps, order: Order, watch: PolicyWatch | null): Explanation {
  const excluded: Excluded[] = [];
  const resolution = resolutionOf(deps, order, ({ id, name, providerId, model }) =>
    excluded.push({
      connectionId: id,
      connectionName: name,
      provider: providerId,
      model,
      ...reasonOf(refuse('connection_inactive').error),
    }),
  );
  const able: Target[] = [];
  let first: GatewayError | null = null;
  let considered = 0;
  const places = new Map<Target, GroupPlace<Target>>();
  for (const target of inOrder(deps, order, resolution, places, excluded)) {
    if (++considered > consideredMax) break;
    const reason = whyNot(order, target);
    if (reason === null) able.push(target);
    else excluded.push({ ...placeOf(target), ...reasonOf(reason) });
    first ??= reason;
  }
  const priced = pricedOf(deps, order, parametrised(deps, order, allowedOf(watch, able, excluded)), excluded);
  for (const target of priced.slice(targetsMax))
    excluded.push({ ...placeOf(target), code: 'over_the_limit', param: null, message: overTheLimit });
  const { wire, scan } = order.request;
  return {
    group: resolution.kind === 'group' ? resolution.group : null,
    unknown: unknownOf(wire?.id ?? 'chat', scan.members.keys()),
    candidates: priced.slice(0, targetsMax).map((target) => explained(deps, order, target, places.get(target) ?? null)),
    excluded,
    refusal: priced.length > 0 ? null : (first ?? (resolution.kind === 'group' ? refuse('no_capable_target').error : null)),
  };
}

/** The plan's own order; of a group also what it went by, and who was left out of it and why. */
function inOrder(
  deps: GatewayDeps,
  order: Order,
  resolution: Answering,
  places: Map<Target, GroupPlace<Target>>,
  excluded: Excluded[],
): Iterable<Target> {
  if (resolution.kind !== 'group') return inTurn(deps, order, resolution);
  const { placed, unfit } = groupOrderOf(deps, order, resolution);
  for (const { target, why } of unfit) excluded.push({ ...placeOf(target), code: why, param: null, message: unfitMessageOf(why) });
  for (const place of placed) places.set(place.target, place);
  return placed.map(({ target }) => target);
}

const overTheLimit = `A request tries ${targetsMax} connections at the most.`;

const reasonOf = ({ code, param, message }: GatewayError): Pick<Excluded, 'code' | 'param' | 'message'> => ({ code, param, message });

const placeOf = ({ connection, row, model }: Target): Pick<Excluded, 'connectionId' | 'connectionName' | 'provider' | 'model'> => ({
  connectionId: connection?.id ?? null,
  connectionName: connection?.name ?? null,
  provider: row.id,
  model,
});

/** Null where the plan would keep it. */
function whyNot(order: Order, target: Target): GatewayError | null {
  if (!mayAnswer(order, target)) return refuse('model_not_allowed').error;
  const unsaid = unsaidAt({ to: target, request: order.request });
  return unsaid === null ? null : refuse('unsupported_parameter', unsaid).error;
}

/** Whose model a policy forbids is passed over; throws where nobody is left, as the request would be refused. */
function allowedOf(watch: PolicyWatch | null, targets: readonly Target[], excluded: Excluded[]): readonly Target[] {
  const allowed = watch === null ? targets : watch.choose(targets);
  for (const target of targets)
    if (!allowed.includes(target)) excluded.push({ ...placeOf(target), ...reasonOf(refuse('policy_violation').error) });
  return allowed;
}

/** Under a budget, who has no price is passed over as long as there are others. */
function pricedOf(deps: GatewayDeps, order: Order, targets: readonly Target[], excluded: Excluded[]): readonly Target[] {
  const priced = targets.filter((target) => canReckon(deps, order, target));
  if (priced.length === 0) return targets;
  for (const target of targets)
    if (!priced.includes(target)) excluded.push({ ...placeOf(target), ...reasonOf(refuse('price_unknown').error) });
  return priced;
}

function explained(deps: GatewayDeps, order: Order, target: Target, place: GroupPlace<Target> | null): Explained {
  const bound = boundOf(order, target, deps.limits.table.outputTokensCeiling);
  const isCapped = isBudgeted(deps, order, target);
  const request = {
    ...order.request,
    outputTokensMax: lesser(isCapped ? (bound?.outputTokensMax ?? null) : null, order.request.outputTokensMax),
  };
  const { body, changed } = said(() => bodyOf({ to: target, request }));
  const prices = deps.prices.pricesOf(target.row, target.model, target.connection?.id ?? null);
  const tokensIn = promptTokensEstimateOf(order.request.parsed());
  const tokensOutMax = bound?.outputTokens ?? null;
  const units = prices?.at(tokensIn) ?? null;
  return {
    target,
    mode: modeOf(target.settings),
    place: place && { facing: place.facing, score: place.score },
    isResting: target.connection !== null && deps.health.rank(target.connection.id) > 0,
    changed,
    estimate: {
      tokensIn,
      tokensOutMax,
      costNanoUsd: units && tokensOutMax !== null ? costOf({ ...noTokens, tokensIn, tokensOut: tokensOutMax }, units) : null,
      reservedNanoUsd: prices && bound ? reservationOf(bound.promptTokens, bound.outputTokens, prices.dearest) : null,
    },
    payload: redacted(parseJson(body.toString())),
  };
}

/** A body that cannot be made is refused here as an attempt would refuse it. */
function said<Made>(make: () => Made): Made {
  try {
    return make();
  } catch (error) {
    throw error instanceof UpstreamFailure ? new GatewayRefusal(errorOfFailure(error)) : error;
  }
}
