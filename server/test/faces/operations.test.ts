/** Everything of OpenAI's wire that is no conversation, through OpenAI's own client: what leaves, what comes back, what the books say. */
import { toFile, type OpenAI } from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bytesInSpools } from '../../src/lib/spool.ts';
import { anthropic, refusing, sse, streaming, whole, words, type Answer } from '../support/fake-provider.ts';
import { openOperationsHouse, refusal, type OperationsHouse } from '../support/operations-house.ts';

let house: OperationsHouse;
beforeAll(async () => {
  house = await openOperationsHouse();
});
afterAll(() => house.close());

const json = (body: unknown): Answer => whole(JSON.stringify(body, null, 1));
const bytes =
  (type: string, ...pieces: Buffer[]): Answer =>
  ({ response }) => {
    response.writeHead(200, { 'content-type': type });
    for (const piece of pieces) response.write(piece);
    response.end();
  };
const packed = (vector: readonly number[]): string => Buffer.from(new Float32Array(vector).buffer).toString('base64');
const embedding = (index: number, value: unknown): unknown => ({ object: 'embedding', index, embedding: value });
const vectors = (...values: unknown[]): unknown => ({
  object: 'list',
  data: values.map((value, at) => embedding(at, value)),
  model: 'text-embedding-3-small',
  usage: { prompt_tokens: 9, total_tokens: 9 },
});

describe('POST /v1/embeddings', () => {
  test('200 many inputs stay one call, and their bytes pass (C-29)', async () => {
    house.answer('all', json(vectors(packed([0.5, -1]), packed([0.25, 2]))));
    const input = ['one', 'two'];
    const said = await house.sdk.embeddings.create({ model: 'All/text-embedding-3-small', input, dimensions: 2 });
    expect(said.data.map((one) => one.embedding)).toEqual([
      [0.5, -1],
      [0.25, 2],
    ]);
    expect(house.all.received).toHaveLength(1);
    expect(house.all.received[0]).toMatchObject({
      path: '/v1/embeddings',
      json: { model: 'text-embedding-3-small', input, dimensions: 2, encoding_format: 'base64' },
    });
    // 9 tokens at 0.02 dollars a million.
    expect(await house.lastRow()).toMatchObject({
      state: 'settled',
      status: 200,
      model: 'text-embedding-3-small',
      modelAsked: 'All/text-embedding-3-small',
      modelReported: 'text-embedding-3-small',
      tokensIn: 9,
      tokensOut: 0,
      isEstimated: false,
      isStream: false,
      cost: 180,
    });
  });

  test('200 the answer is the very bytes of the provider, with the headers of every answer', async () => {
    const body = JSON.stringify(vectors([0.1, 0.30000000000000004]), null, 3);
    house.answer('all', whole(body));
    const said = await house.ask('/embeddings', { model: 'All/text-embedding-3-small', input: 'x', encoding_format: 'float' });
    expect([said.status, said.text]).toEqual([200, body]);
    expect(said.headers).toMatchObject({ 'x-patchbay-attempts': '1', 'content-type': 'application/json' });
    expect(said.headers['x-patchbay-connection']).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('200 without usage the books estimate and say so', async () => {
    house.answer('all', json({ object: 'list', data: [embedding(0, [1])] }));
    const said = await house.ask('/embeddings', { model: 'All/text-embedding-3-small', input: 'x'.repeat(400) });
    expect(said.status).toBe(200);
    const [row] = await house.rowsOf(said);
    expect(row).toMatchObject({ isEstimated: true, tokensOut: 0 });
    expect(row?.tokensIn).toBeGreaterThan(100);
  });

  test('200 at a provider with batches of its own, as one call, packed as it was asked', async () => {
    house.answer('other', json({ embeddings: [{ values: [0.5, 1] }, { values: [2, 4] }] }));
    const said = await house.sdk.embeddings
      .create({ model: 'Gem/gemini-embedding-001', input: ['one', 'two'], dimensions: 2, user: 'me' })
      .withResponse();
    expect(said.data.data.map((one) => one.embedding)).toEqual([
      [0.5, 1],
      [2, 4],
    ]);
    expect(house.other.received).toHaveLength(1);
    const model = 'models/gemini-embedding-001';
    expect(house.other.received[0]).toMatchObject({
      path: `/v1beta/${model}:batchEmbedContents`,
      json: {
        requests: [
          { model, content: { parts: [{ text: 'one' }] }, outputDimensionality: 2 },
          { model, content: { parts: [{ text: 'two' }] }, outputDimensionality: 2 },
        ],
      },
    });
    expect(said.response.headers.get('x-patchbay-changed')).toBe('user;dropped');
    // Nobody counted: the caller hears the estimate of the books' kind, and not nought.
    expect(said.data.usage).toEqual({ prompt_tokens: 2, total_tokens: 2 });
    expect(await house.lastRow()).toMatchObject({ state: 'settled', isEstimated: true });
  });

  test('200 at a server on one’s own machine, with its count', async () => {
    house.answer('other', json({ model: 'nomic-embed-text', embeddings: [[0.5, 1]], prompt_eval_count: 3 }));
    const said = await house.sdk.embeddings.create({ model: 'Llama/nomic-embed-text', input: 'one', encoding_format: 'float' });
    expect(said).toMatchObject({ data: [{ index: 0, embedding: [0.5, 1] }], usage: { prompt_tokens: 3, total_tokens: 3 } });
    expect(house.other.received[0]).toMatchObject({ path: '/api/embed', json: { model: 'nomic-embed-text', input: ['one'] } });
    expect(await house.lastRow()).toMatchObject({ tokensIn: 3, isEstimated: false, cost: 0 });
  });

  test('400 token ids are refused where another model would read them, and nobody is asked', async () => {
    house.answer('other', json({}));
    const said = await house.ask('/embeddings', { model: 'Llama/nomic-embed-text', input: [[1, 2, 3]] });
    expect(refusal(said)).toMatchObject({ status: 400, code: 'provider_refused', param: 'input' });
    expect(house.other.received).toHaveLength(0);
  });

  test('400 a provider that does not offer it is named, with the operation', async () => {
    const said = await house.ask('/embeddings', { model: 'Claude/claude-sonnet-4-5', input: 'x' });
    expect(refusal(said)).toEqual({
      status: 400,
      code: 'operation_not_supported',
      param: 'model',
      message: 'Anthropic does not offer /v1/embeddings for this model.',
    });
    expect(await house.rowsOf(said)).toMatchObject([{ state: 'refused', reason: 'operation_not_supported', attemptNo: 0, status: 400 }]);
  });
});

const textChoice = (text: string, finish: string | null): unknown => ({ text, index: 0, logprobs: null, finish_reason: finish });
const completion = (text: string, finish: string | null = 'stop', more: Record<string, unknown> = {}): Record<string, unknown> => ({
  id: 'cmpl-fake',
  object: 'text_completion',
  created: 1_760_000_000,
  model: 'gpt-3.5-turbo-instruct',
  choices: [textChoice(text, finish)],
  ...more,
});
const counted = { prompt_tokens: 4, completion_tokens: 6, total_tokens: 10 };

async function textsOf(stream: AsyncIterable<OpenAI.Completion>): Promise<{ text: string; finish: string | null; usage: unknown }> {
  const read = { text: '', finish: null as string | null, usage: null as unknown };
  for await (const part of stream) {
    read.text += part.choices[0]?.text ?? '';
    read.finish ??= part.choices[0]?.finish_reason ?? null;
    read.usage ??= part.usage ?? null;
  }
  return read;
}

describe('POST /v1/completions', () => {
  test('200 whole, where the provider has it: every byte but the model’s name', async () => {
    house.answer('all', json(completion(' upon a time', 'stop', { usage: counted })));
    const said = await house.sdk.completions.create({ model: 'All/gpt-3.5-turbo-instruct', prompt: 'Once', suffix: '.', best_of: 2 });
    expect(said.choices[0]?.text).toBe(' upon a time');
    expect(house.all.received[0]).toMatchObject({
      path: '/v1/completions',
      json: { model: 'gpt-3.5-turbo-instruct', prompt: 'Once', suffix: '.', best_of: 2 },
    });
    expect(await house.lastRow()).toMatchObject({ tokensIn: 4, tokensOut: 6, isEstimated: false, finishReason: 'stop', isStream: false });
  });

  test('200 streamed, with usage asked for the books alone', async () => {
    const events = [completion(' upon', null), completion(' a time', 'stop'), { ...completion('', null), choices: [], usage: counted }];
    house.answer('all', streaming([...events.map(sse), 'data: [DONE]\n\n']));
    const said = await textsOf(await house.sdk.completions.create({ model: 'All/gpt-3.5-turbo-instruct', prompt: 'Once', stream: true }));
    expect(said).toEqual({ text: ' upon a time', finish: 'stop', usage: null });
    expect(house.all.received[0]?.json['stream_options']).toEqual({ include_usage: true });
    expect(await house.lastRow()).toMatchObject({ isStream: true, tokensIn: 4, tokensOut: 6, isEstimated: false, finishReason: 'stop' });
  });

  test('200 whole, at a provider that holds conversations alone', async () => {
    house.answer('other', anthropic);
    const { data, response } = await house.sdk.completions
      .create({ model: 'Claude/claude-sonnet-4-5', prompt: 'Once', echo: true, suffix: '.', temperature: 0 })
      .withResponse();
    expect(data).toMatchObject({
      object: 'text_completion',
      choices: [{ text: `Once${words.join('')}`, index: 0, finish_reason: 'stop', logprobs: null }],
      usage: { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 },
    });
    expect(house.other.received[0]?.json).toMatchObject({ max_tokens: 16, messages: [{ role: 'user' }], temperature: 0 });
    expect(response.headers.get('x-patchbay-changed')).toContain('suffix;dropped');
    expect(await house.lastRow()).toMatchObject({ tokensIn: 11, tokensOut: 7, model: 'claude-sonnet-4-5' });
  });

  test('200 streamed, at a provider that holds conversations alone', async () => {
    house.answer('other', anthropic);
    const said = await textsOf(
      await house.sdk.completions.create({
        model: 'Claude/claude-sonnet-4-5',
        prompt: ['Once'],
        max_tokens: 50,
        stream: true,
        stream_options: { include_usage: true },
      }),
    );
    expect(said).toMatchObject({ text: words.join(''), finish: 'stop', usage: { prompt_tokens: 11, completion_tokens: 7 } });
    expect(house.other.received[0]?.json).toMatchObject({ max_tokens: 50, stream: true });
  });

  test('200 a server that has no such address is asked as a conversation, in a second attempt', async () => {
    house.answer('all', refusing(404, { detail: 'Not Found' }), whole());
    const said = await house.ask('/completions', { model: 'Own/llama', prompt: 'Once', max_tokens: 5 });
    expect(said.status).toBe(200);
    expect(house.all.received.map((call) => call.path)).toEqual(['/v1/completions', '/v1/chat/completions']);
    expect(await house.rowsOf(said)).toMatchObject([
      { attemptNo: 1, isLast: false, reason: 'endpoint_not_found' },
      { attemptNo: 2, isLast: true, reason: null, status: 200 },
    ]);
  });

  test('400 several prompts cannot be one conversation', async () => {
    const said = await house.ask('/completions', { model: 'Claude/claude-sonnet-4-5', prompt: ['a', 'b'] });
    expect(refusal(said)).toMatchObject({ status: 400, code: 'provider_refused', param: 'prompt' });
  });
});

describe('POST /v1/moderations and /v1/rerank', () => {
  test('200 a judgement, as the provider gave it', async () => {
    house.answer(
      'all',
      json({ id: 'modr-1', model: 'omni-moderation-latest', results: [{ flagged: true, categories: {}, category_scores: {} }] }),
    );
    const said = await house.sdk.moderations.create({ model: 'All/omni-moderation-latest', input: 'x' });
    expect(said.results[0]?.flagged).toBe(true);
    expect(house.all.received[0]?.path).toBe('/v1/moderations');
    // No usage and no price: an estimate, and a cost that nobody knows.
    expect(await house.lastRow()).toMatchObject({ isEstimated: true, cost: null, prices: null });
  });

  test('200 a caller who names no model means the one for it', async () => {
    house.answer('all', json({ id: 'modr-1', model: 'omni-moderation-latest', results: [] }));
    await house.sdk.moderations.create({ input: 'x' });
    expect(house.all.received[0]?.json['model']).toBe('omni-moderation-latest');
    expect(await house.lastRow()).toMatchObject({ modelAsked: '', model: 'omni-moderation-latest' });
  });

  test('200 an order, with the total that the provider reports', async () => {
    house.answer('all', json({ model: 'r', results: [{ index: 1, relevance_score: 0.9 }], usage: { total_tokens: 21 } }));
    const said = await house.ask('/rerank', { model: 'Own/rerank-v3', query: 'q', documents: ['a', 'b'], top_n: 1 });
    expect([said.status, house.all.received[0]?.path]).toEqual([200, '/v1/rerank']);
    expect(await house.rowsOf(said)).toMatchObject([{ tokensIn: 21, tokensOut: 0, isEstimated: false }]);
  });
});

const picture = { created: 1, data: [{ b64_json: 'AAAA' }], usage: { input_tokens: 12, output_tokens: 1056, total_tokens: 1068 } };

describe('POST /v1/images/generations and /v1/images/edits', () => {
  test('200 a picture, with the usage that was reported and no cost that would be wrong', async () => {
    house.answer('all', json(picture));
    const said = await house.sdk.images.generate({ model: 'All/gpt-image-1', prompt: 'a fox' });
    expect(said.data?.[0]?.b64_json).toBe('AAAA');
    expect(house.all.received[0]).toMatchObject({ path: '/v1/images/generations', json: { model: 'gpt-image-1', prompt: 'a fox' } });
    expect(await house.lastRow()).toMatchObject({ tokensIn: 12, tokensOut: 1056, isEstimated: false, cost: null });
  });

  test('200 a picture in pieces, each event as it came', async () => {
    const events = [
      { type: 'image_generation.partial_image', partial_image_index: 0, b64_json: 'AA' },
      { type: 'image_generation.completed', b64_json: 'AAAA', usage: picture.usage },
    ];
    house.answer('all', streaming(events.map((event) => `event: ${event.type}\nid: 7\nretry: 1\n${sse(event)}`)));
    const stream = await house.sdk.images.generate({ model: 'All/gpt-image-1', prompt: 'a fox', stream: true, partial_images: 1 });
    const seen: unknown[] = [];
    for await (const event of stream) seen.push(event);
    expect(seen).toEqual(events);
    expect(await house.lastRow()).toMatchObject({ isStream: true, tokensOut: 1056, state: 'settled' });
  });

  test('200 an edit, with its pictures in a form that is written anew', async () => {
    house.answer('all', json(picture));
    const image = [
      await toFile(Buffer.from('first'), 'a"b.png', { type: 'image/png' }),
      await toFile(Buffer.from('second'), 'b.png', { type: 'image/png' }),
    ];
    await house.sdk.images.edit({ model: 'All/gpt-image-1', prompt: 'a fox', image });
    const [call] = house.all.received;
    expect(call?.path).toBe('/v1/images/edits');
    const form = await formOf(call!);
    expect([form.get('model'), form.get('prompt')]).toEqual(['gpt-image-1', 'a fox']);
    const files = form.getAll('image[]') as File[];
    expect(await Promise.all(files.map((file) => file.text()))).toEqual(['first', 'second']);
    expect(files.map((file) => file.type)).toEqual(['image/png', 'image/png']);
    expect(call?.headers['content-length']).toBe(String(Buffer.byteLength(call!.text)));
  });

  test('200 an edit in JSON', async () => {
    house.answer('all', json(picture));
    const said = await house.ask('/images/edits', { model: 'All/gpt-image-1', prompt: 'a fox', images: [{ image_url: 'data:,' }] });
    expect([said.status, house.all.received[0]?.json['model']]).toEqual([200, 'gpt-image-1']);
  });
});

/** A received form, read by the platform's own parser. */
const formOf = (call: { text: string; headers: Record<string, string | string[] | undefined> }): Promise<FormData> =>
  new Response(call.text, { headers: { 'content-type': String(call.headers['content-type']) } }).formData();

describe('POST /v1/audio/speech', () => {
  test('200 sound is passed on byte for byte, with its type and no cost that would be wrong', async () => {
    const sound = [Buffer.from([0xff, 0xfb, 0, 1]), Buffer.alloc(100_000, 0xaa), Buffer.from([9])];
    house.answer('all', bytes('audio/mpeg', ...sound));
    const response = await house.sdk.audio.speech.create({ model: 'All/gpt-4o-mini-tts', voice: 'alloy', input: 'Hello.' });
    expect(Buffer.from(await response.arrayBuffer()).equals(Buffer.concat(sound))).toBe(true);
    expect(response.headers.get('content-type')).toBe('audio/mpeg');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(house.all.received[0]).toMatchObject({ path: '/v1/audio/speech', json: { model: 'gpt-4o-mini-tts' } });
    expect(await house.lastRow()).toMatchObject({ state: 'settled', tokensIn: 0, tokensOut: 0, isEstimated: false, cost: null });
  });

  test('502 a page instead of sound is no answer', async () => {
    house.answer('all', bytes('text/html', Buffer.from('<script>alert(1)</script>')));
    const said = await house.ask('/audio/speech', { model: 'All/tts-1', voice: 'alloy', input: 'Hello.' });
    expect(refusal(said)).toMatchObject({ status: 502, code: 'invalid_response' });
    expect(said.text).not.toContain('script');
  });

  test('sound that breaks off cuts the line, and nothing is put into it', async () => {
    house.answer('all', ({ response }) => {
      response.writeHead(200, { 'content-type': 'audio/mpeg' });
      response.write(Buffer.alloc(2_000, 0xaa), () => setImmediate(() => response.destroy()));
    });
    const asked = house.sdk.audio.speech.create({ model: 'All/tts-1', voice: 'alloy', input: 'Hello.' });
    await expect(asked.then((response) => response.arrayBuffer())).rejects.toThrow(/terminated|aborted|closed|Connection/);
    expect(await house.lastRow()).toMatchObject({ state: 'partial', reason: 'connection_lost', cost: null });
  });
});

describe('POST /v1/audio/transcriptions', () => {
  const sound = Buffer.alloc(3_000_000, 0x41);

  test('200 a recording is passed on, and nothing of it stays', async () => {
    house.answer('all', json({ text: 'Hello.', usage: { type: 'tokens', input_tokens: 14, output_tokens: 3, total_tokens: 17 } }));
    const file = await toFile(sound, 'hello.wav', { type: 'audio/wav' });
    const said = await house.sdk.audio.transcriptions.create({
      file,
      model: 'All/gpt-4o-transcribe',
      language: 'en',
      timestamp_granularities: ['word'],
    });
    expect(said.text).toBe('Hello.');
    const form = await formOf(house.all.received[0]!);
    expect([form.get('model'), form.get('language'), form.getAll('timestamp_granularities[]')]).toEqual([
      'gpt-4o-transcribe',
      'en',
      ['word'],
    ]);
    const sent = form.get('file') as File;
    expect([sent.name, sent.type, sent.size]).toEqual(['hello.wav', 'audio/wav', sound.length]);
    expect(Buffer.from(await sent.arrayBuffer()).equals(sound)).toBe(true);
    expect(await house.lastRow()).toMatchObject({ tokensIn: 14, tokensOut: 3, isEstimated: false, cost: null, model: 'gpt-4o-transcribe' });
    await expect.poll(bytesInSpools).toBe(0);
  });

  test('200 subtitles come as the text that they are', async () => {
    house.answer('all', bytes('text/plain; charset=utf-8', Buffer.from('1\n00:00 --> 00:01\nHalo.\n')));
    const file = await toFile(Buffer.from('x'), 'a.wav');
    const said = await house.sdk.audio.transcriptions.create({ file, model: 'All/whisper-1', response_format: 'srt' });
    expect(said).toBe('1\n00:00 --> 00:01\nHalo.\n');
    expect(await house.lastRow()).toMatchObject({ state: 'settled', tokensIn: 0, isEstimated: false, cost: null });
  });

  test('200 words as they are heard', async () => {
    const events = [
      { type: 'transcript.text.delta', delta: 'Ha' },
      { type: 'transcript.text.done', text: 'Halo.', usage: { type: 'tokens', input_tokens: 4, output_tokens: 2, total_tokens: 6 } },
    ];
    house.answer('all', streaming(events.map(sse)));
    const file = await toFile(Buffer.from('x'), 'a.wav');
    const seen: unknown[] = [];
    for await (const event of await house.sdk.audio.transcriptions.create({ file, model: 'All/gpt-4o-transcribe', stream: true }))
      seen.push(event);
    expect(seen).toEqual(events);
    expect(await house.lastRow()).toMatchObject({ isStream: true, tokensIn: 4, tokensOut: 2 });
  });

  test('200 a form without a model goes to the default connection, with its model put in', async () => {
    house.answer('all', json({ text: 'Hello.' }));
    const form = new FormData();
    form.set('file', new Blob(['x']), 'a.wav');
    const said = await house.askForm('/audio/transcriptions', form);
    expect(said.status).toBe(200);
    expect((await formOf(house.all.received[0]!)).get('model')).toBe('gpt-4o');
  });

  test('200 a translation is the same way', async () => {
    house.answer('all', json({ text: 'Hello.' }));
    const said = await house.sdk.audio.translations.create({ file: await toFile(Buffer.from('x'), 'a.wav'), model: 'All/whisper-1' });
    expect([said.text, house.all.received[0]?.path]).toEqual(['Hello.', '/v1/audio/translations']);
  });
});
