/** What is done with a use case besides keeping it: one question before it is saved, and what its connection may not do meanwhile. */
import { HttpError } from '@patchbay/client';
import { describe, expect, test } from 'vitest';
import { plain, refusing } from '../support/fake-provider.ts';
import { chats, faultsOf, made, mia, modelId, nobody, openUseCases, send } from '../support/use-cases-house.ts';

openUseCases();

describe('POST /api/use-cases/try', () => {
  const draft = { question: 'What is leave?', systemPrompt: 'Short.', baseKnowledge: '12 days.', temperature: 0.2 };

  test('200 the answer with what the model was told and what it took; booked, and counted for no use case', async () => {
    chats.provider.answer(plain);
    const tried = await chats.clientOf(mia).useCases.try({ ...draft, connectionId: modelId, injectContext: { user: true } });
    expect(tried).toMatchObject({
      isAnswered: true,
      answer: 'The quick brown fox jumps. ',
      failure: null,
      connectionName: 'Budget AI',
      model: 'gpt-4o-mini',
      tokensIn: 11,
      tokensOut: 7,
    });
    expect(tried.prompt).toBe('12 days.\n\nUser: Mia (manager, mia@example.org)\n\nShort.');
    expect(chats.provider.received.at(-1)!.json).toMatchObject({
      messages: [
        { role: 'system', content: tried.prompt },
        { role: 'user', content: 'What is leave?' },
      ],
      temperature: 0.2,
    });
    const requests = await send('GET', '/api/requests?limit=1');
    expect([...requests.body['data']!]).toMatchObject([{ userId: mia.id, model: 'gpt-4o-mini' }]);
  });

  test('200 a model that fails is an answer too: what happened, what to look at, what to do', async () => {
    chats.provider.answer(refusing(401));
    const reply = await send('POST', '/api/use-cases/try', { ...draft, connectionId: modelId }, mia, { 'accept-language': 'id' });
    expect(reply.status).toBe(200);
    expect(reply.body['data']).toMatchObject({
      isAnswered: false,
      answer: null,
      failure: { code: 'auth', issue: expect.any(String) as string },
    });
    chats.provider.answer(plain);
  });

  test('400 a model that cannot be chosen, at its field', async () => {
    const reply = await send('POST', '/api/use-cases/try', { ...draft, connectionId: nobody });
    expect([reply.status, faultsOf(reply)]).toEqual([400, [['connectionId', 'unknown_connection']]]);
  });

  test('401 nobody', async () => {
    expect((await send('POST', '/api/use-cases/try', { ...draft, connectionId: modelId }, null)).status).toBe(401);
  });

  test('403 somebody without the permission spends nothing', async () => {
    const before = chats.provider.received.length;
    expect((await send('POST', '/api/use-cases/try', { ...draft, connectionId: modelId }, chats.ben)).status).toBe(403);
    expect(chats.provider.received.length).toBe(before);
  });

  test('429 more than ten in a minute, with the time to wait', async () => {
    const one = await chats.house.createResident('Quick', 'manager');
    const ask = () => chats.clientOf(one).useCases.try({ ...draft, connectionId: modelId });
    for (let count = 0; count < 10; count++) await ask();
    const late = await ask().catch((error: unknown) => error);
    expect(late).toBeInstanceOf(HttpError);
    expect(late).toMatchObject({ status: 429 });
  });
});

describe('DELETE /api/admin/models/:id', () => {
  test('409 a connection that a use case uses, which names the use case in what uses it, and lets go of it by force alone', async () => {
    const body = { name: 'Bound', modelVariant: 'gpt-4o', apiUrl: chats.provider.baseUrl, apiKey: 'sk-of-the-tests-1234' };
    const id = (await send('POST', '/api/admin/models', body)).at('data.id');
    const first = await made({ name: 'Uses it', connectionId: id });
    const second = await made({ name: 'Falls back to it', fallbackConnectionIds: [id] });
    const off = await made({ name: 'Is off', connectionId: id, isActive: false });
    const refused = await send('DELETE', `/api/admin/models/${id}`);
    expect([refused.status, refused.at('error_code')]).toEqual([409, 'CONFIGURATION_IN_USE']);
    expect(
      ([...refused.body['details']!] as unknown as { kind: string; name: string }[]).map(({ kind, name }) => `${kind} ${name}`).toSorted(),
    ).toEqual(['use_case Falls back to it', 'use_case Uses it']);
    const uses = await send('GET', `/api/configurations/${id}/dependants`);
    expect(JSON.stringify(uses.body)).toContain('Uses it');
    expect((await send('DELETE', `/api/admin/models/${id}?force=true`, undefined, chats.ada)).status).toBe(200);
    const now = await Promise.all([first, second, off].map((one) => chats.clientOf(mia).useCases.get(one.id)));
    expect(now.map(({ connectionId, modelState, fallbackConnectionIds }) => [connectionId, modelState, fallbackConnectionIds])).toEqual([
      [null, 'gone', []],
      [modelId, 'active', []],
      [null, 'gone', []],
    ]);
    const revived = await send('PATCH', `/api/use-cases/${off.id}`, { isActive: true });
    expect(faultsOf(revived)).toEqual([['connectionId', 'unknown_connection']]);
  });
});
