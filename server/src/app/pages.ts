/** Serves the web UI: files by name with their hash, and one HTML page for every address of the application, under a strict policy. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Page } from '../faces/kit/plane.ts';
import type { Ids } from '../lib/ids.ts';

/** Addresses that belong to an API face: an unknown one there is an error, never a page. */
const apiPrefixes = [
  '/api/',
  '/ai/',
  '/v1/',
  '/v2/',
  '/ollama/',
  '/policy',
  '/workspace',
  '/aistats',
  '/repo/',
  '/demo/',
  '/assets/',
  '/healthz',
  '/readyz',
  '/metrics',
  '/openapi.json',
  '/docs',
];
const nonceBytes = 18;

const policyOf = (nonce: string): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "worker-src 'self'",
    "base-uri 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; ');

/** A step upwards, plain or behind escapes, and a NUL: no page of ours is linked so, and a proxy may read it as another address. */
function isOdd(where: string): boolean {
  const plain = where.replace(/%(?:25)*(2e|2f|5c|00)/gi, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
  return /[/\\]\.\.?(?:[/\\]|$)|\0/.test(plain);
}

const isPage = (request: FastifyRequest): boolean => {
  const where = request.url.split('?')[0]!;
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  return isRead && !isOdd(where) && !apiPrefixes.some((prefix) => where === prefix.replace(/\/$/, '') || where.startsWith(prefix));
};

/** The built UI, or null where there is none: then the house serves its API alone. */
export async function loadPage(deps: { ids: Ids; basePath: string }, distDir: string): Promise<Page | null> {
  let html: string;
  try {
    html = await readFile(path.join(distDir, 'index.html'), 'utf8');
  } catch {
    return null;
  }
  return (request, reply) => {
    if (!isPage(request)) return null;
    const nonce = Buffer.from(deps.ids.bytes(nonceBytes)).toString('base64url');
    reply.header('content-security-policy', policyOf(nonce));
    reply.header('cross-origin-opener-policy', 'same-origin');
    return reply.type('text/html; charset=utf-8').send(html.replaceAll('__CSP_NONCE__', nonce).replaceAll('__BASE_PATH__', deps.basePath));
  };
}

/** Serves the files of the built UI by their names. */
export async function addFiles(app: FastifyInstance, distDir: string): Promise<void> {
  await app.register(fastifyStatic, {
    root: distDir,
    wildcard: false,
    // The page as it lies there still has its placeholders and no policy; the build's list of files is nobody's business.
    // What lies packed beside a file is the same file for whoever can unpack it, and has no address of its own.
    globIgnore: ['index.html', '.vite/**', '**/*.br', '**/*.gz'],
    preCompressed: true,
    index: false,
    cacheControl: false,
    setHeaders(response, file) {
      // Names under assets carry a hash of their content; everything else is asked for again.
      response.header('cache-control', file.includes(`${path.sep}assets${path.sep}`) ? 'public, max-age=31536000, immutable' : 'no-cache');
    },
  });
}
