/** Operations besides conversations: who offers which, where they are, what usage means, and which answers are none. */
import { describe, expect, test } from 'vitest';
import { UpstreamFailure } from '../../src/domain/errors.ts';
import type { TokenUsage } from '../../src/domain/ledger.ts';
import { catalog, mustProviderRow, responsesRow, rowAt } from '../../src/providers/catalog.ts';
import type { AnswerFacts, CallRequest } from '../../src/providers/calling.ts';
import { operationPath } from '../../src/providers/openai-paths.ts';
import { wayOf } from '../../src/providers/call-operation.ts';
import { embeddingsOf, writeEmbeddings } from '../../src/providers/operations/embeddings.ts';
import { operations, type Operation } from '../../src/providers/operations/operations.ts';
import { passedAnswer } from '../../src/providers/operations/take.ts';
import type { Destination } from '../../src/providers/protocol.ts';
import type { OperationId } from '../../src/providers/row.ts';
import { requestOf } from './call-kit.ts';

const to = (id: string, model = 'm', baseUrl?: string, settings = {}): Destination => {
  const row = mustProviderRow(id);
  const base = baseUrl ?? row.baseUrl ?? 'https://h.example/v1';
  return { row: rowAt(row, base), baseUrl: base, settings, model };
};
const way = (operation: OperationId, id: string, model = 'm'): string | null =>
  wayOf(operations[operation], { row: mustProviderRow(id), model });

describe('who offers what', () => {
  test('every operation of the table is at an address of its own, and some provider offers it', () => {
    const all = Object.entries(operations);
    expect(all.map(([id, operation]) => [id, operation.id])).toEqual(all.map(([id]) => [id, id]));
    expect(new Set(all.map(([, { path }]) => path)).size).toBe(all.length);
    for (const [id] of all)
      expect(
        catalog.some((row) => id in row.operations),
        id,
      ).toBe(true);
  });

  test.each<[OperationId, string, string, string | null]>([
    ['embeddings', 'openai', 'text-embedding-3-small', 'pass'],
    ['embeddings', 'gemini', 'gemini-embedding-001', 'translate'],
    ['embeddings', 'ollama', 'nomic-embed-text', 'translate'],
    ['embeddings', 'vertex', 'gemini-embedding-001', null],
    ['embeddings', 'anthropic', 'claude-sonnet-5', null],
    ['completions', 'openai', 'gpt-3.5-turbo-instruct', 'pass'],
    ['completions', 'openai', 'davinci-002', 'pass'],
    ['completions', 'openai', 'gpt-4o', 'chat'],
    ['completions', 'vllm', 'llama3', 'pass'],
    ['completions', 'anthropic', 'claude-sonnet-5', 'chat'],
    ['completions', 'bedrock', 'amazon.nova-pro-v1:0', 'chat'],
    ['rerank', 'cohere', 'rerank-v3.5', 'pass'],
    ['rerank', 'openai', 'gpt-4o', null],
    ['audio.transcriptions', 'groq', 'whisper-large-v3', 'pass'],
    ['audio.speech', 'demo', 'demo-small', null],
  ])('%s of %s (%s): %s', (operation, provider, model, expected) => {
    expect(way(operation, provider, model)).toBe(expected);
  });

  test('a connection that holds conversations by Responses still offers the rest', () => {
    expect(wayOf(operations.embeddings, { row: responsesRow(mustProviderRow('openai')), model: 'm' })).toBe('pass');
  });

  test('a target that is asked by conversation is not passed to again', () => {
    expect(wayOf(operations.completions, { row: mustProviderRow('custom'), model: 'm', isByChat: true })).toBe('chat');
    expect(wayOf(operations.rerank, { row: mustProviderRow('custom'), model: 'm', isByChat: true })).toBeNull();
  });
});

describe('where it is', () => {
  test.each([
    [to('openai'), '/v1/embeddings'],
    [to('custom', 'm', 'https://h.example/llm/v1'), '/llm/v1/embeddings'],
    [to('gemini', 'm', 'https://generativelanguage.googleapis.com/v1beta/openai'), '/v1beta/openai/embeddings'],
    [to('azure-openai', 'ada', 'https://h.openai.azure.com'), '/openai/deployments/ada/embeddings?api-version=2024-10-21'],
    [
      to('azure-openai', 'ada', 'https://h.openai.azure.com', { deployment: 'mine', apiVersion: '2025-01-01' }),
      '/openai/deployments/mine/embeddings?api-version=2025-01-01',
    ],
    [to('azure-openai', 'ada', 'https://h.openai.azure.com/openai/v1'), '/openai/v1/embeddings'],
  ])('%#', (destination, expected) => {
    expect(operationPath(destination, '/embeddings')).toBe(expected);
  });
});

describe('what was used', () => {
  test.each<[string, Operation, unknown, Partial<TokenUsage> | null]>([
    ['prompt and total', operations.embeddings, { usage: { prompt_tokens: 8, total_tokens: 8 } }, { tokensIn: 8, tokensOut: 0 }],
    ['a total alone', operations.rerank, { usage: { total_tokens: 9 } }, { tokensIn: 9 }],
    [
      'tokens beside what is billed',
      operations.rerank,
      { meta: { tokens: { input_tokens: 7 }, billed_units: { search_units: 1 } } },
      { tokensIn: 7 },
    ],
    ['what is billed', operations.embeddings, { meta: { billed_units: { input_tokens: 6 } } }, { tokensIn: 6 }],
    ['search units alone', operations.rerank, { meta: { billed_units: { search_units: 1 } } }, null],
    ['seconds', operations['audio.transcriptions'], { usage: { type: 'duration', seconds: 12 } }, null],
    [
      'pictures',
      operations['images.generations'],
      { usage: { input_tokens: 3, output_tokens: 5, total_tokens: 8 } },
      { tokensIn: 3, tokensOut: 5 },
    ],
    ['nonsense', operations.rerank, { usage: { total_tokens: -1 } }, null],
    ['no object', operations.embeddings, null, null],
  ])('%s', (_name, operation, body, expected) => {
    const usage = operation.usageOf(body);
    if (expected === null) expect(usage).toBeNull();
    else expect(usage).toMatchObject({ ...expected, isEstimated: false });
  });

  test.each([
    [{ prompt: 'a' }, { tokensMax: 16, times: 1 }],
    [
      { prompt: [1, 2, 3], max_tokens: 5 },
      { tokensMax: 5, times: 1 },
    ],
    [
      { prompt: ['a', 'b', 'c'], n: 2, best_of: 4 },
      { tokensMax: 16, times: 12 },
    ],
    [
      { prompt: [[1], [2]], max_tokens: -1, n: 0 },
      { tokensMax: 16, times: 2 },
    ],
  ])('the most that a completion %j can say', (body, expected) => {
    expect(operations.completions.outputOf(body)).toEqual(expected);
  });
});

describe('answers', () => {
  const factsOf = (): AnswerFacts => ({ usage: null, finishReason: null, modelReported: null, contentChars: 0, changed: [] });
  const request = (isStream = false): CallRequest => ({ ...requestOf({}), isStream, wantsUsage: true });
  const taker = (operation: OperationId, isStream = false): ReturnType<typeof passedAnswer> =>
    passedAnswer(operations[operation], request(isStream), to('openai'));

  test.each([
    ['audio/mpeg', 'audio/mpeg'],
    ['application/octet-stream', 'application/octet-stream'],
    ['', 'application/octet-stream'],
  ])('sound of the type "%s" is passed on as %s', (type, said) => {
    const facts = factsOf();
    const stream = taker('audio.speech').stream(type, facts);
    expect([stream?.push(Buffer.from('ab')), stream?.isComplete(), facts.mediaType]).toEqual([[Buffer.from('ab')], false, said]);
    expect([stream?.end(), stream?.isComplete()]).toEqual([[], true]);
  });

  test.each(['text/html', 'image/svg+xml', 'application/json', 'audio/x; y', 'application/javascript'])('%s is no sound', (type) => {
    expect(taker('audio.speech').stream(type, factsOf())).toBeNull();
  });

  test('sound of no bytes is no answer', () => {
    const stream = taker('audio.speech').stream('audio/mpeg', factsOf());
    stream?.end();
    expect(stream?.isComplete()).toBe(false);
  });

  test('an event that is an error ends the stream, in no words of the provider’s', () => {
    const stream = taker('images.generations', true).stream('text/event-stream', factsOf());
    const pieces = stream?.push(
      Buffer.from('data: {"type":"error","error":{"message":"no","code":"rate_limit_exceeded"}}\n\ndata: {"type":"x.completed"}\n\n'),
    );
    expect(pieces).toEqual([]);
    expect(stream?.failure()).toMatchObject({ fault: 'rate_limited' });
  });

  test('a stream that ends before its last event is not whole', () => {
    const stream = taker('audio.transcriptions', true).stream('text/event-stream', factsOf());
    expect(stream?.push(Buffer.from('data: {"type":"transcript.text.delta"}\n\n'))).toHaveLength(1);
    stream?.end();
    expect(stream?.isComplete()).toBe(false);
  });

  test.each([
    ['a page', '<html>', 'text/html'],
    ['nothing', '', 'text/plain'],
    ['an object that says nothing', '{}', 'application/json'],
  ])('%s is no transcript', (_name, body, type) => {
    expect(() => taker('audio.transcriptions').whole(Buffer.from(body), type, factsOf())).toThrow(UpstreamFailure);
  });

  test('a text of an unknown type is told as plain text', () => {
    const facts = factsOf();
    taker('audio.transcriptions').whole(Buffer.from('Halo.'), 'text/javascript', facts);
    expect(facts.mediaType).toBe('text/plain; charset=utf-8');
  });

  test('a whole completion where a stream was asked for is told as one', () => {
    const body = { choices: [{ text: 'x', index: 0, finish_reason: 'stop' }] };
    expect(taker('completions', true).whole(Buffer.from(JSON.stringify(body)), 'application/json', factsOf())).toEqual([
      `data: ${JSON.stringify(body)}\n\n`,
    ]);
  });
});

const faultOf = (run: () => unknown): unknown => {
  try {
    return run();
  } catch (error) {
    return error instanceof UpstreamFailure ? [error.fault, error.told?.param] : error;
  }
};

describe('embeddings elsewhere', () => {
  const gemini = embeddingsOf(mustProviderRow('gemini'))!;
  const ollama = embeddingsOf(mustProviderRow('ollama'))!;

  test.each([
    ['no input', {}],
    ['an empty list', { input: [] }],
    ['token ids', { input: [1, 2] }],
    ['an object', { input: { text: 'x' } }],
  ])('%s is refused by name', (_name, asked) => {
    for (const translation of [gemini, ollama])
      expect(faultOf(() => translation.toVendor(asked, to('ollama')))).toEqual(['bad_request', 'input']);
  });

  test.each([
    [{}],
    [{ embeddings: [] }],
    [{ embeddings: [{ values: [] }] }],
    [{ embeddings: [{ values: ['a'] }] }],
    [{ embeddings: [[]] }],
    [[]],
    [null],
  ])('%j is no answer', (body) => {
    for (const translation of [gemini, ollama])
      expect(faultOf(() => translation.fromVendor(body, 1))).toEqual(['invalid_response', undefined]);
  });

  test('a name of a model cannot leave its place in the path', () => {
    expect(gemini.toVendor({ input: 'x' }, to('gemini', '../../evil?x')).path).toBe('/v1beta/models/..%2F..%2Fevil%3Fx:batchEmbedContents');
  });

  test('packed vectors are 32-bit floats, lowest byte first', () => {
    const said = JSON.parse(
      writeEmbeddings({ vectors: [[1, -2.5]], usage: null }, { input: 'abcdefgh', encoding_format: 'base64' }, 'm'),
    ) as {
      data: { embedding: string }[];
      usage: unknown;
    };
    expect([...new Float32Array(Uint8Array.from(Buffer.from(said.data[0]!.embedding, 'base64')).buffer)]).toEqual([1, -2.5]);
    expect(said.usage).toEqual({ prompt_tokens: 2, total_tokens: 2 });
  });
});
