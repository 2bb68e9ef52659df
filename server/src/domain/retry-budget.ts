/** How often a target may be asked again: repetitions are a share of its requests, so that an outage is not multiplied. */

/** A fifth of a target's requests in the window, and never less than ten (Envoy: 20 %, at least 3; Finagle: 20 %, and 10 a second). */
export const budgetWindowMs = 10_000;
export const budgetShare = 0.2;
export const budgetFloor = 10;

export interface RetryBudget {
  windowStartMs: number;
  requests: number;
  retries: number;
}

export const newRetryBudget = (nowMs: number): RetryBudget => ({ windowStartMs: nowMs, requests: 0, retries: 0 });

function turn(budget: RetryBudget, nowMs: number): void {
  if (nowMs - budget.windowStartMs < budgetWindowMs) return;
  budget.windowStartMs = nowMs;
  budget.requests = 0;
  budget.retries = 0;
}

export function countRequest(budget: RetryBudget, nowMs: number): void {
  turn(budget, nowMs);
  budget.requests++;
}

export function countRetry(budget: RetryBudget, nowMs: number): void {
  turn(budget, nowMs);
  budget.retries++;
}

export function mayRepeat(budget: RetryBudget, nowMs: number): boolean {
  turn(budget, nowMs);
  return budget.retries < Math.max(budgetFloor, Math.floor(budget.requests * budgetShare));
}
