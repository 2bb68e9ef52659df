/** What takes over from a retired model comes by no door of its own: keys, policies and budgets hold for it like for every other target (C-06). */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { plain, refusing, startFakeProvider, type FakeProvider } from '../support/fake-provider.ts';
import { bookedOn, idOf, moneyOf, policyFor } from './together-kit.ts';
import { errorOf, message, openRig, type Rig, type Said } from './rig.ts';

const [retired, successor] = ['deepseek-coder', 'deepseek-chat'];
let rig: Rig;
let fake: FakeProvider;
let connectionId = '';

beforeAll(async () => {
  [rig, fake] = await Promise.all([openRig(), startFakeProvider()]);
  connectionId = (await rig.connect({ name: 'Deep', providerId: 'deepseek', baseUrl: fake.baseUrl, model: retired })).id;
});
afterAll(async () => {
  await rig.close();
  await fake.close();
});
beforeEach(() => {
  fake.received.length = 0;
  rig.deps.health.forget(connectionId);
  const gone = refusing(404, { error: { message: 'The model does not exist', type: 'invalid_request_error', code: 'model_not_found' } });
  fake.answer((turn) => (turn.call.json['model'] === retired ? gone(turn) : plain(turn)));
});

const ask = async (limits: object = {}): Promise<Said> =>
  rig.ask((await rig.issueKey(limits)).text, { model: retired, max_tokens: 10, messages: message() });
const asked = (): unknown[] => fake.received.map(({ json }) => json['model']);

test('the successor answers at the same connection once its provider no longer serves the model, and the answer says so', async () => {
  const said = await ask();
  expect([said.status, asked()]).toEqual([200, [retired, successor]]);
  expect(said.headers['x-patchbay-changed']).toContain('model');
  const rows = await rig.rowsOf(idOf(said));
  expect(rows.map(({ model, isLast, reason }) => [model, isLast, reason])).toEqual([
    [retired, false, 'model_not_found'],
    [successor, true, null],
  ]);
});

test('a key whose list has the retired model alone does not get the successor', async () => {
  const said = await ask({ models: [retired] });
  expect([said.status, errorOf(said).code, asked()]).toEqual([404, 'model_not_found', [retired]]);
});

test('a policy that allows the retired model alone is not passed by its successor', async () => {
  await policyFor(rig, { action: 'block', side: 'both', rules: { models: [retired] } });
  const said = await ask();
  expect([said.status, errorOf(said).code, asked()]).toEqual([404, 'model_not_found', [retired]]);
});

test('a policy that allows both, or only counts, lets the successor answer', async () => {
  await policyFor(rig, { action: 'block', side: 'both', rules: { models: ['deepseek-*'] } });
  await policyFor(rig, { action: 'log', side: 'both', rules: { models: [retired] } });
  expect([(await ask()).status, asked()]).toEqual([200, [retired, successor]]);
});

test('under a budget the successor is set aside and paid, and the refused attempt costs nothing', async () => {
  const key = await rig.issueKey({ budgetUsd: '1' });
  const said = await rig.ask(key.text, { model: retired, max_tokens: 10, messages: message() });
  const subject = { kind: 'access-key', id: key.id } as const;
  const rows = await rig.rowsOf(idOf(said));
  expect(rows.filter(({ model }) => model === retired).every(({ cost }) => (cost ?? 0) === 0)).toBe(true);
  expect(moneyOf(rig, subject) ?? 0).toBe(await bookedOn(rig, subject));
});
