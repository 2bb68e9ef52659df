/** Brings the targets of a routing group into their order for one request: what is known of each, then the rules of `domain/routing-order`. */
import { costOf } from '../domain/cost.ts';
import type { Connection } from '../domain/connection.ts';
import { noTokens } from '../domain/ledger.ts';
import type { RoutingGroup, RoutingTarget } from '../domain/routing-group.ts';
import { fitting, needsOf, type Abilities, type Needs, type Unfit } from '../domain/routing-needs.ts';
import { orderOf, type Facing } from '../domain/routing-order.ts';
import { prefixOf } from '../domain/routing-sticky.ts';
import { promptTokensEstimateOf } from '../domain/token-estimate.ts';
import { limitOf } from '../providers/limit-field.ts';
import { modelAbilitiesOf } from '../providers/model-abilities.ts';
import { modelLimitOf } from '../providers/model-limits.ts';
import type { ProviderRow } from '../providers/row.ts';
import type { GatewayDeps, Order } from './order.ts';

/** What of a target the group's rules look at. */
interface Weighed {
  connection: Connection | null;
  row: ProviderRow;
  model: string;
}

/** A target of the group as the request found it. */
export interface GroupPlace<Target> {
  target: Target;
  facing: Facing;
  /** What it was ordered by, lower first; null where the order of the group is all. */
  score: number | null;
}

export interface GroupOrder<Target> {
  placed: GroupPlace<Target>[];
  unfit: { target: Target; why: Unfit }[];
}

/** Bytes of a prompt per token, at the least, for asking whether it is worth estimating. */
const bytesPerToken = 2;
/** Tokens of an answer that says no bound of its own, for comparing what targets cost. */
const usualAnswerTokens = 500;
const stickyKeyCharsMax = 500;

/** Every target once: those that can serve the request, best first, and why the others cannot. */
export function weigh<Target extends Weighed>(
  deps: GatewayDeps,
  order: Order,
  group: RoutingGroup,
  members: readonly { target: Target; of: RoutingTarget }[],
): GroupOrder<Target> {
  const needs = needsFor(order, members);
  const { fit, unfit } = fitting(needs, members, ({ target, of }) => abilitiesOf(target.model, of.region));
  const isPriced = group.strategy === 'cheapest' || group.strategy === 'score';
  const facings = fit.map(({ target, of }): Facing => {
    const id = target.connection?.id ?? 'environment';
    const costNanoUsd = isPriced ? costAt(deps, order, target) : null;
    return { id: `${id} ${target.model}`, weight: of.weight, costNanoUsd, ...deps.health.faced(id, target.model) };
  });
  const placed = orderOf({
    strategy: group.strategy,
    options: group.options,
    candidates: facings,
    stickyKey: group.strategy === 'sticky' ? stickyKeyOf(order, group) : null,
    draw: () => deps.ids.draw(),
  });
  return {
    placed: placed.map(({ index, score }) => ({ target: fit[index]!.target, facing: facings[index]!, score })),
    unfit: unfit.map(({ target, why }) => ({ target: target.target, why })),
  };
}

const abilitiesOf = (model: string, region: string | null): Abilities => {
  const known = modelAbilitiesOf(model);
  return {
    tools: known?.tools ?? null,
    structuredOutput: known?.structuredOutput ?? null,
    input: known?.input ?? null,
    contextWindow: modelLimitOf(model).contextWindow,
    region,
  };
};

/** A short plain question needs nothing that its members do not say; only what may need more is parsed. */
function needsFor({ request, hints }: Order, members: readonly { target: Weighed }[]): Needs {
  const region = hints?.region ?? null;
  if (request.operation !== undefined) return { tools: false, jsonSchema: false, input: [], tokensIn: null, region };
  const windows = members.map(({ target }) => modelLimitOf(target.model).contextWindow).filter((window) => window !== null);
  const isLong = windows.length > 0 && request.bytes.length / bytesPerToken > Math.min(...windows);
  const body = request.parsed();
  return { ...needsOf(body), tokensIn: isLong ? promptTokensEstimateOf(body) : null, region };
}

/** About what the request costs there; for comparing, not for the books. */
function costAt(deps: GatewayDeps, { request }: Order, { row, model, connection }: Weighed): number | null {
  const prices = deps.prices.pricesOf(row, model, connection?.id ?? null);
  const tokensIn = Math.ceil(request.bytes.length / 4);
  const units = prices?.at(tokensIn) ?? null;
  if (units === null) return null;
  const asked = request.wire ? limitOf(request, request.wire.limitField) : request.parsed().max_completion_tokens;
  const bound = typeof asked === 'number' ? asked : (request.parsed().max_tokens ?? usualAnswerTokens);
  return costOf({ ...noTokens, tokensIn, tokensOut: Math.min(bound, usualAnswerTokens) }, units);
}

/** What keeps requests together: what the caller says of its session, or the beginning of the prompt. */
function stickyKeyOf({ request, hints }: Order, { options }: RoutingGroup): string | null {
  if (options.stickyBy === 'prefix') return request.operation === undefined ? prefixOf(request.parsed().messages) : null;
  if (hints?.session) return hints.session;
  const body = request.operation === undefined ? request.parsed() : {};
  for (const name of ['prompt_cache_key', 'safety_identifier', 'user'] as const) {
    const value = (body as Record<string, unknown>)[name];
    if (typeof value === 'string' && value !== '') return value.slice(0, stickyKeyCharsMax);
  }
  return null;
}
