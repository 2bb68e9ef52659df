/** Answers of the control plane are compressed for whoever takes it; what streams is not, so that every event leaves at once. */
import { request } from 'node:http';
import { Readable } from 'node:stream';
import { gunzipSync } from 'node:zlib';
import compress from '@fastify/compress';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { PlaneDeps } from '../../src/faces/kit/plane.ts';
import { ok, route } from '../../src/faces/kit/route.ts';
import { openHouse, type House, type Resident } from '../support/house.ts';
import { openPlane } from './plane.ts';
import { plain, startFakeProvider, streamEvents, whole, wholeBody, type FakeProvider } from '../support/fake-provider.ts';

let house: House;
let provider: FakeProvider;
let admin: Resident;
let key: string;

beforeAll(async () => {
  [house, provider] = await Promise.all([openHouse({ egressAllow: '127.0.0.1:*' }), startFakeProvider()]);
  admin = await house.createResident('Admin', 'administrator');
  const connection = { name: 'Main', provider: 'custom', baseUrl: provider.baseUrl, model: 'gpt-4o', isDefault: true };
  await house.request('POST', '/api/configurations', { token: admin.token, body: connection });
  key = (await house.request('POST', '/api/access-keys', { token: admin.token, body: { name: 'app' } })).at('data.key');
});

afterAll(async () => {
  await house.close();
  await provider.close();
});

interface Raw {
  status: number;
  encoding: string | undefined;
  vary: string | undefined;
  type: string | undefined;
  bytes: Buffer;
}

/** `fetch` inflates unasked; this shows the bytes as they were sent. */
function raw(path: string, headers: Record<string, string>, body?: unknown): Promise<Raw> {
  return new Promise((resolve, reject) => {
    const asked = request(
      house.url + path,
      { method: body === undefined ? 'GET' : 'POST', headers: { 'content-type': 'application/json', ...headers } },
      (answer) => {
        const parts: Buffer[] = [];
        answer.on('data', (part: Buffer) => parts.push(part));
        answer.on('end', () => {
          const { 'content-encoding': encoding, vary, 'content-type': type } = answer.headers;
          resolve({ status: answer.statusCode ?? 0, encoding, vary, type, bytes: Buffer.concat(parts) });
        });
        answer.on('error', reject);
      },
    );
    asked.on('error', reject);
    asked.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

const signedIn = (): Record<string, string> => ({ authorization: `Bearer ${admin.token}` });
const gzip = { 'accept-encoding': 'gzip' };

describe('the control plane', () => {
  test('an answer above 1 KiB is the same answer, compressed, and caches are told that it depends', async () => {
    const [open, packed] = [await raw('/api/providers', signedIn()), await raw('/api/providers', { ...signedIn(), ...gzip })];
    expect([open.status, open.encoding]).toEqual([200, undefined]);
    expect(open.bytes.length).toBeGreaterThan(1_024);
    expect([packed.status, packed.encoding]).toEqual([200, 'gzip']);
    expect(packed.vary?.toLowerCase()).toContain('accept-encoding');
    expect(packed.bytes.length).toBeLessThan(open.bytes.length / 2);
    expect(gunzipSync(packed.bytes).equals(open.bytes)).toBe(true);
  });

  test('a small answer is left alone', async () => {
    const { status, encoding, bytes } = await raw('/api/model-preferences', { ...signedIn(), ...gzip });
    expect([status, encoding, bytes.toString()]).toEqual([200, undefined, '[]']);
  });

  test('whoever takes only what is plain gets it plain', async () => {
    const { status, encoding, bytes } = await raw('/api/providers', { ...signedIn(), 'accept-encoding': 'identity' });
    expect([status, encoding]).toEqual([200, undefined]);
    expect(JSON.parse(bytes.toString())).toMatchObject({ success: true });
  });
});

describe('a body that would go on for ever, asked for by HEAD', () => {
  test('is ended after its head, whoever takes it packed', async () => {
    const bodies: Readable[] = [];
    const endless = route({
      method: 'GET',
      path: '/api/endless',
      summary: 'Never ends',
      access: 'open',
      answers: { 200: z.string() },
      statuses: [200],
      handle: (_: PlaneDeps, { reply }) => {
        const body = new Readable({ read: () => undefined });
        bodies.push(body);
        reply.type('text/csv');
        return ok(body);
      },
    });
    const prepare = async (plane: FastifyInstance): Promise<void> => {
      await plane.register(compress, { threshold: 1 });
    };
    const { app } = await openPlane({ routes: [endless], prepare });
    for (const encoding of ['identity', 'gzip', 'br']) {
      const answer = await app.inject({ method: 'HEAD', url: '/api/endless', headers: { 'accept-encoding': encoding } });
      expect([answer.statusCode, answer.body]).toEqual([200, '']);
    }
    expect(bodies.map(({ destroyed }) => destroyed)).toEqual([true, true, true]);
  });
});

describe('a file that fails before it begins', () => {
  const file = route({
    method: 'GET',
    path: '/api/file',
    summary: 'Fails at once, or with its second part',
    access: 'open',
    query: z.object({ parts: z.coerce.number() }),
    answers: { 200: z.string() },
    statuses: [200],
    handle(_: PlaneDeps, { query, reply }) {
      async function* parts(): AsyncGenerator<string, void, undefined> {
        for (let count = 0; count < query.parts; count++) yield 'row\r\n'.repeat(1_000);
        await Promise.reject(new Error('the disk is gone'));
      }
      const body = Readable.from(parts(), { encoding: 'utf8', highWaterMark: 1 });
      reply.header('content-disposition', 'attachment; filename="file.csv"').type('text/csv; charset=utf-8');
      return ok(body);
    },
  });

  test.each(['identity', 'gzip', 'deflate', 'br', 'zstd'])('says so in plain words to whoever takes %s', async (encoding) => {
    const { app } = await openPlane({
      routes: [file],
      prepare: async (plane) => {
        await plane.register(compress, { threshold: 1_024, globalDecompression: false });
      },
    });
    const answer = await app.inject({ url: '/api/file?parts=0', headers: { 'accept-encoding': encoding } });
    expect([answer.statusCode, answer.headers['content-encoding'], answer.headers['content-disposition']]).toEqual([
      500,
      undefined,
      undefined,
    ]);
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(answer.json()).toMatchObject({ success: false, error_code: 'INTERNAL', request_id: answer.headers['x-request-id'] });
  });
});

describe('the data plane', () => {
  const ask = (isStream: boolean): Promise<Raw> =>
    raw(
      '/v1/chat/completions',
      { authorization: `Bearer ${key}`, ...gzip },
      { model: 'gpt-4o', stream: isStream, messages: [{ role: 'user', content: 'hi' }] },
    );

  test('a stream is never compressed, however long it is', async () => {
    provider.answer(plain);
    const { status, encoding, type, bytes } = await ask(true);
    expect([status, encoding]).toEqual([200, undefined]);
    expect(type).toContain('text/event-stream');
    expect(bytes.length).toBeGreaterThan(1_024);
    expect(bytes.toString()).toContain(streamEvents()[1]!);
    expect(bytes.toString().endsWith('data: [DONE]\n\n')).toBe(true);
  });

  test("a whole answer passes in the provider's own bytes", async () => {
    const body = wholeBody('long '.repeat(1_000));
    provider.answer(whole(body));
    const { status, encoding, bytes } = await ask(false);
    expect([status, encoding, bytes.toString() === body]).toEqual([200, undefined, true]);
  });
});
