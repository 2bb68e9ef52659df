/** A retired model over /v1: its successor answers only once the provider has let the old one go, and the answer says so (C-06). */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { openRig, type Rig, type Said } from '../gateway/rig.ts';
import {
  chunk,
  holdingBetween,
  plain,
  refusing,
  roleEvent,
  sse,
  startFakeProvider,
  usage,
  whole,
  wholeBody,
  type FakeProvider,
} from '../support/fake-provider.ts';
import { movingClock } from '../support/moving-clock.ts';

const clock = movingClock();
let rig: Rig;
let fake: FakeProvider;
let key = '';

beforeAll(async () => {
  [rig, fake] = await Promise.all([openRig({ clock }), startFakeProvider()]);
  key = (await rig.issueKey()).text;
  // Google's OpenAI-compatible address, its own wire, and a provider that never retired a model of this name.
  await rig.connect({ name: 'Google', providerId: 'gemini', baseUrl: `${fake.origin}/v1beta/openai`, secret: 'AIza-0123456789abcdef' });
  await rig.connect({ name: 'Native', providerId: 'gemini', baseUrl: `${fake.origin}/v1beta`, secret: 'AIza-0123456789abcdef' });
  await rig.connect({ name: 'Other', providerId: 'custom', baseUrl: fake.baseUrl });
});
afterAll(async () => {
  await rig.close();
  await fake.close();
});
beforeEach(() => {
  fake.received.length = 0;
});

const gone = refusing(404, { error: { message: 'models/gemini-pro is not found for API version v1beta', code: 'model_not_found' } });
const ask = (model: string, more: Record<string, unknown> = {}): Promise<Said> =>
  rig.ask(key, { model, messages: [{ role: 'user', content: 'hi' }], ...more });
const modelsAsked = (): unknown[] => fake.received.map((call) => call.json['model']);
const changesOf = (said: Said): string => String(said.headers['x-patchbay-changed'] ?? '');

test('a retired model that is still served is asked for by its own name alone, and nothing is changed', async () => {
  fake.answer(plain);
  const said = await ask('Google/gemini-pro');
  expect([said.status, modelsAsked(), changesOf(said)]).toEqual([200, ['gemini-pro'], '']);
});

test('one that is gone is answered by its successor after one more attempt; model, header and books say which', async () => {
  fake.answer(gone, whole(wholeBody('Hello.', { model: 'gemini-2.5-flash' })));
  const said = await ask('Google/gemini-pro');
  expect([said.status, modelsAsked()]).toEqual([200, ['gemini-pro', 'gemini-2.5-flash']]);
  expect(JSON.parse(said.text)).toMatchObject({ model: 'gemini-2.5-flash', usage });
  expect(changesOf(said)).toContain('model');
  const rows = await rig.rowsOf(String(said.headers['x-request-id']));
  expect(rows.map(({ attemptNo, model, reason, isLast }) => [attemptNo, model, reason, isLast])).toEqual([
    [1, 'gemini-pro', 'model_not_found', false],
    [2, 'gemini-2.5-flash', null, true],
  ]);
  expect(JSON.parse(rows[1]!.changed!)).toEqual([{ parameter: 'model', what: 'approximated', to: 'gemini-2.5-flash' }]);
  expect(rows[0]!.changed).toBeNull();
});

test('a stream says it too, before its first event', async () => {
  fake.answer(gone, plain);
  const said = await ask('Google/gemini-pro', { stream: true });
  expect([said.status, modelsAsked()]).toEqual([200, ['gemini-pro', 'gemini-2.5-flash']]);
  expect(changesOf(said)).toContain('model');
  expect(said.text.endsWith('data: [DONE]\n\n')).toBe(true);
});

test("in the vendor's own wire the successor stands in the path", async () => {
  const answer = { candidates: [{ content: { parts: [{ text: 'Hello.' }] }, finishReason: 'STOP' }], modelVersion: 'gemini-2.5-flash' };
  fake.answer(
    refusing(404, { error: { code: 404, status: 'NOT_FOUND', message: 'models/gemini-pro is not found for API version v1beta' } }),
    whole(JSON.stringify(answer)),
  );
  const said = await ask('Native/gemini-pro');
  expect(fake.received.map(({ path }) => path)).toEqual([
    '/v1beta/models/gemini-pro:generateContent',
    '/v1beta/models/gemini-2.5-flash:generateContent',
  ]);
  expect(JSON.parse(said.text)).toMatchObject({ model: 'gemini-2.5-flash' });
});

test('a successor that is gone as well ends it: two attempts, and the failure of the last', async () => {
  fake.answer(gone);
  const said = await ask('Google/gemini-pro');
  expect([said.status, modelsAsked()]).toEqual([404, ['gemini-pro', 'gemini-2.5-flash']]);
});

test.each([
  ['names only the old one', ['gemini-pro', 'Google/gemini-pro'], ['gemini-pro']],
  ['names both', ['Google/gemini-pro', 'gemini-2.5-flash'], ['gemini-pro', 'gemini-2.5-flash']],
  ['names the connection', ['Google/*'], ['gemini-pro', 'gemini-2.5-flash']],
])('a key whose list %s is given no model that is not on it', async (_, models, asked) => {
  const { text } = await rig.issueKey({ models });
  fake.answer(gone, plain);
  await rig.ask(text, { model: 'Google/gemini-pro', messages: [{ role: 'user', content: 'hi' }] });
  expect(modelsAsked()).toEqual(asked);
});

test('a successor that falls silent is in the books as the one that spoke', async () => {
  fake.answer(gone, holdingBetween([roleEvent, sse(chunk({ content: 'Once' }))], []));
  const asking = rig.listen(key, { model: 'Google/gemini-pro', messages: [{ role: 'user', content: 'hi' }], stream: true });
  await asking.heard('Once');
  clock.move(rig.deps.timeouts.idleMs);
  const said = await asking.said;
  const rows = await rig.rowsOf(String(said.headers['x-request-id']));
  expect(rows.map(({ model, state }) => [model, state])).toEqual([
    ['gemini-pro', 'settled'],
    ['gemini-2.5-flash', 'partial'],
  ]);
  expect(rows[1]!.changed).toContain('approximated');
});

test.each([
  ['another failure than an unknown model', 'Google/gemini-pro', refusing(400, { error: { message: 'no' } })],
  ['a model that nobody retired', 'Google/gemini-typo', gone],
  ['a provider that never had the retired model', 'Other/gemini-pro', gone],
])('%s calls no successor', async (_, model, answer) => {
  fake.answer(answer);
  expect((await ask(model)).status).toBeGreaterThanOrEqual(400);
  expect(modelsAsked()).toEqual([model.split('/')[1]]);
});
