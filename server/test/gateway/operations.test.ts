/** What is no conversation goes the same way as one: the same names, refusals, retries, limits and books. */
import { request as httpRequest, type ClientRequest } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { requestsInFlight } from '../../src/gateway/admit.ts';
import { bytesInSpools } from '../../src/lib/spool.ts';
import { holding, refusing, whole, type Answer } from '../support/fake-provider.ts';
import { openOperationsHouse, refusal, type OperationsHouse } from '../support/operations-house.ts';
import { post, type Said } from './rig.ts';
import { until } from '../support/wait.ts';

let house: OperationsHouse;
beforeAll(async () => {
  house = await openOperationsHouse();
  // Three connections that name one model; the first of them does not offer what is asked here.
  await house.rig.connect({ name: 'Shared Claude', providerId: 'anthropic', baseUrl: house.other.baseUrl, model: 'both' });
  const settings = { parameterMode: 'strict' };
  await house.rig.connect({
    name: 'Strict Claude',
    providerId: 'anthropic',
    baseUrl: house.other.baseUrl,
    model: 'strict-model',
    settings,
  });
  await house.rig.connect({
    name: 'Strict Gem',
    providerId: 'gemini',
    baseUrl: `${house.other.origin}/v1beta`,
    model: 'strict-model',
    settings,
  });
  await house.rig.connect({ name: 'Shared one', providerId: 'custom', baseUrl: house.all.baseUrl, model: 'both' });
  await house.rig.connect({ name: 'Shared two', providerId: 'custom', baseUrl: house.second.baseUrl, model: 'both' });
});
afterAll(() => house.close());
beforeEach(() => {
  for (const fake of ['all', 'second', 'other'] as const) house.answer(fake, good);
});

const vectors = JSON.stringify({ data: [{ index: 0, embedding: [1] }], model: 'm', usage: { prompt_tokens: 5, total_tokens: 5 } });
const transcript = JSON.stringify({ text: 'Hello.' });
const good: Answer = (turn) => whole(turn.call.path.endsWith('/embeddings') ? vectors : transcript)(turn);
const failing = refusing(500, { error: { message: 'boom sk-CANARY-9f3b1c7a5e2d8046', type: 'server_error' } });

const formWith = (fields: Record<string, string>, file: string | null = 'sound'): FormData => {
  const form = new FormData();
  // The file comes first, as most clients write it.
  if (file !== null) form.set('file', new Blob([file], { type: 'audio/wav' }), 'a.wav');
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  return form;
};
const asked = (): number[] => [house.all, house.second, house.other].map((fake) => fake.received.length);

describe('what model names', () => {
  test('an unknown one is 404 and reaches nobody', async () => {
    const said = await house.ask('/embeddings', { model: 'nobody-has-this', input: 'x' });
    expect(refusal(said)).toMatchObject({ status: 404, code: 'model_not_found', param: 'model' });
    expect(await house.rowsOf(said)).toMatchObject([
      { state: 'refused', attemptNo: 0, reason: 'model_not_found', modelAsked: 'nobody-has-this' },
    ]);
    expect(asked()).toEqual([0, 0, 0]);
  });

  test('an unknown one in a form is 404 too, and the upload is given back', async () => {
    const said = await house.askForm('/audio/transcriptions', formWith({ model: 'nobody-has-this' }));
    expect(refusal(said)).toMatchObject({ status: 404, code: 'model_not_found' });
    await expect.poll(bytesInSpools).toBe(0);
  });

  test('none at all is the default connection with its own model', async () => {
    const said = await house.ask('/embeddings', { input: 'x' });
    expect([said.status, house.all.received[0]?.json['model']]).toEqual([200, 'gpt-4o']);
    expect(await house.rowsOf(said)).toMatchObject([{ modelAsked: '', model: 'gpt-4o' }]);
  });

  test('a candidate that does not offer the operation is passed over', async () => {
    const said = await house.ask('/embeddings', { model: 'both', input: 'x' });
    expect(said.status).toBe(200);
    expect(asked()).toEqual([1, 0, 0]);
    expect(await house.rowsOf(said)).toMatchObject([{ attemptNo: 1, isLast: true, status: 200 }]);
  });

  test('a connection that the header pins is the only one, and is refused by name', async () => {
    const claude = [...house.rig.deps.keeper.snapshot.connections.values()].find((one) => one.name === 'Shared Claude');
    const said = await house.ask('/rerank', { model: 'both', query: 'q', documents: [] }, { 'x-patchbay-connection': claude!.id });
    expect(refusal(said)).toMatchObject({
      status: 400,
      code: 'operation_not_supported',
      message: 'Anthropic does not offer /v1/rerank for this model.',
    });
  });

  test('a model that a provider offers elsewhere is asked as a conversation', async () => {
    house.answer('all', whole());
    const said = await house.ask('/completions', { model: 'All/gpt-4o', prompt: 'Once' });
    expect([said.status, house.all.received[0]?.path]).toEqual([200, '/v1/chat/completions']);
  });
});

describe('a strict connection', () => {
  test.each<[string, string, Record<string, unknown>, string]>([
    ['asked by conversation', '/completions', { model: 'Strict Claude/claude-sonnet-4-5', prompt: 'x', suffix: '.' }, 'suffix'],
    ['asked in its own words', '/embeddings', { model: 'Strict Gem/gemini-embedding-001', input: 'x', user: 'me' }, 'user'],
  ])('%s refuses what it cannot pass on, by name, and nobody is asked', async (_name, path, body, param) => {
    const said = await house.ask(path, body);
    expect(refusal(said)).toMatchObject({ status: 400, code: 'unsupported_parameter', param });
    expect(asked()).toEqual([0, 0, 0]);
  });

  test('is asked where nothing is lost', async () => {
    house.answer('other', whole(JSON.stringify({ embeddings: [{ values: [1] }] })));
    expect((await house.ask('/embeddings', { model: 'Strict Gem/gemini-embedding-001', input: 'x' })).status).toBe(200);
  });
});

describe('a provider that fails', () => {
  test('is asked once more, and then another one; each attempt is in the books', async () => {
    house.answer('all', failing);
    const said = await house.ask('/embeddings', { model: 'both', input: 'x' });
    expect([said.status, said.text, said.headers['x-patchbay-attempts']]).toEqual([200, vectors, '3']);
    expect(asked()).toEqual([2, 1, 0]);
    const failed = { state: 'settled', reason: 'server_error', status: 502, isLast: false, tokensIn: 0, tokensOut: 0, cost: 0 };
    expect(await house.rowsOf(said)).toMatchObject([
      { attemptNo: 1, ...failed },
      { attemptNo: 2, ...failed },
      { attemptNo: 3, reason: null, status: 200, isLast: true, tokensIn: 5 },
    ]);
  });

  test('an upload is still held for the next one, byte for byte', async () => {
    const file = 'sound '.repeat(50_000);
    house.answer('all', failing);
    const said = await house.askForm('/audio/transcriptions', formWith({ model: 'both', prompt: 'héllo' }, file));
    expect([said.status, said.text]).toEqual([200, transcript]);
    expect(asked()).toEqual([2, 1, 0]);
    const [first, second] = [house.all.received[0]!.text, house.second.received[0]!.text];
    expect(second).toBe(first);
    expect(second).toContain(file);
    expect(second).toContain('héllo');
    await expect.poll(bytesInSpools).toBe(0);
  });

  test('is not repeated for a mistake of the caller, and its words are not passed on', async () => {
    house.answer('all', refusing(400, { error: { message: 'bad sk-CANARY-9f3b1c7a5e2d8046', type: 'invalid_request_error' } }));
    const said = await house.ask('/images/generations', { model: 'both', prompt: 'x' });
    expect(refusal(said)).toMatchObject({ status: 400, code: 'provider_refused' });
    expect(said.text).not.toContain('CANARY');
    expect(asked()).toEqual([1, 0, 0]);
  });

  test('an error inside a 200 is an error', async () => {
    house.answer('all', whole(JSON.stringify({ error: { message: 'slow down', type: 'rate_limit_error', code: 'rate_limit_exceeded' } })));
    const said = await house.ask('/embeddings', { model: 'both', input: 'x' });
    expect([said.status, asked()]).toEqual([200, [1, 1, 0]]);
  });

  test.each([
    ['an object that is no answer', '{"object":"list"}'],
    ['a text', 'ok'],
    ['nothing', ''],
    ['half an object', '{"data": ['],
  ])('%s is no answer: 502 in the words of the operation', async (_name, body) => {
    house.answer('all', whole(body));
    const said = await house.ask('/embeddings', { model: 'Own/m', input: 'x' });
    expect(refusal(said)).toMatchObject({
      status: 502,
      code: 'invalid_response',
      message: 'The provider answered with something that is no answer to /embeddings.',
    });
  });

  const data = (count: number): string =>
    JSON.stringify({ data: Array.from({ length: count }, (_, index) => ({ index, embedding: [1] })) });
  const own = (count: number, one: unknown): string => JSON.stringify({ embeddings: Array.from({ length: count }, () => one) });

  test.each([
    ['OpenAI’s, one too few', 'Own/m', ['x', 'y', 'z'], data(2)],
    ['OpenAI’s, one too many', 'Own/m', ['x'], data(2)],
    ['OpenAI’s, for a text', 'Own/m', 'x', data(2)],
    ['OpenAI’s, for a list of tokens', 'Own/m', [1, 2], data(2)],
    ['OpenAI’s, for lists of tokens', 'Own/m', [[1, 2], [3]], data(1)],
    ['OpenAI’s, none', 'Own/m', ['x'], data(0)],
    ['Google’s', 'Gem/gemini-embedding-001', ['x', 'y'], own(1, { values: [1] })],
    ['Ollama’s', 'Llama/nomic-embed-text', ['x', 'y'], own(3, [1])],
  ])('as many vectors as inputs, or it is no answer: %s', async (_name, model, input, body) => {
    for (const fake of ['all', 'other'] as const) house.answer(fake, whole(body));
    expect(refusal(await house.ask('/embeddings', { model, input }))).toMatchObject({ status: 502, code: 'invalid_response' });
  });

  test('as many vectors as inputs are an answer in any of the ways to ask for them', async () => {
    const asks: [unknown, number][] = [['x', 1], [['x', 'y'], 2], [[1, 2, 3], 1], [[[1, 2], [3]], 2], [[{ text: 'x' }, { image: 'y' }], 2]]; // prettier-ignore
    for (const [input, count] of asks) {
      house.answer('all', whole(data(count)));
      expect((await house.ask('/embeddings', { model: 'Own/m', input })).status, JSON.stringify(input)).toBe(200);
    }
  });

  test('after a wrong number of vectors another provider is asked', async () => {
    let asks = 0;
    // Which of the two is asked first depends on how healthy they are.
    for (const fake of ['all', 'second'] as const) house.answer(fake, (turn) => whole(asks++ === 0 ? data(2) : vectors)(turn));
    const said = await house.ask('/embeddings', { model: 'both', input: 'x' });
    expect([said.status, said.text]).toEqual([200, vectors]);
    expect((await house.rowsOf(said)).map(({ reason, isLast }) => [reason, isLast]).at(0)).toEqual(['invalid_response', false]);
  });

  test('an address that is not there is said to be so', async () => {
    house.answer('all', refusing(404, { detail: 'Not Found' }));
    const said = await house.ask('/rerank', { model: 'Own/m', query: 'q', documents: [] });
    expect(refusal(said)).toMatchObject({
      status: 502,
      code: 'upstream_not_found',
      message: 'The address of this connection has no /rerank.',
    });
  });
});

describe('bodies', () => {
  const raw = (text: string): Buffer => Buffer.from(text.replaceAll('\n', '\r\n'));
  const part = (name: string, value: string, more = ''): string =>
    `--b\ncontent-disposition: form-data; name="${name}"${more}\n\n${value}\n`;

  test.each([
    ['a form that ends in the middle', `${part('model', 'both')}--b\ncontent-disposition: form-data; name="file"; filename="a"\n\nsou`],
    ['a form of nothing', '--b--\n'],
    ['no form at all', '{"model": "both"}'],
    ['a model that is a file', `${part('model', 'both', '; filename="m"')}--b--\n`],
    ['more parts than anybody needs', `${Array.from({ length: 70 }, (_, at) => part(`f${at}`, 'x')).join('')}--b--\n`],
  ])('%s is 400', async (_name, text) => {
    const said = await house.askForm('/audio/transcriptions', raw(text), { 'content-type': 'multipart/form-data; boundary=b' });
    expect(refusal(said)).toMatchObject({ status: 400, code: 'invalid_form' });
    expect(asked()).toEqual([0, 0, 0]);
    await expect.poll(bytesInSpools).toBe(0);
  });

  test('a model that stands twice is 400: who judged one could have sent the other', async () => {
    const text = raw(`${part('model', 'both')}${part('model', 'Own/dear')}--b--\n`);
    const said = await house.askForm('/audio/transcriptions', text, { 'content-type': 'multipart/form-data; boundary=b' });
    expect(refusal(said)).toMatchObject({ status: 400, code: 'duplicate_key' });
  });

  test('a form without a boundary is 400, and JSON where a form belongs is 415', async () => {
    const open = await house.askForm('/audio/transcriptions', raw('x'), { 'content-type': 'multipart/form-data; charset=utf-8' });
    expect(refusal(open)).toMatchObject({ status: 400, code: 'invalid_form' });
    const json = await house.ask('/audio/transcriptions', { model: 'both' });
    expect(refusal(json)).toMatchObject({ status: 415, code: 'unsupported_media_type' });
    const form = await house.askForm('/embeddings', formWith({ model: 'both' }));
    expect(refusal(form)).toMatchObject({ status: 415, code: 'unsupported_media_type' });
  });

  test('an upload that says it is too large is 413 before it is read', async () => {
    const sent = begin('/audio/transcriptions', {
      'content-type': 'multipart/form-data; boundary=b',
      'content-length': String(101 * 1024 * 1024),
    });
    sent.flushHeaders();
    const status = await new Promise((resolve) => sent.on('response', (response) => resolve(response.resume().statusCode)));
    sent.destroy();
    expect(status).toBe(413);
    expect((await house.lastRow()).reason).toBe('body_too_large');
  });

  test('JSON that is none, and a key that stands twice, are refused as everywhere', async () => {
    expect(refusal(await house.ask('/embeddings', '{"model": '))).toMatchObject({ status: 400, code: 'invalid_json' });
    expect(refusal(await house.ask('/images/edits', '{"model":"a","model":"b"}'))).toMatchObject({ status: 400, code: 'duplicate_key' });
    expect(refusal(await house.ask('/completions', '[]'))).toMatchObject({ status: 400, code: 'invalid_json' });
    expect(refusal(await house.ask('/embeddings', { model: 7, input: 'x' }))).toMatchObject({
      status: 400,
      code: 'invalid_type',
      param: 'model',
    });
  });
});

function begin(path: string, headers: Record<string, string>): ClientRequest {
  const sent = httpRequest(`${house.rig.url}/v1${path}`, {
    method: 'POST',
    agent: false,
    headers: { authorization: `Bearer ${house.key}`, ...headers },
  });
  sent.on('error', () => undefined);
  return sent;
}

describe('a caller who leaves', () => {
  test('while the provider works stops it, and is booked with what nobody can count', async () => {
    house.answer('all', holding(good));
    const sent = begin('/audio/speech', { 'content-type': 'application/json' });
    sent.end(JSON.stringify({ model: 'All/tts-1', voice: 'alloy', input: 'Hello.' }));
    await until(() => house.all.received.length === 1, 'the request arrived');
    sent.destroy();
    await until(() => (house.all.received[0]?.abortedAtMs ?? null) !== null, 'the provider was stopped');
    await until(() => requestsInFlight() === 0, 'the request ended');
    expect(await house.lastRow()).toMatchObject({ state: 'partial', reason: 'client_closed', status: 499, tokensIn: 0, cost: null });
    house.all.release();
  });

  test('in the middle of an upload leaves nothing behind, and nobody is asked', async () => {
    const before = (await house.rig.rows()).length;
    const sent = begin('/audio/transcriptions', { 'content-type': 'multipart/form-data; boundary=b' });
    sent.write('--b\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\n');
    sent.write(Buffer.alloc(300_000, 0x41));
    await until(() => bytesInSpools() > 0, 'the upload began');
    sent.destroy();
    await until(() => bytesInSpools() === 0, 'the upload was given back');
    expect(asked()).toEqual([0, 0, 0]);
    expect(await house.rig.rows()).toHaveLength(before);
    expect(house.rig.logged.filter((line) => line.includes('before it became an order'))).toEqual([]);
  });
});

describe('keys', () => {
  const askWith = async (key: string, path: string, body: unknown): Promise<Said> =>
    post(`${house.rig.url}/v1${path}`, JSON.stringify(body), { authorization: `Bearer ${key}` });
  const embeddings = { model: 'All/text-embedding-3-small', input: 'x' };

  test('a stranger is 401, and a model that is not on the key’s list 403', async () => {
    expect(refusal(await askWith('sk-pb-nobody', '/embeddings', embeddings))).toMatchObject({ status: 401, code: 'invalid_api_key' });
    const { text } = await house.rig.issueKey({ models: ['gpt-4o'] });
    expect(refusal(await askWith(text, '/embeddings', embeddings))).toMatchObject({ status: 403, code: 'model_not_allowed' });
    expect(asked()).toEqual([0, 0, 0]);
  });

  test('requests per minute count here too', async () => {
    const { text } = await house.rig.issueKey({ rpm: 1 });
    expect((await askWith(text, '/embeddings', embeddings)).status).toBe(200);
    expect(refusal(await askWith(text, '/moderations', embeddings))).toMatchObject({ status: 429, code: 'rate_limit_exceeded' });
  });

  test('a budget sets aside the prompt alone, and is settled to the nano-dollar', async () => {
    const { text } = await house.rig.issueKey({ budgetUsd: '1' });
    const said = await askWith(text, '/embeddings', embeddings);
    expect(said.status).toBe(200);
    const [row] = await house.rowsOf(said);
    // A byte of the body is at most one token, at 20 nano-dollars each.
    expect(row).toMatchObject({ cost: 100, reserved: JSON.stringify(embeddings).length * 20, tokensIn: 5 });
  });

  test('a budget that does not suffice refuses before anybody is asked', async () => {
    const { text } = await house.rig.issueKey({ budgetUsd: '0.0000005' });
    const said = await askWith(text, '/embeddings', embeddings);
    expect(refusal(said)).toMatchObject({ status: 402, code: 'budget_exceeded' });
    expect(await house.rowsOf(said)).toMatchObject([{ state: 'refused', attemptNo: 0, reason: 'budget_exceeded' }]);
    expect(asked()).toEqual([0, 0, 0]);
  });

  test.each([
    ['an unknown price', '/rerank', { model: 'Own/mystery', query: 'q', documents: [] }],
    ['pictures, whose price tokens of text do not tell', '/images/generations', { model: 'All/gpt-image-1', prompt: 'x' }],
    ['sound', '/audio/speech', { model: 'All/gpt-4o-mini-tts', voice: 'alloy', input: 'x' }],
  ])('a budget refuses %s', async (_name, path, body) => {
    const { text } = await house.rig.issueKey({ budgetUsd: '1' });
    expect(refusal(await askWith(text, path, body))).toMatchObject({ status: 402, code: 'price_unknown' });
    expect(asked()).toEqual([0, 0, 0]);
  });

  test('a budget bounds a completion by the wire’s own default, times what is asked for', async () => {
    house.answer('all', whole(JSON.stringify({ choices: [{ text: 'x', index: 0, finish_reason: 'length' }] })));
    const { text } = await house.rig.issueKey({ budgetUsd: '1' });
    const body = { model: 'All/gpt-3.5-turbo-instruct', prompt: ['a', 'b'], n: 2 };
    const said = await askWith(text, '/completions', body);
    expect([said.status, house.all.received[0]?.json['max_tokens']]).toEqual([200, 16]);
    const [row] = await house.rowsOf(said);
    // 1.50 and 2.00 dollars a million; four completions of sixteen tokens.
    expect(row?.reserved).toBe(JSON.stringify(body).length * 1_500 + 64 * 2_000);
  });
});

describe('the books', () => {
  test('name the way in of each', async () => {
    await house.ask('/embeddings', { model: 'Own/m', input: 'x' });
    await house.askForm('/audio/transcriptions', formWith({ model: 'Own/m' }));
    await house.ask('/images/generations', {});
    await house.rig.rows();
    const { driver } = house.rig.started.house.database;
    const found = await driver.rows<{ face: string }>({ sql: 'SELECT DISTINCT face FROM usage_events', params: [] }, 'analytics');
    expect(found.map(({ face }) => face)).toEqual(
      expect.arrayContaining(['openai.embeddings', 'openai.audio.transcriptions', 'openai.images.generations']),
    );
  });
});

describe('addresses', () => {
  test.each(['/embeddings', '/audio/transcriptions', '/rerank'])('%s answers to POST alone', async (path) => {
    const response = await fetch(`${house.rig.url}/v1${path}`, { headers: { authorization: `Bearer ${house.key}` } });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
  });

  test.each(['/embeddings/more', '/images', '/audio', '/images/variations'])('%s is 404', async (path) => {
    expect(refusal(await house.ask(path, {}))).toMatchObject({ status: 404, code: 'not_found' });
  });
});
