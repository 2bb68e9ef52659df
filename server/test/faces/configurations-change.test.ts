/** S2's changes of a configuration, through the front door: what is named changes, a key stays where it is, and both methods agree. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openConfigurationsHouse, type ConfigurationsHouse } from '../support/configurations-house.ts';
import { answersSeen, pathsOf, tracesOf } from '../support/connections-house.ts';
import type { Resident } from '../support/house.ts';

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
let make: ConfigurationsHouse['make'];

beforeAll(async () => {
  home = await openConfigurationsHouse(key);
  ({ house, vendor, admin, alice, bob, fresh, make } = home);
});

afterAll(() => home.close());

describe.each(['PUT', 'PATCH'])('%s /api/configurations/:id', (method) => {
  const change = (id: string, changes: unknown, person: Resident | null = alice) =>
    house.ask(person, method, `/api/configurations/${id}`, changes);

  test('200 changes what is named and nothing else', async () => {
    const before = await make(alice, { configuration: { temperature: 0.3 } });
    const answer = await change(before.id, { model: 'large-model' });
    expect(answer.status).toBe(200);
    expect(answer.body.data).toMatchObject({
      name: before['name'],
      model: 'large-model',
      apiKey: mask,
      configuration: { temperature: 0.3 },
    });
  });

  test.each([
    ['absent', undefined],
    ['empty', ''],
    ['the mask', mask],
  ])('200 a key that is %s stays', async (_, apiKey) => {
    const before = await make();
    const answer = await change(before.id, { name: fresh(), apiKey });
    expect(answer.body.data).toMatchObject({ apiKey: mask, apiKeySetAt: before['apiKeySetAt'] });
  });

  test('200 null clears a key, a model stays required', async () => {
    const before = await make();
    expect((await change(before.id, { apiKey: null })).body.data).toMatchObject({ apiKey: null, hasApiKey: false });
    expect((await change(before.id, { model: null })).status).toBe(400);
  });

  test('200 null clears the first half of a key of two parts, so that one of one part can take its place; absent and empty leave it', async () => {
    const halves = { provider: 'bedrock', baseUrl: undefined, configuration: { accessKeyId: 'AKIA-canary-0123456789abcdef' } };
    const { id } = await make(alice, halves);
    const half = async () =>
      (
        await house.database.db
          .selectFrom('ai_configurations')
          .select('access_key_encrypted')
          .where('id', '=', id)
          .executeTakeFirstOrThrow()
      ).access_key_encrypted;
    const before = await half();
    expect(before).not.toBeNull();
    for (const configuration of [{}, { accessKeyId: '' }]) {
      expect((await change(id, { configuration })).status).toBe(200);
      expect(await half()).toBe(before);
    }
    const body = { provider: 'custom', baseUrl: vendor.baseUrl, apiKey: key, configuration: { accessKeyId: null } };
    expect((await change(id, body)).status).toBe(200);
    expect(await half()).toBeNull();
  });

  test('200 a new key, address or type makes the last test void; a new name does not', async () => {
    const before = await make(await house.createResident(`Tester ${method}`));
    const owner = (
      await house.database.db.selectFrom('ai_configurations').select('user_id').where('id', '=', before.id).executeTakeFirstOrThrow()
    ).user_id;
    expect(owner).toBe(before['userId']);
    await house.database.driver.run(
      { sql: "UPDATE ai_configurations SET test_status = 'success', last_tested_at = 1 WHERE id = $1", params: [before.id] },
      'write',
    );
    const token = await tokenOf(owner);
    const renamed = await house.ask(token, method, `/api/configurations/${before.id}`, { name: fresh() });
    expect(renamed.body.data).toMatchObject({ testStatus: 'success' });
    const rekeyed = await house.ask(token, method, `/api/configurations/${before.id}`, { apiKey: 'sk-another-key-of-the-same-place' });
    expect(rekeyed.body.data).toMatchObject({ testStatus: 'pending', lastTested: null });
  });

  test('200 a custom header keeps its value while another is changed', async () => {
    const before = await make(alice, { configuration: { headers: { 'x-one': 'first-header-value', 'x-two': 'second-header-value' } } });
    const answer = await change(before.id, { configuration: { headers: { 'x-one': '***', 'x-two': 'third-header-value' } } });
    expect(answer.status).toBe(200);
    vendor.forget();
    await house.ask(await house.createResident(`Header ${method}`), 'GET', '/api/configurations');
    await house.ask(alice, 'POST', `/api/configurations/${before.id}/test`);
    expect(vendor.bytes()).toContain('first-header-value');
    expect(vendor.bytes()).toContain('third-header-value');
    expect(vendor.bytes()).not.toContain('second-header-value');
  });

  test('200 the change is audited with its fields, the key only as changed', async () => {
    const before = await make();
    await change(before.id, { model: 'large-model', apiKey: 'sk-audit-canary-000000000000' });
    const entries = await house.database.db
      .selectFrom('audit_entries')
      .selectAll()
      .where('subject_id', '=', before.id)
      .orderBy('id')
      .execute();
    expect(entries.map((entry) => entry.action)).toEqual(['connection.create', 'connection.update']);
    const changes = JSON.parse(entries[1]!.changes!) as Record<string, unknown>;
    expect(changes).toMatchObject({ model: { before: 'small-model', after: 'large-model' }, secret: { after: 'changed' } });
    expect(JSON.stringify(entries)).not.toMatch(/sk-audit-canary|sk-canary|v1\./);
  });

  test('400 no field, an unknown field, a field that cannot be changed', async () => {
    const { id } = await make();
    expect((await change(id, {})).status).toBe(400);
    for (const field of ['id', 'userId', 'scope', 'workspaceId', 'createdAt', 'testStatus', 'apiKeyEncrypted', 'trust']) {
      const answer = await change(id, { [field]: 'x' });
      expect([answer.status, pathsOf(answer)[0]]).toEqual([400, field]);
    }
  });

  test('401 without a token', async () => {
    expect((await change(randomId, { name: 'x' }, null)).status).toBe(401);
  });

  test('403 what belongs to the organization, for people without the permission', async () => {
    const made = await house.ask(admin, 'POST', '/api/ai-connections', { name: fresh(), baseUrl: vendor.baseUrl, scope: 'organization' });
    expect((await change(made.body.id, { name: 'mine now' })).status).toBe(403);
  });

  test('404 of a stranger, and nothing changed', async () => {
    const before = await make();
    expect((await change(before.id, { name: 'stolen' }, bob)).status).toBe(404);
    expect((await house.ask(alice, 'GET', `/api/configurations/${before.id}`)).body.data).toMatchObject({ name: before['name'] });
  });

  test('409 the name of another one', async () => {
    const [first, second] = [await make(), await make()];
    const answer = await change(second.id, { name: first['name'] });
    expect([answer.status, answer.body['error_code']]).toEqual([409, 'NAME_EXISTS']);
  });

  test('409 another address without the key again', async () => {
    const before = await make();
    const answer = await change(before.id, { baseUrl: 'https://other.example.org/v1' });
    expect([answer.status, answer.body['error_code']]).toEqual([409, 'SECRET_REQUIRED_FOR_NEW_ORIGIN']);
    expect(pathsOf(answer)).toEqual(['apiKey']);
  });
});

/** A token for somebody who was made inside a test. */
async function tokenOf(userId: string): Promise<{ token: string }> {
  const { createToken } = await import('../../src/control/personal-tokens.ts');
  const actor = house.deps.keeper.snapshot.actorOf(userId, 'session')!;
  const origin = { requestId: randomId, address: '127.0.0.1', agent: 'test' };
  return { token: (await createToken(house.deps, { actor, origin }, { name: 'again', expiresAtMs: null })).text };
}

test('no answer of this face ever held the key', () => {
  const all = answersSeen.join('\n');
  expect(answersSeen.length).toBeGreaterThan(70);
  expect(tracesOf(key, all)).toEqual([]);
  expect(house.logged.join('\n')).not.toContain(key);
});
