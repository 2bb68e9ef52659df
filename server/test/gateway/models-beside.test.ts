/** Models that a request names beside `model`, for its provider to fall back on: lists, policies and budgets hold for them like for the first. */
import { beforeAll, expect, test } from 'vitest';
import { whole, wholeBody } from '../support/fake-provider.ts';
import { fake, policy, policyScene, rig } from './policy-kit.ts';
import { errorOf, message, type Said } from './rig.ts';
import { moneyOf } from './together-kit.ts';

policyScene();

const [cheap, dear] = ['openai/gpt-4o-mini', 'anthropic/claude-opus-4'] as const;
beforeAll(async () => {
  await rig.connect({ name: 'Broker', providerId: 'openrouter', baseUrl: fake.baseUrl, model: cheap });
});
const ask = (key: string, more: object = {}): Promise<Said> =>
  rig.ask(key, { model: `Broker/${cheap}`, messages: message('hi'), max_tokens: 1_000, ...more });

test.each(['models', 'fallbacks'])('403 a model in %s that the key does not name', async (field) => {
  const { text } = await rig.issueKey({ models: [`Broker/${cheap}`] });
  for (const named of [[dear], [cheap, { model: dear }], [{ [cheap]: [dear] }], dear]) {
    const refused = await ask(text, { [field]: named });
    expect([refused.status, errorOf(refused).code]).toEqual([403, 'model_not_allowed']);
  }
  expect(fake.received).toHaveLength(0);
  expect((await ask(text, { [field]: [cheap] })).status).toBe(200);
  for (const model of ['Broker/*', 'openrouter/*']) {
    const { text: both } = await rig.issueKey({ models: [model, `Broker/${cheap}`] });
    expect((await ask(both, { [field]: [cheap, { model: dear }] })).status, model).toBe(200);
  }
});

test('403 a model beside the first that a policy does not allow', async () => {
  await policy({ action: 'block', rules: { models: ['openai/*'] } });
  const { text } = await rig.issueKey();
  const refused = await ask(text, { models: [cheap, dear] });
  expect([refused.status, errorOf(refused).code]).toEqual([403, 'policy_violation']);
  expect(fake.received).toHaveLength(0);
  expect((await ask(text, { models: [cheap] })).status).toBe(200);
});

test('what is set aside is enough for the dearest of them, and one without a price is not asked under a budget', async () => {
  // A thousand tokens of the dear one's answer cost 7.5 cents, of the other one's 0.06.
  const { text } = await rig.issueKey({ budgetUsd: '0.05' });
  expect((await ask(text)).status).toBe(200);
  fake.received.length = 0;
  const refused = await ask(text, { models: [dear] });
  expect([refused.status, errorOf(refused).code]).toEqual([402, 'budget_exceeded']);
  const unknown = await ask(text, { models: ['nobody/has-a-price'] });
  expect([unknown.status, errorOf(unknown).code]).toEqual([402, 'price_unknown']);
  expect(fake.received).toHaveLength(0);
});

test('the answer costs what the model that gave it costs', async () => {
  const { id, text } = await rig.issueKey({ budgetUsd: '1' });
  const body = JSON.parse(wholeBody('Hello')) as Record<string, unknown>;
  fake.answer(
    whole(JSON.stringify({ ...body, model: dear, usage: { prompt_tokens: 100, completion_tokens: 1_000, total_tokens: 1_100 } })),
  );
  const said = await ask(text, { models: [dear] });
  const [row] = await rig.rowsOf(String(said.headers['x-request-id']));
  expect(row).toMatchObject({ modelReported: dear, cost: 76_500_000 });
  expect(moneyOf(rig, { kind: 'access-key', id })).toBe(76_500_000);
});
