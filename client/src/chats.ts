/** Chats: what a person asked and was answered, and answers as they are written. */
import type { ask, chat, chatChange, chatCreate, chatEvent, chatMessage, chatSettings, chatSummary } from '@patchbay/contract/chats';
import { eventsOf, StreamError } from './chat-completions.ts';
import { chunksOf, segment, type Input, type Output, type Transport } from './transport.ts';

export type ChatSummary = Output<typeof chatSummary>;
export type Chat = Output<typeof chat>;
export type ChatSettings = Output<typeof chatSettings>;
export type StoredMessage = Output<typeof chatMessage>;
export type ChatEvent = Output<typeof chatEvent>;

export interface ChatPage {
  data: ChatSummary[];
  nextCursor: string | null;
}

export interface MessagePage {
  /** Oldest first; `nextCursor` leads to those before. */
  data: StoredMessage[];
  nextCursor: string | null;
}

export interface ChatsCalls {
  /** The last used first. `q`: words of the title or of own questions. */
  list(filter?: { q?: string; cursor?: string | null; limit?: number }, signal?: AbortSignal): Promise<ChatPage>;
  create(input?: Input<typeof chatCreate>): Promise<Chat>;
  get(id: string, signal?: AbortSignal): Promise<Chat>;
  /** Renames, replaces the settings as a whole, or shows the version of a message that `headId` names. */
  change(id: string, change: Input<typeof chatChange>): Promise<Chat>;
  /** Final. */
  delete(id: string): Promise<void>;
  messages(id: string, page?: { cursor?: string | null; limit?: number }, signal?: AbortSignal): Promise<MessagePage>;
  /** Deletes a message and everything after it. Final. */
  deleteMessage(id: string, messageId: string): Promise<Chat>;
  /**
   * Asks, and yields what happens until the answer has ended. Leaving the loop or aborting stops the answer; what came stays stored.
   * @throws HttpError where nothing was stored, NetworkError, StreamError where the line broke: the messages tell what was kept
   */
  ask(id: string, question: Input<typeof ask>, signal?: AbortSignal): AsyncGenerator<ChatEvent, void, undefined>;
}

function eventOf(text: string): ChatEvent {
  try {
    return JSON.parse(text) as ChatEvent;
  } catch {
    throw new StreamError('an event of the stream is not JSON', null, text);
  }
}

export function chatsCalls(transport: Transport): ChatsCalls {
  const pathOf = (id: string): string => `api/chats/${segment(id)}`;
  return {
    list: (filter, signal) => transport.call('GET', 'api/chats', { query: { ...filter }, signal }),
    async create(input = {}) {
      return (await transport.call<{ data: Chat }>('POST', 'api/chats', { body: input })).data;
    },
    async get(id, signal) {
      return (await transport.call<{ data: Chat }>('GET', pathOf(id), { signal })).data;
    },
    async change(id, change) {
      return (await transport.call<{ data: Chat }>('PATCH', pathOf(id), { body: change })).data;
    },
    async delete(id) {
      await transport.call('DELETE', pathOf(id));
    },
    messages: (id, page, signal) => transport.call('GET', `${pathOf(id)}/messages`, { query: { ...page }, signal }),
    async deleteMessage(id, messageId) {
      return (await transport.call<{ data: Chat }>('DELETE', `${pathOf(id)}/messages/${segment(messageId)}`)).data;
    },
    async *ask(id, question, signal) {
      const response = await transport.open('POST', `${pathOf(id)}/messages`, { body: question, signal });
      if (!response.body) throw new StreamError('the stream has no body', null, null);
      for await (const text of eventsOf(chunksOf(response.body))) {
        const event = eventOf(text);
        yield event;
        if (event.type === 'ended') return;
      }
      throw new StreamError('the stream ended before it was complete', 'stream_incomplete', null);
    },
  };
}
