/** Chats in the database, on both engines: whose they are, their order, their search, and answers that are written while they arrive. */
import { beforeAll, describe, expect, test } from 'vitest';
import {
  chatOf,
  chatsOfConnection,
  deleteChat,
  insertChat,
  listChats,
  titleChat,
  updateChat,
  type ChatRecord,
} from '../../src/storage/chats.ts';
import { deleteMessages, insertMessage, keepPartial, messagesByIds, nodesOf, requireQuiet, settleAnswer, type MessageRecord } from '../../src/storage/chat-messages.ts'; // prettier-ignore
import { createDatabase, type Database } from '../../src/storage/database.ts';
import type { WriteStep } from '../../src/storage/driver.ts';
import { StaleWrite } from '../../src/storage/errors.ts';
import { erasePerson } from '../../src/storage/people.ts';
import { onBothEngines } from './engines.ts';
import { atMs, change, hostileTexts, ids, newPerson } from './rows.ts';

onBothEngines('chats', (bench) => {
  let database: Database;
  let ada: string;
  beforeAll(async () => {
    database = createDatabase(await bench.open({ isMigrated: true }));
    ada = await newPerson(database);
  });
  const write = (...steps: WriteStep[]): Promise<unknown> => database.driver.write(steps);
  const newChat = async (part: Partial<ChatRecord> = {}, connectionId: string | null = null): Promise<ChatRecord> => {
    const chat = { id: ids.uuid(), userId: ada, title: null, headId: null, settings: '{}', createdAtMs: atMs, updatedAtMs: atMs, ...part };
    await write(insertChat(database, chat, connectionId));
    return chat;
  };
  const messageOf = (chatId: string, part: Partial<MessageRecord> = {}): MessageRecord => ({
    id: ids.uuid(),
    chatId,
    parentId: null,
    role: 'user',
    content: 'hi',
    reasoning: null,
    state: 'complete',
    failure: null,
    connectionId: null,
    connectionName: null,
    provider: null,
    model: null,
    modelReported: null,
    requestId: null,
    facts: null,
    createdAtMs: atMs,
    seenAtMs: atMs,
    ...part,
  });
  const say = async (chatId: string, part: Partial<MessageRecord> = {}): Promise<MessageRecord> => {
    const message = messageOf(chatId, part);
    await write(insertMessage(database, message));
    return message;
  };
  const listed = async (userId: string, words: string | null = null): Promise<string[]> =>
    (await listChats(database, userId, { words, after: null, limit: 500 })).map(({ id }) => id);

  test('a chat comes back as it was written, to its owner alone', async () => {
    const chat = await newChat({ title: 'Träume 🚀', settings: '{"temperature":0.5}', headId: ids.uuid() });
    expect(await chatOf(database, ada, chat.id)).toEqual(chat);
    expect(await chatOf(database, await newPerson(database), chat.id)).toBeUndefined();
    expect(await chatOf(database, ada, ids.uuid())).toBeUndefined();
  });

  test('lists are in the order of use, and pages have neither gap nor repetition where many were used in one moment', async () => {
    const ben = await newPerson(database);
    const made: ChatRecord[] = [];
    for (let index = 0; index < 9; index++) made.push(await newChat({ userId: ben, updatedAtMs: atMs + Math.floor(index / 3) }));
    const expected = made.toSorted((a, b) => b.updatedAtMs - a.updatedAtMs || (a.id < b.id ? 1 : -1)).map(({ id }) => id);
    const seen: string[] = [];
    let after: { atMs: number; id: string } | null = null;
    for (let page = 0; page < 5; page++) {
      const rows: ChatRecord[] = await listChats(database, ben, { words: null, after, limit: 2 });
      seen.push(...rows.map(({ id }) => id));
      const last: ChatRecord | undefined = rows.at(-1);
      if (last) after = { atMs: last.updatedAtMs, id: last.id };
    }
    expect(seen).toEqual(expected);
    await write(updateChat(database, made[0]!.id, { usedAtMs: atMs + 10 }));
    expect((await listed(ben))[0]).toBe(made[0]!.id);
  });

  test.each(hostileTexts.map((text) => text.replace(/\p{Cc}/gu, '').trim()))(
    'the search takes %j as a text, in titles and in questions',
    async (text) => {
      const eve = await newPerson(database);
      const titled = await newChat({ userId: eve, title: `before ${text} after` });
      const asked = await newChat({ userId: eve });
      await say(asked.id, { content: `line\n${text}` });
      const answered = await newChat({ userId: eve });
      await say(answered.id, { role: 'assistant', content: text });
      expect((await listed(eve, text)).toSorted()).toEqual([titled.id, asked.id].toSorted());
      expect(await listed(eve, `${text}~`)).toEqual([]);
      expect(await listed(ada, `before ${text} after`)).toEqual([]);
    },
  );

  test('a title that the first question gives never replaces one that somebody chose', async () => {
    const chat = await newChat();
    await write(titleChat(database, chat.id, 'From the question'));
    expect((await chatOf(database, ada, chat.id))?.title).toBe('From the question');
    await write(updateChat(database, chat.id, { title: 'Chosen' }), titleChat(database, chat.id, 'From the question'));
    expect((await chatOf(database, ada, chat.id))?.title).toBe('Chosen');
    expect(await listed(ada, 'chosen')).toContain(chat.id);
  });

  test('chats of a connection are counted, and the connection need not exist', async () => {
    const connectionId = ids.uuid();
    const chat = await newChat({}, connectionId);
    await newChat({}, connectionId);
    expect(await chatsOfConnection(database, connectionId)).toBe(2);
    await write(updateChat(database, chat.id, { settings: { json: '{}', connectionId: null } }));
    expect(await chatsOfConnection(database, connectionId)).toBe(1);
  });

  test('deleting takes the messages along, also those of a person who goes', async () => {
    const chat = await newChat();
    const message = await say(chat.id);
    await write(deleteChat(database, chat.id));
    expect(await messagesByIds(database, [message.id])).toEqual([]);
    await expect(write(deleteChat(database, chat.id))).rejects.toMatchObject({ label: 'chat' });
    await expect(write(updateChat(database, chat.id, { title: 'x' }))).rejects.toBeInstanceOf(StaleWrite);
    const eve = await newPerson(database);
    const left = await say((await newChat({ userId: eve })).id);
    await change(database, erasePerson(database, eve, atMs));
    expect(await listed(eve)).toEqual([]);
    expect(await messagesByIds(database, [left.id])).toEqual([]);
  });

  describe('messages', () => {
    const facts = {
      attempts: 2,
      tokensIn: 1,
      tokensOut: 2,
      tokensReasoning: 3,
      isEstimated: true,
      costNanoUsd: 9_007_199_254_740_991,
      latencyMs: 5,
      firstByteMs: null,
      finishReason: 'stop',
      changed: [{ parameter: 'top_k', what: 'dropped' as const }],
      leftOut: [ids.uuid()],
      isConnectionReplaced: true,
    };

    test('come back as they were written, in the order of the ids that are asked for', async () => {
      const chat = await newChat();
      const question = await say(chat.id, { content: hostileTexts.join('\n') });
      const answer = await say(chat.id, { role: 'assistant', parentId: question.id, reasoning: '<b>', connectionId: ids.uuid(), connectionName: 'Line', provider: 'openai', model: 'm', modelReported: 'M', requestId: ids.uuid(), facts, state: 'failed', failure: 'auth' }); // prettier-ignore
      expect(await messagesByIds(database, [answer.id, ids.uuid(), question.id])).toEqual([answer, question]);
      expect(await nodesOf(database, chat.id, 100)).toEqual([question, answer].map(({ id, parentId, role }) => ({ id, parentId, role })));
      expect(await nodesOf(database, chat.id, 1)).toHaveLength(1);
      expect(await messagesByIds(database, [])).toEqual([]);
    });

    test('more ids than one statement takes are asked for in turns', async () => {
      const chat = await newChat();
      const many = Array.from({ length: 1_100 }, () => messageOf(chat.id));
      for (let at = 0; at < many.length; at += 100) await write(...many.slice(at, at + 100).map((one) => insertMessage(database, one)));
      expect((await messagesByIds(database, many.map(({ id }) => id))).map(({ id }) => id)).toEqual(many.map(({ id }) => id)); // prettier-ignore
      await write(deleteMessages(database, chat.id, many.map(({ id }) => id))); // prettier-ignore
      expect(await nodesOf(database, chat.id, 10)).toEqual([]);
    });

    test('a part is kept while the answer is written, never after it has ended, and never where its chat is gone', async () => {
      const chat = await newChat();
      const answer = await say(chat.id, { role: 'assistant', content: '', state: 'streaming' });
      await write(keepPartial(database, { id: answer.id, content: 'Half', reasoning: 'hm', seenAtMs: atMs + 1 }));
      expect(await messagesByIds(database, [answer.id])).toEqual([{ ...answer, content: 'Half', reasoning: 'hm', seenAtMs: atMs + 1 }]);
      const ended: MessageRecord = { ...answer, content: 'Whole', state: 'complete', facts, model: 'm', seenAtMs: atMs + 2 };
      await write(settleAnswer(database, ended));
      expect(await messagesByIds(database, [answer.id])).toEqual([ended]);
      const late = keepPartial(database, { id: answer.id, content: 'Half', reasoning: null, seenAtMs: atMs + 3 });
      await expect(write(late)).rejects.toMatchObject({ label: 'answer' });
      await write(deleteChat(database, chat.id));
      await write(settleAnswer(database, ended));
      expect(await messagesByIds(database, [answer.id])).toEqual([]);
    });

    test('a chat is quiet unless an answer of its own is being written by somebody who is alive', async () => {
      const chat = await newChat();
      const other = await newChat();
      await write(requireQuiet(database, chat.id, 0));
      const answer = await say(chat.id, { role: 'assistant', state: 'streaming', seenAtMs: atMs });
      await expect(write(requireQuiet(database, chat.id, atMs - 1))).rejects.toMatchObject({ label: 'busy' });
      await write(requireQuiet(database, chat.id, atMs), requireQuiet(database, other.id, 0));
      await write(settleAnswer(database, { ...answer, state: 'stopped' }));
      await write(requireQuiet(database, chat.id, 0));
    });

    test('of two questions that come at once, one is taken: the other finds the chat busy', async () => {
      const chat = await newChat();
      const begin = (): Promise<unknown> => {
        const answer = messageOf(chat.id, { role: 'assistant', state: 'streaming', seenAtMs: atMs });
        const first = updateChat(database, chat.id, { headId: answer.id, usedAtMs: atMs });
        return write(first, requireQuiet(database, chat.id, atMs - 1), insertMessage(database, answer));
      };
      const outcomes = await Promise.allSettled([begin(), begin(), begin()]);
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect(await nodesOf(database, chat.id, 10)).toHaveLength(1);
    });

    test('deleting takes out what is named, of this chat alone', async () => {
      const [here, there] = [await newChat(), await newChat()];
      const [one, two, foreign] = [await say(here.id), await say(here.id), await say(there.id)];
      await write(deleteMessages(database, here.id, [one.id, foreign.id]));
      expect((await nodesOf(database, here.id, 10)).map(({ id }) => id)).toEqual([two.id]);
      expect(await nodesOf(database, there.id, 10)).toHaveLength(1);
    });
  });
});
