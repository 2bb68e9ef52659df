/** What operators and load balancers ask, through the front door. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { routes, type OpsState } from '../../src/faces/ops/routes.ts';
import { openHouse, type House, type Resident } from '../support/house.ts';
import { openPlane } from './plane.ts';

let house: House;
let ada: Resident;
let ben: Resident;
beforeAll(async () => {
  house = await openHouse();
  ada = await house.createResident('Ada', 'administrator');
  ben = await house.createResident('Ben');
});
afterAll(() => house.close());

const state: OpsState = {
  isReady: true,
  engine: 'postgres',
  schema: 3,
  configRevision: 9,
  isDatabaseHealthy: true,
  isValkeyUp: null,
  ledgerLagRecords: 0,
  journalUnfedBytes: 0,
};
const planeIn = (part: Partial<OpsState>): ReturnType<typeof openPlane> =>
  openPlane({ routes, more: { ops: { state: () => ({ ...state, ...part }), metrics: async () => 'patchbay_up 1\n' } } });

describe('GET /healthz', () => {
  test('200 for anybody, with nothing to learn from it', async () => {
    for (const sent of [{}, { token: ada.token }, { headers: { 'x-forwarded-for': '203.0.113.9' } }]) {
      const reply = await house.request('GET', '/healthz', sent);
      expect([reply.status, reply.body]).toEqual([200, { ok: true }]);
    }
  });

  test('200 also while the database is away and the books are behind', async () => {
    const { app } = await planeIn({ isReady: false, isDatabaseHealthy: false });
    expect((await app.inject({ url: '/healthz' })).statusCode).toBe(200);
  });
});

describe('GET /readyz', () => {
  test('200 with engine, schema and revision, and the revision follows a change', async () => {
    const before = await house.request('GET', '/readyz');
    expect(before.status).toBe(200);
    expect(before.body).toEqual({
      ready: true,
      engine: 'sqlite',
      schema: expect.any(Number) as number,
      configRevision: house.deps.keeper.snapshot.revision,
      database: 'ok',
      ledgerLagRecords: 0,
      journalUnfedBytes: expect.any(Number) as number,
    });
    expect((await house.request('POST', '/api/access-keys', { token: ada.token, body: { name: 'x' } })).status).toBe(201);
    const after = await house.request('GET', '/readyz');
    expect(Number(after.body.configRevision)).toBe(Number(before.body.configRevision) + 1);
  });

  test('200 while the database is away: known keys are served, and the answer says so', async () => {
    const { app } = await planeIn({ isDatabaseHealthy: false, ledgerLagRecords: 12, journalUnfedBytes: 3_000 });
    const answer = await app.inject({ url: '/readyz' });
    expect([answer.statusCode, answer.json()]).toMatchObject([
      200,
      { ready: true, database: 'unreachable', ledgerLagRecords: 12, journalUnfedBytes: 3_000 },
    ]);
  });

  test('200 with and without Valkey: it is named only where one is set', async () => {
    const said = async (isValkeyUp: boolean | null) => {
      const { app } = await planeIn({ isValkeyUp });
      const answer = await app.inject({ url: '/readyz' });
      return [answer.statusCode, answer.json<{ valkey?: string }>().valkey];
    };
    expect([await said(null), await said(true), await said(false)]).toEqual([
      [200, undefined],
      [200, 'ok'],
      [200, 'unreachable'],
    ]);
  });

  test('503 until what an earlier run left is in the books', async () => {
    const { app } = await planeIn({ isReady: false, ledgerLagRecords: 400 });
    const answer = await app.inject({ url: '/readyz' });
    expect([answer.statusCode, answer.json()]).toMatchObject([503, { ready: false, database: 'ok', ledgerLagRecords: 400 }]);
  });

  test('200 names no file, address or secret of the machine', async () => {
    expect((await house.request('GET', '/readyz')).text).not.toMatch(/\/|tmp|postgres:|sk-|pat-/);
  });
});

describe('GET /metrics', () => {
  test('200 on this machine, without a word of who asks', async () => {
    const reply = await house.request('GET', '/metrics');
    expect([reply.status, reply.headers.get('content-type')]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
    expect(reply.text).toMatch(/^patchbay_database_up 1$/m);
  });

  test.each(['x-forwarded-for', 'x-real-ip', 'forwarded', 'x-forwarded-host', 'x-forwarded-proto', 'via'])(
    '401 for what a proxy passes on with %s, because everybody looks local behind one',
    async (header) => {
      const reply = await house.request('GET', '/metrics', { headers: { [header]: '203.0.113.9' } });
      expect([reply.status, reply.body.error_code]).toEqual([401, 'UNAUTHENTICATED']);
      expect(reply.text).not.toContain('patchbay_');
    },
  );

  test('401 from another machine, and for a token that nobody has, also here', async () => {
    const { app } = await planeIn({});
    expect((await app.inject({ url: '/metrics', remoteAddress: '10.0.0.7' })).statusCode).toBe(401);
    expect((await app.inject({ url: '/metrics', remoteAddress: '::1' })).statusCode).toBe(200);
    expect((await app.inject({ url: '/metrics', remoteAddress: '::ffff:127.0.0.1' })).statusCode).toBe(200);
    expect((await house.request('GET', '/metrics', { token: 'pat-pb-nobody' })).status).toBe(401);
  });

  test('403 for people who are no administrators, through a proxy', async () => {
    const headers = { 'x-forwarded-for': '203.0.113.9' };
    const reply = await house.request('GET', '/metrics', { token: ben.token, headers });
    expect([reply.status, reply.body.error_code]).toEqual([403, 'FORBIDDEN']);
    expect((await house.request('GET', '/metrics', { token: ada.token, headers })).text).toContain('patchbay_config_revision');
  });
});
