/** The client on the wire: what it sends, how it fails, and what it does with a stream, against a plain server on 127.0.0.1. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { StreamError } from '@patchbay/client/chat-completions';
import { FlashbackClient, HttpError, NetworkError, PatchbayClient } from '@patchbay/client';

interface Received {
  method: string;
  url: string;
  headers: IncomingMessage['headers'];
  body: string;
}

let server: Server;
let baseUrl = '';
let received: Received[] = [];
let answer: (response: ServerResponse, request: IncomingMessage) => void = () => undefined;

const json =
  (status: number, body: unknown, headers: Record<string, string> = {}) =>
  (response: ServerResponse) =>
    void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));

async function failureOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => expect.unreachable('it did not fail'),
    (error: unknown) => error,
  );
}

const httpErrorOf = async (work: Promise<unknown>): Promise<HttpError> => {
  const error = await failureOf(work);
  expect(error).toBeInstanceOf(HttpError);
  return error as HttpError;
};

beforeAll(async () => {
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString('utf8')));
    request.on('end', () => {
      received.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body });
      answer(response, request);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

beforeEach(() => {
  received = [];
  answer = json(200, { success: true, data: [] });
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

describe('what a call sends', () => {
  test('the key goes as a bearer token, under either name of the option', async () => {
    await new PatchbayClient({ baseUrl, apiKey: 'pat-pb-one' }).getAiLlms();
    await new PatchbayClient({ baseUrl, accessToken: 'pat-pb-two', apiKey: 'pat-pb-one' }).getAiLlms();
    expect(received.map(({ headers }) => headers.authorization)).toEqual(['Bearer pat-pb-one', 'Bearer pat-pb-two']);
  });

  test('setAuthToken(null) really clears the token', async () => {
    const client = new PatchbayClient({ baseUrl, apiKey: 'pat-pb-one' });
    client.setAuthToken(null);
    await client.getWorkspaces();
    client.setAuthToken('pat-pb-three');
    await client.getWorkspaces();
    expect(received.map(({ headers }) => headers.authorization)).toEqual([undefined, 'Bearer pat-pb-three']);
  });

  test('/v1 gets the access key where one is given, the control plane never does', async () => {
    const client = new PatchbayClient({ baseUrl, apiKey: 'pat-pb-one', accessKey: 'sk-pb-one' });
    await client.chat.models();
    await client.providers.list();
    expect(received.map(({ headers }) => headers.authorization)).toEqual(['Bearer sk-pb-one', 'Bearer pat-pb-one']);
  });

  test('query values that are null or undefined are left out, never sent as text', async () => {
    const client = new PatchbayClient({ baseUrl });
    await client.getAiLlms();
    await client.getAiLlms(null);
    await client.getAiLlms('a b&c');
    await client.getAiLlmStats(undefined);
    await client.configurations.list({ isActive: false, page: 2 });
    expect(received.map(({ url }) => url)).toEqual([
      '/ai/llm',
      '/ai/llm',
      '/ai/llm?workspaceId=a+b%26c',
      '/ai/llm/stats',
      '/api/configurations?isActive=false&page=2',
    ]);
  });

  test('an id with a slash stays one segment of the path', async () => {
    await new PatchbayClient({ baseUrl }).deleteAiLlm('../policy/1');
    expect(received[0]).toMatchObject({ method: 'DELETE', url: '/ai/llm/..%2Fpolicy%2F1' });
  });

  test('a base address with a path keeps it, with and without a slash at its end', async () => {
    await new PatchbayClient({ baseUrl: `${baseUrl}/gw` }).providers.list();
    await new PatchbayClient({ baseUrl: `${baseUrl}/gw//` }).providers.list();
    expect(received.map(({ url }) => url)).toEqual(['/gw/api/providers', '/gw/api/providers']);
  });

  test('a body is JSON and says so; a call without one sends no content type', async () => {
    const client = new PatchbayClient({ baseUrl, language: 'id' });
    await client.createWorkspace({ name: 'Riset' });
    await client.validateAiLlm('1');
    expect(received[0]).toMatchObject({ method: 'POST', url: '/workspace', body: '{"name":"Riset"}' });
    expect(received[0]!.headers).toMatchObject({ 'content-type': 'application/json', 'accept-language': 'id' });
    expect(received[1]).toMatchObject({ method: 'POST', url: '/ai/llm/1/validate', body: '' });
    expect(received[1]!.headers['content-type']).toBeUndefined();
  });

  test('the debug line tells the call and holds neither token nor body', async () => {
    const lines: string[] = [];
    const client = new PatchbayClient({ baseUrl, apiKey: 'pat-pb-secret', debug: (line) => lines.push(line) });
    await client.createWorkspace({ name: 'hidden-name' });
    client.setDebug(false);
    await client.getWorkspaces();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^POST \/workspace 200 \d+ ms$/);
  });

  test('an address that is none fails at once, where it was written', () => {
    expect(() => new PatchbayClient({ baseUrl: 'not an address' })).toThrow(TypeError);
  });
});

describe('what comes back', () => {
  test('an empty 2xx is null', async () => {
    answer = (response) => void response.writeHead(204).end();
    expect(await new PatchbayClient({ baseUrl }).deleteAiLlm('1')).toBeNull();
  });

  test('an error of the control plane carries status, code, request id, body and the faults of its fields', async () => {
    const body = {
      success: false,
      error: 'no',
      message: 'Two fields do not fit.',
      error_code: 'VALIDATION_ERROR',
      details: [{ path: 'name', code: 'too_small', message: 'empty' }],
      request_id: 'r-1',
    };
    answer = json(400, body, { 'x-request-id': 'r-1' });
    const error = await httpErrorOf(new PatchbayClient({ baseUrl }).createWorkspace({ name: '' }));
    expect(error).toMatchObject({
      status: 400,
      statusText: 'Bad Request',
      code: 'VALIDATION_ERROR',
      requestId: 'r-1',
      message: body.message,
    });
    expect(error.data).toEqual(body);
    expect(error.is('VALIDATION_ERROR')).toBe(true);
    expect(error.fields).toEqual({ name: { code: 'too_small', message: 'empty' } });
  });

  test('an error of the data plane is read in its own shape', async () => {
    answer = json(404, { error: { message: 'no such model', type: 'invalid_request_error', param: 'model', code: 'model_not_found' } });
    const error = await httpErrorOf(new PatchbayClient({ baseUrl }).chat.create({ model: 'x', messages: [] }));
    expect(error).toMatchObject({ status: 404, code: 'model_not_found', message: 'no such model' });
  });

  test('an error without JSON keeps its text, one without a body its status', async () => {
    answer = (response) => void response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>Bad gateway</h1>');
    expect(await httpErrorOf(new PatchbayClient({ baseUrl }).getWorkspaces())).toMatchObject({
      data: '<h1>Bad gateway</h1>',
      code: null,
      fields: {},
    });
    answer = (response) => void response.writeHead(503, { 'retry-after': '7' }).end();
    expect(await httpErrorOf(new PatchbayClient({ baseUrl, retries: 0 }).getWorkspaces())).toMatchObject({
      data: null,
      message: '503 Service Unavailable',
      retryAfterS: 7,
    });
  });

  test('a redirect is not followed: the token stays with the origin it was meant for', async () => {
    answer = (response) => void response.writeHead(307, { location: `${baseUrl}/elsewhere` }).end();
    const error = await failureOf(new PatchbayClient({ baseUrl, apiKey: 'pat-pb-one', retries: 0 }).getWorkspaces());
    expect(error).toBeInstanceOf(NetworkError);
    expect(received).toHaveLength(1);
  });

  test('no answer in time is a timeout, no server is unreachable, and an own abort stays an abort', async () => {
    answer = () => undefined;
    expect(await failureOf(new PatchbayClient({ baseUrl, timeoutMs: 40 }).getWorkspaces())).toMatchObject({
      name: 'NetworkError',
      reason: 'timeout',
    });
    expect(await failureOf(new PatchbayClient({ baseUrl: 'http://127.0.0.1:1' }).getWorkspaces())).toMatchObject({ reason: 'unreachable' });
    const abort = new AbortController();
    const work = failureOf(new PatchbayClient({ baseUrl }).providers.list(abort.signal));
    abort.abort();
    expect(await work).toMatchObject({ name: 'AbortError' });
  });

  test('every page of the requests is read, and no more rows than were asked for', async () => {
    answer = (response, request) => {
      const isFirst = !(request.url ?? '').includes('cursor');
      json(200, {
        success: true,
        data: isFirst ? [{ requestId: 'a' }, { requestId: 'b' }] : [{ requestId: 'c' }],
        nextCursor: isFirst ? 'next' : null,
      })(response);
    };
    const { books } = new PatchbayClient({ baseUrl });
    const read = async (rowsMax: number): Promise<string[]> =>
      (await Array.fromAsync(books.eachRequest({ rowsMax }))).map(({ requestId }) => requestId);
    expect(await read(10)).toEqual(['a', 'b', 'c']);
    expect(await read(1)).toEqual(['a']);
    // A call of the test before that was given up may still arrive.
    const urls = received.map(({ url }) => url).filter((url) => url.startsWith('/api/requests'));
    expect(urls).toEqual(['/api/requests', '/api/requests?cursor=next', '/api/requests']);
  });

  test('a page without rows ends nothing while it has a cursor, and the same cursor again does', async () => {
    const pages: Record<string, { rows: string[]; next: string | null }> = {
      '': { rows: [], next: 'one' },
      one: { rows: ['a'], next: 'two' },
      two: { rows: [], next: 'three' },
      three: { rows: ['b'], next: 'three' },
    };
    answer = (response, request) => {
      const page = pages[new URL(request.url ?? '', baseUrl).searchParams.get('cursor') ?? '']!;
      json(200, { success: true, data: page.rows.map((requestId) => ({ requestId })), nextCursor: page.next })(response);
    };
    const found = await Array.fromAsync(new PatchbayClient({ baseUrl }).books.eachRequest({ rowsMax: 10, minLatencyMs: 30_000 }));
    expect(found.map(({ requestId }) => requestId)).toEqual(['a', 'b']);
  });
});

describe('a streamed completion', () => {
  const chunk = (content: string): string =>
    JSON.stringify({
      id: 'c',
      object: 'chat.completion.chunk',
      created: 1,
      model: 'm',
      choices: [{ index: 0, delta: { content }, finish_reason: null }],
    });
  const streaming = (pieces: readonly string[]) => (response: ServerResponse) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const piece of pieces) response.write(piece);
    response.end();
  };
  const client = (): PatchbayClient => new PatchbayClient({ baseUrl, accessKey: 'sk-pb-one' });
  const textOf = async (): Promise<string> => {
    let text = '';
    for await (const part of client().chat.stream({ model: 'm', messages: [{ role: 'user', content: 'hi' }] }))
      text += part.choices[0]?.delta.content ?? '';
    return text;
  };

  test('chunks come as they are said, whatever the line ends and wherever the bytes are cut', async () => {
    const whole = `: heartbeat\r\n\r\ndata: ${chunk('Hé')}\r\n\r\ndata:${chunk('llo')}\n\ndata: ${chunk(' 🌏')}\n\ndata: [DONE]\n\n`;
    const bytes = Buffer.from(whole);
    answer = (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const byte of bytes) response.write(Buffer.of(byte));
      response.end();
    };
    expect(await textOf()).toBe('Héllo 🌏');
    expect(JSON.parse(received[0]!.body)).toMatchObject({ model: 'm', stream: true });
  });

  test('an error event in the middle is thrown with its code, after what came before it', async () => {
    answer = streaming([`data: ${chunk('Hel')}\n\n`, 'data: {"error":{"message":"the provider broke off","code":"provider_error"}}\n\n']);
    const error = await failureOf(textOf());
    expect(error).toBeInstanceOf(StreamError);
    expect(error).toMatchObject({ code: 'provider_error', message: 'the provider broke off' });
  });

  test('a stream that ends without its last word is broken, not complete', async () => {
    answer = streaming([`data: ${chunk('Hel')}\n\n`]);
    expect(await failureOf(textOf())).toMatchObject({ name: 'StreamError', code: 'stream_incomplete' });
  });

  test('a refusal before the stream is an HttpError', async () => {
    answer = json(401, { error: { message: 'no key', code: 'invalid_api_key' } });
    expect(await failureOf(textOf())).toMatchObject({ name: 'HttpError', status: 401, code: 'invalid_api_key' });
  });

  test('leaving the loop hangs up', async () => {
    const hungUp = new Promise<void>((resolve) => {
      answer = (response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.on('close', resolve);
        response.write(`data: ${chunk('first')}\n\n`);
      };
    });
    for await (const part of client().chat.stream({ model: 'm', messages: [] })) {
      expect(part.choices[0]?.delta.content).toBe('first');
      break;
    }
    await hungUp;
  });
});

test('the class has its second name, and its methods can be handed around', async () => {
  expect(FlashbackClient).toBe(PatchbayClient);
  const { getAvailableAiLlms } = new FlashbackClient({ baseUrl, apiKey: 'pat-pb-one' });
  await getAvailableAiLlms();
  expect(received[0]).toMatchObject({ method: 'GET', url: '/ai/llm/available' });
});
