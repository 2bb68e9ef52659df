/** Serves the web UI: files by name with their hash, and one HTML page for every address of the application, under a strict policy. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Ids } from '../lib/ids.ts';

/** Addresses that belong to an API face: an unknown one there is an error, never a page. */
const apiPrefixes = ['/api/', '/ai/', '/v1/', '/v2/', '/policy', '/workspace', '/aistats', '/repo', '/demo/', '/assets/', '/healthz', '/readyz', '/metrics', '/openapi.json', '/docs'];
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

const isPage = (request: FastifyRequest): boolean => {
  const where = request.url.split('?')[0]!;
  return request.method === 'GET' && !apiPrefixes.some((prefix) => where === prefix.replace(/\/$/, '') || where.startsWith(prefix));
};

/** Adds the pages. `notFound` answers what is neither a page nor a route. */
export async function addPages(app: FastifyInstance, deps: { ids: Ids; basePath: string }, distDir: string, notFound: (request: FastifyRequest, reply: FastifyReply) => unknown): Promise<void> {
  let html: string;
  try {
    html = await readFile(path.join(distDir, 'index.html'), 'utf8');
  } catch {
    // Without a built UI the house still serves its API.
    return;
  }
  await app.register(fastifyStatic, {
    root: distDir,
    serve: true,
    wildcard: false,
    index: false,
    cacheControl: false,
    setHeaders(response, file) {
      // Names under assets carry a hash of their content; everything else is asked for again.
      response.header('cache-control', file.includes(`${path.sep}assets${path.sep}`) ? 'public, max-age=31536000, immutable' : 'no-cache');
    },
  });
  app.setNotFoundHandler((request, reply) => {
    if (!isPage(request)) return notFound(request, reply);
    const nonce = Buffer.from(deps.ids.bytes(nonceBytes)).toString('base64url');
    reply.header('content-security-policy', policyOf(nonce));
    reply.header('cross-origin-opener-policy', 'same-origin');
    return reply.type('text/html; charset=utf-8').send(html.replaceAll('__CSP_NONCE__', nonce).replaceAll('__BASE_PATH__', deps.basePath));
  });
}
