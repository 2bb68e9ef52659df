/** Saying no: a Refusal is an expected answer to the caller, an UpstreamFailure is one failed attempt at a provider. */
import { errorCodes, type ErrorCode } from '@patchbay/contract/errors';

export type { ErrorCode };

export interface FieldFault {
  /** Path of the field in the request body, `configuration.temperature`. */
  path: string;
  /** Stable code of what is wrong with it. */
  code: string;
  message: string;
}

/**
 * An expected refusal. `code` decides the status and the texts in both languages; `values` fill their placeholders and
 * must be fit for the caller's eyes; `cause` is for the log only.
 */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly code: ErrorCode;
  readonly values: Readonly<Record<string, string | number>>;
  readonly details: unknown;
  readonly retryAfterS: number | null;
  constructor(
    code: ErrorCode,
    options: { values?: Record<string, string | number>; details?: unknown; retryAfterS?: number; cause?: unknown } = {},
  ) {
    super(code, { cause: options.cause });
    this.code = code;
    this.values = options.values ?? {};
    this.details = options.details;
    this.retryAfterS = options.retryAfterS ?? null;
  }
  get status(): number {
    return errorCodes[this.code].status;
  }
}

/** What is wrong with a body that has the right shape, field by field. */
export const unfit = (...details: readonly FieldFault[]): Refusal =>
  new Refusal('VALIDATION_ERROR', { values: { count: details.length }, details });

/** The classes of failure at a provider; the retry rule, the breaker, the hint and the ledger all read this one word. */
export type Fault =
  | 'unreachable'
  | 'dns'
  | 'tls'
  | 'connect_timeout'
  | 'headers_timeout'
  | 'stalled'
  | 'total_timeout'
  | 'connection_lost'
  | 'protocol'
  | 'redirect'
  | 'blocked'
  | 'rate_limited'
  | 'quota_exhausted'
  | 'overloaded'
  | 'server_error'
  | 'auth'
  | 'model_not_found'
  | 'endpoint_not_found'
  | 'context_length'
  | 'bad_request'
  | 'conflict'
  | 'request_timeout'
  | 'invalid_response'
  | 'too_large'
  | 'secret_unreadable'
  | 'policy_blocked'
  | 'caller_gone';

/** One attempt failed. Only `planNextAttempt` decides what follows. The message is ours, never the provider's raw text. */
export class UpstreamFailure extends Error {
  override readonly name = 'UpstreamFailure';
  readonly fault: Fault;
  /** HTTP status of the provider; null where it never answered. */
  readonly vendorStatus: number | null;
  /** What the provider asked us to wait; null where it did not say. */
  readonly retryAfterMs: number | null;
  /** A reused keep-alive socket died before a byte of the answer: one repetition is free (B2 of the fault matrix). */
  readonly isReuseRace: boolean;
  /** The provider's own words, scrubbed of secrets and cut; for the owner of the connection and the log, never for `/v1`. */
  readonly vendorMessage: string | null;
  /** Our own words for the caller where the fault's general ones do not say enough, and the parameter that they are about. */
  readonly told: { param: string; message: string } | null;
  constructor(
    fault: Fault,
    detail: string,
    options: {
      vendorStatus?: number | null;
      retryAfterMs?: number | null;
      isReuseRace?: boolean;
      vendorMessage?: string | null;
      told?: { param: string; message: string };
      cause?: unknown;
    } = {},
  ) {
    super(detail, { cause: options.cause });
    this.fault = fault;
    this.vendorStatus = options.vendorStatus ?? null;
    this.retryAfterMs = options.retryAfterMs ?? null;
    this.isReuseRace = options.isReuseRace ?? false;
    this.vendorMessage = options.vendorMessage ?? null;
    this.told = options.told ?? null;
  }
}
