/** The history of configuration objects through the front door: every kind, what differs, and the way back. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { plain, startFakeProvider, type FakeProvider } from '../support/fake-provider.ts';
import { openHouse, type House, type Reply, type Resident } from '../support/house.ts';
import { movingClock } from '../support/moving-clock.ts';

const clock = movingClock();
let provider: FakeProvider;
let house: House;
let ada: Resident;
let ben: Resident;
let workspaceId: string;

beforeAll(async () => {
  provider = await startFakeProvider();
  provider.answer(plain);
  house = await openHouse({ egressAllow: '127.0.0.1:*', clock });
  ada = await house.createResident('Ada', 'administrator');
  ben = await house.createResident('Ben');
  workspaceId = await house.createWorkspace('Team', [[ben, 'WRITE']]);
});
afterAll(async () => {
  await house?.close();
  await provider?.close();
});

const send = async (method: string, to: string, body?: unknown, person: Resident = ada): Promise<Reply> => {
  const reply = await house.request(method, to, { token: person.token, body });
  return reply;
};
const made = async (to: string, body: unknown, id = 'data.id'): Promise<string> => {
  const reply = await send('POST', to, body);
  expect([200, 201], reply.text).toContain(reply.status);
  return reply.at(id);
};
let names = 0;
const nextName = (): string => `thing ${(names += 1)}`;
const model = (part: Record<string, unknown> = {}): Promise<string> =>
  made('/api/admin/models', { name: nextName(), modelVariant: 'm1', apiUrl: provider.baseUrl, apiKey: 'sk-of-the-tests-1234', ...part });

interface Revision {
  revision: number;
  actor: { name: string } | null;
  action: string | null;
  state: Record<string, unknown> | null;
  changes: Record<string, { before?: unknown; after?: unknown }>;
  isCurrent: boolean;
}
const historyOf = async (type: string, id: string, person = ada): Promise<Revision[]> => {
  const reply = await send('GET', `/api/revisions/${type}/${id}`, undefined, person);
  expect(reply.status, reply.text).toBe(200);
  return (JSON.parse(reply.text) as { data: Revision[] }).data;
};
const rollBack = (type: string, id: string, revision: number, person = ada) =>
  send('POST', `/api/revisions/${type}/${id}/rollback`, { revision }, person);

/** Settings of which an installation has one: what they were, and what they become. */
const ofHouse = (method: string, to: string, [was, becomes]: readonly [unknown, unknown]) => ({
  async make() {
    await send(method, to, was);
    return house.deps.keeper.snapshot.organizationId;
  },
  change: () => send(method, to, becomes),
});

/** Each kind of object: how one is made and changed, through the front door. */
const kinds: Record<string, { make: () => Promise<string>; change: (id: string) => Promise<Reply> }> = {
  connection: {
    make: () => model(),
    change: (id) => send('PUT', `/api/configurations/${id}`, { name: nextName(), isActive: false }),
  },
  'use-case': {
    make: async () =>
      made('/api/use-cases', { name: nextName(), connectionId: await model(), systemPrompt: 'Answer.', allRoles: true, maxTokens: 100 }),
    change: (id) => send('PATCH', `/api/use-cases/${id}`, { systemPrompt: 'Answer briefly.', allowedRoles: ['manager'], temperature: 0.2 }),
  },
  'routing-group': {
    make: async () =>
      made('/api/routing-groups', {
        name: nextName(),
        scope: 'organization',
        strategy: 'weighted',
        options: { hedgeMaxUsd: '0.01' },
        targets: [{ connectionId: await model(), weight: 3 }],
      }),
    change: (id) => send('PATCH', `/api/routing-groups/${id}`, { strategy: 'ordered', options: { hedgeMaxUsd: null } }),
  },
  policy: {
    make: () => made('/api/policies', { name: nextName(), action: 'log', rules: { keywords: ['secret'] } }),
    change: (id) => send('PATCH', `/api/policies/${id}`, { action: 'block', rules: { keywords: ['other'] } }),
  },
  repository: {
    make: async () => made('/api/repositories', { name: nextName(), workspaceId, connectionIds: [await model()] }),
    change: (id) => send('PATCH', `/api/repositories/${id}`, { name: nextName(), connectionIds: [] }),
  },
  limit: {
    async make() {
      const subjectId = await house.createWorkspace(nextName(), [[ben, 'READ']]);
      return made('/api/limits', { subjectKind: 'workspace', subjectId, kind: 'money', period: 'day', value: '2.5' });
    },
    change: (id) => send('PATCH', `/api/limits/${id}`, { value: '9', softPercent: 50 }),
  },
  'access-key': {
    make: () => made('/api/access-keys', { name: nextName(), rpm: 5, budgetUsd: '1.25', models: ['gpt-4o'] }),
    change: (id) => send('PATCH', `/api/access-keys/${id}`, { rpm: null, budgetUsd: null, models: null }),
  },
  'ai-settings': {
    async make() {
      await send('PATCH', '/api/admin/settings/ai', { maxTokens: 1000, temperature: 0.3, isEnvironmentUsed: true });
      return 'ai-settings';
    },
    change: () => send('PATCH', '/api/admin/settings/ai', { maxTokens: 2000, temperature: 0.9, isEnvironmentUsed: false }),
  },
  template: {
    make: () =>
      made('/api/admin/templates', { provider: 'openai', name: nextName(), configuration: { model: 'gpt-4o', temperature: 0.2 } }),
    change: (id) =>
      send('PUT', `/api/admin/templates/${id}`, { name: nextName(), configuration: { model: 'gpt-4o-mini' }, description: 'Small.' }),
  },
  'limit-settings': ofHouse('PATCH', '/api/limit-settings', [
    { timeZone: 'Asia/Jakarta', outputTokensCeiling: 100 },
    { timeZone: 'UTC', outputTokensCeiling: null },
  ]),
  'health-settings': ofHouse('PATCH', '/api/status-settings', [
    { everySeconds: 120, checkBy: 'models' },
    { everySeconds: 0, checkBy: 'completion' },
  ]),
  retention: ofHouse('PATCH', '/api/admin/settings/retention', [
    { days: { tasks: 7, audit: 0 } },
    { days: { tasks: null, alerts: 40, audit: 30 } },
  ]),
  alert_rule: {
    make: () => made('/api/alert-rules', { scope: 'organization', kind: 'error-rate', name: nextName(), value: 20 }),
    change: (id) => send('PATCH', `/api/alert-rules/${id}`, { value: 40, isActive: false }),
  },
};

const price = (input: string, part: Record<string, unknown> = {}): Promise<string> =>
  made('/api/admin/prices', {
    provider: 'openai',
    model: 'priced',
    tiers: [{ fromTokensIn: 0, input, output: '4' }],
    confirm: true,
    ...part,
  });

describe('GET /api/revisions/:type/:id', () => {
  test.each(Object.keys(kinds))('200 %s: who made which state, the newest first, and never a secret', async (type) => {
    const { make, change } = kinds[type]!;
    const id = await make();
    const changed = await change(id);
    expect(changed.status, changed.text).toBe(200);
    const [now, before] = await historyOf(type, id);
    expect(now).toMatchObject({ actor: { name: 'Ada' }, isCurrent: true });
    expect(now!.action).toMatch(/\.update$/);
    expect(before!.isCurrent).toBe(false);
    expect(now!.revision).toBeGreaterThan(before!.revision);
    expect(Object.keys(now!.changes).length).toBeGreaterThan(0);
    for (const [field, { before: was, after }] of Object.entries(now!.changes)) {
      expect(before!.state![field] ?? null).toEqual(was);
      expect(now!.state![field] ?? null).toEqual(after);
    }
    expect(JSON.stringify([now, before])).not.toMatch(/sk-of-the-tests|v1\.|sealed/);
  });

  test('200 what is deleted has a history still, for administrators', async () => {
    const id = await kinds['policy']!.make();
    await send('DELETE', `/api/policies/${id}`);
    const [gone, before] = await historyOf('policy', id);
    expect(gone).toMatchObject({ action: 'policy.delete', state: null, isCurrent: false });
    expect(before!.state).toMatchObject({ action: 'log' });
    expect((await send('GET', `/api/revisions/policy/${id}`, undefined, ben)).status).toBe(404);
  });

  test('401 without a credential', async () => {
    expect((await house.request('GET', '/api/revisions/policy/x')).status).toBe(401);
  });

  test('403 for whoever may not change the object', async () => {
    for (const type of ['use-case', 'template', 'limit-settings', 'health-settings', 'retention']) {
      const id = await kinds[type]!.make();
      expect((await send('GET', `/api/revisions/${type}/${id}`, undefined, ben)).status, type).toBe(403);
    }
    expect((await send('GET', `/api/revisions/price/${await price('1')}`, undefined, ben)).status).toBe(403);
  });

  test('404 for what never was, and for what has no history', async () => {
    expect((await send('GET', `/api/revisions/policy/${house.deps.ids.uuid()}`)).status).toBe(404);
    expect((await send('GET', `/api/revisions/price/${house.deps.ids.uuid()}`)).status).toBe(404);
    expect((await send('GET', `/api/revisions/retention/${house.deps.ids.uuid()}`)).status).toBe(404);
    expect((await send('GET', `/api/revisions/chat/${house.deps.ids.uuid()}`)).status).toBe(404);
  });
});

describe('GET /api/revisions/:type/:id/diff', () => {
  test('200 the fields that differ between two states, in either direction', async () => {
    const id = await kinds['access-key']!.make();
    await kinds['access-key']!.change(id);
    await send('PATCH', `/api/access-keys/${id}`, { rpm: 50 });
    const [third, , first] = await historyOf('access-key', id);
    const diff = async (from: number, to: number) =>
      (await send('GET', `/api/revisions/access-key/${id}/diff?from=${from}&to=${to}`)).body['data']!['changes'];
    expect(await diff(first!.revision, third!.revision)).toMatchObject({ rpm: { before: 5, after: 50 } });
    expect(await diff(third!.revision, first!.revision)).toMatchObject({ rpm: { before: 50, after: 5 }, models: { after: ['gpt-4o'] } });
    expect(await diff(first!.revision, first!.revision)).toEqual({});
  });

  test('200 without revisions: what the last change changed', async () => {
    const id = await kinds['access-key']!.make();
    await send('PATCH', `/api/access-keys/${id}`, { rpm: 50 });
    const reply = await send('GET', `/api/revisions/access-key/${id}/diff`);
    expect(reply.body['data']!['changes']).toEqual({ rpm: { before: 5, after: 50 } });
  });

  test('400 for what is no revision', async () => {
    expect((await send('GET', '/api/revisions/access-key/x/diff?from=first')).status).toBe(400);
  });

  test('401 without a credential', async () => {
    expect((await house.request('GET', '/api/revisions/policy/x/diff?from=1&to=2')).status).toBe(401);
  });

  test('403 for whoever may not change the object', async () => {
    const id = await kinds['use-case']!.make();
    expect((await send('GET', `/api/revisions/use-case/${id}/diff?from=1&to=2`, undefined, ben)).status).toBe(403);
  });

  test('404 for a revision that the object never had', async () => {
    const id = await kinds['access-key']!.make();
    const reply = await send('GET', `/api/revisions/access-key/${id}/diff?from=1&to=2`);
    expect([reply.status, reply.at('error_code')]).toEqual([404, 'REVISION_NOT_FOUND']);
  });
});

describe('POST /api/revisions/:type/:id/rollback', () => {
  test.each(Object.keys(kinds))('200 %s: the state is back, as a new revision of its own, and the audit log says so', async (type) => {
    const { make, change } = kinds[type]!;
    const id = await make();
    await change(id);
    const [, first] = await historyOf(type, id);
    const reply = await rollBack(type, id, first!.revision);
    expect(reply.status, reply.text).toBe(200);
    const [now] = await historyOf(type, id);
    expect(now!.state).toEqual(first!.state);
    expect(now!.isCurrent).toBe(true);
    expect(now!.action).toMatch(/\.rollback$/);
    expect((reply.body['data'] as unknown as { revision: number }).revision).toBe(now!.revision);
    const entries = await send('GET', `/api/admin/audit?limit=1&subjectId=${id}&action=${type}.rollback`);
    expect(entries.body['data']![0]).toMatchObject({ changes: { rollbackTo: { after: first!.revision } }, revision: now!.revision });
  });

  test('200 the connection serves what it did before, with the secret that it has', async () => {
    const name = nextName();
    const id = await model({ name });
    const before = (await historyOf('connection', id))[0]!.revision;
    await send('PUT', `/api/configurations/${id}`, { name: nextName(), isActive: false });
    expect((await rollBack('connection', id, before)).status).toBe(200);
    const key = (await send('POST', '/api/access-keys', { name: 'k' })).at('data.key');
    const body = { model: `${name}/m1`, messages: [{ role: 'user', content: 'Hi' }] };
    const answer = await house.request('POST', '/v1/chat/completions', { token: key, body });
    expect(answer.status, answer.text).toBe(200);
    expect(answer.headers.get('x-patchbay-config-rev')).toMatch(/^\d+$/);
  });

  test('400 for no revision', async () => {
    expect((await send('POST', '/api/revisions/policy/x/rollback', { revision: 'first' })).status).toBe(400);
  });

  test('400 where a rule of today stands against it: a key that ended would end again', async () => {
    const endsAt = new Date(clock.nowMs() + 60_000).toISOString();
    const id = await made('/api/access-keys', { name: nextName(), expiresAt: endsAt });
    const first = (await historyOf('access-key', id))[0]!.revision;
    await send('PATCH', `/api/access-keys/${id}`, { expiresAt: null });
    clock.move(61_000);
    expect((await rollBack('access-key', id, first)).status).toBe(400);
  });

  test('401 without a credential', async () => {
    expect((await house.request('POST', '/api/revisions/policy/x/rollback', { body: { revision: 1 } })).status).toBe(401);
  });

  test('403 for whoever may not change the object', async () => {
    const id = await kinds['use-case']!.make();
    expect((await rollBack('use-case', id, 1, ben)).status).toBe(403);
  });

  test('404 for a revision that the object never had, and for an object that is gone', async () => {
    const id = await kinds['policy']!.make();
    expect((await rollBack('policy', id, 999_999)).at('error_code')).toBe('REVISION_NOT_FOUND');
    const [first] = await historyOf('policy', id);
    await send('DELETE', `/api/policies/${id}`);
    expect((await rollBack('policy', id, first!.revision)).status).toBe(404);
  });

  test('409 what it names is gone, and it says what', async () => {
    const connectionId = await model();
    const id = await made('/api/repositories', { name: nextName(), workspaceId, connectionIds: [connectionId] });
    const [first] = await historyOf('repository', id);
    await send('PATCH', `/api/repositories/${id}`, { connectionIds: [] });
    expect((await send('DELETE', `/api/configurations/${connectionId}`)).status).toBe(200);
    const reply = await rollBack('repository', id, first!.revision);
    expect([reply.status, reply.at('error_code')]).toEqual([409, 'REVISION_UNUSABLE']);
    expect(reply.body['details']![0]).toMatchObject({ path: 'connectionIds.0', code: 'gone' });
  });

  test('409 a name that somebody else has by now', async () => {
    const id = await kinds['repository']!.make();
    const [first] = await historyOf('repository', id);
    await send('PATCH', `/api/repositories/${id}`, { name: nextName() });
    await made('/api/repositories', { name: first!.state!['name'], workspaceId, connectionIds: [] });
    expect((await rollBack('repository', id, first!.revision)).at('error_code')).toBe('NAME_EXISTS');
  });
});

describe('the history of a price', () => {
  const inputsOf = (revisions: readonly Revision[]): unknown[] =>
    revisions.map(({ state }) => (state!['tiers'] as { input: string }[])[0]!.input);
  const holding = async (): Promise<Record<string, unknown>> =>
    (await send('GET', '/api/admin/prices/effective?provider=openai&model=followed')).body['data'] as unknown as Record<string, unknown>;

  test('200 all that was said of its model, from whichever of its prices one asks, and what differs', async () => {
    const model = { model: nextName() };
    const first = await price('1', { ...model, note: 'list' });
    const second = await price('2', model);
    await price('7', { model: 'another' });
    const states = await historyOf('price', first);
    expect(inputsOf(states)).toEqual(['2', '1']);
    expect(await historyOf('price', second)).toEqual(states);
    expect(states[0]).toMatchObject({ action: 'price.create', actor: { name: 'Ada' }, isCurrent: true });
    expect(states[0]!.changes).toMatchObject({ note: { before: 'list', after: null }, tiers: {} });
    await send('POST', `/api/admin/prices/${second}/end`, {});
    expect((await historyOf('price', first))[0]).toMatchObject({ action: 'price.end', changes: { validUntil: { before: null } } });
  });

  test('200 an earlier price holds again from now on, by one that follows, and the past stays as it was', async () => {
    const model = { model: 'followed' };
    const first = await price('1', model);
    const second = await price('200', model);
    const [, before] = await historyOf('price', first);
    const reply = await rollBack('price', first, before!.revision);
    expect(reply.status, reply.text).toBe(200);
    const [now] = await historyOf('price', second);
    expect(now).toMatchObject({
      action: 'price.rollback',
      isCurrent: true,
      revision: (reply.body['data'] as unknown as Revision).revision,
    });
    expect(now!.state).toEqual({ ...before!.state, validFrom: now!.state!['validFrom'] });
    expect(await holding()).toMatchObject({ source: 'own', tiers: [{ input: '1' }] });
    const rows = (await send('GET', '/api/admin/prices?provider=openai&model=followed')).body['data'] as unknown as Record<
      string,
      unknown
    >[];
    expect(rows.map(({ id, validUntil }) => [id, validUntil])).toEqual(
      expect.arrayContaining([
        [first, null],
        [second, null],
      ]),
    );
    expect(rows.length).toBe(3);
  });

  test('200 an end is brought back by ending what holds, and there must be something to end', async () => {
    const model = { model: 'ended' };
    const first = await price('1', model);
    expect((await send('POST', `/api/admin/prices/${first}/end`, {})).status).toBe(200);
    const ended = (await historyOf('price', first))[0]!.revision;
    expect((await rollBack('price', first, ended)).status).toBe(400);
    await price('3', model);
    expect((await rollBack('price', first, ended)).status).toBe(200);
    const rows = (await send('GET', '/api/admin/prices?provider=openai&model=ended')).body['data'] as unknown as Record<string, unknown>[];
    expect(rows.filter(({ validUntil }) => validUntil === null)).toEqual([]);
  });

  test('one that is older than histories is found as it was when it is followed', async () => {
    const model = { model: 'older' };
    const first = await price('1', model);
    await house.database.driver.script(`DELETE FROM object_revisions WHERE subject_id = '${first}'`);
    const second = await price('2', model);
    const states = await historyOf('price', second);
    expect(inputsOf(states)).toEqual(['2', '1']);
    expect(states[1]).toMatchObject({ action: null, actor: null });
    expect((await rollBack('price', second, states[1]!.revision)).status).toBe(200);
    expect(inputsOf(await historyOf('price', first))).toEqual(['1', '2', '1']);
  });

  test('409 a price of a connection that is gone', async () => {
    const connectionId = await model();
    const { providerId } = house.deps.keeper.snapshot.connections.get(connectionId)!;
    const of = { provider: providerId, connectionId, model: 'm1' };
    const id = await price('1', of);
    await price('2', of);
    const [, first] = await historyOf('price', id);
    expect((await send('DELETE', `/api/configurations/${connectionId}`)).status).toBe(200);
    expect((await rollBack('price', id, first!.revision)).at('error_code')).toBe('REVISION_UNUSABLE');
  });
});
