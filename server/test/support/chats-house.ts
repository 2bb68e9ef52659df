/** A house with a provider behind it, two people, and the steps of a chat: begin one, ask, read the answer as it streams. */
import type { ChatEvent, ChatMessage } from '@patchbay/contract/chats';
import { PatchbayClient } from '@patchbay/client';
import { startFakeProvider, type FakeProvider } from './fake-provider.ts';
import { openHouse, type House, type HouseOptions, type Resident } from './house.ts';

export interface ChatsHouse {
  house: House;
  provider: FakeProvider;
  ada: Resident;
  ben: Resident;
  /** Ada's default connection. */
  connectionId: string;
  clientOf: (person: Resident) => PatchbayClient;
  /** A new chat of Ada's with these settings; its id. */
  begin: (settings?: Record<string, unknown>) => Promise<string>;
  /** Asks as Ada and reads to the end. */
  ask: (chatId: string, question: Record<string, unknown>) => Promise<ChatEvent[]>;
  /** Asks, reads to the end, and answers with the stored answer. */
  answer: (chatId: string, question: string | Record<string, unknown>) => Promise<ChatMessage>;
  messages: (chatId: string, person?: Resident) => Promise<ChatMessage[]>;
  connect: (person: Resident, more?: Record<string, unknown>) => Promise<string>;
  close: () => Promise<void>;
}

export async function openChatsHouse(options: HouseOptions = {}): Promise<ChatsHouse> {
  const provider = await startFakeProvider();
  const house = await openHouse({ egressAllow: '127.0.0.1:*', ...options });
  const ada = await house.createResident('Ada', 'administrator');
  const ben = await house.createResident('Ben');
  let names = 0;
  const connect: ChatsHouse['connect'] = async (person, more = {}) => {
    const body = {
      name: `Line ${++names}`,
      provider: 'custom',
      baseUrl: provider.baseUrl,
      model: 'gpt-4o',
      apiKey: 'sk-of-the-tests-1234',
      ...more,
    };
    return (await house.request('POST', '/api/configurations', { token: person.token, body })).at('data.id');
  };
  const connectionId = await connect(ada, { isDefault: true });
  const clientOf: ChatsHouse['clientOf'] = (person) => new PatchbayClient({ baseUrl: house.url, accessToken: person.token });
  const messages: ChatsHouse['messages'] = async (chatId, person = ada) => (await clientOf(person).chats.messages(chatId)).data;
  const ask: ChatsHouse['ask'] = async (chatId, question) => {
    const events: ChatEvent[] = [];
    for await (const event of clientOf(ada).chats.ask(chatId, question)) events.push(event);
    return events;
  };
  return {
    house,
    provider,
    ada,
    ben,
    connectionId,
    clientOf,
    async begin(settings) {
      return (await clientOf(ada).chats.create(settings ? { settings } : {})).id;
    },
    ask,
    async answer(chatId, question) {
      const last = (await ask(chatId, typeof question === 'string' ? { content: question } : question)).at(-1);
      if (last?.type !== 'ended') throw new Error(`the answer did not end: ${JSON.stringify(last)}`);
      return last.answer;
    },
    messages,
    connect,
    async close() {
      await house.close();
      await provider.close();
    },
  };
}
