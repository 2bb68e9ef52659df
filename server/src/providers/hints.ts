/** What a fault means to a person: what happened, what to look at, what to do; as message keys for both languages. */
import type { TestErrorCode } from '@patchbay/contract/connections';
import type { Fault } from '../domain/errors.ts';

export interface Hint {
  errorCode: TestErrorCode;
  /** Message keys, `hints.<name>.issue` and so on. */
  issue: string;
  check: string;
  resolution: string;
}

const hint = (errorCode: TestErrorCode, name: string): Hint => ({
  errorCode,
  issue: `hints.${name}.issue`,
  check: `hints.${name}.check`,
  resolution: `hints.${name}.resolution`,
});

const connectionFailed = hint('NETWORK', 'connectionFailed');
const timeout = hint('TIMEOUT', 'timeout');
const unavailable = hint('UNKNOWN', 'providerUnavailable');
const invalidResponse = hint('INVALID_RESPONSE', 'invalidResponse');
const unknown = hint('UNKNOWN', 'unknown');

/** One hint per fault. An address that answers 404 is a failed connection to its reader. */
const hintOfFault: Readonly<Record<Fault, Hint>> = {
  unreachable: connectionFailed,
  dns: connectionFailed,
  connection_lost: connectionFailed,
  endpoint_not_found: hint('NOT_FOUND_URL', 'connectionFailed'),
  redirect: hint('NOT_FOUND_URL', 'redirect'),
  tls: hint('NETWORK', 'tls'),
  blocked: hint('EGRESS_BLOCKED', 'blocked'),
  connect_timeout: timeout,
  headers_timeout: timeout,
  stalled: timeout,
  total_timeout: timeout,
  request_timeout: timeout,
  auth: hint('AUTH', 'unauthorized'),
  model_not_found: hint('MODEL_NOT_FOUND', 'modelNotFound'),
  rate_limited: hint('RATE_LIMITED', 'rateLimited'),
  quota_exhausted: hint('RATE_LIMITED', 'quotaExhausted'),
  overloaded: unavailable,
  server_error: unavailable,
  conflict: unavailable,
  protocol: invalidResponse,
  invalid_response: invalidResponse,
  too_large: invalidResponse,
  context_length: hint('UNKNOWN', 'badRequest'),
  bad_request: hint('UNKNOWN', 'badRequest'),
  secret_unreadable: hint('SECRET_UNREADABLE', 'secretUnreadable'),
  policy_blocked: unknown,
  caller_gone: unknown,
};

/** What to tell the owner of a connection about a fault. */
export const hintOf = (fault: Fault): Hint => hintOfFault[fault];

/** Faults that only another key, model or address cures: nothing is gained by trying again. */
const settingsFaults: ReadonlySet<Fault> = new Set<Fault>([
  'auth',
  'endpoint_not_found',
  'redirect',
  'tls',
  'blocked',
  'model_not_found',
  'secret_unreadable',
]);

export const isSettingsFault = (fault: Fault): boolean => settingsFaults.has(fault);
