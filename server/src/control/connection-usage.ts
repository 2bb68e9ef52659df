/** Usage of connections as their owners read it: one connection in detail, or all of them in totals. */
import type { UsageMetrics, UsageQuery } from '@patchbay/contract/configurations';
import { dayMs } from '../domain/rollup.ts';
import { usageByDay, type UsageOfDay } from '../storage/connection-usage.ts';
import type { Caller } from './change.ts';
import { findFor } from './connection-access.ts';
import { fieldFault } from './connection-input.ts';
import { listFor } from './connections.ts';
import type { ControlDeps } from './deps.ts';

const nanoPerUsd = 1_000_000_000;
const defaultPeriod = '30d';
const periods: Readonly<Record<NonNullable<UsageQuery['period']>, number | null>> = { '24h': dayMs, '7d': 7 * dayMs, '30d': 30 * dayMs, '90d': 90 * dayMs, all: null };

/** `from` and `to` win over the period; a date alone is its UTC midnight (C-44). */
export function rangeOf(query: UsageQuery, nowMs: number): { fromMs: number; toMs: number } {
  const toMs = query.to === undefined ? nowMs + 1 : Date.parse(query.to);
  const spanMs = periods[query.period ?? defaultPeriod];
  const fromMs = query.from !== undefined ? Date.parse(query.from) : spanMs === null ? 0 : toMs - spanMs;
  if (Number.isNaN(fromMs) || Number.isNaN(toMs) || fromMs >= toMs) throw fieldFault('from', 'invalid_range', 'from must lie before to');
  return { fromMs, toMs };
}

const sum = (days: readonly UsageOfDay[], of: (day: UsageOfDay) => number): number => days.reduce((total, day) => total + of(day), 0);

/** Usage of one connection: zeros where it was never used. */
export async function usageOf(deps: ControlDeps, caller: Caller, id: string, query: UsageQuery): Promise<UsageMetrics> {
  await findFor(deps, caller, id, 'use', 'connection.usage');
  const days = await usageByDay(deps.database, [id], rangeOf(query, deps.clock.nowMs()));
  const [attempts, requests] = [sum(days, (day) => day.attempts), sum(days, (day) => day.requests)];
  const lastUsedAtMs = days.reduce((latest, day) => Math.max(latest, day.lastUsedAtMs), 0);
  return {
    requestCount: requests,
    tokenCount: sum(days, (day) => day.tokensIn + day.tokensOut),
    tokensIn: sum(days, (day) => day.tokensIn),
    tokensOut: sum(days, (day) => day.tokensOut),
    costUSD: sum(days, (day) => day.costNanoUsd) / nanoPerUsd,
    averageLatency: attempts === 0 ? null : Math.round(sum(days, (day) => day.latencyMsSum) / attempts),
    errorRate: attempts === 0 ? 0 : sum(days, (day) => day.failures) / attempts,
    lastUsed: lastUsedAtMs === 0 ? null : new Date(lastUsedAtMs).toISOString(),
    // Roll-ups hold sums alone, from which no percentile follows.
    p50Latency: null,
    p95Latency: null,
    series: days.map((day) => ({
      date: new Date(day.dayMs).toISOString().slice(0, 10),
      requestCount: day.requests,
      tokenCount: day.tokensIn + day.tokensOut,
      costUSD: day.costNanoUsd / nanoPerUsd,
    })),
  };
}

export interface ConnectionTotals {
  connectionId: string;
  requests: number;
  attempts: number;
  tokensIn: number;
  tokensOut: number;
}

/** Totals since ever, one row per connection that the caller may use, zeros included (C-45); of one where an id is given. */
export async function totalsOf(deps: ControlDeps, caller: Caller, id: string | null): Promise<ConnectionTotals[]> {
  const ids =
    id === null
      ? (await listFor(deps, caller, { owners: 'usable' })).items.map(({ connection }) => connection.id)
      : [(await findFor(deps, caller, id, 'use', 'connection.usage')).connection.id];
  const totals = new Map<string, ConnectionTotals>(ids.map((connectionId) => [connectionId, { connectionId, requests: 0, attempts: 0, tokensIn: 0, tokensOut: 0 }]));
  for (const day of await usageByDay(deps.database, ids, { fromMs: 0, toMs: deps.clock.nowMs() + 1 })) {
    const total = totals.get(day.connectionId);
    if (!total) continue;
    total.requests += day.requests;
    total.attempts += day.attempts;
    total.tokensIn += day.tokensIn;
    total.tokensOut += day.tokensOut;
  }
  return [...totals.values()];
}
