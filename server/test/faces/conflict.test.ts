/** Two people edit one thing: the second is told, on every face that changes one, and clients that know of no revisions are not. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openConfigurationsHouse, type ConfigurationsHouse } from '../support/configurations-house.ts';
import { tracesOf, type Found } from '../support/connections-house.ts';
import type { Resident } from '../support/house.ts';

const key = 'sk-canary-0123456789abcdefWXYZ';

let home: ConfigurationsHouse;
let house: ConfigurationsHouse['house'];
let admin: Resident;
let second: Resident;

beforeAll(async () => {
  home = await openConfigurationsHouse(key);
  ({ house, admin } = home);
  second = await house.createResident('Budi', 'administrator');
});

afterAll(() => home.close());

interface Conflict {
  current: Found & { revision: number };
  changedAt: string | null;
  changedBy: { id: string; name: string } | null;
}

const makeShared = async (): Promise<Found & { revision: number }> => {
  const { name, baseUrl } = home.body() as { name: string; baseUrl: string };
  const input = { name, apiUrl: baseUrl, modelVariant: 'small-model', apiKey: key, provider: 'custom' };
  const answer = await house.ask(admin, 'POST', '/api/admin/models', input);
  expect(answer.status).toBe(201);
  return answer.body.data as unknown as Found & { revision: number };
};

const conflictOf = (answer: { body: unknown }): Conflict => (answer.body as { details: Conflict }).details;

describe.each(['PUT', 'PATCH'])('%s of a connection', (method) => {
  test('409 the second of two who edited the same is told what it is now and who made it so, and nothing is overwritten', async () => {
    const { id, revision } = await makeShared();
    const first = await house.ask(second, method, `/api/admin/models/${id}`, { modelVariant: 'large-model', revision });
    expect(first.status).toBe(200);
    const answer = await house.ask(admin, method, `/api/configurations/${id}`, { name: 'Mine', revision });
    expect(answer.status).toBe(409);
    expect(answer.body).toMatchObject({ success: false, error_code: 'CONFLICT' });
    expect(conflictOf(answer)).toMatchObject({
      current: { id, model: 'large-model', apiKey: '***WXYZ', revision: (first.body.data as unknown as { revision: number }).revision },
      changedBy: { id: second.id, name: 'Budi' },
    });
    expect(Date.parse(conflictOf(answer).changedAt!)).toBeGreaterThan(0);
    expect(tracesOf(key, answer.text)).toEqual([]);
    const now = await house.ask(admin, 'GET', `/api/configurations/${id}`);
    expect(now.body.data).toMatchObject({ model: 'large-model' });
    expect(now.body.data['name']).not.toBe('Mine');
  });

  test('409 the conflict is shown in the words of the face that was asked', async () => {
    const { id, revision } = await makeShared();
    await house.ask(second, method, `/api/admin/models/${id}`, { modelVariant: 'large-model' });
    const onAdmin = await house.ask(admin, method, `/api/admin/models/${id}`, { name: 'Mine', revision });
    expect(conflictOf(onAdmin).current).toMatchObject({ modelVariant: 'large-model' });
    const onPersonal = await house.ask(admin, method, `/api/ai-connections/${id}`, { name: 'Mine', revision });
    expect(onPersonal.status).toBe(409);
    expect(conflictOf(onPersonal).current).toMatchObject({ defaultModel: 'large-model' });
  });

  test('200 with the revision that it has now, and again with the one that the answer names', async () => {
    const { id, revision } = await makeShared();
    const once = await house.ask(admin, method, `/api/configurations/${id}`, { name: `once ${id}`, revision });
    expect(once.status).toBe(200);
    const next = (once.body.data as unknown as { revision: number }).revision;
    expect(next).toBeGreaterThan(revision);
    expect((await house.ask(admin, method, `/api/configurations/${id}`, { name: `twice ${id}`, revision: next })).status).toBe(200);
  });

  test('200 without a revision whoever writes last wins, as it was', async () => {
    const { id } = await makeShared();
    await house.ask(second, method, `/api/admin/models/${id}`, { modelVariant: 'large-model' });
    const answer = await house.ask(admin, method, `/api/configurations/${id}`, { name: `last ${id}` });
    expect(answer.status).toBe(200);
    expect(answer.body.data).toMatchObject({ name: `last ${id}`, model: 'large-model' });
  });

  test('400 a revision alone changes nothing, and one that is no number is refused', async () => {
    const { id, revision } = await makeShared();
    expect((await house.ask(admin, method, `/api/configurations/${id}`, { revision })).status).toBe(400);
    expect((await house.ask(admin, method, `/api/configurations/${id}`, { name: 'x', revision: '1' })).status).toBe(400);
  });

  test('404 a stranger learns nothing by naming a revision', async () => {
    const own = await home.make(home.alice);
    const answer = await house.ask(home.bob, method, `/api/configurations/${own.id}`, { name: 'x', revision: 1 });
    expect(answer.status).toBe(404);
    expect(answer.body).not.toHaveProperty('details');
  });
});

describe('If-Match', () => {
  test('409 an old tag, 200 the one that the answer carried; any of ours may be weak or bare', async () => {
    const { id } = await makeShared();
    const path = `/api/configurations/${id}`;
    const tag = (await house.ask(admin, 'GET', path)).headers.get('etag')!;
    expect(tag).toMatch(/^"\d+"$/);
    const changed = await house.ask(admin, 'PATCH', path, { name: `a ${id}` }, { 'if-match': tag });
    expect(changed.status).toBe(200);
    expect(changed.headers.get('etag')).not.toBe(tag);
    expect((await house.ask(admin, 'PATCH', path, { name: `b ${id}` }, { 'if-match': tag })).status).toBe(409);
    const weak = `W/${changed.headers.get('etag')!}`;
    expect((await house.ask(admin, 'PATCH', path, { name: `c ${id}` }, { 'if-match': weak })).status).toBe(200);
    expect((await house.ask(admin, 'PATCH', path, { name: `d ${id}` }, { 'if-match': '"not-ours"' })).status).toBe(409);
    expect((await house.ask(admin, 'PATCH', path, { name: `e ${id}` }, { 'if-match': '*' })).status).toBe(200);
  });

  test('409 of two at once from the same state exactly one is saved', async () => {
    const { id, revision } = await makeShared();
    const answers = await Promise.all(
      ['a', 'b', 'c', 'd'].map((name) => house.ask(admin, 'PATCH', `/api/configurations/${id}`, { name: `${name} ${id}`, revision })),
    );
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409, 409, 409]);
  });

  test('409 a default that another connection took away is a change without a doer', async () => {
    const before = await home.make(home.alice, { isDefault: true });
    await home.make(home.alice, { isDefault: true });
    const answer = await house.ask(home.alice, 'PATCH', `/api/configurations/${before.id}`, { name: 'x', revision: before['revision'] });
    expect(answer.status).toBe(409);
    expect(conflictOf(answer)).toMatchObject({ current: { isDefault: false }, changedAt: null, changedBy: null });
  });
});

describe('PATCH /api/access-keys/:id', () => {
  test('409 an access key that somebody changed since it was read', async () => {
    const made = await house.ask(admin, 'POST', '/api/access-keys', { name: 'shop' });
    const { id, revision } = made.body.data as unknown as { id: string; revision: number };
    expect(revision).toBeGreaterThan(0);
    expect((await house.ask(second, 'PATCH', `/api/access-keys/${id}`, { rpm: 5, revision })).status).toBe(200);
    const answer = await house.ask(admin, 'PATCH', `/api/access-keys/${id}`, { rpm: 50, revision });
    expect(answer.status).toBe(409);
    expect(answer.body).toMatchObject({ error_code: 'CONFLICT', details: { current: { rpm: 5 }, changedBy: { name: 'Budi' } } });
    expect(answer.text).not.toContain((made.body.data as unknown as { key: string }).key);
    expect((await house.ask(admin, 'PATCH', `/api/access-keys/${id}`, { rpm: 50 })).status).toBe(200);
  });
});

describe('PATCH /api/admin/users/:id', () => {
  interface Person {
    id: string;
    revision: number;
  }
  const patch = (by: Resident, id: string, body: unknown, headers = {}) => house.ask(by, 'PATCH', `/api/admin/users/${id}`, body, headers);
  const makePerson = async (name: string, role: string) => {
    const answer = await house.ask(admin, 'POST', '/api/admin/users', { email: `${name}@example.org`, name, role });
    expect(answer.status, answer.text).toBe(201);
    return { ...(answer.body.data as unknown as Person), etag: answer.headers.get('etag') };
  };

  test('409 a role that was just taken away is not given back by who saw the person before', async () => {
    const { id, revision, etag } = await makePerson('eko', 'administrator');
    expect(etag).toBe(`"${revision}"`);
    const listed = (await house.ask(admin, 'GET', '/api/admin/users')).body.data as unknown as Person[];
    expect(listed.find((person) => person.id === id)).toMatchObject({ revision });
    const demoted = await patch(second, id, { role: 'user', revision });
    expect(demoted.status).toBe(200);
    const answer = await patch(admin, id, { name: 'Eko II', role: 'administrator', revision });
    expect(answer.status).toBe(409);
    expect(answer.body).toMatchObject({
      error_code: 'CONFLICT',
      details: { current: { id, name: 'eko', role: 'user' }, changedBy: { name: 'Budi' } },
    });
    expect(Date.parse(conflictOf(answer).changedAt!)).toBeGreaterThan(0);
    const { revision: now } = demoted.body.data as unknown as Person;
    expect(conflictOf(answer).current.revision).toBe(now);
    const saved = await patch(admin, id, { name: 'Eko II', revision: now });
    expect(saved.body.data).toMatchObject({ name: 'Eko II', role: 'user' });
    expect(saved.headers.get('etag')).toBe(`"${(saved.body.data as unknown as Person).revision}"`);
  });

  test('409 the name that people give themselves counts, too, and their time zone does not; If-Match says the same as a revision', async () => {
    const { id, etag } = await makePerson('rini', 'user');
    expect((await patch(admin, id, { name: 'Rini II' }, { 'if-match': etag! })).status).toBe(200);
    expect((await patch(admin, id, { name: 'Rini III' }, { 'if-match': etag! })).status).toBe(409);
    const { revision } = ((await house.ask(admin, 'GET', '/api/admin/users')).body.data as unknown as Person[]).find(
      (person) => person.id === second.id,
    )!;
    // Where somebody's days begin is nobody else's business, and no conflict for the form that is open elsewhere.
    expect((await house.ask(second, 'PATCH', '/api/me', { timeZone: 'Asia/Jakarta' })).status).toBe(200);
    expect((await patch(admin, second.id, { name: 'Budi', revision })).status).toBe(200);
    expect((await house.ask(second, 'PATCH', '/api/me', { name: 'Budi S.' })).status).toBe(200);
    const answer = await patch(admin, second.id, { name: 'Budi T.', revision });
    expect(answer.status).toBe(409);
    expect(conflictOf(answer)).toMatchObject({ current: { name: 'Budi S.' }, changedBy: { id: second.id } });
    expect((await house.ask(second, 'PATCH', '/api/me', { name: 'Budi' })).status).toBe(200);
  });

  test('409 of two at once from the same state exactly one is saved', async () => {
    const { id, revision } = await makePerson('tono', 'user');
    const answers = await Promise.all(['a', 'b', 'c', 'd'].map((name) => patch(admin, id, { name, revision })));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409, 409, 409]);
  });

  test('200 without a revision whoever writes last wins; 400 a revision alone changes nothing', async () => {
    const { id, revision } = await makePerson('wati', 'user');
    expect((await patch(second, id, { role: 'manager' })).status).toBe(200);
    expect((await patch(admin, id, { name: 'Wati II' })).body.data).toMatchObject({ name: 'Wati II', role: 'manager' });
    expect((await patch(admin, id, { revision })).status).toBe(400);
    expect((await patch(admin, id, { name: 'x', revision: String(revision) })).status).toBe(400);
  });
});

describe('PUT /workspace/:id', () => {
  test('409 a workspace that somebody renamed since it was read', async () => {
    const made = await house.ask(admin, 'POST', '/workspace', { name: 'Research' });
    const { id, revision } = (made.body as unknown as { workspace: { id: string; revision: number } }).workspace;
    expect((await house.ask(second, 'PUT', `/workspace/${id}`, { name: 'Lab', revision })).status).toBe(200);
    const answer = await house.ask(admin, 'PUT', `/workspace/${id}`, { name: 'Other', revision });
    expect(answer.status).toBe(409);
    expect(answer.body).toMatchObject({ error_code: 'CONFLICT', details: { current: { name: 'Lab' }, changedBy: { name: 'Budi' } } });
    expect((await house.ask(admin, 'PUT', `/workspace/${id}`, { name: 'Other' })).status).toBe(200);
  });
});

describe('PUT /ai/llm/:id', () => {
  test('409 an AI LLM that somebody changed since it was read', async () => {
    const made = await house.ask(admin, 'POST', '/workspace', { name: 'Models' });
    const { id: workspaceId } = (made.body as unknown as { workspace: { id: string } }).workspace;
    const { baseUrl } = home.body();
    const input = { name: 'llm', aiType: 'OTHER', endpoint: baseUrl, secret: key, workspaceId };
    const id = ((await house.ask(admin, 'POST', '/ai/llm', input)).body as unknown as { aiLlmId: string }).aiLlmId;
    const list = (await house.ask(admin, 'GET', `/ai/llm?workspaceId=${workspaceId}`)).body as unknown as {
      aiLlms: { revision: number }[];
    };
    const { revision } = list.aiLlms[0]!;
    expect((await house.ask(second, 'PUT', `/ai/llm/${id}`, { defaultModel: 'm', revision })).status).toBe(200);
    const answer = await house.ask(admin, 'PUT', `/ai/llm/${id}`, { name: 'mine', revision });
    expect(answer.status).toBe(409);
    expect(answer.body).toMatchObject({ error_code: 'CONFLICT', details: { current: { defaultModel: 'm', key: null } } });
  });
});
