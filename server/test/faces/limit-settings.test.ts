/** What holds for all limits: the zone of their days and months, and the ceiling of what a request may say. */
import type { LimitView } from '@patchbay/contract/limits';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openHouse, type House, type Reply, type Resident } from '../support/house.ts';

let house: House;
let admin: Resident;
let ada: Resident;

beforeAll(async () => {
  house = await openHouse();
  admin = await house.createResident('Root', 'administrator');
  ada = await house.createResident('Ada');
});
afterAll(() => house.close());

const call = (person: Resident, method: string, path: string, body?: unknown): Promise<Reply> =>
  house.request(method, path, { token: person.token, ...(body === undefined ? {} : { body }) });

describe('GET /api/limit-settings', () => {
  test('200 begins with UTC and what the model can say', async () => {
    expect((await call(admin, 'GET', '/api/limit-settings')).body.data).toEqual({
      timeZone: 'UTC',
      outputTokensCeiling: null,
      revision: 0,
    });
  });

  test('401 without a token', async () => {
    expect((await house.request('GET', '/api/limit-settings')).status).toBe(401);
  });

  test('403 for whoever is no administrator', async () => {
    expect((await call(ada, 'GET', '/api/limit-settings')).status).toBe(403);
  });
});

describe('PATCH /api/limit-settings', () => {
  test('200 counts at once, and days begin by the new zone', async () => {
    const reply = await call(admin, 'PATCH', '/api/limit-settings', { timeZone: 'Asia/Jakarta', outputTokensCeiling: 2_000 });
    expect(reply.body.data).toMatchObject({ timeZone: 'Asia/Jakarta', outputTokensCeiling: 2_000 });
    expect(house.deps.keeper.snapshot.limits).toMatchObject({ timeZone: 'Asia/Jakarta', outputTokensCeiling: 2_000 });
    const key = await call(admin, 'POST', '/api/access-keys', { name: 'mine' });
    const subject = { subjectKind: 'access-key', subjectId: key.at('data.id') };
    const made = await call(admin, 'POST', '/api/limits', { ...subject, kind: 'money', period: 'day', value: '1' });
    expect(made.status).toBe(201);
    const listed = await call(admin, 'GET', `/api/limits?subjectKind=access-key&subjectId=${subject.subjectId}`);
    const limits = listed.body.data as unknown as LimitView[];
    expect(new Date(limits.find(({ period }) => period === 'day')!.resetsAt!).getUTCHours()).toBe(17);
    const without = await call(admin, 'PATCH', '/api/limit-settings', { outputTokensCeiling: null });
    expect(without.body.data).toMatchObject({ timeZone: 'Asia/Jakarta', outputTokensCeiling: null });
  });

  test('400 for a zone that there is not, a ceiling of nothing, and no change at all', async () => {
    for (const body of [{ timeZone: 'Mars/Olympus' }, { outputTokensCeiling: 0 }, {}])
      expect((await call(admin, 'PATCH', '/api/limit-settings', body)).status).toBe(400);
  });

  test('401 without a token', async () => {
    expect((await house.request('PATCH', '/api/limit-settings', { body: { timeZone: 'UTC' } })).status).toBe(401);
  });

  test('403 for whoever is no administrator', async () => {
    expect((await call(ada, 'PATCH', '/api/limit-settings', { timeZone: 'UTC' })).status).toBe(403);
  });

  test('409 from an older state', async () => {
    const reply = await call(admin, 'PATCH', '/api/limit-settings', { revision: 1, timeZone: 'UTC' });
    expect([reply.status, reply.body['error_code']]).toEqual([409, 'CONFLICT']);
  });
});
