/**
 * The API described by the same schemas that check it: OpenAPI 3.1, and pages to read it that ask nobody outside for anything. Both are
 * made when somebody first asks: the two libraries take 40 MiB, and most installations run for months without a reader.
 */
import { readFileSync } from 'node:fs';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest, type RouteOptions } from 'fastify';
import type { z } from 'zod';
import { dataPlanePaths, dataPlaneSchemas } from './openapi-data-plane.ts';

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

type Described = Pick<RouteOptions, 'method' | 'url' | 'schema' | 'config'>;

/** To be called before the routes are added, so that it sees them. */
export function addOpenApi(app: FastifyInstance): void {
  const routes: Described[] = [];
  let description: Promise<string> | null = null;
  let reader: Promise<FastifyInstance> | null = null;
  app.addHook('onRoute', ({ method, url, schema, config }) => void routes.push({ method, url, schema, config }));
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

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };

const errorSchema = {
  type: 'object',
  properties: {
    success: { const: false },
    error: { type: 'string' },
    message: { type: 'string' },
    error_code: { type: 'string', description: 'Stable; `docs/errors.md` lists all of them' },
    details: {},
    request_id: { type: 'string' },
  },
  required: ['success', 'error', 'message', 'error_code', 'request_id'],
};

const info = {
  title: 'Patchbay',
  version,
  description:
    'The control plane takes a personal token (`pat-pb-...`) or the session of a browser. The data plane under `/v1` takes an access key (`sk-pb-...`) and speaks the wires of OpenAI and Anthropic; under `/ollama` it speaks that of Ollama.',
  license: { name: 'MIT', identifier: 'MIT' },
};

const securitySchemes = {
  personalToken: { type: 'http', scheme: 'bearer', description: 'A personal token' },
  // Over HTTPS the name begins with `__Host-` or `__Secure-`.
  session: { type: 'apiKey', in: 'cookie', name: 'patchbay.session_token', description: "A browser's session" },
  accessKey: { type: 'http', scheme: 'bearer', description: 'An access key' },
};

type Schema = Record<string, unknown>;
type Content = Record<string, { schema: Schema }>;

interface ControlOperation {
  operationId?: string;
  tags?: string[];
  security?: object[];
  requestBody?: { required?: boolean; content: Content };
  responses: Record<string, { description: string; content?: Content }>;
}

/**
 * Refusals that no route declares, since every route may give them: a credential that opens nothing, the rate of one person, a full
 * server, for bodies their size and kind, and for changes the page of another site.
 */
const everywhere = { all: [401, 503], signedIn: [429], body: [400, 413, 415], change: [403] } as const;

/** Of pages that a browser opens by itself. */
const toDoor = 'To the sign-in page, and from there back: for a browser that opens the page without a session';

const isText = ({ type }: Schema): boolean => type === 'string';

/** Of a union of a document and a text, the document is for JSON and the text for any other type. */
function shapeFor(type: string, schema: Schema): Schema {
  const choices = (schema['anyOf'] ?? []) as Schema[];
  if (!choices.some(isText)) return schema;
  const fitting = choices.filter((choice) => isText(choice) !== (type === 'application/json'));
  return fitting.length === 1 ? fitting[0]! : { anyOf: fitting };
}

/** Adds what the schema of the fields does not say of a body: that there is none to send, or that it is a file. */
function describeBody(operation: ControlOperation, { schema, config }: Described): void {
  const body = (schema as { body?: z.ZodType } | undefined)?.body;
  if (operation.requestBody && body) operation.requestBody.required = !body.safeParse(undefined).success;
  if (!config?.takes) return;
  const file = (type: string): Schema => ({ type: 'string', contentMediaType: type });
  operation.requestBody = { required: true, content: Object.fromEntries(config.takes.map((type) => [type, { schema: file(type) }])) };
}

/** Says of successes which media types they have, where the schema alone would make them JSON. */
function describeTypes({ responses }: ControlOperation, { config }: Described): void {
  const { gives } = config ?? {};
  if (!gives) return;
  for (const answer of Object.values(responses)) {
    const schema = answer.content?.['application/json']?.schema;
    if (schema) answer.content = Object.fromEntries(gives.map((type) => [type, { schema: shapeFor(type, schema) }]));
  }
}

const wordsOf = (url: string): string[] => url.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');

/** Adds what the schemas of a route do not say: its name, its face, who may call it, and how it refuses. */
function complete(paths: Record<string, Record<string, ControlOperation>>, route: Described): void {
  const { url, config = {} } = route;
  const method = String(route.method).toLowerCase();
  const operation = paths[url.replaceAll(/:(\w+)/g, '{$1}')]?.[method];
  if (!operation) return;
  const words = wordsOf(url);
  operation.operationId = [method, ...words.map((word) => word[0]!.toUpperCase() + word.slice(1))].join('');
  operation.tags = [words[0] === 'api' ? (words[1] ?? 'api') : (words[0] ?? 'root')];
  const isOpen = config.access === 'open';
  if (isOpen) operation.security = [{}];
  describeBody(operation, route);
  describeTypes(operation, route);
  const common = [
    ...everywhere.all,
    ...(isOpen ? [] : everywhere.signedIn),
    ...(operation.requestBody ? everywhere.body : []),
    ...(method === 'get' ? [] : everywhere.change),
  ];
  const refusal = { description: 'Refused', content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } } };
  if (operation.responses['204']) operation.responses['204'] = { description: 'Done' };
  if (config.statuses?.includes(303)) operation.responses['303'] = { description: toDoor };
  for (const status of [...(config.statuses ?? []), ...common]) if (status >= 400) operation.responses[String(status)] ??= refusal;
}

const sorted = <Value>(of: Record<string, Value>): Record<string, Value> =>
  Object.fromEntries(Object.entries(of).toSorted(([one], [other]) => (one < other ? -1 : 1)));

/** The document as text, from a second set of the same routes that nobody can call. */
async function describe(routes: readonly Described[]): Promise<string> {
  const [{ default: swagger }, { jsonSchemaTransform }] = await Promise.all([
    import('@fastify/swagger'),
    import('fastify-type-provider-zod'),
  ]);
  const book = fastify({ exposeHeadRoutes: false });
  book.setValidatorCompiler(() => () => true);
  book.setSerializerCompiler(() => JSON.stringify);
  await book.register(swagger, { openapi: { openapi: '3.1.0', info }, transform: jsonSchemaTransform });
  for (const route of routes) book.route({ ...route, handler: () => undefined });
  await book.ready();
  const described = book.swagger() as unknown as {
    paths: Record<string, Record<string, ControlOperation>>;
    components?: { schemas?: object };
  };
  await book.close();
  for (const route of routes) complete(described.paths, route);
  return JSON.stringify({
    ...described,
    components: { securitySchemes, schemas: { ...described.components?.schemas, Error: errorSchema, ...dataPlaneSchemas } },
    security: [{ personalToken: [] }, { session: [] }],
    paths: sorted({ ...described.paths, ...dataPlanePaths() }),
  });
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
