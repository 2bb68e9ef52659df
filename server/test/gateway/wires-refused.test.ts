/** What each wire says when a policy, a limit or a budget refuses: its status, the error of that wire, the code, and the row of the books. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { plain, startFakeProvider, streaming, whole, wholeBody, type FakeProvider } from '../support/fake-provider.ts';
import { askBy, idOf, limitFor, policyFor, say, wires, type Wire } from './together-kit.ts';
import { openRig, type Rig, type Said } from './rig.ts';

let rig: Rig;
let fake: FakeProvider;
let connectionId = '';
const models = { words: 'gpt-4o', numbers: 'text-embedding-3-small' };

beforeAll(async () => {
  [rig, fake] = await Promise.all([openRig(), startFakeProvider()]);
  connectionId = (await rig.connect({ name: 'Line', baseUrl: fake.baseUrl, model: models.words, settings: { wire: 'chat' } })).id;
});
afterAll(async () => {
  await rig.close();
  await fake.close();
});
beforeEach(() => {
  fake.received.length = 0;
  fake.answer((turn) => (turn.call.path.endsWith('/embeddings') ? numbers(turn) : plain(turn)));
});
const numbers = whole(
  JSON.stringify({
    object: 'list',
    model: models.numbers,
    data: [{ object: 'embedding', index: 0, embedding: [0.5] }],
    usage: { prompt_tokens: 2, total_tokens: 2 },
  }),
);

const modelOf = (wire: Wire): string => (wire.saysWords ? models.words : `Line/${models.numbers}`);
const ask = (key: string, wire: Wire, text = 'Good day', more: Record<string, unknown> = {}): Promise<Said> =>
  askBy(rig, key, wire, { ...wire.body(modelOf(wire), text), ...more });

interface Refused {
  type: string;
  message: string;
  code: string;
}

/** The error of a refusal, in the shape of its wire and in no other; both shapes name the request. */
function refusedIn(wire: Wire, said: Said): Refused {
  const body = JSON.parse(said.text) as { type?: string; request_id?: string; error: Refused & { request_id?: string; param?: unknown } };
  const { error } = body;
  if (wire.name === 'messages') {
    expect(body).toMatchObject({ type: 'error', request_id: idOf(said) });
    expect(error).not.toHaveProperty('param');
  } else {
    expect(Object.keys(body)).toEqual(['error']);
    expect(error).toMatchObject({ request_id: idOf(said), param: null });
  }
  expect(said.headers['content-type']).toMatch(/^application\/json/);
  expect(error.message.length).toBeGreaterThan(10);
  expect(said.text).not.toMatch(/127\.0\.0\.1|CANARY|node:|\.ts:/);
  return error;
}

/** Types as each vendor documents them. */
const typesOf: Record<'forbidden' | 'rate' | 'budget', [openai: string, anthropic: string]> = {
  forbidden: ['permission_error', 'permission_error'],
  rate: ['rate_limit_error', 'rate_limit_error'],
  budget: ['insufficient_quota', 'billing_error'],
};
const typeOn = (wire: Wire, kind: keyof typeof typesOf): string => typesOf[kind][wire.name === 'messages' ? 1 : 0];

describe.each(wires)('$name', (wire) => {
  test('are answered at all: what is refused below is refused for its reason alone', async () => {
    const said = await ask((await rig.issueKey()).text, wire);
    expect(said.status, said.text).toBe(200);
    expect(await rig.rowsOf(idOf(said))).toMatchObject([{ state: 'settled', status: 200, connectionId, isLast: true }]);
  });

  test.each([false, true])('a prompt that a policy blocks is a 403 of this wire and never leaves (stream %s)', async (stream) => {
    await policyFor(rig, { action: 'block', side: 'prompt', rules: { keywords: ['kestrel'] } });
    const key = await rig.issueKey({ budgetUsd: '1', rpm: 5 });
    const said = await ask(key.text, wire, 'Tell of the kestrel', wire.saysWords ? { stream } : {});
    expect(said.status).toBe(403);
    const error = refusedIn(wire, said);
    expect(error).toMatchObject({ type: typeOn(wire, 'forbidden'), code: 'policy_violation' });
    expect(error.message).toContain('House rule');
    expect(said.text).not.toContain('kestrel');
    expect(fake.received).toHaveLength(0);
    expect(await rig.rowsOf(idOf(said))).toMatchObject([
      { state: 'refused', reason: 'policy_violation', status: 403, attemptNo: 0, isLast: true, tokensIn: 0, tokensOut: 0, reserved: 0 },
    ]);
    // It never came to a reservation, so that there is no account yet.
    expect(rig.deps.limits.usedOf({ kind: 'access-key', id: key.id }, 'money', 'total', 0)).toBeUndefined();
  });

  test('the limit of requests refuses the second with 429, says when to come again, and asks nobody', async () => {
    const key = await rig.issueKey({ rpm: 1 });
    expect((await ask(key.text, wire)).status).toBe(200);
    const said = await ask(key.text, wire);
    expect(said.status).toBe(429);
    expect(refusedIn(wire, said)).toMatchObject({ type: typeOn(wire, 'rate'), code: 'rate_limit_exceeded' });
    expect(Number(said.headers['retry-after'])).toBeGreaterThan(0);
    expect(said.headers['x-patchbay-limit']).toBe('access-key.requests.minute');
    expect(fake.received).toHaveLength(1);
    expect(await rig.rowsOf(idOf(said))).toMatchObject([
      { state: 'refused', reason: 'rate_limit_exceeded', status: 429, attemptNo: 0, isLast: true },
    ]);
  });

  test('the limit of whoever answers refuses with the name of that limit, and the key may ask on', async () => {
    await limitFor(rig, { kind: 'connection', id: connectionId }, { kind: 'tokens', value: 1 });
    const key = await rig.issueKey({ budgetUsd: '1' });
    const said = await ask(key.text, wire, 'A question of more than one token');
    expect(said.status).toBe(429);
    expect(refusedIn(wire, said)).toMatchObject({ type: typeOn(wire, 'rate'), code: 'rate_limit_exceeded' });
    expect(said.headers['x-patchbay-limit']).toBe('connection.tokens.minute');
    expect(fake.received).toHaveLength(0);
    expect(rig.deps.limits.usedOf({ kind: 'access-key', id: key.id }, 'money', 'total', 0)).toBe(0);
  });

  test('a budget that does not cover the dearest answer refuses with 402 before anything is sent', async () => {
    const key = await rig.issueKey({ budgetUsd: '0.000000001' });
    const said = await ask(key.text, wire);
    expect(said.status).toBe(402);
    expect(refusedIn(wire, said)).toMatchObject({ type: typeOn(wire, 'budget'), code: 'budget_exceeded' });
    expect(said.headers['x-patchbay-limit']).toBe('access-key.money.total');
    expect(fake.received).toHaveLength(0);
    expect(await rig.rowsOf(idOf(said))).toMatchObject([
      { state: 'refused', reason: 'budget_exceeded', status: 402, attemptNo: 0, isLast: true },
    ]);
  });

  test('what is refused first is what the books name: a limit before a policy, a policy before a budget', async () => {
    await policyFor(rig, { action: 'block', side: 'prompt', rules: { keywords: ['kestrel'] } });
    const poor = await rig.issueKey({ budgetUsd: '0.000000001', rpm: 1 });
    const first = await ask(poor.text, wire, 'kestrel');
    const second = await ask(poor.text, wire, 'kestrel');
    expect([refusedIn(wire, first).code, refusedIn(wire, second).code]).toEqual(['policy_violation', 'rate_limit_exceeded']);
    expect(fake.received).toHaveLength(0);
  });
});

describe.each(wires.filter(({ saysWords }) => saysWords))('answers of $name', (wire) => {
  test('a whole answer that a policy blocks is a 403 of this wire, without a word of it, and is paid for', async () => {
    await policyFor(rig, { action: 'block', side: 'answer', rules: { keywords: ['kestrel'] } });
    fake.answer(whole(wholeBody('The kestrel flies.')));
    const key = await rig.issueKey({ budgetUsd: '1' });
    const said = await ask(key.text, wire);
    expect(said.status).toBe(403);
    expect(refusedIn(wire, said)).toMatchObject({ type: typeOn(wire, 'forbidden'), code: 'policy_violation' });
    expect(said.text).not.toMatch(/kestrel|flies/);
    const rows = await rig.rowsOf(idOf(said));
    expect(rows).toMatchObject([{ reason: 'policy_blocked', status: 403, attemptNo: 1, isLast: true, connectionId }]);
    expect(rows[0]!.cost).toBeGreaterThan(0);
    // What was asked for is paid, whether or not it may be shown; nothing stays set aside.
    expect(rig.deps.limits.usedOf({ kind: 'access-key', id: key.id }, 'money', 'total', 0)).toBe(rows[0]!.cost);
  });

  test('a stream that a policy blocks in its middle ends with the error of this wire and without the end of a good one', async () => {
    await policyFor(rig, { action: 'block', side: 'answer', rules: { keywords: ['secret kestrel'] } });
    const calm = 'A harmless sentence comes first, so that something may be shown. '.repeat(3);
    fake.answer(streaming(say(calm, 'Then the sec', 'ret kes', 'trel is named. ', 'And so on. '.repeat(30)), 10));
    const said = await ask((await rig.issueKey()).text, wire, 'Good day', { stream: true });
    expect(said.status).toBe(200);
    expect(said.headers['content-type']).toMatch(/^text\/event-stream/);
    expect(said.text).toContain('A harmless sentence');
    expect(said.text).not.toMatch(/kes|And so on/);
    expect(said.text).not.toMatch(/\[DONE\]|message_stop|response\.completed/);
    const last = said.text.trimEnd().split('\n\n').at(-1)!;
    expect(last).toContain('policy_violation');
    if (wire.name === 'messages') expect(last).toMatch(/^event: error\n/);
    if (wire.name === 'responses') expect(last).toMatch(/^event: (error|response\.failed)\n/);
    expect(await rig.rowsOf(idOf(said))).toMatchObject([{ state: 'partial', reason: 'policy_blocked', status: 403, isLast: true }]);
  });

  test('a stream that is blocked in its first words has not begun: a plain 403 of this wire', async () => {
    await policyFor(rig, { action: 'block', side: 'answer', rules: { keywords: ['kestrel'] } });
    // However long the first words keep one waiting after the events that only announce them.
    fake.answer(streaming(say('The kestrel.'), 40));
    const said = await ask((await rig.issueKey()).text, wire, 'Good day', { stream: true });
    expect(said.status).toBe(403);
    expect(refusedIn(wire, said)).toMatchObject({ type: typeOn(wire, 'forbidden'), code: 'policy_violation' });
  });
});
