/** A month of traffic from a seed: who asked which model when, what came of it and what it cost. The same seed makes the same month. */
import { createHash } from 'node:crypto';
import { noTokens, type Intent, type LedgerRecord } from '../../src/domain/ledger.ts';

export interface Town {
  connectionIds: readonly string[];
  keyIds: readonly string[];
  userIds: readonly string[];
  workspaceIds: readonly string[];
  repositoryIds: readonly string[];
  useCaseIds: readonly string[];
  /** Four or so of each connection. */
  models: readonly string[];
}

/** A small seeded generator (mulberry32). */
export function seeded(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * below);
  };
}

/** An id that is always the same for its number. */
export function idOf(kind: string, index: number): string {
  const hex = createHash('sha256').update(`${kind} ${index}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-7${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

const many = (kind: string, count: number): string[] => Array.from({ length: count }, (_, index) => idOf(kind, index));

/** The town of the acceptance test: 50 connections, 200 models, 300 keys, 100 users. */
export const townOf = (share = 1): Town => ({
  connectionIds: many('connection', Math.max(2, Math.round(50 * share))),
  keyIds: many('key', Math.max(3, Math.round(300 * share))),
  userIds: many('user', Math.max(3, Math.round(100 * share))),
  workspaceIds: many('workspace', 12),
  repositoryIds: many('repository', 20),
  useCaseIds: many('use case', 8),
  models: Array.from({ length: Math.max(8, Math.round(200 * share)) }, (_, index) => `model-${index}`),
});

const faults = ['rate_limited', 'overloaded', 'server_error', 'stalled', 'auth', 'connect_timeout', 'context_length'] as const;
const providers = ['openai', 'anthropic', 'gemini', 'ollama', 'custom'] as const;

/** One key's habits: whose it is, what it belongs to, and which models it likes. */
interface Habit {
  who: Pick<Intent, 'accessKeyId' | 'userId' | 'workspaceId' | 'repositoryId' | 'useCaseId'>;
  targets: { connectionId: string; provider: string; model: string }[];
}

function habitsOf(town: Town, below: (below: number) => number): Habit[] {
  const pick = <T>(list: readonly T[]): T => list[below(list.length)]!;
  return town.keyIds.map((accessKeyId, index) => ({
    who: {
      accessKeyId: below(40) === 0 ? null : accessKeyId,
      userId: town.userIds[index % town.userIds.length]!,
      workspaceId: below(3) === 0 ? null : pick(town.workspaceIds),
      repositoryId: below(4) === 0 ? pick(town.repositoryIds) : null,
      useCaseId: below(5) === 0 ? pick(town.useCaseIds) : null,
    },
    targets: Array.from({ length: 1 + below(4) }, () => {
      const model = below(town.models.length);
      const connection = model % town.connectionIds.length;
      return {
        connectionId: town.connectionIds[connection]!,
        provider: providers[connection % providers.length]!,
        model: town.models[model]!,
      };
    }),
  }));
}

export interface Month {
  fromMs: number;
  toMs: number;
  /** Rows of the ledger: attempts, refusals and answers from the cache. */
  rows: number;
  seed: number;
}

/** More work by day than by night, and less on Sundays. */
function busyMoments({ fromMs, toMs, rows }: Month, below: (below: number) => number): number[] {
  const moments: number[] = [];
  while (moments.length < rows) {
    const atMs = fromMs + below((toMs - fromMs) / 1000) * 1000 + below(1000);
    const hour = new Date(atMs).getUTCHours();
    const isQuiet = hour > 14 && hour < 23 ? below(4) !== 0 : false;
    const isSunday = new Date(atMs).getUTCDay() === 0 && below(3) !== 0;
    if (!isQuiet && !isSunday) moments.push(atMs);
  }
  return moments.toSorted((a, b) => a - b);
}

/** The records of the month in the order in which they happened, as many rows as were asked for. */
export function* recordsOf(town: Town, month: Month): Generator<LedgerRecord, void, undefined> {
  const below = seeded(month.seed);
  const habits = habitsOf(town, below);
  let made = 0;
  for (const [index, atMs] of busyMoments(month, below).entries()) {
    if (made >= month.rows) return;
    const habit = habits[Math.floor((below(habits.length) * (below(1000) + 1)) / 1000)]!;
    for (const record of requestOf(habit, { atMs, index, rowsLeft: month.rows - made }, below)) {
      if (record.kind !== 'settle') made += 1;
      yield record;
    }
  }
}

function* requestOf(
  { who, targets }: Habit,
  { atMs, index, rowsLeft }: { atMs: number; index: number; rowsLeft: number },
  below: (below: number) => number,
): Generator<LedgerRecord, void, undefined> {
  const requestId = idOf('request', index);
  const target = targets[below(targets.length)]!;
  const begun = {
    requestId,
    face: 'openai',
    purpose: below(30) === 0 ? ('chat' as const) : ('completion' as const),
    ...target,
    modelAsked: target.model,
    ...who,
    isStream: below(2) === 0,
    configRevision: 1,
    clientRequestId: null,
  };
  const kind = below(100);
  if (kind < 3) {
    yield { kind: 'refused', ...begun, id: idOf('refused', index), atMs, reason: 'rate_limit_exceeded', status: 429, latencyMs: 1 };
    return;
  }
  if (kind < 6) {
    yield { kind: 'hit', ...begun, id: idOf('hit', index), atMs, savedNanoUsd: below(2 ** 30), latencyMs: 1 };
    return;
  }
  const attempts = below(12) === 0 && rowsLeft > 1 ? 2 : 1;
  for (let attemptNo = 1; attemptNo <= attempts; attemptNo++) {
    const intent: Intent = {
      ...begun,
      id: idOf(`attempt ${attemptNo}`, index),
      atMs: atMs + attemptNo - 1,
      attemptNo,
      reservedNanoUsd: below(1e9),
    };
    yield { kind: 'intent', ...intent };
    // A crash left it open.
    if (below(2_000) === 0) return;
    yield settlementOf(intent, attemptNo === attempts, below);
  }
}

/** A time between a tenth and some seventy times the given one, most of them near it. */
const spread = (middle: number, below: (below: number) => number): number =>
  Math.round(middle * Math.exp((below(1000) + below(1000) + below(1000) - 1500) / 350));

function settlementOf(intent: Intent, isLast: boolean, below: (below: number) => number): LedgerRecord {
  const isFailed = !isLast || below(60) === 0;
  const isPartial = !isFailed && below(50) === 0;
  const tokensIn = below(6_000);
  const tokensOut = isFailed ? 0 : 1 + below(1_500);
  const firstByteMs = isFailed && below(2) === 0 ? null : spread(400, below);
  const inNano = 150 + (intent.model.length % 5) * 500;
  return {
    kind: 'settle',
    id: intent.id,
    atMs: intent.atMs,
    state: isPartial ? 'partial' : 'settled',
    reason: isFailed ? faults[below(faults.length)]! : isPartial ? 'client_closed' : null,
    status: isFailed ? 502 : isPartial ? 499 : 200,
    isLast,
    usage: isFailed
      ? noTokens
      : {
          tokensIn,
          tokensOut,
          tokensCached: below(4) === 0 ? below(tokensIn + 1) : 0,
          tokensCacheWrite: 0,
          tokensReasoning: below(5) === 0 ? below(tokensOut + 1) : 0,
          isEstimated: below(40) === 0,
        },
    costNanoUsd: isFailed ? 0 : below(100) === 0 ? null : tokensIn * inNano + tokensOut * inNano * 4 + below(7),
    prices: null,
    modelReported: null,
    finishReason: isFailed ? null : 'stop',
    latencyMs: (firstByteMs ?? 0) + spread(1_500, below),
    firstByteMs,
    changed: null,
  };
}
