/** Access keys after their making, through the front door: new texts, ends, and what the list says of them. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock, type Clock } from '../../src/lib/clock.ts';
import { openHouse, type House, type Reply, type Resident } from '../support/house.ts';

let skewMs = 0;
const clock: Clock = { ...systemClock, nowMs: () => systemClock.nowMs() + skewMs, monotonicMs: () => systemClock.monotonicMs() + skewMs };
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

let house: House;
let ben: Resident;
let cat: Resident;
let lab: string;
beforeAll(async () => {
  house = await openHouse({ clock });
  await house.createResident('Ada');
  ben = await house.createResident('Ben');
  cat = await house.createResident('Cat');
  lab = await house.createWorkspace('Lab', [
    [ben, 'ADMIN'],
    [cat, 'WRITE'],
  ]);
});
afterAll(() => house.close());

const create = (body: object = {}, person = ben): Promise<Reply> =>
  house.request('POST', '/api/access-keys', { token: person.token, body: { name: 'k', ...body } });
const rotate = (id: string, body: unknown = {}, person = ben): Promise<Reply> =>
  house.request('POST', `/api/access-keys/${id}/rotate`, { token: person.token, body });
const opens = async (key: string): Promise<number> => (await house.request('GET', '/v1/models', { token: key })).status;
const list = async (query = ''): Promise<Reply['body'][]> => [
  ...(await house.request('GET', `/api/access-keys${query}`, { token: ben.token })).body.data!,
];

describe('POST /api/access-keys/:id/rotate', () => {
  test('201 a new text for the same key, shown once; without an overlap the old one is dead at once', async () => {
    const made = await create({ rpm: 5, models: ['gpt-4o'] });
    const reply = await rotate(made.at('data.id'));
    expect(reply.status).toBe(201);
    expect(reply.body.data).toMatchObject({ id: made.at('data.id'), rpm: 5, models: ['gpt-4o'], previousUntil: null });
    const [old, next] = [made.at('data.key'), reply.at('data.key')];
    expect(next).not.toBe(old);
    expect(reply.at('data.last4')).toBe(next.slice(-4));
    expect([await opens(old), await opens(next)]).toEqual([401, 200]);
    const audit = await house.database.db.selectFrom('audit_entries').selectAll().where('action', '=', 'access-key.rotate').execute();
    expect(audit).toMatchObject([{ subject_id: made.at('data.id'), actor_id: ben.id }]);
    expect(JSON.stringify(audit)).not.toContain(next.slice(6, 40));
  });

  test('201 with an overlap both are good until it is over, to the millisecond, and count as one key', async () => {
    const made = await create({ rpm: 3 });
    const reply = await rotate(made.at('data.id'), { overlapHours: 2 });
    expect(Date.parse(reply.at('data.previousUntil')) - clock.nowMs()).toBeLessThanOrEqual(2 * hourMs);
    const [old, next] = [made.at('data.key'), reply.at('data.key')];
    expect([await opens(old), await opens(next)]).toEqual([200, 200]);
    const idOf = (key: string) => house.deps.keeper.snapshot.accessKeys.get(createHash('sha256').update(key).digest('hex'))?.id;
    expect(idOf(old)).toBe(idOf(next));
    skewMs += 2 * hourMs + 1;
    expect([await opens(old), await opens(next)]).toEqual([401, 200]);
  });

  test('201 a second rotation and a revocation end what the first left over', async () => {
    const made = await create();
    const first = await rotate(made.at('data.id'), { overlapHours: 24 });
    const second = await rotate(made.at('data.id'), { overlapHours: 24 });
    expect([await opens(made.at('data.key')), await opens(first.at('data.key')), await opens(second.at('data.key'))]).toEqual([
      401, 200, 200,
    ]);
    await house.request('DELETE', `/api/access-keys/${made.at('data.id')}`, { token: ben.token });
    expect([await opens(first.at('data.key')), await opens(second.at('data.key'))]).toEqual([401, 401]);
  });

  test('400 for an overlap of more than a week, and for a key that is over', async () => {
    const made = await create({ expiresAt: new Date(clock.nowMs() + hourMs).toISOString() });
    for (const body of [{ overlapHours: 169 }, { overlapHours: -1 }, { overlapHours: 0.5 }, { key: 'sk-pb-mine' }])
      expect((await rotate(made.at('data.id'), body)).status, JSON.stringify(body)).toBe(400);
    skewMs += hourMs + 1;
    expect((await rotate(made.at('data.id'))).status).toBe(400);
  });

  test('401 for nobody', async () => {
    const made = await create();
    expect((await house.request('POST', `/api/access-keys/${made.at('data.id')}/rotate`, { body: {} })).status).toBe(401);
  });

  test('403 for whoever may see the key of a workspace and not write there any more', async () => {
    const made = await create({ workspaceId: lab }, cat);
    await house.request('PUT', `/workspace/${lab}/users/${cat.id}`, { token: ben.token, body: { role: 'READ' } });
    expect((await rotate(made.at('data.id'), {}, cat)).status).toBe(403);
    await house.request('PUT', `/workspace/${lab}/users/${cat.id}`, { token: ben.token, body: { role: 'WRITE' } });
  });

  test('403 for another person’s own key, which would open that person’s own connections; an administrator bounds or revokes it', async () => {
    const ada = await house.createResident('Ann', 'administrator');
    const made = await create();
    expect((await rotate(made.at('data.id'), {}, ada)).status).toBe(403);
    expect(await opens(made.at('data.key'))).toBe(200);
    const path = `/api/access-keys/${made.at('data.id')}`;
    expect((await house.request('PATCH', path, { token: ada.token, body: { rpm: 1 } })).status).toBe(200);
    expect((await house.request('DELETE', path, { token: ada.token })).status).toBe(200);
  });

  test('404 for another person’s key, a revoked one, and one that never was', async () => {
    const made = await create();
    expect((await rotate(made.at('data.id'), {}, cat)).status).toBe(404);
    await house.request('DELETE', `/api/access-keys/${made.at('data.id')}`, { token: ben.token });
    for (const id of [made.at('data.id'), house.deps.ids.uuid()]) expect((await rotate(id)).status).toBe(404);
  });

  test('409 of two rotations at once one says that it came too late, and the shown key is the one that opens', async () => {
    const made = await create();
    const both = await Promise.all([rotate(made.at('data.id')), rotate(made.at('data.id'))]);
    const lost = both.filter(({ status }) => status === 409);
    for (const reply of lost) expect(reply.body.error_code).toBe('STALE');
    const shown = both.filter(({ status }) => status === 201).map((reply) => reply.at('data.key'));
    expect(shown.length + lost.length).toBe(2);
    const open = await Promise.all(shown.map(opens));
    expect(open.filter((status) => status === 200)).toHaveLength(1);
  });
});

describe('GET /api/access-keys', () => {
  test('200 says prefix, last four, owner and what was spent', async () => {
    const made = await create({ budgetUsd: '5' });
    const [first] = await list('?limit=1');
    expect(first).toMatchObject({
      id: made.at('data.id'),
      prefix: 'sk-pb-',
      ownerName: 'Ben',
      budgetUsd: '5',
      spentUsd: '0',
      unpricedCount: 0,
      revokedAt: null,
    });
    expect(made.at('data.key').startsWith('sk-pb-')).toBe(true);
  });

  test('200 revoked and expired ones stay listed for ninety days, and can then be found by nothing', async () => {
    const revoked = (await create()).at('data.id');
    const expiring = (await create({ expiresAt: new Date(clock.nowMs() + hourMs).toISOString() })).at('data.id');
    await house.request('DELETE', `/api/access-keys/${revoked}`, { token: ben.token });
    skewMs += hourMs + 1;
    const idsOf = async (query: string) => (await list(query)).map(({ id }) => id as unknown as string);
    expect(await idsOf('')).toContain(expiring);
    expect(await idsOf('')).not.toContain(revoked);
    expect(await idsOf('?ended=true')).toEqual(expect.arrayContaining([expiring, revoked]));
    const shown = (await list('?ended=true')).find(({ id }) => (id as unknown) === revoked);
    expect(shown?.['revokedAt']).toEqual(expect.any(String));
    skewMs += 90 * dayMs;
    for (const query of ['', '?ended=true']) {
      expect(await idsOf(query)).not.toContain(expiring);
      expect(await idsOf(query)).not.toContain(revoked);
    }
    const change = { token: ben.token, body: { expiresAt: null } };
    expect((await house.request('PATCH', `/api/access-keys/${expiring}`, change)).status).toBe(404);
  });
});
