/** What needs somebody: connections that fail, keys that are old, a default that is missing, requests that fail. Pure. */
import type { AiConnection } from '@patchbay/contract/ai-connections';

export const oldKeyDays = 180;
/** Below this share, or this many requests, failures are the daily weather. */
const errorShareMin = 0.05;
const requestsMin = 5;
const dayMs = 86_400_000;

export type Attention =
  | { kind: 'failing'; id: string; name: string; testedAt: string | null }
  | { kind: 'oldKey'; id: string; name: string; days: number }
  | { kind: 'noDefault' }
  | { kind: 'errors'; share: number; failed: number };

export interface DaySum {
  requests: number;
  failures: number;
  errorRate: number;
}

export function attentionOf(connections: readonly AiConnection[], today: DaySum | null, nowMs: number): Attention[] {
  const active = connections.filter(({ isActive }) => isActive);
  const failing = active
    .filter(({ testStatus }) => testStatus === 'failed')
    .map(({ id, name, lastTested }): Attention => ({ kind: 'failing', id, name, testedAt: lastTested }));
  const old = active.flatMap(({ id, name, apiKeySetAt }): Attention[] => {
    const days = apiKeySetAt === null ? 0 : Math.floor((nowMs - Date.parse(apiKeySetAt)) / dayMs);
    return days >= oldKeyDays ? [{ kind: 'oldKey', id, name, days }] : [];
  });
  const noDefault: Attention[] = active.length > 0 && !active.some(({ isDefault }) => isDefault) ? [{ kind: 'noDefault' }] : [];
  const isBad = today !== null && today.requests >= requestsMin && today.errorRate >= errorShareMin;
  return [
    ...failing,
    ...(isBad ? [{ kind: 'errors', share: today.errorRate, failed: today.failures } as const] : []),
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

export function countsOf(connections: readonly AiConnection[]): ConnectionCounts {
  const active = connections.filter(({ isActive }) => isActive);
  const ok = active.filter(({ testStatus }) => testStatus === 'success').length;
  const failed = active.filter(({ testStatus }) => testStatus === 'failed').length;
  return { all: connections.length, ok, failed, untested: active.length - ok - failed, off: connections.length - active.length };
}
