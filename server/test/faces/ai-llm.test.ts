/** S3's face, through the front door: one describe per route, one case per status it may give. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { idsOf, listOf, openAiLlmHouse, type AiLlmHouse } from '../support/ai-llm-house.ts';
import { answersSeen, openVendor, pathsOf, tracesOf } from '../support/connections-house.ts';

const key = 'sk-s3canary-0123456789abcdefKLMN';
const randomId = '01890a5d-ac96-774b-bcce-b302099a8057';

const aText = expect.any(String) as unknown;
const anId = expect.stringMatching(/^[0-9a-f-]{36}$/) as unknown;

let home: AiLlmHouse;
let house: AiLlmHouse['house'];
let vendor: AiLlmHouse['vendor'];
let admin: AiLlmHouse['admin'];
let writer: AiLlmHouse['writer'];
let reader: AiLlmHouse['reader'];
let outsider: AiLlmHouse['outsider'];
let workspaceId: AiLlmHouse['workspaceId'];
let otherId: AiLlmHouse['otherId'];
let body: AiLlmHouse['body'];
let make: AiLlmHouse['make'];
let one: AiLlmHouse['one'];

beforeAll(async () => {
  home = await openAiLlmHouse(key);
  ({ house, vendor, admin, writer, reader, outsider, workspaceId, otherId, body, make, one } = home);
});

afterAll(() => home.close());

describe('POST /ai/llm', () => {
  test('200 with the id of what was made, and nothing of what was sent', async () => {
    const answer = await house.ask(writer, 'POST', '/ai/llm', body());
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ success: true, aiLlmId: anId, message: aText });
  });

  test('200 the type AWS has a secret and an access-key id: both are sealed, none is shown', async () => {
    const accessKeyId = 'AKIA-canary-0123456789abcdef';
    const answer = await house.ask(writer, 'POST', '/ai/llm', body({ aiType: 'AWS', key: accessKeyId }));
    const id = answer.body.aiLlmId;
    expect(await one(id)).toMatchObject({ aiType: 'AWS', key: null, secretSetAt: aText });
    const row = await house.database.db.selectFrom('ai_configurations').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
    expect([row.api_key_encrypted, row.access_key_encrypted]).toEqual([expect.stringMatching(/^v1\./), expect.stringMatching(/^v1\./)]);
    expect(row.api_key_encrypted).not.toBe(row.access_key_encrypted);
    const shown = [answer.text, (await house.ask(writer, 'GET', '/ai/llm')).text, JSON.stringify(row), ...house.logged].join('\n');
    expect([...tracesOf(accessKeyId, shown), ...tracesOf(key, shown)]).toEqual([]);
  });

  test('200 a PaLM name is a model like any other, and is sent as it was typed', async () => {
    const google = await openVendor();
    const id = await make({ aiType: 'GOOGLE', endpoint: google.baseUrl, defaultModel: 'chat-bison-001' });
    expect(await one(id)).toMatchObject({ aiType: 'GOOGLE', provider: 'gemini', defaultModel: 'chat-bison-001' });
    await house.ask(writer, 'POST', `/ai/llm/${id}/validate`);
    await google.close();
    expect(google.bytes()).toContain('POST /v1beta/models/chat-bison-001:generateContent');
  });

  test.each([
    ['OPENAI', 'openai'],
    ['GOOGLE', 'gemini'],
    ['ANTHROPIC', 'anthropic'],
    ['OTHER', 'custom'],
  ])('200 the type %s is the provider %s', async (aiType, provider) => {
    expect(await one(await make({ aiType }))).toMatchObject({
      aiType,
      provider,
      key: null,
      endpoint: vendor.baseUrl,
      workspaceId,
      userId: writer.id,
    });
  });

  test('200 OTHER takes the provider from the host', async () => {
    expect(await one(await make({ endpoint: 'https://api.deepseek.com' }))).toMatchObject({ aiType: 'OTHER', provider: 'deepseek' });
  });

  test('200 without an endpoint the provider has its own; a lone key is the secret', async () => {
    const id = await make({ aiType: 'OPENAI', endpoint: null, secret: null, key });
    expect(await one(id)).toMatchObject({ endpoint: 'https://api.openai.com/v1', key: null, secretSetAt: aText });
  });

  test('200 a secret and another key for a type of one part: the secret is stored, and the answer says that the key was not', async () => {
    const secret = 'sk-s3canary-other-0123456789';
    const both = body({ aiType: 'OPENAI', secret, key, name: 'both' });
    const made = await house.ask(writer, 'POST', '/ai/llm', both);
    expect(made).toMatchObject({ status: 200, body: { success: true, message: expect.stringContaining('`key` was not') as string } });
    const path = `/ai/llm/${made.body['aiLlmId']}`;
    const inIndonesian = { 'accept-language': 'id' };
    const changed = await house.ask(writer, 'PUT', path, { secret, key }, inIndonesian);
    expect(changed.body['message']).toContain('sedangkan `key` tidak');
    for (const plain of [{ secret }, { secret, key: secret }, { secret, key: '' }, { secret, key: null }, { key }])
      expect((await house.ask(writer, 'PUT', path, plain)).body['message']).toBe('The connection was changed.');
  });

  test.each([
    ['no name', { name: undefined }, 'name'],
    ['a type that is none of the five', { aiType: 'MISTRAL' }, 'aiType'],
    ['no workspace', { workspaceId: undefined }, 'workspaceId'],
    ['no endpoint for OTHER', { endpoint: undefined }, 'endpoint'],
    ['an endpoint that is no URL', { endpoint: 'not a url' }, 'endpoint'],
    ['a mask for a secret', { secret: '***KLMN' }, 'secret'],
    ['an unknown field', { apiKeyEncrypted: 'x' }, 'apiKeyEncrypted'],
  ])('400 %s, in the words of this face', async (_, more, path) => {
    const answer = await house.ask(writer, 'POST', '/ai/llm', body(more));
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({ success: false, message: aText });
    expect(pathsOf(answer)).toContain(path);
  });

  test('400 a name that is taken in the workspace; another workspace may have it', async () => {
    const name = 'same';
    await make({ name });
    const answer = await house.ask(writer, 'POST', '/ai/llm', body({ name }));
    expect([answer.status, answer.body['error_code']]).toEqual([400, 'NAME_EXISTS']);
    await make({ name, workspaceId: otherId }, admin);
  });

  test('400 a hosted provider without a secret', async () => {
    const answer = await house.ask(writer, 'POST', '/ai/llm', body({ aiType: 'OPENAI', endpoint: undefined, secret: undefined }));
    expect([answer.status, answer.body['error_code'], pathsOf(answer)]).toEqual([400, 'SECRET_REQUIRED', ['secret']]);
  });

  test('401 without a token', async () => {
    expect((await house.ask(null, 'POST', '/ai/llm', body())).status).toBe(401);
  });

  test('403 what is closed to the caller', async () => {
    expect((await house.ask(reader, 'POST', '/ai/llm', body())).status).toBe(403);
    expect((await house.ask(outsider, 'POST', '/ai/llm', body())).status).toBe(403);
  });

  test('404 what is not there for the caller', async () => {
    expect((await house.ask(writer, 'POST', '/ai/llm', body({ workspaceId: randomId }))).status).toBe(404);
    expect((await house.ask(writer, 'POST', '/ai/llm', body({ workspaceId: 'x' }))).status).toBe(404);
  });
});

describe('GET /ai/llm', () => {
  test('200 of one workspace, or of all that the caller may see; never a credential', async () => {
    const id = await make();
    const hidden = await make({ workspaceId: otherId }, admin);
    expect(idsOf(await house.ask(reader, 'GET', `/ai/llm?workspaceId=${workspaceId}`))).toContain(id);
    const all = await house.ask(reader, 'GET', '/ai/llm');
    expect(idsOf(all)).not.toContain(hidden);
    expect(listOf(all).every((entry) => entry['key'] === null && entry['workspaceId'] === workspaceId)).toBe(true);
    expect(idsOf(await house.ask(outsider, 'GET', '/ai/llm'))).toEqual([]);
    expect(idsOf(await house.ask(admin, 'GET', '/ai/llm'))).toEqual(expect.arrayContaining([id, hidden]));
  });

  test('200 with a workspace only what is in it, also for somebody who sees several', async () => {
    const [here, there] = [await make(), await make({ workspaceId: otherId }, admin)];
    for (const [wanted, inside, outside] of [
      [workspaceId, here, there],
      [otherId, there, here],
    ] as const) {
      const answer = await house.ask(admin, 'GET', `/ai/llm?workspaceId=${wanted}`);
      expect(idsOf(answer)).toContain(inside);
      expect(idsOf(answer)).not.toContain(outside);
      expect(new Set(listOf(answer).map((entry) => entry['workspaceId']))).toEqual(new Set([wanted]));
    }
  });

  test('200 each entry has the fields of the document, with the organization and the moment of its creation', async () => {
    const entry = await one(await make({ name: 'Documented' }));
    expect(Object.keys(entry)).toEqual(
      expect.arrayContaining(['id', 'orgId', 'workspaceId', 'userId', 'name', 'aiType', 'endpoint', 'key', 'createdAt', 'repos']),
    );
    expect(entry).toMatchObject({
      orgId: house.deps.keeper.snapshot.organizationId,
      workspaceId,
      userId: writer.id,
      name: 'Documented',
      aiType: 'OTHER',
      endpoint: vendor.baseUrl,
      key: null,
      repos: [],
    });
    const created = String(entry['createdAt']);
    expect(new Date(created).toISOString()).toBe(created);
    expect(Math.abs(house.deps.clock.nowMs() - Date.parse(created))).toBeLessThan(60_000);
  });

  test('400 what does not fit', async () => {
    expect((await house.ask(reader, 'GET', '/ai/llm?userId=x')).status).toBe(400);
  });

  test('401 without a token', async () => {
    expect((await house.ask(null, 'GET', '/ai/llm')).status).toBe(401);
  });

  test('403 what is closed to the caller', async () => {
    expect((await house.ask(reader, 'GET', `/ai/llm?workspaceId=${otherId}`)).status).toBe(403);
  });

  test('404 what is not there for the caller', async () => {
    expect((await house.ask(reader, 'GET', `/ai/llm?workspaceId=${randomId}`)).status).toBe(404);
  });
});

describe('GET /ai/llm/available', () => {
  test('200 only what is validated, active and open to the caller, newest first', async () => {
    const [first, second, untested, inactive] = [
      await make({ defaultModel: 'small-model' }),
      await make(),
      await make(),
      await make({ active: false }),
    ];
    for (const id of [first, second, inactive]) await house.ask(writer, 'POST', `/ai/llm/${id}/validate`);
    const available = idsOf(await house.ask(reader, 'GET', '/ai/llm/available'));
    expect(available.filter((id) => [first, second, untested, inactive].includes(id as string))).toEqual([second, first]);
    expect(idsOf(await house.ask(outsider, 'GET', '/ai/llm/available'))).toEqual([]);
  });

  test('200 a changed secret takes it off the list until it is validated again', async () => {
    const id = await make();
    const tester = await house.createResident('Tester');
    expect(tester.id).not.toBe(writer.id);
    await house.ask(admin, 'POST', `/ai/llm/${id}/validate`);
    await house.ask(writer, 'PUT', `/ai/llm/${id}`, { secret: key });
    expect(idsOf(await house.ask(reader, 'GET', '/ai/llm/available'))).not.toContain(id);
    await house.ask(admin, 'POST', `/ai/llm/${id}/validate`);
    expect(idsOf(await house.ask(reader, 'GET', '/ai/llm/available'))).toContain(id);
  });

  test('401 without a token', async () => {
    expect((await house.ask(null, 'GET', '/ai/llm/available')).status).toBe(401);
  });
});

describe('PUT /ai/llm/:id', () => {
  test('200 a lone secret replaces only the credential', async () => {
    const id = await make({ secret: 'sk-the-first-of-the-secrets', defaultModel: 'small-model' });
    const before = await one(id);
    const answer = await house.ask(writer, 'PUT', `/ai/llm/${id}`, { secret: key });
    expect([answer.status, answer.body.aiLlmId]).toEqual([200, id]);
    expect(await one(id)).toMatchObject({
      name: before['name'],
      endpoint: before['endpoint'],
      aiType: before['aiType'],
      defaultModel: 'small-model',
    });
    vendor.forget();
    expect((await house.ask(admin, 'POST', `/ai/llm/${id}/validate`)).body['success']).toBe(true);
    expect(vendor.bytes()).not.toContain('sk-the-first-of-the-secrets');
  });

  test('200 AWS becomes another type with a secret of one part, and keeps no half of what it had', async () => {
    const id = await make({ aiType: 'AWS', key: 'AKIA-canary-0123456789abcdef' });
    const answer = await house.ask(writer, 'PUT', `/ai/llm/${id}`, { aiType: 'OTHER', endpoint: vendor.baseUrl, secret: key });
    expect([answer.status, answer.body['error_code']]).toEqual([200, undefined]);
    const row = await house.database.db.selectFrom('ai_configurations').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
    expect(row).toMatchObject({ access_key_encrypted: null, api_key_encrypted: aText });
    expect((await house.ask(writer, 'POST', `/ai/llm/${id}/validate`)).body['success']).toBe(true);
  });

  test('400 nothing named, or the workspace', async () => {
    const id = await make();
    expect((await house.ask(writer, 'PUT', `/ai/llm/${id}`, {})).status).toBe(400);
    expect(pathsOf(await house.ask(writer, 'PUT', `/ai/llm/${id}`, { workspaceId: otherId }))).toContain('workspaceId');
  });

  test('401 without a token', async () => {
    const id = await make();
    expect((await house.ask(null, 'PUT', `/ai/llm/${id}`, { name: 'x' })).status).toBe(401);
  });

  test('403 what is closed to the caller', async () => {
    const id = await make();
    expect((await house.ask(reader, 'PUT', `/ai/llm/${id}`, { name: 'x' })).status).toBe(403);
    expect((await house.ask(outsider, 'PUT', `/ai/llm/${id}`, { name: 'x' })).status).toBe(403);
  });

  test('404 what is not there for the caller', async () => {
    expect((await house.ask(writer, 'PUT', `/ai/llm/${randomId}`, { name: 'x' })).status).toBe(404);
  });

  test('409 what would clash or take a key along', async () => {
    const id = await make();
    expect((await house.ask(writer, 'PUT', `/ai/llm/${id}`, { endpoint: 'https://elsewhere.example.org/v1' })).status).toBe(409);
  });
});

describe('DELETE /ai/llm/:id', () => {
  test('200 gone from every list, with its credentials', async () => {
    const id = await make();
    const answer = await house.ask(writer, 'DELETE', `/ai/llm/${id}`);
    expect(answer.body).toMatchObject({ success: true, message: aText });
    expect(idsOf(await house.ask(writer, 'GET', '/ai/llm'))).not.toContain(id);
    const row = await house.database.db.selectFrom('ai_configurations').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
    expect([row.api_key_encrypted, row.access_key_encrypted, row.headers_encrypted, row.secret_last4]).toEqual([null, null, null, null]);
  });

  test('401 without a token', async () => {
    const id = await make();
    expect((await house.ask(null, 'DELETE', `/ai/llm/${id}`)).status).toBe(401);
  });

  test('403 what is closed to the caller', async () => {
    const id = await make();
    expect((await house.ask(reader, 'DELETE', `/ai/llm/${id}`)).status).toBe(403);
    expect((await house.ask(outsider, 'DELETE', `/ai/llm/${id}`)).status).toBe(403);
  });

  test('404 what is not there for the caller', async () => {
    expect((await house.ask(writer, 'DELETE', `/ai/llm/${randomId}`)).status).toBe(404);
  });
});

describe('GET /ai/llm/stats', () => {
  test('200 one row of texts per AI LLM, zeros for what was never used', async () => {
    const id = await make();
    const answer = await house.ask(reader, 'GET', `/ai/llm/stats?aiLlmId=${id}`);
    const zeros = Object.fromEntries(
      ['ApiCalls', 'TokensIn', 'TokensOut', 'LlmTokensIn', 'LlmTokensOut', 'PolicyViolations', 'Alerts', 'Blocks'].map((name) => [
        `total${name}`,
        '0',
      ]),
    );
    expect(answer.body).toEqual({ success: true, stats: [{ aiLlmId: id, ...zeros }] });
    const all = (await house.ask(reader, 'GET', '/ai/llm/stats')).body['stats'] as { aiLlmId: string }[];
    expect(all.map((row) => row.aiLlmId)).toContain(id);
  });

  test('400 what does not fit', async () => {
    expect((await house.ask(reader, 'GET', '/ai/llm/stats?id=x')).status).toBe(400);
  });

  test('401 without a token', async () => {
    expect((await house.ask(null, 'GET', '/ai/llm/stats')).status).toBe(401);
  });

  test('403 what is closed to the caller', async () => {
    const hidden = await make({ workspaceId: otherId }, admin);
    expect((await house.ask(reader, 'GET', `/ai/llm/stats?aiLlmId=${hidden}`)).status).toBe(403);
  });

  test('404 what is not there for the caller', async () => {
    expect((await house.ask(reader, 'GET', `/ai/llm/stats?aiLlmId=${randomId}`)).status).toBe(404);
  });
});

test('no answer of this face ever held the secret', () => {
  expect(answersSeen.length).toBeGreaterThan(80);
  expect(tracesOf(key, answersSeen.join('\n'))).toEqual([]);
});
