/** A chat that is begun with a use case: its model, its prompt and its parameters, and what happens when it goes. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { UseCaseView } from '@patchbay/contract/use-cases';
import { openChatsHouse, type ChatsHouse } from '../support/chats-house.ts';
import { plain } from '../support/fake-provider.ts';

let chats: ChatsHouse;
let modelId: string;
let number = 0;

beforeAll(async () => {
  chats = await openChatsHouse();
  chats.provider.answer(plain);
  const body = { name: 'Budget AI', modelVariant: 'gpt-4o-mini', apiUrl: chats.provider.baseUrl, apiKey: 'sk-of-the-tests-1234' };
  modelId = (await chats.house.request('POST', '/api/admin/models', { token: chats.ada.token, body })).at('data.id');
});
afterAll(() => chats?.close());

const make = (part: Record<string, unknown> = {}): Promise<UseCaseView> =>
  chats.clientOf(chats.ada).useCases.create({
    name: `Case ${++number}`,
    connectionId: modelId,
    systemPrompt: 'Answer briefly.',
    injectContext: { page: true },
    allRoles: true,
    ...part,
  });
const sent = (): Record<string, unknown> => chats.provider.received.at(-1)!.json;
const post = (path: string, body: unknown, method = 'POST', token = chats.ada.token) => chats.house.request(method, path, { token, body });

describe('a chat with a use case', () => {
  test('asks its model with its prompt, its page and its temperature; the chat’s own instructions and values count more', async () => {
    const useCase = await make({ temperature: 0.2 });
    const id = await chats.begin({ useCaseId: useCase.id });
    const answer = await chats.answer(id, 'Hi');
    expect(answer.answer).toMatchObject({ connectionName: 'Budget AI', model: 'gpt-4o-mini' });
    const system = { role: 'system', content: 'Current page: /chat\n\nAnswer briefly.' };
    expect(sent()).toMatchObject({ temperature: 0.2, messages: [system, { role: 'user', content: 'Hi' }] });
    const own = await chats.begin({ useCaseId: useCase.id, systemPrompt: 'In Indonesian.', temperature: 1.1 });
    await chats.answer(own, 'Hi');
    expect(sent()).toMatchObject({
      temperature: 1.1,
      messages: [
        { role: 'system', content: `${system.content}\n\nIn Indonesian.` },
        { role: 'user', content: 'Hi' },
      ],
    });
  });

  test('is kept with the chat and can be changed in it; each answer says who gave it (C-46)', async () => {
    const useCase = await make();
    const id = await chats.begin();
    expect((await chats.answer(id, 'First')).answer).toMatchObject({ connectionName: 'Line 1' });
    await post(`/api/chats/${id}`, { settings: { useCaseId: useCase.id } }, 'PATCH');
    expect((await chats.answer(id, 'Second')).answer).toMatchObject({ connectionName: 'Budget AI' });
    expect((await chats.messages(id)).flatMap(({ answer }) => answer?.connectionName ?? [])).toEqual(['Line 1', 'Budget AI']);
  });

  test('400 a use case brings its own connection and model', async () => {
    const { id } = await make();
    for (const more of [{ connectionId: chats.connectionId }, { model: 'gpt-4o' }])
      expect((await post('/api/chats', { settings: { useCaseId: id, ...more } })).at('error_code')).toBe('VALIDATION_ERROR');
  });

  test('400 one for other roles, or one that never was, cannot be chosen', async () => {
    const { id } = await make({ allRoles: false, allowedRoles: ['administrator'] });
    for (const useCaseId of [id, '01890a5d-ac96-774b-bcce-b302099a8057'])
      expect((await post('/api/chats', { settings: { useCaseId } }, 'POST', chats.ben.token)).status).toBe(400);
  });

  test('409 one that was switched off or deleted since is told, refused before anything is stored, and asks nobody', async () => {
    const useCase = await make();
    const id = await chats.begin({ useCaseId: useCase.id });
    const before = chats.provider.received.length;
    await chats.clientOf(chats.ada).useCases.update(useCase.id, { isActive: false });
    expect((await chats.clientOf(chats.ada).chats.get(id)).isUseCaseGone).toBe(true);
    expect((await post(`/api/chats/${id}/messages`, { content: 'Hi' })).at('error_code')).toBe('USE_CASE_UNAVAILABLE');
    await chats.clientOf(chats.ada).useCases.delete(useCase.id);
    const refused = await post(`/api/chats/${id}/messages`, { content: 'Hi' });
    expect([refused.status, refused.at('error_code')]).toEqual([409, 'USE_CASE_UNAVAILABLE']);
    expect([(await chats.messages(id)).length, chats.provider.received.length]).toEqual([0, before]);
    await post(`/api/chats/${id}`, { settings: {} }, 'PATCH');
    expect((await chats.answer(id, 'Hi')).state).toBe('complete');
  });

  test('409 one whose model was switched off says which it is (R-019)', async () => {
    const useCase = await make({ name: 'Lawyer' });
    const id = await chats.begin({ useCaseId: useCase.id });
    await post(`/api/admin/models/${modelId}`, { isActive: false }, 'PATCH');
    const refused = await post(`/api/chats/${id}/messages`, { content: 'Hi' });
    expect([refused.status, refused.at('error_code'), refused.at('message')]).toEqual([
      409,
      'MODEL_INACTIVE',
      expect.stringContaining('Lawyer'),
    ]);
    await post(`/api/admin/models/${modelId}`, { isActive: true }, 'PATCH');
  });

  test('a chat that chose nothing goes to the use case that claims its person’s role, and to the default otherwise (R-034, R-273)', async () => {
    const claims = await make({ priority: 5, allRoles: false, allowedRoles: ['administrator'] });
    const id = await chats.begin();
    expect((await chats.answer(id, 'Hi')).answer).toMatchObject({ connectionName: 'Budget AI' });
    await chats.clientOf(chats.ada).useCases.delete(claims.id);
    expect((await chats.answer(id, 'Hi')).answer).toMatchObject({ connectionName: 'Line 1' });
  });

  test('a long base knowledge takes its room from the history, and what is left out is told', async () => {
    const useCase = await make({ baseKnowledge: 'k'.repeat(150_000), model: 'gpt-3.5-turbo' });
    const id = await chats.begin({ useCaseId: useCase.id });
    await chats.answer(id, 'x'.repeat(10_000));
    expect((await chats.answer(id, 'And now?')).answer!.leftOut.length).toBeGreaterThan(0);
  });
});
