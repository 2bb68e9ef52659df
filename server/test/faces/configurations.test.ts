/** S2's face, through the front door: one describe per route, one case per status it may give. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openConfigurationsHouse, type ConfigurationsHouse } from '../support/configurations-house.ts';
import { answersSeen, filesWith, listed, pathsOf, tracesOf, type Found } from '../support/connections-house.ts';

const key = 'sk-canary-0123456789abcdefWXYZ';
const mask = '***WXYZ';
const randomId = '01890a5d-ac96-774b-bcce-b302099a8057';

let home: ConfigurationsHouse;
let house: ConfigurationsHouse['house'];
let vendor: ConfigurationsHouse['vendor'];
let admin: ConfigurationsHouse['admin'];
let alice: ConfigurationsHouse['alice'];
let bob: ConfigurationsHouse['bob'];
let fresh: ConfigurationsHouse['fresh'];
let body: ConfigurationsHouse['body'];
let make: ConfigurationsHouse['make'];

beforeAll(async () => {
  home = await openConfigurationsHouse(key);
  ({ house, vendor, admin, alice, bob, fresh, body, make } = home);
});

afterAll(() => home.close());

describe('POST /api/configurations', () => {
  test('201 a created configuration never shows its key, only a mask', async () => {
    const answer = await house.ask(alice, 'POST', '/api/configurations', body({ name: 'My GPT' }));
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({
      success: true,
      data: {
        name: 'My GPT',
        provider: 'custom',
        model: 'small-model',
        apiKey: mask,
        hasApiKey: true,
        userId: alice.id,
        scope: 'user',
        isActive: true,
        isDefault: false,
        testStatus: 'pending',
        lastTested: null,
      },
    });
    expect(tracesOf(key, answer.text)).toEqual([]);
  });

  test('201 a short key is masked without a tail', async () => {
    expect(await make(alice, { apiKey: 'short-key' })).toMatchObject({ apiKey: '***', hasApiKey: true });
  });

  test('201 a key inside the configuration is sealed like any other and does not stay among the settings', async () => {
    const data = await make(alice, { apiKey: undefined, configuration: { apiKey: key, temperature: 0.5 } });
    expect(data).toMatchObject({ apiKey: mask, configuration: { temperature: 0.5 } });
    expect(data['configuration']).not.toHaveProperty('apiKey');
  });

  test('201 values of custom headers are masked and sealed', async () => {
    const data = await make(alice, { configuration: { headers: { 'X-Team': 'header-canary-value-1234' } } });
    expect(data['configuration']).toEqual({ headers: { 'x-team': '***' } });
    const row = await house.database.db.selectFrom('ai_configurations').selectAll().where('id', '=', data.id).executeTakeFirstOrThrow();
    expect(JSON.stringify(row)).not.toContain('header-canary-value-1234');
    expect(row.headers_encrypted).toMatch(/^v1\./);
  });

  test('201 with validate the answer carries a live test and the row its result', async () => {
    const answer = await house.ask(bob, 'POST', '/api/configurations', body({ validate: true }));
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({ test: { success: true, status: 'success' }, data: { testStatus: 'success' } });
  });

  test('201 a template fills in what was not said', async () => {
    const templates = await house.ask(alice, 'GET', '/api/providers/openai/templates');
    const template = listed(templates).find((entry) => entry['isDefault'])!;
    const data = await make(alice, { provider: 'openai', model: undefined, baseUrl: undefined, templateId: template.id });
    expect(data).toMatchObject({ provider: 'openai', model: (template['configuration'] as Record<string, unknown>)['model'] });
  });

  test('201 a new default takes the place of the old one', async () => {
    const first = await make(bob, { isDefault: true });
    const second = await make(bob, { isDefault: true });
    const list = await house.ask(bob, 'GET', '/api/configurations');
    const defaults = listed(list)
      .filter((entry) => entry['isDefault'])
      .map((entry) => entry.id);
    expect(defaults).toEqual([second.id]);
    expect(first['isDefault']).toBe(true);
  });

  test.each([
    ['no name', { name: undefined }, 'name'],
    ['an empty name', { name: '  ' }, 'name'],
    ['a name of 256 characters', { name: 'x'.repeat(256) }, 'name'],
    ['a NUL in the name', { name: 'a\u0000b' }, 'name'],
    ['an unknown provider', { provider: 'nobody' }, 'provider'],
    ['no model', { model: undefined }, 'model'],
    ['no address for a provider without one', { baseUrl: undefined }, 'baseUrl'],
    ['a key with a line break inside', { apiKey: 'sk-first\nsecond' }, 'apiKey'],
    ['a key with a zero-width space', { apiKey: 'sk-\u200bhidden-key' }, 'apiKey'],
    ['a mask for a key', { apiKey: '***abcd' }, 'apiKey'],
    ['an unknown field', { userId: 'somebody' }, 'userId'],
    ['a column of the table', { apiKeyEncrypted: 'v1.x' }, 'apiKeyEncrypted'],
    ['an unknown setting', { configuration: { nonsense: 1 } }, 'configuration.nonsense'],
    ['a temperature of 3', { configuration: { temperature: 3 } }, 'configuration.temperature'],
    [
      'a header that frames requests',
      { configuration: { headers: { 'Transfer-Encoding': 'chunked' } } },
      'configuration.headers.transfer-encoding',
    ],
    ['a header that signs in', { configuration: { headers: { Authorization: 'Bearer x' } } }, 'configuration.headers.authorization'],
    ['a mask for a header that is not stored', { configuration: { headers: { 'X-Team': '***' } } }, 'configuration.headers.X-Team'],
  ])('400 %s, with the path of the field', async (_, more, path) => {
    const answer = await house.ask(alice, 'POST', '/api/configurations', body(more));
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ success: false, error_code: 'VALIDATION_ERROR' });
    expect(answer.body['error']).toBe(answer.body['message']);
    expect(pathsOf(answer)).toContain(path);
    expect(answer.text).not.toContain('sk-first');
  });

  test.each([
    'ftp://example.org/v1',
    'file:///etc/passwd',
    'https://user:pw@example.org/v1',
    'https://example.org/v1?key=1',
    'https://example.org/v1#x',
    'http://169.254.169.254/latest',
    'http://metadata.google.internal/v1',
    'https://example.org/a/../b',
    'https://example.org:6379/v1',
    'no address',
  ])('400 an address that cannot be a target: %s', async (baseUrl) => {
    const answer = await house.ask(alice, 'POST', '/api/configurations', body({ baseUrl }));
    expect(answer.status).toBe(400);
    expect(answer.body['error_code']).toBe('URL_REFUSED');
    expect(pathsOf(answer)).toEqual(['baseUrl']);
  });

  test('400 a key is not kept for plain http to a public host', async () => {
    const answer = await house.ask(alice, 'POST', '/api/configurations', body({ baseUrl: 'http://llm.example.org/v1' }));
    expect([answer.status, answer.body['error_code']]).toEqual([400, 'URL_REFUSED']);
    expect(
      (await house.ask(alice, 'POST', '/api/configurations', body({ baseUrl: 'http://llm.example.org/v1', apiKey: undefined }))).status,
    ).toBe(201);
  });

  test('400 a hosted provider without a key', async () => {
    const answer = await house.ask(
      alice,
      'POST',
      '/api/configurations',
      body({ provider: 'openai', baseUrl: undefined, apiKey: undefined }),
    );
    expect([answer.status, answer.body['error_code']]).toEqual([400, 'SECRET_REQUIRED']);
  });

  test('400 broken JSON and prototype keys', async () => {
    expect((await house.ask(alice, 'POST', '/api/configurations', '{"name":')).body['error_code']).toBe('MALFORMED_JSON');
    expect((await house.ask(alice, 'POST', '/api/configurations', '{"name":"x","__proto__":{"isAdmin":true}}')).status).toBe(400);
  });

  test('401 without a token', async () => {
    expect((await house.ask(null, 'POST', '/api/configurations', body())).status).toBe(401);
  });

  test('409 a name that the owner uses already, in any case; another owner may use it', async () => {
    const name = fresh();
    await make(alice, { name });
    const answer = await house.ask(alice, 'POST', '/api/configurations', body({ name: name.toUpperCase() }));
    expect([answer.status, answer.body['error_code']]).toEqual([409, 'NAME_EXISTS']);
    await make(bob, { name });
  });
});

describe('GET /api/configurations', () => {
  test("200 shows the caller's own, newest first, and nobody else's", async () => {
    const carol = await house.createResident('Carol');
    const [first, second] = [await make(carol), await make(carol)];
    await house.ask(admin, 'POST', '/api/ai-connections', { name: fresh(), baseUrl: vendor.baseUrl, scope: 'organization' });
    const answer = await house.ask(carol, 'GET', '/api/configurations');
    expect(answer.body).not.toHaveProperty('pagination');
    expect(listed(answer).map((entry) => entry.id)).toEqual([second.id, first.id]);
  });

  test('200 with a page the answer says how many there are', async () => {
    const dora = await house.createResident('Dora');
    for (let count = 0; count < 3; count++) await make(dora);
    const answer = await house.ask(dora, 'GET', '/api/configurations?page=2&limit=2');
    expect(answer.body).toMatchObject({ pagination: { page: 2, limit: 2, total: 3, totalPages: 2 } });
    expect(answer.body.data).toHaveLength(1);
  });

  test('200 a search takes wildcards literally', async () => {
    const erin = await house.createResident('Erin');
    await make(erin, { name: 'Rate 100%' });
    await make(erin, { name: 'Plain' });
    const found = await house.ask(erin, 'GET', '/api/configurations?search=%25');
    expect(listed(found).map((entry) => entry['name'])).toEqual(['Rate 100%']);
    expect((await house.ask(erin, 'GET', '/api/configurations?search=_')).body.data).toEqual([]);
  });

  test('400 an unknown query or a page of nothing', async () => {
    expect((await house.ask(alice, 'GET', '/api/configurations?userId=x')).status).toBe(400);
    expect((await house.ask(alice, 'GET', '/api/configurations?page=0')).status).toBe(400);
    expect((await house.ask(alice, 'GET', '/api/configurations?limit=1000000000')).status).toBe(400);
  });

  test('401 without a token', async () => {
    expect((await house.ask(null, 'GET', '/api/configurations')).status).toBe(401);
  });
});

describe('GET /api/configurations/:id', () => {
  test('200 the owner, and everyone for the organization', async () => {
    const own = await make();
    expect((await house.ask(alice, 'GET', `/api/configurations/${own.id}`)).body.data).toMatchObject({ id: own.id, canManage: true });
    const shared = await house.ask(admin, 'POST', '/api/ai-connections', { name: fresh(), baseUrl: vendor.baseUrl, scope: 'organization' });
    expect((await house.ask(alice, 'GET', `/api/configurations/${shared.body.id}`)).body.data).toMatchObject({
      scope: 'organization',
      canManage: false,
    });
  });

  test("404 a stranger's configuration looks exactly like a missing one, to administrators too", async () => {
    const own = await make();
    const withoutId = ({ status, body: answer }: { status: number; body: Found }) => ({ status, ...answer, request_id: null });
    for (const person of [bob, admin]) {
      const foreign = await house.ask(person, 'GET', `/api/configurations/${own.id}`);
      const random = await house.ask(person, 'GET', `/api/configurations/${randomId}`);
      expect(foreign.status).toBe(404);
      expect(withoutId(foreign)).toEqual(withoutId(random));
    }
    expect((await house.ask(alice, 'GET', '/api/configurations/not-a-uuid')).status).toBe(404);
  });

  test('404 the attempt on a foreign one is in the audit log', async () => {
    const own = await make();
    await house.ask(bob, 'GET', `/api/configurations/${own.id}`);
    const entry = await house.database.db
      .selectFrom('audit_entries')
      .selectAll()
      .where('subject_id', '=', own.id)
      .where('outcome', '=', 'refused')
      .executeTakeFirstOrThrow();
    expect(entry).toMatchObject({ actor_id: bob.id, error_code: 'NOT_FOUND', action: 'connection.show' });
  });

  test('403 a workspace that the caller is no member of', async () => {
    const id = await house.createWorkspace(`Team ${fresh()}`, [[admin, 'ADMIN']]);
    const made = await house.ask(admin, 'POST', '/ai/llm', { name: fresh(), aiType: 'OTHER', endpoint: vendor.baseUrl, workspaceId: id });
    expect((await house.ask(alice, 'GET', `/api/configurations/${made.body.aiLlmId}`)).status).toBe(403);
  });

  test('401 without a token', async () => {
    expect((await house.ask(null, 'GET', `/api/configurations/${randomId}`)).status).toBe(401);
  });
});

describe('DELETE /api/configurations/:id', () => {
  test('200 the credentials are gone from the row and from the files, the tombstone stays, the name is free', async () => {
    const made = await make(alice, { name: 'Short lived', configuration: { headers: { 'x-one': 'a-header-value' } } });
    const select = house.database.db.selectFrom('ai_configurations').selectAll().where('id', '=', made.id);
    const before = await select.executeTakeFirstOrThrow();
    const sealed = [before.api_key_encrypted!, before.headers_encrypted!];
    // The search has to find what is there, or finding nothing afterwards would mean nothing.
    for (const box of sealed) expect(await filesWith(house.database, box)).not.toEqual([]);
    const answer = await house.ask(alice, 'DELETE', `/api/configurations/${made.id}`);
    expect([answer.status, answer.body]).toEqual([200, { success: true, data: null }]);
    // Behind a reader that holds the log the files are cleaned a moment after the answer.
    for (const box of sealed) await expect.poll(() => filesWith(house.database, box)).toEqual([]);
    for (const plainText of [key, 'a-header-value']) expect(await filesWith(house.database, plainText)).toEqual([]);
    const after = await select.executeTakeFirstOrThrow();
    expect(after).toMatchObject({
      name: 'Short lived',
      provider: 'custom',
      api_key_encrypted: null,
      headers_encrypted: null,
      secret_last4: null,
      configuration: '{}',
      is_default: false,
    });
    expect(after.deleted_at).toBeGreaterThan(0);
    expect(before.api_key_encrypted).toMatch(/^v1\./);
    expect((await house.ask(alice, 'GET', `/api/configurations/${made.id}`)).status).toBe(404);
    await make(alice, { name: 'Short lived' });
  });

  test('200 the deletion is audited: who, what and when, without a secret', async () => {
    const made = await make();
    await house.ask(alice, 'DELETE', `/api/configurations/${made.id}`);
    const entries = await house.database.db
      .selectFrom('audit_entries')
      .selectAll()
      .where('subject_id', '=', made.id)
      .orderBy('id')
      .execute();
    expect(entries.map((entry) => entry.action)).toEqual(['connection.create', 'connection.delete']);
    expect(entries[1]).toMatchObject({ actor_id: alice.id, subject_name: made['name'], subject_type: 'connection' });
    expect(entries[1]!.at).toBeGreaterThanOrEqual(entries[0]!.at);
    expect(JSON.stringify(entries)).not.toMatch(/sk-canary|v1\./);
  });

  test('400 what does not fit', async () => {
    const own = await make();
    expect((await house.ask(alice, 'DELETE', `/api/configurations/${own.id}?force=perhaps`)).status).toBe(400);
  });

  test('401 without a token', async () => {
    const own = await make();
    expect((await house.ask(null, 'DELETE', `/api/configurations/${own.id}`)).status).toBe(401);
  });

  test('403 what is closed to the caller', async () => {
    const shared = await house.ask(admin, 'POST', '/api/ai-connections', { name: fresh(), baseUrl: vendor.baseUrl, scope: 'organization' });
    expect((await house.ask(bob, 'DELETE', `/api/configurations/${shared.body.id}`)).status).toBe(403);
  });

  test('404 what is not there for the caller', async () => {
    const own = await make();
    expect((await house.ask(bob, 'DELETE', `/api/configurations/${own.id}`)).status).toBe(404);
  });
});

test('no answer of this face ever held the key', () => {
  const all = answersSeen.join('\n');
  expect(answersSeen.length).toBeGreaterThan(80);
  expect(tracesOf(key, all)).toEqual([]);
  expect(house.logged.join('\n')).not.toContain(key);
});
