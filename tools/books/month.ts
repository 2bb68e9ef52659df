/** A month of made-up requests in the order of their time, for tools that fill books: the same shape for whatever they measure. */
import type { LedgerRecord } from '../../server/src/domain/ledger.ts';
import { dayMs } from '../../server/src/domain/rollup.ts';
import { ids, intentOf, refusedOf, seeded, settlementOf } from '../../server/test/storage/ledger-records.ts';

export const monthMs = 30 * dayMs;

interface Cast {
  connections: string[];
  keys: string[];
  users: string[];
  workspaces: string[];
  groups: string[];
}
const many = (count: number): string[] => Array.from({ length: count }, () => ids.uuid());
export const cast: Cast = { connections: many(50), keys: many(300), users: many(100), workspaces: many(20), groups: many(5) };
/** One that asks once in a hundred thousand, so that a filter finds little among much. */
export const rareKey = ids.uuid();

/** One request of a month: most answered at once, some refused, some failed over, some changed in translation. */
function requestAt(atMs: number, below: (limit: number) => number): LedgerRecord[] {
  const pick = <T>(list: readonly T[]): T => list[below(list.length)]!;
  const user = below(cast.users.length);
  const who = {
    userId: cast.users[user]!,
    accessKeyId: below(100_000) === 0 ? rareKey : cast.keys[(user * 3 + below(3)) % cast.keys.length]!,
    workspaceId: cast.workspaces[user % cast.workspaces.length]!,
  };
  if (below(40) === 0) return [refusedOf({ ...who, atMs, status: 429, reason: 'rate_limited' })];
  // People have their few connections, and a connection its few models.
  const place = (user * 7 + below(3)) % cast.connections.length;
  const model = `model-${place * 4 + below(4)}`;
  const first = intentOf({ ...who, atMs, connectionId: cast.connections[place]!, model, modelAsked: model, routingGroupId: below(4) === 0 ? pick(cast.groups) : null, clientRequestId: below(10) === 0 ? ids.uuid() : null }); // prettier-ignore
  const changed = below(50) === 0 ? [{ parameter: 'logit_bias', what: 'dropped' as const }] : null;
  const end = { latencyMs: below(3_000), firstByteMs: below(800), costNanoUsd: below(20_000_000), changed };
  if (below(30) > 0) return [first, settlementOf(first, end)];
  const second = intentOf({
    ...first,
    id: ids.uuid(),
    attemptNo: 2,
    atMs: atMs + 700,
    connectionId: cast.connections[(place + 1) % cast.connections.length]!,
  });
  const isLost = below(3) === 0;
  const ending = isLost ? { ...end, status: 502, reason: 'server_error', latencyMs: 30_000 + below(30_000) } : end;
  return [first, settlementOf(first, { isLast: false, status: 503, reason: 'overloaded' }), second, settlementOf(second, ending)];
}

/** So many requests, spread evenly over the thirty days from a moment on, each with its records, the oldest first. */
export function* monthOf(requests: number, fromMs: number): Generator<LedgerRecord[], void, undefined> {
  const below = seeded(7);
  const stepMs = monthMs / requests;
  for (let done = 0; done < requests; done++) yield requestAt(Math.floor(fromMs + done * stepMs), below);
}
