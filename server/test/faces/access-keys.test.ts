/** Access keys, through the front door. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openHouse, type House, type Reply, type Resident } from '../support/house.ts';
import { intentOf, settlementOf } from '../storage/ledger-records.ts';

let house: House;
let ada: Resident;
let ben: Resident;
let cat: Resident;
let dan: Resident;
let lab: string;
beforeAll(async () => {
  house = await openHouse();
  ada = await house.createResident('Ada');
  ben = await house.createResident('Ben');
  cat = await house.createResident('Cat');
  dan = await house.createResident('Dan');
  lab = await house.createWorkspace('Lab', [
    [ada, 'READ'],
    [ben, 'WRITE'],
    [cat, 'READ'],
    [dan, 'ADMIN'],
  ]);
});
afterAll(() => house.close());

const create = (body: unknown, person = ben): Promise<Reply> => house.request('POST', '/api/access-keys', { token: person.token, body });
const stored = (id: string) => house.database.db.selectFrom('access_keys').selectAll().where('id', '=', id).executeTakeFirstOrThrow();

describe('POST /api/access-keys', () => {
  test('201 shows the key once, keeps a hash, and the gateway knows it at once', async () => {
    const limits = { models: ['gpt-4o', 'openai/*'], rpm: 60, tpm: 100_000, budgetUsd: '12.50', expiresAt: '2099-01-01T00:00:00.000Z' };
    const reply = await create({ name: 'My app', ...limits });
    expect(reply.status).toBe(201);
    const key = reply.at('data.key');
    expect(key).toMatch(/^sk-pb-[\w-]{49}$/);
    expect(reply.body.data).toMatchObject({
      ...limits,
      budgetUsd: '12.5',
      name: 'My app',
      userId: ben.id,
      workspaceId: null,
      last4: key.slice(-4),
      lastUsedAt: null,
    });
    const hash = createHash('sha256').update(key).digest('hex');
    expect(house.deps.keeper.snapshot.accessKeys.get(hash)).toMatchObject({
      id: reply.at('data.id'),
      budgetNanoUsd: 12_500_000_000,
      models: limits.models,
    });
    expect(await stored(reply.at('data.id'))).toMatchObject({ hash, budget_nano_usd: 12_500_000_000 });
    const audit = await house.database.db.selectFrom('audit_entries').selectAll().where('subject_id', '=', reply.at('data.id')).execute();
    expect(audit).toMatchObject([{ action: 'access-key.create', outcome: 'success', actor_id: ben.id, scope: 'user', owner_id: ben.id }]);
    for (const text of [JSON.stringify(audit), (await house.request('GET', '/api/access-keys', { token: ben.token })).text])
      expect(text).not.toContain(key.slice(6, 40));
  });

  test.each([
    ['0.1', 100_000_000, '0.1'],
    [0.1, 100_000_000, '0.1'],
    [0.000000001, 1, '0.000000001'],
    ['9007199.254740991', Number.MAX_SAFE_INTEGER, '9007199.254740991'],
    [0, 0, '0'],
    ['3', 3_000_000_000, '3'],
    ['1.10', 1_100_000_000, '1.1'],
  ])('201 a budget of %s is %i nano-dollars exactly', async (budgetUsd, nano, shown) => {
    const reply = await create({ name: 'budget', budgetUsd });
    expect(reply.status).toBe(201);
    expect(reply.at('data.budgetUsd')).toBe(shown);
    expect((await stored(reply.at('data.id'))).budget_nano_usd).toBe(nano);
  });

  test.each(['-1', -1, '1e3', '0.0000000001', 1e-10, '9007199.254740992', 1e20, 'NaN', '', '1,5', '0x10', '１'])(
    '400 for a budget of %s',
    async (budgetUsd) => {
      const reply = await create({ name: 'budget', budgetUsd });
      expect([reply.status, reply.body.error_code]).toEqual([400, 'VALIDATION_ERROR']);
      expect(reply.body.details).toMatchObject([{ path: 'budgetUsd' }]);
    },
  );

  test('201 a time for which answers are given again is shown, changed and taken away', async () => {
    const made = await create({ name: 'cached', cacheSeconds: 604_800 });
    const timeOf = ({ body }: Reply): unknown => (body.data as unknown as { cacheSeconds: number | null }).cacheSeconds;
    expect([made.status, timeOf(made)]).toEqual([201, 604_800]);
    const id = made.at('data.id');
    const change = (body: unknown) => house.request('PATCH', `/api/access-keys/${id}`, { token: ben.token, body });
    const seen = [{ name: 'renamed' }, { cacheSeconds: 5 }, { cacheSeconds: null }];
    expect([timeOf(await change(seen[0])), timeOf(await change(seen[1])), timeOf(await change(seen[2]))]).toEqual([604_800, 5, null]);
    for (const cacheSeconds of [0, -1, 1.5, 604_801, '60'])
      expect((await create({ name: 'cached', cacheSeconds })).status, String(cacheSeconds)).toBe(400);
  });

  test('400 for limits that limit nothing or make no sense, and for fields that nobody may choose', async () => {
    const bad = [
      { rpm: 0 },
      { rpm: 1.5 },
      { tpm: -1 },
      { rpm: '60' },
      { models: [] },
      { models: ['gpt*4'] },
      { models: 'gpt-4o' },
      { expiresAt: '2020-01-01T00:00:00Z' },
    ];
    const foreign = [
      { userId: ada.id },
      { id: ada.id },
      { key: 'sk-pb-mine' },
      { hash: 'x' },
      { createdAt: 1 },
      { isAdmin: true },
      { name: '' },
      { workspaceId: 'x' },
    ];
    for (const part of [...bad, ...foreign]) expect((await create({ name: 'x', ...part })).status, JSON.stringify(part)).toBe(400);
  });

  test('201 for a workspace with WRITE or ADMIN there, or as an administrator', async () => {
    for (const person of [ben, dan, ada]) {
      const reply = await create({ name: 'for the lab', workspaceId: lab }, person);
      expect(reply.status).toBe(201);
      expect(reply.body.data).toMatchObject({ workspaceId: lab, userId: person.id });
    }
  });

  test('401 for nobody', async () => {
    expect((await house.request('POST', '/api/access-keys', { body: { name: 'x' } })).status).toBe(401);
  });

  test('403 with READ or no role in the workspace, and no key was made', async () => {
    const eve = await house.createResident('Eve');
    for (const person of [cat, eve]) {
      const reply = await create({ name: 'too much', workspaceId: lab }, person);
      expect([reply.status, reply.body.error_code]).toEqual([403, 'FORBIDDEN']);
      expect((await house.request('GET', '/api/access-keys', { token: person.token })).body.data).toEqual([]);
    }
  });

  test('404 for a workspace that does not exist or is deleted', async () => {
    const gone = await house.createWorkspace('Gone', [[dan, 'ADMIN']]);
    await house.request('DELETE', `/workspace/${gone}`, { token: dan.token });
    for (const workspaceId of [house.deps.ids.uuid(), gone]) expect((await create({ name: 'x', workspaceId }, dan)).status).toBe(404);
  });
});

describe('GET /api/access-keys', () => {
  test('200 own keys; workspace administrators also see those of their workspace, administrators all', async () => {
    const fay = await house.createResident('Fay');
    const shop = await house.createWorkspace('Shop', [
      [dan, 'ADMIN'],
      [fay, 'WRITE'],
    ]);
    const [own, shared] = [await create({ name: 'own' }, fay), await create({ name: 'shared', workspaceId: shop }, fay)];
    const names = async (person: Resident, query = ''): Promise<unknown[]> =>
      [...(await house.request('GET', `/api/access-keys${query}`, { token: person.token })).body.data!].map((key) => key['id']);
    expect(await names(fay)).toEqual([shared.at('data.id'), own.at('data.id')]);
    expect(await names(dan)).toContain(shared.at('data.id'));
    expect(await names(dan)).not.toContain(own.at('data.id'));
    expect(await names(cat)).toEqual([]);
    expect(await names(ada)).toEqual(expect.arrayContaining([own.at('data.id'), shared.at('data.id')]));
    expect(await names(ada, `?workspaceId=${shop}`)).toEqual([shared.at('data.id')]);
    expect(await names(cat, `?workspaceId=${shop}`)).toEqual([]);
    const page = await house.request('GET', '/api/access-keys?limit=1', { token: fay.token });
    expect(page.body).toMatchObject({ data: [{ name: 'shared' }], nextCursor: shared.at('data.id') });
    expect(await names(fay, `?limit=1&cursor=${page.at('nextCursor')}`)).toEqual([own.at('data.id')]);
  });

  test('400 for a query that does not fit', async () => {
    for (const query of ['limit=501', 'cursor=x', 'workspaceId=x', 'all=1'])
      expect((await house.request('GET', `/api/access-keys?${query}`, { token: ben.token })).status, query).toBe(400);
  });

  test('401 for nobody', async () => {
    expect((await house.request('GET', '/api/access-keys')).status).toBe(401);
  });
});

describe('GET /api/access-keys/:id', () => {
  test('200 without the key itself', async () => {
    const made = await create({ name: 'one' });
    const reply = await house.request('GET', `/api/access-keys/${made.at('data.id')}`, { token: ben.token });
    expect(reply.status).toBe(200);
    const { key, ...rest } = made.body.data! as unknown as Record<string, unknown>;
    expect(reply.body.data).toEqual(rest);
    expect(reply.text).not.toContain(String(key));
  });

  test('200 what has no known price is counted beside what was spent, and is not taken for nothing', async () => {
    const id = (await create({ name: 'unpriced' })).at('data.id');
    const book = (costNanoUsd: number | null): void => {
      const intent = intentOf({ accessKeyId: id, userId: ben.id });
      house.deps.journal.append(intent);
      house.deps.journal.append(settlementOf(intent, { costNanoUsd, ...(costNanoUsd === null && { prices: null }) }));
    };
    const spent = async () => (await house.request('GET', `/api/access-keys/${id}`, { token: ben.token })).body.data;
    expect(await spent()).toMatchObject({ spentUsd: '0', unpricedCount: 0 });
    book(null);
    await house.deps.books.catchUp();
    expect(await spent()).toMatchObject({ spentUsd: '0', unpricedCount: 1 });
    book(null);
    book(2_500_000_000);
    await house.deps.books.catchUp();
    expect(await spent()).toMatchObject({ spentUsd: '2.5', unpricedCount: 2 });
  });

  test('401 for nobody', async () => {
    const id = (await create({ name: 'private' })).at('data.id');
    expect((await house.request('GET', `/api/access-keys/${id}`)).status).toBe(401);
  });

  test("404 for another person's key, which looks exactly like a missing one", async () => {
    const id = (await create({ name: 'private' })).at('data.id');
    const foreign = await house.request('GET', `/api/access-keys/${id}`, { token: cat.token });
    const random = await house.request('GET', `/api/access-keys/${house.deps.ids.uuid()}`, { token: cat.token });
    expect(foreign.status).toBe(404);
    expect(foreign.bodyWithoutId).toEqual(random.bodyWithoutId);
  });
});

describe('PATCH /api/access-keys/:id', () => {
  const change = (id: string, body: unknown, person = ben): Promise<Reply> =>
    house.request('PATCH', `/api/access-keys/${id}`, { token: person.token, body });

  test('200 changes what is named, null takes a limit away, and the next request obeys', async () => {
    const made = await create({ name: 'before', rpm: 5, tpm: 50, budgetUsd: 1, models: ['a'] });
    const reply = await change(made.at('data.id'), { name: 'after', rpm: null, budgetUsd: '0.5' });
    expect(reply.status).toBe(200);
    expect(reply.body.data).toMatchObject({ name: 'after', rpm: null, tpm: 50, budgetUsd: '0.5', models: ['a'] });
    const hash = createHash('sha256').update(made.at('data.key')).digest('hex');
    expect(house.deps.keeper.snapshot.accessKeys.get(hash)).toMatchObject({
      name: 'after',
      rpm: null,
      tpm: 50,
      budgetNanoUsd: 500_000_000,
    });
    const [entry] = await house.database.db
      .selectFrom('audit_entries')
      .select('changes')
      .where('action', '=', 'access-key.update')
      .where('subject_id', '=', made.at('data.id'))
      .execute();
    expect(JSON.parse(entry!.changes!)).toEqual({
      name: { before: 'before', after: 'after' },
      rpm: { before: 5, after: null },
      budgetNanoUsd: { before: 1_000_000_000, after: 500_000_000 },
    });
  });

  test('400 for another workspace, another holder, or a limit that does not fit', async () => {
    const id = (await create({ name: 'x' })).at('data.id');
    for (const body of [
      { workspaceId: lab },
      { userId: cat.id },
      { rpm: 0 },
      { budgetUsd: 'x' },
      { expiresAt: '2020-01-01T00:00:00Z' },
      { name: null },
    ])
      expect((await change(id, body)).status, JSON.stringify(body)).toBe(400);
  });

  test('401 for nobody', async () => {
    const id = (await create({ name: 'x' })).at('data.id');
    expect((await house.request('PATCH', `/api/access-keys/${id}`, { body: { rpm: 1 } })).status).toBe(401);
  });

  test('404 for a stranger', async () => {
    const id = (await create({ name: 'x' })).at('data.id');
    expect((await change(id, { rpm: 1 }, cat)).status).toBe(404);
  });

  test('403 for a holder who may not write in the workspace any more; revoking is still possible', async () => {
    const gus = await house.createResident('Gus');
    const den = await house.createWorkspace('Den', [
      [dan, 'ADMIN'],
      [gus, 'WRITE'],
    ]);
    const id = (await create({ name: 'x', workspaceId: den }, gus)).at('data.id');
    await house.request('PUT', `/workspace/${den}/users/${gus.id}`, { token: dan.token, body: { role: 'READ' } });
    expect((await change(id, { rpm: 1000 }, gus)).status).toBe(403);
    expect((await change(id, { rpm: 10 }, dan)).status).toBe(200);
    expect((await house.request('DELETE', `/api/access-keys/${id}`, { token: gus.token })).status).toBe(200);
  });
});

describe('DELETE /api/access-keys/:id', () => {
  test('200 revokes: the gateway knows at once, and the key is gone from every list', async () => {
    const made = await create({ name: 'leaked' });
    const id = made.at('data.id');
    expect((await house.request('DELETE', `/api/access-keys/${id}`, { token: ben.token })).status).toBe(200);
    const hash = createHash('sha256').update(made.at('data.key')).digest('hex');
    expect(house.deps.keeper.snapshot.accessKeys.has(hash)).toBe(false);
    expect((await house.request('GET', '/api/access-keys', { token: ada.token })).text).not.toContain(id);
    for (const method of ['GET', 'PATCH', 'DELETE'])
      expect(
        (await house.request(method, `/api/access-keys/${id}`, { token: ben.token, ...(method === 'PATCH' ? { body: {} } : {}) })).status,
        method,
      ).toBe(404);
  });

  test('401 for nobody, and the key lives on', async () => {
    const id = (await create({ name: 'x' })).at('data.id');
    expect((await house.request('DELETE', `/api/access-keys/${id}`)).status).toBe(401);
    expect((await stored(id)).revoked_at).toBeNull();
  });

  test('404 for a stranger, and the key lives on', async () => {
    const id = (await create({ name: 'x' })).at('data.id');
    expect((await house.request('DELETE', `/api/access-keys/${id}`, { token: cat.token })).status).toBe(404);
    expect((await house.request('DELETE', '/api/access-keys/nonsense', { token: cat.token })).status).toBe(404);
    expect((await stored(id)).revoked_at).toBeNull();
  });

  test('of two revocations at once one finds the key, the other nothing', async () => {
    const id = (await create({ name: 'x' })).at('data.id');
    const both = await Promise.all([1, 2].map(() => house.request('DELETE', `/api/access-keys/${id}`, { token: ben.token })));
    expect(both.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 404]);
  });
});
