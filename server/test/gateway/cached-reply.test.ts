/** Answers on their way into the cache and out of it: callers who leave or read slowly, heartbeats, limits, money, a full journal, and policies. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { changePolicy } from '../../src/control/policies.ts';
import { createWorkspace } from '../../src/control/workspaces.ts';
import type { GatewayDeps } from '../../src/gateway/order.ts';
import { JournalFull, type Journal } from '../../src/journal/journal.ts';
import {
  chunk,
  doneEvent,
  finishEvent,
  holding,
  holdingBetween,
  plain,
  refusing,
  roleEvent,
  sse,
  startFakeProvider,
  streaming,
  usageEvent,
  whole,
  wholeBody,
  words,
  type FakeProvider,
} from '../support/fake-provider.ts';
import { admittedTo, bookedOn, call, idOf, limitFor, moneyOf, policyFor, say, underWay, untilQuiet } from './together-kit.ts';
import { errorOf, message, openRig, readStream, type Rig, type Said } from './rig.ts';
import { movingClock } from '../support/moving-clock.ts';
import { until } from '../support/wait.ts';

const clock = movingClock();
let rig: Rig;
let fake: FakeProvider;
let connectionId = '';
beforeAll(async () => {
  [rig, fake] = await Promise.all([openRig({ clock }), startFakeProvider()]);
  connectionId = (await rig.connect({ name: 'Main', baseUrl: fake.baseUrl, settings: { wire: 'chat' } })).id;
});
afterAll(async () => {
  await rig.close();
  await fake.close();
});
beforeEach(() => {
  fake.answer(plain);
  fake.received.length = 0;
  rig.deps.health.forget(connectionId);
});

let question = 0;
/** A question that nobody asked before. */
const fresh = (extra: Record<string, unknown> = {}) => ({
  model: 'gpt-4o',
  max_tokens: 10,
  messages: message(`Question ${++question}`),
  ...extra,
});
const minute = { 'x-patchbay-cache': '60' };
const wordOf = ({ headers }: Said): unknown => headers['x-patchbay-cache'];
const contentOf = ({ text }: Said): string =>
  (JSON.parse(text) as { choices: { message: { content: string } }[] }).choices[0]!.message.content;

describe('a caller who leaves', () => {
  test('in the middle of a stream keeps nothing of it: the next one is asked for anew and gets all', async () => {
    const key = (await rig.issueKey()).text;
    const body = fresh({ stream: true });
    const rest = [finishEvent, usageEvent, doneEvent];
    fake.answer(holdingBetween([roleEvent, sse(chunk({ content: 'Half ' }))], rest), plain);
    const { sent, response } = call(rig, key, body, minute);
    const answer = await response;
    await new Promise((resolve) => answer.once('data', resolve));
    sent.destroy();
    await until(() => fake.received[0]!.abortedAtMs !== null, 'the provider is stopped');
    await untilQuiet();
    const again = await rig.ask(key, body, minute);
    expect([wordOf(again), readStream(again.text).content]).toEqual(['miss', words.join('')]);
    expect(wordOf(await rig.ask(key, body, minute))).toBe('hit');
  });

  test('before a whole answer came keeps nothing either', async () => {
    const key = (await rig.issueKey()).text;
    const body = fresh();
    fake.answer(holding(plain), plain);
    const { sent } = call(rig, key, body, minute);
    await until(() => fake.received.length === 1, 'the request arrived');
    sent.destroy();
    await until(() => fake.received[0]!.abortedAtMs !== null, 'the provider is stopped');
    await untilQuiet();
    fake.release();
    expect(wordOf(await rig.ask(key, body, minute))).toBe('miss');
  });

  test('and had asked for what is kept is booked as a hit, and the next one gets it still', async () => {
    const key = await rig.issueKey();
    const body = fresh();
    const first = await rig.ask(key.text, body, minute);
    const { sent, response } = call(rig, key.text, body, minute);
    (await response).destroy();
    sent.destroy();
    await untilQuiet();
    const again = await rig.ask(key.text, body, minute);
    expect([wordOf(again), again.text]).toEqual(['hit', first.text]);
    const mine = (await rig.rows()).slice(-3);
    expect(mine.map(({ attemptNo, state, cost }) => [attemptNo, state, cost === 0])).toEqual([
      [1, 'settled', false],
      [0, 'settled', true],
      [0, 'settled', true],
    ]);
  });
});

describe('what is taken down', () => {
  test('is the answer without what kept the line alive before it and within it', async () => {
    const key = (await rig.issueKey()).text;
    const body = fresh({ stream: true });
    fake.answer(holding(streaming()));
    const asking = rig.listen(key, body, minute);
    await until(() => fake.received.length === 1, 'the provider is asked');
    clock.move(rig.deps.timeouts.heartbeatMs);
    await asking.heard(': keep-alive');
    fake.release();
    const { text } = await asking.said;
    const again = await rig.ask(key, body, minute);
    expect(wordOf(again)).toBe('hit');
    expect(again.text).not.toContain('keep-alive');
    expect(again.text).toBe(text.replaceAll(': keep-alive\n\n', ''));
    expect(readStream(again.text)).toMatchObject({ content: words.join(''), isDone: true });
  });

  test('is whole also beside a reader who is slow: who asks next gets every byte', async () => {
    const key = (await rig.issueKey()).text;
    const body = fresh({ stream: true });
    const texts = Array.from({ length: 40 }, (_, at) => `${at} ${'x'.repeat(8_192)} `);
    fake.answer(streaming(say(...texts)));
    const { response } = call(rig, key, body, minute);
    const answer = await response;
    answer.pause();
    await until(() => fake.received.length === 1, 'the provider is asked');
    const parts: Buffer[] = [];
    // One piece in a turn of the event loop, and a turn of rest after each.
    answer.on('data', (part: Buffer) => {
      parts.push(part);
      answer.pause();
      setImmediate(() => answer.resume());
    });
    answer.resume();
    await new Promise((resolve) => answer.once('end', resolve));
    await untilQuiet();
    const again = await rig.ask(key, body, minute);
    expect(wordOf(again)).toBe('hit');
    expect(again.text).toBe(Buffer.concat(parts).toString('utf8'));
    expect(readStream(again.text).content).toBe(texts.join(''));
  });

  test('is the second attempt where the first failed, and nothing of the failure', async () => {
    const key = (await rig.issueKey()).text;
    const body = fresh();
    fake.answer(refusing(503), whole(wholeBody('At last.')));
    const first = await rig.ask(key, body, minute);
    expect([first.status, wordOf(first), first.headers['x-patchbay-attempts']]).toEqual([200, 'miss', '2']);
    const again = await rig.ask(key, body, minute);
    expect([wordOf(again), contentOf(again), again.headers['x-patchbay-attempts']]).toEqual(['hit', 'At last.', '0']);
  });

  test('two who ask at once both ask the provider, and the third asks nobody', async () => {
    const key = (await rig.issueKey()).text;
    const body = fresh();
    fake.answer(holding(plain));
    const both = [rig.ask(key, body, minute), rig.ask(key, body, minute)];
    await until(() => fake.received.length === 2, 'both are with the provider');
    fake.release();
    expect((await Promise.all(both)).map(wordOf)).toEqual(['miss', 'miss']);
    expect(wordOf(await rig.ask(key, body, minute))).toBe('hit');
    expect(fake.received).toHaveLength(2);
  });
});

describe('a hit', () => {
  test('counts as a request of the minute and leaves the money alone', async () => {
    const key = await rig.issueKey({ rpm: 3, budgetUsd: '1' });
    const subject = { kind: 'access-key', id: key.id } as const;
    const body = fresh();
    expect(wordOf(await rig.ask(key.text, body, minute))).toBe('miss');
    const spent = moneyOf(rig, subject);
    expect(spent).toBe(await bookedOn(rig, subject));
    expect(spent).toBeGreaterThan(0);
    for (const count of [2, 3]) {
      expect(wordOf(await rig.ask(key.text, body, minute))).toBe('hit');
      expect(admittedTo(rig, subject)).toBe(count);
    }
    const said = await rig.ask(key.text, body, minute);
    expect([said.status, errorOf(said).limit?.name]).toEqual([429, 'access-key.requests.minute']);
    expect(moneyOf(rig, subject)).toBe(spent);
    expect(await bookedOn(rig, subject)).toBe(spent);
  });

  test('is given to a key whose budget is used up: it costs nothing', async () => {
    const body = fresh();
    const rich = await rig.issueKey();
    await rig.ask(rich.text, body, minute);
    const poor = await rig.issueKey({ budgetUsd: '0.000000001' });
    expect((await rig.ask(poor.text, body)).status).toBe(402);
    expect(wordOf(await rig.ask(poor.text, body, minute))).toBe('hit');
  });

  test('needs no place at its connection, and gives back the place of its caller', async () => {
    const { userId } = rig.caller.actor;
    await limitFor(rig, { kind: 'user', id: userId }, { kind: 'concurrent', value: 2 });
    await limitFor(rig, { kind: 'connection', id: connectionId }, { kind: 'concurrent', value: 1 });
    const key = (await rig.issueKey()).text;
    const body = fresh();
    await rig.ask(key, body, minute);
    fake.answer(holding(plain));
    const busy = rig.ask(key, fresh());
    await until(() => underWay(rig, { kind: 'connection', id: connectionId }) === 1, 'the connection is at its limit');
    for (let count = 0; count < 4; count++) expect(wordOf(await rig.ask(key, body, minute))).toBe('hit');
    expect(underWay(rig, { kind: 'user', id: userId })).toBe(1);
    fake.release();
    expect((await busy).status).toBe(200);
    expect(underWay(rig, { kind: 'user', id: userId })).toBe(0);
  });

  test('that cannot be written down is no answer: 503 where the journal takes nothing, and the same answer afterwards', async () => {
    const key = (await rig.issueKey()).text;
    const body = fresh();
    const first = await rig.ask(key, body, minute);
    const deps = rig.deps as GatewayDeps;
    const real = deps.journal;
    const append: Journal['append'] = () => {
      throw new JournalFull('too much waits');
    };
    const bound = { whenDurable: real.whenDurable.bind(real), isFull: real.isFull.bind(real), flush: real.flush.bind(real) };
    deps.journal = Object.assign(Object.create(real) as Journal, bound, { append });
    try {
      const said = await rig.ask(key, body, minute);
      expect([said.status, errorOf(said).code]).toEqual([503, 'ledger_unavailable']);
      expect(said.text).not.toContain(words.join(''));
    } finally {
      deps.journal = real;
    }
    const again = await rig.ask(key, body, minute);
    expect([wordOf(again), again.text]).toEqual(['hit', first.text]);
  });

  test('is judged like any other request before it is looked for: a prompt that is blocked now finds nothing', async () => {
    const key = (await rig.issueKey()).text;
    const body = fresh({ messages: message(`A kestrel, ${++question}`) });
    await rig.ask(key, body, minute);
    await policyFor(rig, { action: 'block', side: 'prompt', rules: { keywords: ['kestrel'] } });
    const said = await rig.ask(key, body, minute);
    expect([said.status, errorOf(said).code]).toEqual([403, 'policy_violation']);
  });
});

describe('policies', () => {
  test.each([false, true])('what is kept is the covered answer, and who reads it again sees no more (stream %s)', async (stream) => {
    await policyFor(rig, { action: 'redact', side: 'answer', rules: { personalData: ['email'] } });
    const key = (await rig.issueKey()).text;
    const body = fresh({ stream });
    fake.answer(stream ? streaming(say('Ask ann', '@exam', 'ple.com. Good', ' bye.')) : whole(wholeBody('Ask ann@example.com. Good bye.')));
    const first = await rig.ask(key, body, minute);
    const again = await rig.ask(key, body, minute);
    expect([wordOf(first), wordOf(again)]).toEqual(['miss', 'hit']);
    expect(again.text).toBe(first.text);
    expect(again.text).not.toContain('ann');
    expect(stream ? readStream(again.text).content : contentOf(again)).toBe('Ask [EMAIL]. Good bye.');
  });

  test('an answer from before a policy, from before its change and from after its end are three answers', async () => {
    const key = (await rig.issueKey()).text;
    const body = fresh();
    fake.answer(whole(wholeBody('Ask ann@example.com about the kestrel.')));
    const ask = async (): Promise<[unknown, string]> => {
      const said = await rig.ask(key, body, minute);
      return [wordOf(said), contentOf(said)];
    };
    const bare = 'Ask ann@example.com about the kestrel.';
    expect([await ask(), await ask()]).toEqual([
      ['miss', bare],
      ['hit', bare],
    ]);
    const id = await policyFor(rig, { action: 'redact', side: 'answer', rules: { personalData: ['email'] } });
    expect([await ask(), await ask()]).toEqual([
      ['miss', 'Ask [EMAIL] about the kestrel.'],
      ['hit', 'Ask [EMAIL] about the kestrel.'],
    ]);
    await changePolicy(rig.deps, rig.caller, id, { rules: { keywords: ['kestrel'] } });
    const [word, changed] = await ask();
    expect(word).toBe('miss');
    expect(changed).toContain('ann@example.com');
    expect(changed).not.toContain('kestrel');
    await changePolicy(rig.deps, rig.caller, id, { isActive: false });
    expect((await ask())[1]).toBe(bare);
  });

  test("a policy of one workspace parts nobody else's answers from theirs", async () => {
    const { id: workspaceId } = await createWorkspace(rig.deps, rig.caller, `Lab ${++question}`);
    const outside = (await rig.issueKey()).text;
    const inside = (await rig.issueKey({}, workspaceId)).text;
    const body = fresh();
    for (const key of [outside, inside]) expect(wordOf(await rig.ask(key, body, minute))).toBe('miss');
    await policyFor(rig, { action: 'log', side: 'both', rules: { keywords: ['kestrel'] } }, { workspaceId, repositoryId: null });
    expect(wordOf(await rig.ask(outside, body, minute))).toBe('hit');
    expect(wordOf(await rig.ask(inside, body, minute))).toBe('miss');
  });

  test.each([false, true])('an answer that a policy stopped is not kept: the next one is asked for anew (stream %s)', async (stream) => {
    await policyFor(rig, { action: 'block', side: 'answer', rules: { keywords: ['kestrel'] } });
    const key = (await rig.issueKey()).text;
    const body = fresh({ stream });
    const calm = 'A harmless sentence comes first, so that something may be shown. '.repeat(3);
    fake.answer(stream ? streaming(say(calm, 'The kestrel flies. ', 'And so on.'), 10) : whole(wholeBody('The kestrel flies.')));
    const first = await rig.ask(key, body, minute);
    expect(first.text).toContain('policy_violation');
    fake.answer(plain);
    const again = await rig.ask(key, body, minute);
    expect([again.status, wordOf(again)]).toEqual([200, 'miss']);
    expect(idOf(again)).not.toBe(idOf(first));
    expect(again.text).not.toContain('harmless');
  });
});
