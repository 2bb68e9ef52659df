/** What a provider's error body means, for every shape of error body that is in use. Pure; the one table of fault words. */
import { UpstreamFailure, type Fault } from '../domain/errors.ts';
import type { VendorError } from './protocol.ts';
import { finite, isRecord, list, member, parseJson, text } from './shape.ts';

export const vendorMessageCharsMax = 500;

/** Bodies nest an error in a list or a text at most this deep (Google answers a list, some proxies JSON in a text). */
const unwrapDepthMax = 3;

interface Facts {
  /** Code, type and status words, lower case. */
  words: readonly string[];
  message: string | null;
  /** Lower case, for the few faults that vendors tell in prose alone. */
  prose: string;
  /** A status that the body names itself, as OpenRouter does in a 200. */
  status: number | null;
  retryAfterMs: number | null;
}

/**
 * MiniMax says in every answer how it went, also in a 200: `base_resp.status_code`, 0 for well. Its numbers as words of the table below
 * (platform.minimax.io/docs/api-reference/errorcode).
 */
const numberWords: ReadonlyMap<unknown, string> = new Map<unknown, string>([
  [1000, 'server_error'],
  [1001, 'request_timeout'],
  [1002, 'rate_limited'],
  [1004, 'unauthorized'],
  [1008, 'insufficient_balance'],
  [1013, 'server_error'],
  [1024, 'server_error'],
  [1026, 'content_filter'],
  [1027, 'content_filter'],
  [1033, 'server_error'],
  [1039, 'rate_limited'],
  [1041, 'rate_limited'],
  [2013, 'bad_request'],
  [2045, 'rate_limited'],
  [2049, 'unauthorized'],
  [2056, 'quota_exceeded'],
]);

/** What `base_resp` says where it says that something went wrong; undefined elsewhere. */
function badResponseOf(body: unknown): unknown {
  const response = member(body, 'base_resp');
  const code = finite(member(response, 'status_code'));
  return code === undefined || code === 0 ? undefined : response;
}

/** The record that describes the error, whichever envelope it came in. */
function errorRecord(body: unknown, depth = 0): unknown {
  if (depth >= unwrapDepthMax) return body;
  if (Array.isArray(body)) return errorRecord(body[0], depth + 1);
  if (typeof body === 'string') {
    const parsed = parseJson(body);
    return isRecord(parsed) || Array.isArray(parsed) ? errorRecord(parsed, depth + 1) : body;
  }
  const inner = member(body, 'error');
  if (isRecord(inner) || Array.isArray(inner)) return errorRecord(inner, depth + 1);
  return badResponseOf(body) ?? body;
}

/** FastAPI servers answer `detail` as a text or as a list of `{msg}`; others `message`, `error_message`, `msg` or `status_msg`. */
function messageOf(record: unknown): string | null {
  if (typeof record === 'string') return record.trim() === '' ? null : record;
  for (const key of ['message', 'error', 'detail', 'error_message', 'msg', 'title', 'status_msg']) {
    const value = member(record, key);
    if (typeof value === 'string' && value.trim() !== '') return value;
    const first = list(value)[0];
    const inner = text(first) ?? text(member(first, 'msg')) ?? text(member(first, 'message')) ?? text(member(value, 'message'));
    if (inner !== undefined) return inner;
  }
  return null;
}

/** Google tells its wait in the body: `{"@type": "...RetryInfo", "retryDelay": "34.4s"}`. */
function retryAfterOf(record: unknown): number | null {
  for (const detail of list(member(record, 'details'))) {
    const delay = text(member(detail, 'retryDelay'));
    const seconds = delay === undefined ? null : /^(\d{1,9}(?:\.\d{1,9})?)s$/.exec(delay)?.[1];
    if (seconds) return Math.round(Number(seconds) * 1000);
  }
  return null;
}

function factsOf(body: unknown): Facts {
  const record = errorRecord(body);
  const message = messageOf(record);
  const named = [
    member(record, 'code'),
    member(record, 'type'),
    member(record, 'status'),
    member(member(record, 'metadata'), 'error_type'),
    numberWords.get(member(record, 'status_code')),
  ];
  for (const detail of list(member(record, 'details'))) named.push(member(detail, 'reason'));
  const words = named.filter((word): word is string => typeof word === 'string').map((word) => word.toLowerCase());
  const codes = [
    finite(member(record, 'code')),
    finite(member(record, 'status')),
    finite(Number(text(member(record, 'code')) ?? Number.NaN)),
  ];
  const status = codes.find((code) => code !== undefined && Number.isInteger(code) && code >= 400 && code <= 599) ?? null;
  return { words, message, prose: (message ?? '').slice(0, 2000).toLowerCase(), status, retryAfterMs: retryAfterOf(record) };
}

/** Words that say what happened whatever the status is. The first row that fits wins. */
const byWord: readonly (readonly [Fault, ReadonlySet<string>])[] = [
  [
    'quota_exhausted',
    new Set([
      'insufficient_quota',
      'billing_hard_limit_reached',
      'billing_not_active',
      'insufficient_credits',
      'insufficient_balance',
      'payment_required',
      'billing_error',
      'quota_exceeded',
      // platform.kimi.ai/docs/api/errors; www.alibabacloud.com/help/en/model-studio/error-code.
      'exceeded_current_quota_error',
      'arrearage',
    ]),
  ],
  ['context_length', new Set(['context_length_exceeded', 'context_window_exceeded', 'prompt_too_long', 'model_context_window_exceeded'])],
  [
    'model_not_found',
    new Set([
      'model_not_found',
      'model_not_available',
      'invalid_model',
      'unknown_model',
      'deploymentnotfound',
      'model_not_supported',
      'model_decommissioned',
    ]),
  ],
  [
    'auth',
    new Set([
      'invalid_api_key',
      'authentication_error',
      'permission_error',
      'permission_denied',
      'unauthenticated',
      'api_key_invalid',
      'account_deactivated',
      'invalid_authentication',
      'invalid_authentication_error',
      'unauthorized',
    ]),
  ],
  [
    'overloaded',
    new Set([
      'overloaded_error',
      'overloaded',
      'engine_overloaded',
      'engine_overloaded_error',
      'unavailable',
      'service_unavailable',
      'model_overloaded',
    ]),
  ],
  [
    'rate_limited',
    new Set([
      'rate_limit_error',
      'rate_limit_exceeded',
      'rate_limited',
      'rate_limit_reached_error',
      'resource_exhausted',
      'too_many_requests',
      'tokens',
      'requests',
      'throttlingexception',
    ]),
  ],
  ['request_timeout', new Set(['timeout_error', 'request_timeout', 'deadline_exceeded'])],
  ['server_error', new Set(['server_error', 'api_error', 'internal_error', 'internal_server_error', 'internal'])],
  [
    'bad_request',
    new Set([
      'invalid_request_error',
      'invalid_argument',
      'bad_request',
      'unsupported_parameter',
      'unsupported_value',
      'content_filter',
      'content_policy_violation',
      'request_too_large',
    ]),
  ],
];

const contextProse =
  /(maximum context length|context (window|length|size)|prompt is too long|input is too long|too many input tokens|exceeds? the (model'?s )?(context|maximum number of tokens))/;
const modelProse =
  /(^model: |\bmodels?\b.{0,120}\b(not found|does not exist|do not exist|not exist|is not supported|not available|no longer available|has been (removed|decommissioned))|\b(unknown|invalid|no such) model\b)/;
const keyProse =
  /((incorrect|invalid|wrong|expired|revoked) (api[ _-]?key|token|credentials)|api[ _-]?key (is |was )?(not valid|invalid|incorrect|expired|not found|missing))/;
const quotaProse = /(credit balance is too low|insufficient (balance|credits?|funds|quota)|out of credits|payment required|arrearage)/;

/** What a caller's own mistake is called: by word first, then by prose, since many vendors have one type for all of them. */
function faultOfRefusal(facts: Facts, byStatus: Fault): Fault {
  const word = faultOfWords(facts.words);
  if (word && word !== 'bad_request' && word !== 'server_error' && word !== 'rate_limited') return word;
  if (contextProse.test(facts.prose)) return 'context_length';
  if (keyProse.test(facts.prose)) return 'auth';
  if (quotaProse.test(facts.prose)) return 'quota_exhausted';
  if (modelProse.test(facts.prose)) return 'model_not_found';
  return byStatus;
}

function faultOfWords(words: readonly string[]): Fault | null {
  for (const [fault, set] of byWord) if (words.some((word) => set.has(word))) return fault;
  return null;
}

function faultOf(status: number, facts: Facts): Fault {
  switch (status) {
    case 401:
      return 'auth';
    case 402:
      return 'quota_exhausted';
    case 403: {
      const fault = faultOfRefusal(facts, 'auth');
      return fault === 'quota_exhausted' || fault === 'model_not_found' ? fault : 'auth';
    }
    case 404:
      return faultOfRefusal(facts, 'endpoint_not_found') === 'model_not_found' ? 'model_not_found' : 'endpoint_not_found';
    case 408:
    case 504:
      return 'request_timeout';
    case 409:
      return 'conflict';
    case 429:
      return faultOfWords(facts.words) === 'quota_exhausted' || quotaProse.test(facts.prose) ? 'quota_exhausted' : 'rate_limited';
    case 503:
    case 529:
      return 'overloaded';
    default:
  }
  if (status >= 500) return faultOfWords(facts.words) === 'overloaded' ? 'overloaded' : 'server_error';
  if (status >= 400) return faultOfRefusal(facts, 'bad_request');
  if (status >= 300) return 'redirect';
  return faultOfRefusal(facts, faultOfWords(facts.words) ?? 'invalid_response');
}

/**
 * What an error answer means. `status` is the HTTP status; for an error inside a 200 (D3, E2, E7 of the fault matrix) the
 * body's own status or words decide, and one that says nothing is `invalid_response`.
 */
export function vendorErrorOf(status: number, body: unknown): VendorError {
  const facts = factsOf(body);
  const effective = status < 300 && facts.status !== null ? facts.status : status;
  return {
    fault: faultOf(effective, facts),
    message: facts.message === null ? null : facts.message.slice(0, vendorMessageCharsMax),
    retryAfterMs: facts.retryAfterMs,
  };
}

/** TRUE for a body that is an error although it was answered as a success: an `error` that says anything, or a type or a code that says so. */
export function isErrorBody(body: unknown): boolean {
  if (member(body, 'object') === 'error' || member(body, 'type') === 'error') return true;
  const error = member(body, 'error');
  if (isRecord(error) || (typeof error === 'string' && error !== '') || (Array.isArray(error) && error.length > 0)) return true;
  return badResponseOf(body) !== undefined;
}

/** An error inside an answer of 200 or inside a stream, as a failure of its own kind. */
export function failureOf(body: unknown): UpstreamFailure {
  const { fault, message, retryAfterMs } = vendorErrorOf(200, body);
  return new UpstreamFailure(fault, 'the provider put an error into its answer', {
    vendorStatus: 200,
    vendorMessage: message,
    retryAfterMs,
  });
}
