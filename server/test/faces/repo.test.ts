/** S3's repositories, their keys and the models that they reach, in the shapes of its documents (D-09, D-11, D-14). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listOf, openAiLlmHouse, type AiLlmHouse } from '../support/ai-llm-house.ts';
import { pathsOf, type Seen } from '../support/connections-house.ts';
import type { Resident } from '../support/house.ts';

let place: AiLlmHouse;
let aiLlmId: string;
beforeAll(async () => {
  place = await openAiLlmHouse('sk-repo-face-secret-1');
  aiLlmId = await place.make({ name: 'Main', defaultModel: 'small-model' });
});
afterAll(() => place.close());

const ask = (who: Resident | null, method: string, path: string, body?: unknown): Promise<Seen> => place.house.ask(who, method, path, body);
const nowhere = '00000000-0000-7000-8000-000000000000';
let count = 0;
const nextName = (): string => `repo ${++count}`;
const isoForm: unknown = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z$/);
/** Makes one as the writer, with the one AI LLM attached; its id. */
async function make(more: Record<string, unknown> = {}, who = place.writer): Promise<string> {
  const body = { name: nextName(), workspaceId: place.workspaceId, repoAiLlms: [{ aiLlmId }], ...more };
  const answer = await ask(who, 'POST', '/repo', body);
  expect(answer.status).toBe(200);
  return answer.body['repoId'] as string;
}
const keysAt = (id: string): string => `/repo/${id}/ai/apikey`;
interface Made {
  id: string;
  key: string;
  secret: string;
}
async function makeKey(repoId: string, name = 'CI'): Promise<Made> {
  const answer = await ask(place.writer, 'POST', keysAt(repoId), { name, aiType: 'OPENAI' });
  expect(answer.status).toBe(200);
  return answer.body as unknown as Made;
}
const codeOf = ({ status, body }: Seen): unknown[] => [status, body['error_code']];
const repoOf = (answer: Seen): Record<string, unknown> => answer.body['repo'] as Record<string, unknown>;
/** What `/v1` answers to the key. */
const models = (secret: string): Promise<Seen> => place.house.ask({ token: secret }, 'GET', '/v1/models');

describe('POST /repo', () => {
  test('200 with the id, and a sentence in the language of the caller', async () => {
    const body = { name: 'Support', workspaceId: place.workspaceId, storageType: 'OPENAI', repoAiLlms: [{ aiLlmId }] };
    const answer = await place.house.ask(place.writer, 'POST', '/repo', body, { 'accept-language': 'id' });
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ success: true, repoId: expect.any(String) as unknown, message: 'Repositori telah dibuat.' });
  });

  test.each([
    ['without a name', { name: '' }, ['name']],
    ['of another kind of storage', { storageType: 'S3' }, ['storageType']],
    ['with an AI LLM that stands there twice', { repoAiLlms: 'twice' }, ['repoAiLlms.1.aiLlmId']],
    ['with units', { repoUnits: [] }, ['repoUnits']],
  ])('400 %s', async (_, more, paths) => {
    const twice = { repoAiLlms: [{ aiLlmId }, { aiLlmId }] };
    const answer = await ask(place.writer, 'POST', '/repo', {
      name: nextName(),
      workspaceId: place.workspaceId,
      ...more,
      ...('repoAiLlms' in more ? twice : {}),
    });
    expect(codeOf(answer)).toEqual([400, 'VALIDATION_ERROR']);
    expect(pathsOf(answer)).toEqual(paths);
  });

  test('400 a name that is taken in the workspace', async () => {
    await make({ name: 'Taken' });
    expect(codeOf(await ask(place.writer, 'POST', '/repo', { name: 'tAKEN', workspaceId: place.workspaceId }))).toEqual([
      400,
      'NAME_EXISTS',
    ]);
  });

  test('401 nobody', async () => {
    expect((await ask(null, 'POST', '/repo', { name: 'x', workspaceId: place.workspaceId })).status).toBe(401);
  });

  test('403 readers and strangers', async () => {
    for (const who of [place.reader, place.outsider])
      expect(codeOf(await ask(who, 'POST', '/repo', { name: nextName(), workspaceId: place.workspaceId }))).toEqual([403, 'FORBIDDEN']);
  });

  test('404 a workspace or an AI LLM that never was', async () => {
    expect(codeOf(await ask(place.writer, 'POST', '/repo', { name: nextName(), workspaceId: nowhere }))).toEqual([404, 'NOT_FOUND']);
    const body = { name: nextName(), workspaceId: place.workspaceId, repoAiLlms: [{ aiLlmId: nowhere }] };
    expect(codeOf(await ask(place.writer, 'POST', '/repo', body))).toEqual([404, 'NOT_FOUND']);
  });
});

describe('GET /repo', () => {
  test('200 those that the caller sees, with their AI LLMs and keys; an AI LLM names its repositories', async () => {
    const id = await make({ name: 'Listed' });
    const { id: keyId } = await makeKey(id);
    const repos = (await ask(place.reader, 'GET', '/repo')).body['repos'] as Record<string, unknown>[];
    expect(repos[0]).toMatchObject({ id, name: 'Listed', aiLlms: [{ aiLlmId }], aiApiKeys: [{ id: keyId, repoId: id }] });
    expect((await ask(place.outsider, 'GET', '/repo')).body['repos']).toEqual([]);
    expect((await ask(place.admin, 'GET', `/repo?workspaceId=${place.otherId}`)).body['repos']).toEqual([]);
    const llm = listOf(await ask(place.reader, 'GET', '/ai/llm')).find((one) => one['id'] === aiLlmId)!;
    expect(llm['repos']).toContainEqual({ id, name: 'Listed', createdAt: isoForm });
  });

  test('400 a filter that is none', async () => {
    expect(codeOf(await ask(place.writer, 'GET', '/repo?orgId=1'))).toEqual([400, 'VALIDATION_ERROR']);
  });

  test('401 nobody', async () => {
    expect((await ask(null, 'GET', '/repo')).status).toBe(401);
  });

  test('403 a workspace that is closed to the caller', async () => {
    expect(codeOf(await ask(place.outsider, 'GET', `/repo?workspaceId=${place.workspaceId}`))).toEqual([403, 'FORBIDDEN']);
  });

  test('404 a workspace that never was', async () => {
    expect(codeOf(await ask(place.writer, 'GET', `/repo?workspaceId=${nowhere}`))).toEqual([404, 'NOT_FOUND']);
  });
});

describe('GET /repo/:id', () => {
  test('200 the fields of the document, and the key only as a mask', async () => {
    const id = await make({ name: 'Shown' });
    const { id: keyId, secret } = await makeKey(id, 'Web');
    const answer = await ask(place.reader, 'GET', `/repo/${id}`);
    expect(repoOf(answer)).toEqual({
      id,
      name: 'Shown',
      workspaceId: place.workspaceId,
      storageType: 'OPENAI',
      aiLlms: [{ aiLlmId }],
      aiApiKeys: [
        { id: keyId, name: 'Web', repoId: id, key: `***${secret.slice(-4)}`, aiType: 'OPENAI', createdAt: isoForm, deletedAt: null },
      ],
      createdAt: isoForm,
      revision: expect.any(Number) as unknown,
    });
    expect(answer.text).not.toContain(secret);
  });

  test('401 nobody', async () => {
    expect((await ask(null, 'GET', `/repo/${nowhere}`)).status).toBe(401);
  });

  test('403 a stranger of the same organization', async () => {
    expect(codeOf(await ask(place.outsider, 'GET', `/repo/${await make()}`))).toEqual([403, 'FORBIDDEN']);
  });

  test('404 one that never was', async () => {
    for (const gone of [nowhere, 'x']) expect(codeOf(await ask(place.admin, 'GET', `/repo/${gone}`))).toEqual([404, 'NOT_FOUND']);
  });
});

describe('PUT /repo/:id', () => {
  test('200 another name, and another list in the place of the one before', async () => {
    const id = await make();
    const other = await place.make();
    const body = { name: 'Changed', repoAiLlms: [{ aiLlmId: other }, { aiLlmId }], workspaceId: place.workspaceId };
    expect(await ask(place.writer, 'PUT', `/repo/${id}`, body)).toMatchObject({ status: 200, body: { success: true, repoId: id } });
    expect(repoOf(await ask(place.reader, 'GET', `/repo/${id}`))).toMatchObject({
      name: 'Changed',
      aiLlms: [{ aiLlmId: other }, { aiLlmId }],
    });
    await ask(place.writer, 'PUT', `/repo/${id}`, { name: 'Again' });
    expect(repoOf(await ask(place.reader, 'GET', `/repo/${id}`))['aiLlms']).toHaveLength(2);
  });

  test('400 nothing to change, and another workspace', async () => {
    const id = await make();
    expect(codeOf(await ask(place.writer, 'PUT', `/repo/${id}`, {}))).toEqual([400, 'VALIDATION_ERROR']);
    expect(pathsOf(await ask(place.writer, 'PUT', `/repo/${id}`, { workspaceId: place.otherId }))).toEqual(['workspaceId']);
  });

  test('401 nobody', async () => {
    expect((await ask(null, 'PUT', `/repo/${nowhere}`, { name: 'x' })).status).toBe(401);
  });

  test('403 readers and strangers', async () => {
    const id = await make();
    for (const who of [place.reader, place.outsider])
      expect(codeOf(await ask(who, 'PUT', `/repo/${id}`, { name: 'x' }))).toEqual([403, 'FORBIDDEN']);
  });

  test('404 one that never was', async () => {
    expect(codeOf(await ask(place.writer, 'PUT', `/repo/${nowhere}`, { name: 'x' }))).toEqual([404, 'NOT_FOUND']);
  });

  test('409 a change that was made from an old state, which it shows', async () => {
    const id = await make();
    const { revision } = repoOf(await ask(place.writer, 'GET', `/repo/${id}`));
    const name = nextName();
    await ask(place.writer, 'PUT', `/repo/${id}`, { name, revision });
    const late = await ask(place.admin, 'PUT', `/repo/${id}`, { name: nextName(), revision });
    expect(codeOf(late)).toEqual([409, 'CONFLICT']);
    expect(late.body.details).toMatchObject({ current: { id, name, aiLlms: [{ aiLlmId }] }, changedBy: { name: 'Writer' } });
  });
});

describe('DELETE /repo/:id', () => {
  test('200 an empty one, and by force one with keys, which end with it', async () => {
    expect(await ask(place.writer, 'DELETE', `/repo/${await make()}`)).toMatchObject({ status: 200, body: { success: true } });
    const id = await make();
    const { secret } = await makeKey(id);
    expect((await models(secret)).status).toBe(200);
    expect((await ask(place.admin, 'DELETE', `/repo/${id}?force=true`)).status).toBe(200);
    expect((await models(secret)).status).toBe(401);
  });

  test('400 a force that is neither true nor false', async () => {
    expect((await ask(place.writer, 'DELETE', `/repo/${await make()}?force=1`)).status).toBe(400);
  });

  test('401 nobody', async () => {
    expect((await ask(null, 'DELETE', `/repo/${nowhere}`)).status).toBe(401);
  });

  test('403 readers and strangers', async () => {
    const id = await make();
    for (const who of [place.reader, place.outsider]) expect(codeOf(await ask(who, 'DELETE', `/repo/${id}`))).toEqual([403, 'FORBIDDEN']);
  });

  test('403 while keys of it are good, which it names', async () => {
    const id = await make();
    const { id: keyId } = await makeKey(id, 'Production');
    const refused = await ask(place.writer, 'DELETE', `/repo/${id}`);
    expect(codeOf(refused)).toEqual([403, 'REPOSITORY_IN_USE']);
    expect(refused.body.details).toEqual([{ kind: 'access_key', id: keyId, name: 'Production' }]);
  });

  test('404 the second time', async () => {
    const id = await make();
    await ask(place.writer, 'DELETE', `/repo/${id}`);
    expect(codeOf(await ask(place.writer, 'DELETE', `/repo/${id}`))).toEqual([404, 'NOT_FOUND']);
  });
});

describe('a workspace', () => {
  test('with a repository is not deleted', async () => {
    const workspaceId = await place.house.createWorkspace('Kept', [[place.admin, 'ADMIN']]);
    const id = await make({ workspaceId, repoAiLlms: [] }, place.admin);
    expect(codeOf(await ask(place.admin, 'DELETE', `/workspace/${workspaceId}`))).toEqual([400, 'WORKSPACE_NOT_EMPTY']);
    await ask(place.admin, 'DELETE', `/repo/${id}`);
    expect((await ask(place.admin, 'DELETE', `/workspace/${workspaceId}`)).status).toBe(200);
  });
});
