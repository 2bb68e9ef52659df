/** Limits and budgets where things come late or cannot be seen beforehand: long requests, budgets set afterwards, pictures behind addresses. */
import { expect, onTestFinished, test } from 'vitest';
import { promptTokensMax } from '../../src/domain/prompt-bound.ts';
import { changeAccessKey } from '../../src/control/access-keys.ts';
import { freshDir } from '../support/throwaway.ts';
import { refusing, startFakeProvider, whole, wholeBody } from '../support/fake-provider.ts';
import { benchOf, keyWith } from './limits-bench.ts';
import { errorOf, message, openRig, type Rig } from './rig.ts';

for (const [estimate, real] of [
  [5_000, 100],
  [10, 5_000],
] as const) {
  test(`a request that outlasts the window leaves nothing behind in it (${estimate} estimated, ${real} used)`, () => {
    const bench = benchOf();
    const key = keyWith({ tpm: 10_000 });
    const used = (): number | undefined => bench.limits.usedOf({ kind: 'access-key', id: key.id }, 'tokens', null, 0);
    for (let requests = 0; requests < 5; requests++) {
      const ticket = bench.take(key, estimate);
      bench.now.ms += 61_000;
      ticket.correct(real);
    }
    bench.now.ms += 61_000;
    expect(used()).toBe(0);
    bench.take(key, 9_000);
    expect(used()).toBe(9_000);
  });
}

test('what a request used replaces its estimate while it is in the window', () => {
  const bench = benchOf();
  const key = keyWith({ tpm: 10_000 });
  const used = (): number | undefined => bench.limits.usedOf({ kind: 'access-key', id: key.id }, 'tokens', null, 0);
  const ticket = bench.take(key, 5_000);
  bench.now.ms += 59_000;
  ticket.correct(100);
  expect(used()).toBe(100);
  bench.now.ms += 1_000;
  expect(used()).toBe(0);
});

const million = whole(wholeBody('x', { usage: { prompt_tokens: 1_000_000, completion_tokens: 0, total_tokens: 1_000_000 } }));
const asked = { model: 'gpt-4o', messages: message(), max_tokens: 10 };

async function spender(dataDir?: string): Promise<Rig> {
  const provider = await startFakeProvider();
  onTestFinished(() => provider.close());
  provider.answer(million);
  const rig = await openRig(dataDir === undefined ? {} : { dataDir });
  await rig.connect({ name: `provider ${provider.origin}`, baseUrl: provider.baseUrl });
  return rig;
}

test('a budget that is set later counts what its key spent before', async () => {
  const rig = await spender();
  onTestFinished(() => rig.close());
  const key = await rig.issueKey();
  expect((await rig.ask(key.text, asked)).status).toBe(200);
  await changeAccessKey(rig.deps, rig.caller, key.id, { budgetUsd: '1' });
  const said = await rig.ask(key.text, asked);
  expect(said.status).toBe(402);
  expect(errorOf(said).code).toBe('budget_exceeded');
  await changeAccessKey(rig.deps, rig.caller, key.id, { budgetUsd: '3' });
  expect((await rig.ask(key.text, asked)).status).toBe(200);
});

test('a budget that is set after a restart counts what its key spent in an earlier run', async () => {
  const dataDir = freshDir('budget-later');
  const first = await spender(dataDir);
  const key = await first.issueKey();
  expect((await first.ask(key.text, asked)).status).toBe(200);
  await first.close();
  const second = await spender(dataDir);
  onTestFinished(() => second.close());
  await changeAccessKey(second.deps, second.caller, key.id, { budgetUsd: '1' });
  expect((await second.ask(key.text, asked)).status).toBe(402);
});

test('a picture behind an address is reserved at its dearest, so that a budget covers it before it is sent', async () => {
  const rig = await spender();
  onTestFinished(() => rig.close());
  const key = await rig.issueKey({ budgetUsd: '0.001' });
  const content = [{ type: 'image_url', image_url: { url: 'https://example.org/a.png', detail: 'high' } }];
  const said = await rig.ask(key.text, { ...asked, model: 'gpt-4o', messages: [{ role: 'user', content }] });
  expect(said.status).toBe(402);
});

test('answers that the connection asks for on its own are reserved too', async () => {
  const rig = await spender();
  onTestFinished(() => rig.close());
  await rig.change([...rig.deps.keeper.snapshot.connections.keys()][0]!, { settings: { maxTokens: 100, parameters: { n: 50 } } });
  // Fifty answers of a hundred tokens cost five cents at most.
  const poor = await rig.issueKey({ budgetUsd: '0.04' });
  expect((await rig.ask(poor.text, { model: 'gpt-4o', messages: message() })).status).toBe(402);
  const rich = await rig.issueKey({ budgetUsd: '0.06' });
  expect((await rig.ask(rich.text, { model: 'gpt-4o', messages: message() })).status).toBe(200);
});

test('a connection that asks for answers without end is held to the cap all the same', async () => {
  const provider = await startFakeProvider();
  onTestFinished(() => provider.close());
  const rig = await openRig();
  onTestFinished(() => rig.close());
  await rig.connect({ name: 'endless', baseUrl: provider.baseUrl, settings: { parameters: { max_completion_tokens: -1 } } });
  const key = await rig.issueKey({ budgetUsd: '5' });
  expect((await rig.ask(key.text, { model: 'gpt-4o', messages: message() })).status).toBe(200);
  expect(provider.received.at(-1)?.json).toMatchObject({ max_completion_tokens: 16_384 });
  expect((await rig.ask(key.text, { model: 'gpt-4o', messages: message(), max_tokens: 10, max_completion_tokens: 7 })).status).toBe(200);
  expect(provider.received.at(-1)?.json).toMatchObject({ max_tokens: 7, max_completion_tokens: 7 });
});

test('a budget passes over the connection without a price and goes on to the next one that has one', async () => {
  const [failing, unpriced, good] = await Promise.all([startFakeProvider(), startFakeProvider(), startFakeProvider()]);
  onTestFinished(() => void Promise.all([failing, unpriced, good].map((fake) => fake.close())));
  failing.answer(refusing(401));
  const rig = await openRig();
  onTestFinished(() => rig.close());
  await rig.connect({ name: 'failing', baseUrl: failing.baseUrl });
  const without = await rig.connect({ name: 'without a price', providerId: 'custom', baseUrl: unpriced.baseUrl });
  await rig.connect({ name: 'good', baseUrl: good.baseUrl });
  const key = await rig.issueKey({ budgetUsd: '5' });
  expect((await rig.ask(key.text, asked)).status).toBe(200);
  expect(unpriced.received).toEqual([]);
  expect(good.received).toHaveLength(1);
  const pinned = await rig.ask(key.text, asked, { 'x-patchbay-connection': without.id });
  expect([pinned.status, errorOf(pinned).code]).toEqual([402, 'price_unknown']);
});

test('the bound of a prompt: bytes for text, fifty thousand for a picture, the window for what has no size', () => {
  const messages = (...types: string[]): never => [{ role: 'user', content: types.map((type) => ({ type })) }] as never;
  expect(promptTokensMax(100, { messages: message() }, 128_000)).toBe(100);
  expect(promptTokensMax(100, { messages: messages('text', 'refusal', 'thinking') }, 128_000)).toBe(100);
  expect(promptTokensMax(100, { messages: messages('text', 'image_url') }, 128_000)).toBe(50_100);
  expect(promptTokensMax(100, { messages: messages('image_url', 'image_url', 'image_url') }, 128_000)).toBe(128_100);
  expect(promptTokensMax(100, { messages: messages('file') }, 128_000)).toBe(128_100);
  expect(promptTokensMax(100, { messages: messages('file') }, null)).toBe(1_050_100);
  expect(promptTokensMax(100, { messages: 'text' }, null)).toBe(100);
  expect(promptTokensMax(100, { messages: [null, 1, { content: [null, 2] }] as never }, 10)).toBe(110);
});

test('a dearer tier is reserved at its own price, and one without a price is not sent', async () => {
  const rig = await spender();
  onTestFinished(() => rig.close());
  const ask = async (budgetUsd: string, tier?: string, more: Record<string, unknown> = {}): Promise<number> => {
    const key = await rig.issueKey({ budgetUsd });
    const body = { model: 'gpt-4o', messages: message(), max_tokens: 1_000, ...(tier !== undefined && { service_tier: tier }), ...more };
    return (await rig.ask(key.text, body)).status;
  };
  // A thousand tokens of output cost 0.010 dollars as usual, 0.017 with priority, and a half in the cheap tier, which may be the usual one after all.
  expect(await ask('0.014')).toBe(200);
  expect(await ask('0.014', 'auto')).toBe(200);
  expect(await ask('0.014', 'priority')).toBe(402);
  expect(await ask('0.02', 'priority')).toBe(200);
  expect(await ask('0.008', 'flex')).toBe(402);
  expect(await ask('5', 'scale')).toBe(402);
  // What a provider charges more for by other words is not in the price book either.
  expect(await ask('5', undefined, { speed: 'fast' })).toBe(402);
  expect(await ask('5', undefined, { inference_geo: 'us' })).toBe(402);
});
