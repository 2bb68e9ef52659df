/** The data plane's words for everything that can go wrong, as one table: fault or refusal to status, code and text. */
import type { Fault, UpstreamFailure } from '../domain/errors.ts';
import type { RefusedLimit } from '../domain/limit.ts';

/** What `/v1` answers when it cannot serve. Nothing of the provider's text is in it. */
export interface GatewayError {
  status: number;
  /** Stable and lower case: `model_not_found`, `provider_auth`. */
  code: string;
  type:
    | 'invalid_request_error'
    | 'authentication_error'
    | 'permission_error'
    | 'rate_limit_error'
    | 'insufficient_quota'
    | 'upstream_error'
    | 'server_error';
  message: string;
  param: string | null;
  retryAfterS: number | null;
  /** FALSE tells SDKs not to multiply attempts that we have already made. */
  shouldRetry: boolean;
  /** Which limit refused; missing where none did. */
  limit?: RefusedLimit;
}

type Shape = Pick<GatewayError, 'status' | 'code' | 'type' | 'message'>;

/** What the client hears when the last attempt failed so and nothing else is left (fault matrix, column "Status"). */
const faultShapes: Record<Fault, Shape> = {
  unreachable: upstream(502, 'upstream_unreachable', 'The provider cannot be reached.'),
  dns: upstream(502, 'upstream_dns', "The provider's host name does not resolve."),
  tls: upstream(502, 'upstream_tls', "The provider's TLS certificate or handshake is not valid."),
  connect_timeout: upstream(504, 'connect_timeout', 'The provider did not accept the connection in time.'),
  headers_timeout: upstream(504, 'headers_timeout', 'The provider did not answer in time.'),
  stalled: upstream(504, 'upstream_stalled', 'The provider stopped answering.'),
  total_timeout: upstream(504, 'total_timeout', 'The request took longer than allowed.'),
  connection_lost: upstream(502, 'upstream_connection_lost', 'The provider closed the connection before the answer was complete.'),
  protocol: upstream(502, 'upstream_protocol', 'The provider did not answer in valid HTTP.'),
  redirect: upstream(502, 'upstream_redirect', 'The provider answered with a redirect, which is never followed.'),
  blocked: upstream(502, 'egress_blocked', 'The address of this connection is blocked by policy.'),
  rate_limited: {
    status: 429,
    code: 'upstream_rate_limited',
    type: 'rate_limit_error',
    message: 'The provider limits the rate of requests.',
  },
  quota_exhausted: {
    status: 429,
    code: 'quota_exhausted',
    type: 'insufficient_quota',
    message: 'The quota of the provider account is used up.',
  },
  overloaded: upstream(503, 'upstream_overloaded', 'The provider is overloaded.'),
  server_error: upstream(502, 'upstream_error', 'The provider failed.'),
  auth: upstream(502, 'provider_auth', 'The provider refused the key of this connection.'),
  model_not_found: {
    status: 404,
    code: 'model_not_found',
    type: 'invalid_request_error',
    message: 'The provider does not know this model.',
  },
  endpoint_not_found: upstream(502, 'upstream_not_found', 'The address of this connection has no chat completions.'),
  context_length: {
    status: 400,
    code: 'context_length_exceeded',
    type: 'invalid_request_error',
    message: 'The request is longer than the model allows.',
  },
  bad_request: {
    status: 400,
    code: 'provider_refused',
    type: 'invalid_request_error',
    message: 'The provider refused the request as invalid.',
  },
  conflict: { status: 409, code: 'upstream_conflict', type: 'upstream_error', message: 'The provider reports a conflict.' },
  request_timeout: upstream(504, 'upstream_timeout', 'The provider gave up waiting.'),
  invalid_response: upstream(502, 'invalid_response', 'The provider answered with something that is no completion.'),
  too_large: upstream(502, 'response_too_large', "The provider's answer is larger than allowed."),
  secret_unreadable: upstream(502, 'credential_unreadable', 'The key of this connection cannot be opened. Replace it.'),
  policy_blocked: {
    status: 403,
    code: 'policy_violation',
    type: 'permission_error',
    message: 'A policy does not allow this.',
  },
  caller_gone: upstream(499, 'client_closed', 'The client closed the request.'),
};

function upstream(status: number, code: string, message: string): Shape {
  return { status, code, type: status >= 500 ? 'upstream_error' : 'invalid_request_error', message };
}

/** The provider's own 413 and 422 keep their status; every other refusal of the request is a 400. */
const keptStatuses = new Set([400, 413, 422]);

/** Faults whose general words are those of a conversation, for who asked for something else at `path`. */
const operationWords: Partial<Record<Fault, (path: string) => string>> = {
  endpoint_not_found: (path) => `The address of this connection has no ${path}.`,
  invalid_response: (path) => `The provider answered with something that is no answer to ${path}.`,
};

/** `path` is that of the operation, where no conversation was asked for. */
export function errorOfFailure(failure: UpstreamFailure, path?: string): GatewayError {
  const shape = faultShapes[failure.fault];
  const words = path === undefined ? undefined : operationWords[failure.fault]?.(path);
  const kept = failure.fault === 'bad_request' && failure.vendorStatus !== null && keptStatuses.has(failure.vendorStatus);
  const waits = failure.fault === 'rate_limited' || failure.fault === 'quota_exhausted' || failure.fault === 'overloaded';
  const retryAfterS = failure.retryAfterMs === null ? (waits ? 1 : null) : Math.max(1, Math.ceil(failure.retryAfterMs / 1000));
  return {
    ...shape,
    message: failure.told?.message ?? words ?? shape.message,
    status: kept ? failure.vendorStatus : shape.status,
    // What is about no parameter names none.
    param: failure.told?.param || null,
    retryAfterS,
    shouldRetry: false,
  };
}

/** Thrown by the rooms before a provider is asked. */
export class GatewayRefusal extends Error {
  override readonly name = 'GatewayRefusal';
  readonly error: GatewayError;
  /** The books have the row that stands for the request. */
  readonly isBooked: boolean;
  constructor(shape: Shape & Partial<Pick<GatewayError, 'param' | 'retryAfterS' | 'limit'>>, isBooked = false) {
    super(shape.code);
    this.isBooked = isBooked;
    this.error = { param: null, retryAfterS: null, shouldRetry: shape.status === 429 || shape.status === 503, ...shape };
  }
}

const refusals = {
  model_not_found: {
    status: 404,
    type: 'invalid_request_error',
    message: 'No connection that you may use serves this model.',
    param: 'model',
  },
  model_not_in_repository: {
    status: 400,
    type: 'invalid_request_error',
    message: 'No connection of the repository that this access key is bound to serves this model.',
    param: 'model',
  },
  connection_not_found: {
    status: 404,
    type: 'invalid_request_error',
    message: 'The pinned connection does not exist or is not yours to use.',
  },
  use_case_inactive: { status: 409, type: 'invalid_request_error', message: 'The use case is inactive.', param: 'model' },
  connection_inactive: { status: 409, type: 'invalid_request_error', message: 'The model or its connection is inactive.', param: 'model' },
  model_required: {
    status: 400,
    type: 'invalid_request_error',
    message: 'No model was named and the connection has no default model.',
    param: 'model',
  },
  no_connection: { status: 400, type: 'invalid_request_error', message: 'No AI connection is configured. Add one in Settings.' },
  model_not_allowed: { status: 403, type: 'permission_error', message: 'This access key may not use this model.', param: 'model' },
  policy_violation: { status: 403, type: 'permission_error', message: 'A policy does not allow this.' },
  invalid_api_key: { status: 401, type: 'authentication_error', message: 'The access key is missing, unknown, expired or revoked.' },
  wrong_key_kind: {
    status: 401,
    type: 'authentication_error',
    message: 'Personal tokens are for the management API. Use an access key (sk-pb-...) here.',
  },
  rate_limit_exceeded: { status: 429, type: 'rate_limit_error', message: 'The rate limit of this access key is reached.' },
  budget_exceeded: { status: 402, type: 'insufficient_quota', message: 'The budget of this access key is used up.' },
  price_unknown: {
    status: 402,
    type: 'insufficient_quota',
    message: 'No price is known for this model, so a request under a budget cannot use it.',
  },
  limits_unavailable: {
    status: 503,
    type: 'server_error',
    message: 'What is left of a limit or budget is not known at the moment. Try again in a few seconds.',
  },
  ledger_unavailable: {
    status: 503,
    type: 'server_error',
    message: 'The request cannot be booked at the moment. Try again in a few seconds.',
  },
  internal: { status: 500, type: 'server_error', message: 'Something failed on our side.' },
  invalid_json: { status: 400, type: 'invalid_request_error', message: 'The request body is not one valid JSON object.' },
  duplicate_key: { status: 400, type: 'invalid_request_error', message: 'A top-level key stands twice in the request body.' },
  too_deep: { status: 400, type: 'invalid_request_error', message: 'The request body is nested too deeply.' },
  invalid_type: { status: 400, type: 'invalid_request_error', message: 'A parameter of the request has the wrong type.' },
  no_capable_target: {
    status: 400,
    type: 'invalid_request_error',
    message: 'No target of this routing group can serve the request.',
    param: 'model',
  },
  unsupported_parameter: {
    status: 400,
    type: 'invalid_request_error',
    message: 'No connection that serves this model can pass on all that was asked.',
  },
  body_too_large: { status: 413, type: 'invalid_request_error', message: 'The request body is larger than 32 MiB.' },
  unsupported_media_type: { status: 415, type: 'invalid_request_error', message: 'Send the body as uncompressed application/json.' },
  operation_not_supported: {
    status: 400,
    type: 'invalid_request_error',
    message: 'The provider of this model does not offer this operation.',
    param: 'model',
  },
  invalid_form: { status: 400, type: 'invalid_request_error', message: 'The body is not one complete multipart form.' },
  response_not_found: { status: 404, type: 'invalid_request_error', message: 'There is no such response.', param: 'response_id' },
  not_found: { status: 404, type: 'invalid_request_error', message: 'There is no such address under /v1.' },
  method_not_allowed: { status: 405, type: 'invalid_request_error', message: 'This address does not answer to this method.' },
  overloaded: { status: 503, type: 'server_error', message: 'The server is at its limit of requests in flight. Try again shortly.' },
} as const satisfies Record<string, Omit<Shape, 'code'> & { param?: string }>;

export type GatewayRefusalCode = keyof typeof refusals;

export const refuse = (
  code: GatewayRefusalCode,
  more: { message?: string; param?: string; retryAfterS?: number; limit?: RefusedLimit } = {},
): GatewayRefusal => new GatewayRefusal({ ...refusals[code], code, ...more });

/** All refusals; `docs/errors.md` lists them, a test compares. */
export const refusalCodes = Object.keys(refusals) as GatewayRefusalCode[];
