/** The keys of a repository on both faces that make them, and the models that they reach (D-11, D-14). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openAiLlmHouse, type AiLlmHouse } from '../support/ai-llm-house.ts';
import { listed, pathsOf, type Seen } from '../support/connections-house.ts';
import type { Resident } from '../support/house.ts';

let place: AiLlmHouse;
let aiLlmId: string;
let repoId: string;
beforeAll(async () => {
  place = await openAiLlmHouse('sk-repo-keys-secret-1');
  aiLlmId = await place.make({ name: 'Main', defaultModel: 'small-model' });
  repoId = await make();
});
afterAll(() => place.close());

const ask = (who: Resident | null, method: string, path: string, body?: unknown): Promise<Seen> => place.house.ask(who, method, path, body);
const nowhere = '00000000-0000-7000-8000-000000000000';
let count = 0;
async function make(repoAiLlms: unknown[] = [{ aiLlmId }]): Promise<string> {
  const body = { name: `repo ${++count}`, workspaceId: place.workspaceId, repoAiLlms };
  return (await ask(place.writer, 'POST', '/repo', body)).body['repoId'] as string;
}
const keysAt = (id = repoId): string => `/repo/${id}/ai/apikey`;
interface Made {
  id: string;
  key: string;
  secret: string;
}
async function makeKey(name = 'CI', who = place.writer, at = repoId): Promise<Made> {
  const answer = await ask(who, 'POST', keysAt(at), { name, aiType: 'OPENAI' });
  expect(answer.status).toBe(200);
  return answer.body as unknown as Made;
}
const codeOf = ({ status, body }: Seen): unknown[] => [status, body['error_code']];
const keysOf = (answer: Seen): Record<string, unknown>[] => answer.body['apiKeys'] as Record<string, unknown>[];
const models = (secret: string): Promise<Seen> => place.house.ask({ token: secret }, 'GET', '/v1/models');
const forbidden = [403, 'FORBIDDEN'];
const missing = [404, 'NOT_FOUND'];

describe('POST /repo/:repoId/ai/apikey', () => {
  test('200 with the secret, which opens /v1 and which no other answer holds', async () => {
    const answer = await ask(place.writer, 'POST', keysAt(), { name: ' CI ', aiType: 'ANTHROPIC' });
    const { id, key, secret } = answer.body as unknown as Made;
    expect(answer.body).toEqual({ success: true, id, key: `***${secret.slice(-4)}`, secret, message: expect.any(String) as unknown });
    expect([secret.startsWith('sk-'), key]).toEqual([true, `***${secret.slice(-4)}`]);
    expect((await models(secret)).status).toBe(200);
    const list = await ask(place.reader, 'GET', keysAt());
    expect(list.text).not.toContain(secret);
    expect(keysOf(list)[0]).toMatchObject({ id, name: 'CI', aiType: 'ANTHROPIC' });
    const kept = await place.house.database.db.selectFrom('access_keys').selectAll().where('id', '=', id).execute();
    expect(JSON.stringify(kept)).not.toContain(secret);
    const noted = await place.house.database.db.selectFrom('audit_entries').selectAll().where('subject_id', '=', id).execute();
    expect(noted).toMatchObject([{ action: 'access-key.create', scope: 'workspace', owner_id: place.workspaceId }]);
    expect(noted[0]!.changes).toContain(repoId);
  });

  test('400 no name, and a type that is none', async () => {
    expect(pathsOf(await ask(place.writer, 'POST', keysAt(), { aiType: 'OPENAI' }))).toEqual(['name']);
    expect(pathsOf(await ask(place.writer, 'POST', keysAt(), { name: 'x', aiType: 'MAGIC' }))).toEqual(['aiType']);
    expect((await ask(place.writer, 'POST', keysAt(), {})).status).toBe(400);
  });

  test('401 nobody', async () => {
    expect((await ask(null, 'POST', keysAt(), { name: 'x' })).status).toBe(401);
  });

  test('403 readers and strangers', async () => {
    for (const who of [place.reader, place.outsider]) expect(codeOf(await ask(who, 'POST', keysAt(), { name: 'x' }))).toEqual(forbidden);
  });

  test('404 a repository that never was', async () => {
    for (const gone of [nowhere, 'x']) expect(codeOf(await ask(place.writer, 'POST', keysAt(gone), { name: 'x' }))).toEqual(missing);
  });
});

describe('GET /repo/:repoId/ai/apikey', () => {
  test('200 newest first, without deleted ones, for whoever sees the repository', async () => {
    const id = await make();
    const [old, gone, young] = [
      await makeKey('old', place.writer, id),
      await makeKey('gone', place.writer, id),
      await makeKey('young', place.admin, id),
    ];
    await ask(place.writer, 'DELETE', `${keysAt(id)}/${gone.id}`);
    const answer = await ask(place.reader, 'GET', keysAt(id));
    expect(answer.status).toBe(200);
    expect(keysOf(answer).map((key) => [key['id'], key['repoId'], key['deletedAt']])).toEqual([
      [young.id, id, null],
      [old.id, id, null],
    ]);
  });

  test('401 nobody', async () => {
    expect((await ask(null, 'GET', keysAt())).status).toBe(401);
  });

  test('403 a stranger', async () => {
    expect(codeOf(await ask(place.outsider, 'GET', keysAt()))).toEqual(forbidden);
  });

  test('404 a repository that never was', async () => {
    expect(codeOf(await ask(place.writer, 'GET', keysAt(nowhere)))).toEqual(missing);
  });
});

describe('PUT /repo/:repoId/ai/apikey/:id', () => {
  test('200 another name and nothing else, also by another writer than the one who made it', async () => {
    const { id, secret } = await makeKey('before', place.admin);
    expect(await ask(place.writer, 'PUT', `${keysAt()}/${id}`, { name: 'after' })).toMatchObject({ status: 200, body: { success: true } });
    expect(keysOf(await ask(place.reader, 'GET', keysAt())).find((key) => key['id'] === id)).toMatchObject({ name: 'after' });
    expect((await models(secret)).status).toBe(200);
  });

  test('400 a type, which never changes', async () => {
    const { id } = await makeKey();
    expect(pathsOf(await ask(place.writer, 'PUT', `${keysAt()}/${id}`, { name: 'x', aiType: 'AWS' }))).toEqual(['aiType']);
  });

  test('401 nobody', async () => {
    expect((await ask(null, 'PUT', `${keysAt()}/${nowhere}`, { name: 'x' })).status).toBe(401);
  });

  test('403 readers and strangers', async () => {
    const { id } = await makeKey();
    for (const who of [place.reader, place.outsider])
      expect(codeOf(await ask(who, 'PUT', `${keysAt()}/${id}`, { name: 'x' }))).toEqual(forbidden);
  });

  test('404 a key of another repository, and one of none', async () => {
    const other = await make();
    const { id } = await makeKey('x', place.writer, other);
    const plain = (await ask(place.writer, 'POST', '/api/access-keys', { name: 'plain' })).body.data.id;
    for (const gone of [id, plain, nowhere])
      expect(codeOf(await ask(place.writer, 'PUT', `${keysAt()}/${gone}`, { name: 'x' }))).toEqual(missing);
  });
});

describe('DELETE /repo/:repoId/ai/apikey/:id', () => {
  test('200 and the next request with it is refused', async () => {
    const { id, secret } = await makeKey();
    expect(await ask(place.writer, 'DELETE', `${keysAt()}/${id}`)).toMatchObject({ status: 200, body: { success: true } });
    expect((await models(secret)).status).toBe(401);
  });

  test('401 nobody', async () => {
    expect((await ask(null, 'DELETE', `${keysAt()}/${nowhere}`)).status).toBe(401);
  });

  test('403 readers and strangers', async () => {
    const { id, secret } = await makeKey();
    for (const who of [place.reader, place.outsider]) expect(codeOf(await ask(who, 'DELETE', `${keysAt()}/${id}`))).toEqual(forbidden);
    expect((await models(secret)).status).toBe(200);
  });

  test('404 the second time', async () => {
    const { id } = await makeKey();
    await ask(place.writer, 'DELETE', `${keysAt()}/${id}`);
    expect(codeOf(await ask(place.writer, 'DELETE', `${keysAt()}/${id}`))).toEqual(missing);
  });
});

describe('POST /ai/models', () => {
  const ids = (answer: Seen): unknown[] => (answer.body['models'] as { id: string }[]).map(({ id }) => id);

  test('200 what is attached and switched on serves, in the order of the repository, each model once', async () => {
    const gemini = await place.make({
      name: 'Gemini',
      aiType: 'GOOGLE',
      endpoint: null,
      secret: 'AIza-some-key-12',
      defaultModel: 'gemini-x',
    });
    const off = await place.make({ name: 'Off', defaultModel: 'off-model', active: false });
    const embedding = await place.make({ name: 'Embed', defaultModel: 'text-embedding-3-small' });
    const id = await make([gemini, off, aiLlmId, embedding].map((one) => ({ aiLlmId: one })));
    const answer = await ask(place.reader, 'POST', '/ai/models', { repoId: id });
    expect(answer.status).toBe(200);
    expect(ids(answer)[0]).toBe('gemini-x');
    expect(ids(answer)).toEqual([...new Set(ids(answer))]);
    expect(ids(answer)).toEqual(expect.arrayContaining(['small-model', 'text-embedding-3-small']));
    expect(ids(answer)).not.toContain('off-model');
    expect(answer.body['models']).toContainEqual({
      id: 'small-model',
      name: 'small-model',
      created: expect.any(Number) as unknown,
      aiType: 'OTHER',
      llmType: 'chat',
      llmProvider: 'custom',
    });
    expect(ids(await ask(place.reader, 'POST', '/ai/models', { repoId: id, aiType: 'OTHER', llmType: 'embedding' }))).toEqual([
      'text-embedding-3-small',
    ]);
    expect(ids(await ask(place.reader, 'POST', '/ai/models', { repoId: id, aiType: 'AWS' }))).toEqual([]);
    expect(ids(await ask(place.reader, 'POST', '/ai/models', { repoId: await make([]) }))).toEqual([]);
  });

  test('400 no repository named', async () => {
    expect(pathsOf(await ask(place.reader, 'POST', '/ai/models', {}))).toEqual(['repoId']);
  });

  test('401 nobody', async () => {
    expect((await ask(null, 'POST', '/ai/models', { repoId })).status).toBe(401);
  });

  test('403 a stranger', async () => {
    expect(codeOf(await ask(place.outsider, 'POST', '/ai/models', { repoId }))).toEqual(forbidden);
  });

  test('404 a repository that never was', async () => {
    expect(codeOf(await ask(place.writer, 'POST', '/ai/models', { repoId: nowhere }))).toEqual(missing);
  });
});

describe('GET /api/access-keys', () => {
  test('200 those of a repository for whoever sees it, and among their own for nobody else', async () => {
    const { id } = await makeKey('of a repository', place.admin);
    const ofRepository = listed(await ask(place.reader, 'GET', `/api/access-keys?repositoryId=${repoId}`));
    expect(ofRepository.find((key) => key.id === id)).toMatchObject({ repositoryId: repoId, workspaceId: place.workspaceId });
    expect(ofRepository.every((key) => key['repositoryId'] === repoId)).toBe(true);
    expect(listed(await ask(place.reader, 'GET', '/api/access-keys'))).toEqual([]);
  });

  test('403 a repository of a closed workspace', async () => {
    expect(codeOf(await ask(place.outsider, 'GET', `/api/access-keys?repositoryId=${repoId}`))).toEqual(forbidden);
  });

  test('404 a repository that never was', async () => {
    expect(codeOf(await ask(place.writer, 'GET', `/api/access-keys?repositoryId=${nowhere}`))).toEqual(missing);
  });
});

describe('POST /api/access-keys', () => {
  test('201 bound to a repository it belongs to its workspace, with the limits of any other key', async () => {
    const answer = await ask(place.writer, 'POST', '/api/access-keys', { name: 'limited', repositoryId: repoId, rpm: 5 });
    expect(answer.status).toBe(201);
    expect(answer.body.data).toMatchObject({ repositoryId: repoId, workspaceId: place.workspaceId, rpm: 5 });
  });

  test('400 with another workspace than that of the repository', async () => {
    const body = { name: 'x', repositoryId: repoId, workspaceId: place.otherId };
    expect(pathsOf(await ask(place.writer, 'POST', '/api/access-keys', body))).toEqual(['workspaceId']);
  });

  test('403 readers and strangers of the repository', async () => {
    for (const who of [place.reader, place.outsider])
      expect(codeOf(await ask(who, 'POST', '/api/access-keys', { name: 'x', repositoryId: repoId }))).toEqual(forbidden);
  });

  test('404 a repository that never was', async () => {
    expect(codeOf(await ask(place.writer, 'POST', '/api/access-keys', { name: 'x', repositoryId: nowhere }))).toEqual(missing);
  });
});

describe('DELETE /api/access-keys/:id', () => {
  test('403 a reader of the repository, who sees its keys', async () => {
    const { id, secret } = await makeKey();
    expect((await ask(place.reader, 'GET', `/api/access-keys/${id}`)).status).toBe(200);
    expect(codeOf(await ask(place.reader, 'DELETE', `/api/access-keys/${id}`))).toEqual(forbidden);
    expect(codeOf(await ask(place.reader, 'PATCH', `/api/access-keys/${id}`, { rpm: 1 }))).toEqual(forbidden);
    expect(codeOf(await ask(place.reader, 'POST', `/api/access-keys/${id}/rotate`, {}))).toEqual(forbidden);
    expect((await models(secret)).status).toBe(200);
  });
});

describe('GET /api/usage', () => {
  test('200 by repository: what its keys used, with its name, and the rest without one', async () => {
    const id = await make();
    const { secret } = await makeKey('counted', place.writer, id);
    const body = { model: 'small-model', messages: [{ role: 'user', content: 'hi' }] };
    for (let call = 0; call < 3; call++)
      expect((await ask({ token: secret } as Resident, 'POST', '/v1/chat/completions', body)).status).toBe(200);
    const answer = await ask(place.admin, 'GET', '/api/usage?groupBy=repository');
    expect(answer.status).toBe(200);
    expect(listed(answer).find((row) => row['key'] === id)).toMatchObject({ name: `repo ${count}`, requests: 3, failures: 0 });
  });
});
