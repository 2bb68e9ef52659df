/** Every route, asked by every kind of caller for every kind of object: who may what is stated once and compared with the house. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { registry } from '../../src/app/registry.ts';
import { auditTable } from '../support/authorization-audit.ts';
import { alertTable } from '../support/authorization-alerts.ts';
import { chatTable, streams } from '../support/authorization-chats.ts';
import { connectionTable } from '../support/authorization-connections.ts';
import { importTable } from '../support/authorization-imports.ts';
import { limitTable } from '../support/authorization-limits.ts';
import { policyTable } from '../support/authorization-policies.ts';
import { repositoryTable } from '../support/authorization-repositories.ts';
import { requestTable } from '../support/authorization-requests.ts';
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
import { statusTable } from '../support/authorization-status.ts';
import { useCaseTable } from '../support/authorization-use-cases.ts';
import type { Reply } from '../support/house.ts';

const table: Record<string, Row> = {
  ...peopleTable,
  ...auditTable,
  ...connectionTable,
  ...chatTable,
  ...repositoryTable,
  ...limitTable,
  ...importTable,
  ...policyTable,
  ...alertTable,
  ...requestTable,
  ...routingTable,
  ...useCaseTable,
  ...statusTable,
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

/** Routes that are no GET and yet change no configuration: reckonings, one's own conversations, and questions to providers, which are booked. */
const changesNothing: ReadonlySet<string> = new Set([
  'POST /ai/models',
  'POST /api/alert-rules/preview',
  'POST /api/policies/check',
  'POST /api/providers/:name/validate',
  'POST /api/routing/simulate',
  'POST /api/status/:id/check',
  'POST /api/use-cases/try',
  'POST /api/chats',
  'PATCH /api/chats/:id',
  'DELETE /api/chats/:id',
  'POST /api/chats/:id/messages',
  // A token has no session to end; the end of one is in auth.test.ts.
  'POST /api/auth/sign-out',
  // Its entry comes with its end, and says what it found: admin-prices.test.ts.
  'POST /api/admin/prices/reprice',
]);
/** Routes that answer nobody here with a success: their entries are asserted in the tests of their faces. */
const provenElsewhere: ReadonlySet<string> = new Set([
  'DELETE /api/admin/templates/:id',
  'PUT /api/admin/templates/:id',
  'DELETE /api/configurations/:id/ollama/models/:name',
  'DELETE /api/chats/:id/messages/:messageId',
  'POST /api/admin/mail/test',
  'POST /api/admin/prices/:id/end',
  'POST /api/ai-connections/environment/import',
  'POST /api/auth/change-password',
  'POST /api/auth/sign-in/second-step',
  'POST /api/invitations/accept',
  'POST /api/invitations/look',
  'POST /api/me/second-factor',
  'POST /api/me/second-factor/confirm',
  'POST /api/me/second-factor/off',
  'POST /api/me/second-factor/recovery-codes',
  'POST /api/setup',
  'POST /api/tasks/:id/pause',
  'POST /api/tasks/:id/resume',
  'POST /api/usage-imports',
]);

/** Changes that were made, and those of them that left no entry in the audit log. */
const tried = new Set<string>();
const changed = new Set<string>();
const unnoted = new Set<string>();

async function noteEntries(name: string, reply: Reply): Promise<void> {
  const sql = 'SELECT count(*) AS entries FROM audit_entries WHERE request_id = $1';
  const [found] = await house.database.driver.rows<{ entries: number }>({ sql, params: [reply.headers.get('x-request-id')] });
  changed.add(name);
  if (!found || found.entries === 0) unnoted.add(name);
}

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
      if (subject === 'administrator') tried.add(nameOf(route));
      if (route.method !== 'GET' && reply.status < 300) await noteEntries(nameOf(route), reply);
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
      if (!isPage) expect([401, 404, 405], `${spelling}: ${reply.status}`).toContain(reply.status);
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

test('every route that changes something leaves an entry in the audit log', () => {
  const all = registry.filter(({ method }) => method !== 'GET').map(nameOf);
  expect([...unnoted].filter((name) => !changesNothing.has(name))).toEqual([]);
  const neverMade = all.filter((name) => tried.has(name) && !changed.has(name) && !changesNothing.has(name));
  expect(neverMade.filter((name) => !provenElsewhere.has(name))).toEqual([]);
});
