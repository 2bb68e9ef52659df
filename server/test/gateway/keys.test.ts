/** Who may ask, and how much: keys, their lists, rates and budgets through the front door. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createWorkspace } from '../../src/control/workspaces.ts';
import { createToken } from '../../src/control/personal-tokens.ts';
import { systemClock, type Clock } from '../../src/lib/clock.ts';
import { spentByInstance } from '../../src/storage/limit-spent.ts';
import { holding, plain, refusing, startFakeProvider, whole, wholeBody, type FakeProvider } from '../support/fake-provider.ts';
import { errorOf, message, openRig, type Rig } from './rig.ts';
import { secondsOfMinute, until } from '../support/wait.ts';

let rig: Rig;
let fake: FakeProvider;
let mainId = '';
let offsetMs = 0;
/** The real clock, which a test may set forward. */
const clock: Clock = {
  ...systemClock,
  nowMs: () => systemClock.nowMs() + offsetMs,
  monotonicMs: () => systemClock.monotonicMs() + offsetMs,
};

beforeAll(async () => {
  [rig, fake] = await Promise.all([openRig({ clock }), startFakeProvider()]);
  mainId = (await rig.connect({ name: 'Main', baseUrl: fake.baseUrl, isDefault: true })).id;
});
afterAll(async () => {
  await rig.close();
  await fake.close();
});
beforeEach(() => {
  fake.answer(plain);
  fake.received.length = 0;
});

const asked = { model: 'gpt-4o', messages: message(), max_tokens: 20 };

describe('a key', () => {
  test.each([
    ['no key that we made', 'sk-pb-0000000000000000000000000000000000000000'],
    ['a vendor key', 'sk-proj-abcdefghijklmnop'],
    ['nothing', ''],
    ['two words', 'sk-pb-a b'],
    ['a text beyond all length', 'a'.repeat(600)],
  ])('401 %s, and no provider hears of it', async (_name, text) => {
    const said = await rig.ask(text, asked);
    expect(said.status).toBe(401);
    expect(errorOf(said)).toMatchObject({ code: 'invalid_api_key', type: 'authentication_error' });
    expect(fake.received).toEqual([]);
  });

  test.each(['Bearer ', 'bearer ', 'BEARER   '])('200 whichever way the word before it is written: "%s"', async (lead) => {
    const { text } = await rig.issueKey({});
    const response = await fetch(`${rig.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: lead + text, 'content-type': 'application/json' },
      body: JSON.stringify(asked),
    });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ object: 'chat.completion' });
  });

  test('401 a personal token, with a word on what to use instead (C-37)', async () => {
    const { text } = await createToken(rig.deps, rig.caller, { name: 't', expiresAtMs: null });
    const said = await rig.ask(text, asked);
    expect(said.status).toBe(401);
    expect(errorOf(said)).toMatchObject({ code: 'wrong_key_kind', message: expect.stringContaining('sk-pb-') as string });
  });

  test('401 without any authorization', async () => {
    const response = await fetch(`${rig.url}/v1/chat/completions`, { method: 'POST', body: JSON.stringify(asked) });
    expect(response.status).toBe(401);
  });

  test('401 at once after it was revoked; what is under way ends well', async () => {
    const key = await rig.issueKey();
    fake.answer(holding(whole()));
    const under = rig.ask(key.text, asked);
    await until(() => fake.received.length === 1, 'the first request');
    await rig.revokeKey(key.id);
    expect((await rig.ask(key.text, asked)).status).toBe(401);
    fake.release();
    expect((await under).text).toBe(wholeBody());
  });

  test('401 from the moment it expires', async () => {
    const key = await rig.issueKey({ expiresAtMs: clock.nowMs() + 60_000 });
    expect((await rig.ask(key.text, asked)).status).toBe(200);
    offsetMs += 60_001;
    expect((await rig.ask(key.text, asked)).status).toBe(401);
  });

  test('a refused stranger leaves no row: nobody could be named in it', async () => {
    const before = (await rig.rows()).length;
    await rig.ask('sk-pb-unknown', asked);
    expect((await rig.rows()).length).toBe(before);
  });
});

describe('the list of models', () => {
  test('403 a model that is not on it, booked as refused', async () => {
    const key = await rig.issueKey({ models: ['gpt-4o-mini', 'Main/*'] });
    const said = await rig.ask(key.text, asked);
    expect(said.status).toBe(403);
    expect(errorOf(said)).toMatchObject({ code: 'model_not_allowed', param: 'model', type: 'permission_error' });
    expect(await rig.rowsOf(String(said.headers['x-request-id']))).toEqual([
      expect.objectContaining({
        state: 'refused',
        reason: 'model_not_allowed',
        status: 403,
        attemptNo: 0,
        isLast: true,
        modelAsked: 'gpt-4o',
      }),
    ]);
    expect((await rig.ask(key.text, { ...asked, model: 'Main/gpt-4o' })).status).toBe(200);
  });

  test('counts also where nobody named a model: a default is no way around it', async () => {
    const key = await rig.issueKey({ models: ['gpt-4o-mini'] });
    for (const model of [undefined, null, ''])
      expect(errorOf(await rig.ask(key.text, { model, messages: message() }))).toMatchObject({ code: 'model_not_allowed' });
    expect((await rig.ask(key.text, { messages: message() }, { 'x-patchbay-connection': mainId })).status).toBe(403);
    expect(fake.received).toEqual([]);
  });

  test('lets a default pass that is on it, by its model or by its connection', async () => {
    for (const models of [['gpt-4o'], ['Main/*']])
      expect((await rig.ask((await rig.issueKey({ models })).text, { messages: message() })).status).toBe(200);
  });
});

describe('rates', () => {
  test('429 beyond the requests of a minute, with Retry-After; exactly as many pass as may', async () => {
    const key = await rig.issueKey({ rpm: 20 });
    const leftS = secondsOfMinute();
    const all = await Promise.all(Array.from({ length: 60 }, () => rig.ask(key.text, asked)));
    const refused = all.filter((said) => said.status === 429);
    expect(all.filter((said) => said.status === 200)).toHaveLength(20);
    expect(refused).toHaveLength(40);
    expect(fake.received).toHaveLength(20);
    expect(errorOf(refused[0]!)).toMatchObject({ code: 'rate_limit_exceeded', type: 'rate_limit_error' });
    expect(Number(refused[0]!.headers['retry-after'])).toBeGreaterThanOrEqual(leftS());
    expect(refused[0]!.headers['x-should-retry']).toBeUndefined();
    offsetMs += 60_000;
    expect((await rig.ask(key.text, asked)).status).toBe(200);
  });

  test('429 beyond the tokens of a minute, reckoned with what the answers came to', async () => {
    const key = await rig.issueKey({ tpm: 100 });
    expect((await rig.ask(key.text, { ...asked, max_tokens: 50 })).status).toBe(200);
    // The estimate of the first was replaced by its 18 real tokens, so that another one fits.
    expect((await rig.ask(key.text, { ...asked, max_tokens: 50 })).status).toBe(200);
    expect((await rig.ask(key.text, { ...asked, max_tokens: 60 })).status).toBe(429);
  });
});

describe('budgets', () => {
  test('an answer that is too long to be read has no known cost, and counts with what was set aside for it', async () => {
    const key = await rig.issueKey({ budgetUsd: '0.002' });
    fake.answer(whole(`{"choices":[{"message":{"content":"${'x'.repeat(33 * 1024 * 1024)}"}}]}`));
    const said = await rig.ask(key.text, { ...asked, max_tokens: 150 });
    expect([said.status, errorOf(said).code]).toEqual([502, 'response_too_large']);
    const [row] = await rig.rowsOf(String(said.headers['x-request-id']));
    expect(row).toMatchObject({ reason: 'too_large', cost: null });
    expect(row!.reserved).toBeGreaterThan(1_500_000);
    expect(errorOf(await rig.ask(key.text, { ...asked, max_tokens: 150 }))).toMatchObject({ code: 'budget_exceeded' });
  });

  /** What 11 prompt and 7 completion tokens of gpt-4o cost. */
  const costNanoUsd = 97_500;

  test('402 when it is used up, and what was spent is what the books say', async () => {
    const key = await rig.issueKey({ budgetUsd: '0.001' });
    const codes: number[] = [];
    for (let count = 0; count < 30; count++) codes.push((await rig.ask(key.text, asked)).status);
    expect(codes.filter((code) => code === 200).length).toBeGreaterThan(1);
    expect(codes.at(-1)).toBe(402);
    expect(codes.filter((code) => code === 200).length * costNanoUsd).toBeLessThanOrEqual(1_000_000);
    expect(errorOf(await rig.ask(key.text, asked))).toMatchObject({ code: 'budget_exceeded', type: 'insufficient_quota' });
  });

  test('402 also where the tier of service that answers has no price: each answer counts with what was set aside for it', async () => {
    const key = await rig.issueKey({ budgetUsd: '0.001' });
    fake.answer(whole(wholeBody(undefined, { service_tier: 'scale' })));
    const said = await rig.ask(key.text, asked);
    expect(said.status).toBe(200);
    const [row] = await rig.rowsOf(String(said.headers['x-request-id']));
    expect(row).toMatchObject({ cost: null, isLast: true });
    let answered = 1;
    for (let count = 0; count < 30; count++) answered += (await rig.ask(key.text, asked)).status === 200 ? 1 : 0;
    expect(answered).toBe(Math.floor(1_000_000 / row!.reserved));
    expect(errorOf(await rig.ask(key.text, asked))).toMatchObject({ code: 'budget_exceeded' });
    // The same after a start: the books remember it.
    await until(async () => {
      const spent = await spentByInstance(rig.deps.database, { kind: 'access-key', id: key.id }, 0);
      return spent.reduce((sum, one) => sum + one.settledNanoUsd, 0) === answered * row!.reserved;
    }, 'it is in the books');
  });

  test('is never overrun by many at once: what is under way is set aside', async () => {
    const key = await rig.issueKey({ budgetUsd: '0.002' });
    fake.answer(holding(plain));
    let refused = 0;
    const all = Array.from({ length: 50 }, () => rig.ask(key.text, asked).then((said) => ((refused += said.status === 402 ? 1 : 0), said)));
    await until(() => refused + fake.received.length === 50, 'all are under way or refused');
    fake.release();
    const passed = (await Promise.all(all)).filter((said) => said.status === 200);
    expect(passed.length + refused).toBe(50);
    const reserved = (await rig.rowsOf(String(passed[0]!.headers['x-request-id'])))[0]!.reserved;
    expect(reserved).toBeGreaterThanOrEqual(costNanoUsd);
    expect(passed).toHaveLength(Math.floor(2_000_000 / reserved));
  });

  test('sends the output cap upstream that was reckoned with', async () => {
    const key = await rig.issueKey({ budgetUsd: '1' });
    await rig.ask(key.text, { model: 'gpt-4o', messages: message() });
    const { json } = fake.received.at(-1)!;
    expect(json['max_completion_tokens'] ?? json['max_tokens']).toBe(16_384);
    await rig.ask(key.text, asked);
    expect(fake.received.at(-1)!.json['max_tokens'] ?? fake.received.at(-1)!.json['max_completion_tokens']).toBe(20);
  });

  test('gives back what a failed attempt had set aside', async () => {
    const key = await rig.issueKey({ budgetUsd: '0.0006' });
    fake.answer(refusing(400));
    for (let count = 0; count < 10; count++) expect((await rig.ask(key.text, asked)).status).toBe(400);
    fake.answer(plain);
    expect((await rig.ask(key.text, asked)).status).toBe(200);
  });

  test('402 for a model without a price, before anything is sent', async () => {
    const key = await rig.issueKey({ budgetUsd: '1' });
    const said = await rig.ask(key.text, { ...asked, model: 'Main/a-model-nobody-prices' });
    expect(said.status).toBe(402);
    expect(errorOf(said).code).toBe('price_unknown');
    expect(fake.received).toEqual([]);
    expect(await rig.rowsOf(String(said.headers['x-request-id']))).toEqual([
      expect.objectContaining({ state: 'refused', reason: 'price_unknown', cost: null }),
    ]);
  });
});

describe('whose connections a key may use', () => {
  test("a person's key finds their own, then their workspaces', then the organization's", async () => {
    const own = await rig.connect(
      { name: 'Own', baseUrl: fake.baseUrl, model: 'shared-model' },
      { scope: 'user', id: rig.caller.actor.userId },
    );
    const organization = await rig.connect({ name: 'Org', baseUrl: fake.baseUrl, model: 'shared-model' });
    const key = await rig.issueKey();
    const used = async (): Promise<unknown> =>
      (await rig.ask(key.text, { model: 'shared-model', messages: message() })).headers['x-patchbay-connection'];
    expect(await used()).toBe(own.id);
    await rig.change(own.id, { isActive: false });
    expect(await used()).toBe(organization.id);
  });

  test("a workspace's key speaks for the workspace and leaves private ones alone", async () => {
    const { id } = await createWorkspace(rig.deps, rig.caller, 'Lab');
    const shared = await rig.connect({ name: 'Lab line', baseUrl: fake.baseUrl, model: 'lab-model' }, { scope: 'workspace', id });
    const secret = await rig.connect(
      { name: 'Private line', baseUrl: fake.baseUrl, model: 'private-model' },
      { scope: 'user', id: rig.caller.actor.userId },
    );
    const key = await rig.issueKey({}, id);
    expect((await rig.ask(key.text, { model: 'lab-model', messages: message() })).headers['x-patchbay-connection']).toBe(shared.id);
    expect((await rig.ask(key.text, { model: 'private-model', messages: message() })).status).toBe(404);
    expect((await rig.ask(key.text, { model: 'Private line/private-model', messages: message() })).status).toBe(404);
    const pinned = await rig.ask(key.text, { messages: message() }, { 'x-patchbay-connection': secret.id });
    expect(errorOf(pinned)).toMatchObject({ code: 'connection_not_found' });
  });
});
