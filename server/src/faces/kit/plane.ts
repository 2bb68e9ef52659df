/** Turns routes into a Fastify server: authentication, strict bodies, declared answers, one way to say no. */
import { isIP, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { languageOf, type Language } from '@patchbay/contract/translate';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest, type FastifyServerFactory } from 'fastify';
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import type { z } from 'zod';
import { Refusal } from '../../domain/errors.ts';
import type { Actor, Origin } from '../../domain/owner.ts';
import type { Ids } from '../../lib/ids.ts';
import type { Log } from '../../lib/log.ts';
import { createAddresses } from './addresses.ts';
import { createApiLimit, type ApiLimit } from './api-limit.ts';
import { authenticate, requireAccess, type AuthenticationDeps } from './authenticate.ts';
import { doorFor } from './door.ts';
import { errorAnswer } from './errors.ts';
import type { Access, Dialect, Route } from './route.ts';

/** Control-plane bodies are small; files and completions go elsewhere. */
const bodyBytesMax = 1_048_576;
const urlCharsMax = 4096;

export interface PlaneDeps extends AuthenticationDeps {
  ids: Ids;
  log: Log;
  /** Peers whose X-Forwarded-For is believed. */
  trustedProxies: readonly string[];
  /** Requests of one person in a minute; the house's figure where it is not given. */
  requestsPerMinuteMax?: number;
  /** Notes a refused attempt in the audit log; must not throw. */
  noteRefusedAccess(actor: Actor | null, origin: Origin, method: string, path: string, code: string): Promise<void>;
}

declare module 'fastify' {
  interface FastifyRequest {
    actor: Actor | null;
    language: Language;
    origin: Origin;
  }
  interface FastifyContextConfig {
    dialect?: Dialect;
    /** What the description of the API says of a route. */
    access?: Access;
    statuses?: readonly number[];
    /** Media types of a body that is a file, and of successes that are not JSON alone. */
    takes?: readonly string[];
    gives?: readonly string[];
    /** Whether what is asked for is a page that a browser opens by itself. */
    isPage?: (query: unknown) => boolean;
  }
  interface FastifyInstance {
    apiLimit: ApiLimit;
  }
}

/** No file that is taken is larger; each route bounds its own, and closer. */
const fileBytesMax = 256 * 1024 * 1024;

/** Answers an address of the application with its page; null for what is no page. */
export type Page = (request: FastifyRequest, reply: FastifyReply) => FastifyReply | null;

export function createPlane(deps: PlaneDeps, serverFactory?: FastifyServerFactory, page?: Page): FastifyInstance {
  const app = fastify({
    ...(serverFactory ? { serverFactory } : {}),
    genReqId: () => deps.ids.uuid(),
    bodyLimit: bodyBytesMax,
    routerOptions: { maxParamLength: urlCharsMax, ignoreTrailingSlash: false, caseSensitive: true },
    trustProxy: deps.trustedProxies.length > 0 ? [...deps.trustedProxies] : false,
    logger: false,
    // An address that cannot be decoded, or with a part that is too long: no hook has run yet, and nothing has that address.
    frameworkErrors: (_error, request, reply) => {
      beginAnswer(deps, request, reply);
      void sayNo(deps, new Refusal('ROUTE_NOT_FOUND'), request, reply);
    },
    clientErrorHandler: (error, socket) => refuseMalformed(deps.ids, error, socket),
  });
  // A body in plain text is what another site's form can send without asking (OWASP CSRF): JSON is the only way in.
  app.removeContentTypeParser(['text/plain', 'application/json']);
  const parseJson = app.getDefaultJsonParser('error', 'error');
  // Many clients name the type on every call, also on one that has nothing to say: that is a call without a body.
  app.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, body, done) =>
    body === '' ? done(null, undefined) : parseJson(request, body, done),
  );
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.decorate('apiLimit', createApiLimit(deps.clock, deps.requestsPerMinuteMax));
  app.decorateRequest('actor', null);
  app.decorateRequest('language', 'en');
  app.decorateRequest('origin');
  app.addHook('onRequest', async (request, reply) => {
    beginAnswer(deps, request, reply);
    // A small body may unpack to a large one, and no client of ours packs what it sends.
    const encoding = request.headers['content-encoding'];
    if (encoding !== undefined && encoding.toLowerCase() !== 'identity') throw new Refusal('UNSUPPORTED_MEDIA_TYPE');
  });
  // Which configuration the answer was given from; on /v1 the same header says it.
  app.addHook('onSend', async (_request, reply) => {
    reply.header('x-patchbay-config-rev', String(deps.keeper.snapshot.revision));
  });
  app.setErrorHandler((error, request, reply) => sayNo(deps, error, request, reply));
  const addresses = createAddresses();
  app.addHook('onRoute', ({ url, method }) => addresses.add(url, method));
  app.setNotFoundHandler((request, reply) => {
    const shown = page?.(request, reply);
    if (shown) return shown;
    const methods = addresses.methodsOf(request.url);
    if (methods.length === 0) return sayNo(deps, new Refusal('ROUTE_NOT_FOUND'), request, reply);
    // RFC 9110, 15.5.6: who is told that a method does not do is told which ones do.
    reply.header('allow', methods.join(', '));
    return sayNo(deps, new Refusal('METHOD_NOT_ALLOWED', { values: { method: request.method } }), request, reply);
  });
  return app;
}

/** What every answer has, whatever becomes of the request. */
function beginAnswer({ clock }: PlaneDeps, request: FastifyRequest, reply: FastifyReply): void {
  request.language = languageOf(request.headers['accept-language']);
  const forwarded = request.raw.headers['x-forwarded-for'];
  if (typeof forwarded === 'string') request.raw.headers['x-forwarded-for'] = withoutPorts(forwarded);
  request.origin = originOf(request, clock.nowMs());
  reply.header('x-request-id', request.id);
  reply.header('cache-control', 'no-store');
  reply.header('x-content-type-options', 'nosniff');
  reply.header('referrer-policy', 'no-referrer');
}

/** Faults of the parser that have a status of their own; any other is 400. */
const malformedStatus: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Payload Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

/** Answers bytes that never became a request: there is no path to tell a face by, so the status stands alone. */
function refuseMalformed(ids: Ids, error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const status = malformedStatus[error.code ?? ''] ?? '400 Bad Request';
  if (socket.writable) socket.write(`HTTP/1.1 ${status}\r\nx-request-id: ${ids.uuid()}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
  socket.destroy(error);
}

/** `203.0.113.9:4711`, `[2001:db8::1]:4711` or `[2001:db8::1]`: how some proxies name whom they heard. */
const withPort = /^(?:\[([^\]]+)\]|([^:]+))(?::\d{1,5})?$/;

/**
 * The addresses of X-Forwarded-For alone. With its port, which is another one on each line, nothing would be an address: neither the
 * caller's, by which attempts are counted, nor that of a proxy that is trusted.
 */
function withoutPorts(forwarded: string): string {
  const bare = (said: string): string => {
    const [, six, four] = withPort.exec(said) ?? [];
    const address = six ?? four ?? '';
    return isIP(address) ? address : said;
  };
  return forwarded.split(',').map((said) => bare(said.trim())).join(', '); // prettier-ignore
}

function originOf(request: FastifyRequest, atMs: number): Origin {
  return {
    requestId: request.id,
    address: isIP(request.ip) ? request.ip : '',
    agent: (request.headers['user-agent'] ?? '').slice(0, 500),
    atMs,
    ...(request.method === 'HEAD' && { isHead: true }),
  };
}

async function sayNo(deps: PlaneDeps, error: unknown, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const dialect = request.routeOptions.config.dialect ?? 'house';
  const answer = errorAnswer(error, { language: request.language, requestId: request.id, dialect });
  if (answer.isOurs) deps.log.error({ requestId: request.id, route: request.routeOptions.url, err: error }, 'request failed');
  if (answer.status === 401 || answer.status === 403)
    await deps.noteRefusedAccess(request.actor, request.origin, request.method, request.routeOptions.url ?? '', answer.body.error_code);
  const door = answer.body.error_code === 'UNAUTHENTICATED' ? doorFor(request) : null;
  if (door !== null) return void (await reply.code(303).header('location', door).send());
  if (answer.retryAfterS !== null) reply.header('retry-after', String(answer.retryAfterS));
  if (answer.status === 401) reply.header('www-authenticate', 'Bearer');
  // Of a file that failed before it began: what is said now is plain, and no file.
  for (const name of ['content-encoding', 'content-disposition']) reply.removeHeader(name);
  // A body that was given up half read still lies on the line: the next request behind it would never be seen.
  if (request.raw.readableDidRead && !request.raw.readableEnded) reply.header('connection', 'close');
  // Serialised here: the route's own answer schemas are for its successes.
  await reply
    .code(answer.status)
    .type('application/json; charset=utf-8')
    .serializer((body: unknown) => JSON.stringify(body))
    .send(answer.body);
}

/** Programs send no wish, an empty one, or `*`; then the profile of the caller decides. */
const namesNoLanguage = (header: string | undefined): boolean => header === undefined || /^[\s*]*$/.test(header);

/** What a browser never sends to another site without asking first (CORS), unlike text and forms. */
const fileTypes = ['text/csv', 'application/octet-stream'];

/** Hangs the routes of one face into the server. Files are taken by those alone that say so; everywhere else such a body is 415. */
export function addRoutes<Deps extends PlaneDeps>(app: FastifyInstance, deps: Deps, routes: readonly Route<Deps>[]): void {
  hang(
    app,
    deps,
    routes.filter(({ takes }) => takes === undefined),
  );
  void app.register(async (files) => {
    files.removeAllContentTypeParsers();
    files.addContentTypeParser(fileTypes, (_request, payload, done) => done(null, payload));
    hang(
      files,
      deps,
      routes.filter(({ takes }) => takes === 'bytes'),
    );
  });
}

function hang<Deps extends PlaneDeps>(app: FastifyInstance, deps: Deps, routes: readonly Route<Deps>[]): void {
  for (const spec of routes) {
    app.route({
      method: spec.method,
      url: spec.path,
      ...(spec.takes === 'bytes' && { bodyLimit: fileBytesMax }),
      config: {
        dialect: spec.dialect ?? 'house',
        access: spec.access,
        statuses: spec.statuses,
        ...(spec.takes === 'bytes' && { takes: fileTypes }),
        ...(spec.gives && { gives: spec.gives }),
        ...(spec.isPage && { isPage: spec.isPage }),
      },
      schema: schemaOf(spec),
      onRequest: async (request) => {
        request.actor = await authenticate(deps, request);
        if (request.actor && namesNoLanguage(request.headers['accept-language'])) request.language = request.actor.language;
        requireAccess(spec.access, request.actor);
        if (spec.access !== 'open' && request.actor) app.apiLimit.take(request.actor.userId);
      },
      handler: async (request, reply) => {
        const call = {
          actor: request.actor,
          origin: request.origin,
          body: request.body,
          query: request.query,
          params: request.params,
          request,
          reply,
        };
        const answer = await spec.handle(deps, call as never);
        // HEAD sends the head alone: nobody would ever end a body that waits for news.
        if (request.method === 'HEAD' && answer.body instanceof Readable) answer.body.destroy();
        return reply.code(answer.status).send(answer.body);
      },
    });
  }
}

function schemaOf<Deps>(spec: Route<Deps>): Record<string, unknown> {
  const parts: Record<string, z.ZodType> = {};
  if (spec.body) parts['body'] = spec.body;
  if (spec.query) parts['querystring'] = spec.query;
  if (spec.params) parts['params'] = spec.params;
  return { ...parts, response: spec.answers, summary: spec.summary };
}
