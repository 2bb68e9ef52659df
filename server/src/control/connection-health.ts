/** How a connection has been doing: by quarter-hour or by day, how fast, what its tests found, and what failed last. */
import type { Failure, HealthHistory } from '@patchbay/contract/configuration-details';
import { translate, type Language } from '@patchbay/contract/translate';
import type { Fault } from '../domain/errors.ts';
import { heartbeatOf, percentileOf } from '../domain/heartbeat.ts';
import type { Purpose } from '../domain/ledger.ts';
import { dayMs, dayOf, quarterMs, quarterOf } from '../domain/rollup.ts';
import { isoOf } from '../lib/iso-time.ts';
import { hintOf, type Hint } from '../providers/hints.ts';
import { healthBuckets, lastFailures, newestLatencies, type HealthBucket } from '../storage/connection-health.ts';
import { listTests } from '../storage/connection-tests.ts';
import type { Caller } from './change.ts';
import { findFor } from './connection-access.ts';
import type { KeptTest } from './connection-test.ts';
import { testView } from './connection-test-view.ts';
import type { ConnectionUsageDeps } from './connection-usage.ts';
import { visibilityOf } from './usage.ts';

/** What people and their applications asked; tests have their own history. */
const purposes: readonly Purpose[] = ['completion', 'chat'];
const failuresShown = 20;

interface Strip {
  range: '24h' | '90d';
  bucketMs: number;
  by: 'quarter' | 'day';
  fromMs: number;
  toMs: number;
}

/** Whole buckets up to and with the running one. */
function stripOf(range: '24h' | '90d', nowMs: number): Strip {
  if (range === '24h') {
    const toMs = quarterOf(nowMs) + quarterMs;
    return { range, bucketMs: quarterMs, by: 'quarter', fromMs: toMs - dayMs, toMs };
  }
  const toMs = dayOf(nowMs) + dayMs;
  return { range, bucketMs: dayMs, by: 'day', fromMs: toMs - 90 * dayMs, toMs };
}

type Bucket = HealthHistory['buckets'][number];

/** Every bucket of the strip, those without use as well. */
function filled(strip: Strip, sums: readonly HealthBucket[], latencies: readonly { atMs: number; latencyMs: number }[]): Bucket[] {
  const byStart = new Map(sums.map((sum) => [sum.atMs, sum]));
  const samples = Map.groupBy(latencies, ({ atMs }) => Math.floor(atMs / strip.bucketMs) * strip.bucketMs);
  const buckets: Bucket[] = [];
  for (let atMs = strip.fromMs; atMs < strip.toMs; atMs += strip.bucketMs) {
    const sum = byStart.get(atMs);
    const times = (samples.get(atMs) ?? []).map(({ latencyMs }) => latencyMs);
    const attempts = sum?.attempts ?? 0;
    buckets.push({
      at: isoOf(atMs),
      requests: attempts,
      errors: sum?.failures ?? 0,
      state: heartbeatOf(attempts, sum?.failures ?? 0),
      averageMs: sum && attempts > 0 ? Math.round(sum.latencyMsSum / attempts) : null,
      p50Ms: percentileOf(times, 0.5),
      p95Ms: percentileOf(times, 0.95),
    });
  }
  return buckets;
}

/** @throws Refusal NOT_FOUND, FORBIDDEN */
export async function healthOf(
  deps: ConnectionUsageDeps,
  caller: Caller,
  id: string,
  range: '24h' | '90d',
  language: Language,
): Promise<HealthHistory> {
  const { connection } = await findFor(deps, caller, id, 'use', 'connection.health');
  await deps.books?.catchUp();
  const nowMs = deps.clock.nowMs();
  const strip = stripOf(range, nowMs);
  const question = { connectionId: connection.id, purposes };
  const [sums, latencies, tests] = await Promise.all([
    healthBuckets(deps.database, { ...question, by: strip.by, fromMs: strip.fromMs, toMs: strip.toMs }),
    newestLatencies(deps.database, { ...question, fromMs: nowMs - dayMs }),
    listTests(deps.database, connection.id),
  ]);
  const times = latencies.map(({ latencyMs }) => latencyMs);
  const buckets = filled(strip, sums, latencies);
  return {
    range,
    bucketMs: strip.bucketMs,
    buckets,
    requests: buckets.reduce((all, bucket) => all + bucket.requests, 0),
    errors: buckets.reduce((all, bucket) => all + bucket.errors, 0),
    latency: { p50Ms: percentileOf(times, 0.5), p95Ms: percentileOf(times, 0.95), samples: times.length },
    tests: tests.map(({ atMs, resultJson }) => {
      const test = JSON.parse(resultJson) as KeptTest;
      const outcome = { providerId: connection.providerId, test, vendorMessage: null, egressEntry: null, testedAtMs: atMs, isCached: true };
      return testView(outcome, language);
    }),
  };
}

/** Words of the books for failures that are no fault of a provider have no hint of their own. */
function issueOf(reason: string): string {
  const hint: Hint | undefined = hintOf(reason as Fault);
  return hint?.issue ?? 'hints.unknown.issue';
}

/** The newest failures at this connection among the rows that the caller may see. @throws Refusal NOT_FOUND, FORBIDDEN */
export async function failuresOf(deps: ConnectionUsageDeps, caller: Caller, id: string, language: Language): Promise<Failure[]> {
  const { connection } = await findFor(deps, caller, id, 'use', 'connection.failures');
  await deps.books?.catchUp();
  const question = { connectionId: connection.id, visibility: visibilityOf(caller.actor), limit: failuresShown };
  const rows = await lastFailures(deps.database, question);
  return rows.map((row) => ({
    at: isoOf(row.atMs),
    requestId: row.requestId,
    attemptNo: row.attemptNo,
    model: row.model,
    status: row.status,
    reason: row.reason ?? '',
    message: translate(language, issueOf(row.reason ?? '')),
    latencyMs: row.latencyMs,
  }));
}
