/** POST /v1/chat/completions as HTTP: bodies, methods and forms that are refused before any provider hears of them. */
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createUser } from '../../src/control/people/users.ts';
import { errorOf, message, openRig, password, post, readStream, type Rig, type Said } from '../gateway/rig.ts';
import { roomIn, until } from '../support/wait.ts';
import { plain, startFakeProvider, wholeBody, type FakeProvider } from '../support/fake-provider.ts';

let rig: Rig;
let fake: FakeProvider;
let key = '';
beforeAll(async () => {
  [rig, fake] = await Promise.all([openRig(), startFakeProvider()]);
  key = (await rig.issueKey()).text;
  await rig.connect({ name: 'Main', baseUrl: fake.baseUrl, isDefault: true });
});
afterAll(async () => {
  await rig.close();
  await fake.close();
});
beforeEach(() => {
  fake.answer(plain);
  fake.received.length = 0;
});

const url = (): string => `${rig.url}/v1/chat/completions`;
const authorized = (headers: Record<string, string> = {}): Record<string, string> => ({ authorization: `Bearer ${key}`, ...headers });
const body = JSON.stringify({ model: 'Main/gpt-4o', messages: message() });

/** Sends bytes as they are, reads until the far end closes or `enough` is seen. */
async function raw(text: string | Buffer, enough = '\r\n\r\n'): Promise<string> {
  const socket = connect(Number(new URL(rig.url).port), '127.0.0.1');
  let answer = '';
  let isClosed = false;
  socket.on('data', (part: Buffer) => (answer += part.toString('latin1')));
  socket.on('error', () => undefined);
  socket.on('close', () => (isClosed = true));
  socket.write(text);
  await until(() => isClosed || answer.includes(enough), 'an answer');
  socket.destroy();
  return answer;
}

describe('POST /v1/chat/completions', () => {
  test("200 answers in OpenAI's wire", async () => {
    const said = await post(url(), body, authorized());
    expect(said.status).toBe(200);
    expect(said.text).toBe(wholeBody());
  });

  test('200 for a content type with a charset, and for none at all', async () => {
    expect((await post(url(), body, authorized({ 'content-type': 'application/json; charset=utf-8' }))).status).toBe(200);
    const response = await fetch(url(), { method: 'POST', body: Buffer.from(body), headers: authorized() });
    expect(response.status).toBe(200);
  });

  test('200 with a query that nobody asked for', async () => {
    expect((await post(`${url()}?api-version=1`, body, authorized())).status).toBe(200);
  });
});

interface Refusal {
  status: number;
  code: string;
}

const refusals: readonly (readonly [string, string, Refusal])[] = [
  ['no body', '', { status: 400, code: 'invalid_json' }],
  ['null', 'null', { status: 400, code: 'invalid_json' }],
  ['a list', '[]', { status: 400, code: 'invalid_json' }],
  ['a text', '"hello"', { status: 400, code: 'invalid_json' }],
  ['broken JSON', '{"model":"gpt-4o",', { status: 400, code: 'invalid_json' }],
  ['JSON that only looks sound from outside', '{"model":"gpt-4o","messages":[tru]}', { status: 400, code: 'invalid_json' }],
  ['two objects', '{}{}', { status: 400, code: 'invalid_json' }],
  ['a key twice', '{"model":"cheap","messages":[],"model":"dear"}', { status: 400, code: 'duplicate_key' }],
  ['a key twice, once in disguise', '{"model":"cheap","messages":[],"mod\\u0065l":"dear"}', { status: 400, code: 'duplicate_key' }],
  ['nesting beyond all use', `{"messages":${'['.repeat(5_000)}${']'.repeat(5_000)}}`, { status: 400, code: 'too_deep' }],
  ['a model that is a number', '{"model":5,"messages":[]}', { status: 400, code: 'invalid_type' }],
  ['a model that is an object', '{"model":{"a":1},"messages":[]}', { status: 400, code: 'invalid_type' }],
  ['a model name without end', JSON.stringify({ model: 'm'.repeat(601), messages: [] }), { status: 400, code: 'invalid_type' }],
  ['a stream that is a text', '{"model":"gpt-4o","stream":"true"}', { status: 400, code: 'invalid_type' }],
  ['a negative cap', '{"model":"gpt-4o","max_tokens":-1}', { status: 400, code: 'invalid_type' }],
  ['a cap of half a token', '{"model":"gpt-4o","max_completion_tokens":0.5}', { status: 400, code: 'invalid_type' }],
  ['a cap beyond numbers', '{"model":"gpt-4o","max_tokens":1e308}', { status: 400, code: 'invalid_type' }],
  ['a model that nobody serves', '{"model":"no-such-model","messages":[]}', { status: 404, code: 'model_not_found' }],
];

describe('bodies that are refused', () => {
  test.each(refusals)('%s', async (_name, sent, expected) => {
    const said = await post(url(), sent, authorized());
    expect({ status: said.status, code: errorOf(said).code }).toEqual(expected);
    expect(fake.received).toEqual([]);
  });

  test('each is booked as a refused request of the key that sent it', async () => {
    const said = await post(url(), '{', authorized({ 'x-request-id': 'of-the-client' }));
    expect(await rig.rowsOf(String(said.headers['x-request-id']))).toEqual([
      expect.objectContaining({
        state: 'refused',
        reason: 'invalid_json',
        status: 400,
        attemptNo: 0,
        isLast: true,
        clientRequestId: 'of-the-client',
        tokensIn: 0,
      }),
    ]);
  });

  test('the same faults are found in a large body, which is not parsed as a whole', async () => {
    const padding = `"padding":"${'x'.repeat(200_000)}"`;
    for (const [sent, code] of [
      [`{${padding},"model":"a","model":"b"}`, 'duplicate_key'],
      [`{${padding},"model":5}`, 'invalid_type'],
      [`{${padding},"model":"no-such-model"}`, 'model_not_found'],
      [`{${padding}`, 'invalid_json'],
    ] as const)
      expect(errorOf(await post(url(), sent, authorized())).code).toBe(code);
  });

  test('names of the prototype are fields like others, and harm nobody', async () => {
    const said = await post(
      url(),
      '{"model":"Main/gpt-4o","messages":[],"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}',
      authorized(),
    );
    expect(said.status).toBe(200);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    expect(fake.received.at(-1)!.text).toContain('"__proto__"');
  });
});

describe('what the body is packed in', () => {
  test.each(['gzip', 'br', 'deflate', 'zstd', 'gzip, gzip'])('415 for content-encoding %s: nothing is unpacked', async (encoding) => {
    const said = await post(url(), gzipSync(body), authorized({ 'content-encoding': encoding }));
    expect(said.status).toBe(415);
    expect(errorOf(said).code).toBe('unsupported_media_type');
  });

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/xml'])(
    '415 for %s',
    async (type) => {
      expect((await post(url(), body, authorized({ 'content-type': type }))).status).toBe(415);
    },
  );

  test('a large body within the limit goes up whole', async () => {
    const text = 'x'.repeat(12 * 1024 * 1024);
    const said = await post(url(), JSON.stringify({ model: 'Main/gpt-4o', messages: message(text) }), authorized());
    expect(said.status).toBe(200);
    expect(fake.received.at(-1)!.text).toHaveLength(JSON.stringify({ model: 'gpt-4o', messages: message(text) }).length);
  });

  test('413 for 33 MiB with a length, before any of it is kept', async () => {
    const before = process.memoryUsage().arrayBuffers;
    const answer = await raw(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\ncontent-type: application/json\r\ncontent-length: ${33 * 1024 * 1024}\r\n\r\n{"messages":"`,
      'body_too_large',
    );
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toContain('"code":"body_too_large"');
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * 1024 * 1024);
  });

  test('a body that goes on after its refusal is dropped, and its line closed after a moment', async () => {
    const socket = connect(Number(new URL(rig.url).port), '127.0.0.1');
    const closed = new Promise((resolve) => socket.on('close', resolve));
    socket.on('error', () => undefined);
    let answer = '';
    socket.setEncoding('latin1').on('data', (piece: string) => (answer += piece));
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer sk-pb-wrong\r\ncontent-length: 999999999\r\n\r\n{`,
    );
    // Well before the two minutes that a body may take.
    await closed;
    expect(answer).toMatch(/^HTTP\/1\.1 401 /);
  });

  test('413 for 33 MiB in chunks, as soon as they are too many', async () => {
    const socket = connect(Number(new URL(rig.url).port), '127.0.0.1');
    const heard = { text: '' };
    socket.on('data', (part: Buffer) => (heard.text += part.toString('latin1')));
    socket.on('error', () => undefined);
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n`,
    );
    const piece = Buffer.concat([Buffer.from('100000\r\n'), Buffer.alloc(0x100000, 0x20), Buffer.from('\r\n')]);
    for (let count = 0; count < 40 && !socket.destroyed && heard.text === ''; count++) if (!socket.write(piece)) await roomIn(socket);
    await until(() => heard.text.includes('body_too_large'), 'an answer');
    expect(heard.text).toMatch(/^HTTP\/1\.1 413 /);
    socket.destroy();
  });
});

describe('methods and addresses', () => {
  test.each(['GET', 'PUT', 'PATCH', 'DELETE'])('405 for %s, naming the one that is allowed', async (method) => {
    const response = await fetch(url(), { method, headers: authorized() });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('POST');
    expect(await response.json()).toMatchObject({ error: { code: 'method_not_allowed' } });
  });

  test.each([
    '/v1/chat',
    '/v1/audio',
    '/v1/chat/completions/',
    '/v1/',
    '/v1/%2e%2e/api/me',
    '/v1//chat/completions',
    '/v1/CHAT/completions',
  ])("404 for %s, in OpenAI's shape", async (path) => {
    const answer = await raw(
      `POST ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`,
      '}}',
    );
    expect(answer).toMatch(/^HTTP\/1\.1 404 /);
    expect(answer).toContain('"code":"not_found"');
  });

  test.each([
    ['two hosts', 'host: a\r\nhost: b\r\n'],
    ['a transfer coding of its own', 'host: a\r\ntransfer-encoding: xchunked\r\n'],
    ['a length and chunks', 'host: a\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n'],
    ['two lengths', 'host: a\r\ncontent-length: 2\r\ncontent-length: 3\r\n'],
    ['no host', ''],
  ])('400 for a request with %s: a proxy may have read it otherwise', async (_name, headers) => {
    expect(await raw(`POST /v1/chat/completions HTTP/1.1\r\nauthorization: Bearer ${key}\r\n${headers}\r\n{}`)).toMatch(/^HTTP\/1\.1 400 /);
    expect(fake.received).toEqual([]);
  });
});

describe('the pinned connection', () => {
  test.each(['not-an-id', '00000000-0000-7000-8000-000000000000', '../../etc'])('404 for %j', async (id) => {
    const said = await post(url(), body, authorized({ 'x-patchbay-connection': id }));
    expect({ status: said.status, code: errorOf(said).code }).toEqual({ status: 404, code: 'connection_not_found' });
  });

  test("200 for one of one's own, in any case of its letters", async () => {
    const [id] = rig.deps.keeper.snapshot.connections.keys();
    const said = await post(url(), JSON.stringify({ messages: message() }), authorized({ 'x-patchbay-connection': id!.toUpperCase() }));
    expect(said.headers['x-patchbay-connection']).toBe(id);
  });
});

describe('what a client says of itself', () => {
  test('its request id is kept for its support, cleaned and cut, and never becomes ours', async () => {
    const said = await post(url(), body, authorized({ 'x-request-id': `a\u00e9b${'c'.repeat(400)}` }));
    const [row] = await rig.rowsOf(String(said.headers['x-request-id']));
    expect(row?.clientRequestId).toMatch(/^a\?+b?c+$/);
    expect(row?.clientRequestId?.length).toBeLessThanOrEqual(200);
  });

  test('a forged id of ours is not believed', async () => {
    const forged = '01920000-0000-7000-8000-000000000000';
    expect((await post(url(), body, authorized({ 'x-request-id': forged }))).headers['x-request-id']).not.toBe(forged);
  });
});

describe('a session, for the chat page', () => {
  let cookie = '';
  beforeAll(async () => {
    await createUser(rig.deps, rig.caller, { email: 'cara@example.org', name: 'Cara', role: 'user', password });
    const response = await fetch(`${rig.url}/api/auth/sign-in/email`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: 'cara@example.org', password }),
    });
    cookie = response.headers
      .getSetCookie()
      .map((line) => line.split(';')[0])
      .join('; ');
  });
  const withCookie = (headers: Record<string, string>): Promise<Said> =>
    post(url(), JSON.stringify({ messages: message(), stream: true }), { cookie, ...headers });

  test('200 from our own page', async () => {
    const said = await withCookie({ 'sec-fetch-site': 'same-origin' });
    expect(readStream(said.text)).toMatchObject({ isDone: true, error: null });
  });

  test.each<[string, Record<string, string>]>([
    ['another site', { 'sec-fetch-site': 'cross-site' }],
    ['a sister site', { 'sec-fetch-site': 'same-site' }],
    ['a foreign origin', { origin: 'https://evil.example' }],
    ['nobody knows where', {}],
  ])("401 from %s: a cookie travels with every site's requests", async (_name, headers) => {
    expect((await withCookie(headers)).status).toBe(401);
    expect(fake.received).toEqual([]);
  });
});

describe('what answers never hold', () => {
  test('a stack, a path, an address or a word of the provider', async () => {
    fake.answer(
      ({ response }) =>
        void response
          .writeHead(500, { 'content-type': 'text/html' })
          .end('<html>Traceback (most recent call last) /srv/app.py 10.0.0.5 INTERNAL-WORD</html>'),
    );
    const said = await post(url(), body, authorized());
    expect(errorOf(said).code).toBe('upstream_error');
    expect(said.text).not.toMatch(/Traceback|srv|10\.0\.0\.5|INTERNAL-WORD|html/);
  });
});
