/** How a call fails: an answer that is a refusal, or no answer. */
import type { ErrorBody, ErrorCode } from '@patchbay/contract/errors';

/** An answer that is not a 2xx. */
export class HttpError extends Error {
  readonly status: number;
  readonly statusText: string;
  /** The parsed body, or its text where it is not JSON, or null where there is none. */
  readonly data: unknown;
  /** `error_code` of the control plane, `error.code` of the data plane, or null. */
  readonly code: string | null;
  /** What to give to an administrator. */
  readonly requestId: string | null;
  /** Seconds to wait before the next try, where the server said so. */
  readonly retryAfterS: number | null;

  constructor(response: Pick<Response, 'status' | 'statusText' | 'headers'>, data: unknown) {
    super(messageOf(data) ?? `${response.status} ${response.statusText}`.trim());
    this.name = 'HttpError';
    this.status = response.status;
    this.statusText = response.statusText;
    this.data = data;
    this.code = codeOf(data);
    this.requestId = response.headers.get('x-request-id') ?? fieldOf(data, 'request_id');
    const wait = Number(response.headers.get('retry-after') ?? NaN);
    this.retryAfterS = Number.isFinite(wait) ? wait : null;
  }

  /** Is this the control plane's error with that code? */
  is(code: ErrorCode): boolean {
    return this.code === code;
  }

  /** The faults of single fields, by path; empty where the error names none. */
  get fields(): Readonly<Record<string, { code: string; message: string }>> {
    const details = (this.data as Partial<ErrorBody> | null)?.details;
    if (!Array.isArray(details)) return {};
    const named = (details as unknown[]).filter((one): one is FieldFault => fieldOf(one, 'path') !== null);
    return Object.fromEntries(named.map(({ path, code, message }) => [path, { code, message }]));
  }
}

interface FieldFault {
  path: string;
  code: string;
  message: string;
}

/** No answer came: the server could not be reached, or not in time. */
export class NetworkError extends Error {
  readonly reason: 'timeout' | 'unreachable';

  constructor(reason: 'timeout' | 'unreachable', message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'NetworkError';
    this.reason = reason;
  }
}

function fieldOf(data: unknown, name: string): string | null {
  if (typeof data !== 'object' || data === null) return null;
  const value = (data as Record<string, unknown>)[name];
  return typeof value === 'string' ? value : null;
}

function messageOf(data: unknown): string | null {
  return fieldOf(data, 'message') ?? fieldOf((data as { error?: unknown } | null)?.error, 'message') ?? fieldOf(data, 'error');
}

function codeOf(data: unknown): string | null {
  return fieldOf(data, 'error_code') ?? fieldOf((data as { error?: unknown } | null)?.error, 'code');
}
