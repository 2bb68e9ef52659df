/** Chats through the front door: each route with each of its statuses, and nobody in another person's chat. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Json, Resident } from '../support/house.ts';
import { openChatsHouse, type ChatsHouse } from '../support/chats-house.ts';
import { holdingBetween, roleEvent, plain, streamEvents } from '../support/fake-provider.ts';

let chats: ChatsHouse;
/** Somebody from whom the right to chat was taken. */
let carl: Resident;
beforeAll(async () => {
  chats = await openChatsHouse();
  carl = await chats.house.createResident('Carl');
  await chats.house.request('PATCH', `/api/admin/users/${carl.id}`, { token: chats.ada.token, body: { permissions: [] } });
});
afterAll(() => chats?.close());

const randomId = '01890a5d-ac96-774b-bcce-b302099a8057';
const as = (token: string, body?: unknown) => (body === undefined ? { token } : { token, body });
const call = (method: string, path: string, body?: unknown, token = chats.ada.token) => chats.house.request(method, path, as(token, body));
/** What somebody without the right to chat is answered. */
const refusal = async (method: string, path: string, body?: unknown): Promise<unknown[]> => {
  const reply = await call(method, path, body, carl.token);
  return [reply.status, reply.body['error_code']];
};
const forbidden = [403, 'FORBIDDEN'];
const rowsOf = (body: Json): Json[] => [...(body['data'] as Json)];

describe('GET /api/chats', () => {
  test('200 lists the own chats alone, the last used first, page by page without a gap', async () => {
    const mine: string[] = [];
    for (let index = 0; index < 5; index++) mine.push((await call('POST', '/api/chats', { title: `Walk ${index}` })).at('data.id'));
    await call('POST', '/api/chats', { title: 'Walk of Ben' }, chats.ben.token);
    await chats.answer(mine[1]!, 'again');
    const seen: unknown[] = [];
    let cursor = '';
    for (let page = 0; page < 10; page++) {
      const reply = await call('GET', `/api/chats?q=walk&limit=2${cursor}`);
      seen.push(...rowsOf(reply.body).map(({ id }) => id));
      if (reply.body['nextCursor'] === null) break;
      cursor = `&cursor=${reply.at('nextCursor')}`;
    }
    expect(seen).toEqual([mine[1], mine[4], mine[3], mine[2], mine[0]]);
  });

  test('200 finds words of the title and of own questions, whatever their case, and takes signs as characters', async () => {
    const id = await chats.begin();
    await chats.answer(id, 'How do ÄPFEL_and 100% grow?');
    const found = async (words: string): Promise<unknown[]> =>
      rowsOf((await call('GET', `/api/chats?q=${encodeURIComponent(words)}`)).body).map((row) => row['id']);
    expect(await found('äpfel_and')).toEqual([id]);
    expect(await found('100% grow')).toEqual([id]);
    expect(await found('äpfelxand')).toEqual([]);
    // What was answered is not searched.
    expect(await found('quick brown')).toEqual([]);
    await call('PATCH', `/api/chats/${id}`, { title: 'Orchard' });
    expect(await found('oRCHArd')).toEqual([id]);
  });

  test('400 for what is no cursor, no limit, or no field of the query', async () => {
    for (const query of ['cursor=nonsense', 'limit=0', 'limit=501', 'userId=x', `q=${'x'.repeat(201)}`]) {
      const reply = await call('GET', `/api/chats?${query}`);
      expect([reply.status, reply.body['error_code']], query).toEqual([400, 'VALIDATION_ERROR']);
    }
  });

  test('401 for nobody', async () => {
    expect((await chats.house.request('GET', '/api/chats')).status).toBe(401);
  });
  test('403 without the right to chat', async () => {
    expect(await refusal('GET', '/api/chats')).toEqual(forbidden);
  });
});

describe('POST /api/chats', () => {
  test('201 an empty chat has no title and says nothing to the provider', async () => {
    const reply = await call('POST', '/api/chats', {});
    expect(reply.status).toBe(201);
    expect(reply.body['data']).toMatchObject({ title: null, headId: null, isConnectionGone: false });
    expect(Object.values(reply.body['data']!['settings']!).every((value) => value === null)).toBe(true);
  });

  test('201 a chat begins with messages that were exchanged elsewhere: nobody is asked, and the next question goes on from them', async () => {
    const messages = [
      { role: 'user', content: 'Where is **north**?' },
      { role: 'assistant', content: 'Up.' },
    ];
    const asked = chats.provider.received.length;
    const reply = await call('POST', '/api/chats', { messages });
    expect([reply.status, reply.at('data.title')]).toEqual([201, 'Where is north?']);
    const id = reply.at('data.id');
    const stored = rowsOf((await call('GET', `/api/chats/${id}/messages`)).body);
    expect(stored.map(({ role, content, state, answer }) => ({ role, content, state, answer }))).toEqual(
      messages.map((message) => ({ ...message, state: 'complete', answer: null })),
    );
    expect(stored[1]!['id']).toBe(reply.at('data.headId'));
    expect(chats.provider.received).toHaveLength(asked);
    await chats.answer(id, 'And south?');
    expect(chats.provider.received.at(-1)!.json['messages']).toEqual([...messages, { role: 'user', content: 'And south?' }]);
  });

  test('201 keeps every field of the settings', async () => {
    const settings = {
      connectionId: chats.connectionId,
      model: 'gpt-4o-mini',
      systemPrompt: 'Be brief.\nAnd kind.',
      temperature: 0.2,
      maxTokens: 300,
      topP: 0.9,
      topK: 40,
      minP: 0.05,
      frequencyPenalty: 0.5,
      presencePenalty: -0.5,
      stream: false,
      chunkSize: 20,
      reasoningTags: false,
      reasoningEffort: 'low',
      seed: 7,
      stop: ['END'],
      logitBias: { '50256': -100 },
      mirostatTau: 5,
      repeatLastN: 64,
      repeatPenalty: 1.1,
      tfsZ: 1,
      useMmap: true,
      useMlock: false,
      parameters: { cache_prompt: true },
    };
    const reply = await call('POST', '/api/chats', { settings });
    const kept = { ...settings, useCaseId: null };
    expect(reply.body['data']!['settings']).toEqual(kept);
    expect((await call('GET', `/api/chats/${reply.at('data.id')}`)).body['data']!['settings']).toEqual(kept);
  });

  test('400 for settings out of bounds, for unknown fields, and for a connection that is not the caller’s to use', async () => {
    const bad = [
      { settings: { temperature: 3 } },
      { messages: [{ role: 'system', content: 'Be brief' }] },
      { messages: Array.from({ length: 201 }, () => ({ role: 'user', content: 'x' })) },
      { settings: { maxTokens: 0 } },
      { settings: { stop: ['1', '2', '3', '4', '5'] } },
      { settings: { logitBias: { word: 1 } } },
      { settings: { systemPrompt: 'x'.repeat(32_001) } },
      { settings: { temprature: 1 } },
      { settings: { connectionId: randomId } },
      { settings: { connectionId: await chats.connect(chats.ben) } },
      { title: '' },
      { userId: chats.ben.id },
    ];
    for (const body of bad) {
      const reply = await call('POST', '/api/chats', body);
      expect([reply.status, reply.body['error_code']], JSON.stringify(body)).toEqual([400, 'VALIDATION_ERROR']);
    }
  });

  test('401 for nobody', async () => {
    expect((await chats.house.request('POST', '/api/chats', { body: {} })).status).toBe(401);
  });
  test('403 without the right to chat', async () => {
    expect(await refusal('POST', '/api/chats', {})).toEqual(forbidden);
  });
});

describe('GET /api/chats/:id', () => {
  test('200 one chat; one whose connection is deleted says so and keeps its messages', async () => {
    const connectionId = await chats.connect(chats.ada, { name: 'Short-lived' });
    const id = await chats.begin({ connectionId, model: 'gpt-4o' });
    await chats.answer(id, 'before');
    const used = await call('GET', `/api/configurations/${connectionId}/dependants`);
    expect([...used.body['data']!]).toContainEqual({ kind: 'chat', id: null, name: null, count: 1, isBlocking: false });
    // A chat does not stand in the way of a deletion.
    expect((await call('DELETE', `/api/configurations/${connectionId}`)).status).toBe(200);
    const reply = await call('GET', `/api/chats/${id}`);
    expect(reply.body['data']).toMatchObject({ isConnectionGone: true, settings: { connectionId } });
    expect(await chats.messages(id)).toHaveLength(2);
    const answer = await chats.answer(id, 'after');
    expect(answer.answer).toMatchObject({ connectionId: chats.connectionId, isConnectionReplaced: true });
  });

  test('401 for nobody', async () => {
    expect((await chats.house.request('GET', `/api/chats/${randomId}`)).status).toBe(401);
  });

  test('404 for another person’s chat, also an administrator’s, exactly as for none', async () => {
    const id = (await call('POST', '/api/chats', {}, chats.ben.token)).at('data.id');
    const replies = [
      await call('GET', `/api/chats/${id}`),
      await call('GET', `/api/chats/${randomId}`),
      await call('GET', '/api/chats/nonsense'),
    ];
    for (const reply of replies) {
      expect(reply.status).toBe(404);
      expect(reply.bodyWithoutId).toEqual(replies[0]!.bodyWithoutId);
    }
  });
  test('403 without the right to chat', async () => {
    expect(await refusal('GET', `/api/chats/${randomId}`)).toEqual(forbidden);
  });
});

describe('PATCH /api/chats/:id', () => {
  test('200 renames, and the name wins over the first question', async () => {
    const id = await chats.begin();
    const reply = await call('PATCH', `/api/chats/${id}`, { title: '  Mine  ' });
    expect(reply.body['data']!['title']).toBe('Mine');
    await chats.answer(id, 'What is a patchbay?');
    expect((await call('GET', `/api/chats/${id}`)).body['data']!['title']).toBe('Mine');
  });

  test('200 settings are replaced as a whole and survive', async () => {
    const id = await chats.begin({ temperature: 1, seed: 3 });
    await call('PATCH', `/api/chats/${id}`, { settings: { temperature: 0.5 } });
    const settings = (await call('GET', `/api/chats/${id}`)).body['data']!['settings'];
    expect(settings).toMatchObject({ temperature: 0.5, seed: null });
  });

  test('400 for nothing, for a message that is none of the chat’s, and for a foreign connection', async () => {
    const id = await chats.begin();
    for (const body of [{}, { headId: randomId }, { settings: { connectionId: randomId } }, { title: 'x'.repeat(201) }])
      expect((await call('PATCH', `/api/chats/${id}`, body)).status, JSON.stringify(body)).toBe(400);
  });

  test('401 for nobody', async () => {
    expect((await chats.house.request('PATCH', `/api/chats/${randomId}`, { body: { title: 'x' } })).status).toBe(401);
  });

  test('404 for another person’s chat', async () => {
    const id = await chats.begin();
    expect((await call('PATCH', `/api/chats/${id}`, { title: 'x' }, chats.ben.token)).status).toBe(404);
    expect((await call('GET', `/api/chats/${id}`)).body['data']!['title']).toBeNull();
  });
  test('403 without the right to chat', async () => {
    expect(await refusal('PATCH', `/api/chats/${randomId}`, { title: 'x' })).toEqual(forbidden);
  });
});

describe('DELETE /api/chats/:id', () => {
  test('200 the chat and its messages are gone for good', async () => {
    const id = await chats.begin();
    await chats.answer(id, 'secret plans');
    expect((await call('DELETE', `/api/chats/${id}`)).status).toBe(200);
    expect((await call('GET', `/api/chats/${id}`)).status).toBe(404);
    const left = await chats.house.database.db.selectFrom('chat_messages').selectAll().where('chat_id', '=', id).execute();
    expect(left).toEqual([]);
  });

  test('401 for nobody', async () => {
    expect((await chats.house.request('DELETE', `/api/chats/${randomId}`)).status).toBe(401);
  });

  test('404 for another person’s chat, which stays', async () => {
    const id = await chats.begin();
    expect((await call('DELETE', `/api/chats/${id}`, undefined, chats.ben.token)).status).toBe(404);
    expect((await call('GET', `/api/chats/${id}`)).status).toBe(200);
  });
  test('403 without the right to chat', async () => {
    expect(await refusal('DELETE', `/api/chats/${randomId}`)).toEqual(forbidden);
  });
});

describe('GET /api/chats/:id/messages', () => {
  test('200 the path that is shown, oldest first, page by page backwards', async () => {
    const id = await chats.begin();
    for (const question of ['one', 'two', 'three']) await chats.answer(id, question);
    const all = await chats.messages(id);
    expect(all.map(({ role }) => role)).toEqual(['user', 'assistant', 'user', 'assistant', 'user', 'assistant']);
    const last = await call('GET', `/api/chats/${id}/messages?limit=4`);
    expect(rowsOf(last.body).map((row) => row['id'])).toEqual(all.slice(2).map((message) => message.id));
    const first = await call('GET', `/api/chats/${id}/messages?limit=4&cursor=${last.at('nextCursor')}`);
    expect(rowsOf(first.body).map((row) => row['id'])).toEqual(all.slice(0, 2).map((message) => message.id));
    expect(first.body['nextCursor']).toBeNull();
  });

  test('400 for a cursor that is no message of the path', async () => {
    const id = await chats.begin();
    for (const query of [`cursor=${randomId}`, 'cursor=x', 'limit=0'])
      expect((await call('GET', `/api/chats/${id}/messages?${query}`)).status, query).toBe(400);
  });

  test('401 for nobody', async () => {
    expect((await chats.house.request('GET', `/api/chats/${randomId}/messages`)).status).toBe(401);
  });

  test('404 for another person’s chat', async () => {
    const id = await chats.begin();
    expect((await call('GET', `/api/chats/${id}/messages`, undefined, chats.ben.token)).status).toBe(404);
  });
  test('403 without the right to chat', async () => {
    expect(await refusal('GET', `/api/chats/${randomId}/messages`)).toEqual(forbidden);
  });
});

describe('DELETE /api/chats/:id/messages/:messageId', () => {
  test('200 the message and everything after it are gone, and an older version takes its place', async () => {
    const id = await chats.begin();
    const first = await chats.answer(id, 'one');
    await chats.answer(id, 'two');
    const again = await chats.answer(id, { again: first.id });
    expect((await chats.messages(id)).map((message) => message.id).at(-1)).toBe(again.id);
    const reply = await call('DELETE', `/api/chats/${id}/messages/${again.id}`);
    expect(reply.status).toBe(200);
    // The older answer is shown again, with what had followed it.
    expect((await chats.messages(id)).map(({ content }) => content.trim())).toMatchObject({ 0: 'one', 2: 'two', length: 4 });
    await call('DELETE', `/api/chats/${id}/messages/${first.id}`);
    expect((await chats.messages(id)).map(({ content }) => content)).toEqual(['one']);
  });

  test('401 for nobody', async () => {
    expect((await chats.house.request('DELETE', `/api/chats/${randomId}/messages/${randomId}`)).status).toBe(401);
  });

  test('404 for a message of another chat, and for another person’s chat', async () => {
    const [here, there] = [await chats.begin(), await chats.begin()];
    const answer = await chats.answer(there, 'stay');
    expect((await call('DELETE', `/api/chats/${here}/messages/${answer.id}`)).status).toBe(404);
    expect((await call('DELETE', `/api/chats/${there}/messages/${answer.id}`, undefined, chats.ben.token)).status).toBe(404);
    expect(await chats.messages(there)).toHaveLength(2);
  });

  test('409 while an answer is being written', async () => {
    const id = await chats.begin();
    chats.provider.answer(holdingBetween([roleEvent], streamEvents().slice(1)), plain);
    const events = chats.clientOf(chats.ada).chats.ask(id, { content: 'wait' });
    const begun = await events.next();
    const first = begun.value!;
    const answer = first.type === 'begun' ? first.answer.id : '';
    const reply = await call('DELETE', `/api/chats/${id}/messages/${answer}`);
    expect([reply.status, reply.body['error_code']]).toEqual([409, 'CHAT_BUSY']);
    chats.provider.release();
    for await (const event of events) if (event.type === 'ended') expect(event.answer.state).toBe('complete');
    expect((await call('DELETE', `/api/chats/${id}/messages/${answer}`)).status).toBe(200);
  });
  test('403 without the right to chat', async () => {
    expect(await refusal('DELETE', `/api/chats/${randomId}/messages/${randomId}`)).toEqual(forbidden);
  });
});
