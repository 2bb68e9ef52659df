/** A question and its answer through the front door: streamed, stored, stopped, failed, repeated, and always in the books. */
import type { ChatEvent } from '@patchbay/contract/chats';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { anthropic, chunk, doneEvent, finishEvent, holdingBetween, plain, refusing, roleEvent, sse, streaming, streamEvents, usageEvent, whole, wholeBody } from '../support/fake-provider.ts'; // prettier-ignore
import { openChatsHouse, type ChatsHouse } from '../support/chats-house.ts';

let chats: ChatsHouse;
beforeAll(async () => {
  chats = await openChatsHouse();
});
afterAll(() => chats?.close());

const randomId = '01890a5d-ac96-774b-bcce-b302099a8057';
const said = (events: readonly ChatEvent[], type: 'text' | 'reasoning'): string =>
  events.map((event) => (event.type === type ? event.text : '')).join('');
const post = (id: string, body: unknown, token = chats.ada.token, headers: Record<string, string> = {}) =>
  chats.house.request('POST', `/api/chats/${id}/messages`, { token, body, headers });
const lastSent = (): Record<string, unknown> => chats.provider.received.at(-1)!.json;

describe('POST /api/chats/:id/messages', () => {
  test('200 the answer streams as it is written, and is stored with who answered and what it took', async () => {
    chats.provider.answer(plain);
    const id = await chats.begin();
    const events = await chats.ask(id, { content: 'What is a **patchbay**?\nIn short.' });
    expect(events[0]).toMatchObject({
      type: 'begun',
      question: { role: 'user', state: 'complete' },
      answer: { state: 'streaming', content: '' },
    });
    expect(events.map(({ type }) => type)).toEqual(['begun', 'text', 'text', 'text', 'text', 'text', 'ended']);
    expect(said(events, 'text')).toBe('The quick brown fox jumps. ');
    const [question, answer] = await chats.messages(id);
    expect(question).toMatchObject({ role: 'user', content: 'What is a **patchbay**?\nIn short.', parentId: null, answer: null });
    expect(answer).toMatchObject({
      role: 'assistant',
      content: 'The quick brown fox jumps. ',
      reasoning: null,
      state: 'complete',
      failure: null,
      parentId: question!.id,
      answer: {
        connectionId: chats.connectionId,
        connectionName: 'Line 1',
        provider: 'custom',
        model: 'gpt-4o',
        modelReported: 'gpt-4o-2024-08-06',
        attempts: 1,
        tokensIn: 11,
        tokensOut: 7,
        isEstimated: false,
        finishReason: 'stop',
        leftOut: [],
        isConnectionReplaced: false,
      },
    });
    expect(events.at(-1)).toEqual({ type: 'ended', answer });
    expect((await chats.clientOf(chats.ada).chats.get(id)).title).toBe('What is a patchbay?');
  });

  test('200 it stands in the books as a chat of this person, under the request id of the answer', async () => {
    const id = await chats.begin();
    const { answer } = await chats.answer(id, 'for the books');
    const request = await chats.house.request('GET', `/api/requests/${answer!.requestId}`, { token: chats.ada.token });
    expect([...request.body['data']!['attempts']!]).toMatchObject([{ purpose: 'chat', state: 'settled', tokensIn: 11, tokensOut: 7 }]);
    const list = await chats.house.request('GET', '/api/requests?limit=1', { token: chats.ada.token });
    expect([...list.body['data']!]).toMatchObject([{ requestId: answer!.requestId, userId: chats.ada.id, accessKeyId: null }]);
  });

  test('200 the head says what comes, no proxy may gather it, and no packing holds it back', async () => {
    const reply = await post(await chats.begin(), { content: 'head' }, chats.ada.token, { 'accept-encoding': 'gzip, br' });
    expect(reply.status).toBe(200);
    expect(reply.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(reply.headers.get('x-accel-buffering')).toBe('no');
    expect(reply.headers.get('content-encoding')).toBeNull();
    expect(reply.headers.get('cache-control')).toBe('no-store');
    expect(reply.text.trim().split('\n\n').at(-1)).toContain('"ended"');
  });

  test('200 what was said before goes along, without reasoning, with the system prompt first', async () => {
    const id = await chats.begin({ systemPrompt: 'Be brief.' });
    await chats.answer(id, 'one');
    await chats.answer(id, 'two');
    expect(lastSent()['messages']).toEqual([
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'one' },
      { role: 'assistant', content: 'The quick brown fox jumps. ' },
      { role: 'user', content: 'two' },
    ]);
  });

  test('200 every setting reaches the provider under its own name; what only the chat may say cannot be said by free parameters', async () => {
    const settings = { temperature: 0.2, maxTokens: 300, topP: 0.9, topK: 40, minP: 0.05, seed: 7, stop: ['END'], repeatPenalty: 1.1 };
    const free = { cache_prompt: true, temperature: 2, messages: [], model: 'x', stream: false };
    await chats.answer(await chats.begin({ ...settings, model: 'gpt-4o-mini', connectionId: chats.connectionId, parameters: free }), 'x');
    expect(lastSent()).toMatchObject({
      model: 'gpt-4o-mini',
      stream: true,
      temperature: 0.2,
      max_tokens: 300,
      top_p: 0.9,
      top_k: 40,
      min_p: 0.05,
      seed: 7,
      stop: ['END'],
      repeat_penalty: 1.1,
      cache_prompt: true,
      messages: [{ role: 'user', content: 'x' }],
    });
  });

  test('200 the provider may change between two turns; the history goes along and each answer says who gave it', async () => {
    const id = await chats.begin();
    await chats.answer(id, 'first');
    const other = await chats.connect(chats.ada, {
      name: 'Claude',
      provider: 'anthropic',
      baseUrl: chats.provider.origin,
      model: 'claude-sonnet-5',
    });
    await chats.clientOf(chats.ada).chats.change(id, { settings: { connectionId: other } });
    chats.provider.answer(anthropic, plain);
    const second = await chats.answer(id, 'second');
    expect(chats.provider.received.at(-1)!.path).toBe('/v1/messages');
    expect(lastSent()['messages']).toMatchObject([{ role: 'user' }, { role: 'assistant' }, { role: 'user' }]);
    expect(second).toMatchObject({
      state: 'complete',
      content: 'The quick brown fox jumps. ',
      answer: { connectionName: 'Claude', provider: 'anthropic' },
    });
    expect((await chats.messages(id)).map(({ answer }) => answer?.connectionName ?? null)).toEqual([null, 'Line 1', null, 'Claude']);
  });

  test('200 reasoning is told apart: a field of its own under either name, and between tags at the beginning', async () => {
    const id = await chats.begin();
    const rest = [sse(chunk({ content: 'Four.' })), finishEvent, usageEvent, doneEvent];
    for (const delta of [{ reasoning_content: 'Two and two.' }, { reasoning: 'Two and two.' }]) {
      chats.provider.answer(streaming([roleEvent, sse(chunk(delta)), ...rest]), plain);
      const events = await chats.ask(id, { content: '2+2?' });
      expect([said(events, 'reasoning'), said(events, 'text')]).toEqual(['Two and two.', 'Four.']);
      expect((await chats.messages(id)).at(-1)).toMatchObject({ reasoning: 'Two and two.', content: 'Four.' });
    }
    const tagged = ['<thi', 'nk>Two ', 'and two.</th', 'ink>\n\nFour', ' <think>.'].map((content) => sse(chunk({ content })));
    chats.provider.answer(streaming([roleEvent, ...tagged, finishEvent, doneEvent]), plain);
    expect(await chats.answer(id, '2+2?')).toMatchObject({ reasoning: 'Two and two.', content: 'Four <think>.' });
    const plainly = await chats.begin({ reasoningTags: false });
    chats.provider.answer(streaming([roleEvent, ...tagged, finishEvent, doneEvent]), plain);
    expect(await chats.answer(plainly, '2+2?')).toMatchObject({ reasoning: null, content: '<think>Two and two.</think>\n\nFour <think>.' });
  });

  test('200 an answer in one piece, and one in larger steps, where the settings say so', async () => {
    const wholeChat = await chats.begin({ stream: false });
    chats.provider.answer(whole(wholeBody('All at once.')), plain);
    const events = await chats.ask(wholeChat, { content: 'x' });
    expect(lastSent()['stream']).toBe(false);
    expect(events.map(({ type }) => type)).toEqual(['begun', 'text', 'ended']);
    expect((await chats.messages(wholeChat)).at(-1)).toMatchObject({
      content: 'All at once.',
      state: 'complete',
      answer: { tokensOut: 7 },
    });
    const steps = await chats.ask(await chats.begin({ chunkSize: 12 }), { content: 'x' });
    expect(steps.flatMap((event) => (event.type === 'text' ? [event.text] : []))).toEqual(['The quick brown ', 'fox jumps. ']);
  });

  test('200 another answer and an edited question are versions: nothing is lost, each can be shown again', async () => {
    const id = await chats.begin();
    const first = await chats.answer(id, 'one');
    const again = await chats.answer(id, { again: first.id });
    expect(again.versions).toEqual([first.id, again.id]);
    expect(lastSent()['messages']).toEqual([{ role: 'user', content: 'one' }]);
    const [question] = await chats.messages(id);
    const events = await chats.ask(id, { content: 'uno', replaces: question!.id });
    const edited = events[0]!.type === 'begun' ? events[0]!.question : undefined;
    expect(edited).toMatchObject({ content: 'uno', parentId: null, versions: [question!.id, edited!.id] });
    expect((await chats.messages(id)).map(({ content }) => content)).toEqual(['uno', 'The quick brown fox jumps. ']);
    await chats.clientOf(chats.ada).chats.change(id, { headId: question!.id });
    expect((await chats.messages(id)).map((message) => message.id)).toEqual([question!.id, again.id]);
    await chats.clientOf(chats.ada).chats.change(id, { headId: first.id });
    expect((await chats.messages(id)).map((message) => message.id)).toEqual([question!.id, first.id]);
  });

  test('200 a failed provider is an answer that says what happened, what to check and what to do, in the caller’s language', async () => {
    const id = await chats.begin();
    chats.provider.answer(refusing(401, { error: { message: 'sk-of-the-tests-1234 is wrong', code: 'invalid_api_key' } }), plain);
    const answer = await chats.answer(id, 'x');
    expect(answer).toMatchObject({
      state: 'failed',
      content: '',
      failure: { code: 'auth', issue: '401 Unauthorized' },
      answer: { attempts: 1 },
    });
    expect(answer.failure!.resolution).toContain('Update it');
    expect(JSON.stringify(answer)).not.toContain('sk-of-the-tests');
    const indonesian = await chats.house.request('GET', `/api/chats/${id}/messages`, {
      token: chats.ada.token,
      headers: { 'accept-language': 'id' },
    });
    expect(JSON.stringify([...indonesian.body['data']!][1]!['failure'])).toMatch(/Kunci API/);
    // The next question goes on as if the failed answer had never been.
    await chats.answer(id, 'y');
    expect(lastSent()['messages']).toEqual([
      { role: 'user', content: 'x' },
      { role: 'user', content: 'y' },
    ]);
  });

  test('200 a stream that breaks keeps what had come, and says that it failed', async () => {
    const id = await chats.begin();
    chats.provider.answer(async ({ response, held }) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(roleEvent + sse(chunk({ content: 'Half an' })));
      await held();
      response.destroy();
    }, plain);
    for await (const event of chats.clientOf(chats.ada).chats.ask(id, { content: 'x' })) {
      if (event.type === 'text') chats.provider.release();
      if (event.type === 'ended')
        expect(event.answer).toMatchObject({ state: 'failed', content: 'Half an', failure: { code: 'connection_lost' } });
    }
    expect((await chats.messages(id)).at(-1)).toMatchObject({ state: 'failed', content: 'Half an' });
  });

  test('200 an attempt that failed before anything was seen leaves nothing behind in the answer of the next one', async () => {
    for (let round = 0; round < 5; round++) {
      // One of its own: another that has failed too often before is left alone after the first attempt.
      const id = await chats.begin({ connectionId: await chats.connect(chats.ada) });
      chats.provider.answer(({ response }) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(roleEvent + sse(chunk({ content: 'Half an' })), () => response.destroy());
      }, plain);
      const { content } = await chats.answer(id, 'x');
      // Seen before the line broke, or never; what is never seen is both.
      expect(['Half an', 'The quick brown fox jumps. ']).toContain(content);
    }
  });

  test('200 an answer without a price stays without one where an attempt before it cost nothing', async () => {
    const connectionId = await chats.connect(chats.ada);
    chats.provider.answer(refusing(503), plain);
    const { answer } = await chats.answer(await chats.begin({ connectionId }), 'x');
    expect(answer).toMatchObject({ attempts: 2, costUsd: null });
  });

  test('200 whoever hangs up stops the answer: the provider is hung up on, what came is kept as stopped and billed as partial', async () => {
    const id = await chats.begin();
    chats.provider.answer(holdingBetween([roleEvent, sse(chunk({ content: 'As far as' }))], streamEvents().slice(1)), plain);
    const leaving = new AbortController();
    const events = chats.clientOf(chats.ada).chats.ask(id, { content: 'long' }, leaving.signal);
    for (let event = await events.next(); event.value?.type !== 'text'; event = await events.next());
    leaving.abort();
    await events.next().catch(() => undefined);
    await expect.poll(async () => (await chats.messages(id)).at(-1)!.state).toBe('stopped');
    const stopped = (await chats.messages(id)).at(-1)!;
    expect(stopped).toMatchObject({ content: 'As far as', failure: null, answer: { isEstimated: true, connectionName: 'Line 1' } });
    expect(chats.provider.received.at(-1)!.abortedAtMs).not.toBeNull();
    const request = await chats.house.request('GET', `/api/requests/${stopped.answer!.requestId}`, { token: chats.ada.token });
    expect([...request.body['data']!['attempts']!]).toMatchObject([{ state: 'partial', reason: 'client_closed' }]);
    chats.provider.release();
    // And the next question is answered at once.
    expect(await chats.answer(id, 'go on')).toMatchObject({ state: 'complete' });
    expect(lastSent()['messages']).toMatchObject([{ content: 'long' }, { content: 'As far as' }, { content: 'go on' }]);
  });

  test('200 a chat that is deleted while its answer is written ends the answer', async () => {
    const id = await chats.begin();
    chats.provider.answer(holdingBetween([roleEvent, sse(chunk({ content: 'never' }))], streamEvents().slice(1)), plain);
    const events = chats.clientOf(chats.ada).chats.ask(id, { content: 'x' });
    for (let event = await events.next(); event.value?.type !== 'text'; event = await events.next());
    await chats.clientOf(chats.ada).chats.delete(id);
    for await (const event of events) expect(event.type).toBe('ended');
    await expect.poll(() => chats.provider.received.at(-1)!.abortedAtMs).not.toBeNull();
    chats.provider.release();
  });

  test('200 what no longer fits the model is left out from the oldest on, and the answer says which', async () => {
    const id = await chats.begin({ model: 'gpt-4', connectionId: chats.connectionId, maxTokens: 4000 });
    const long = await chats.ask(id, { content: 'a'.repeat(9_000) });
    const first = long[0]!.type === 'begun' ? long[0]!.question.id : '';
    const answer = await chats.answer(id, 'b'.repeat(9_000));
    const [, firstAnswer] = await chats.messages(id);
    expect(answer.answer!.leftOut).toEqual([first, firstAnswer!.id]);
    expect((lastSent()['messages'] as unknown[]).length).toBe(1);
  });

  test('200 what no database can hold is replaced, and hostile Markdown is kept as it came', async () => {
    const id = await chats.begin();
    const hostile = '<script>alert(1)</script> [x](javascript:alert(1)) ';
    chats.provider.answer(streaming([roleEvent, sse(chunk({ content: `${hostile}\u0000 \ud800` })), finishEvent, doneEvent]), plain);
    expect((await chats.answer(id, 'x')).content).toBe(`${hostile}\ufffd \ufffd`);
  });

  test('400 for no question, two questions, one that is too long, and what no text may hold', async () => {
    const id = await chats.begin();
    const bad = [
      {},
      { content: ' \n ' },
      { content: 'x', again: randomId },
      { again: randomId, replaces: randomId },
      { content: 'x'.repeat(100_001) },
    ];
    for (const body of [...bad, { content: 'a\u0000b' }, { content: 'x', model: 'gpt-4o' }]) {
      const reply = await post(id, body);
      expect([reply.status, reply.body['error_code']], JSON.stringify(body).slice(0, 80)).toEqual([400, 'VALIDATION_ERROR']);
    }
    expect(await chats.messages(id)).toEqual([]);
  });

  test('400 NO_CONNECTION_CONFIGURED where nothing could answer: nothing is stored, and the refusal is booked', async () => {
    const { id } = await chats.clientOf(chats.ben).chats.create();
    const reply = await post(id, { content: 'hello?' }, chats.ben.token);
    expect([reply.status, reply.body['error_code']]).toEqual([400, 'NO_CONNECTION_CONFIGURED']);
    expect(await chats.messages(id, chats.ben)).toEqual([]);
    const list = await chats.house.request('GET', '/api/requests', { token: chats.ben.token });
    expect([...list.body['data']!]).toMatchObject([{ state: 'refused', reason: 'no_connection' }]);
  });

  test('401 for nobody, and for an access key', async () => {
    const body = { content: 'x' };
    expect((await chats.house.request('POST', `/api/chats/${randomId}/messages`, { body })).status).toBe(401);
    const key = await chats.house.request('POST', '/api/access-keys', { token: chats.ada.token, body: { name: 'k' } });
    const refused = await post(randomId, body, key.at('data.key'));
    expect([refused.status, refused.body['error_code']]).toEqual([401, 'WRONG_KEY_KIND']);
  });

  test('403 without the right to chat', async () => {
    const carl = await chats.house.createResident('Carl');
    await chats.house.request('PATCH', `/api/admin/users/${carl.id}`, { token: chats.ada.token, body: { permissions: [] } });
    const reply = await post(randomId, { content: 'x' }, carl.token);
    expect([reply.status, reply.body['error_code']]).toEqual([403, 'FORBIDDEN']);
  });

  test('404 for another person’s chat, and for messages that are none of this chat’s', async () => {
    const [here, there] = [await chats.begin(), await chats.begin()];
    const answer = await chats.answer(there, 'x');
    expect((await post(here, { content: 'x' }, chats.ben.token)).status).toBe(404);
    expect((await post(here, { again: answer.id })).status).toBe(404);
    expect((await post(there, { content: 'x', replaces: answer.id })).status).toBe(404);
  });

  test('409 for a second question while the first is being answered; both tabs see the same chat', async () => {
    const id = await chats.begin();
    chats.provider.answer(holdingBetween([roleEvent], streamEvents().slice(1)), plain);
    const events = chats.clientOf(chats.ada).chats.ask(id, { content: 'first' });
    await events.next();
    const second = await post(id, { content: 'second' });
    expect([second.status, second.body['error_code']]).toEqual([409, 'CHAT_BUSY']);
    chats.provider.release();
    for await (const event of events) if (event.type === 'ended') expect(event.answer.state).toBe('complete');
    expect((await chats.messages(id)).map(({ content }) => content.trim())).toEqual(['first', 'The quick brown fox jumps.']);
  });

  test('409 MODEL_INACTIVE for a connection that is switched off, as a pin or as the only default', async () => {
    const off = await chats.connect(chats.ada, { isActive: false });
    const reply = await post(await chats.begin({ connectionId: off }), { content: 'x' });
    expect([reply.status, reply.body['error_code']]).toEqual([409, 'MODEL_INACTIVE']);
  });
});
