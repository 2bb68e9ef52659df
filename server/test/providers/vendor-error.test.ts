/** Every shape of error body that is in use means the right fault (groups C, D3 and E2 of the fault matrix). */
import { describe, expect, test } from 'vitest';
import { failureOf, isErrorBody, vendorErrorOf, vendorMessageCharsMax } from '../../src/providers/vendor-error.ts';

const openai = (message: string, type: string | null, code: string | null): unknown => ({ error: { message, type, param: null, code } });
const fault = (status: number, body: unknown): string => vendorErrorOf(status, body).fault;

describe('by status and body', () => {
  test.each([
    [400, openai('Bad value', 'invalid_request_error', null), 'bad_request'],
    [
      400,
      openai("This model's maximum context length is 128000 tokens.", 'invalid_request_error', 'context_length_exceeded'),
      'context_length',
    ],
    [
      400,
      { type: 'error', error: { type: 'invalid_request_error', message: 'prompt is too long: 210000 tokens > 200000 maximum' } },
      'context_length',
    ],
    [400, openai('invalid model ID', 'invalid_request_error', null), 'model_not_found'],
    [400, openai('Model Not Exist', 'invalid_request_error', 'invalid_request_error'), 'model_not_found'],
    [400, [{ error: { code: 400, message: 'API key not valid. Please pass a valid API key.', status: 'INVALID_ARGUMENT' } }], 'auth'],
    [400, openai('Incorrect API key provided: xa***aa.', null, null), 'auth'],
    [
      400,
      { type: 'error', error: { type: 'invalid_request_error', message: 'Your credit balance is too low to access the API.' } },
      'quota_exhausted',
    ],
    [400, { error: { message: 'The response was filtered', code: 'content_filter' } }, 'bad_request'],
    [400, openai('Unsupported parameter: max_tokens', 'invalid_request_error', 'unsupported_parameter'), 'bad_request'],
    [400, null, 'bad_request'],
    [401, openai('No key', 'invalid_request_error', 'invalid_api_key'), 'auth'],
    [401, '<html>', 'auth'],
    [402, { error: { message: 'Insufficient Balance' } }, 'quota_exhausted'],
    [403, openai('Not allowed', null, null), 'auth'],
    [403, { error: { code: 'insufficient_quota', message: 'x' } }, 'quota_exhausted'],
    [403, openai('Project does not have access to model gpt-x', 'invalid_request_error', 'model_not_found'), 'model_not_found'],
    [
      404,
      openai('The model `gpt-9` does not exist or you do not have access to it.', 'invalid_request_error', 'model_not_found'),
      'model_not_found',
    ],
    [404, { error: { message: 'model "llama9" not found, try pulling it first' } }, 'model_not_found'],
    [404, { type: 'error', error: { type: 'not_found_error', message: 'model: claude-9' } }, 'model_not_found'],
    [404, { error: { code: 'DeploymentNotFound', message: 'The API deployment for this resource does not exist.' } }, 'model_not_found'],
    [404, { detail: 'Not Found' }, 'endpoint_not_found'],
    [404, '<!doctype html><title>404</title>', 'endpoint_not_found'],
    [404, null, 'endpoint_not_found'],
    [405, { detail: 'Method Not Allowed' }, 'bad_request'],
    [408, null, 'request_timeout'],
    [409, openai('locked', 'conflict', null), 'conflict'],
    [413, { type: 'error', error: { type: 'request_too_large', message: 'Request exceeds the maximum size' } }, 'bad_request'],
    [422, { detail: [{ loc: ['body', 'x'], msg: 'Extra inputs are not permitted', type: 'extra_forbidden' }] }, 'bad_request'],
    [429, openai('Rate limit reached', 'tokens', 'rate_limit_exceeded'), 'rate_limited'],
    [
      429,
      openai('You exceeded your current quota, please check your plan and billing details.', 'insufficient_quota', 'insufficient_quota'),
      'quota_exhausted',
    ],
    [429, null, 'rate_limited'],
    [500, openai('The server had an error', 'server_error', null), 'server_error'],
    [500, { error: { type: 'overloaded_error', message: 'Overloaded' } }, 'overloaded'],
    [502, '<html>Bad Gateway</html>', 'server_error'],
    [503, openai('The engine is currently overloaded', 'server_error', null), 'overloaded'],
    [504, null, 'request_timeout'],
    [529, { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }, 'overloaded'],
    [302, null, 'redirect'],
  ])('%s %j is %s', (status, body, expected) => {
    expect(fault(status, body)).toBe(expected);
  });
});

describe('an error inside a success (D3)', () => {
  test.each([
    [openai('slow down', null, 'rate_limit_exceeded'), 'rate_limited'],
    [openai('x', 'insufficient_quota', null), 'quota_exhausted'],
    [{ error: { code: 429, message: 'Provider returned error', metadata: { raw: 'x' } } }, 'rate_limited'],
    [{ error: { code: 502, message: 'Upstream broke' } }, 'server_error'],
    [{ error: { code: '401', message: 'x' } }, 'auth'],
    [{ error: { type: 'overloaded_error', message: 'Overloaded' } }, 'overloaded'],
    [{ error: { type: 'api_error', message: 'Internal' } }, 'server_error'],
    [{ error: { type: 'timeout_error', message: 'x' } }, 'request_timeout'],
    [{ error: 'something' }, 'invalid_response'],
    [{ error: { message: 'something' } }, 'invalid_response'],
    [{ object: 'error', message: 'maximum context length is 4096 tokens', code: 400 }, 'context_length'],
  ])('%j is %s', (body, expected) => {
    expect(fault(200, body)).toBe(expected);
    expect(isErrorBody(body)).toBe(true);
    expect(failureOf(body).fault).toBe(expected);
  });

  test.each([[{ choices: [] }], [{ error: null, choices: [] }], [{ error: '' }], [{ error: [] }], [{}], [null], ['error'], [[]]])(
    '%j is no error body',
    (body) => {
      expect(isErrorBody(body)).toBe(false);
    },
  );
});

describe('message and wait', () => {
  test.each([
    [openai('said', null, null), 'said'],
    [{ message: 'said' }, 'said'],
    [{ detail: 'said' }, 'said'],
    [{ detail: [{ msg: 'said' }] }, 'said'],
    [{ error: 'said' }, 'said'],
    [{ errors: [] }, null],
    [{ error: { message: '' } }, null],
    ['said', 'said'],
    ['{"error":{"message":"said"}}', 'said'],
    [[{ error: { message: 'said' } }], 'said'],
    ['  ', null],
    [null, null],
    [17, null],
    [[[[[[]]]]], null],
  ])('%j says %j', (body, message) => {
    expect(vendorErrorOf(400, body).message).toBe(message);
  });

  test('a long message is cut', () => {
    expect(vendorErrorOf(400, openai('x'.repeat(10_000), null, null)).message).toHaveLength(vendorMessageCharsMax);
  });

  test('a wait in the body is read, and nonsense is not', () => {
    const body = (retryDelay: unknown): unknown => ({
      error: { code: 429, message: 'm', details: [{ '@type': 'a' }, { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay }] },
    });
    expect(vendorErrorOf(429, body('34.4s')).retryAfterMs).toBe(34_400);
    expect(vendorErrorOf(429, body('3s')).retryAfterMs).toBe(3000);
    for (const wrong of ['soon', '-5s', 5, '5', null, `${'9'.repeat(40)}s`])
      expect(vendorErrorOf(429, body(wrong)).retryAfterMs).toBeNull();
  });

  test('a hostile body costs no time', () => {
    const hostile = `model ${'not '.repeat(50_000)}`;
    expect(fault(400, openai(hostile, null, null))).toBe('bad_request');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(fault(400, JSON.parse('{"__proto__":{"polluted":1},"error":{"constructor":1}}'))).toBe('bad_request');
  });
});
