/** What needs somebody: connections that fail, keys that are old, a default that is missing, requests that fail. Pure. */
import type { AiConnection } from '@patchbay/contract/ai-connections';
import type { StatusSummary } from '@patchbay/contract/status';

export const oldKeyDays = 180;
/** Below this share, or this many requests, failures are the daily weather. */
const errorShareMin = 0.05;
const requestsMin = 5;
const dayMs = 86_400_000;

export type Attention =
  | { kind: 'failing'; id: string; name: string; testedAt: string | null }
  | { kind: 'ill'; id: string; name: string; since: string; what: string | null }
  | { kind: 'oldKey'; id: string; name: string; days: number }
  | { kind: 'noDefault' }
  | { kind: 'errors'; share: number; failed: number; attempts: number };

export interface DaySum {
  requests: number;
  attempts: number;
  failures: number;
  /** Failures of all attempts, as everywhere: a request that another connection made good has one, too. */
  errorRate: number;
}

/** @param ill what checks and traffic say of connections now; it goes before what a test once said */
export function attentionOf(
  connections: readonly AiConnection[],
  ill: StatusSummary['ill'],
  today: DaySum | null,
  nowMs: number,
): Attention[] {
  const active = connections.filter(({ isActive }) => isActive);
  const isIll = new Set(ill.map(({ id }) => id));
  const failing = active
    .filter(({ id, testStatus }) => testStatus === 'failed' && !isIll.has(id))
    .map(({ id, name, lastTested }): Attention => ({ kind: 'failing', id, name, testedAt: lastTested }));
  const old = active.flatMap(({ id, name, apiKeySetAt }): Attention[] => {
    const days = apiKeySetAt === null ? 0 : Math.floor((nowMs - Date.parse(apiKeySetAt)) / dayMs);
    return days >= oldKeyDays ? [{ kind: 'oldKey', id, name, days }] : [];
  });
  const noDefault: Attention[] = active.length > 0 && !active.some(({ isDefault }) => isDefault) ? [{ kind: 'noDefault' }] : [];
  const isBad = today !== null && today.requests >= requestsMin && today.errorRate >= errorShareMin;
  return [
    ...ill.map(({ id, name, since, reasonText }): Attention => ({ kind: 'ill', id, name, since, what: reasonText })),
    ...failing,
    ...(isBad ? [{ kind: 'errors', share: today.errorRate, failed: today.failures, attempts: today.attempts } as const] : []),
    ...noDefault,
    ...old,
  ];
}

export interface ConnectionCounts {
  all: number;
  ok: number;
  failed: number;
  untested: number;
  off: number;
}

export function countsOf(connections: readonly AiConnection[], ill: StatusSummary['ill']): ConnectionCounts {
  const active = connections.filter(({ isActive }) => isActive);
  const isIll = new Set(ill.map(({ id }) => id));
  const ok = active.filter(({ id, testStatus }) => testStatus === 'success' && !isIll.has(id)).length;
  const failed = active.filter(({ id, testStatus }) => testStatus === 'failed' || isIll.has(id)).length;
  return { all: connections.length, ok, failed, untested: active.length - ok - failed, off: connections.length - active.length };
}
