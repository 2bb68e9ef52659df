/** May this caller ask this, now? Refuses before anything is planned, reserved or sent. */
import { allowsModel } from '../domain/access-key.ts';
import type { SubjectLimits } from '../domain/limit-table.ts';
import { outputAskedOf, promptTokensEstimate, type OutputAsked } from './bound.ts';
import { refuse } from './errors.ts';
import type { Headroom, Ticket } from './limits-rates.ts';
import { modelsBeside } from './models-beside.ts';
import type { GatewayDeps, Order } from './order.ts';
import type { Target } from './plan.ts';

export { promptTokensEstimate };

/** Replaces the estimate of a request's tokens by what it came to; `nowMs` is monotonic, from whoever has just read the clock. */
export interface Slot {
  correct(tokens: number, nowMs?: number): void;
}

/** What an admitted order holds until it ends. */
export interface Grant {
  slot: Slot;
  release(): void;
  /** The longest answer that was reckoned with where the request names none; missing or null where nobody reckons. */
  outputTokensMax?: number | null;
  /** Routing groups in which the request has its place. */
  groups?: ReadonlySet<string>;
  join?(ticket: Ticket, groupId: string): void;
}

/** Requests in flight on one instance; more are shed at once, so that those under way end well. */
const inFlightMax = 4_000;
let inFlight = 0;

/** Throws or rejects a GatewayRefusal. Waits only where a share of a limit has to be asked for. */
export function admit(deps: GatewayDeps, order: Order): Grant | Promise<Grant> {
  const key = order.accessKey;
  if (key && order.asked !== null && order.asked !== '' && !allowsModel(key.models, order.asked)) throw refuse('model_not_allowed');
  if (inFlight >= inFlightMax) throw refuse('overloaded', { retryAfterS: 1 });
  if (deps.journal.isFull() && isBudgetedCaller(deps, order)) throw refuse('ledger_unavailable', { retryAfterS: 5 });
  const subjects = deps.limits.ofAsker(order);
  if (subjects.length === 0) return granted(null, null);
  const output = tokensOf(deps, order, order.asked, subjects);
  const ticket = deps.limits.take(subjects, output.tokens);
  return ticket instanceof Promise ? ticket.then((held) => granted(held, output.outputTokensMax)) : granted(ticket, output.outputTokensMax);
}

/** Whether a budget of the caller can refuse what it asks; those of whoever answers are not known yet. */
export function isBudgetedCaller(deps: Pick<GatewayDeps, 'limits'>, order: Order): boolean {
  if (order.accessKey !== null && order.accessKey.budgetNanoUsd !== null) return true;
  return deps.limits.table.size > 0 && deps.limits.ofAsker(order).some(({ money }) => money.some(({ hard }) => hard !== null));
}

const unlimited: Slot = { correct: () => undefined };

function granted(ticket: Ticket | null, outputTokensMax: number | null): Grant {
  inFlight++;
  return ticket === null ? new FreeGrant() : new HeldGrant(ticket, outputTokensMax);
}

class FreeGrant implements Grant {
  slot: Slot = unlimited;
  groups: Set<string> | undefined;
  #joined: Ticket[] | null = null;
  #isReleased = false;

  join(ticket: Ticket, groupId: string): void {
    (this.groups ??= new Set()).add(groupId);
    const joined = (this.#joined ??= []);
    joined.push(ticket);
    const before = this.slot;
    this.slot = {
      correct(tokens, nowMs) {
        before.correct(tokens, nowMs);
        ticket.correct(tokens, nowMs);
      },
    };
  }

  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    inFlight--;
    for (const ticket of this.#joined ?? []) ticket.release();
  }
}

class HeldGrant extends FreeGrant {
  readonly outputTokensMax: number | null;
  readonly ticket: Ticket;

  constructor(ticket: Ticket, outputTokensMax: number | null) {
    super();
    this.ticket = ticket;
    this.outputTokensMax = outputTokensMax;
    this.slot = ticket;
  }

  override release(): void {
    this.ticket.release();
    super.release();
  }
}

/** What is left of the rates that a grant was given under, as of when it was given; null where none is limited. */
export const ratesLeft = (grant: Grant): Headroom | null => (grant instanceof HeldGrant ? grant.ticket.headroom() : null);

/** Says it in the words of OpenAI's headers. They are written straight into those of the answer: an object of their own would be made to be copied. */
export function addRates(headers: Record<string, string>, { requests, tokens }: Headroom): void {
  // Names that are put together are looked up in a table of all names each time: this is written for every answer, so they stand here.
  if (requests !== null) {
    headers['x-ratelimit-limit-requests'] = String(requests.limit);
    headers['x-ratelimit-remaining-requests'] = String(requests.remaining);
    headers['x-ratelimit-reset-requests'] = durationText(requests.resetMs);
  }
  if (tokens !== null) {
    headers['x-ratelimit-limit-tokens'] = String(tokens.limit);
    headers['x-ratelimit-remaining-tokens'] = String(tokens.remaining);
    headers['x-ratelimit-reset-tokens'] = durationText(tokens.resetMs);
  }
}

/** As OpenAI writes it (its guide to rate limits): `1s`, `850ms`, `1m0s`. */
export function durationText(ms: number): string {
  const whole = Math.max(0, Math.ceil(ms));
  if (whole < 1_000) return `${whole}ms`;
  const seconds = Math.ceil(whole / 1_000);
  return seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`;
}

/**
 * Where nothing was named, the plan chose: what it chose must be on the key's list too, by its model or by its connection. So must be what
 * a request names beside `model`: a provider may answer with it.
 */
export function admitChoice(order: Order, targets: readonly Target[]): readonly Target[] {
  if ((order.accessKey?.models ?? null) === null) return targets;
  const allowed = targets.filter((target) => mayAnswer(order, target));
  if (allowed.length === 0) throw refuse('model_not_allowed');
  return allowed;
}

/** The same of one target. */
export function mayAnswer({ accessKey, asked, request }: Order, target: Target): boolean {
  const models = accessKey?.models ?? null;
  if (models === null) return true;
  const isNamed = asked !== null && asked !== '';
  return (isNamed || isOnList(models, target)) && modelsBeside(request).every((model) => mayStandBeside(models, target, model));
}

/** It is named as the provider knows it, so that every name counts by which it could have been asked for here. */
const mayStandBeside = (models: readonly string[], target: Target, model: string): boolean =>
  model === target.model ||
  isOnList(models, { ...target, model }) ||
  [target.row.id, target.connection?.id ?? ''].some((first) => allowsModel(models, `${first}/${model}`));

/** Whether a key's list names a target, by its model or by its connection. */
export const isOnList = (models: readonly string[] | null, { connection, model }: Target): boolean =>
  allowsModel(models, model) || (connection !== null && allowsModel(models, `${connection.name}/${model}`));

const noTokens: OutputAsked = { tokens: 0, outputTokensMax: null };

/** Tokens to take from the windows of these subjects, and the output cap that makes it so; `model` is what is asked, or who answers. */
export function tokensOf(
  deps: Pick<GatewayDeps, 'limits'>,
  order: Order,
  model: string | null,
  subjects: readonly SubjectLimits[],
): OutputAsked {
  let tightest: number | null = null;
  let isLimited = false;
  for (const { tokens } of subjects) {
    if (tokens === null) continue;
    isLimited = true;
    const value = tokens.hard?.value ?? null;
    if (value !== null && (tightest === null || value < tightest)) tightest = value;
  }
  if (!isLimited) return noTokens;
  const asked = outputAskedOf(order.request, model, deps.limits.table.outputTokensCeiling, tightest);
  // Where all limits of tokens only count, the request goes as it came.
  return tightest === null ? { ...asked, outputTokensMax: null } : asked;
}

/** Requests under way on this instance. */
export const requestsInFlight = (): number => inFlight;
