/** S2's provider classes over the real way out: what they ask, what they answer, and what they never let through. */
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Configuration, CreateConfiguration } from '@patchbay/contract/configurations';
import { UpstreamFailure } from '../../src/domain/errors.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createIds } from '../../src/lib/ids.ts';
import {
  GeminiProvider,
  OpenAIProvider,
  type AIProvider,
  type AIProviderConfig,
  type AIProviderDeps,
  type AIProviderName,
} from '../../src/providers/ai-provider.ts';
import { movingClock } from '../support/moving-clock.ts';
import { until } from '../support/wait.ts';
import { timeouts } from './call-kit.ts';
import { answering, listen, newEgress, tableLookup } from '../egress/wire.ts';
import { openVendor, tracesOf, type Vendor } from '../support/connections-house.ts';
import {
  holding,
  refusing,
  startFakeProvider,
  usage,
  whole,
  wholeBody,
  words,
  type Answer,
  type FakeProvider,
} from '../support/fake-provider.ts';

const key = 'sk-CANARY-facade-0123456789abcdef';
const hello = { messages: [{ role: 'user', content: 'hi' }] };

const deps = (more: Partial<AIProviderDeps> = {}): AIProviderDeps => ({
  egress: newEgress(),
  clock: systemClock,
  ids: createIds(systemClock),
  timeouts,
  ...more,
});

async function playing(...answers: Answer[]): Promise<FakeProvider> {
  const fake = await startFakeProvider();
  onTestFinished(() => fake.close());
  if (answers.length > 0) fake.answer(...answers);
  return fake;
}

async function lockedVendor(): Promise<Vendor> {
  const vendor = await openVendor([key]);
  onTestFinished(() => vendor.close());
  return vendor;
}

/** The failure of one question; throws where there was none. */
async function failureOf(asked: Promise<unknown>): Promise<UpstreamFailure> {
  const answered = await asked.then(
    () => 'answered',
    (error: unknown) => error,
  );
  if (answered instanceof UpstreamFailure) return answered;
  throw new Error(`no failure: ${String(answered)}`);
}

const json = (status: string, body: string): string =>
  `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`;

describe('the interface', () => {
  test('both classes are an AIProvider under the slug of their row (C-40)', () => {
    const all: AIProvider[] = [new OpenAIProvider(deps()), new GeminiProvider(deps())];
    expect(all.map(({ name }) => name)).toEqual(['openai', 'gemini']);
  });

  test('the name is the type of the field in what is sent and what is answered (C-40)', () => {
    const name: AIProviderName = new OpenAIProvider(deps()).name;
    const sent: Pick<CreateConfiguration, 'provider'> = { provider: name };
    const answered: Pick<Configuration, 'provider'> = sent;
    expect(answered.provider).toBe('openai');
  });
});

describe('OpenAIProvider.testConnection', () => {
  const ask = (config: AIProviderConfig): Promise<boolean> => new OpenAIProvider(deps()).testConnection(config);

  test('asks {base}/models with the key as a bearer token, once, and is true for a 2xx', async () => {
    const vendor = await lockedVendor();
    expect(await ask({ apiKey: key, baseUrl: vendor.baseUrl })).toBe(true);
    expect(vendor.requests()).toBe(1);
    expect(vendor.bytes()).toMatch(/^GET \/v1\/models\n/);
    expect(vendor.bytes()).toContain(`authorization\nBearer ${key}`);
  });

  test('takes the full address of the chat endpoint as well', async () => {
    const vendor = await lockedVendor();
    expect(await ask({ apiKey: key, baseUrl: `${vendor.baseUrl}/chat/completions` })).toBe(true);
    expect(vendor.bytes()).toMatch(/^GET \/v1\/models\n/);
  });

  test('is false for a key that the provider refuses', async () => {
    const vendor = await lockedVendor();
    expect(await ask({ apiKey: 'sk-another-key', baseUrl: vendor.baseUrl })).toBe(false);
    expect(vendor.requests()).toBe(1);
  });

  test.each([
    ['204 No Content', true],
    ['299 Fine', true],
    ['302 Found', false],
    ['403 Forbidden', false],
    ['500 Internal Server Error', false],
  ])('a status of %s is %s, and is not tried again', async (status, expected) => {
    const wire = await listen(
      answering(`HTTP/1.1 ${status}\r\nlocation: https://example.org/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`),
    );
    expect(await ask({ apiKey: key, baseUrl: `${wire.origin}/v1` })).toBe(expected);
    expect(wire.connections).toBe(1);
  });

  test('is false where nobody answers', async () => {
    const fake = await playing();
    await fake.close();
    expect(await ask({ apiKey: key, baseUrl: fake.baseUrl })).toBe(false);
  });

  test('without an address it means api.openai.com, and the guard decides whether anybody goes there (C-23)', async () => {
    const lookup = tableLookup({ 'api.openai.com': ['127.0.0.1'] });
    const provider = new OpenAIProvider(deps({ egress: newEgress({ lookup }) }));
    expect(await provider.testConnection({ apiKey: key })).toBe(false);
    expect(lookup.asked).toEqual(['api.openai.com']);
  });

  test('an address that is none is refused, not tried', async () => {
    await expect(ask({ apiKey: key, baseUrl: 'ftp://127.0.0.1/v1' })).rejects.toMatchObject({ code: 'URL_REFUSED' });
  });
});

describe('OpenAIProvider.getAvailableModels', () => {
  test('answers the models in the order of the provider', async () => {
    const vendor = await lockedVendor();
    const models = await new OpenAIProvider(deps()).getAvailableModels({ apiKey: key, baseUrl: vendor.baseUrl });
    expect(models.map(({ id }) => id)).toEqual(['small-model', 'large-model']);
  });

  test('a refused key is a failure that does not repeat the key, though the provider does', async () => {
    const vendor = await lockedVendor();
    const failure = await failureOf(
      new OpenAIProvider(deps()).getAvailableModels({ apiKey: 'sk-refused-0123456789', baseUrl: vendor.baseUrl }),
    );
    expect([failure.fault, failure.vendorStatus]).toEqual(['auth', 401]);
    expect(tracesOf('sk-refused-0123456789', JSON.stringify(failure) + failure.message + String(failure.stack))).toEqual([]);
  });

  test('a page that is no list is no empty list', async () => {
    const wire = await listen(answering(json('200 OK', '{"hello":"world"}')));
    const failure = await failureOf(new OpenAIProvider(deps()).getAvailableModels({ apiKey: key, baseUrl: `${wire.origin}/v1` }));
    expect(failure.fault).toBe('endpoint_not_found');
  });

  test('a provider that is not there is unreachable', async () => {
    const fake = await playing();
    await fake.close();
    expect((await failureOf(new OpenAIProvider(deps()).getAvailableModels({ apiKey: key, baseUrl: fake.baseUrl }))).fault).toBe(
      'unreachable',
    );
  });
});

describe('OpenAIProvider.createCompletion', () => {
  test("sends the request as it is and answers it in the house's shape", async () => {
    const fake = await playing();
    const answer = await new OpenAIProvider(deps()).createCompletion(
      { apiKey: key, baseUrl: fake.baseUrl },
      { ...hello, model: 'gpt-4o', seed: 7 },
    );
    expect(answer).toMatchObject({ object: 'chat.completion', model: 'gpt-4o-2024-08-06', usage });
    expect(answer.choices).toHaveLength(1);
    expect(answer.choices[0]).toMatchObject({ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: words.join('') } });
    expect(fake.received).toHaveLength(1);
    expect(fake.received[0]).toMatchObject({ path: '/v1/chat/completions', json: { ...hello, model: 'gpt-4o', seed: 7 } });
    expect(fake.received[0]!.headers['authorization']).toBe(`Bearer ${key}`);
  });

  test('what a provider leaves out or names otherwise is filled in', async () => {
    const bare = JSON.stringify({ choices: [{ message: { content: 'Hello.' }, finish_reason: 'eos_token' }] });
    const fake = await playing(whole(bare));
    const answer = await new OpenAIProvider(deps()).createCompletion({ apiKey: key, baseUrl: fake.baseUrl }, { ...hello, model: 'local' });
    expect(answer.id).toMatch(/^chatcmpl-[0-9a-f-]{36}$/);
    expect(answer.created).toBeGreaterThan(1_700_000_000);
    expect(answer).toMatchObject({
      object: 'chat.completion',
      model: 'local',
      usage: null,
      choices: [{ index: 0, finish_reason: 'stop' }],
    });
  });

  test('the model of the configuration stands in for one that the request does not name', async () => {
    const fake = await playing();
    await new OpenAIProvider(deps()).createCompletion({ apiKey: key, baseUrl: fake.baseUrl, model: 'gpt-4o-mini' }, hello);
    expect(fake.received[0]!.json['model']).toBe('gpt-4o-mini');
  });

  test('without any model nobody is asked', async () => {
    const fake = await playing();
    expect((await failureOf(new OpenAIProvider(deps()).createCompletion({ apiKey: key, baseUrl: fake.baseUrl }, hello))).fault).toBe(
      'bad_request',
    );
    expect(fake.received).toEqual([]);
  });

  test('an answer is whole, also where a stream was wished for', async () => {
    const fake = await playing();
    const answer = await new OpenAIProvider(deps()).createCompletion(
      { apiKey: key, baseUrl: fake.baseUrl },
      { ...hello, model: 'gpt-4o', stream: true },
    );
    expect(fake.received[0]!.json['stream']).toBe(false);
    expect(answer.object).toBe('chat.completion');
  });

  test('a request that no provider would read stays here', async () => {
    const fake = await playing();
    const deep = JSON.parse(`${'['.repeat(100)}${']'.repeat(100)}`) as unknown;
    const failure = await failureOf(
      new OpenAIProvider(deps()).createCompletion({ apiKey: key, baseUrl: fake.baseUrl }, { model: 'm', messages: deep }),
    );
    expect(failure.fault).toBe('bad_request');
    expect(fake.received).toEqual([]);
  });

  test.each([
    [429, { error: { message: 'slow down', code: 'rate_limit_exceeded' } }, 'rate_limited'],
    [404, { error: { message: 'no such model', code: 'model_not_found' } }, 'model_not_found'],
    [500, { error: { message: 'oh' } }, 'server_error'],
  ])('a %i is a failure of its own kind, asked once', async (status, body, fault) => {
    const fake = await playing(refusing(status, body));
    const failure = await failureOf(
      new OpenAIProvider(deps()).createCompletion({ apiKey: key, baseUrl: fake.baseUrl }, { ...hello, model: 'gpt-4o' }),
    );
    expect([failure.fault, failure.vendorStatus]).toEqual([fault, status]);
    expect(fake.received).toHaveLength(1);
  });

  test('an error in a 200 and an answer that says nothing are failures', async () => {
    const fake = await playing(whole('{"error":{"message":"busy","code":"server_error"}}'), whole(wholeBody('', { choices: [] })));
    const ask = () =>
      failureOf(new OpenAIProvider(deps()).createCompletion({ apiKey: key, baseUrl: fake.baseUrl }, { ...hello, model: 'gpt-4o' }));
    expect((await ask()).fault).toBe('server_error');
    expect((await ask()).fault).toBe('invalid_response');
  });

  test('a provider that says nothing is given up after its time', async () => {
    const fake = await playing(holding(whole()));
    const clock = movingClock();
    const provider = new OpenAIProvider(deps({ clock }));
    const failing = failureOf(provider.createCompletion({ apiKey: key, baseUrl: fake.baseUrl }, { ...hello, model: 'gpt-4o' }));
    await until(() => fake.received.length === 1);
    clock.move(timeouts.headersMs);
    expect((await failing).fault).toBe('headers_timeout');
  });
});

describe('GeminiProvider', () => {
  test("asks for models with the key in Google's own header, never in the address", async () => {
    const vendor = await lockedVendor();
    const provider = new GeminiProvider(deps());
    // That listener takes bearer tokens alone, so it refuses what Google would take.
    expect(await provider.testConnection({ apiKey: key, baseUrl: `${vendor.origin}/v1beta` })).toBe(false);
    expect(vendor.bytes()).toMatch(/^GET \/v1beta\/models\?pageSize=\d+\n/);
    expect(vendor.bytes()).toContain(`x-goog-api-key\n${key}`);
    expect(vendor.bytes().split('\n')[0]).not.toContain(key);
  });

  test("a list of Google's is true and gives the models that can hold a conversation", async () => {
    const body = JSON.stringify({
      models: [
        { name: 'models/gemini-x', supportedGenerationMethods: ['generateContent'] },
        { name: 'models/embedding-x', supportedGenerationMethods: ['embedContent'] },
      ],
    });
    const wire = await listen(answering(json('200 OK', body), json('200 OK', body)));
    const config = { apiKey: key, baseUrl: `${wire.origin}/v1beta` };
    const provider = new GeminiProvider(deps());
    expect(await provider.testConnection(config)).toBe(true);
    expect((await provider.getAvailableModels(config)).map(({ id }) => id)).toEqual(['gemini-x']);
  });

  test("a completion is asked in Google's wire and answered in the house's", async () => {
    const said = {
      candidates: [{ content: { parts: [{ text: 'Hello.' }] }, finishReason: 'STOP' }],
      usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 2 },
    };
    const fake = await playing(whole(JSON.stringify(said)));
    const answer = await new GeminiProvider(deps()).createCompletion(
      { apiKey: key, baseUrl: `${fake.origin}/v1beta` },
      { ...hello, model: 'gemini-x' },
    );
    expect(fake.received[0]).toMatchObject({
      path: '/v1beta/models/gemini-x:generateContent',
      json: { contents: [{ role: 'user', parts: [{ text: 'hi' }] }] },
    });
    expect(answer).toMatchObject({
      object: 'chat.completion',
      choices: [{ message: { role: 'assistant', content: 'Hello.' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 3, completion_tokens: 2 },
    });
  });
});
