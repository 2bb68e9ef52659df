/** Every route, asked by every kind of caller for every kind of object: who may what is stated once and compared with the house. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { registry } from '../../src/app/registry.ts';
import { chatTable, streams } from '../support/authorization-chats.ts';
import { connectionTable } from '../support/authorization-connections.ts';
import { limitTable } from '../support/authorization-limits.ts';
import { policyTable } from '../support/authorization-policies.ts';
import { repositoryTable } from '../support/authorization-repositories.ts';
import { routingTable } from '../support/authorization-routing.ts';
import {
  house,
  living,
  moveIn,
  objects,
  peopleTable,
  random,
  subjects,
  tokens,
  type Living,
  type Row,
  type Subject,
} from '../support/authorization.ts';
import { useCaseTable } from '../support/authorization-use-cases.ts';
import type { Reply } from '../support/house.ts';

const table: Record<string, Row> = {
  ...peopleTable,
  ...connectionTable,
  ...chatTable,
  ...repositoryTable,
  ...limitTable,
  ...policyTable,
  ...routingTable,
  ...useCaseTable,
};
const nameOf = (route: { method: string; path: string }): string => `${route.method} ${route.path}`;
const cases = registry.flatMap((route) => {
  const row = table[nameOf(route)];
  return row ? [{ name: nameOf(route), route, row }] : [];
});

beforeAll(moveIn);
afterAll(() => house.close());

const isLiving = (subject: Subject): subject is Living => (living as readonly Subject[]).includes(subject);
const pathOf = (path: string, params: Record<string, string>): string => path.replace(/:(\w+)/g, (_, name: string) => params[name] ?? '');

function ask({ route, row }: (typeof cases)[number], subject: Subject, params: Record<string, string>): Promise<Reply> {
  const token = tokens.get(subject);
  const body = row.body?.(params);
  const path = pathOf(route.path, params) + (row.query?.(params) ?? '');
  return house.request(route.method, path, { ...(token === undefined ? {} : { token }), ...(body === undefined ? {} : { body }) });
}

/** What callers get whose credentials open nothing, whatever they ask for. */
const deadStatus = (row: Row, subject: Subject): number => (subject === 'anonymous' ? (row.anonymous ?? 401) : 401);

test('every route of the house has its row, and every row its route', () => {
  expect(registry.map(nameOf).toSorted()).toEqual([...Object.keys(table), ...streams].toSorted());
});

describe.each(cases)('$name', (one) => {
  const { route, row } = one;

  test.each(subjects)('asked by %s', async (subject) => {
    for (const kind of row.make ? objects : (['own'] as const)) {
      const params = row.make ? await row.make(kind, isLiving(subject) ? subject : 'ADMIN') : {};
      if (params === null) continue;
      const expected = isLiving(subject) ? row.rule(subject, kind) : deadStatus(row, subject);
      const reply = await ask(one, subject, params);
      expect(reply.status, `${kind}: ${reply.text}`).toBe(expected);
      // Dead credentials are refused before any route is asked, open ones included.
      if (expected !== 401) expect(route.statuses, `${kind}: a status that the route does not declare`).toContain(expected);
      if (reply.status >= 400)
        expect(reply.body).toMatchObject({
          success: false,
          error_code: expect.any(String) as unknown,
          request_id: reply.headers.get('x-request-id'),
        });
    }
  });
});

describe.each(cases.filter(({ row }) => row.make))('$name', (one) => {
  test('a foreign object that answers 404 looks exactly like one that never was', async () => {
    for (const subject of living.filter((name) => one.row.rule(name, 'foreign') === 404)) {
      const [foreign, never] = [await one.row.make!('foreign', subject), await one.row.make!('random', subject)];
      if (!foreign || !never) continue;
      const [first, second] = [await ask(one, subject, foreign), await ask(one, subject, never)];
      expect(first.bodyWithoutId).toEqual(second.bodyWithoutId);
    }
  });
});

describe.each(cases.filter(({ row }) => row.anonymous === undefined))('$name', ({ route, row }) => {
  test('no spelling of the address opens it to nobody', async () => {
    const ids = { id: random().id, userId: random().id, requestId: random().id, name: 'ollama' };
    const path = pathOf(route.path, ids);
    const body = row.body?.(ids);
    const encoded = path.replace(/\/(\w)/, (_, letter: string) => `/%${letter.charCodeAt(0).toString(16)}`);
    for (const spelling of [`${path}/`, `/${path}`, path.toUpperCase(), encoded, `${path}%2e`, `${path}?_method=GET`, `${path};a=b`]) {
      const reply = await house.request(route.method, spelling, body === undefined ? {} : { body });
      // A path that is no route may be a page of the web UI, which is the same for everybody.
      const isPage = reply.headers.get('content-type')?.startsWith('text/html') ?? false;
      if (!isPage) expect([401, 404], `${spelling}: ${reply.status}`).toContain(reply.status);
    }
    for (const method of ['HEAD', 'OPTIONS', 'POST']) {
      const answer = await fetch(house.url + path, {
        method,
        headers: { 'x-http-method-override': route.method, 'x-method-override': route.method },
      });
      expect([400, 401, 404, 405, 415], `${method} ${path}: ${answer.status}`).toContain(answer.status);
    }
  });
});
