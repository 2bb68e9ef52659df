/** May this caller ask this, now? Refuses before anything is planned, reserved or sent. */
import { allowsModel } from '../domain/access-key.ts';
import { memberValue } from '../lib/json-scan.ts';
import { refuse } from './errors.ts';
import type { GatewayDeps, Order } from './order.ts';
import type { Slot } from './limits.ts';
import type { Target } from './plan.ts';

/** What an admitted order holds until it ends. */
export interface Grant {
  slot: Slot;
  release(): void;
}

/** Requests in flight on one instance; more are shed at once, so that those under way end well. */
const inFlightMax = 4_000;
let inFlight = 0;

/** Rough tokens of a prompt: four bytes each, as an estimate for rate windows only. */
export const promptTokensEstimate = (bytes: number): number => Math.ceil(bytes / 4);

export function admit(deps: GatewayDeps, order: Order): Grant {
  const key = order.accessKey;
  if (key && order.asked !== null && order.asked !== '' && !allowsModel(key.models, order.asked)) throw refuse('model_not_allowed');
  if (inFlight >= inFlightMax) throw refuse('overloaded', { retryAfterS: 1 });
  if (deps.journal.isFull() && key !== null && key.budgetNanoUsd !== null) throw refuse('ledger_unavailable', { retryAfterS: 5 });
  const slot = key ? deps.limits.take(key, tokensEstimate(order)) : { correct: () => undefined };
  inFlight++;
  let isReleased = false;
  return {
    slot,
    release() {
      if (!isReleased) inFlight--;
      isReleased = true;
    },
  };
}

/** Where nothing was named, the plan chose: what it chose must be on the key's list too, by its model or by its connection. */
export function admitChoice({ accessKey, asked }: Order, targets: readonly Target[]): readonly Target[] {
  const models = accessKey?.models ?? null;
  if (models === null || (asked !== null && asked !== '')) return targets;
  const allowed = targets.filter((target) => isOnList(models, target));
  if (allowed.length === 0) throw refuse('model_not_allowed');
  return allowed;
}

/** Whether a key's list names a target, by its model or by its connection. */
export const isOnList = (models: readonly string[] | null, { connection, model }: Target): boolean =>
  allowsModel(models, model) || (connection !== null && allowsModel(models, `${connection.name}/${model}`));

function tokensEstimate(order: Order): number {
  if (order.accessKey === null || order.accessKey.tpm === null) return 0;
  const { bytes, scan } = order.request;
  // These two alone are read, and were checked to be counts: to parse all of a large body for them would be its greatest cost.
  const count = (key: string): number | null => (memberValue(bytes, scan, key) as number | null | undefined) ?? null;
  const own = order.request.wire ? count(order.request.wire.limitField) : null;
  return promptTokensEstimate(bytes.length) + (own ?? count('max_completion_tokens') ?? count('max_tokens') ?? 0);
}

/** Requests under way on this instance. */
export const requestsInFlight = (): number => inFlight;
