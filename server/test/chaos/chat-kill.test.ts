/** A process that is killed in the middle of an answer leaves what had arrived, marked as interrupted, and a chat that goes on. */
import { rmSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PatchbayClient } from '@patchbay/client';
import {
  holdingBetween,
  plain,
  roleEvent,
  sse,
  chunk,
  startFakeProvider,
  streamEvents,
  type FakeProvider,
} from '../support/fake-provider.ts';
import { freePort, freshDir } from '../support/throwaway.ts';
import { adminToken, control, startInstance, type Instance } from './instance.ts';

let provider: FakeProvider;
let dataDir = '';
let instance: Instance | undefined;

beforeAll(async () => {
  provider = await startFakeProvider();
  dataDir = freshDir('chat-kill');
});
afterAll(async () => {
  await instance?.stop();
  await provider.close();
  rmSync(dataDir, { recursive: true, force: true });
});

test('kill -9 in the middle of an answer: what had arrived is there, interrupted, and the next question is answered', async () => {
  const place = { dataDir, port: await freePort(), databaseUrl: null };
  instance = await startInstance(place);
  const body = {
    name: 'Main',
    provider: 'custom',
    baseUrl: provider.baseUrl,
    model: 'gpt-4o',
    apiKey: 'sk-of-the-tests-1234',
    isDefault: true,
  };
  await control(instance, '/api/configurations', body);
  const client = new PatchbayClient({ baseUrl: instance.url, accessToken: adminToken });
  const { id } = await client.chats.create();
  provider.answer(holdingBetween([roleEvent, sse(chunk({ content: 'As far as it came' }))], streamEvents().slice(1)), plain);
  const events = client.chats.ask(id, { content: 'Tell me everything' });
  for (let event = await events.next(); event.value?.type !== 'text'; event = await events.next());
  // The page has it at once; the database within the period of keeping.
  await expect.poll(async () => (await client.chats.messages(id)).data.at(-1)!.content).toBe('As far as it came');
  await instance.kill();
  await events.next().catch(() => undefined);
  provider.release();
  instance = await startInstance(place);
  const last = async () => (await client.chats.messages(id)).data.at(-1)!;
  expect((await last()).content).toBe('As far as it came');
  await expect.poll(async () => (await last()).state, { interval: 500 }).toBe('interrupted');
  for await (const event of client.chats.ask(id, { content: 'Go on' }))
    if (event.type === 'ended') expect(event.answer.state).toBe('complete');
  expect(provider.received.at(-1)!.json['messages']).toMatchObject([
    { content: 'Tell me everything' },
    { content: 'As far as it came' },
    { content: 'Go on' },
  ]);
});
