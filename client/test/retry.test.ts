/** What the client sends again, and what it does not: against a plain server that counts. */
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { PatchbayClient } from '@patchbay/client';
import { HttpError, NetworkError } from '@patchbay/client/errors';
import { pause, waitMsBefore } from '@patchbay/client/retry';

let server: Server;
let baseUrl = '';
let methods: string[] = [];
/** The answer to call 1, 2, 3 ...; the last one stands for all that follow. */
let answers: ((response: ServerResponse) => void)[] = [];

const status =
  (code: number, headers: Record<string, string> = {}) =>
  (response: ServerResponse): void =>
    void response.writeHead(code, { 'content-type': 'application/json', ...headers }).end('{"success":true,"data":[],"workspaces":[]}');
const hangUp = (response: ServerResponse): void => void response.socket?.destroy();
const now = { 'retry-after': '0' };

beforeAll(async () => {
  server = createServer((request, response) => {
    request.resume().on('end', () => {
      methods.push(request.method ?? '');
      answers[Math.min(methods.length, answers.length) - 1]!(response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  methods = [];
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const client = (retries?: number): PatchbayClient => new PatchbayClient({ baseUrl, apiKey: 'pat-pb-one', retries });

describe('a call that was refused before it was begun', () => {
  test.each([429, 503])('%i: is sent again, whatever its method, until it is answered', async (code) => {
    answers = [status(code, now), status(code, now), status(200)];
    await client().createWorkspace({ name: 'Riset' });
    expect(methods).toEqual(['POST', 'POST', 'POST']);
  });

  test('is given up after the retries that were asked for, with the last answer as the error', async () => {
    answers = [status(429, now)];
    await expect(client(1).getWorkspaces()).rejects.toMatchObject({ name: 'HttpError', status: 429 });
    expect(methods).toHaveLength(2);
    await expect(client(0).getWorkspaces()).rejects.toMatchObject({ status: 429 });
    expect(methods).toHaveLength(3);
  });

  test('a wait longer than half a minute is for the caller to decide', async () => {
    answers = [status(429, { 'retry-after': '31' })];
    await expect(client().getWorkspaces()).rejects.toMatchObject({ status: 429, retryAfterS: 31 });
    expect(methods).toHaveLength(1);
  });

  test.each([400, 401, 402, 404, 409, 500, 502, 504])('%i: is an answer, and asked for once', async (code) => {
    answers = [status(code, now)];
    await expect(client().getWorkspaces()).rejects.toMatchObject({ status: code });
    expect(methods).toHaveLength(1);
  });

  test('a caller who gives up while it waits is not kept, and nothing is sent', async () => {
    answers = [status(503, { 'retry-after': '20' })];
    const abort = new AbortController();
    const outcome = client()
      .providers.list(abort.signal)
      .catch((error: unknown) => error);
    await expect.poll(() => methods.length).toBe(1);
    abort.abort(new Error('enough'));
    expect(await outcome).toMatchObject({ message: 'enough' });
    expect(methods).toHaveLength(1);
  });
});

describe('a call that got no answer', () => {
  test('is sent again where it only reads', async () => {
    answers = [hangUp, status(200)];
    await client().getWorkspaces();
    expect(methods).toEqual(['GET', 'GET']);
  });

  test('is not where it changes something: it may have been done', async () => {
    answers = [hangUp];
    await expect(client().createWorkspace({ name: 'Riset' })).rejects.toMatchObject({ reason: 'unreachable' });
    expect(methods).toEqual(['POST']);
  });
});

describe('how long it waits', () => {
  const refused = (headers: Record<string, string> = {}): HttpError =>
    new HttpError({ status: 503, statusText: '', headers: new Headers(headers) }, null);

  test('as the server says, to the millisecond', () => {
    expect(waitMsBefore('POST', refused({ 'retry-after': '7' }), 0)).toBe(7_000);
    expect(waitMsBefore('GET', refused({ 'retry-after': '-3' }), 0)).toBe(0);
  });

  test('else twice as long each time, never in step with others, never above eight seconds', () => {
    for (let attempt = 0; attempt < 12; attempt++) {
      const whole = Math.min(8_000, 500 * 2 ** attempt);
      const waits = Array.from({ length: 50 }, () => waitMsBefore('GET', refused(), attempt)!);
      for (const waitMs of waits) expect(waitMs >= whole / 2 && waitMs <= whole).toBe(true);
      expect(new Set(waits).size).toBeGreaterThan(1);
    }
  });

  test('never for a timeout, nor for a fault that is no error of a call', () => {
    expect(waitMsBefore('GET', new NetworkError('timeout', 'late'), 0)).toBeNull();
    expect(waitMsBefore('GET', new TypeError('of the caller'), 0)).toBeNull();
  });

  test('a signal that had ended before is seen', async () => {
    await expect(pause(60_000, AbortSignal.abort(new Error('before')))).rejects.toThrow('before');
    await pause(0);
  });
});
