/** The description of the API: every route of the registry is in it with its real shapes, and its pages ask nobody outside. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { registry } from '../../src/app/registry.ts';
import { operationsByPath } from '../../src/faces/openai/operations.ts';
import { clear, start, type Answer, type Started } from './started.ts';

interface Schema {
  type?: string | string[];
  properties?: Record<string, Schema>;
  additionalProperties?: boolean | Schema;
  required?: string[];
  items?: Schema;
  [key: string]: unknown;
}
interface Operation {
  summary?: string;
  operationId: string;
  security?: Record<string, string[]>[];
  requestBody?: { required?: boolean; content: Record<string, { schema: Schema }> };
  parameters?: { name: string; in: string; required?: boolean; schema: Schema }[];
  responses: Record<string, { content?: Record<string, { schema: Schema }> }>;
}
interface Description {
  openapi: string;
  info: { title: string; version: string };
  paths: Record<string, Record<string, Operation>>;
}

let house: Started;
let answer: Answer;
let description: Description;
beforeAll(async () => {
  house = await start();
  answer = await house.call('GET', '/openapi.json', undefined, { authorization: '' });
  description = answer.body as unknown as Description;
});
afterAll(clear);

/** `/api/requests/:requestId` as OpenAPI writes it. */
const writtenPath = (path: string): string => path.replace(/:([A-Za-z]+)/g, '{$1}');
const operationOf = (route: { method: string; path: string }): Operation | undefined =>
  description.paths[writtenPath(route.path)]?.[route.method.toLowerCase()];
const bodyOf = (operation: Operation | undefined): Schema | undefined => operation?.requestBody?.content['application/json']?.schema;
/** A schema that says nothing: whatever is sent would fit. */
const saysNothing = (schema: Schema | undefined): boolean =>
  schema === undefined || !['type', '$ref', 'anyOf', 'oneOf', 'allOf', 'const', 'enum'].some((word) => word in schema);

describe('GET /openapi.json', () => {
  test('200 for everybody: OpenAPI 3.1, with the name and the version of the product', () => {
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/json; charset=utf-8']);
    expect(description.openapi).toMatch(/^3\.1\./);
    expect(description.info).toMatchObject({ title: 'Patchbay', version: expect.stringMatching(/^\d+\.\d+\.\d+$/) as string });
  });

  test('has every route of the registry, each with its summary', () => {
    expect(registry.length).toBeGreaterThan(60);
    const missing = registry.filter((route) => operationOf(route)?.summary !== route.summary);
    expect(missing.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
  });

  test('has no operation of the control plane that is not in the registry', () => {
    const known = new Set(registry.map((route) => `${route.method} ${writtenPath(route.path)}`));
    const described = Object.entries(description.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(described.filter((one) => !known.has(one) && !/^(?:HEAD |[A-Z]+ \/(?:v1|ollama)\/)/.test(one))).toEqual([]);
  });

  test('has every address of the data plane, with the access key that it takes and the error of its wire', () => {
    const wires = ['chat/completions', 'responses', 'messages', 'messages/count_tokens', 'route/explain', 'models', 'models/{id}'];
    const lines = ['chat', 'generate', 'embed', 'embeddings', 'show', 'tags', 'ps', 'version'].map((one) => `/ollama/api/${one}`);
    const addresses = [...wires.map((one) => `/v1/${one}`), ...operationsByPath.keys(), ...lines];
    for (const address of addresses) {
      const [operation] = Object.values(description.paths[address] ?? {});
      expect([address, operation?.security]).toEqual([address, [{ accessKey: [] }]]);
      const refused = operation?.responses['429']?.content?.['application/json']?.schema;
      const own = lines.includes(address) ? 'OllamaError' : 'DataPlaneError';
      const wire = address.startsWith('/v1/messages') ? 'MessagesError' : own;
      expect([address, refused]).toEqual([address, { $ref: `#/components/schemas/${wire}` }]);
    }
  });

  test('names each operation once, and says how it refuses', () => {
    const operations = Object.values(description.paths).flatMap((of) => Object.values(of));
    expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
    for (const route of registry) {
      const described = new Set(Object.keys(operationOf(route)?.responses ?? {}).map(Number));
      expect([route.path, route.statuses.filter((status) => !described.has(status))]).toEqual([route.path, []]);
      expect(operationOf(route)?.security).toEqual(route.access === 'open' ? [{}] : undefined);
    }
  });

  test('describes every declared body by its fields, and says that no others are taken', () => {
    const withBody = registry.filter((route) => route.body !== undefined);
    expect(withBody.length).toBeGreaterThan(15);
    for (const route of withBody) {
      const schema = bodyOf(operationOf(route));
      expect([route.path, saysNothing(schema)]).toEqual([route.path, false]);
      const shapes = [schema!, ...((schema!['anyOf'] ?? schema!['oneOf'] ?? []) as Schema[])].filter((shape) => shape.type === 'object');
      for (const shape of shapes) {
        expect([route.path, Object.keys(shape.properties ?? {}).length > 0 || shape.additionalProperties !== undefined]).toEqual([
          route.path,
          true,
        ]);
      }
    }
    const token = bodyOf(description.paths['/api/tokens']?.['post']);
    expect(token).toMatchObject({
      type: 'object',
      required: ['name'],
      additionalProperties: false,
      properties: { name: { type: 'string' } },
    });
  });

  test('describes the answer of every route', () => {
    for (const route of registry) {
      for (const [status, declared] of Object.entries(route.answers)) {
        const content = operationOf(route)?.responses[status]?.content ?? {};
        const [schema] = Object.values(content).map((one) => one.schema);
        // RFC 9110, 15.3.5: there is nothing to describe.
        if (status === '204') expect(content).toEqual({});
        else expect([route.path, status, declared !== undefined && saysNothing(schema)]).toEqual([route.path, status, false]);
      }
    }
  });

  test('has as its media types what a file, a stream or the figures are, and a document beside them where there is one', () => {
    const typesOf = (path: string, method = 'get'): string[] =>
      Object.keys(description.paths[path]?.[method]?.responses['200']?.content ?? {});
    const lines = ['text/csv', 'application/x-ndjson'];
    for (const path of ['/api/requests/export', '/api/admin/audit/export', '/api/workspaces/{id}/audit/export', '/api/exports/{id}/file'])
      expect([path, typesOf(path)]).toEqual([path, lines]);
    expect(typesOf('/api/usage/report/file')).toEqual(['text/csv', 'text/html']);
    expect(typesOf('/metrics')).toEqual(['text/plain']);
    expect(typesOf('/api/events')).toEqual(['text/event-stream']);
    expect(typesOf('/api/chats/{id}/messages', 'post')).toEqual(['text/event-stream']);
    const both = description.paths['/api/usage-imports/{id}/reconciliation']?.['get']?.responses['200']?.content;
    expect([both?.['application/json']?.schema.type, both?.['text/csv']?.schema.type]).toEqual(['object', 'string']);
  });

  test('says which bodies may be left out, which are files, and that a change may come from the page of another site', () => {
    for (const route of registry) {
      const operation = operationOf(route);
      const isFile = route.takes === 'bytes';
      const isRequired = route.body ? !route.body.safeParse(undefined).success : isFile || undefined;
      expect([route.path, operation?.requestBody?.required]).toEqual([route.path, isRequired]);
      if (isFile) expect(Object.keys(operation?.requestBody?.content ?? {})).toEqual(['text/csv', 'application/octet-stream']);
      expect([route.path, operation?.responses['401']]).not.toEqual([route.path, undefined]);
      if (route.method !== 'GET') expect([route.path, operation?.responses['403']]).not.toEqual([route.path, undefined]);
    }
  });

  test('describes parameters of the path and of the query', () => {
    const parameters = description.paths['/api/requests']?.['get']?.parameters ?? [];
    expect(parameters.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['cursor', 'limit', 'from', 'to', 'tz', 'connectionId', 'state']),
    );
    for (const route of registry) {
      const named = [...route.path.matchAll(/:([A-Za-z]+)/g)].map(([, name]) => name);
      const described = (operationOf(route)?.parameters ?? []).filter((parameter) => parameter.in === 'path').map(({ name }) => name);
      expect([route.path, new Set(described)]).toEqual([route.path, new Set(named)]);
    }
  });

  test('is the same text for everybody who asks, also for those who ask at once', async () => {
    const answers = await Promise.all([1, 2, 3].map(() => house.call('GET', '/openapi.json', undefined, { authorization: '' })));
    expect(new Set([answer.text, ...answers.map(({ text }) => text)]).size).toBe(1);
  });

  test('names no key, no address of this machine and no path of the disk', () => {
    expect(answer.text).not.toMatch(/sk-pb-\w{8}|pat-pb-\w{8}|127\.0\.0\.1|node_modules|\/src\//);
  });
});

describe('GET /docs', () => {
  test('200 a page of this server, under a policy that lets it load from here alone', async () => {
    const page = await house.call('GET', '/docs/', undefined, { authorization: '' });
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("connect-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toMatch(/https?:|\*|unsafe-eval/);
  });

  test('loads its scripts from here, and they are here', async () => {
    const page = await house.call('GET', '/docs/', undefined, { authorization: '' });
    const sources = [...page.text.matchAll(/<(?:script|link)[^>]*?(?:src|href)="([^"]+)"/g)].map(([, source = '']) => source);
    expect(sources.length).toBeGreaterThan(0);
    for (const source of sources) {
      const url = new URL(source, `${house.url}/docs/`);
      expect(url.origin).toBe(house.url);
      expect((await fetch(url)).status).toBe(200);
    }
    expect(page.text).toContain('openapi.json');
  });

  test('301 to the address with a slash, where its relative links lead right', async () => {
    const moved = await house.call('GET', '/docs', undefined, { authorization: '' });
    expect([moved.status, moved.headers.get('location')]).toEqual([301, '/docs/']);
  });
});
