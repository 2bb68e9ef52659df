/** Azure's OpenAI over the real way out: both kinds of address, its filters' results and its own error bodies. */
import { describe, expect, test } from 'vitest';
import { openai } from '../../src/providers/openai/protocol.ts';
import { hear, jsonAnswer, playVendor, textOf, type Heard, type Said } from './call-kit.ts';
import { destination } from './kit.ts';

const secret = 'azure-CANARY-0123456789abcdef';
const filters = { hate: { filtered: false, severity: 'safe' }, violence: { filtered: false, severity: 'low' } };
const promptFilters = [{ prompt_index: 0, content_filter_results: filters }];
const usage = { prompt_tokens: 4, completion_tokens: 2, total_tokens: 6 };
const chunk = (choices: unknown[], more = {}): string =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'gpt-4o', choices, ...more })}\n\n`;

interface Asked extends Heard {
  path: string;
  sent: Record<string, unknown>;
  headers: Record<string, unknown>;
}

async function ask(reply: Said, { path = '', settings = {}, body = {}, model = 'gpt-4o' } = {}): Promise<Asked> {
  const vendor = await playVendor(() => reply);
  const heard = await hear(destination('azure-openai', model, settings, `${vendor.origin}${path}`), secret, body);
  const [seen] = vendor.seen;
  return { ...heard, path: seen?.path ?? '', sent: seen?.json ?? {}, headers: seen?.headers ?? {} };
}

const whole = (more = {}, choice = {}): Said =>
  jsonAnswer({
    id: 'c',
    object: 'chat.completion',
    created: 1,
    model: 'gpt-4o-2024-11-20',
    choices: [
      { index: 0, message: { role: 'assistant', content: 'Hi.' }, finish_reason: 'stop', content_filter_results: filters, ...choice },
    ],
    prompt_filter_results: promptFilters,
    usage,
    ...more,
  });

describe('addresses (C-48)', () => {
  test.each([
    ['', {}, '/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21'],
    ['', { deployment: 'house' }, '/openai/deployments/house/chat/completions?api-version=2024-10-21'],
    ['', { apiVersion: '2025-04-01-preview' }, '/openai/deployments/gpt-4o/chat/completions?api-version=2025-04-01-preview'],
    ['/openai/deployments/d1?api-version=2024-06-01', {}, '/openai/deployments/d1/chat/completions?api-version=2024-06-01'],
    ['/openai/v1', {}, '/openai/v1/chat/completions'],
  ])('%s %j', async (path, settings, expected) => {
    const heard = await ask(whole(), { path, settings });
    expect([heard.path, heard.headers['api-key'], heard.headers['authorization']]).toEqual([expected, secret, undefined]);
  });

  test('a deployment that is called otherwise than its model is named in the body as well', async () => {
    const heard = await ask(whole(), { path: '/openai/v1', settings: { deployment: 'house' } });
    expect(heard.sent['model']).toBe('house');
    expect((await ask(whole(), { path: '/openai/v1' })).sent['model']).toBe('gpt-4o');
  });

  test('reasoning models get the limit under its newer name', async () => {
    const heard = await ask(whole(), { model: 'o4-mini', body: { max_tokens: 9, temperature: 0.1 } });
    expect(heard.sent).toMatchObject({ max_completion_tokens: 9 });
    expect(heard.sent).not.toHaveProperty('temperature');
    expect(heard.facts.changed).toEqual([
      { parameter: 'max_tokens', what: 'renamed', to: 'max_completion_tokens' },
      { parameter: 'temperature', what: 'dropped' },
    ]);
  });
});

describe('content filters', () => {
  test("results beside an answer stay in the answer's bytes", async () => {
    const heard = await ask(whole());
    expect(heard.answer).toMatchObject({ prompt_filter_results: promptFilters, choices: [{ content_filter_results: filters }] });
  });

  test('a stream begins with the results for the prompt; they are held until the answer begins', async () => {
    const pieces = [
      chunk([], { prompt_filter_results: promptFilters, model: '' }),
      chunk([{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }]),
      chunk([{ index: 0, delta: { content: 'Hi.' }, finish_reason: null, content_filter_results: filters }]),
      chunk([{ index: 0, delta: {}, finish_reason: 'stop' }]),
      chunk([], { usage }),
      'data: [DONE]\n\n',
    ];
    const heard = await ask({ headers: { 'content-type': 'text/event-stream' }, pieces }, { body: { stream: true } });
    expect(heard).toMatchObject({ end: 'stream', facts: { finishReason: 'stop', usage: { tokensIn: 4 } } });
    expect(textOf(heard.chunks.filter((one) => one.choices.length > 0))).toBe('Hi.');
    expect(heard.chunks[0]).toMatchObject({ prompt_filter_results: promptFilters });
  });

  test('an answer that is cut by a filter ends so', async () => {
    const cut = whole({}, { finish_reason: 'content_filter', message: { role: 'assistant', content: '' } });
    expect((await ask(cut)).facts.finishReason).toBe('content_filter');
  });
});

describe('errors', () => {
  const filtered = {
    error: {
      message: "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
      type: null,
      param: 'prompt',
      code: 'content_filter',
      status: 400,
      innererror: { code: 'ResponsibleAIPolicyViolation', content_filter_result: filters },
    },
  };

  test.each([
    [400, filtered, 'bad_request'],
    [401, { error: { code: '401', message: 'Access denied due to invalid subscription key or wrong API endpoint.' } }, 'auth'],
    [401, { statusCode: 401, message: 'Unauthorized. Access token is missing, invalid or expired.' }, 'auth'],
    [404, { error: { code: 'DeploymentNotFound', message: 'The API deployment for this resource does not exist.' } }, 'model_not_found'],
    [404, { error: { code: '404', message: 'Resource not found' } }, 'endpoint_not_found'],
    [429, { error: { code: '429', message: 'Requests have exceeded the call rate limit. Please retry after 7 seconds.' } }, 'rate_limited'],
    [408, { error: { code: 'Timeout', message: 'The operation was timeout.' } }, 'request_timeout'],
    [503, { error: { code: 'ServiceUnavailable', message: 'Try later.' } }, 'overloaded'],
  ])('%i %j', async (status, body, fault) => {
    const heard = await ask(jsonAnswer(body, status), { body: { stream: true } });
    expect(heard.failure).toMatchObject({ fault, vendorStatus: status });
    expect(openai.errorOf(status, body).message).not.toBeNull();
  });

  test('the wait that a header names is taken', async () => {
    const reply = { ...jsonAnswer({ error: { code: '429', message: 'x' } }, 429), headers: { 'retry-after': '7' } };
    expect((await ask(reply)).failure?.retryAfterMs).toBe(7_000);
  });
});
