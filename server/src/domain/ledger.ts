/** The words of the books: what is written before an attempt, and what it came to. Money is integer nano-dollars. */

export type Purpose = 'completion' | 'probe' | 'models' | 'health' | 'chat' | 'judge';
export type EntryState = 'intent' | 'settled' | 'partial' | 'unknown' | 'refused';

/** Tokens of one attempt. `tokensIn` is the total, cached ones included; `isEstimated` where the provider did not say. */
export interface TokenUsage {
  tokensIn: number;
  tokensOut: number;
  tokensCached: number;
  tokensCacheWrite: number;
  tokensReasoning: number;
  isEstimated: boolean;
  /** Of `tokensCacheWrite`, those that stay for an hour and cost more; missing is none. */
  tokensCacheWriteHour?: number;
  /** Of `tokensIn` and `tokensOut`, those that are sound; missing is none. */
  tokensAudioIn?: number;
  tokensAudioOut?: number;
  /** Of `tokensCached`, those that are sound, and of `tokensAudioIn`, those that were cached; missing where the provider did not say. */
  tokensAudioCached?: number;
  /** The tier that served it, in the provider's word, where it is not the standard one. */
  serviceTier?: string;
}

export const noTokens: TokenUsage = {
  tokensIn: 0,
  tokensOut: 0,
  tokensCached: 0,
  tokensCacheWrite: 0,
  tokensReasoning: 0,
  isEstimated: false,
};

/** Unit prices in integer nano-dollars per million tokens; a missing one falls back to `input` or `output`. */
export interface UnitPrices {
  input: number;
  output: number;
  cacheRead?: number;
  cacheWrite?: number;
  /** For those that stay for an hour; a missing one falls back to `cacheWrite`. */
  cacheWriteHour?: number;
  /** Of sound that is heard, and that is said; a missing one falls back to `input` or `output`. */
  audioInput?: number;
  audioOutput?: number;
  /** Of sound that is read from a cache. A missing one falls back to `audioInput`, and where sound has no price of its own to `cacheRead`. */
  cacheAudioRead?: number;
  /** Flat price of one request, nano-dollars. */
  perRequest?: number;
}

/** One thing a translation did not pass on as it came. */
export interface Change {
  parameter: string;
  what: 'dropped' | 'renamed' | 'clamped' | 'approximated' | 'added';
  to?: string;
}

/** What every record of one attempt repeats, so that a record can be applied by itself. */
export interface EntryKey {
  /** Attempt id: unique for ever, and the idempotency key of the books. */
  id: string;
  /** Epoch ms of the intent: second half of the row's key. */
  atMs: number;
}

/** Written and on its way to disk before a byte leaves for the provider. */
export interface Intent extends EntryKey {
  requestId: string;
  attemptNo: number;
  face: string;
  purpose: Purpose;
  /** Null for unsaved settings under test and for the environment's pseudo-connection. */
  connectionId: string | null;
  provider: string;
  modelAsked: string;
  model: string;
  accessKeyId: string | null;
  userId: string | null;
  workspaceId: string | null;
  isStream: boolean;
  reservedNanoUsd: number;
  configRevision: number;
  clientRequestId: string | null;
  /** The repository whose key asked, and the use case that was asked for; missing is none. */
  repositoryId?: string | null;
  useCaseId?: string | null;
  /** The routing group that chose the target; missing is none. */
  routingGroupId?: string | null;
}

/** How an attempt ended: a success or a failure (`settled`), or cut short with its cost kept (`partial`). */
export interface Settlement extends EntryKey {
  /** That of its intent, for those who hear the record while it is written; the books have it with the intent, and not a second time. */
  provider?: string;
  state: 'settled' | 'partial';
  /** A fault word, `client_closed`, or null for a plain success. */
  reason: string | null;
  /** HTTP status that this attempt would give to the client. */
  status: number;
  /** TRUE for the attempt that stands for the request in lists. */
  isLast: boolean;
  usage: TokenUsage;
  costNanoUsd: number | null;
  prices: UnitPrices | null;
  modelReported: string | null;
  finishReason: string | null;
  latencyMs: number;
  firstByteMs: number | null;
  changed: readonly Change[] | null;
}

/** A request that reached no provider. It is attempt 0 of itself. */
export interface RefusedRequest extends Omit<Intent, 'attemptNo' | 'reservedNanoUsd'> {
  reason: string;
  status: number;
  latencyMs: number;
}

/** A request that was answered from the cache. It is attempt 0 of itself, cost nothing, and its connection is the one that once answered. */
export interface CacheHit extends Omit<Intent, 'attemptNo' | 'reservedNanoUsd'> {
  /** What the answer cost when it was made; 0 where no price was known. */
  savedNanoUsd: number;
  latencyMs: number;
}

export type LedgerRecord =
  | ({ kind: 'intent' } & Intent)
  | ({ kind: 'settle' } & Settlement)
  | ({ kind: 'refused' } & RefusedRequest)
  | ({ kind: 'hit' } & CacheHit);
