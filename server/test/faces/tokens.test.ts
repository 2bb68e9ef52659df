/** Personal tokens, through the front door. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checksumOf } from '../../src/control/issued-key.ts';
import { systemClock, type Clock } from '../../src/lib/clock.ts';
import { openHouse, type House, type Resident } from '../support/house.ts';

let skewMs = 0;
const clock: Clock = { ...systemClock, nowMs: () => systemClock.nowMs() + skewMs, monotonicMs: () => systemClock.monotonicMs() + skewMs };

let house: House;
let ada: Resident;
let ben: Resident;
beforeAll(async () => {
  house = await openHouse({ clock });
  ada = await house.createResident('Ada');
  ben = await house.createResident('Ben');
});
afterAll(() => house.close());

const create = (body: unknown, token = ben.token) => house.request('POST', '/api/tokens', { token, body });
const whoIs = async (token: string): Promise<number> => (await house.request('GET', '/api/me', { token })).status;

describe('POST /api/tokens', () => {
  test('201 shows the token once, and keeps a hash of it', async () => {
    const reply = await create({ name: 'build server' });
    expect(reply.status).toBe(201);
    const token = reply.at('data.token');
    expect(token).toMatch(/^pat-pb-[\w-]{43}[\w-]{6}$/);
    expect(token.slice(-6)).toBe(checksumOf(token.slice(0, -6)));
    expect(reply.body.data).toMatchObject({ name: 'build server', last4: token.slice(-4), expiresAt: null });
    expect(await whoIs(token)).toBe(200);
    const list = await house.request('GET', '/api/tokens', { token: ben.token });
    expect(list.text).not.toContain(token);
    const rows = await house.database.db.selectFrom('personal_tokens').selectAll().execute();
    expect(rows.some(({ hash }) => hash === createHash('sha256').update(token).digest('hex'))).toBe(true);
    expect(JSON.stringify(rows)).not.toContain(token.slice(7, -6));
    const audit = await house.database.db.selectFrom('audit_entries').selectAll().where('subject_id', '=', reply.at('data.id')).execute();
    expect(audit).toMatchObject([{ action: 'token.create', outcome: 'success', actor_id: ben.id, via: 'token' }]);
    expect(JSON.stringify(audit)).not.toContain(token);
  });

  test('201 two tokens are never alike', async () => {
    const tokens = await Promise.all(Array.from({ length: 20 }, async () => (await create({ name: 'same name' })).at('data.token')));
    expect(new Set(tokens).size).toBe(20);
  });

  test('201 a token with an end is dead after it, to the millisecond', async () => {
    const expiresAt = new Date(clock.nowMs() + 60_000).toISOString();
    const reply = await create({ name: 'short', expiresAt });
    expect(reply.at('data.expiresAt')).toBe(expiresAt);
    const token = reply.at('data.token');
    expect(await whoIs(token)).toBe(200);
    skewMs += 60_001;
    expect(await whoIs(token)).toBe(401);
  });

  test('400 without a name, with an end in the past, or with fields that nobody may choose', async () => {
    const bad = [{}, { name: '' }, { name: 'x', expiresAt: '2020-01-01T00:00:00Z' }, { name: 'x', expiresAt: 'tomorrow' }];
    for (const body of [...bad, { name: 'x', userId: ada.id }, { name: 'x', token: 'pat-pb-mine' }, { name: 'x', id: ada.id }]) {
      const reply = await create(body);
      expect([reply.status, reply.body.error_code], JSON.stringify(body)).toEqual([400, 'VALIDATION_ERROR']);
    }
  });

  test('401 for nobody', async () => {
    expect((await house.request('POST', '/api/tokens', { body: { name: 'x' } })).status).toBe(401);
  });
});

describe('GET /api/tokens', () => {
  test('200 lists the own tokens alone, newest first, also for an administrator', async () => {
    const eve = await house.createResident('Eve');
    await create({ name: 'second' }, eve.token);
    const reply = await house.request('GET', '/api/tokens', { token: eve.token });
    expect(reply.status).toBe(200);
    expect(reply.body).toMatchObject({ success: true, data: [{ name: 'second' }, { name: 'test' }], nextCursor: null });
    expect((await house.request('GET', '/api/tokens', { token: ada.token })).body.data).toHaveLength(1);
  });

  test('200 page by page, without a gap and without a repetition', async () => {
    const all = await house.request('GET', '/api/tokens', { token: ben.token });
    const names: unknown[] = [];
    let cursor = '';
    for (let pages = 0; pages < 50; pages += 1) {
      const page = await house.request('GET', `/api/tokens?limit=7${cursor}`, { token: ben.token });
      names.push(...[...page.body.data!].map((token) => token['id']));
      if (page.body.nextCursor === null || page.body.data!['length'] === undefined) break;
      cursor = `&cursor=${page.at('nextCursor')}`;
    }
    expect(names).toEqual([...all.body.data!].map((token) => token['id']));
  });

  test('401 for nobody', async () => {
    expect((await house.request('GET', '/api/tokens')).status).toBe(401);
  });

  test('400 for a limit out of bounds', async () => {
    for (const query of ['limit=0', 'limit=501', 'limit=ten', 'cursor=1', 'userId=x'])
      expect((await house.request('GET', `/api/tokens?${query}`, { token: ben.token })).status, query).toBe(400);
  });
});

describe('DELETE /api/tokens/:id', () => {
  test('200 and the token is dead with the next request', async () => {
    const made = await create({ name: 'leaked' });
    expect((await house.request('DELETE', `/api/tokens/${made.at('data.id')}`, { token: ben.token })).status).toBe(200);
    expect(await whoIs(made.at('data.token'))).toBe(401);
    expect((await house.request('GET', '/api/tokens', { token: ben.token })).text).not.toContain(made.at('data.id'));
  });

  test('200 a token may revoke itself', async () => {
    const made = await create({ name: 'suicidal' });
    const token = made.at('data.token');
    expect((await house.request('DELETE', `/api/tokens/${made.at('data.id')}`, { token })).status).toBe(200);
    expect(await whoIs(token)).toBe(401);
  });

  test('401 for nobody', async () => {
    const made = await create({ name: 'mine' });
    expect((await house.request('DELETE', `/api/tokens/${made.at('data.id')}`)).status).toBe(401);
    expect(await whoIs(made.at('data.token'))).toBe(200);
  });

  test('404 for a foreign, a revoked and an unknown token alike', async () => {
    const made = await create({ name: 'mine' });
    const id = made.at('data.id');
    const gone = await create({ name: 'gone' });
    await house.request('DELETE', `/api/tokens/${gone.at('data.id')}`, { token: ben.token });
    const replies = [
      await house.request('DELETE', `/api/tokens/${id}`, { token: ada.token }),
      await house.request('DELETE', `/api/tokens/${gone.at('data.id')}`, { token: ben.token }),
      await house.request('DELETE', `/api/tokens/${house.deps.ids.uuid()}`, { token: ben.token }),
      await house.request('DELETE', '/api/tokens/nonsense', { token: ben.token }),
    ];
    for (const reply of replies) {
      expect(reply.status).toBe(404);
      expect(reply.bodyWithoutId).toEqual(replies[0]!.bodyWithoutId);
    }
    expect(await whoIs(made.at('data.token'))).toBe(200);
  });
});
