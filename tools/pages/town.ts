/** A house that has been lived in, for looking at the pages: people, connections in every state, keys, and a day of requests. */
import { plain, refusing, streamEvents, streaming } from '../../server/test/support/fake-provider.ts';
import type { House, Resident } from '../../server/test/support/house.ts';
import { openPages, type Pages } from '../../web/test/support/pages.ts';

export interface Town extends Pages {
  administrator: Resident;
  /** An organization connection that answers. */
  connectionId: string;
  /** A chat of the administrator's, with two questions and their answers. */
  chatId: string;
}

const requests = 24;

const answer = `Streaming sends the answer **as it is written**. Three things matter:

1. The first words arrive early.
2. The connection stays open, so a proxy must not buffer.
3. A break in the middle leaves a part of the answer.

| Way | First word | Whole answer |
| --- | ---: | ---: |
| in one piece | 4.1 s | 4.1 s |
| streamed | 0.4 s | 4.2 s |

\`\`\`ts
const stream = await client.chat.completions.create({ model: 'gpt-4o', messages, stream: true });
for await (const part of stream) process.stdout.write(part.choices[0]?.delta?.content ?? '');
\`\`\``;

/** Opens the house and fills it by its own front door. Close it with `close`. */
export async function openTown(): Promise<Town> {
  const pages = await openPages({
    isDemoOffered: true,
    environment: { baseUrl: 'https://api.openai.com/v1', secret: null, model: 'gpt-4o' },
  });
  const { house, provider } = pages;
  const administrator = await house.createResident('Sari');
  await house.createResident('Budi', 'user');
  const connectionId = await addConnections(house, administrator, provider.baseUrl);
  provider.answer(refusing(503, 'the model is overloaded'));
  await house.request('POST', `/api/configurations/${connectionId}/test`, { token: administrator.token });
  provider.answer(plain);
  await useThem(house, administrator, connectionId);
  provider.answer(streaming(streamEvents([answer])));
  const chatId = await talk(house, administrator);
  provider.answer(plain);
  return { ...pages, administrator, connectionId, chatId };
}

async function addConnections(house: House, { token }: Resident, baseUrl: string): Promise<string> {
  const add = async (body: Record<string, unknown>): Promise<string> =>
    (await house.request('POST', '/api/ai-connections', { token, body })).at('id');
  const scope = 'organization';
  const id = await add({
    name: 'OpenAI — production',
    provider: 'openai',
    baseUrl,
    apiKey: 'sk-test-abcdefghx7Qa',
    defaultModel: 'gpt-4o',
    scope,
    isDefault: true,
  });
  await add({ name: 'Team Lab', baseUrl: 'http://127.0.0.1:9/v1', provider: 'custom', defaultModel: 'llama3.1:8b', scope });
  await add({
    name: 'Budget AI',
    provider: 'openai',
    baseUrl,
    apiKey: 'sk-test-abcdefghc31e',
    defaultModel: 'gpt-4o-mini',
    scope,
    isActive: false,
  });
  await add({ name: 'My own key', baseUrl, apiKey: 'sk-test-abcdefghk9Lm', defaultModel: 'gpt-4o' });
  return id;
}

async function useThem(house: House, { token }: Resident, connectionId: string): Promise<void> {
  const key = (await house.request('POST', '/api/access-keys', { token, body: { name: 'web-prod', rpm: 600, budgetUsd: '50' } })).at(
    'data.key',
  );
  for (let turn = 0; turn < requests; turn += 1) {
    const headers = { 'x-patchbay-connection': connectionId };
    const body = { model: turn % 6 === 5 ? 'gpt-none' : 'gpt-4o', messages: [{ role: 'user', content: `Question ${turn}` }] };
    await house.request('POST', '/v1/chat/completions', { token: key, headers, body });
  }
}

async function talk(house: House, { token }: Resident): Promise<string> {
  const chatId = (await house.request('POST', '/api/chats', { token, body: { title: 'How streaming works' } })).at('data.id');
  for (const content of ['How does streaming work, and what should I look out for?', 'And which of the two is cheaper?'])
    await house.request('POST', `/api/chats/${chatId}/messages`, { token, body: { content } });
  return chatId;
}
