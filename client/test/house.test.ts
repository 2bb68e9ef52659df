/** The client against the real server: S3's snippet as it is written there, and each face once. */
import { HttpError, PatchbayClient } from '@patchbay/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startFakeProvider, type FakeProvider } from '../../server/test/support/fake-provider.ts';
import { openHouse, type House } from '../../server/test/support/house.ts';
import { runSnippet } from './s3-snippet.ts';

let house: House;
let provider: FakeProvider;
let client: PatchbayClient;
let workspaceId = '';

beforeAll(async () => {
  provider = await startFakeProvider();
  house = await openHouse({ egressAllow: '127.0.0.1:*' });
  const sari = await house.createResident('Sari');
  workspaceId = await house.createWorkspace('Riset', [[sari, 'ADMIN']]);
  client = new PatchbayClient({ baseUrl: house.url, apiKey: sari.token });
});

afterAll(async () => {
  await house?.close();
  await provider?.close();
});

const llm = (name: string) => ({ name, aiType: 'OTHER' as const, endpoint: provider.baseUrl, secret: 'sk-test-abcdefghijkl', workspaceId });

describe('S3', () => {
  test('the example of the documents runs with the apiKey of a personal token', async () => {
    const { token } = await client.tokens.create({ name: 'example' });
    const answers = await runSnippet({ apiKey: token, baseUrl: house.url, data: llm('Example'), workspaceId });
    expect(answers.listed.aiLlms.map(({ id }) => id)).toContain(answers.created.aiLlmId);
    expect(answers.updated.aiLlmId).toBe(answers.created.aiLlmId);
    expect(answers.validated.success).toBe(true);
    expect(answers.counted.stats).toHaveLength(1);
    expect(answers.deleted.success).toBe(true);
  });

  test('an AI LLM is created, found, validated, counted and deleted', async () => {
    const created = await client.createAiLlm(llm('Production'));
    expect(created.success).toBe(true);
    const { aiLlms } = await client.getAiLlms(workspaceId);
    expect(aiLlms.find(({ id }) => id === created.aiLlmId)).toMatchObject({ name: 'Production', key: null, aiType: 'OTHER' });
    expect(await client.validateAiLlm(created.aiLlmId)).toMatchObject({ success: true });
    expect((await client.getAvailableAiLlms()).aiLlms.map(({ id }) => id)).toContain(created.aiLlmId);
    const { stats } = await client.getAiLlmStats(created.aiLlmId);
    expect(stats).toHaveLength(1);
    expect(stats[0]!.totalApiCalls).toMatch(/^\d+$/);
    expect(await client.deleteAiLlm(created.aiLlmId)).toMatchObject({ success: true });
    expect((await client.getAiLlms(workspaceId)).aiLlms.map(({ id }) => id)).not.toContain(created.aiLlmId);
  });

  test('workspaces are kept under the names of the documents', async () => {
    const { workspace } = await client.createWorkspace({ name: 'Operasi' });
    expect((await client.getWorkspaces()).workspaces.map(({ name }) => name)).toContain('Operasi');
    expect((await client.updateWorkspace(workspace.id, { name: 'Operasional' })).workspace.name).toBe('Operasional');
    const budi = await house.createResident('Budi');
    await client.addUserToWorkspace(workspace.id, { userId: budi.id, role: 'READ' });
    await client.updateWorkspaceUserRole(workspace.id, budi.id, { role: 'WRITE' });
    expect((await client.getWorkspace(workspace.id)).workspace.users.find(({ userId }) => userId === budi.id)?.role).toBe('WRITE');
    await client.removeUserFromWorkspace(workspace.id, budi.id);
    await client.deleteWorkspace(workspace.id);
    expect((await client.getWorkspaces()).workspaces.map(({ name }) => name)).not.toContain('Operasional');
  });
});

describe('repositories', () => {
  test('are kept under the names of the documents, with keys whose secret is shown once', async () => {
    const { aiLlmId } = await client.createAiLlm({ ...llm('Attached'), defaultModel: 'gpt-4o' });
    const { repoId } = await client.createRepo({ name: 'Dukungan', workspaceId, repoAiLlms: [{ aiLlmId }] });
    expect((await client.getRepo(repoId)).repo).toMatchObject({ name: 'Dukungan', aiLlms: [{ aiLlmId }], aiApiKeys: [] });
    expect((await client.getAiModels({ repoId })).models).toContainEqual(expect.objectContaining({ id: 'gpt-4o', aiType: 'OTHER' }));
    const { id, secret } = await client.createRepoAiApiKey(repoId, { name: 'CI', aiType: 'OPENAI' });
    const answer = await new PatchbayClient({ baseUrl: house.url, apiKey: secret }).chat.create({
      model: 'gpt-4o',
      messages: [{ role: 'user', content: 'hi' }],
    });
    expect(answer.choices).toHaveLength(1);
    await client.updateRepoAiApiKey(repoId, id, { name: 'Web' });
    expect((await client.getRepoAiApiKeys(repoId)).apiKeys).toMatchObject([{ id, name: 'Web', deletedAt: null }]);
    await expect(client.deleteAiLlm(aiLlmId)).rejects.toMatchObject({ status: 403, code: 'CONFIGURATION_IN_USE' });
    await expect(client.deleteRepo(repoId)).rejects.toMatchObject({ status: 403, code: 'REPOSITORY_IN_USE' });
    await client.deleteRepoAiApiKey(repoId, id);
    await client.updateRepo(repoId, { name: 'Bantuan', repoAiLlms: [] });
    expect((await client.getRepos(workspaceId)).repos.map(({ name }) => name)).toContain('Bantuan');
    await client.deleteRepo(repoId);
    expect((await client.getRepos()).repos.map(({ name }) => name)).not.toContain('Bantuan');
    expect((await client.deleteAiLlm(aiLlmId)).success).toBe(true);
  });

  test('of the newer face hold connections in their order and answer with what they are', async () => {
    const ids = [(await client.createAiLlm(llm('One'))).aiLlmId, (await client.createAiLlm(llm('Two'))).aiLlmId];
    const made = await client.repositories.create({ workspaceId, name: 'Urutan', connectionIds: ids });
    expect(made.connections.map(({ name }) => name)).toEqual(['One', 'Two']);
    const changed = await client.repositories.update(made.id, { connectionIds: ids.toReversed(), revision: made.revision });
    expect(changed.connections.map(({ name }) => name)).toEqual(['Two', 'One']);
    await expect(client.repositories.update(made.id, { name: 'x', revision: made.revision })).rejects.toMatchObject({ code: 'CONFLICT' });
    await client.accessKeys.create({ name: 'bound', repositoryId: made.id });
    expect((await client.accessKeys.list({ repositoryId: made.id })).data).toMatchObject([{ name: 'bound', repositoryId: made.id }]);
    expect(await client.repositories.get(made.id)).toMatchObject({ liveKeys: 1 });
    await client.repositories.delete(made.id, { force: true });
    expect((await client.repositories.list({ workspaceId })).map(({ id }) => id)).not.toContain(made.id);
  });
});

describe('the other faces', () => {
  test('a configuration lives from its creation to its end, and its key is never in an answer', async () => {
    const input = { name: 'Mine', provider: 'custom', baseUrl: provider.baseUrl, apiKey: 'sk-test-0123456789ab', model: 'gpt-4o' };
    const created = await client.configurations.create(input);
    expect(created).toMatchObject({ name: 'Mine', hasApiKey: true, apiKey: '***89ab' });
    expect((await client.configurations.list()).map(({ id }) => id)).toContain(created.id);
    expect(await client.configurations.get(created.id)).toMatchObject({ id: created.id });
    expect(await client.configurations.update(created.id, { model: 'gpt-4o-mini' })).toMatchObject({
      model: 'gpt-4o-mini',
      apiKey: '***89ab',
    });
    expect((await client.configurations.test(created.id)).data.steps.length).toBeGreaterThan(0);
    expect(await client.configurations.rotateKey(created.id, { apiKey: 'sk-test-ba9876543210' })).toMatchObject({ success: true });
    expect(await client.configurations.usage(created.id, { period: '24h' })).toMatchObject({ requestCount: expect.any(Number) as number });
    expect(await client.configurations.dependants(created.id)).toEqual([]);
    await client.configurations.delete(created.id);
    await expect(client.configurations.get(created.id)).rejects.toMatchObject({ status: 404, code: 'NOT_FOUND' });
  });

  test('settings that are not saved can be tested', async () => {
    const { success, data } = await client.configurations.testUnsaved({
      provider: 'custom',
      baseUrl: provider.baseUrl,
      apiKey: 'sk-test-0123456789ab',
      model: 'gpt-4o',
    });
    expect(success).toBe(data.success);
    expect(data.steps.map(({ name }) => name)).toContain('reach');
  });

  test('providers, their schema, models and templates are told', async () => {
    const providers = await client.providers.list();
    expect(providers.map(({ name }) => name)).toContain('openai');
    expect((await client.providers.schema('openai')).jsonSchema).toBeTypeOf('object');
    expect((await client.providers.models('openai')).models).toBeInstanceOf(Array);
    expect(await client.providers.templates('openai')).toBeInstanceOf(Array);
    expect(await client.providers.validate('openai', { temperature: 99 })).toMatchObject({ valid: false });
  });

  test('an AI connection is created, made the default and deleted', async () => {
    const id = await client.aiConnections.create({ name: 'Personal', baseUrl: provider.baseUrl, apiKey: 'sk-test-0123456789ab' });
    await client.aiConnections.update(id, { isDefault: true });
    expect(await client.aiConnections.get(id)).toMatchObject({ isDefault: true, apiKey: '***89ab' });
    expect((await client.aiConnections.list()).map((one) => one.id)).toContain(id);
    await client.aiConnections.delete(id);
    expect((await client.aiConnections.list()).map((one) => one.id)).not.toContain(id);
  });

  test('oneself, tokens and access keys', async () => {
    expect(await client.me.get()).toMatchObject({ email: 'sari@example.org', language: 'en' });
    expect(await client.me.update({ language: 'id', theme: 'dark' })).toMatchObject({ language: 'id', theme: 'dark' });
    await client.me.update({ language: 'en' });
    const token = await client.tokens.create({ name: 'laptop' });
    expect((await client.tokens.list()).data.find(({ id }) => id === token.id)).not.toHaveProperty('token');
    await client.tokens.revoke(token.id);
    const key = await client.accessKeys.create({ name: 'web', workspaceId, rpm: 60 });
    expect(key.key).toMatch(/^sk-pb-/);
    expect(await client.accessKeys.update(key.id, { rpm: null })).toMatchObject({ rpm: null });
    expect((await client.accessKeys.list()).data.map(({ id }) => id)).toContain(key.id);
    await client.accessKeys.revoke(key.id);
  });

  test('an access key that is sent to the control plane is refused as what it is', async () => {
    const { key } = await client.accessKeys.create({ name: 'wrong plane' });
    const error: unknown = await new PatchbayClient({ baseUrl: house.url, apiKey: key }).getWorkspaces().catch((fault: unknown) => fault);
    expect(error).toBeInstanceOf(HttpError);
    expect(error).toMatchObject({ status: 401, code: 'WRONG_KEY_KIND', requestId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string });
  });

  test('a completion comes whole and as a stream, and the books know both', async () => {
    await client.configurations.create({
      name: 'Chat',
      provider: 'custom',
      baseUrl: provider.baseUrl,
      apiKey: 'sk-test-0123456789ab',
      model: 'gpt-4o',
      isDefault: true,
    });
    const { key } = await client.accessKeys.create({ name: 'chat' });
    const { chat } = new PatchbayClient({ baseUrl: house.url, accessKey: key });
    const request = { model: 'Chat/gpt-4o', messages: [{ role: 'user' as const, content: 'hello' }] };
    expect((await chat.create(request)).choices[0]?.message.content).toContain('fox');
    let text = '';
    for await (const chunk of chat.stream(request)) text += chunk.choices[0]?.delta.content ?? '';
    expect(text).toContain('fox');
    const { data } = await client.books.requests({ limit: 2 });
    expect(data.map(({ model, state }) => [model, state])).toEqual([
      ['gpt-4o', 'settled'],
      ['gpt-4o', 'settled'],
    ]);
    expect((await client.books.request(data[0]!.requestId)).attempts).toHaveLength(1);
    expect(
      (await client.books.usage({ period: '24h', groupBy: 'model' })).find(({ key: model }) => model === 'gpt-4o')?.tokensIn,
    ).toBeGreaterThan(0);
  });
});
