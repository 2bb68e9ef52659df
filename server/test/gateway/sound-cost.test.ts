/** Sound costs many times what text costs: it is booked so, and set aside so where a request may be heard or asks for a voice. */
import { beforeAll, expect, test } from 'vitest';
import { startRepricing } from '../../src/control/prices.ts';
import { findTask } from '../../src/storage/tasks.ts';
import { whole, wholeBody } from '../support/fake-provider.ts';
import { fake, policyScene, rig } from './policy-kit.ts';
import { errorOf, message, type Said } from './rig.ts';
import { moneyOf } from './together-kit.ts';

policyScene();
beforeAll(async () => {
  await rig.connect({ name: 'Voice', baseUrl: fake.baseUrl, model: 'gpt-audio', settings: { wire: 'chat' } });
});
const spoken = { modalities: ['text', 'audio'], audio: { voice: 'alloy', format: 'wav' } };
const ask = (key: string, more: object): Promise<Said> =>
  rig.ask(key, { model: 'Voice/gpt-audio', messages: message('hi'), max_tokens: 1_000, ...more });

test('tokens of sound cost what sound costs, in the books and under a budget', async () => {
  const { id, text } = await rig.issueKey({ budgetUsd: '5' });
  const body = JSON.parse(wholeBody('Hello')) as Record<string, unknown>;
  const usage = {
    prompt_tokens: 300,
    completion_tokens: 500,
    total_tokens: 800,
    prompt_tokens_details: { audio_tokens: 200, text_tokens: 100 },
    completion_tokens_details: { audio_tokens: 400, text_tokens: 100 },
  };
  fake.answer(whole(JSON.stringify({ ...body, usage })));
  const said = await ask(text, spoken);
  const [row] = await rig.rowsOf(String(said.headers['x-request-id']));
  // 100 x 2.50 + 200 x 32 + 100 x 10 + 400 x 64 dollars for a million.
  expect(row).toMatchObject({ tokensIn: 300, tokensOut: 500, cost: 33_250_000 });
  expect(moneyOf(rig, { kind: 'access-key', id })).toBe(33_250_000);
});

const openai = (usage: object): object => ({ ...(JSON.parse(wholeBody('Hello')) as object), model: 'gpt-audio', usage });
const inSound = (tokenCount: number): object[] => [{ modality: 'AUDIO', tokenCount }];
const google = (usageMetadata: object): object => ({
  candidates: [{ content: { role: 'model', parts: [{ text: 'Hello' }] }, finishReason: 'STOP' }],
  modelVersion: 'gemini-2.5-flash',
  usageMetadata,
});
test.each<[string, string, string, Record<string, unknown>, object, number]>([
  // 100 x 2.50 + 200 x 32 + 100 x 10 + 400 x 64 dollars for a million.
  [
    'heard and said',
    'openai',
    'gpt-audio',
    { wire: 'chat' },
    openai({
      prompt_tokens: 300,
      completion_tokens: 500,
      total_tokens: 800,
      prompt_tokens_details: { audio_tokens: 200 },
      completion_tokens_details: { audio_tokens: 400 },
    }),
    33_250_000,
  ],
  // 50 x 0.30 + 100 x 1.00 + 50 x 0.03 + 100 x 0.10 + 500 x 2.50.
  [
    'read from a cache',
    'gemini',
    'gemini-2.5-flash',
    {},
    google({
      promptTokenCount: 300,
      candidatesTokenCount: 500,
      cachedContentTokenCount: 150,
      promptTokensDetails: inSound(200),
      cacheTokensDetails: inSound(100),
    }),
    1_376_500,
  ],
])('sound that was %s costs the same when its entry is priced again', async (_name, providerId, model, settings, answer, cost) => {
  const name = `Again ${model}`;
  await rig.connect({ name, providerId, baseUrl: fake.baseUrl, model, settings });
  const { text } = await rig.issueKey();
  fake.answer(whole(JSON.stringify(answer)));
  const said = await rig.ask(text, { model: `${name}/${model}`, messages: message('hi') });
  const requestId = String(said.headers['x-request-id']);
  expect(await rig.rowsOf(requestId)).toMatchObject([{ tokensIn: 300, tokensOut: 500, cost }]);
  const { database } = rig.started.house;
  const sql = 'UPDATE usage_events SET cost_nano_usd = 1 WHERE CAST(request_id AS TEXT) = $1';
  await database.driver.run({ sql, params: [requestId] }, 'write');
  const nowMs = rig.deps.clock.nowMs();
  const range = { fromMs: nowMs - 60_000, toMs: nowMs + 60_000, connectionId: null, isDryRun: false };
  const taskId = await startRepricing(rig.deps, rig.caller, { provider: providerId, model, ...range });
  await expect.poll(async () => (await findTask(database, taskId))?.state).toBe('done');
  expect(await rig.rowsOf(requestId)).toMatchObject([{ cost }]);
});

test('a thousand spoken tokens are set aside as sound, a thousand written ones as text', async () => {
  // A thousand tokens of text cost a cent, of sound 6.4.
  const { text } = await rig.issueKey({ budgetUsd: '0.02' });
  const refused = await ask(text, spoken);
  expect([refused.status, errorOf(refused).code]).toEqual([402, 'budget_exceeded']);
  const hidden = await rig.ask(text, JSON.stringify({ model: 'Voice/gpt-audio', messages: message('hi'), max_tokens: 1_000, ...spoken }).replaceAll('audio"', '\\u0061udio"')); // prettier-ignore
  expect(hidden.status).not.toBe(200);
  expect(fake.received).toHaveLength(0);
  expect((await ask(text, {})).status).toBe(200);
});
