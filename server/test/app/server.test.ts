/** The HTTP server in front of both planes: what two readers could read differently is refused, and nobody holds a line for nothing. */
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { basePathOf, createHouseServer, type OwnedServer, type ServerLimits } from '../../src/app/server.ts';
import { registry } from '../../src/app/registry.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createIds } from '../../src/lib/ids.ts';
import { clear, demoKey, parsedRaw, raw, start, type Started } from './started.ts';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const host = 'Host: 127.0.0.1\r\n';

let house: Started;
beforeAll(async () => {
  house = await start();
});
afterAll(clear);

const send = async (bytes: string): Promise<ReturnType<typeof parsedRaw>> => parsedRaw(await raw(house.url, bytes));

describe('a request that two readers could read differently', () => {
  test.each([
    ['two Host lines', `GET /healthz HTTP/1.1\r\n${host}Host: evil.example\r\n\r\n`],
    ['two Host lines, one in capitals', `GET /healthz HTTP/1.1\r\n${host}HOST: evil.example\r\n\r\n`],
    ['two equal Host lines', `GET /healthz HTTP/1.1\r\n${host}${host}\r\n`],
    ['no Host line', 'GET /healthz HTTP/1.1\r\n\r\n'],
    ['a transfer coding that is not chunked', `POST /api/tokens HTTP/1.1\r\n${host}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`],
    ['a coding before chunked', `POST /api/tokens HTTP/1.1\r\n${host}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
    ['chunked that is not the last coding', `POST /api/tokens HTTP/1.1\r\n${host}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`],
    [
      'a length and a transfer coding',
      `POST /api/tokens HTTP/1.1\r\n${host}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    ['two lengths', `POST /api/tokens HTTP/1.1\r\n${host}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`],
    ['a length that is no number', `POST /api/tokens HTTP/1.1\r\n${host}Content-Length: 2a\r\n\r\n{}`],
    ['a space before the colon', `GET /healthz HTTP/1.1\r\n${host}X-A : b\r\n\r\n`],
    ['a folded line', `GET /healthz HTTP/1.1\r\n${host}X-A: b\r\n c\r\n\r\n`],
    ['bare line feeds', 'GET /healthz HTTP/1.1\nHost: a\n\n'],
    ['a method that nobody knows', `FOO / HTTP/1.1\r\n${host}\r\n`],
    ['no HTTP at all', '\x16\x03\x01\x02\x00\x01\x00'],
  ])('is refused and the line closed: %s', async (_, bytes) => {
    const answer = await send(bytes);
    expect(answer.status).toBe(400);
    expect(answer.headers.get('x-request-id')).toMatch(uuid);
    expect(answer.headers.get('connection')).toBe('close');
    // The one answer is all that comes: nothing of what follows on the line was taken for a request.
    expect(answer.body.replace(/HTTP\/1\.1 400 [\s\S]*/, '')).toBe('');
  });

  test('that comes in two pieces is one request all the same', async () => {
    const socket = connect(Number(new URL(house.url).port), '127.0.0.1');
    socket.write('GET /healthz HT');
    await new Promise((resolve) => socket.once('ready', resolve));
    const answered = new Promise<string>((resolve) => socket.setEncoding('latin1').once('data', resolve));
    socket.write(`TP/1.1\r\n${host}\r\n`);
    expect(parsedRaw(await answered).status).toBe(200);
    socket.destroy();
  });
});

describe('a method', () => {
  test('TRACE is refused, so that nothing is echoed', async () => {
    const answer = await send(`TRACE / HTTP/1.1\r\n${host}X-Secret: echo\r\n\r\n`);
    expect([answer.status, answer.body]).toEqual([405, '']);
    expect(answer.headers.get('x-request-id')).toMatch(uuid);
  });

  test('CONNECT opens no tunnel', async () => {
    expect(await raw(house.url, `CONNECT example.org:443 HTTP/1.1\r\n${host}\r\n`)).not.toMatch(/HTTP\/1\.1 2/);
  });

  test.each([
    ['OPTIONS', '/api/usage', 'GET, HEAD'],
    ['PURGE', '/api/usage?from=2026-01-01', 'GET, HEAD'],
    ['PROPFIND', '/api/usage', 'GET, HEAD'],
    ['DELETE', '/api/usage', 'GET, HEAD'],
    ['PUT', '/api/me', 'GET, HEAD, PATCH'],
    ['GET', '/api/auth/sign-in/email', 'POST'],
    ['POST', '/api/access-keys/some-id', 'DELETE, GET, HEAD, PATCH'],
    ['POST', '/healthz', 'GET, HEAD'],
  ])('405 for %s on %s, which answers to other methods and names them', async (method, path, allowed) => {
    const answer = await send(`${method} ${path} HTTP/1.1\r\n${host}Connection: close\r\n\r\n`);
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, allowed]);
    const message = `This address does not answer to ${method}.`;
    expect(JSON.parse(answer.body)).toMatchObject({ success: false, error_code: 'METHOD_NOT_ALLOWED', message });
    // Nothing invites pages of other sites.
    expect([...answer.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  test('an upgrade is answered as a plain request', async () => {
    const answer = await send(`GET /healthz HTTP/1.1\r\n${host}Connection: Upgrade, close\r\nUpgrade: websocket\r\n\r\n`);
    expect([answer.status, answer.body]).toEqual([200, '{"ok":true}']);
  });
});

describe('an address that there is not', () => {
  test.each([
    ['GET', '/api/nothing'],
    ['DELETE', '/api/nothing'],
    ['PUT', '/api/me/'],
    ['PUT', '/api/mex'],
    ['PUT', '/'],
    ['POST', '/settings/profile'],
    ['OPTIONS', '*'],
  ])('404 for %s %s, whatever the method', async (method, path) => {
    const answer = await send(`${method} ${path} HTTP/1.1\r\n${host}Connection: close\r\n\r\n`);
    expect([answer.status, answer.headers.has('allow')]).toEqual([404, false]);
    expect(JSON.parse(answer.body)).toMatchObject({ error_code: 'ROUTE_NOT_FOUND' });
  });
});

describe('size and pace', () => {
  test('431 for headers beyond the limit, before anything is looked up', async () => {
    const answer = await send(`GET /api/me HTTP/1.1\r\n${host}X-A: ${'a'.repeat(33_000)}\r\n\r\n`);
    expect(answer.status).toBe(431);
    expect(answer.headers.get('x-request-id')).toMatch(uuid);
  });

  test('a long address is refused, and not repeated', async () => {
    const answer = await send(`GET /api/requests/${'a'.repeat(5_000)} HTTP/1.1\r\n${host}Connection: close\r\n\r\n`);
    expect(answer.status).toBe(404);
    expect(answer.body).not.toContain('aaaa');
    expect(JSON.parse(answer.body)).toMatchObject({ error_code: 'ROUTE_NOT_FOUND', request_id: answer.headers.get('x-request-id') });
  });

  test.each(['/%zz', '/api/requests/%zz', '/api/requests/%c3%28', '/%'])(
    'the address %s, which cannot be decoded, is an unknown one',
    async (path) => {
      const answer = await send(`GET ${path} HTTP/1.1\r\n${host}Connection: close\r\n\r\n`);
      expect(answer.status).toBe(404);
      expect(JSON.parse(answer.body)).toMatchObject({
        success: false,
        error_code: 'ROUTE_NOT_FOUND',
        request_id: answer.headers.get('x-request-id'),
      });
      expect(answer.body).not.toContain('zz');
    },
  );
});

/** A server alone, with limits that a test can wait for. */
async function alone(limits: Partial<ServerLimits>): Promise<{ url: string; owned: OwnedServer; close: () => Promise<void> }> {
  const answer = (_: IncomingMessage, response: ServerResponse): void => void response.end('ok');
  const owned = createHouseServer({ ids: createIds(systemClock) }, { v1: answer, demo: null }, answer, limits);
  await new Promise<void>((resolve) => owned.server.listen(0, '127.0.0.1', resolve));
  const { port } = owned.server.address() as AddressInfo;
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      owned.server.close(() => resolve());
      owned.server.closeAllConnections();
    });
  return { url: `http://127.0.0.1:${port}`, owned, close };
}

describe('limits of time', () => {
  test('408 for headers that do not come to an end', async () => {
    const { url, close } = await alone({ headersTimeoutMs: 150, requestTimeoutMs: 400, checkIntervalMs: 50 });
    expect(parsedRaw(await raw(url, `GET / HTTP/1.1\r\n${host}X-A: `)).status).toBe(408);
    await close();
  });

  test('408 for a body that does not come to an end', async () => {
    const { url, owned, close } = await alone({ headersTimeoutMs: 150, requestTimeoutMs: 300, checkIntervalMs: 50 });
    owned.server.removeAllListeners('request');
    owned.server.on('request', (request: IncomingMessage) => void request.resume());
    expect(parsedRaw(await raw(url, `POST / HTTP/1.1\r\n${host}Content-Length: 10\r\n\r\n12`)).status).toBe(408);
    await close();
  });

  test('a line that says nothing after its answer is closed', async () => {
    const { url, close } = await alone({ keepAliveMs: 50, checkIntervalMs: 50 });
    expect(parsedRaw(await raw(url, `GET / HTTP/1.1\r\n${host}\r\n`))).toMatchObject({ status: 200, body: 'ok' });
    await close();
  });

  test('the house itself waits as long as a slow line may need, and longer than load balancers between requests', () => {
    const owned = createHouseServer({ ids: createIds(systemClock) }, { v1: () => undefined, demo: null }, () => undefined);
    expect(owned.server).toMatchObject({ headersTimeout: 15_000, requestTimeout: 120_000 });
    expect(owned.server.keepAliveTimeout).toBeGreaterThan(60_000);
  });
});

describe('a closing server', () => {
  test('asks every client to go elsewhere, and answers them all the same', async () => {
    const { url, owned, close } = await alone({});
    const before = await fetch(url);
    expect([before.headers.get('connection'), await before.text()]).toEqual(['keep-alive', 'ok']);
    owned.announceClose();
    for (const path of ['/', '/v1/models', '/demo/v1/models']) {
      const after = await fetch(url + path);
      expect([after.headers.get('connection'), await after.text()]).toEqual(['close', 'ok']);
    }
    await close();
  });
});

describe('paths of the two planes', () => {
  test("/v1/ speaks the data plane's errors, anything else the control plane's", async () => {
    const data = await house.call('GET', '/v1/nothing');
    expect(data.body).toMatchObject({ error: { code: expect.any(String) as string, request_id: data.headers.get('x-request-id') } });
    expect((await house.call('GET', '/v1')).body).toMatchObject({ success: false, error_code: 'ROUTE_NOT_FOUND' });
    expect((await house.call('POST', '/V1/chat/completions', {})).body).toMatchObject({ success: false, error_code: 'ROUTE_NOT_FOUND' });
  });

  test('a caller of the demo provider that hangs up within its body harms nobody', async () => {
    await demoKey(house);
    const socket = connect(Number(new URL(house.url).port), '127.0.0.1');
    const authorization = `Authorization: Bearer ${house.house.demoKey}\r\n`;
    await new Promise<void>((resolve) => {
      socket.write(`POST /demo/v1/chat/completions HTTP/1.1\r\n${host}${authorization}Content-Length: 100\r\n\r\n{"model"`, () =>
        resolve(),
      );
    });
    await expect.poll(() => house.call('GET', '/healthz').then(({ status }) => status)).toBe(200);
    socket.destroy();
    // A rejection that nobody caught would end the whole process, this test run too.
    for (let count = 0; count < 5; count++) expect((await house.call('GET', '/healthz')).status).toBe(200);
  });
});

describe('below a path', () => {
  const servedBelow = async (basePath: string): Promise<{ url: string; close: () => void }> => {
    const tell: Parameters<typeof createHouseServer>[2] = (request, response) =>
      void response.setHeader('x-told', request.url ?? '').end(request.url);
    const deps = { ids: createIds(systemClock), basePath, routes: registry };
    const { server } = createHouseServer(deps, { v1: tell, demo: null }, tell);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => void server.close() };
  };
  const told = async (url: string, method = 'GET'): Promise<string> => (await fetch(url, { method })).text();

  test('the prefix is taken off, and an address without it, from a proxy that has done so, is the same', async () => {
    const { url, close } = await servedBelow('/gw/');
    for (const path of ['/', '/api/me?x=1', '/v1/models', '/gwx', '/assets/a.js']) {
      expect(await told(url + path)).toBe(path);
      expect(await told(`${url}/gw${path}`)).toBe(path);
    }
    close();
  });

  test('an address of the API that begins as the prefix does is reached both ways, and so is a page of the same name', async () => {
    const { url, close } = await servedBelow('/ai/');
    const id = '0198d0a0-0000-7000-8000-000000000001';
    const own = [
      ['GET', '/ai/llm?provider=openai'],
      ['POST', '/ai/llm'],
      ['GET', '/ai/llm/available'],
      ['PUT', `/ai/llm/${id}`],
      ['DELETE', `/ai/llm/${id}?force=true`],
      ['POST', `/ai/llm/${id}/validate`],
      ['POST', '/ai/models'],
      ['GET', '/api/me'],
      ['POST', '/v1/chat/completions'],
    ] as const;
    for (const [method, path] of own) {
      expect([method, await told(url + path, method)]).toEqual([method, path]);
      expect([method, await told(`${url}/ai${path}`, method)]).toEqual([method, path]);
    }
    for (const page of ['/models', '/models?q=llm', '/', '/settings/profile', '/assets/a.js']) {
      expect(await told(url + page)).toBe(page);
      expect(await told(`${url}/ai${page}`)).toBe(page);
    }
    expect((await fetch(`${url}/ai/llm`, { method: 'HEAD' })).headers.get('x-told')).toBe('/ai/llm');
    close();
  });

  test('the prefix without its slash leads to the one with it, query and all', async () => {
    const { url, close } = await servedBelow('/gw/');
    const answer = await fetch(`${url}/gw?a=/b`, { redirect: 'manual' });
    expect([answer.status, answer.headers.get('location')]).toEqual([308, '/gw/?a=/b']);
    close();
  });

  test.each([
    [null, '/'],
    ['https://ai.example.com', '/'],
    ['https://ai.example.com/gw', '/gw/'],
    ['http://10.0.0.7:8484/a/b', '/a/b/'],
  ])('the base of %s is %s', (publicUrl, basePath) => {
    expect(basePathOf(publicUrl)).toBe(basePath);
  });
});
