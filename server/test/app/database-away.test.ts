/** The database stops answering (P10): known keys are served and booked as before, the control plane says so soon, and everything comes back by itself. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { needs, startPostgres, type Postgres } from '../support/postgres.ts';
import { openHouse, type House, type Reply, type Resident } from '../support/house.ts';
import { ownTimeOf } from '../support/own-time.ts';

/** What a query may take before it is given up. */
const databaseMs = 5_000;
/** Longer than the limits of storage, and shorter than a caller's patience. */
const answerMsMax = 15_000;

needs('postgres')('a house whose PostgreSQL stands still', () => {
  let postgres: Postgres;
  let house: House;
  let ada: Resident;
  let cookie: string;
  let key: string;
  let keyId: string;
  let known: string[];
  beforeAll(async () => {
    postgres = await startPostgres();
    house = await openHouse({ databaseUrl: await postgres.createDatabase(), isDemoOffered: true });
    ada = await house.createResident('Ada', 'administrator');
    cookie = await house.signIn(ada);
    await house.request('POST', '/api/configurations', { token: ada.token, body: { name: 'Demo', provider: 'demo', model: 'demo-small' } });
    const made = await house.request('POST', '/api/access-keys', { token: ada.token, body: { name: 'app' } });
    [key, keyId] = [made.at('data.key'), made.at('data.id')];
    await complete();
    known = await requestIds();
    postgres.pause();
  });
  afterAll(async () => {
    postgres?.resume();
    await house?.close();
    await postgres?.stop();
  });

  const complete = (token = key): Promise<Reply> =>
    house.request('POST', '/v1/chat/completions', { token, body: { model: 'demo-small', messages: [{ role: 'user', content: 'hello' }] } });
  async function requestIds(): Promise<string[]> {
    const reply = await house.request('GET', `/api/requests?limit=500&keyId=${keyId}`, { token: ada.token });
    expect(reply.status, reply.text).toBe(200);
    return (reply.body.data as unknown as { requestId: string }[]).map(({ requestId }) => requestId);
  }
  async function timed(work: () => Promise<Reply>): Promise<Reply & { tookMs: number }> {
    const { result, ownMs } = await ownTimeOf(work);
    return { ...result, tookMs: ownMs };
  }
  const served: string[] = [];

  test('was asked once before', () => {
    expect(known).toHaveLength(1);
  });

  test('serves known keys, each in its usual time', async () => {
    for (let count = 0; count < 20; count++) {
      const reply = await timed(() => complete());
      expect(reply.status).toBe(200);
      // Whoever asked the database would wait for as long as it may take.
      expect(reply.tookMs).toBeLessThan(databaseMs);
      served.push(reply.headers.get('x-request-id') ?? '');
    }
  });

  test('refuses an unknown key at once', async () => {
    const reply = await timed(() => complete(`${key.slice(0, -4)}AAAA`));
    expect([reply.status, reply.tookMs < databaseMs]).toEqual([401, true]);
  });

  test.each([
    ['GET', '/api/requests', undefined],
    ['GET', '/api/usage', undefined],
    ['POST', '/api/access-keys', { name: 'another' }],
    ['POST', '/api/configurations', { name: 'Other', provider: 'demo', model: 'demo-small' }],
  ])('answers 503 within seconds, with when to come again: %s %s', async (method, path, body) => {
    const reply = await timed(() => house.request(method, path, { token: ada.token, body }));
    expect([reply.status, reply.body.error_code]).toEqual([503, 'STORAGE_UNAVAILABLE']);
    expect(reply.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(reply.tookMs).toBeLessThan(answerMsMax);
    expect(reply.text).not.toMatch(/postgres|127\.0\.0\.1|connect|timeout/i);
  });

  test('answers 503 to a session, and never that its owner is signed out', async () => {
    const reply = await timed(() => house.request('GET', '/api/me', { cookie }));
    expect([reply.status, reply.body.error_code]).toEqual([503, 'STORAGE_UNAVAILABLE']);
    expect(reply.headers.getSetCookie()).toEqual([]);
    expect(reply.tookMs).toBeLessThan(answerMsMax);
  });

  test('answers 503 to a sign-in, and never that the password is wrong', async () => {
    const reply = await timed(() =>
      house.request('POST', '/api/auth/sign-in/email', { body: { email: ada.email, password: ada.password } }),
    );
    expect([reply.status, reply.body.error_code]).toEqual([503, 'STORAGE_UNAVAILABLE']);
    expect(reply.tookMs).toBeLessThan(answerMsMax);
  });

  test('stays ready, and says that the database is unreachable', async () => {
    await expect.poll(async () => (await house.request('GET', '/readyz')).body.database).toBe('unreachable');
    const reply = await house.request('GET', '/readyz');
    expect([reply.status, reply.body.ready]).toEqual([200, true]);
    expect(Number(reply.body.ledgerLagRecords)).toBeGreaterThanOrEqual(40);
    expect((await house.request('GET', '/metrics')).text).toMatch(/^patchbay_database_up 0$/m);
    expect((await house.request('GET', '/healthz')).status).toBe(200);
  });

  test('recovers by itself: what was served meanwhile is in the books once, and changes work again', async () => {
    postgres.resume();
    await expect.poll(async () => (await house.request('GET', '/readyz')).body).toMatchObject({ database: 'ok', ledgerLagRecords: 0 });
    const found = await requestIds();
    expect(found.filter((id) => !known.includes(id)).toSorted()).toEqual(served.toSorted());
    expect((await house.request('POST', '/api/access-keys', { token: ada.token, body: { name: 'after' } })).status).toBe(201);
    expect((await house.request('GET', '/api/me', { cookie })).status).toBe(200);
  });
});
