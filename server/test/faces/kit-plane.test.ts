/** What every route of the control plane gets from the kit: strict bodies, an id of ours, headers, and answers that say no more than declared. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { ok, route } from '../../src/faces/kit/route.ts';
import type { PlaneDeps } from '../../src/faces/kit/plane.ts';
import { gzipSync } from 'node:zlib';
import { openHouse, type House, type Reply, type Resident, type Sent } from '../support/house.ts';
import { openPlane } from './plane.ts';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

let house: House;
let ada: Resident;
let budi: Resident;
beforeAll(async () => {
  house = await openHouse();
  ada = await house.createResident('Ada');
  budi = await house.createResident('Budi');
  await house.request('PATCH', '/api/me', { token: budi.token, body: { language: 'id' } });
});
afterAll(() => house.close());

const create = (sent: Sent): Promise<Reply> => house.request('POST', '/api/tokens', { token: ada.token, ...sent });
const withType = (type: string, body = '{"name":"x"}'): Promise<Reply> => create({ body, headers: { 'content-type': type } });
const said = ({ status, body }: Reply): [number, unknown] => [status, body.error_code];

describe('the type of a body', () => {
  test.each(['application/json', 'application/json; charset=utf-8', 'APPLICATION/JSON', 'application/json;charset=UTF-8'])(
    '201 for %s',
    async (type) => {
      expect((await withType(type)).status).toBe(201);
    },
  );

  test.each([
    'text/plain',
    'text/plain;charset=UTF-8',
    'application/json garbage',
    'application/json\ta',
    'application/jsonp',
    'application/json, text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/vnd.api+json',
    'text/json',
    'json',
    'application/',
    '*/*',
  ])('415 for %s, also with a body that would be right', async (type) => {
    expect(said(await withType(type))).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE']);
  });

  test('415 for a body without a type', async () => {
    const answer = await fetch(`${house.url}/api/tokens`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ada.token}` },
      body: new TextEncoder().encode('{"name":"x"}'),
    });
    expect([answer.status, await answer.json()]).toMatchObject([415, { error_code: 'UNSUPPORTED_MEDIA_TYPE' }]);
  });

  test.each(['gzip', 'br', 'deflate', 'zstd', 'x-unknown', 'GZIP', 'gzip, identity'])(
    '415 for a body that is packed with %s',
    async (encoding) => {
      const headers = { authorization: `Bearer ${ada.token}`, 'content-type': 'application/json', 'content-encoding': encoding };
      const answer = await fetch(`${house.url}/api/tokens`, { method: 'POST', headers, body: gzipSync('{"name":"x"}') });
      expect([answer.status, await answer.json()]).toMatchObject([415, { error_code: 'UNSUPPORTED_MEDIA_TYPE' }]);
    },
  );

  test('201 for a body that says it is not packed', async () => {
    expect((await create({ body: { name: 'x' }, headers: { 'content-encoding': 'identity' } })).status).toBe(201);
  });
});

describe('the body', () => {
  test.each(['{"name"', ' ', 'null x', '{"name":"x",}', "{'name':'x'}", '{"name":"x"}{}', '\uFEFF\uFEFF{}', '{"name":NaN}'])(
    '400 MALFORMED_JSON for %j',
    async (body) => {
      expect(said(await create({ body }))).toEqual([400, 'MALFORMED_JSON']);
    },
  );

  test.each([
    '{"name":"x","__proto__":{"role":"administrator"}}',
    '{"name":"x","constructor":{"prototype":{"role":"administrator"}}}',
    '{"name":{"__proto__":{"a":1}}}',
    '{"name":"x","\\u005f_proto__":{"a":1}}',
    '{"name":"x","a":[{"constructor":{"prototype":1}}]}',
  ])('400 for %s, and no object is changed by it', async (body) => {
    expect((await create({ body })).status).toBe(400);
    expect(({} as Record<string, unknown>)['role']).toBeUndefined();
    expect(({} as Record<string, unknown>)['a']).toBeUndefined();
  });

  test.each(['null', '[]', '"text"', '1', 'true'])('400 for %s where an object belongs', async (body) => {
    expect(said(await create({ body }))).toEqual([400, 'VALIDATION_ERROR']);
  });

  test('400 without any, where one belongs', async () => {
    expect(said(await create({}))).toEqual([400, 'VALIDATION_ERROR']);
    expect(said(await withType('application/json', ''))).toEqual([400, 'VALIDATION_ERROR']);
  });

  test('200 without any, where none is asked for, though the type of one is named', async () => {
    const id = (await create({ body: { name: 'brief' } })).at('data.id');
    const headers = { 'content-type': 'application/json' };
    expect((await house.request('DELETE', `/api/tokens/${id}`, { token: ada.token, body: '', headers })).status).toBe(200);
  });

  test('413 beyond 1 MiB by a byte, and not at it', async () => {
    const bodyOf = (bytes: number): string => `{"name":"${'a'.repeat(bytes - '{"name":""}'.length)}"}`;
    const over = await create({ body: bodyOf(1_048_577) });
    expect(said(over)).toEqual([413, 'BODY_TOO_LARGE']);
    expect(over.body.message).toContain('1 MiB');
    // As large as it may be, it is read and then found to have a name that is too long.
    expect(said(await create({ body: bodyOf(1_048_576) }))).toEqual([400, 'VALIDATION_ERROR']);
  });

  test('413 beyond 1 MiB in pieces without a length', async () => {
    const piece = new TextEncoder().encode(' '.repeat(65_536));
    let count = 0;
    const body = new ReadableStream<Uint8Array>({ pull: (stream) => (count++ < 20 ? stream.enqueue(piece) : stream.close()) });
    const headers = { authorization: `Bearer ${ada.token}`, 'content-type': 'application/json' };
    const answer = await fetch(`${house.url}/api/tokens`, { method: 'POST', headers, body, duplex: 'half' });
    expect(answer.status).toBe(413);
  });

  test('400 for a body a hundred thousand levels deep, at once, and the house lives on', async () => {
    const deep = `{"name":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    expect((await create({ body: deep })).status).toBe(400);
    expect((await house.request('GET', '/healthz')).status).toBe(200);
  });

  test('400 for unknown fields, each by its own path', async () => {
    const answer = await create({ body: { name: 'x', role: 'administrator', userId: ada.id } });
    expect(said(answer)).toEqual([400, 'VALIDATION_ERROR']);
    expect(answer.body.details).toMatchObject([
      { path: 'role', code: 'unrecognized_keys' },
      { path: 'userId', code: 'unrecognized_keys' },
    ]);
    expect(answer.body.message).toMatch(/2 fields/);
  });

  test('400 for a field within a field, by its whole path', async () => {
    const answer = await house.request('POST', '/api/configurations', {
      token: ada.token,
      body: { name: 'x', provider: 'openai', model: 'm', apiKey: 'sk-0123456789abcdef', configuration: { temperature: 'warm' } },
    });
    expect(answer.status).toBe(400);
    expect(answer.body.details).toMatchObject([{ path: 'configuration.temperature' }]);
  });

  test.each([
    ['GET', '/api/requests?limit=0', 'limit'],
    ['GET', '/api/requests?limit=501', 'limit'],
    ['GET', '/api/requests?limit=1e9', 'limit'],
    ['GET', '/api/requests?nonsense=1', 'nonsense'],
    ['GET', '/api/usage?groupBy=password', 'groupBy'],
  ])('400 for %s %s, with the field', async (method, path, field) => {
    const answer = await house.request(method, path, { token: ada.token });
    expect(said(answer)).toEqual([400, 'VALIDATION_ERROR']);
    expect(answer.body.details).toMatchObject([{ path: field }]);
  });
});

describe('the language of a refusal', () => {
  const english = 'The request has 1 field that does not fit. Check the fields named in the details.';
  const indonesian = 'Ada 1 isian yang belum sesuai. Periksa isian yang disebut pada rincian.';

  test.each([
    ['id', indonesian],
    ['id-ID,id;q=0.9,en;q=0.8', indonesian],
    ['in', indonesian],
    ['en-GB', english],
    ['de, id;q=0.5, en;q=0.7', english],
    ['fr', english],
  ])('is what Accept-Language %s asks for, before the profile', async (header, message) => {
    for (const person of [ada, budi]) {
      const answer = await create({ token: person.token, body: { name: 1 }, headers: { 'accept-language': header } });
      expect([answer.body.message, answer.body.error]).toEqual([message, message]);
    }
  });

  test.each(['*', '', ' '])("is the profile's where Accept-Language is %j", async (header) => {
    const sent = { body: { name: 1 }, headers: { 'accept-language': header } };
    expect((await create({ ...sent, token: budi.token })).body.message).toBe(indonesian);
    expect((await create({ ...sent, token: ada.token })).body.message).toBe(english);
  });

  test('is English for a stranger who asks for none, and Indonesian for one who does', async () => {
    expect((await house.request('GET', '/api/me')).body.message).toBe('Sign in or send a personal token to continue.');
    expect((await house.request('GET', '/api/me', { headers: { 'accept-language': 'id' } })).body.message).toBe(
      'Masuk atau kirim token pribadi untuk melanjutkan.',
    );
  });

  test('reaches refusals that come before a route is found or a body is read', async () => {
    const headers = { 'accept-language': 'id' };
    expect((await house.request('GET', '/api/nothing', { headers })).body.message).toBe('Alamat ini tidak ada. Periksa path dan ejaannya.');
    expect((await create({ body: '{', headers })).body.message).toBe(
      'Isi permintaan bukan JSON yang sah. Periksa tanda kutip, koma, dan kurung.',
    );
    expect((await create({ body: '{}', headers: { ...headers, 'content-type': 'text/plain' } })).body.message).toBe(
      'Kirim isi permintaan sebagai application/json.',
    );
  });
});

describe('the id of a request', () => {
  test.each([
    ['GET', '/healthz'],
    ['GET', '/readyz'],
    ['GET', '/metrics'],
    ['GET', '/openapi.json'],
    ['GET', '/docs/'],
    ['GET', '/'],
    ['GET', '/api/me'],
    ['GET', '/api/nothing'],
    ['POST', '/api/tokens'],
    ['POST', '/v1/chat/completions'],
    ['GET', '/v1/models'],
    ['GET', '/v1/nothing'],
    ['HEAD', '/api/me'],
    ['OPTIONS', '/api/me'],
  ])('is on every answer and is ours: %s %s', async (method, path) => {
    const theirs = '01890a5d-ac96-774b-bcce-b302099a8057';
    const seen = new Set<string>();
    for (let count = 0; count < 2; count++) {
      const answer = await house.request(method, path, { headers: { 'x-request-id': theirs, 'request-id': theirs } });
      const id = answer.headers.get('x-request-id') ?? '';
      expect(id).toMatch(uuid);
      expect(id).not.toBe(theirs);
      if (answer.status >= 400 && method !== 'HEAD') expect(answer.body.request_id ?? answer.body.error?.['request_id']).toBe(id);
      seen.add(id);
    }
    expect(seen.size).toBe(2);
  });
});

describe('what an answer may say', () => {
  const routes = [
    route({
      method: 'GET',
      path: '/api/boom',
      summary: 'Fails inside',
      access: 'open',
      answers: { 200: z.object({}) },
      statuses: [200],
      handle: () => {
        throw Object.assign(new Error('SELECT secret FROM users WHERE email = ? at /srv/house/storage/people.ts:12'), {
          sql: 'SELECT 1',
          statusCode: 418,
          code: 'SQLITE_ERROR',
        });
      },
    }),
    route({
      method: 'GET',
      path: '/api/odd',
      summary: 'Throws what is no error',
      access: 'open',
      answers: { 200: z.object({}) },
      statuses: [200],
      handle: () => Promise.reject('a text with sk-secret-0123456789'),
    }),
    route({
      method: 'GET',
      path: '/api/chatty',
      summary: 'Answers more than it declares',
      access: 'open',
      answers: { 200: z.object({ name: z.string(), inner: z.object({ shown: z.number() }) }) },
      statuses: [200],
      handle: () => ok({ name: 'x', passwordHash: 'hidden-1', inner: { shown: 1, apiKeyEncrypted: 'hidden-2' } }),
    }),
    route({
      method: 'GET',
      path: '/api/wrong',
      summary: 'Answers another shape',
      access: 'open',
      answers: { 200: z.object({ name: z.string() }) },
      statuses: [200],
      handle: () => ok({ name: { text: 'hidden-3' } }),
    }),
  ] as const;
  const opened = openPlane({ routes });

  test.each(['/api/boom', '/api/odd', '/api/wrong'])('of a fault of ours is a bare 500 with the id that the log has: %s', async (url) => {
    const { app, logged } = await opened;
    const answer = await app.inject({ url });
    expect(answer.statusCode).toBe(500);
    const id = answer.headers['x-request-id'];
    const message = 'Something failed on our side. Give the request id to your administrator.';
    expect(answer.json()).toEqual({ success: false, error: message, message, error_code: 'INTERNAL', request_id: id });
    expect(logged.filter((line) => line.includes(String(id)) && line.includes('request failed'))).toHaveLength(1);
    expect(JSON.stringify(answer.headers)).not.toMatch(/SELECT|\.ts|hidden/);
  });

  test('is what is declared, at every depth', async () => {
    const { app } = await opened;
    const answer = await app.inject({ url: '/api/chatty' });
    expect(answer.json()).toEqual({ name: 'x', inner: { shown: 1 } });
    expect(answer.body).not.toContain('hidden');
  });

  test('is never kept by anybody, guessed at or passed on with an address', async () => {
    for (const path of ['/api/me', '/api/nothing', '/healthz', '/openapi.json']) {
      const { headers } = await house.request('GET', path, { token: ada.token });
      expect([path, headers.get('cache-control'), headers.get('x-content-type-options'), headers.get('referrer-policy')]).toEqual([
        path,
        'no-store',
        'nosniff',
        'no-referrer',
      ]);
      expect([headers.get('server'), headers.get('x-powered-by'), headers.get('access-control-allow-origin')]).toEqual([null, null, null]);
    }
  });

  test('HEAD says what GET would, without the body', async () => {
    const [get, head] = [
      await house.request('GET', '/api/me', { token: ada.token }),
      await house.request('HEAD', '/api/me', { token: ada.token }),
    ];
    expect([head.status, head.text, head.headers.get('content-type')]).toEqual([get.status, '', get.headers.get('content-type')]);
    expect((await house.request('HEAD', '/api/me')).status).toBe(401);
  });
});

describe('the address of a caller', () => {
  const whoami = route({
    method: 'GET',
    path: '/api/whoami',
    summary: 'Where a call comes from',
    access: 'open',
    answers: { 200: z.object({ address: z.string(), agent: z.string() }) },
    statuses: [200],
    handle: (_: PlaneDeps, { origin }) => ok({ address: origin.address, agent: origin.agent }),
  });
  const ask = async (trustedProxies: string[], headers: Record<string, string>): Promise<{ address: string; agent: string }> => {
    const { app } = await openPlane({ routes: [whoami], trustedProxies });
    return (await app.inject({ url: '/api/whoami', headers, remoteAddress: '10.0.0.7' })).json();
  };

  test('is the peer, whatever it says of others', async () => {
    expect(await ask([], { 'x-forwarded-for': '203.0.113.9' })).toMatchObject({ address: '10.0.0.7' });
    expect(await ask(['192.0.2.1'], { 'x-forwarded-for': '203.0.113.9' })).toMatchObject({ address: '10.0.0.7' });
  });

  test('is what a trusted proxy saw, the nearest that is not trusted itself', async () => {
    expect(await ask(['10.0.0.0/8'], { 'x-forwarded-for': '198.51.100.1, 203.0.113.9, 10.0.0.8' })).toMatchObject({
      address: '203.0.113.9',
    });
    expect(await ask(['10.0.0.7'], { 'x-forwarded-for': 'not an address' })).toMatchObject({ address: '' });
  });

  test.each([
    ['203.0.113.9:4711', '203.0.113.9'],
    ['[2001:db8::1]:4711', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['2001:db8::1', '2001:db8::1'],
    ['198.51.100.1, 203.0.113.9:4711 ,10.0.0.8:80', '203.0.113.9'],
    ['203.0.113.9:', ''],
    ['203.0.113.9:471100', ''],
    ['[203.0.113', ''],
    ['203.0.113.9:4711:1', ''],
  ])('is without its port what a trusted proxy says: %s', async (forwarded, address) => {
    expect((await ask(['10.0.0.0/8'], { 'x-forwarded-for': forwarded })).address).toBe(address);
  });

  test('comes with an agent of bounded length', async () => {
    expect((await ask([], { 'user-agent': 'a'.repeat(2_000) })).agent).toHaveLength(500);
  });
});
