/** Counts that no answer has: whatever a request multiplies its answers by, a budget holds and no window forgets how to count. */
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { boundOf, outputAskedOf } from '../../src/gateway/bound.ts';
import type { Order } from '../../src/gateway/order.ts';
import type { Target } from '../../src/gateway/plan.ts';
import { readRequest } from '../../src/gateway/request.ts';
import { startFakeProvider, type FakeProvider } from '../support/fake-provider.ts';
import { errorOf, message, openRig, post, type Rig, type Said } from './rig.ts';
import { limitFor, moneyOf, wires, type Wire } from './together-kit.ts';

let rig: Rig;
let fake: FakeProvider;

/** One connection for each language that a request may be put into. */
const lines = [
  { name: 'openai line', providerId: 'openai', model: 'gpt-4o' },
  { name: 'gemini line', providerId: 'gemini', model: 'gemini-2.5-flash' },
  { name: 'anthropic line', providerId: 'anthropic', model: 'claude-sonnet-4-5' },
] as const;

beforeAll(async () => {
  [rig, fake] = await Promise.all([openRig(), startFakeProvider()]);
  for (const { name, providerId, model } of lines) await rig.connect({ name, providerId, model, baseUrl: fake.origin });
});
afterAll(async () => {
  await rig.close();
  await fake.close();
});
beforeEach(() => {
  fake.received.length = 0;
});

/** As a caller writes it: `1e309` is no number that could be handed on in a value. */
const bodyWith = (wire: Wire, model: string, members: Record<string, string>): string => {
  const body = JSON.stringify({ ...wire.body(model, 'Good day'), ...(wire.name === 'messages' && { max_tokens: 64_000 }) });
  const more = Object.entries(members).map(([name, json]) => `,${JSON.stringify(name)}:${json}`);
  return `${body.slice(0, -1)}${more.join('')}}`;
};

const askWith = (key: string, wire: Wire, body: string): Promise<Said> =>
  post(`${rig.url}${wire.path}`, body, { authorization: `Bearer ${key}`, ...wire.headers });

const counting = wires.filter(({ name }) => name === 'chat completions' || name === 'completions');

describe.each(lines)('under a budget of a cent, at the $name', ({ name, model }) => {
  test.each(
    counting.flatMap((wire) => ['1e15', '9007199254740991', '1e308', '1e309', '-1', '1.5'].map((n) => [wire.name, n, wire] as const)),
  )('%s with n = %s is refused, and nothing of it leaves or stays set aside', async (_wire, n, wire) => {
    const key = await rig.issueKey({ budgetUsd: '0.01' });
    const answers = await Promise.all([1, 2, 3].map(() => askWith(key.text, wire, bodyWith(wire, `${name}/${model}`, { n }))));
    for (const { status, text } of answers) expect([400, 402], text).toContain(status);
    expect(fake.received).toEqual([]);
    expect(moneyOf(rig, { kind: 'access-key', id: key.id }) ?? 0).toBe(0);
  });
});

test.each(['1e308', '1e309', '0.5'])('a number of answers that is no count is a 400 of every wire that names it: %s', async (n) => {
  const key = await rig.issueKey();
  for (const wire of wires) {
    const said = await askWith(key.text, wire, bodyWith(wire, 'openai line/gpt-4o', { n }));
    expect(said.status, wire.name).toBe(400);
    expect(said.text, wire.name).toContain('n must be a whole number.');
  }
  const completions = wires.find(({ name }) => name === 'completions')!;
  expect((await askWith(key.text, completions, bodyWith(completions, 'openai line/gpt-4o', { best_of: n }))).status).toBe(400);
  expect(fake.received).toEqual([]);
});

test('what a connection asks for on its own is no more than a budget can hold either', async () => {
  const own = await rig.connect({ name: 'greedy', baseUrl: fake.baseUrl, settings: { parameters: { n: 1e308 } } });
  const key = await rig.issueKey({ budgetUsd: '1000' });
  const said = await rig.ask(key.text, { model: 'gpt-4o', messages: message(), max_tokens: 64 }, { 'x-patchbay-connection': own.id });
  expect([said.status, errorOf(said).code]).toEqual([402, 'budget_exceeded']);
  expect(fake.received).toEqual([]);
});

test('a window that only counts stays a number, and is empty again after what was asked', async () => {
  const subject = { kind: 'user', id: rig.caller.actor.userId } as const;
  await limitFor(rig, subject, { kind: 'tokens', value: 1, isShadow: true });
  const provider = await startFakeProvider();
  onTestFinished(() => provider.close());
  const line = await rig.connect({ name: 'counted', baseUrl: provider.baseUrl });
  const key = await rig.issueKey();
  const body = { model: 'gpt-4o', messages: message(), n: 1e15, max_tokens: Number.MAX_SAFE_INTEGER };
  for (let count = 0; count < 3; count++) expect((await rig.ask(key.text, body, { 'x-patchbay-connection': line.id })).status).toBe(200);
  // Eighteen tokens each, as the provider says.
  expect(rig.deps.limits.usedOf(subject, 'tokens', null, 0)).toBe(3 * 18);
});

describe('the bound of an answer', () => {
  const target = { model: 'gpt-4o', settings: {} } as unknown as Target;
  const orderOf = (body: string): Order => ({ request: readRequest(Buffer.from(body)) }) as unknown as Order;

  test.each([
    ['1e15', 64_000, Number.MAX_SAFE_INTEGER],
    ['9007199254740991', 1, Number.MAX_SAFE_INTEGER],
    ['9007199254740991', 0, 0],
    ['8', 64_000, 512_000],
    // Some servers read a count in quotes as a count.
    ['"8"', 64_000, 512_000],
    ['"1e309"', 64_000, Number.MAX_SAFE_INTEGER],
    ['"eight"', 64_000, 64_000],
    ['null', 64_000, 64_000],
  ])('of n = %s and %s tokens is %s', (n, limit, expected) => {
    const bound = boundOf(orderOf(`{"messages":[],"n":${n},"max_tokens":${limit}}`), target)!;
    expect(bound.outputTokens).toBe(expected);
    expect(bound.outputTokensMax).toBe(limit);
  });

  test.each(['1e15', '"1e309"', '9007199254740991'])('in a window is finite, and larger than any limit: n = %s', (n) => {
    const { request } = orderOf(`{"messages":[],"n":${n}}`);
    for (const window of [null, 1_000_000_000]) {
      const { tokens } = outputAskedOf(request, 'gpt-4o', null, window);
      expect(Number.isSafeInteger(tokens)).toBe(true);
      expect(tokens).toBeGreaterThan(1_000_000_000);
    }
  });
});

test('of two limits with different names the longer one counts in a window, whichever the provider obeys', async () => {
  const { text } = await rig.issueKey({ tpm: 2_000 });
  const asked = { model: 'openai line/gpt-4o', messages: message('hi'), max_completion_tokens: 1, max_tokens: 5_000 };
  const said = await rig.ask(text, asked);
  expect([said.status, errorOf(said).code]).toEqual([429, 'rate_limit_exceeded']);
  expect(fake.received).toEqual([]);
});
