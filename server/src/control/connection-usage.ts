/** Usage of connections as their owners read it: one connection in detail, or all of them in totals. */
import type { UsageMetrics, UsageQuery } from '@patchbay/contract/configurations';
import { percentilesOf } from '../domain/tally.ts';
import { rangeOf, zoneOf } from '../domain/usage-range.ts';
import { tallySpans } from '../storage/usage-tallies.ts';
import { usageBy, type UsageQuestion, type UsageSum } from '../storage/usage.ts';
import { countViolations } from '../storage/violations.ts';
import type { Caller } from './change.ts';
import { findFor } from './connection-access.ts';
import { listFor } from './connections.ts';
import type { ControlDeps } from './deps.ts';
import { readRange } from './usage.ts';

export interface ConnectionUsageDeps extends ControlDeps {
  /** Brings what has just happened into the books, for at most a moment; where there are none, what is in the database counts. */
  books?: { catchUp(): Promise<void> };
  /** The same for what policies have just found. */
  found?: { flush(): Promise<void> };
}

/** Ids that one question to the books may name. */
const idsAtOnce = 1000;

/** Nano-dollars as dollars, for display alone: a number holds the picodollars of any bill that a person would read. */
const usdOf = (nanoUsd: bigint): number => Number(nanoUsd) / 1_000_000_000;

/** Whoever may use a connection sees what it was used for; tests and model lists are not counted. */
const asked = (ids: readonly string[], query: UsageQuery, groupBy: UsageQuestion['groupBy'], nowMs: number): UsageQuestion =>
  readRange(() => ({
    range: rangeOf(query, nowMs),
    zone: zoneOf(query.tz),
    groupBy,
    visibility: 'all',
    connectionIds: ids,
    purposes: ['completion', 'chat'],
  }));

const total = (sums: readonly UsageSum[], of: (sum: UsageSum) => number): number => sums.reduce((all, sum) => all + of(sum), 0);
const tokensOf = (sum: UsageSum): number => sum.tokensIn + sum.tokensOut;

/** Usage of one connection by day: zeros where it was never used. */
export async function usageOf(deps: ConnectionUsageDeps, caller: Caller, id: string, query: UsageQuery): Promise<UsageMetrics> {
  await findFor(deps, caller, id, 'use', 'connection.usage');
  const question = asked([id], query, 'day', deps.clock.nowMs());
  await deps.books?.catchUp();
  const days = await usageBy(deps.database, question);
  const counts = (await tallySpans(deps.database, question, [question.range])).get(0);
  const latency = counts ? percentilesOf(counts.tally, 'latency') : null;
  const attempts = total(days, (day) => day.attempts);
  const lastUsedAtMs = days.reduce((latest, day) => Math.max(latest, day.lastUsedAtMs), 0);
  return {
    requestCount: total(days, (day) => day.requests),
    tokenCount: total(days, tokensOf),
    tokensIn: total(days, (day) => day.tokensIn),
    tokensOut: total(days, (day) => day.tokensOut),
    costUSD: usdOf(days.reduce((all, day) => all + day.costNanoUsd, 0n)),
    unpricedCount: total(days, (day) => day.unpriced),
    averageLatency: attempts === 0 ? null : Math.round(total(days, (day) => day.latencyMsSum) / attempts),
    errorRate: attempts === 0 ? 0 : total(days, (day) => day.failures) / attempts,
    lastUsed: lastUsedAtMs === 0 ? null : new Date(lastUsedAtMs).toISOString(),
    // Null where nothing was measured, or all of it before times were counted.
    p50Latency: latency && Math.round(latency.p50),
    p95Latency: latency && Math.round(latency.p95),
    series: days.map((day) => ({
      date: day.key ?? '',
      requestCount: day.requests,
      tokenCount: tokensOf(day),
      costUSD: usdOf(day.costNanoUsd),
    })),
  };
}

export interface ConnectionTotals {
  connectionId: string;
  requests: number;
  tokensIn: number;
  tokensOut: number;
  /** What policies found in its requests, as long as that is kept. */
  violations: number;
  alerts: number;
  blocks: number;
}

const nothingFound = { violations: 0, alerts: 0, blocks: 0 };

/** Totals since ever, one row per connection that the caller may use, zeros included (C-45); of one where an id is given. */
export async function totalsOf(deps: ConnectionUsageDeps, caller: Caller, id: string | null): Promise<ConnectionTotals[]> {
  const ids =
    id === null
      ? (await listFor(deps, caller, { owners: 'usable' })).items.map(({ connection }) => connection.id)
      : [(await findFor(deps, caller, id, 'use', 'connection.usage')).connection.id];
  const totals = new Map<string, ConnectionTotals>(
    ids.map((connectionId) => [connectionId, { connectionId, requests: 0, tokensIn: 0, tokensOut: 0, ...nothingFound }]),
  );
  await deps.books?.catchUp();
  for (let from = 0; from < ids.length; from += idsAtOnce) {
    const question = asked(ids.slice(from, from + idsAtOnce), { period: 'all' }, 'connection', deps.clock.nowMs());
    for (const { key, requests, tokensIn, tokensOut } of await usageBy(deps.database, question)) {
      if (key !== null) totals.set(key, { connectionId: key, requests, tokensIn, tokensOut, ...nothingFound });
    }
  }
  await deps.found?.flush();
  const found = await countViolations(deps.database, 'connection_id', ids);
  return [...totals.values()].map((total) => ({ ...total, ...found.get(total.connectionId) }));
}
