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
  /** A use case that answers, with a fallback. */
  useCaseId: string;
  policyId: string;
  /** A request that took two attempts. */
  requestId: string;
  /** Token of a link to the status page of the organization. */
  sharedStatus: string;
  /** Of the administrator's workspace, with two connections and a key. */
  repositoryId: string;
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
  const sharedStatus = await watch(house, administrator);
  provider.answer(plain);
  await useThem(house, administrator, connectionId);
  await setPrices(house, administrator);
  provider.answer(streaming(streamEvents([answer])));
  const chatId = await talk(house, administrator);
  const repositoryId = await bundle(house, administrator);
  await shareOut(house, administrator);
  const policyId = await rule(house, administrator, repositoryId);
  const useCaseId = await giveRoles(house, administrator, connectionId);
  provider.answer(refusing(503), plain);
  const requestId = await ask(house, administrator);
  provider.answer(plain);
  return { ...pages, requestId, administrator, connectionId, chatId, repositoryId, useCaseId, policyId, sharedStatus };
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

/** One connection was checked well, one twice in vain; the organization's are shared by a link. */
async function watch(house: House, { token }: Resident): Promise<string> {
  const listed = [...(await house.request('GET', '/api/ai-connections', { token })).body] as unknown as { id: string; name: string }[];
  const idOf = (name: string): string => listed.find((one) => one.name === name)!.id;
  for (const id of [idOf('OpenAI — production'), idOf('Team Lab'), idOf('Team Lab')])
    await house.request('POST', `/api/status/${id}/check`, { token });
  return (await house.request('POST', '/api/status-shares', { token, body: { name: 'Wall' } })).at('data.token');
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

/** A price by contract, one of the past, and a starting point of the house's own. */
async function setPrices(house: House, { token }: Resident): Promise<void> {
  const tiers = [
    { input: '2.10', output: '8.40', cacheRead: '1.05' },
    { fromTokensIn: 128_001, input: '4.20', output: '16.80' },
  ];
  const add = async (body: Record<string, unknown>): Promise<string> =>
    (await house.request('POST', '/api/admin/prices', { token, body: { provider: 'openai', ...body } })).at('data.id');
  const old = await add({
    model: 'gpt-4o',
    tiers: [{ input: '2.50', output: '10' }],
    note: 'List price',
    validFrom: '2026-01-01T00:00:00Z',
  });
  await house.request('POST', `/api/admin/prices/${old}/end`, { token, body: {} });
  await add({ model: 'gpt-4o', tiers, note: 'Contract 2026-114' });
  const configuration = { model: 'gpt-4o-mini', temperature: 0.2, maxTokens: 800 };
  const body = { provider: 'openai', name: 'Support answers', description: 'Short and factual.', configuration, isDefault: true };
  await house.request('POST', '/api/admin/templates', { token, body });
}

/** One request whose first attempt failed; its id. */
async function ask(house: House, { token }: Resident): Promise<string> {
  const key = (await house.request('POST', '/api/access-keys', { token, body: { name: 'nightly-report' } })).at('data.key');
  const body = { model: 'gpt-4o', messages: [{ role: 'user', content: 'What happened today?' }] };
  return (await house.request('POST', '/v1/chat/completions', { token: key, body })).headers.get('x-request-id')!;
}

async function talk(house: House, { token }: Resident): Promise<string> {
  const chatId = (await house.request('POST', '/api/chats', { token, body: { title: 'How streaming works' } })).at('data.id');
  for (const content of ['How does streaming work, and what should I look out for?', 'And which of the two is cheaper?'])
    await house.request('POST', `/api/chats/${chatId}/messages`, { token, body: { content } });
  return chatId;
}

/** A repository with what the organization has, switched off or not. */
async function bundle(house: House, { token }: Resident): Promise<string> {
  const workspaceId = (await house.request('GET', '/workspace', { token })).at('workspaces.0.id');
  const usable = [...(await house.request('GET', '/api/ai-connections', { token })).body] as unknown as { id: string; scope: string }[];
  const connectionIds = usable.filter(({ scope }) => scope === 'organization').map(({ id }) => id);
  const body = { workspaceId, name: 'Support Bot', connectionIds: connectionIds.slice(1) };
  const repositoryId = (await house.request('POST', '/api/repositories', { token, body })).at('data.id');
  await house.request('POST', '/api/access-keys', { token, body: { name: 'support-prod', repositoryId } });
  return repositoryId;
}

/** Policies of each level, and one of them has found something. */
async function rule(house: House, { token }: Resident, repositoryId: string): Promise<string> {
  const workspaceId = (await house.request('GET', '/workspace', { token })).at('workspaces.0.id');
  const add = async (body: Record<string, unknown>): Promise<string> =>
    (await house.request('POST', '/api/policies', { token, body })).at('data.id');
  const policyId = await add({
    name: 'Personal data stays here',
    content: 'Nobody sends personal data of customers to a provider.',
    action: 'redact',
    risk: 'HIGH',
    rules: { personalData: ['nik', 'npwp', 'card', 'email'], keywords: ['customer list'] },
  });
  await add({
    name: 'No keys in prompts',
    action: 'block',
    risk: 'HIGH',
    side: 'prompt',
    workspaceId,
    rules: { personalData: ['secret'] },
  });
  await add({ name: 'Answers name no rivals', action: 'alert', side: 'answer', repositoryId, rules: { keywords: ['Acme'] } });
  const key = (await house.request('POST', '/api/access-keys', { token, body: { name: 'crm-sync', workspaceId } })).at('data.key');
  const content = 'Write to ann@example.com about 3174051209900001.';
  await house.request('POST', '/v1/chat/completions', { token: key, body: { model: 'gpt-4o', messages: [{ role: 'user', content }] } });
  return policyId;
}

/** Routing groups: one of everybody's that deals by weight, and one of the person's own that nobody answers. */
async function shareOut(house: House, { token }: Resident): Promise<void> {
  const usable = [...(await house.request('GET', '/api/ai-connections', { token })).body] as unknown as {
    id: string;
    scope: string;
    isActive: boolean;
  }[];
  const shared = usable.filter(({ scope, isActive }) => scope === 'organization' && isActive).slice(0, 3);
  const add = (body: Record<string, unknown>) => house.request('POST', '/api/routing-groups', { token, body });
  await add({
    name: 'chat-default',
    scope: 'organization',
    strategy: 'weighted',
    options: { hedgeMaxUsd: '0.05' },
    targets: shared.map(({ id }, at) => ({
      connectionId: id,
      model: `model-${at + 1}`,
      weight: at === 0 ? 70 : 15,
      region: at === 0 ? 'eu' : null,
    })),
  });
  await add({ name: 'nightly-batch', strategy: 'cheapest', targets: [{ connectionId: shared[0]?.id, model: 'small', isEnabled: false }] });
}

/** Use cases in every state: one that answers, one for administrators alone, one whose model is switched off. */
async function giveRoles(house: House, { token }: Resident, connectionId: string): Promise<string> {
  const listed = [...(await house.request('GET', '/api/ai-connections', { token })).body] as unknown as { id: string; name: string }[];
  const idOf = (name: string): string => listed.find((one) => one.name === name)!.id;
  const add = async (body: Record<string, unknown>): Promise<string> =>
    (await house.request('POST', '/api/use-cases', { token, body: { systemPrompt: 'Answer politely and briefly.', ...body } })).at(
      'data.id',
    );
  const id = await add({
    name: 'Customer Support',
    description: 'Answers questions about orders and returns.',
    connectionId,
    baseKnowledge: 'Returns are free for 30 days. Orders before 14:00 leave the same day.',
    fallbackConnectionIds: [idOf('Team Lab')],
    temperature: 0.2,
    injectContext: { time: true },
    allRoles: true,
    priority: 10,
  });
  await add({ name: 'Test', connectionId: idOf('Team Lab'), allowedRoles: ['administrator'] });
  const budget = idOf('Budget AI');
  const switchTo = (isActive: boolean) => house.request('PATCH', `/api/ai-connections/${budget}`, { token, body: { isActive } });
  await switchTo(true);
  await add({ name: 'General questions', connectionId: budget, allowedRoles: ['manager', 'user'], temperature: 1 });
  await switchTo(false);
  return id;
}
