/** How the Messages wire says no (platform.claude.com, errors): one object with a type, and the request's id beside it. */
import type { GatewayError } from '../../gateway/errors.ts';
import { namedEvent } from '../../providers/writer.ts';
import type { Voice } from '../openai/wire.ts';

const typesByStatus: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};

const typeOf = (status: number): string => typesByStatus[status] ?? (status < 500 ? 'invalid_request_error' : 'api_error');

/** The wire's own members, and beside them our stable code and parameter, which clients of this wire pass over. */
const bodyOf = (error: GatewayError, requestId: string): string =>
  JSON.stringify({
    type: 'error',
    error: {
      type: typeOf(error.status),
      message: error.message,
      code: error.code,
      ...(error.param !== null && { param: error.param }),
      limit: error.limit,
    },
    request_id: requestId,
  });

export const messagesVoice: Voice = {
  errorBody: bodyOf,
  errorEvent: (error, requestId) => namedEvent('error', bodyOf(error, requestId)),
  idHeader: 'request-id',
  heartbeat: namedEvent('ping', '{"type":"ping"}'),
  lastWord: '',
};
