/** A request made from the description alone, for every operation: each is answered with a status that the description names. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { registry } from '../../src/app/registry.ts';
import { clear, demoKey, start, type Started } from './started.ts';

interface Schema {
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  default?: unknown;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  prefixItems?: Schema[];
  format?: string;
  minimum?: number;
  minItems?: number;
  minLength?: number;
}
interface Operation {
  method: string;
  path: string;
  requestBody?: { required?: boolean; content: Record<string, { schema: Schema }> };
  parameters?: { name: string; in: string; required?: boolean; schema: Schema }[];
  responses: Record<string, { content?: Record<string, { schema: { $ref?: string } }> }>;
}

const texts: Readonly<Record<string, string>> = {
  uuid: '0198d0a0-0000-7000-8000-000000000001',
  email: 'nobody@example.org',
  'date-time': '2026-11-20T00:00:00.000Z',
  uri: 'https://example.org/v1',
};

/** The smallest value that a schema takes, as far as its words tell; a pattern is left to fail. */
function sampleOf(schema: Schema): unknown {
  if ('const' in schema) return schema.const;
  if ('default' in schema) return schema.default;
  if (schema.enum) return schema.enum[0];
  const [choice] = schema.anyOf ?? schema.oneOf ?? [];
  if (choice) return sampleOf(choice);
  if (schema.allOf) return Object.assign({}, ...schema.allOf.map((part) => sampleOf(part) as object)) as unknown;
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  if (type === 'object')
    return Object.fromEntries((schema.required ?? []).map((name) => [name, sampleOf(schema.properties?.[name] ?? {})] as const));
  if (type === 'array')
    return schema.prefixItems?.map(sampleOf) ?? Array.from({ length: schema.minItems ?? 0 }, () => sampleOf(schema.items ?? {}));
  if (type === 'string') return texts[schema.format ?? ''] ?? 'a'.repeat(Math.max(1, schema.minLength ?? 1));
  if (type === 'number' || type === 'integer') return Math.max(1, schema.minimum ?? 1);
  return type === 'boolean' ? false : null;
}

/** What would end the run itself: the session that asks, the person who asks, or a stream that waits for news. */
const endsTheAsker = new Set(['POST /api/auth/sign-out', 'POST /api/me/password']);
const streamHeadMs = 10_000;

let house: Started;
let key = '';
let operations: Operation[] = [];

beforeAll(async () => {
  house = await start();
  key = await demoKey(house);
  const { paths } = (await house.call('GET', '/openapi.json')).body as unknown as { paths: Record<string, Record<string, Operation>> };
  operations = Object.entries(paths).flatMap(([path, of]) =>
    Object.entries(of).map(([method, operation]) => ({ ...operation, path, method: method.toUpperCase() })),
  );
});
afterAll(clear);

/** The head of the answer; a stream is left after it. */
async function answerTo(operation: Operation, body: unknown): Promise<{ status: number; type: string; text: string }> {
  const parameters = operation.parameters ?? [];
  const address = operation.path.replaceAll(/\{(\w+)\}/g, (_all, name: string) =>
    encodeURIComponent(String(sampleOf(parameters.find((one) => one.name === name)?.schema ?? { type: 'string' }))),
  );
  const query = new URLSearchParams(
    parameters.filter((one) => one.in === 'query' && one.required).map((one) => [one.name, String(sampleOf(one.schema))]),
  );
  const [bodyType = ''] = Object.keys(operation.requestBody?.content ?? {});
  const isForm = bodyType === 'multipart/form-data';
  const form = new FormData();
  for (const [name, value] of Object.entries((isForm ? body : {}) as Record<string, unknown>)) form.set(name, String(value));
  const text = bodyType === 'application/json' ? JSON.stringify(body) : String(body);
  const sent = body === undefined ? {} : { body: isForm ? form : text };
  const leave = new AbortController();
  const timer = setTimeout(() => leave.abort(), streamHeadMs);
  try {
    const answer = await fetch(`${house.url}${address}?${query.toString()}`, {
      method: operation.method,
      redirect: 'manual',
      signal: leave.signal,
      headers: {
        authorization: `Bearer ${operation.path.startsWith('/v1/') ? key : 'an-administrator-token-of-40-characters!'}`,
        ...(body === undefined || isForm ? {} : { 'content-type': bodyType }),
      },
      ...sent,
    });
    const type = answer.headers.get('content-type') ?? '';
    return { status: answer.status, type, text: type.startsWith('text/event-stream') ? '' : await answer.text() };
  } finally {
    clearTimeout(timer);
    leave.abort();
  }
}

const bodySchemaOf = (operation: Operation): Schema | undefined => Object.values(operation.requestBody?.content ?? {})[0]?.schema;

describe('every operation of the description', () => {
  test('is there in number', () => {
    expect(operations.length).toBeGreaterThan(registry.length);
  });

  test.each([
    ['made from its schema', (operation: Operation) => (bodySchemaOf(operation) ? sampleOf(bodySchemaOf(operation)!) : undefined)],
    ['with a body that is no object', (operation: Operation) => (bodySchemaOf(operation) ? [] : undefined)],
  ])('a request %s gets a status that is declared, in the declared shape', async (_what, bodyOf) => {
    const undeclared: string[] = [];
    const counts = new Map<number, number>();
    for (const operation of operations.filter(({ method, path }) => !endsTheAsker.has(`${method} ${path}`))) {
      const { status, type, text } = await answerTo(operation, bodyOf(operation));
      const declared = operation.responses[String(status)];
      counts.set(status, (counts.get(status) ?? 0) + 1);
      const isJsonDeclared = declared?.content?.['application/json'] !== undefined;
      if (!declared) undeclared.push(`${operation.method} ${operation.path} ${status} ${text.slice(0, 200)}`);
      else if (status >= 400 && isJsonDeclared && !type.startsWith('application/json'))
        undeclared.push(`${operation.method} ${operation.path} ${status} ${type}`);
      // An answer without a body has no type.
      else if (status < 300 && status !== 204 && !Object.keys(declared.content ?? {}).includes(type.split(';')[0]!))
        undeclared.push(`${operation.method} ${operation.path} ${status} ${type}`);
      expect([operation.path, status]).not.toEqual([operation.path, 500]);
    }
    expect(undeclared).toEqual([]);
    // The limit of one person would hide the answers behind it.
    expect(counts.get(429) ?? 0).toBe(0);
    expect(house.logged.filter((line) => line.includes('request failed'))).toEqual([]);
  });

  test('of the control plane misses its body where one is required, and nowhere else', async () => {
    const withBody = operations.filter(
      ({ method, path, requestBody }) => requestBody && !endsTheAsker.has(`${method} ${path}`) && !/^\/(?:v1|ollama)\//.test(path),
    );
    const isRequired = new Map(withBody.map((operation) => [`${operation.method} ${operation.path}`, operation.requestBody?.required]));
    expect(new Set(isRequired.values())).toEqual(new Set([false, true]));
    const misses = new Map<string, boolean>();
    for (const operation of withBody) {
      const { status, text } = await answerTo(operation, undefined);
      const { details = [] } = (status === 400 ? JSON.parse(text) : {}) as { details?: { path: string; code: string }[] };
      misses.set(`${operation.method} ${operation.path}`, details.some(({ path, code }) => path === '' || code === 'empty')); // prettier-ignore
    }
    expect(misses).toEqual(isRequired);
  });
});
