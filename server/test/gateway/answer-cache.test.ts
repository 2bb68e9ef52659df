/** Answers that are given again: who asks for it, what makes two questions the same, what is never kept, and what the books say. */
import { cacheSecondsMax } from '@patchbay/contract/routing-limits';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { changeGroup, createGroup } from '../../src/control/routing-groups.ts';
import { createWorkspace } from '../../src/control/workspaces.ts';
import { answerBytesMax, createAnswerCache } from '../../src/gateway/answer-cache.ts';
import { packedAnswer, unpackedAnswer, type KeptAnswer } from '../../src/gateway/kept-answer.ts';
import { systemClock } from '../../src/lib/clock.ts';
import {
  anthropic,
  chunk,
  plain,
  refusing,
  roleEvent,
  sse,
  startFakeProvider,
  streaming,
  whole,
  wholeBody,
  words,
  type FakeProvider,
} from '../support/fake-provider.ts';
import { errorOf, message, openRig, post, readStream, type Rig, type Said } from './rig.ts';

let rig: Rig;
let provider: FakeProvider;
let connectionId: string;
let skewMs = 0;
const clock = { ...systemClock, nowMs: () => systemClock.nowMs() + skewMs };

beforeAll(async () => {
  provider = await startFakeProvider();
  rig = await openRig({ clock });
  connectionId = (await rig.connect({ name: 'Main', baseUrl: provider.baseUrl })).id;
});
afterEach(() => provider.answer(plain));
afterAll(async () => {
  await rig.close();
  await provider.close();
});

let question = 0;
/** A question that nobody asked before. */
const fresh = (extra: Record<string, unknown> = {}) => ({ model: 'gpt-4o', messages: message(`Question ${++question}`), ...extra });
const createLab = async (): Promise<string> => (await createWorkspace(rig.deps, rig.caller, 'Lab')).id;
const minute = { 'x-patchbay-cache': '60' };
const wordOf = ({ headers }: Said): unknown => headers['x-patchbay-cache'];
const idOf = ({ headers }: Said): string => String(headers['x-request-id']);

describe('a request that says how old its answer may be', () => {
  test('is answered by the provider first and from the cache then, byte for byte, with its age and the connection that answered', async () => {
    const key = (await rig.issueKey()).text;
    const body = fresh();
    const first = await rig.ask(key, body, minute);
    const calls = provider.received.length;
    skewMs += 7_000;
    const again = await rig.ask(key, body, minute);
    expect([first.status, wordOf(first), again.status, wordOf(again)]).toEqual([200, 'miss', 200, 'hit']);
    expect(again.text).toBe(first.text);
    expect(Number(again.headers['age'])).toBeGreaterThanOrEqual(7);
    expect(again.headers['content-type']).toBe(first.headers['content-type']);
    expect(again.headers['x-patchbay-connection']).toBe(connectionId);
    expect(again.headers['x-patchbay-attempts']).toBe('0');
    expect(idOf(again)).not.toBe(idOf(first));
    expect(provider.received).toHaveLength(calls);
  });

  test('a hit is one row of the books that cost nothing, used no tokens and says what it saved', async () => {
    const key = await rig.issueKey();
    const body = fresh();
    const [first] = await rig.rowsOf(idOf(await rig.ask(key.text, body, minute)));
    const rows = await rig.rowsOf(idOf(await rig.ask(key.text, body, minute)));
    expect(rows).toMatchObject([
      {
        attemptNo: 0,
        isLast: true,
        state: 'settled',
        reason: null,
        status: 200,
        connectionId,
        model: 'gpt-4o',
        tokensIn: 0,
        tokensOut: 0,
        cost: 0,
        reserved: 0,
      },
    ]);
    const saved = await rig.started.house.database.driver.rows({
      sql: 'SELECT CAST(sum(saved_nano_usd) AS TEXT) AS saved, CAST(sum(cache_hits) AS TEXT) AS hits, CAST(sum(requests) AS TEXT) AS requests, CAST(sum(attempts) AS TEXT) AS attempts FROM usage_days u JOIN usage_dimensions d ON d.id = u.dimension_id WHERE d.access_key_id = $1',
      params: [key.id],
    });
    expect(first!.cost).toBeGreaterThan(0);
    expect(saved).toEqual([{ saved: String(first!.cost), hits: '1', requests: '2', attempts: '1' }]);
    const listed = await rig.started.house.database.driver.rows({
      sql: 'SELECT saved_nano_usd AS saved FROM usage_events WHERE request_id = $1',
      params: [rows[0]!.requestId],
    });
    expect(listed).toEqual([{ saved: first!.cost }]);
  });

  test('a stream is given again as a stream, with the same events and its end', async () => {
    const key = (await rig.issueKey()).text;
    provider.answer(streaming());
    const body = fresh({ stream: true, stream_options: { include_usage: true } });
    const first = await rig.ask(key, body, minute);
    const calls = provider.received.length;
    const again = await rig.ask(key, body, minute);
    expect([wordOf(first), wordOf(again)]).toEqual(['miss', 'hit']);
    expect(again.headers['content-type']).toBe('text/event-stream; charset=utf-8');
    expect(again.text).toBe(first.text);
    expect(readStream(again.text)).toMatchObject({ content: words.join(''), isDone: true, error: null });
    expect(provider.received).toHaveLength(calls);
  });

  test('an older answer than it may be is asked for anew, and the new one is kept', async () => {
    const key = (await rig.issueKey()).text;
    const body = fresh();
    await rig.ask(key, body, minute);
    skewMs += 60_000;
    expect(wordOf(await rig.ask(key, body, minute))).toBe('miss');
    expect(wordOf(await rig.ask(key, body, minute))).toBe('hit');
    skewMs += 30_000;
    expect(wordOf(await rig.ask(key, body, { 'x-patchbay-cache': '20' }))).toBe('miss');
  });

  test.each(['-1', '1.5', 'on', '', '6 0', String(cacheSecondsMax + 1), '9999999'])('%j is no age and refused', async (header) => {
    const key = (await rig.issueKey()).text;
    const said = await rig.ask(key, fresh(), { 'x-patchbay-cache': header });
    expect([said.status, errorOf(said).code, errorOf(said).param]).toEqual([400, 'invalid_type', 'x-patchbay-cache']);
  });
});

describe('who gets it', () => {
  test('who asks with a key that says so once for all; a header goes before it', async () => {
    const key = (await rig.issueKey({ cacheSeconds: 60 })).text;
    const body = fresh();
    expect(wordOf(await rig.ask(key, body))).toBe('miss');
    expect(wordOf(await rig.ask(key, body))).toBe('hit');
    expect(wordOf(await rig.ask(key, body, { 'x-patchbay-cache': 'off' }))).toBeUndefined();
  });

  test('who goes by a routing group that says so, whoever of it answered; an older group, another answer', async () => {
    const [own, spare] = [await startFakeProvider(), await startFakeProvider()];
    const ids = [
      await rig.connect({ name: 'Grouped', baseUrl: own.baseUrl }),
      await rig.connect({ name: 'Spare', baseUrl: spare.baseUrl }),
    ];
    const targets = ids.map(({ id }) => ({ connectionId: id, weight: 1, isEnabled: true }));
    const owner = { scope: 'organization' as const, id: rig.deps.keeper.snapshot.organizationId };
    const input = { name: 'keeps', strategy: 'weighted' as const, options: { cacheSeconds: 60 }, targets };
    const { group } = await createGroup(rig.deps, rig.caller, owner, input);
    const key = (await rig.issueKey()).text;
    const body = { ...fresh(), model: 'keeps' };
    own.answer(refusing(503));
    expect(wordOf(await rig.ask(key, body))).toBe('miss');
    expect(wordOf(await rig.ask(key, body))).toBe('hit');
    expect(wordOf(await rig.ask(key, body, { 'x-patchbay-cache': 'off' }))).toBeUndefined();
    await changeGroup(rig.deps, rig.caller, group.id, { options: { cacheSeconds: 30 } });
    expect(wordOf(await rig.ask(key, body))).toBe('miss');
    await own.close();
    await spare.close();
  });

  test('nobody who did not ask for it: without the header, with "off" and with 0 the provider is asked', async () => {
    const key = (await rig.issueKey()).text;
    const body = fresh();
    await rig.ask(key, body, minute);
    for (const headers of [{}, { 'x-patchbay-cache': 'off' }, { 'x-patchbay-cache': '0' }] as Record<string, string>[]) {
      const calls = provider.received.length;
      expect(wordOf(await rig.ask(key, body, headers))).toBeUndefined();
      expect(provider.received).toHaveLength(calls + 1);
    }
  });

  test('nobody else: another owner with the same question asks the provider', async () => {
    const body = fresh();
    await rig.ask((await rig.issueKey()).text, body, minute);
    const workspaceId = await createLab();
    // Two keys of one person are one owner; a workspace is another one, whoever made its key.
    expect(wordOf(await rig.ask((await rig.issueKey()).text, body, minute))).toBe('hit');
    const lab = (await rig.issueKey({}, workspaceId)).text;
    expect([wordOf(await rig.ask(lab, body, minute)), wordOf(await rig.ask(lab, body, minute))]).toEqual(['miss', 'hit']);
  });

  test('a key that may not use the model finds nothing, although its owner has the answer', async () => {
    const body = fresh();
    await rig.ask((await rig.issueKey()).text, body, minute);
    const said = await rig.ask((await rig.issueKey({ models: ['other'] })).text, body, minute);
    expect([said.status, errorOf(said).code]).toEqual([403, 'model_not_allowed']);
  });

  test('a connection that was changed since is asked anew', async () => {
    const own = await rig.connect({ name: 'Changing', baseUrl: provider.baseUrl });
    const key = (await rig.issueKey()).text;
    const body = { ...fresh(), model: 'Changing/gpt-4o' };
    await rig.ask(key, body, minute);
    expect(wordOf(await rig.ask(key, body, minute))).toBe('hit');
    await rig.change(own.id, { settings: { temperature: 0.5 } });
    expect(wordOf(await rig.ask(key, body, minute))).toBe('miss');
  });

  test('every byte of the question counts, and the wire it came by', async () => {
    const key = (await rig.issueKey()).text;
    const body = fresh();
    await rig.ask(key, body, minute);
    for (const other of [
      { ...body, temperature: 0 },
      { ...body, user: 'x' },
      { ...body, stream: true },
    ])
      expect(wordOf(await rig.ask(key, other, minute))).toBe('miss');
  });
});

describe('what is never kept', () => {
  test('a failure', async () => {
    const key = (await rig.issueKey()).text;
    const body = fresh();
    provider.answer(refusing(400));
    expect((await rig.ask(key, body, minute)).status).toBe(400);
    provider.answer(whole());
    expect(wordOf(await rig.ask(key, body, minute))).toBe('miss');
  });

  test('a stream that broke off', async () => {
    const key = (await rig.issueKey()).text;
    const body = fresh({ stream: true });
    // It ends without a finish and without its mark.
    provider.answer(streaming([roleEvent, sse(chunk({ content: 'Half' }))], 30));
    const broken = readStream((await rig.ask(key, body, minute)).text);
    expect([broken.content, broken.isDone]).toEqual(['Half', false]);
    provider.answer(streaming());
    expect(wordOf(await rig.ask(key, body, minute))).toBe('miss');
    expect(readStream((await rig.ask(key, body, minute)).text).content).toBe(words.join(''));
  });

  test('an answer that is longer than one may be, which is passed on all the same', async () => {
    const key = (await rig.issueKey()).text;
    const body = fresh();
    provider.answer(whole(wholeBody('x'.repeat(answerBytesMax))));
    const long = await rig.ask(key, body, minute);
    expect([long.status, long.text.length > answerBytesMax]).toEqual([200, true]);
    expect(wordOf(await rig.ask(key, body, minute))).toBe('miss');
  });

  test('an answer that is stored under an id: a response asks the provider each time', async () => {
    const key = (await rig.issueKey()).text;
    provider.answer(anthropic);
    await rig.connect({ name: 'Spoken', providerId: 'anthropic', baseUrl: provider.baseUrl, model: 'claude-sonnet-4-5' });
    const ask = () =>
      post(`${rig.url}/v1/responses`, JSON.stringify({ model: 'Spoken/claude-sonnet-4-5', input: 'The same' }), {
        authorization: `Bearer ${key}`,
        ...minute,
      });
    const [first, second] = [await ask(), await ask()];
    expect([first.status, wordOf(first), wordOf(second)], first.text).toEqual([200, undefined, undefined]);
    expect((JSON.parse(first.text) as { id: string }).id).not.toBe((JSON.parse(second.text) as { id: string }).id);
  });
});

describe('other wires', () => {
  test("Anthropic's messages are given again in their own words, and apart by the headers that the provider is sent", async () => {
    const own = await startFakeProvider();
    own.answer(anthropic);
    await rig.connect({ name: 'Claude', providerId: 'anthropic', baseUrl: own.baseUrl, model: 'claude-sonnet-4-5' });
    const key = (await rig.issueKey()).text;
    const body = JSON.stringify({ model: 'Claude/claude-sonnet-4-5', max_tokens: 20, messages: message() });
    const ask = (headers: Record<string, string> = {}) =>
      post(`${rig.url}/v1/messages`, body, { 'x-api-key': key, 'anthropic-version': '2023-06-01', ...minute, ...headers });
    const [first, again] = [await ask(), await ask()];
    expect([first.status, wordOf(first), wordOf(again)]).toEqual([200, 'miss', 'hit']);
    expect(again.text).toBe(first.text);
    expect(wordOf(await ask({ 'anthropic-beta': 'context-1m-2025-08-07' }))).toBe('miss');
    await own.close();
  });

  test('embeddings are given again', async () => {
    const key = (await rig.issueKey()).text;
    const data = [{ object: 'embedding', index: 0, embedding: [0.5] }];
    provider.answer(
      whole(JSON.stringify({ object: 'list', model: 'text-embedding-3-small', data, usage: { prompt_tokens: 2, total_tokens: 2 } })),
    );
    const ask = () =>
      post(`${rig.url}/v1/embeddings`, JSON.stringify({ model: 'Main/text-embedding-3-small', input: 'The same' }), {
        authorization: `Bearer ${key}`,
        ...minute,
      });
    const [first, again] = [await ask(), await ask()];
    expect([first.status, wordOf(first), wordOf(again)]).toEqual([200, 'miss', 'hit']);
    expect(again.text).toBe(first.text);
  });
});

describe('what is held', () => {
  const answer = (bytes: number): KeptAnswer => ({
    isStream: false,
    body: Buffer.alloc(bytes),
    headers: {},
    provider: 'openai',
    model: 'm',
    connectionId: null,
    costNanoUsd: 1,
    keptAtMs: 0,
  });

  test('is bounded, whatever is asked: a flood of large answers pushes the oldest out', async () => {
    const answers = createAnswerCache({ ...systemClock, nowMs: () => 0 });
    for (let number = 0; number < 200; number++) answers.keep(`key ${number}`, answer(answerBytesMax), 10);
    expect(answers.size()).toBeLessThanOrEqual(64 * 1024 * 1024);
    expect(await answers.find('key 199', 10)).toBeDefined();
    expect(await answers.find('key 0', 10)).toBeUndefined();
  });

  test('an answer just as long as one may be is kept, and one byte more is not', async () => {
    const answers = createAnswerCache({ ...systemClock, nowMs: () => 0 });
    answers.keep('most', answer(answerBytesMax), 1);
    answers.keep('more', answer(answerBytesMax + 1), 1);
    expect([(await answers.find('most', 1)) !== undefined, await answers.find('more', 1)]).toEqual([true, undefined]);
  });
});

describe('answers of all instances', () => {
  const nowMs = 1_760_000_000_000;
  const made: KeptAnswer = {
    isStream: true,
    body: Buffer.from('data: {"a":1}\n\ndata: [DONE]\n\n'),
    headers: { 'content-type': 'text/event-stream' },
    provider: 'openai',
    model: 'm\n"é',
    connectionId: null,
    costNanoUsd: 12_345,
    keptAtMs: nowMs - 9_000,
  };
  /** What lies beyond, and how often it was asked. */
  function beyond(values: Map<string, Buffer> = new Map()) {
    const asked: string[] = [];
    const ttls: number[] = [];
    const shared = {
      get: (key: string) => Promise.resolve(values.get((asked.push(key), key)) ?? null),
      set: (key: string, value: Uint8Array, ttlMs: number) => void (values.set(key, Buffer.from(value)), ttls.push(ttlMs)),
    };
    return { shared, asked, ttls };
  }
  const clock = { ...systemClock, nowMs: () => nowMs };

  test('are packed and unpacked as they were', () => {
    expect(unpackedAnswer(packedAnswer(made))).toEqual(made);
    expect(unpackedAnswer(packedAnswer({ ...made, body: Buffer.alloc(0) }))!.body).toHaveLength(0);
  });

  test.each(['', '\n', 'no json\nbody', 'null\nbody', '7\nbody', '{"format":2}\nbody', '{}\n', '{"format":1}'])(
    'of another format are none: %j',
    (text) => {
      expect(unpackedAnswer(Buffer.from(text))).toBe(null);
    },
  );

  test('that one kept another finds, and keeps for itself; it lies there as long as it may be used', async () => {
    const values = new Map<string, Buffer>();
    const [first, second] = [beyond(values), beyond(values)];
    createAnswerCache(clock, first.shared).keep('k', made, 60);
    const answers = createAnswerCache(clock, second.shared);
    expect(await answers.find('k', 60)).toEqual(made);
    expect(await answers.find('k', 60)).toEqual(made);
    expect([first.ttls, second.asked]).toEqual([[60_000], ['answer:k']]);
  });

  test('that are too old for whoever asks are none, and are looked for again where the own one is', async () => {
    const values = new Map<string, Buffer>();
    const { shared, asked } = beyond(values);
    const answers = createAnswerCache(clock, shared);
    answers.keep('k', made, 60);
    expect(await answers.find('k', 9)).toBe(undefined);
    values.set('answer:k', packedAnswer({ ...made, keptAtMs: nowMs - 1_000, model: 'newer' }));
    expect((await answers.find('k', 9))?.model).toBe('newer');
    expect(asked).toEqual(['answer:k', 'answer:k']);
  });

  test('that are too long are kept nowhere', () => {
    const { shared, ttls } = beyond();
    createAnswerCache(clock, shared).keep('k', { ...made, body: Buffer.alloc(answerBytesMax + 1) }, 60);
    expect(ttls).toEqual([]);
  });
});
