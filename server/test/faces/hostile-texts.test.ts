/** Every text that a route takes, with a character in it that no text of the house may have: always a 400, never a fault of ours. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { registry } from '../../src/app/registry.ts';
import { auditTable } from '../support/authorization-audit.ts';
import { chatTable, streams } from '../support/authorization-chats.ts';
import { connectionTable } from '../support/authorization-connections.ts';
import { importTable } from '../support/authorization-imports.ts';
import { limitTable } from '../support/authorization-limits.ts';
import { alertTable } from '../support/authorization-alerts.ts';
import { policyTable } from '../support/authorization-policies.ts';
import { repositoryTable } from '../support/authorization-repositories.ts';
import { requestTable } from '../support/authorization-requests.ts';
import { routingTable } from '../support/authorization-routing.ts';
import { house, moveIn, peopleTable, person, tokens, type Row } from '../support/authorization.ts';
import { statusTable } from '../support/authorization-status.ts';
import { useCaseTable } from '../support/authorization-use-cases.ts';
import type { Json, Reply } from '../support/house.ts';

const table: Record<string, Row> = {
  ...peopleTable,
  ...auditTable,
  ...connectionTable,
  ...limitTable,
  ...importTable,
  ...policyTable,
  ...alertTable,
  ...repositoryTable,
  ...chatTable,
  ...requestTable,
  ...routingTable,
  ...useCaseTable,
  ...statusTable,
};
const nul = 'a\0b';
const halfCharacter = 'a\ud800b';

interface Shape {
  type?: string;
  format?: string;
  enum?: unknown[];
  const?: unknown;
  properties?: Record<string, Shape>;
  items?: Shape;
  anyOf?: Shape[];
}

/** Paths of all texts of a shape that may say more than one of a few words. */
function textsOf(shape: Shape, path: string[] = []): string[][] {
  const { properties = {}, items, anyOf = [] } = shape;
  const own = shape.type === 'string' && !shape.enum && shape.const === undefined ? [path] : [];
  const inner = Object.entries(properties).flatMap(([name, part]) => textsOf(part, [...path, name]));
  const each = items ? textsOf(items, [...path, '0']) : [];
  return [...own, ...inner, ...each, ...anyOf.flatMap((part) => textsOf(part, path))];
}

const textsIn = (schema: z.ZodType | undefined): string[][] =>
  schema ? textsOf(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Shape) : [];

/** The body with a text in the place of a field, of a list or of both. */
function withText(body: unknown, [name = '', ...rest]: string[], text: string): unknown {
  if (name === '') return text;
  if (name === '0') return [withText(undefined, rest, text)];
  const before = (body ?? {}) as Record<string, unknown>;
  return { ...before, [name]: withText(before[name], rest, text) };
}

/** Passwords are compared, not kept: one that nobody can have is wrong, which is said as for any other. */
const comparedOnly: Record<string, number> = {
  'POST /api/auth/sign-in/email password': 401,
  'POST /api/auth/change-password currentPassword': 403,
  'POST /api/me/second-factor password': 403,
  'POST /api/me/second-factor/recovery-codes password': 403,
  'POST /api/me/second-factor/off password': 403,
};

/** What a policy found is listed by its id, of policies that are gone too: an id that none has lists nothing (D-13). */
const emptyLists = new Set(['GET /policy/:id/violations', 'GET /policy/:id/alerts']);
/** What is no UTF-8 is no address at all. */
const noAddress = 'a%ED%A0%80b';

const routes = registry
  .map((route) => ({ route, name: `${route.method} ${route.path}`, row: table[`${route.method} ${route.path}`]! }))
  .filter(({ name }) => !streams.includes(name));
const bodies = routes.flatMap(({ route, name, row }) =>
  textsIn(route.body).map((path) => ({ name: `${name} ${path.join('.')}`, route, row, path })),
);
const queries = routes.flatMap(({ route, name, row }) =>
  textsIn(route.query).map((path) => ({ name: `${name} ?${path.join('.')}`, route, row, path })),
);
const inPaths = routes.flatMap(({ route, name, row }) =>
  [...route.path.matchAll(/:(\w+)/g)].map(([, parameter]) => ({ name: `${name} :${parameter}`, route, row, parameter: parameter! })),
);

beforeAll(moveIn);
afterAll(() => house.close());

/** What a query has to name before its other members are looked at. */
const needed = ({ path }: { path: string }): Record<string, string> => (path === '/api/usage/report/file' ? { format: 'csv' } : {});
const pathOf = (path: string, params: Record<string, string>): string => path.replace(/:(\w+)/g, (_, name: string) => params[name] ?? '');
const send = (method: string, path: string, body?: unknown): Promise<Reply> =>
  house.request(method, path, { token: tokens.get('administrator')!, ...(body === undefined ? {} : { body }) });
const pathsOf = (reply: Reply): unknown[] => [...reply.body['details']!].map((fault: Json) => fault['path']);

async function paramsFor(row: Row): Promise<Record<string, string>> {
  return (
    (await row.make?.('own', 'administrator')) ??
    (await row.make?.('workspace', 'administrator')) ??
    (await row.make?.('random', 'administrator')) ??
    {}
  );
}

test('the search found the texts, those in lists and unions too', () => {
  const names = [...bodies, ...queries].map(({ name }) => name);
  expect(names).toEqual(
    expect.arrayContaining([
      'POST /workspace name',
      'POST /api/access-keys models.0',
      'POST /api/tokens expiresAt',
      'GET /api/configurations ?search',
      'POST /ai/llm secret',
    ]),
  );
  expect(names.length).toBeGreaterThan(80);
});

describe.each([
  ['U+0000', nul],
  ['half a character', halfCharacter],
])('%s in a body', (_, hostile) => {
  test.each(bodies)('$name', async ({ name, route, row, path }) => {
    const params = await paramsFor(row);
    const reply = await send(route.method, pathOf(route.path, params), withText(row.body?.(params), path, hostile));
    const expected = comparedOnly[name.replace('$', '')] ?? 400;
    expect(reply.status, reply.text).toBe(expected);
    expect(route.statuses).toContain(expected);
    if (expected !== 400) return;
    const { error_code: code } = reply.body;
    expect(['VALIDATION_ERROR', 'URL_REFUSED']).toContain(code);
    // The first step of the path is enough: a list or a union is named as a whole.
    expect(pathsOf(reply).map((place) => String(place).split('.')[0])).toContain(path[0]);
  });
});

describe('U+0000 in a query', () => {
  test.each(queries)('$name', async ({ route, row, path }) => {
    const reply = await send(
      route.method,
      `${pathOf(route.path, await paramsFor(row))}?${new URLSearchParams({ ...needed(route), [path.join('.')]: nul }).toString()}`,
    );
    expect(reply.status, reply.text).toBe(400);
    expect(reply.body).toMatchObject({ error_code: 'VALIDATION_ERROR' });
    expect(pathsOf(reply)).toContain(path.join('.'));
  });
});

describe('in a path it names nothing', () => {
  test.each(inPaths)('$name', async ({ route, row, parameter }) => {
    const params = await paramsFor(row);
    for (const text of ['a%00b', '%00', `${params[parameter]}%00`, 'a%0ab', `%C2%85${params[parameter]}`, noAddress]) {
      const reply = await send(route.method, pathOf(route.path, { ...params, [parameter]: text }), row.body?.(params));
      const isList = emptyLists.has(`${route.method} ${route.path}`) && text !== noAddress;
      expect(reply.status, `${text}: ${reply.text}`).toBe(isList ? 200 : 404);
      if (isList) expect(reply.body).toMatchObject({ total: 0 });
    }
  });
});

describe('what the settings of a connection hold', () => {
  const nowhere = 'http://127.0.0.1:9/v1';
  const create = (configuration: Record<string, unknown>): Promise<Reply> =>
    house.request('POST', '/api/configurations', {
      token: person('stranger').token,
      body: { name: house.deps.ids.uuid(), provider: 'custom', baseUrl: nowhere, model: 'm', configuration },
    });

  test.each<[string, Record<string, unknown>, string]>([
    ['a model', { model: nul }, 'configuration.model'],
    ['half a model', { model: halfCharacter }, 'configuration.model'],
    ['a model that is too long', { model: 'm'.repeat(256) }, 'configuration.model'],
    ['an address', { baseUrl: `${nowhere}/${nul}` }, 'configuration.baseUrl'],
    ['an address that is too long', { baseUrl: `${nowhere}/${'x'.repeat(500)}` }, 'configuration.baseUrl'],
    ['a key', { apiKey: nul }, 'apiKey'],
    ['a header', { headers: { 'x-one': nul } }, 'configuration.headers'],
    ["a header's name", { headers: { [nul]: 'one' } }, 'configuration.headers'],
  ])('%s that cannot be kept is refused by its path', async (_, configuration, path) => {
    const reply = await create(configuration);
    expect(reply.status, reply.text).toBe(400);
    expect(String(pathsOf(reply)[0])).toContain(path);
  });

  test('nothing of it is a fault of ours, however it is named', async () => {
    for (const configuration of [{ [nul]: 'x' }, { organization: nul }, { [halfCharacter]: 1 }, { temperature: nul }, { stop: [nul] }])
      expect((await create(configuration)).status, JSON.stringify(configuration)).toBeLessThan(500);
  });
});

test('no request of this file was a fault of ours', () => {
  expect(house.logged.filter((line) => line.includes('request failed'))).toEqual([]);
});

test('what was asked for by such an id is noted without the character', async () => {
  const rows = await house.database.db
    .selectFrom('audit_entries')
    .select('subject_id')
    .where('outcome', '=', 'refused')
    .where('subject_id', 'like', 'a_b')
    .execute();
  expect(rows.map((row) => row.subject_id)).toContain('a\ufffdb');
});
