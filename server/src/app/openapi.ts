/**
 * The API described by the same schemas that check it: OpenAPI 3.1, and pages to read it that ask nobody outside for anything. Both are
 * made when somebody first asks: the two libraries take 40 MiB, and most installations run for months without a reader.
 */
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest, type RouteOptions } from 'fastify';

/** The reader starts itself by a script within its page; it may load from here alone and talk to nobody else. */
const docsPolicy = [
  "default-src 'none'",
  "script-src 'self' 'unsafe-inline'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

type Described = Pick<RouteOptions, 'method' | 'url' | 'schema'>;

/** To be called before the routes are added, so that it sees them. */
export function addOpenApi(app: FastifyInstance): void {
  const routes: Described[] = [];
  let description: Promise<string> | null = null;
  let reader: Promise<FastifyInstance> | null = null;
  app.addHook('onRoute', ({ method, url, schema }) => void routes.push({ method, url, schema }));
  app.get('/openapi.json', { schema: { hide: true } }, async (_request, reply) => {
    description ??= describe(routes);
    // Written to text once: the document has no schema of its own to be serialised by.
    return reply
      .type('application/json; charset=utf-8')
      .serializer((text: unknown) => text as string)
      .send(await description);
  });
  const read = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    reader ??= openReader();
    const inner = await (await reader).inject({ method: request.method === 'HEAD' ? 'HEAD' : 'GET', url: request.url });
    for (const name of passedHeaders) if (inner.headers[name] !== undefined) reply.header(name, inner.headers[name]);
    return reply
      .code(inner.statusCode)
      .header('content-security-policy', docsPolicy)
      .serializer((bytes: unknown) => bytes as string)
      .send(inner.rawPayload);
  };
  for (const url of ['/docs', '/docs/*']) app.get(url, { schema: { hide: true } }, read);
}

/** What the reader says of its own files; the rest of a head is the server's. */
const passedHeaders = ['content-type', 'location', 'cache-control', 'etag'] as const;

/** The document as text, from a second set of the same routes that nobody can call. */
async function describe(routes: readonly Described[]): Promise<string> {
  const [{ default: swagger }, { jsonSchemaTransform }] = await Promise.all([
    import('@fastify/swagger'),
    import('fastify-type-provider-zod'),
  ]);
  const book = fastify({ exposeHeadRoutes: false });
  book.setValidatorCompiler(() => () => true);
  book.setSerializerCompiler(() => JSON.stringify);
  await book.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Patchbay', version: '0.1.0', description: 'The control plane. The data plane under /v1 speaks the wire of OpenAI.' },
      components: { securitySchemes: { personalToken: { type: 'http', scheme: 'bearer' } } },
      security: [{ personalToken: [] }],
    },
    transform: jsonSchemaTransform,
  });
  for (const route of routes) book.route({ ...route, handler: () => undefined });
  await book.ready();
  const text = JSON.stringify(book.swagger());
  await book.close();
  return text;
}

async function openReader(): Promise<FastifyInstance> {
  const { default: scalar } = await import('@scalar/fastify-api-reference');
  const reader = fastify();
  await reader.register(scalar, {
    routePrefix: '/docs',
    configuration: { url: '../openapi.json', proxyUrl: '', telemetry: false, withDefaultFonts: false, showDeveloperTools: 'never' },
  });
  await reader.ready();
  return reader;
}
