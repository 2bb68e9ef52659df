/** Budgets hold for what a request makes its provider read besides its bytes: it is set aside before anything is sent. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startFakeProvider, type FakeProvider } from '../support/fake-provider.ts';
import { errorOf, message, openRig, post, type Rig, type Said } from './rig.ts';

let rig: Rig;
let fake: FakeProvider;
beforeAll(async () => {
  [rig, fake] = await Promise.all([openRig(), startFakeProvider()]);
  await rig.connect({ name: 'Line', baseUrl: fake.baseUrl, settings: { wire: 'chat' } });
  await rig.connect({ name: 'Own', baseUrl: fake.baseUrl });
});
afterAll(async () => {
  await rig.close();
  await fake.close();
});
beforeEach(() => {
  fake.received.length = 0;
});

const question = { model: 'Line/gpt-4o', messages: message(), max_tokens: 100 };
const described = [{ type: 'function', function: { name: 'look_up', description: 'Looks it up.', parameters: { type: 'object' } } }];

async function asks(budgetUsd: string, body: Record<string, unknown>, path = '/v1/chat/completions'): Promise<Said> {
  const key = await rig.issueKey({ budgetUsd });
  return post(`${rig.url}${path}`, JSON.stringify(body), { authorization: `Bearer ${key.text}` });
}

// gpt-4o reads 128,000 tokens for 32 cents.
describe('what a vendor looks up', () => {
  test.each<[string, Record<string, unknown>]>([
    ['a search among the tools', { tools: [...described, { type: 'web_search' }] }],
    ['a search by options', { web_search_options: {} }],
    ['a search by a plugin', { plugins: [{ id: 'web' }] }],
  ])('is covered by the whole window of the model, or the request does not leave: %s', async (_name, more) => {
    const poor = await asks('0.1', { ...question, ...more });
    expect([poor.status, errorOf(poor).code]).toEqual([402, 'budget_exceeded']);
    expect(fake.received).toEqual([]);
    expect((await asks('0.4', { ...question, ...more })).status).toBe(200);
    expect(fake.received).toHaveLength(1);
  });

  test('is covered where the connection asks for it', async () => {
    const line = await rig.connect({ name: 'Looking', baseUrl: fake.baseUrl, settings: { parameters: { web_search_options: {} } } });
    expect((await asks('0.1', { ...question, model: `${line.name}/gpt-4o` })).status).toBe(402);
    expect((await asks('0.4', { ...question, model: `${line.name}/gpt-4o` })).status).toBe(200);
  });

  test.each<[string, Record<string, unknown>]>([
    ['a search', { input: 'Good day', tools: [{ type: 'web_search' }] }],
    ['a file behind an address', { input: [{ role: 'user', content: [{ type: 'input_file', file_url: 'https://example.org/a.pdf' }] }] }],
    ['an item that is only named', { input: [{ type: 'item_reference', id: 'msg_of_theirs' }] }],
  ])('is covered for who passes a body of the Responses wire on as it came: %s', async (_name, more) => {
    const body = { model: 'Own/gpt-4o', max_output_tokens: 100, store: false, ...more };
    const said = await asks('0.1', body, '/v1/responses');
    expect([said.status, errorOf(said).code]).toEqual([402, 'budget_exceeded']);
    expect(fake.received).toEqual([]);
  });
});

describe('what is in the bytes', () => {
  test('costs no more than its bytes: tools that the caller describes fit into a small budget', async () => {
    expect((await asks('0.01', { ...question, tools: described })).status).toBe(200);
    expect(
      (await asks('0.01', { ...question, tools: described.map(({ function: fn }) => ({ ...fn, description: 'x'.repeat(4_000) })) })).status,
    ).toBe(402);
  });

  test('counts also where the connection adds it', async () => {
    const schema = { type: 'json_schema', json_schema: { name: 'a', schema: { description: 'x'.repeat(4_000) } } };
    const line = await rig.connect({ name: 'Formed', baseUrl: fake.baseUrl, settings: { parameters: { response_format: schema } } });
    expect((await asks('0.01', question)).status).toBe(200);
    expect((await asks('0.01', { ...question, model: `${line.name}/gpt-4o` })).status).toBe(402);
    expect((await asks('0.02', { ...question, model: `${line.name}/gpt-4o` })).status).toBe(200);
  });

  test('and proves a wrong guess is paid for as an answer', async () => {
    const prediction = { type: 'content', content: 'x'.repeat(1_000) };
    expect((await asks('0.01', { ...question, prediction })).status).toBe(402);
    expect((await asks('0.02', { ...question, prediction })).status).toBe(200);
  });
});

test('a connection that asks for several answers is reckoned with also where a text is gone on with by conversation', async () => {
  const line = await rig.connect({
    name: 'Several',
    providerId: 'deepseek',
    model: 'deepseek-chat',
    baseUrl: fake.baseUrl,
    settings: { parameters: { n: 50 } },
  });
  const body = { model: `${line.name}/deepseek-chat`, prompt: 'Good day', max_tokens: 1_000 };
  const said = await asks('0.003', body, '/v1/completions');
  expect([said.status, errorOf(said).code]).toEqual([402, 'budget_exceeded']);
  expect(fake.received).toEqual([]);
});
