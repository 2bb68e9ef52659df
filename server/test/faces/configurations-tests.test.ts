/** S2's tests of a connection, saved and not yet, and key rotation, through the front door. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openConfigurationsHouse, type ConfigurationsHouse } from '../support/configurations-house.ts';
import { answersSeen, tracesOf } from '../support/connections-house.ts';
import type { Resident } from '../support/house.ts';

const key = 'sk-tested-0123456789abcdefQRST';
const wrongKey = 'sk-wrong-0123456789abcdefUVWX';
const randomId = '01890a5d-ac96-774b-bcce-b302099a8057';
let names = 0;

let home: ConfigurationsHouse;
let house: ConfigurationsHouse['house'];
let vendor: ConfigurationsHouse['vendor'];
let admin: ConfigurationsHouse['admin'];
let alice: ConfigurationsHouse['alice'];
let make: ConfigurationsHouse['make'];

beforeAll(async () => {
  home = await openConfigurationsHouse(key);
  ({ house, vendor, admin, alice, make } = home);
});

afterAll(() => home.close());

/** Tests are limited per person, so each case has its own. */
const person = (): Promise<Resident> => house.createResident(`Person${++names}`);

const testOf = (owner: Resident | null, id: string, query = '', body?: unknown) =>
  house.ask(owner, 'POST', `/api/configurations/${id}/test${query}`, body);
const rowOf = (id: string) => house.database.db.selectFrom('ai_configurations').selectAll().where('id', '=', id).executeTakeFirstOrThrow();

describe('POST /api/configurations/:id/test', () => {
  test('200 a connection that works, and the row remembers it without being changed', async () => {
    const owner = await person();
    const made = await make(owner);
    const before = await rowOf(made.id);
    const revision = house.deps.keeper.snapshot.revision;
    const answer = await testOf(owner, made.id);
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      success: true,
      data: { success: true, status: 'success', model: 'small-model', modelsFound: 2, errorCode: null, cached: false },
    });
    expect(answer.body.data['latencyMs']).toBeGreaterThanOrEqual(0);
    const after = await rowOf(made.id);
    expect(after).toMatchObject({ test_status: 'success', updated_at: before.updated_at, revision: before.revision });
    expect(after.last_tested_at).toBeGreaterThanOrEqual(before.created_at);
    expect(house.deps.keeper.snapshot.revision).toBe(revision);
    expect((await house.ask(owner, 'GET', `/api/configurations/${made.id}`)).body.data).toMatchObject({ testStatus: 'success' });
  });

  test('200 a refused key is a test that ran: success is false, and the key is not echoed', async () => {
    const owner = await person();
    const made = await make(owner, { apiKey: wrongKey });
    const answer = await testOf(owner, made.id);
    expect([answer.status, answer.body['success']]).toEqual([200, false]);
    expect(answer.body.data).toMatchObject({ status: 'failed', errorCode: 'AUTH', providerStatus: 401 });
    expect(tracesOf(wrongKey, answer.text)).toEqual([]);
    expect(tracesOf(wrongKey, JSON.stringify(await rowOf(made.id)))).toEqual([]);
  });

  test.each([
    ['an unknown model', { model: 'no-such-model' }, 'MODEL_NOT_FOUND'],
    ['nobody listening', { baseUrl: 'http://127.0.0.1:1024/v1' }, 'NETWORK'],
    ['an address that is not allowed', { baseUrl: 'http://10.1.2.3:8000/v1', apiKey: undefined }, 'EGRESS_BLOCKED'],
  ])('200 %s', async (_, more, errorCode) => {
    const owner = await person();
    const made = await make(owner, more);
    const answer = await testOf(owner, made.id);
    expect(answer.status).toBe(200);
    expect(answer.body.data).toMatchObject({ success: false, errorCode });
    // The inner network is not described to people who do not run it.
    expect(answer.body.data['egressEntry']).toBe(null);
    expect(answer.text).not.toMatch(/ECONNREFUSED|10\.1\.2\.3/);
  });

  test('200 an administrator reads what to allow', async () => {
    const made = await make(admin, { baseUrl: 'http://10.1.2.3:8000/v1', apiKey: undefined });
    expect((await testOf(admin, made.id)).body.data).toMatchObject({ errorCode: 'EGRESS_BLOCKED', egressEntry: '10.1.2.3:8000' });
  });

  test('200 with maxAge an earlier result is answered and nobody is called; without it the test is live', async () => {
    const owner = await person();
    const made = await make(owner);
    await testOf(owner, made.id);
    vendor.forget();
    expect((await testOf(owner, made.id, '?maxAge=60')).body.data).toMatchObject({ success: true, cached: true });
    expect(vendor.requests()).toBe(0);
    expect((await testOf(owner, made.id)).body.data).toMatchObject({ cached: false });
    expect(vendor.requests()).toBeGreaterThan(0);
  });

  test('200 a result of the old key is not kept for the new one', async () => {
    const owner = await person();
    const made = await make(owner);
    const running = testOf(owner, made.id);
    await house.ask(owner, 'PATCH', `/api/configurations/${made.id}`, { apiKey: wrongKey });
    await running;
    const row = await rowOf(made.id);
    const isResultOfNewKey = row.test_status === 'failed';
    expect(row.test_status === 'pending' || isResultOfNewKey).toBe(true);
  });

  test('400 no settings may be slipped in', async () => {
    const made = await make(alice);
    expect((await testOf(alice, made.id, '', { baseUrl: vendor.baseUrl })).status).toBe(400);
    expect((await testOf(alice, made.id, '?maxAge=x')).status).toBe(400);
  });

  test('401 without a token', async () => {
    const made = await make(alice);
    expect((await testOf(null, made.id)).status).toBe(401);
  });

  test('404 what is not there for the caller', async () => {
    const made = await make(alice);
    expect((await testOf(await person(), made.id)).status).toBe(404);
    expect((await testOf(alice, randomId)).status).toBe(404);
  });

  test('429 after ten in a minute, with the time to wait; other people are not held up', async () => {
    const owner = await person();
    const made = await make(owner);
    for (let count = 0; count < 10; count++) expect((await testOf(owner, made.id)).status).toBe(200);
    const refused = await testOf(owner, made.id);
    expect([refused.status, refused.body['error_code']]).toEqual([429, 'RATE_LIMITED']);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    const other = await person();
    expect((await testOf(other, (await make(other))['id'])).status).toBe(200);
  });

  test('200 the texts follow the language of the caller', async () => {
    const owner = await person();
    const made = await make(owner);
    const answer = await house.ask(owner, 'POST', `/api/configurations/${made.id}/test`, undefined, { 'accept-language': 'id' });
    expect(answer.body['message']).toContain('Koneksi');
  });

  test('every test is in the audit log', async () => {
    const owner = await person();
    const made = await make(owner, { apiKey: wrongKey });
    await testOf(owner, made.id);
    const entries = await house.database.db
      .selectFrom('audit_entries')
      .selectAll()
      .where('subject_id', '=', made.id)
      .where('action', '=', 'connection.test')
      .execute();
    expect(entries).toHaveLength(1);
    expect(entries[0]).toMatchObject({ outcome: 'failed', error_code: 'auth', actor_id: owner.id });
  });
});

describe('POST /api/configurations/test', () => {
  const unsaved = (owner: Resident | null, body: unknown) => house.ask(owner, 'POST', '/api/configurations/test', body);

  test('200 settings that are not saved are tested and not saved', async () => {
    const owner = await person();
    const answer = await unsaved(owner, { provider: 'custom', baseUrl: vendor.baseUrl, apiKey: key, model: 'small-model' });
    expect(answer.body).toMatchObject({ success: true, data: { status: 'success', model: 'small-model' } });
    expect((await house.ask(owner, 'GET', '/api/configurations')).body.data).toEqual([]);
  });

  test('200 with an id and no key the stored key is used at its own origin', async () => {
    const owner = await person();
    const made = await make(owner);
    const answer = await unsaved(owner, { id: made.id, provider: 'custom', baseUrl: `${vendor.origin}/v1/`, model: 'large-model' });
    expect(answer.body).toMatchObject({ success: true });
  });

  test('400 unknown provider, field and setting; 401; 404 of a stranger', async () => {
    const owner = await person();
    const made = await make(owner);
    expect((await unsaved(owner, { provider: 'nobody' })).status).toBe(400);
    expect((await unsaved(owner, { provider: 'custom', baseUrl: vendor.baseUrl, proxy: 'http://x' })).status).toBe(400);
    expect((await unsaved(owner, { provider: 'custom', baseUrl: vendor.baseUrl, configuration: { proxy: 'x' } })).status).toBe(400);
    expect((await unsaved(null, { provider: 'custom', baseUrl: vendor.baseUrl })).status).toBe(401);
    expect((await unsaved(await person(), { id: made.id, provider: 'custom', baseUrl: vendor.baseUrl })).status).toBe(404);
  });

  test('409 the stored key is not tried at another origin, and the attempt is noted', async () => {
    const owner = await person();
    const made = await make(owner);
    const answer = await unsaved(owner, { id: made.id, provider: 'custom', baseUrl: 'http://127.0.0.1:1025/v1', model: 'small-model' });
    expect([answer.status, answer.body['error_code']]).toEqual([409, 'SECRET_REQUIRED_FOR_NEW_ORIGIN']);
    const noted = await house.database.db
      .selectFrom('audit_entries')
      .selectAll()
      .where('subject_id', '=', made.id)
      .where('outcome', '=', 'refused')
      .execute();
    expect(noted.map((entry) => entry.error_code)).toEqual(['SECRET_REQUIRED_FOR_NEW_ORIGIN']);
  });

  test('429 three at once are enough', async () => {
    const owner = await person();
    const body = { provider: 'custom', baseUrl: vendor.baseUrl, apiKey: key, model: 'small-model' };
    const answers = await Promise.all(Array.from({ length: 8 }, () => unsaved(owner, body)));
    const statuses = answers.map((answer) => answer.status).toSorted((a, b) => a - b);
    expect(statuses[0]).toBe(200);
    expect(statuses.every((status) => status === 200 || status === 429)).toBe(true);
    expect(statuses).toContain(429);
  });
});

describe('POST /api/configurations/:id/rotate-key', () => {
  const rotate = (owner: Resident | null, id: string, body?: unknown) =>
    house.ask(owner, 'POST', `/api/configurations/${id}/rotate-key`, body);

  test('200 a new key replaces the old one for the very next call', async () => {
    const owner = await person();
    const made = await make(owner, { apiKey: wrongKey });
    const before = await rowOf(made.id);
    const answer = await rotate(owner, made.id, { apiKey: key });
    expect(answer.body).toMatchObject({ success: true, data: { keyVersion: 1 } });
    expect(answer.body.data['rotatedAt']).toMatch(/^\d{4}-\d\d-\d\dT/);
    expect((await rowOf(made.id)).api_key_encrypted).not.toBe(before.api_key_encrypted);
    vendor.forget();
    expect((await testOf(owner, made.id)).body['success']).toBe(true);
    expect(vendor.bytes()).not.toContain(wrongKey);
  });

  test.each([
    ['no body', undefined],
    ['an empty object', {}],
  ])('200 with %s the stored key is encrypted anew and still works', async (_, body) => {
    const owner = await person();
    const [made, sibling] = [await make(owner), await make(owner)];
    const before = await rowOf(made.id);
    const answer = await rotate(owner, made.id, body);
    expect(answer.body).toMatchObject({ success: true, data: { keyVersion: 2 } });
    const after = await rowOf(made.id);
    expect(after.api_key_encrypted).not.toBe(before.api_key_encrypted);
    expect(after.updated_at).toBe(before.updated_at);
    expect((await testOf(owner, made.id)).body['success']).toBe(true);
    expect((await testOf(owner, sibling.id)).body['success']).toBe(true);
  });

  test('200 a new key that fails its test is not kept: the stored one stays and works; one that passes takes its place', async () => {
    const owner = await person();
    const made = await make(owner);
    const before = await rowOf(made.id);
    const answer = await rotate(owner, made.id, { apiKey: wrongKey, validate: true });
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ success: false, data: { rotatedAt: null, test: { errorCode: 'AUTH' } } });
    const after = await rowOf(made.id);
    expect([after.api_key_encrypted, after.secret_last4, after.secret_set_at]).toEqual([
      before.api_key_encrypted,
      before.secret_last4,
      before.secret_set_at,
    ]);
    expect((await testOf(owner, made.id)).body['success']).toBe(true);
    expect((await rotate(owner, made.id, { apiKey: key, validate: true })).body['success']).toBe(true);
    expect((await rowOf(made.id)).api_key_encrypted).not.toBe(before.api_key_encrypted);
  });

  test('400 nothing to rotate, a key that is none, an unknown field', async () => {
    const owner = await person();
    const made = await make(owner, { apiKey: undefined });
    expect((await rotate(owner, made.id)).body['error_code']).toBe('SECRET_REQUIRED');
    expect((await rotate(owner, made.id, { apiKey: 'with a blank' })).status).toBe(400);
    expect((await rotate(owner, made.id, { apiKey: key, baseUrl: 'https://x.example' })).status).toBe(400);
  });

  test('401 without a token', async () => {
    const made = await make(alice);
    expect((await rotate(null, made.id)).status).toBe(401);
  });

  test('403 what is closed to the caller', async () => {
    const shared = await house.ask(admin, 'POST', '/api/ai-connections', {
      name: `shared ${++names}`,
      baseUrl: vendor.baseUrl,
      apiKey: key,
      scope: 'organization',
    });
    expect((await rotate(alice, shared.body.id)).status).toBe(403);
  });

  test('404 what is not there for the caller', async () => {
    const made = await make(alice);
    expect((await rotate(await person(), made.id)).status).toBe(404);
  });

  test('409 a sealed key that was moved from another row does not open, and stays as it is', async () => {
    const owner = await person();
    const [made, other] = [await make(owner), await make(owner)];
    const { api_key_encrypted: stolen } = await rowOf(other.id);
    await house.database.driver.run(
      { sql: 'UPDATE ai_configurations SET api_key_encrypted = $1 WHERE id = $2', params: [stolen, made.id] },
      'write',
    );
    const answer = await rotate(owner, made.id);
    expect([answer.status, answer.body['error_code']]).toEqual([409, 'SECRET_UNREADABLE']);
    expect((await rowOf(made.id)).api_key_encrypted).toBe(stolen);
  });
});

test('no answer and no line of the log ever held a key', () => {
  const all = [...answersSeen, ...house.logged].join('\n');
  expect(answersSeen.length).toBeGreaterThan(60);
  expect([...tracesOf(key, all), ...tracesOf(wrongKey, all)]).toEqual([]);
});
