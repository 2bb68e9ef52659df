/** Personal tokens below the face: they belong to one person, carry that person's rights of the moment, and end for good. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Caller } from '../../src/control/change.ts';
import { checksumOf, hashOfKey, issueKey } from '../../src/control/issued-key.ts';
import { changeUser } from '../../src/control/people/users.ts';
import { createToken, listTokens, revokeToken } from '../../src/control/personal-tokens.ts';
import { openHouse, origin, type House, type Resident } from '../support/house.ts';

let house: House;
let admin: Resident;
let user: Resident;
const by = (who: Resident): Caller => ({ actor: who.actor, origin });
const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'done',
    (error: { code?: unknown }) => error.code ?? error,
  );
const make = (who: Resident, name = 'token', expiresAtMs: number | null = null) => createToken(house.deps, by(who), { name, expiresAtMs });
const whoIs = async (token: string): Promise<number> => (await house.request('GET', '/api/me', { token })).status;

beforeAll(async () => {
  house = await openHouse();
  admin = await house.createResident('Admin', 'administrator');
  user = await house.createResident('User');
});
afterAll(() => house.close());

test('a token works with the answer that shows it, and only its hash is kept', async () => {
  const { token, text } = await make(user);
  expect(await whoIs(text)).toBe(200);
  const rows = await house.database.db.selectFrom('personal_tokens').selectAll().where('id', '=', token.id).execute();
  expect(rows).toMatchObject([{ hash: hashOfKey(text), last4: text.slice(-4), user_id: user.id, revoked_at: null }]);
  const audit = await house.database.db.selectFrom('audit_entries').selectAll().where('subject_id', '=', token.id).execute();
  expect(JSON.stringify([rows, audit, token])).not.toContain(text.slice(7, -6));
  expect(audit).toMatchObject([{ action: 'token.create', owner_id: user.id, scope: 'user' }]);
});

test('keys that are issued differ in all but their prefix, and one wrong letter breaks the checksum', () => {
  const keys = Array.from({ length: 200 }, () => issueKey(house.deps.ids, 'pat-pb-'));
  expect(new Set(keys.map(({ hash }) => hash)).size).toBe(200);
  for (const { text, hash, last4 } of keys) {
    expect([hash, last4]).toEqual([hashOfKey(text), text.slice(-4)]);
    const body = text.slice(0, -6);
    expect(text.slice(-6)).toBe(checksumOf(body));
    const mistyped = body.endsWith('A') ? 'B' : 'A';
    expect(checksumOf(body.slice(0, -1) + mistyped)).not.toBe(text.slice(-6));
  }
});

test('nobody ends a token of somebody else, an administrator neither', async () => {
  const { token, text } = await make(user);
  expect(await codeOf(revokeToken(house.deps, by(admin), token.id))).toBe('NOT_FOUND');
  expect(await whoIs(text)).toBe(200);
  expect(await codeOf(revokeToken(house.deps, by(user), token.id))).toBe('done');
  expect(await whoIs(text)).toBe(401);
  expect(await codeOf(revokeToken(house.deps, by(user), token.id))).toBe('NOT_FOUND');
});

test('of many revocations at once one is made and noted, the others find nothing', async () => {
  const { token } = await make(user);
  const outcomes = await Promise.all(Array.from({ length: 8 }, () => codeOf(revokeToken(house.deps, by(user), token.id))));
  expect(outcomes.filter((outcome) => outcome === 'done')).toHaveLength(1);
  expect(outcomes.filter((outcome) => outcome === 'NOT_FOUND')).toHaveLength(7);
  const noted = await house.database.db
    .selectFrom('audit_entries')
    .select('id')
    .where('subject_id', '=', token.id)
    .where('action', '=', 'token.revoke')
    .execute();
  expect(noted).toHaveLength(1);
});

test('an end in the past, and what is no id, are refused; nothing is written', async () => {
  const count = async (): Promise<number> => (await house.database.db.selectFrom('personal_tokens').select('id').execute()).length;
  const before = await count();
  for (const at of [0, -1, house.deps.clock.nowMs()]) expect(await codeOf(make(user, 'late', at))).toBe('VALIDATION_ERROR');
  for (const id of ['', 'x', '\0', house.deps.ids.uuid()]) expect(await codeOf(revokeToken(house.deps, by(user), id))).toBe('NOT_FOUND');
  expect(await count()).toBe(before);
});

test('the list holds the own living ones, newest first, a page at a time', async () => {
  const person = await house.createResident('Collector');
  const made: string[] = [];
  for (const name of ['a', 'b', 'c', 'd']) made.unshift((await make(person, name)).token.id);
  await revokeToken(house.deps, by(person), made[1]!);
  const names = (await listTokens(house.deps, person.actor, { limit: 10 })).map(({ name }) => name);
  expect(names).toEqual(['d', 'b', 'a', 'test']);
  const first = await listTokens(house.deps, person.actor, { limit: 2 });
  const rest = await listTokens(house.deps, person.actor, { limit: 2, cursor: first[1]!.id });
  expect([...first, ...rest].map(({ name }) => name)).toEqual(names);
  expect((await listTokens(house.deps, admin.actor, { limit: 500 })).map(({ userId }) => userId)).not.toContain(person.id);
});

test('a token is dead while its person is disabled, lives again with them, and loses what they lose', async () => {
  const person = await house.createResident('Moving', 'administrator');
  const { text } = await make(person);
  const users = async (): Promise<number> => (await house.request('GET', '/api/admin/users', { token: text })).status;
  expect(await users()).toBe(200);
  await changeUser(house.deps, by(admin), person.id, { role: 'user' });
  expect(await users()).toBe(403);
  await changeUser(house.deps, by(admin), person.id, { disabled: true });
  expect(await whoIs(text)).toBe(401);
  await changeUser(house.deps, by(admin), person.id, { disabled: false });
  expect(await whoIs(text)).toBe(200);
});
