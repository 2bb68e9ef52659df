/** Who may come in: people by session or personal token, never by an access key, and never on behalf of another site. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { request } from 'node:http';
import { Refusal } from '../../src/domain/errors.ts';
import type { Actor } from '../../src/domain/owner.ts';
import { requireAccess } from '../../src/faces/kit/authenticate.ts';
import type { Access } from '../../src/faces/kit/route.ts';
import { openHouse, type House, type Reply, type Resident } from '../support/house.ts';

let house: House;
let ada: Resident;
let ben: Resident;
let cookie: string;
let accessKey: string;
beforeAll(async () => {
  house = await openHouse();
  ada = await house.createResident('Ada');
  ben = await house.createResident('Ben');
  cookie = await house.signIn(ben);
  accessKey = (await house.request('POST', '/api/access-keys', { token: ben.token, body: { name: 'app' } })).at('data.key');
});
afterAll(() => house.close());

const said = ({ status, body }: Reply): [number, unknown] => [status, body.error_code];
const me = (headers: Record<string, string>): Promise<Reply> => house.request('GET', '/api/me', { headers });
/** A change by session, with these headers and no others that a browser would add. */
const change = (headers: Record<string, string>): Promise<Reply> =>
  house.request('PATCH', '/api/me', { body: { theme: 'dark' }, headers: { cookie, ...headers } });

describe('a personal token', () => {
  test.each(['Bearer', 'bearer', 'BEARER', 'Bearer  '])('is taken after %s', async (scheme) => {
    const reply = await me({ authorization: `${scheme} ${ben.token}` });
    expect([reply.status, reply.at('data.id')]).toEqual([200, ben.id]);
  });

  test.each([
    ['another scheme', (token: string) => `Basic ${token}`],
    ['no scheme', (token: string) => token],
    ['a scheme without a space', (token: string) => `Bearer${token}`],
    ['words after it', (token: string) => `Bearer ${token} x`],
    ['a comma and another', (token: string) => `Bearer ${token}, Bearer ${token}`],
    ['its first half', (token: string) => `Bearer ${token.slice(0, 30)}`],
    ['its last character changed', (token: string) => `Bearer ${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`],
    ['other letters', (token: string) => `Bearer ${token.toUpperCase()}`],
    ['SQL', () => "Bearer ' OR 1=1 --"],
    ['nothing', () => 'Bearer '],
    ['five hundred characters and more', () => `Bearer ${'a'.repeat(513)}`],
  ])('is refused with %s, and always in the same words', async (_, headerOf) => {
    const reply = await me({ authorization: headerOf(ben.token) });
    expect(said(reply)).toEqual([401, 'UNAUTHENTICATED']);
    expect(reply.headers.get('www-authenticate')).toBe('Bearer');
    expect(reply.text).not.toContain(ben.token.slice(0, 20));
  });

  test('is not taken from other places', async () => {
    for (const name of ['x-api-key', 'api-key', 'x-auth-token', 'token']) expect((await me({ [name]: ben.token })).status).toBe(401);
    expect((await house.request('GET', `/api/me?token=${ben.token}`)).status).toBe(401);
    expect((await me({ cookie: `token=${ben.token}` })).status).toBe(401);
  });

  test('that is wrong is not saved by a session beside it', async () => {
    expect(said(await me({ cookie, authorization: 'Bearer pat-pb-wrong' }))).toEqual([401, 'UNAUTHENTICATED']);
  });

  test('of somebody who was disabled opens nothing from that moment on', async () => {
    const cat = await house.createResident('Cat');
    expect((await house.request('GET', '/api/me', { token: cat.token })).status).toBe(200);
    await house.database.db
      .updateTable('people')
      .set({ disabled_at: 1, revision: house.deps.keeper.snapshot.revision + 1 })
      .where('user_id', '=', cat.id)
      .execute();
    await house.database.db
      .updateTable('config_revision')
      .set({ revision: house.deps.keeper.snapshot.revision + 1 })
      .execute();
    await house.deps.keeper.catchUp(house.deps.keeper.snapshot.revision + 1);
    expect(said(await house.request('GET', '/api/me', { token: cat.token }))).toEqual([401, 'UNAUTHENTICATED']);
  });
});

describe('an access key on the control plane', () => {
  test('is refused as the wrong kind of key, on every face', async () => {
    for (const path of ['/api/me', '/api/configurations', '/ai/llm/available', '/api/ai-connections', '/api/usage', '/api/requests']) {
      expect([path, ...said(await house.request('GET', path, { token: accessKey }))]).toEqual([path, 401, 'WRONG_KEY_KIND']);
    }
  });

  test('is refused so also when it is made up, since nobody looks it up', async () => {
    expect(said(await house.request('GET', '/api/me', { token: 'sk-pb-madeup' }))).toEqual([401, 'WRONG_KEY_KIND']);
  });

  test('and a personal token on the data plane likewise', async () => {
    const reply = await house.request('GET', '/v1/models', { token: ben.token });
    expect([reply.status, reply.body.error?.['code']]).toEqual([401, 'wrong_key_kind']);
  });
});

describe('a session', () => {
  test('reads from anywhere, since a reader on another site is kept from the answer', async () => {
    expect((await me({ cookie })).status).toBe(200);
    const foreign = await me({ cookie, origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' });
    expect([foreign.status, foreign.headers.get('access-control-allow-origin')]).toEqual([200, null]);
  });

  test.each([
    ['its own origin', () => ({ origin: house.url })],
    ['the word of the browser', () => ({ 'sec-fetch-site': 'same-origin' })],
    ['both', () => ({ origin: house.url, 'sec-fetch-site': 'same-origin' })],
  ])('changes with %s', async (_, headersOf) => {
    expect((await change(headersOf())).status).toBe(200);
  });

  test.each([
    ['another origin', { origin: 'https://evil.example' }],
    ['another port of this machine', { origin: 'http://127.0.0.1:1' }],
    ['another scheme', { origin: 'https://127.0.0.1' }],
    ['no origin at all', {}],
    ['the origin of a sandbox', { origin: 'null' }],
    ['an origin that is none', { origin: 'nonsense' }],
    ['the word of the browser that it is another site', { 'sec-fetch-site': 'cross-site' }],
    ['a sister site', { 'sec-fetch-site': 'same-site' }],
    ['an address that was typed', { 'sec-fetch-site': 'none' }],
  ])('does not change with %s', async (_, headers) => {
    expect(said(await change(headers))).toEqual([403, 'CSRF_REFUSED']);
  });

  test('does not change when the browser says another site, whatever origin comes with it', async () => {
    expect(said(await change({ origin: house.url, 'sec-fetch-site': 'cross-site' }))).toEqual([403, 'CSRF_REFUSED']);
  });

  test('does not change for a request without a host and an origin without one', async () => {
    const status = await new Promise<number>((resolve, reject) => {
      const sent = request(
        `${house.url}/api/me`,
        { method: 'PATCH', setHost: false, headers: { cookie, origin: 'null', 'content-type': 'application/json' } },
        (answer) => {
          answer.resume();
          resolve(answer.statusCode ?? 0);
        },
      );
      sent.on('error', reject);
      sent.end('{"theme":"dark"}');
    });
    expect([400, 403]).toContain(status);
  });

  test('needs no such word with a personal token, which no browser sends by itself', async () => {
    const reply = await house.request('PATCH', '/api/me', {
      token: ben.token,
      body: { theme: 'light' },
      headers: { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
    });
    expect(reply.status).toBe(200);
  });

  test("of nobody is nobody's", async () => {
    for (const text of ['x', `${cookie}x`, cookie.replace(/=.*/, '=made-up.signature'), ''])
      expect((await me({ cookie: text })).status).toBe(401);
  });
});

describe('refused attempts', () => {
  test('are in the audit log with who, where from and what, and without what they carried', async () => {
    await house.request('DELETE', '/api/tokens/01890a5d-ac96-774b-bcce-b302099a8057', {
      token: accessKey,
      headers: { 'user-agent': 'curious/1' },
    });
    const rows = await house.database.db
      .selectFrom('audit_entries')
      .selectAll()
      .where('action', '=', 'access.refused')
      .where('error_code', '=', 'WRONG_KEY_KIND')
      .where('agent', '=', 'curious/1')
      .execute();
    expect(rows).toMatchObject([
      {
        outcome: 'refused',
        actor_id: null,
        via: 'anonymous',
        subject_name: expect.stringMatching(/^DELETE \/api\/tokens\/:/) as string,
        address: '127.0.0.1',
      },
    ]);
    expect(JSON.stringify(rows)).not.toContain(accessKey.slice(6, 30));
  });
});

describe('requireAccess', () => {
  const actor = (role: Actor['role']): Actor => ({
    userId: 'u',
    email: 'e',
    name: 'n',
    role,
    organizationId: 'o',
    workspaces: new Map(),
    language: 'en',
    via: 'token',
  });
  const outcome = (access: Access, who: Actor | null): string => {
    try {
      requireAccess(access, who);
      return 'passes';
    } catch (error) {
      return error instanceof Refusal ? error.code : 'throws';
    }
  };

  test.each<[Access, string, string, string]>([
    ['open', 'passes', 'passes', 'passes'],
    ['signed-in', 'UNAUTHENTICATED', 'passes', 'passes'],
    ['administrator', 'UNAUTHENTICATED', 'FORBIDDEN', 'passes'],
  ])('%s: a stranger %s, a user %s, an administrator %s', (access, stranger, user, administrator) => {
    expect([outcome(access, null), outcome(access, actor('user')), outcome(access, actor('administrator'))]).toEqual([
      stranger,
      user,
      administrator,
    ]);
  });
});

test('the first resident of the house is its administrator', () => {
  expect(ada.actor.role).toBe('administrator');
});
