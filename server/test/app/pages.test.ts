/** The page and its files: one HTML for every address of the application, files by their names, and nothing else of the disk. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib';
import compress from '@fastify/compress';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addFiles, loadPage } from '../../src/app/pages.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createIds } from '../../src/lib/ids.ts';
import { openPlane } from '../faces/plane.ts';
import { freshDir } from '../support/throwaway.ts';
import { clear, parsedRaw, raw, start, type Started } from './started.ts';

const html =
  '<!doctype html><base href="__BASE_PATH__"><meta name="csp-nonce" content="__CSP_NONCE__"><style nonce="__CSP_NONCE__"></style>';
const script = `export const text = '${'patchbay '.repeat(1_000)}';`;

let root: string;
let dist: string;
let app: FastifyInstance;
beforeAll(async () => {
  root = freshDir('pages');
  dist = join(root, 'dist');
  mkdirSync(join(dist, 'assets'), { recursive: true });
  writeFileSync(join(dist, 'index.html'), html);
  writeFileSync(join(dist, 'favicon.svg'), '<svg/>');
  writeFileSync(join(dist, 'assets/index-abc123.js'), script);
  writeFileSync(join(dist, 'assets/packed-abc123.js'), script);
  // Other texts than the file's, so that one sees which was sent.
  writeFileSync(join(dist, 'assets/packed-abc123.js.br'), brotliCompressSync('by brotli'));
  writeFileSync(join(dist, 'assets/packed-abc123.js.gz'), gzipSync('by gzip'));
  writeFileSync(join(root, 'package.json'), '{"secret":"outside"}');
  const page = await loadPage({ ids: createIds(systemClock), basePath: '/' }, dist);
  ({ app } = await openPlane({
    ...(page ? { page } : {}),
    async prepare(plane) {
      await plane.register(compress, { threshold: 1_024, globalDecompression: false });
      await addFiles(plane, dist);
    },
  }));
});
afterAll(async () => {
  await clear();
  rmSync(root, { recursive: true, force: true });
});

const nonceOf = (policy: unknown): string | undefined => /'nonce-([\w-]+)'/.exec(String(policy))?.[1];

describe('an address of the application', () => {
  test.each([
    '/',
    '/login',
    '/settings/ai-connections',
    '/w/lab/connections',
    '/admin/ai_models?q=1',
    '/unknown',
    '/apiary',
    '/w/a.b',
    '/w/%20x',
    '/w/lab/models/openai%2Fgpt-4o',
    '/w/lab/.well',
    '/w/lab/a..b',
    '/assetsfolder',
  ])('%s answers the page', async (url) => {
    const answer = await app.inject({ url });
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
    expect(answer.headers['referrer-policy']).toBe('no-referrer');
    expect(answer.headers['cross-origin-opener-policy']).toBe('same-origin');
    expect(answer.body).toContain('<base href="/">');
  });

  test('has a nonce of its own in every answer, the same in policy and page, and no placeholder left', async () => {
    const nonces = new Set<string>();
    for (let count = 0; count < 20; count++) {
      const answer = await app.inject({ url: '/' });
      const nonce = nonceOf(answer.headers['content-security-policy']) ?? '';
      expect(nonce).toMatch(/^[\w-]{24}$/);
      expect(answer.body.split(nonce)).toHaveLength(3);
      expect(answer.body).not.toMatch(/__[A-Z_]+__/);
      nonces.add(nonce);
    }
    expect(nonces.size).toBe(20);
  });

  test('runs scripts of this origin alone, in no frame, and talks to nobody else', async () => {
    const policy = String((await app.inject({ url: '/' })).headers['content-security-policy']);
    const rules = new Map(policy.split('; ').map((rule) => [rule.split(' ')[0], rule.split(' ').slice(1).join(' ')]));
    expect(rules.get('default-src')).toBe("'none'");
    expect(rules.get('script-src')).toBe("'self'");
    expect(rules.get('connect-src')).toBe("'self'");
    expect(rules.get('frame-ancestors')).toBe("'none'");
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
  });

  test('answers HEAD as GET, without the body', async () => {
    const answer = await app.inject({ method: 'HEAD', url: '/settings' });
    expect([answer.statusCode, answer.headers['content-type'], answer.body]).toEqual([200, 'text/html; charset=utf-8', '']);
    expect(nonceOf(answer.headers['content-security-policy'])).toBeDefined();
  });

  test.each(['POST', 'PUT', 'PATCH', 'DELETE'] as const)('is no page for %s', async (method) => {
    const answer = await app.inject({ method, url: '/settings' });
    expect([answer.statusCode, answer.json()]).toMatchObject([404, { error_code: 'ROUTE_NOT_FOUND' }]);
  });
});

describe('an address that belongs to an API', () => {
  test.each([
    '/api',
    '/api/nothing',
    '/ai/nothing',
    '/v1/nothing',
    '/policy/1',
    '/workspace/1',
    '/repo/1',
    '/aistats',
    '/demo/x',
    '/assets/gone.js',
    '/healthz/x',
    '/metrics',
    '/docs/x',
  ])('%s answers an error and never a page', async (url) => {
    const answer = await app.inject({ url, headers: { accept: 'text/html' } });
    expect(answer.statusCode).toBe(404);
    expect(answer.json()).toMatchObject({ success: false, error_code: 'ROUTE_NOT_FOUND', request_id: answer.headers['x-request-id'] });
  });
});

describe('files', () => {
  test('under assets are kept for ever, because their names change with what is in them', async () => {
    const answer = await app.inject({ url: '/assets/index-abc123.js' });
    expect([answer.statusCode, answer.body]).toEqual([200, script]);
    expect(answer.headers['cache-control']).toBe('public, max-age=31536000, immutable');
    expect(answer.headers['content-type']).toMatch(/javascript/);
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
  });

  test('elsewhere are asked for again', async () => {
    const answer = await app.inject({ url: '/favicon.svg' });
    expect([answer.statusCode, answer.headers['cache-control'], answer.headers['content-type']]).toEqual([
      200,
      'no-cache',
      'image/svg+xml',
    ]);
    const again = await app.inject({ url: '/favicon.svg', headers: { 'if-none-match': String(answer.headers['etag']) } });
    expect([again.statusCode, again.body]).toEqual([304, '']);
  });

  test('answer HEAD', async () => {
    const answer = await app.inject({ method: 'HEAD', url: '/assets/index-abc123.js' });
    expect([answer.statusCode, answer.body]).toEqual([200, '']);
  });

  test.each([
    ['gzip', gunzipSync],
    ['br', brotliDecompressSync],
  ] as const)('travel packed where the client can unpack %s', async (encoding, unpack) => {
    const answer = await app.inject({ url: '/assets/index-abc123.js', headers: { 'accept-encoding': encoding } });
    expect(answer.headers['content-encoding']).toBe(encoding);
    expect(answer.headers['vary']).toMatch(/accept-encoding/i);
    expect(answer.rawPayload.length).toBeLessThan(script.length / 4);
    expect(unpack(answer.rawPayload).toString()).toBe(script);
  });

  test.each([
    ['br, gzip', 'br', brotliDecompressSync, 'by brotli'],
    ['gzip, deflate', 'gzip', gunzipSync, 'by gzip'],
  ] as const)('that lie packed beside themselves are sent as they lie to whoever accepts %s', async (accepted, encoding, unpack, text) => {
    const answer = await app.inject({ url: '/assets/packed-abc123.js', headers: { 'accept-encoding': accepted } });
    expect([answer.statusCode, answer.headers['content-encoding'], unpack(answer.rawPayload).toString()]).toEqual([200, encoding, text]);
    expect(answer.headers['content-type']).toMatch(/javascript/);
    expect(answer.headers['cache-control']).toBe('public, max-age=31536000, immutable');
    expect(answer.headers['vary']).toMatch(/accept-encoding/i);
  });

  test('that lie packed beside themselves go plain to whoever can unpack nothing, and the packed ones have no address of their own', async () => {
    const answer = await app.inject({ url: '/assets/packed-abc123.js' });
    expect([answer.body, answer.headers['content-encoding']]).toEqual([script, undefined]);
    expect(answer.headers['vary']).toMatch(/accept-encoding/i);
    for (const ending of ['br', 'gz']) expect((await app.inject({ url: `/assets/packed-abc123.js.${ending}` })).statusCode).toBe(404);
  });

  test("the page's own HTML is reached by its address alone, with its placeholders filled", async () => {
    for (const url of ['/index.html', '/assets/../index.html']) {
      const answer = await app.inject({ url });
      expect(answer.body).not.toContain('__CSP_NONCE__');
    }
  });
});

describe('a step out of the folder', () => {
  const steps = [
    '/..%2f',
    '/..%2fpackage.json',
    '/%2e%2e/package.json',
    '/%2e%2e%2fpackage.json',
    '/..%5cpackage.json',
    '/assets/..%2f..%2fpackage.json',
    '/assets/%2e%2e/%2e%2e/package.json',
    '/..%252fpackage.json',
    '/favicon.svg%00.js',
    '/./../package.json',
    '/assets/../../package.json',
    '//../package.json',
  ];

  test.each(steps)('%s is refused', async (path) => {
    const house = await started();
    const answer = parsedRaw(await raw(house.url, `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`));
    expect(answer.status).toBe(404);
    expect(JSON.parse(answer.body)).toMatchObject({ error_code: 'ROUTE_NOT_FOUND' });
  });

  test.each(steps)('%s shows no file that lies beside it', async (url) => {
    expect((await app.inject({ url })).body).not.toContain('outside');
  });

  let shared: Promise<Started> | undefined;
  const started = (): Promise<Started> => (shared ??= start());
});

describe('a house without a built page', () => {
  test('has none', async () => {
    expect(await loadPage({ ids: createIds(systemClock), basePath: '/' }, join(root, 'nowhere'))).toBeNull();
  });

  test('serves its API alone', async () => {
    const plane = await openPlane();
    expect((await plane.app.inject({ url: '/' })).json()).toMatchObject({ error_code: 'ROUTE_NOT_FOUND' });
  });

  test('below a path has that path in its page', async () => {
    const page = await loadPage({ ids: createIds(systemClock), basePath: '/patchbay/' }, dist);
    const plane = await openPlane(page ? { page } : {});
    expect((await plane.app.inject({ url: '/x' })).body).toContain('<base href="/patchbay/">');
  });
});
