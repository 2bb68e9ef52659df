/** Embeddings and the like in a provider's own words: fields that it calls otherwise or refuses, told and never sent. */
import { describe, expect, test } from 'vitest';
import { systemClock } from '../../src/lib/clock.ts';
import { callOperation, unsaidOfOperation } from '../../src/providers/call-operation.ts';
import type { AnswerFacts, Call } from '../../src/providers/calling.ts';
import { operations } from '../../src/providers/operations/operations.ts';
import { newEgress } from '../egress/wire.ts';
import { jsonAnswer, playVendor, requestOf, timeouts, type Seen } from './call-kit.ts';
import { destination } from './kit.ts';

const vectorsFor = (input: unknown): Record<string, unknown> => ({
  object: 'list',
  data: [input].flat().map((_, index) => ({ index, embedding: [1, 2] })),
  model: 'm',
  usage: { prompt_tokens: 3, total_tokens: 3 },
});

async function embed(provider: string, body: Record<string, unknown>): Promise<{ seen: Seen; changed: AnswerFacts['changed'] }> {
  const vendor = await playVendor(({ json }) => jsonAnswer(vectorsFor(json['input'])));
  const call: Call = {
    to: destination(provider, 'm', {}, `${vendor.origin}/v1`),
    origin: vendor.origin,
    trust: 'administrator',
    secret: 'k',
    customHeaders: {},
    request: requestOf({ model: 'asked', ...body }),
    timeouts,
    moment: { createdS: 1, id: 'a' },
  };
  const facts = await new Promise<AnswerFacts>((resolve, reject) => {
    callOperation({ egress: newEgress(), clock: systemClock }, call, operations.embeddings, 'pass', {
      onWhole: (_body, said) => resolve(said),
      onPiece: () => true,
      onStreamEnd: () => reject(new Error('a stream')),
      onFailure: reject,
    });
  });
  return { seen: vendor.seen[0]!, changed: facts.changed };
}

describe('embeddings', () => {
  test('Mistral calls the dimensions otherwise and knows no user (docs.mistral.ai/api/endpoint/embeddings)', async () => {
    const { seen, changed } = await embed('mistral', { input: ['a', 'b'], dimensions: 256, user: 'u' });
    expect(seen.json).toEqual({ model: 'm', input: ['a', 'b'], output_dimension: 256 });
    expect(changed).toEqual([
      { parameter: 'dimensions', what: 'renamed', to: 'output_dimension' },
      { parameter: 'user', what: 'dropped' },
    ]);
  });

  test('Cohere takes neither (docs.cohere.com/docs/compatibility-api)', async () => {
    const { seen, changed } = await embed('cohere', { input: 'a', encoding_format: 'float', dimensions: 256 });
    expect(seen.json).toEqual({ model: 'm', input: 'a', encoding_format: 'float' });
    expect(changed).toEqual([{ parameter: 'dimensions', what: 'dropped' }]);
  });

  test('what touches none of it leaves in the bytes that it came in, also beside one that does', async () => {
    const plain = await embed('openai', { input: 'a', dimensions: 256, user: 'u', brand_new: 2.5 });
    expect(plain.seen.text).toBe('{"model":"m","input":"a","dimensions":256,"user":"u","brand_new":2.5}');
    expect(plain.changed).toEqual([]);
    const beside = await embed('mistral', { brand_new: { a: [1] }, dimensions: 2, input: 'a' });
    expect(beside.seen.text).toContain('"brand_new":{"a":[1]}');
  });
});

test('a strict connection refuses a loss before anything leaves, and lets another name pass', () => {
  const asked = (provider: string, body: Record<string, unknown>) =>
    unsaidOfOperation(operations.embeddings, {
      to: destination(provider, 'm', { parameterMode: 'strict' }),
      request: requestOf({ model: 'm', input: 'a', ...body }),
    });
  expect(asked('cohere', { dimensions: 256 })).toMatchObject({ param: 'dimensions' });
  expect(asked('mistral', { dimensions: 256 })).toBeNull();
  expect(asked('mistral', { user: 'u' })).toMatchObject({ param: 'user' });
  expect(asked('openai', { dimensions: 256, user: 'u' })).toBeNull();
});
