/** Sign-in, sign-out, sessions and passwords, through the front door. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock, type Clock } from '../../src/lib/clock.ts';
import { createDatabase as createPostgresDatabase, needs } from '../support/postgres.ts';
import { cookieOf, openHouse, type House, type Reply, type Resident } from '../support/house.ts';
import { secondsOfMinute } from '../support/wait.ts';

/** A clock that tests can put forward. */
let skewMs = 0;
const clock: Clock = { ...systemClock, nowMs: () => systemClock.nowMs() + skewMs, monotonicMs: () => systemClock.monotonicMs() + skewMs };
/** No guess of an earlier test counts any more. */
const forgetGuesses = (): void => void (skewMs += 61_000);

let house: House;
let ada: Resident;
let ben: Resident;

beforeAll(async () => {
  house = await openHouse({ clock, trustedProxies: ['127.0.0.1'] });
  ada = await house.createResident('Ada');
  ben = await house.createResident('Ben');
});
afterAll(() => house.close());

const signIn = (email: string, password: string, headers?: Record<string, string>): Promise<Reply> =>
  house.request('POST', '/api/auth/sign-in/email', { body: { email, password }, ...(headers ? { headers } : {}) });
const whoIs = async (cookie: string): Promise<number> => (await house.request('GET', '/api/me', { cookie })).status;
const audit = (action: string) =>
  house.database.db
    .selectFrom('audit_entries')
    .selectAll()
    .where('action', '=', action)
    .orderBy('at', 'desc')
    .orderBy('id', 'desc')
    .execute();
/** An address of its own for each test that guesses, as a proxy would report it. */
let address = 1;
const from = (ip = `203.0.113.${address++}`): Record<string, string> => ({ 'x-forwarded-for': ip });

describe('POST /api/auth/sign-in/email', () => {
  test('200 gives a cookie that scripts cannot read and other sites do not send, for 30 days', async () => {
    const reply = await signIn(ada.email.toUpperCase(), ada.password);
    expect(reply.status).toBe(200);
    expect(reply.body).toEqual({ success: true, data: { user: { id: ada.id, name: 'Ada', email: ada.email }, secondFactor: false } });
    const [cookie, ...others] = reply.headers.getSetCookie();
    expect(others).toEqual([]);
    expect(cookie).toMatch(/^patchbay\.session_token=[^;]{40,}; Max-Age=2592000; Path=\/; HttpOnly; SameSite=Lax$/);
    expect(await whoIs(cookieOf(reply))).toBe(200);
    expect((await audit('session.sign-in'))[0]).toMatchObject({ outcome: 'success', actor_id: ada.id, subject_name: ada.email });
  });

  test('200 and another session each time; the one that the browser had before is dead', async () => {
    const first = await signIn(ada.email, ada.password);
    const second = await house.request('POST', '/api/auth/sign-in/email', {
      body: { email: ada.email, password: ada.password },
      cookie: cookieOf(first),
    });
    expect(cookieOf(second)).not.toBe(cookieOf(first));
    expect(await whoIs(cookieOf(first))).toBe(401);
    expect(await whoIs(cookieOf(second))).toBe(200);
  });

  test('200 never adopts a session id that was planted before', async () => {
    const planted = 'patchbay.session_token=planted.c2lnbmF0dXJl';
    const reply = await house.request('POST', '/api/auth/sign-in/email', {
      body: { email: ada.email, password: ada.password },
      cookie: planted,
    });
    expect(reply.status).toBe(200);
    expect(cookieOf(reply)).not.toContain('planted');
    expect(await whoIs(planted)).toBe(401);
  });

  test('400 for a field that is missing, unknown or too long', async () => {
    const bad = [
      { email: ada.email },
      { email: ada.email, password: 'x'.repeat(129) },
      { email: ada.email, password: 'x', callbackURL: 'https://evil.example' },
      {},
      [],
    ];
    for (const body of bad) {
      const reply = await house.request('POST', '/api/auth/sign-in/email', { body });
      expect([reply.status, reply.body.error_code], JSON.stringify(body)).toEqual([400, 'VALIDATION_ERROR']);
    }
  });

  test('400 for a body that is no JSON, 415 for a form', async () => {
    const broken = await house.request('POST', '/api/auth/sign-in/email', { body: '{"email":' });
    expect([broken.status, broken.body.error_code]).toEqual([400, 'MALFORMED_JSON']);
    const form = { body: 'email=a&password=b', headers: { 'content-type': 'application/x-www-form-urlencoded' } };
    expect((await house.request('POST', '/api/auth/sign-in/email', form)).status).toBe(415);
  });

  test('401 says the same for a wrong password, an unknown address and a disabled person', async () => {
    const gone = await house.createResident('Gone');
    await house.request('PATCH', `/api/admin/users/${gone.id}`, { token: ada.token, body: { disabled: true } });
    const headers = from();
    const replies = [
      await signIn(ada.email, 'not the password', headers),
      await signIn('nobody@example.org', 'not the password', headers),
      await signIn(gone.email, gone.password, headers),
    ];
    for (const reply of replies) {
      expect(reply.status).toBe(401);
      expect(reply.headers.getSetCookie()).toEqual([]);
      expect(reply.bodyWithoutId).toEqual(replies[0]!.bodyWithoutId);
    }
    expect(replies[0]!.body.error_code).toBe('SIGN_IN_REFUSED');
    const [latest] = await audit('session.sign-in');
    expect(latest).toMatchObject({ outcome: 'refused', error_code: 'SIGN_IN_REFUSED', actor_id: null, subject_name: gone.email });
    expect(JSON.stringify(await audit('session.sign-in'))).not.toContain('not the password');
    expect(await house.database.db.selectFrom('sessions').selectAll().where('user_id', '=', gone.id).execute()).toEqual([]);
  });

  test('401 speaks the language of the caller', async () => {
    const reply = await signIn(ada.email, 'salah', { ...from(), 'accept-language': 'id-ID,id;q=0.9' });
    expect(reply.at('message')).toContain('kata sandi');
  });

  test('403 from the page of another site, with or without a cookie', async () => {
    const foreign: Record<string, string>[] = [
      { origin: 'https://evil.example' },
      { 'sec-fetch-site': 'cross-site' },
      { origin: 'null' },
      { 'sec-fetch-site': 'same-site' },
    ];
    for (const headers of foreign) {
      const reply = await signIn(ada.email, ada.password, headers);
      expect([reply.status, reply.body.error_code], JSON.stringify(headers)).toEqual([403, 'CSRF_REFUSED']);
      expect(reply.headers.getSetCookie()).toEqual([]);
    }
  });

  test('429 after five wrong guesses a minute for one account, also for the right password, until the minute is over', async () => {
    forgetGuesses();
    const leftS = secondsOfMinute();
    for (let guess = 1; guess <= 5; guess += 1) expect((await signIn(ben.email, `guess ${guess}`, from())).status).toBe(401);
    const reply = await signIn(ben.email, ben.password, from());
    expect([reply.status, reply.body.error_code]).toEqual([429, 'RATE_LIMITED']);
    expect(Number(reply.headers.get('retry-after'))).toBeGreaterThanOrEqual(leftS());
    expect((await signIn(ada.email, ada.password, from())).status).toBe(200);
    forgetGuesses();
    expect((await signIn(ben.email, ben.password, from())).status).toBe(200);
  });

  test('429 for many guesses at once: no more of them are looked at than one after the other', async () => {
    forgetGuesses();
    const statuses = await Promise.all(Array.from({ length: 12 }, async (_, n) => (await signIn(ben.email, `guess ${n}`, from())).status));
    expect(statuses.filter((status) => status === 401)).toHaveLength(5);
    expect(statuses.filter((status) => status === 429)).toHaveLength(7);
    forgetGuesses();
  });

  test('429 after twenty wrong guesses from one address, where a /64 of IPv6 is one address', async () => {
    const places = [
      () => '198.51.100.7',
      (n: number) => `2001:db8:1:2::${n.toString(16)}`,
      (n: number) => (n % 2 ? '::ffff:198.51.100.9' : '198.51.100.9'),
      // A proxy that names the port too, which is another one on each line.
      (n: number) => `198.51.100.10:${40_000 + n}`,
    ];
    for (const place of places) {
      forgetGuesses();
      for (let n = 1; n <= 20; n += 1) expect((await signIn(`nobody${n}@example.org`, 'guess', from(place(n)))).status).toBe(401);
      expect((await signIn(ada.email, ada.password, from(place(21)))).status).toBe(429);
      expect((await signIn(ada.email, ada.password, from('2001:db8:1:3::1'))).status).toBe(200);
      expect((await signIn(ada.email, ada.password, from('203.0.113.250:443'))).status).toBe(200);
    }
    forgetGuesses();
  });

  test('right passwords are no guesses: a person may sign in as often as they like', async () => {
    for (let n = 1; n <= 7; n += 1) expect((await signIn(ben.email, ben.password)).status).toBe(200);
  });
});

describe('GET /api/auth/get-session', () => {
  test('200 with the session behind the cookie, or null', async () => {
    const cookie = await house.signIn(ada);
    const reply = await house.request('GET', '/api/auth/get-session', { cookie });
    expect(reply.body.data).toMatchObject({ user: { id: ada.id } });
    const days = (Date.parse(reply.at('data.session.expiresAt')) - systemClock.nowMs()) / 86_400_000;
    expect(days).toBeGreaterThan(29.9);
    expect(days).toBeLessThan(30.1);
    expect((await house.request('GET', '/api/auth/get-session')).body).toEqual({ success: true, data: null });
    expect((await house.request('GET', '/api/auth/get-session', { token: ada.token })).body).toEqual({ success: true, data: null });
  });

  test('401 for a token that is none', async () => {
    expect((await house.request('GET', '/api/auth/get-session', { token: 'pat-pb-dead' })).status).toBe(401);
  });

  test('200 and null for a cookie with another signature, and for one that is cut', async () => {
    const cookie = await house.signIn(ada);
    for (const forged of [`${cookie.slice(0, -6)}AAAA%3D`, cookie.slice(0, 40), cookie.split('.').slice(0, 2).join('.')])
      expect((await house.request('GET', '/api/auth/get-session', { cookie: forged })).body.data, forged).toBeNull();
  });
});

describe('POST /api/auth/sign-out', () => {
  test('401 for a token that is none', async () => {
    expect((await house.request('POST', '/api/auth/sign-out', { token: 'pat-pb-dead' })).status).toBe(401);
  });

  test('200 ends the session at once and takes the cookie away', async () => {
    const cookie = await house.signIn(ada);
    const reply = await house.request('POST', '/api/auth/sign-out', { cookie });
    expect(reply.status).toBe(200);
    expect(reply.headers.getSetCookie()[0]).toContain('Max-Age=0');
    expect(await whoIs(cookie)).toBe(401);
    expect((await audit('session.sign-out'))[0]).toMatchObject({ actor_id: ada.id, outcome: 'success' });
  });

  test('200 where there is no session to end', async () => {
    expect((await house.request('POST', '/api/auth/sign-out')).status).toBe(200);
  });

  test('403 from the page of another site, and the session lives on', async () => {
    const cookie = await house.signIn(ada);
    expect((await house.request('POST', '/api/auth/sign-out', { cookie, headers: { origin: 'https://evil.example' } })).status).toBe(403);
    expect(await whoIs(cookie)).toBe(200);
  });
});

describe('POST /api/auth/change-password', () => {
  const change = (sent: Parameters<House['request']>[2]): Promise<Reply> => house.request('POST', '/api/auth/change-password', sent);

  test('200 ends every session and starts a new one; the new password opens, the old one does not', async () => {
    const eve = await house.createResident('Eve');
    const [here, elsewhere] = [await house.signIn(eve), await house.signIn(eve)];
    const reply = await change({ cookie: here, body: { currentPassword: eve.password, newPassword: 'an even longer password' } });
    expect(reply.status).toBe(200);
    expect(await Promise.all([here, elsewhere, cookieOf(reply)].map(whoIs))).toEqual([401, 401, 200]);
    expect((await signIn(eve.email, eve.password, from())).status).toBe(401);
    expect((await signIn(eve.email, 'an even longer password', from())).status).toBe(200);
    const entries = await audit('user.password');
    expect(entries[0]).toMatchObject({ actor_id: eve.id, outcome: 'success' });
    expect(JSON.stringify(entries)).not.toContain('longer password');
  });

  test('400 where the current password is wrong, and nothing changes', async () => {
    const cookie = await house.signIn(ben);
    const reply = await change({ cookie, body: { currentPassword: 'wrong', newPassword: 'an even longer password' } });
    expect(reply.status).toBe(400);
    expect(reply.body.details).toMatchObject([{ path: 'currentPassword', code: 'wrong' }]);
    expect((await audit('user.password'))[0]).toMatchObject({ actor_id: ben.id, outcome: 'refused' });
    expect(await whoIs(cookie)).toBe(200);
  });

  test('400 for a new password below 8 or above 128 characters', async () => {
    const cookie = await house.signIn(ben);
    for (const newPassword of ['1234567', 'x'.repeat(129)])
      expect((await change({ cookie, body: { currentPassword: ben.password, newPassword } })).status).toBe(400);
  });

  test('401 without a session', async () => {
    expect((await change({ body: { currentPassword: ben.password, newPassword: 'an even longer password' } })).status).toBe(401);
  });

  test('403 for a personal token, which would outgrow itself', async () => {
    expect(
      (await change({ token: ben.token, body: { currentPassword: ben.password, newPassword: 'an even longer password' } })).status,
    ).toBe(403);
  });

  test('429 when the current password is guessed', async () => {
    forgetGuesses();
    const cookie = await house.signIn(ben);
    const guess = (): Promise<Reply> => change({ cookie, body: { currentPassword: 'a guess', newPassword: 'an even longer password' } });
    for (let n = 1; n <= 5; n += 1) expect((await guess()).status).toBe(400);
    expect((await guess()).status).toBe(429);
    forgetGuesses();
  });
});

describe('the other paths of the library', () => {
  test('404: nobody can sign up, reset, delete or list by way of it', async () => {
    const cookie = await house.signIn(ada);
    for (const path of [
      'sign-up/email',
      'update-user',
      'delete-user',
      'list-sessions',
      'revoke-session',
      'request-password-reset',
      'sign-in/social',
      'ok',
      'change-email',
    ]) {
      for (const method of ['GET', 'POST']) {
        const reply = await house.request(method, `/api/auth/${path}`, {
          cookie,
          ...(method === 'POST' ? { body: { email: 'x@example.org', password: 'long enough', name: 'X' } } : {}),
        });
        expect([reply.status, reply.body.error_code], `${method} ${path}`).toEqual([404, 'ROUTE_NOT_FOUND']);
      }
    }
  });

  test('passwords are kept as Argon2id and nowhere in the clear', async () => {
    const accounts = await house.database.db.selectFrom('accounts').select('password').execute();
    for (const { password } of accounts) expect(password).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(JSON.stringify(accounts)).not.toContain(ada.password);
    expect(house.logged.join('')).not.toContain(ada.password);
  });
});

describe('a session used for a change', () => {
  test('403 without a word from the browser about where the page came from', async () => {
    const cookie = await house.signIn(ada);
    const foreign: Record<string, string>[] = [
      { origin: '' },
      { origin: 'https://evil.example' },
      { origin: house.url, 'sec-fetch-site': 'cross-site' },
    ];
    for (const headers of foreign) {
      const reply = await house.request('PATCH', '/api/me', { cookie, body: { name: 'Evil' }, headers });
      expect([reply.status, reply.body.error_code]).toEqual([403, 'CSRF_REFUSED']);
    }
  });
});

test('behind https the cookie is bound to the host and sent over TLS only', async () => {
  const secure = await openHouse({ publicUrl: 'https://patchbay.example.org' });
  try {
    const person = await secure.createResident('Sam');
    const reply = await secure.request('POST', '/api/auth/sign-in/email', { body: { email: person.email, password: person.password } });
    expect(reply.headers.getSetCookie()[0]).toMatch(
      /^__Host-patchbay\.session_token=[^;]+; Max-Age=2592000; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    );
    expect((await secure.request('GET', '/api/me', { cookie: cookieOf(reply) })).status).toBe(200);
  } finally {
    await secure.close();
  }
});

needs('postgres')('on PostgreSQL', () => {
  test('people set up, sign in, change their password and are disabled as on the embedded database', async () => {
    const other = await openHouse({ databaseUrl: await createPostgresDatabase() });
    try {
      const [admin, person] = [await other.createResident('Ada'), await other.createResident('Ben')];
      const cookie = await other.signIn(person);
      const sessions = await other.request('GET', '/api/me/sessions', { cookie });
      expect(sessions.body.data).toMatchObject([{ isCurrent: true, address: '127.0.0.1' }]);
      const changed = await other.request('POST', '/api/auth/change-password', {
        cookie,
        body: { currentPassword: person.password, newPassword: 'another password' },
      });
      expect(changed.status).toBe(200);
      expect((await other.request('GET', '/api/me', { cookie: cookieOf(changed) })).status).toBe(200);
      const twice = await other.request('POST', '/api/admin/users', { token: admin.token, body: { email: person.email, name: 'Twin' } });
      expect([twice.status, twice.body.error_code]).toEqual([409, 'EMAIL_EXISTS']);
      expect((await other.request('GET', '/api/admin/users?q=BEN', { token: admin.token })).body.data).toMatchObject([{ id: person.id }]);
      expect((await other.request('PATCH', `/api/admin/users/${person.id}`, { token: admin.token, body: { disabled: true } })).status).toBe(
        200,
      );
      expect((await other.request('GET', '/api/me', { cookie: cookieOf(changed) })).status).toBe(401);
      const last = await other.request('PATCH', `/api/admin/users/${admin.id}`, { token: admin.token, body: { role: 'user' } });
      expect([last.status, last.body.error_code]).toEqual([409, 'LAST_ADMINISTRATOR']);
    } finally {
      await other.close();
    }
  });
});

test('while the database is away a session says 503 and not 401, so that nobody is thrown out of the page for it', async () => {
  const other = await openHouse();
  const person = await other.createResident('Sam');
  const cookie = await other.signIn(person);
  await other.close();
  await expect(other.deps.auth.userIdOf({ cookie })).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE', status: 503 });
  await expect(other.deps.auth.userIdOf({})).resolves.toBeNull();
  await expect(other.deps.auth.signIn({ requestId: '', address: '127.0.0.1', agent: '' }, person)).rejects.toMatchObject({
    name: 'StorageUnavailable',
  });
});
