/** The API described by the same schemas that check it: OpenAPI 3.1, and pages to read it that ask nobody outside for anything. */
import swagger from '@fastify/swagger';
import scalar from '@scalar/fastify-api-reference';
import type { FastifyInstance } from 'fastify';
import { jsonSchemaTransform } from 'fastify-type-provider-zod';

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

/** To be called before the routes are added, so that it sees them. */
export async function addOpenApi(app: FastifyInstance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Patchbay', version: '0.1.0', description: 'The control plane. The data plane under /v1 speaks the wire of OpenAI.' },
      components: { securitySchemes: { personalToken: { type: 'http', scheme: 'bearer' } } },
      security: [{ personalToken: [] }],
    },
    transform: jsonSchemaTransform,
  });
  app.get('/openapi.json', { schema: { hide: true } }, (_request, reply) =>
    // Written by hand to text: the document has no schema of its own to be serialised by.
    reply
      .type('application/json; charset=utf-8')
      .serializer((body: unknown) => JSON.stringify(body))
      .send(app.swagger()),
  );
  await app.register(async (scope) => {
    scope.addHook('onSend', async (_request, reply) => {
      reply.header('content-security-policy', docsPolicy);
    });
    await scope.register(scalar, {
      routePrefix: '/docs',
      configuration: { url: '../openapi.json', proxyUrl: '', telemetry: false, withDefaultFonts: false, showDeveloperTools: 'never' },
    });
  });
}
