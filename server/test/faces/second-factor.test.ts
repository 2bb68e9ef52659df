/** The second factor, through the front door: setting it up, signing in with it, losing it. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { systemClock, type Clock } from '../../src/lib/clock.ts';
import { codeAt, freshCode, wrongCode } from '../support/authenticator.ts';
import { cookieOf, openHouse, type House, type Reply, type Resident } from '../support/house.ts';

/** Guesses are counted by this clock alone: each test begins with none. */
let skewMs = 0;
const clock: Clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + skewMs };
beforeEach(() => {
  skewMs += 61_000;
});

let house: House;
let ada: Resident;
let count = 0;
beforeAll(async () => {
  house = await openHouse({ clock });
  ada = await house.createResident('Ada');
});
afterAll(() => house.close());

test('the authenticator of these tests shows the codes of RFC 6238, appendix B', () => {
  const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
  expect([59_000, 1_111_111_109_000, 1_234_567_890_000, 20_000_000_000_000].map((atMs) => codeAt(secret, atMs))).toEqual([
    '287082',
    '081804',
    '005924',
    '353130',
  ]);
});

const someone = (): Promise<Resident> => house.createResident(`Somebody${(count += 1)}`);
const post = (path: string, body: unknown, cookie?: string): Promise<Reply> =>
  house.request('POST', path, { body, ...(cookie === undefined ? {} : { cookie }) });
const signInOf = ({ email, password }: Resident) => post('/api/auth/sign-in/email', { email, password });
const secondStep = (body: unknown, cookie: string) => post('/api/auth/sign-in/second-step', body, cookie);
const me = async (cookie: string): Promise<number> => (await house.request('GET', '/api/me', { cookie })).status;
const auditOf = (userId: string) =>
  house.database.db
    .selectFrom('audit_entries')
    .select(['action', 'outcome', 'error_code'])
    .where('subject_id', '=', userId)
    .orderBy('id')
    .execute();

interface Enrolled {
  person: Resident;
  cookie: string;
  secret: string;
  recoveryCodes: string[];
}

/** Somebody whose second factor is on; the session that turned it on is the cookie. */
async function enrolled(): Promise<Enrolled> {
  const person = await someone();
  const cookie = await house.signIn(person);
  const begun = await post('/api/me/second-factor', { password: person.password }, cookie);
  expect(begun.status, begun.text).toBe(201);
  const secret = begun.at('data.secret');
  const confirmed = await post('/api/me/second-factor/confirm', { code: freshCode(secret) }, cookie);
  expect(confirmed.status, confirmed.text).toBe(200);
  return { person, cookie: cookieOf(confirmed), secret, recoveryCodes: [...begun.body.data!['recoveryCodes']!] as unknown as string[] };
}

describe('POST /api/me/second-factor', () => {
  test('401 for nobody', async () => {
    expect((await post('/api/me/second-factor', { password: ada.password })).status).toBe(401);
  });

  test('403 for a personal token, which must not outgrow itself', async () => {
    const reply = await house.request('POST', '/api/me/second-factor', { token: ada.token, body: { password: ada.password } });
    expect([reply.status, reply.body.error_code]).toEqual([403, 'FORBIDDEN']);
  });

  test('201 shows a secret and ten recovery codes once; nothing is on yet, and at rest all of it is encrypted', async () => {
    const person = await someone();
    const cookie = await house.signIn(person);
    const reply = await post('/api/me/second-factor', { password: person.password }, cookie);
    expect(reply.status).toBe(201);
    const secret = reply.at('data.secret');
    expect(reply.at('data.uri')).toMatch(/^otpauth:\/\/totp\/Patchbay/);
    expect(new URL(reply.at('data.uri')).searchParams.get('secret')).toBe(secret);
    const codes = [...reply.body.data!['recoveryCodes']!] as unknown as string[];
    expect(new Set(codes).size).toBe(10);
    const row = await house.database.db.selectFrom('two_factors').selectAll().where('user_id', '=', person.id).executeTakeFirstOrThrow();
    const dump = JSON.stringify(row);
    for (const text of [secret, ...codes]) expect(dump).not.toContain(text);
    // Until a code was seen the password alone signs in.
    expect((await signInOf(person)).body.data).toMatchObject({ user: { id: person.id }, secondFactor: false });
    expect((await house.request('GET', '/api/me', { cookie })).body.data).toMatchObject({ hasSecondFactor: false });
    expect(house.logged.join('')).not.toContain(secret);
  });

  test('400 with a wrong password, at its field', async () => {
    const cookie = await house.signIn(await someone());
    const reply = await post('/api/me/second-factor', { password: 'not it' }, cookie);
    expect([reply.status, reply.body.details]).toMatchObject([400, [{ path: 'password', code: 'wrong' }]]);
    expect((await post('/api/me/second-factor', {}, cookie)).status).toBe(400);
  });

  test('409 where one is on already', async () => {
    const { person, cookie } = await enrolled();
    const reply = await post('/api/me/second-factor', { password: person.password }, cookie);
    expect([reply.status, reply.body.error_code]).toEqual([409, 'SECOND_FACTOR_ON']);
  });

  test('429 after a few wrong passwords, also with the right one', async () => {
    const person = await someone();
    const cookie = await house.signIn(person);
    for (let tried = 0; tried < 5; tried += 1) await post('/api/me/second-factor', { password: 'not it' }, cookie);
    const reply = await post('/api/me/second-factor', { password: person.password }, cookie);
    expect(reply.status).toBe(429);
    expect(Number(reply.headers.get('retry-after'))).toBeGreaterThan(0);
  });
});

describe('POST /api/me/second-factor/confirm', () => {
  test('401 for nobody', async () => {
    expect((await post('/api/me/second-factor/confirm', { code: '123456' })).status).toBe(401);
  });

  test('403 for a personal token, which must not outgrow itself', async () => {
    const reply = await house.request('POST', '/api/me/second-factor/confirm', { token: ada.token, body: { code: '123456' } });
    expect([reply.status, reply.body.error_code]).toEqual([403, 'FORBIDDEN']);
  });

  test('200 turns it on: every other session ends, this one goes on under a new name', async () => {
    const person = await someone();
    const [here, there] = [await house.signIn(person), await house.signIn(person)];
    const secret = (await post('/api/me/second-factor', { password: person.password }, here)).at('data.secret');
    const confirmed = await post('/api/me/second-factor/confirm', { code: freshCode(secret) }, here);
    expect(confirmed.status).toBe(200);
    expect([await me(cookieOf(confirmed)), await me(there), await me(here)]).toEqual([200, 401, 401]);
    expect((await house.request('GET', '/api/me', { cookie: cookieOf(confirmed) })).body.data).toMatchObject({ hasSecondFactor: true });
    expect(await auditOf(person.id)).toEqual(
      expect.arrayContaining([{ action: 'second-factor.on', outcome: 'success', error_code: null }]),
    );
  });

  test('400 for a wrong code at its field, and for what is no code', async () => {
    const person = await someone();
    const cookie = await house.signIn(person);
    const secret = (await post('/api/me/second-factor', { password: person.password }, cookie)).at('data.secret');
    const reply = await post('/api/me/second-factor/confirm', { code: wrongCode(secret) }, cookie);
    expect([reply.status, reply.body.details]).toMatchObject([400, [{ path: 'code', code: 'wrong' }]]);
    for (const code of ['12345', 'abcdef', '', null, 123456]) {
      expect((await post('/api/me/second-factor/confirm', { code }, cookie)).status).toBe(400);
    }
    expect((await signInOf(person)).body.data).toMatchObject({ secondFactor: false });
  });

  test('409 where none was begun', async () => {
    const cookie = await house.signIn(await someone());
    const reply = await post('/api/me/second-factor/confirm', { code: '123456' }, cookie);
    expect([reply.status, reply.body.error_code]).toEqual([409, 'SECOND_FACTOR_OFF']);
  });

  test('429 after a few wrong codes', async () => {
    const person = await someone();
    const cookie = await house.signIn(person);
    const secret = (await post('/api/me/second-factor', { password: person.password }, cookie)).at('data.secret');
    const statuses: number[] = [];
    for (let tried = 0; tried < 6; tried += 1)
      statuses.push((await post('/api/me/second-factor/confirm', { code: wrongCode(secret) }, cookie)).status);
    expect(statuses).toEqual([400, 400, 400, 400, 400, 429]);
  });
});

describe('POST /api/auth/sign-in/second-step', () => {
  test('200 with a code: until then there is no session at all', async () => {
    const { person, secret } = await enrolled();
    const first = await signInOf(person);
    expect([first.status, first.body.data]).toEqual([200, { user: null, secondFactor: true }]);
    const half = cookieOf(first);
    expect(await me(half)).toBe(401);
    const code = freshCode(secret);
    const second = await secondStep({ code: `${code.slice(0, 3)} ${code.slice(3)}` }, half);
    expect([second.status, second.body.data]).toMatchObject([200, { user: { id: person.id } }]);
    expect(await me(cookieOf(second))).toBe(200);
    // The half-done sign-in is used up.
    expect((await secondStep({ code: freshCode(secret) }, half)).body.error_code).toBe('SIGN_IN_EXPIRED');
  });

  test('200 with a recovery code, once', async () => {
    const { person, recoveryCodes } = await enrolled();
    const used = await secondStep({ recoveryCode: ` ${recoveryCodes[0]} ` }, cookieOf(await signInOf(person)));
    expect(used.status).toBe(200);
    const again = await secondStep({ recoveryCode: recoveryCodes[0] }, cookieOf(await signInOf(person)));
    expect([again.status, again.body.error_code]).toEqual([401, 'SECOND_FACTOR_REFUSED']);
    expect((await secondStep({ recoveryCode: recoveryCodes[1] }, cookieOf(await signInOf(person)))).status).toBe(200);
  });

  test('400 without a code, with both kinds, or with other fields', async () => {
    const { person } = await enrolled();
    const half = cookieOf(await signInOf(person));
    for (const body of [
      {},
      { code: '12' },
      { code: '123456', recoveryCode: 'x' },
      { code: '123456', trustDevice: true },
      { recoveryCode: '' },
    ])
      expect((await secondStep(body, half)).status, JSON.stringify(body)).toBe(400);
  });

  test('401 for a wrong code, and for a right one that was used already', async () => {
    const { person, secret } = await enrolled();
    const wrong = await secondStep({ code: wrongCode(secret) }, cookieOf(await signInOf(person)));
    expect([wrong.status, wrong.body.error_code, wrong.headers.getSetCookie()]).toMatchObject([401, 'SECOND_FACTOR_REFUSED', []]);
    const code = freshCode(secret);
    expect((await secondStep({ code }, cookieOf(await signInOf(person)))).status).toBe(200);
    const replayed = await secondStep({ code }, cookieOf(await signInOf(person)));
    expect([replayed.status, replayed.body.error_code]).toEqual([401, 'SECOND_FACTOR_REFUSED']);
    expect(await me(cookieOf(replayed))).toBe(401);
  });

  test('401 without the first step, with a made-up cookie, and with somebody else’s session beside it', async () => {
    const { person, secret } = await enrolled();
    const code = freshCode(secret);
    for (const cookie of ['', 'patchbay.two_factor=made.up', await house.signIn(ada)]) {
      const reply = await secondStep({ code }, cookie);
      expect([reply.status, reply.body.error_code]).toEqual([401, 'SIGN_IN_EXPIRED']);
    }
    // Whoever was signed in in this browser before is signed out by whoever comes in.
    const before = await house.signIn(ada);
    const second = await secondStep({ code }, `${before}; ${cookieOf(await signInOf(person))}`);
    expect(second.body.data).toMatchObject({ user: { id: person.id } });
    expect(await me(before)).toBe(401);
  });

  test('401 for somebody who was disabled between the two steps', async () => {
    const { person, secret } = await enrolled();
    const half = cookieOf(await signInOf(person));
    await house.request('PATCH', `/api/admin/users/${person.id}`, { token: ada.token, body: { disabled: true } });
    const reply = await secondStep({ code: freshCode(secret) }, half);
    expect([reply.status, reply.body.error_code]).toEqual([401, 'SIGN_IN_EXPIRED']);
  });

  test('403 from another site’s page', async () => {
    const headers = { 'sec-fetch-site': 'cross-site' };
    const reply = await house.request('POST', '/api/auth/sign-in/second-step', { body: { code: '123456' }, headers });
    expect([reply.status, reply.body.error_code]).toEqual([403, 'CSRF_REFUSED']);
  });

  test('429 after a few wrong codes in one sign-in, and one account is locked across sign-ins', async () => {
    const { person, secret } = await enrolled();
    const one = cookieOf(await signInOf(person));
    const busy: number[] = [];
    // Other cookies beside the one that counts do not make another sign-in of it.
    for (let tried = 0; tried < 7; tried += 1)
      busy.push((await secondStep({ code: wrongCode(secret) }, `a${tried}=two_factor=${tried}; ${one}; b=${tried}`)).status);
    expect(busy).toEqual([401, 401, 401, 401, 401, 429, 429]);
    skewMs += 60_000;
    const statuses: number[] = [];
    for (let sign = 0; sign < 3; sign += 1) {
      const half = cookieOf(await signInOf(person));
      for (let tried = 0; tried < 5; tried += 1) statuses.push((await secondStep({ code: wrongCode(secret) }, half)).status);
    }
    expect(statuses).toContain(429);
    // The right code does not open it either while it is locked.
    expect((await secondStep({ code: freshCode(secret) }, cookieOf(await signInOf(person)))).status).toBe(429);
  });
});

describe('POST /api/me/second-factor/recovery-codes', () => {
  test('401 for nobody', async () => {
    expect((await post('/api/me/second-factor/recovery-codes', { password: ada.password })).status).toBe(401);
  });

  test('403 for a personal token, which must not outgrow itself', async () => {
    const reply = await house.request('POST', '/api/me/second-factor/recovery-codes', {
      token: ada.token,
      body: { password: ada.password },
    });
    expect([reply.status, reply.body.error_code]).toEqual([403, 'FORBIDDEN']);
  });

  test('201 gives new ones; the old ones are void', async () => {
    // A house of its own: the guesses above have used up what one address may guess.
    const { person, cookie, recoveryCodes, of } = await elsewhere();
    const reply = await of.request('POST', '/api/me/second-factor/recovery-codes', { cookie, body: { password: person.password } });
    expect(reply.status).toBe(201);
    const [next] = [...reply.body.data!['recoveryCodes']!] as unknown as string[];
    const { email, password } = person;
    const half = async () => cookieOf(await of.request('POST', '/api/auth/sign-in/email', { body: { email, password } }));
    const step = async (recoveryCode: string | undefined) =>
      (await of.request('POST', '/api/auth/sign-in/second-step', { cookie: await half(), body: { recoveryCode } })).status;
    expect([await step(recoveryCodes[0]), await step(next)]).toEqual([401, 200]);
    await of.close();
  });

  const ask = (password: string, cookie: string) => post('/api/me/second-factor/recovery-codes', { password }, cookie);

  test('400 with a wrong password, at its field', async () => {
    const { cookie } = await enrolled();
    const reply = await ask('not it', cookie);
    expect([reply.status, reply.body.details]).toMatchObject([400, [{ path: 'password', code: 'wrong' }]]);
  });

  test('409 where none is on', async () => {
    const without = await someone();
    expect((await ask(without.password, await house.signIn(without))).body.error_code).toBe('SECOND_FACTOR_OFF');
  });

  test('429 after a few wrong passwords', async () => {
    const { cookie } = await enrolled();
    const statuses: number[] = [];
    for (let tried = 0; tried < 6; tried += 1) statuses.push((await ask('not it', cookie)).status);
    expect(statuses).toEqual([400, 400, 400, 400, 400, 429]);
  });
});

describe('POST /api/me/second-factor/off', () => {
  test('401 for nobody', async () => {
    expect((await post('/api/me/second-factor/off', { password: ada.password })).status).toBe(401);
  });

  test('403 for a personal token, which must not outgrow itself', async () => {
    const reply = await house.request('POST', '/api/me/second-factor/off', { token: ada.token, body: { password: ada.password } });
    expect([reply.status, reply.body.error_code]).toEqual([403, 'FORBIDDEN']);
  });

  test('200 turns it off: the password alone signs in again', async () => {
    const { person, cookie, of } = await elsewhere();
    const off = (sent: string, password = person.password) =>
      of.request('POST', '/api/me/second-factor/off', { cookie: sent, body: { password } });
    const ended = await off(cookie);
    expect(ended.status).toBe(200);
    expect(await of.signIn(person)).toContain('session_token');
    expect(await of.database.db.selectFrom('two_factors').selectAll().execute()).toEqual([]);
    await of.close();
  });

  test('409 where none is on', async () => {
    const without = await someone();
    const cookie = await house.signIn(without);
    const reply = await post('/api/me/second-factor/off', { password: without.password }, cookie);
    expect([reply.status, reply.body.error_code]).toEqual([409, 'SECOND_FACTOR_OFF']);
    // Nothing was changed, so the session is the one it was.
    expect(await me(cookie)).toBe(200);
  });

  test('400 with a wrong password: it stays on', async () => {
    const { cookie } = await enrolled();
    expect((await post('/api/me/second-factor/off', { password: 'not it' }, cookie)).status).toBe(400);
    expect((await house.request('GET', '/api/me', { cookie })).body.data).toMatchObject({ hasSecondFactor: true });
  });

  test('429 after a few wrong passwords', async () => {
    const { cookie, of } = await elsewhere();
    const statuses: number[] = [];
    for (let tried = 0; tried < 6; tried += 1)
      statuses.push((await of.request('POST', '/api/me/second-factor/off', { cookie, body: { password: 'not it' } })).status);
    expect(statuses).toEqual([400, 400, 400, 400, 400, 429]);
    expect((await of.request('GET', '/api/me', { cookie })).body.data).toMatchObject({ hasSecondFactor: true });
    await of.close();
  });
});

/** As `enrolled`, in a house that nobody has guessed in. */
async function elsewhere(): Promise<Enrolled & { of: House }> {
  const of = await openHouse();
  const person = await of.createResident('Eve');
  const cookie = await of.signIn(person);
  const begun = await of.request('POST', '/api/me/second-factor', { cookie, body: { password: person.password } });
  const secret = begun.at('data.secret');
  const confirmed = await of.request('POST', '/api/me/second-factor/confirm', { cookie, body: { code: freshCode(secret) } });
  const recoveryCodes = [...begun.body.data!['recoveryCodes']!] as unknown as string[];
  return { of, person, secret, recoveryCodes, cookie: cookieOf(confirmed) };
}
