/** What one attempt holds of the limits: a place at its connection and its routing group, and money in every budget that applies. */
import type { LimitSubject } from '../domain/limit.ts';
import type { SubjectLimits } from '../domain/limit-table.ts';
import { memberValue } from '../lib/json-scan.ts';
import { limitOf } from '../providers/limit-field.ts';
import { dearestIn, isFree, type ModelPrices } from '../providers/prices.ts';
import { isBudgetedCaller, tokensOf, type Grant } from './admit.ts';
import { boundOf, reservedAt } from './bound.ts';
import { GatewayRefusal, refuse } from './errors.ts';
import type { Hold } from './limits-money.ts';
import type { Ticket } from './limits-rates.ts';
import { pricesBeside } from './models-beside.ts';
import type { GatewayDeps, Order } from './order.ts';
import type { Target } from './plan.ts';

export interface AttemptHold {
  readonly nanoUsd: number;
  /** The output cap that is sent upstream; null for none. */
  readonly outputTokensMax: number | null;
  readonly money: Hold | null;
  readonly ticket: Ticket | null;
}

const nothing: AttemptHold = { nanoUsd: 0, outputTokensMax: null, money: null, ticket: null };

/** Everybody whose budget an attempt would spend, with what is limited of them. */
function budgetsOf({ limits }: GatewayDeps, order: Order, target: Target): SubjectLimits[] {
  const all = [...limits.ofAsker(order), limits.ofConnection(target.connection?.id ?? null), limits.ofGroup(target.group?.id)];
  return all.filter((subject) => subject !== undefined && subject.money.length > 0) as SubjectLimits[];
}

const isHard = ({ money }: SubjectLimits): boolean => money.some(({ hard }) => hard !== null);

/** Whether a budget can refuse this request at this target. */
export const isBudgeted = (deps: GatewayDeps, order: Order, target: Target): boolean =>
  deps.limits.table.size === 0 ? isBudgetedCaller(deps, order) : budgetsOf(deps, order, target).some(isHard);

/** FALSE where a budget could refuse the request at this target and no price is known to reckon with. */
export const canReckon = (deps: GatewayDeps, order: Order, target: Target): boolean =>
  !isBudgeted(deps, order, target) || deps.prices.pricesOf(target.row, target.model, target.connection?.id ?? null) !== null;

/** TRUE for a refusal that another connection may not share. */
export const isOfConnection = (error: unknown): boolean =>
  error instanceof GatewayRefusal && error.error.limit?.subject.kind === 'connection';

/**
 * Takes what an attempt needs of every limit, or nothing of any. Throws or rejects a GatewayRefusal: 402 for a budget or where no price
 * is known under one, 429 for a rate, 503 where it is not known what is left.
 */
export function holdFor(
  deps: GatewayDeps,
  order: Order,
  target: Target,
  prices: ModelPrices | null,
  grant: Grant,
): AttemptHold | Promise<AttemptHold> {
  const { limits } = deps;
  const capped = grant.outputTokensMax ?? null;
  const isKeyBudgeted = order.accessKey !== null && order.accessKey.budgetNanoUsd !== null;
  if (limits.table.size === 0 && !isKeyBudgeted) return capped === null ? nothing : { ...nothing, outputTokensMax: capped };
  const ofGroup = limits.ofGroup(target.group?.id);
  const isNewGroup = ofGroup !== undefined && grant.groups?.has(target.group!.id) !== true;
  const place = { connection: limits.ofConnection(target.connection?.id ?? null), group: isNewGroup ? ofGroup : undefined };
  const spend = spendingOf(deps, order, target, prices, capped);
  const money = spend === null ? null : limits.reserve(spend.subjects, spend.nanoUsd, deps.clock.nowMs());
  if (money instanceof Promise) return money.then((held) => placed(deps, order, target, grant, place, { spend, money: held, capped }));
  return placed(deps, order, target, grant, place, { spend, money, capped });
}

interface Spending {
  subjects: readonly SubjectLimits[];
  nanoUsd: number;
  outputTokensMax: number | null;
}

/** The most that the attempt can cost; null where no budget asks. */
function spendingOf(
  deps: GatewayDeps,
  order: Order,
  target: Target,
  modelPrices: ModelPrices | null,
  capped: number | null,
): Spending | null {
  const subjects = budgetsOf(deps, order, target);
  if (subjects.length === 0) return null;
  const mayRefuse = subjects.some(isHard);
  // Limits that only count do not refuse what cannot be reckoned, and the one token of a test is worth knowing whether a model answers.
  const unknown = (): null => {
    if (mayRefuse && order.purpose !== 'probe') throw refuse('price_unknown');
    return null;
  };
  if (!modelPrices) return unknown();
  const bound = boundOf(order, target, lesser(deps.limits.table.outputTokensCeiling, capped));
  // What has no bound cannot be set aside, unless it costs nothing.
  if (bound === null) return isFree(modelPrices) ? { subjects, nanoUsd: 0, outputTokensMax: null } : unknown();
  const all = pricesBeside(deps, order, target, modelPrices)?.map((prices) => dearestIn(prices, bound.serviceTier)) ?? [null];
  if (all.includes(null)) return unknown();
  const nanoUsd = Math.max(...all.map((prices) => reservedAt(order, target, bound, prices!)));
  return { subjects, nanoUsd, outputTokensMax: mayRefuse ? bound.outputTokensMax : null };
}

/**
 * Where limits would end the answer of this target, in tokens; null where they leave it as long as the request itself says. Takes nothing
 * and refuses nothing.
 */
export function outputEndOf(deps: GatewayDeps, order: Order, target: Target, grant: Grant): number | null {
  const { limits } = deps;
  const capped = grant.outputTokensMax ?? null;
  if (limits.table.size === 0 && capped === null && !isBudgetedCaller(deps, order)) return null;
  if (namesEnd(order.request)) return null;
  const places = [limits.ofConnection(target.connection?.id ?? null), limits.ofGroup(target.group?.id)];
  const ofPlaces = tokensOf(
    deps,
    order,
    target.model,
    places.filter((one) => one !== undefined),
  ).outputTokensMax;
  const bound = isBudgeted(deps, order, target) ? boundOf(order, target, lesser(limits.table.outputTokensCeiling, capped)) : null;
  return lesser(lesser(bound?.outputTokensMax ?? null, capped), ofPlaces);
}

/** Of two names with different limits a provider obeys either: such a request names none that could be relied on. */
function namesEnd({ bytes, scan, wire }: Order['request']): boolean {
  const own = wire ? limitOf({ bytes, scan }, wire.limitField) : undefined;
  const named = ['max_completion_tokens', 'max_tokens'].map((name) => memberValue(bytes, scan, name));
  const ends = new Set([own, ...named].filter((end) => typeof end === 'number'));
  return ends.size === 1;
}

/** The smaller of two bounds, of which null is none. */
export const lesser = (a: number | null, b: number | null): number | null => (a === null ? b : b === null ? a : Math.min(a, b));

interface Reserved {
  spend: Spending | null;
  money: Hold | null;
  capped: number | null;
}

function placed(
  deps: GatewayDeps,
  order: Order,
  target: Target,
  grant: Grant,
  place: { connection: SubjectLimits | undefined; group: SubjectLimits | undefined },
  { spend, money, capped }: Reserved,
): AttemptHold | Promise<AttemptHold> {
  const { connection, group } = place;
  const asked = tokensOf(
    deps,
    order,
    target.model,
    [connection, group].filter((one) => one !== undefined),
  );
  const outputTokensMax = lesser(lesser(spend?.outputTokensMax ?? null, capped), asked.outputTokensMax);
  const hold = (ticket: Ticket | null): AttemptHold => ({ nanoUsd: spend?.nanoUsd ?? 0, outputTokensMax, money, ticket });
  if (!connection && !group) return hold(null);
  const giveBack = (error: unknown): never => {
    deps.limits.settle(money, [], deps.clock.nowMs(), 0, Infinity);
    throw error;
  };
  try {
    const atConnection = connection === undefined ? null : deps.limits.take([connection], asked.tokens);
    if (atConnection instanceof Promise)
      return atConnection.then((ticket) => joined(deps, grant, target, group, asked.tokens, ticket)).then(hold, giveBack);
    const both = joined(deps, grant, target, group, asked.tokens, atConnection);
    return both instanceof Promise ? both.then(hold, giveBack) : hold(both);
  } catch (error) {
    return giveBack(error);
  }
}

/** A group's place is taken once per request and held to its end; the connection's is given back where the group has none. */
function joined(
  deps: GatewayDeps,
  grant: Grant,
  target: Target,
  group: SubjectLimits | undefined,
  tokens: number,
  ticket: Ticket | null,
): Ticket | null | Promise<Ticket | null> {
  // The other attempt of a hedged request may have joined while this one waited for its money.
  const hasJoined = (): boolean => grant.groups?.has(target.group!.id) === true;
  if (group === undefined || hasJoined()) return ticket;
  const join = (ofGroup: Ticket): Ticket | null => {
    if (hasJoined()) ofGroup.undo();
    else grant.join?.(ofGroup, target.group!.id);
    return ticket;
  };
  const giveBack = (error: unknown): never => {
    ticket?.undo();
    throw error;
  };
  try {
    const ofGroup = deps.limits.take([group], tokens);
    return ofGroup instanceof Promise ? ofGroup.then(join, giveBack) : join(ofGroup);
  } catch (error) {
    return giveBack(error);
  }
}

/** Gives everything back: the attempt was never booked. */
export function cancelHold(deps: GatewayDeps, { money, ticket }: AttemptHold): void {
  deps.limits.settle(money, [], deps.clock.nowMs(), 0, Infinity);
  ticket?.undo();
}

/**
 * The attempt is over: what it cost (null for a price that nobody knows, as of a tier of service that has none: under a budget it counts
 * with what was set aside for it), and the tokens that it came to.
 */
export function settleHold(
  deps: GatewayDeps,
  order: Order,
  target: Target,
  hold: AttemptHold,
  { atMs, costNanoUsd, tokens, seq }: { atMs: number; costNanoUsd: number | null; tokens: number; seq: number },
): void {
  if (hold.ticket !== null) {
    hold.ticket.correct(tokens);
    hold.ticket.release();
  }
  // What the books never hear of is remembered for budgets that are opened, or come into force, later.
  if (deps.limits.isUnspent() && seq !== Infinity) return;
  deps.limits.settle(hold.money, spendersOf(order, target), atMs, costNanoUsd ?? hold.nanoUsd, seq);
}

function spendersOf(order: Order, target: Target): LimitSubject[] {
  const subjects: LimitSubject[] = [{ kind: 'user', id: order.userId }];
  if (order.accessKey !== null) subjects.push({ kind: 'access-key', id: order.accessKey.id });
  if (order.workspaceId !== null) subjects.push({ kind: 'workspace', id: order.workspaceId });
  if (target.connection !== null) subjects.push({ kind: 'connection', id: target.connection.id });
  if (target.group !== undefined) subjects.push({ kind: 'group', id: target.group.id });
  return subjects;
}
