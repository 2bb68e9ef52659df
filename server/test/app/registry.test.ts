/** The table of contents of the API: each address once, each with an access rule, and none behind another's back. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { errorCodes } from '@patchbay/contract/errors';
import { registry } from '../../src/app/registry.ts';
import { clear, start, type Started } from './started.ts';

let house: Started;
beforeAll(async () => {
  house = await start();
});
afterAll(clear);

const nameOf = ({ method, path }: { method: string; path: string }): string => `${method} ${path}`;
const randomId = '01890a5d-ac96-774b-bcce-b302099a8057';
const addressOf = (path: string): string => path.replace(/:[A-Za-z]+/g, randomId);

describe('the registry', () => {
  test('has each address once, also where only the names of parameters differ', () => {
    const names = registry.map((route) => `${route.method} ${route.path.replace(/:[A-Za-z]+/g, ':')}`);
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  test.each(registry.map((route) => [nameOf(route), route] as const))('%s says what it is and what it may answer', (_, route) => {
    expect(route.path).toMatch(/^\/[A-Za-z0-9/_:.-]*$/);
    expect(route.summary).toMatch(/^[A-Z].{5,}[^.]$/);
    const known = new Set<number>([200, 201, 202, 204, 303, ...Object.values(errorCodes).map(({ status }) => status)]);
    expect(route.statuses.filter((status) => !known.has(status))).toEqual([]);
    // Every success that is declared has a shape, and every shape belongs to a declared status.
    const successes = route.statuses.filter((status) => status < 300 && status !== 204);
    expect(successes.filter((status) => !(status in route.answers))).toEqual([]);
    expect(Object.keys(route.answers).filter((status) => !route.statuses.includes(Number(status)))).toEqual([]);
  });

  test('leaves only what has to be open to strangers', () => {
    const open = registry.filter(({ access }) => access === 'open').map(nameOf);
    const setup = ['GET /api/setup', 'POST /api/setup'];
    const session = [
      'POST /api/auth/sign-in/email',
      'POST /api/auth/sign-in/second-step',
      'POST /api/auth/sign-out',
      'GET /api/auth/get-session',
    ];
    const invited = ['POST /api/invitations/look', 'POST /api/invitations/accept'];
    // The page that somebody shared: names and states, for who has its link.
    const shared = ['GET /api/status/shared/:token'];
    expect(open.toSorted()).toEqual(
      ['GET /healthz', 'GET /readyz', 'GET /metrics', ...setup, ...session, ...invited, ...shared].toSorted(),
    );
  });

  test.each(registry.filter(({ access }) => access !== 'open').map((route) => [nameOf(route), route] as const))(
    '%s answers a stranger 401, in one shape',
    async (_, route) => {
      const body = route.method === 'GET' || route.method === 'DELETE' ? undefined : {};
      const answer = await house.call(route.method, addressOf(route.path), body, { authorization: 'Bearer nobody' });
      expect(answer.status).toBe(401);
      expect(answer.body).toMatchObject({ success: false, error_code: 'UNAUTHENTICATED', request_id: answer.headers.get('x-request-id') });
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
      expect(answer.headers.get('cache-control')).toBe('no-store');
    },
  );
});
