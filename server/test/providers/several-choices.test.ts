/** Streams of an answer with several choices: the end of one of them is not the end of the answer, however long the others write. */
import { expect, describe, onTestFinished, test } from 'vitest';
import type { ChatRequest } from '../../src/domain/chat.ts';
import type { ConnectionSettings } from '../../src/domain/connection.ts';
import type { UpstreamFailure } from '../../src/domain/errors.ts';
import { callProvider } from '../../src/providers/call.ts';
import { callOperation } from '../../src/providers/call-operation.ts';
import type { AnswerFacts, Call, CallSink } from '../../src/providers/calling.ts';
import { providerRow } from '../../src/providers/catalog.ts';
import { choicesOf, createChoiceEnds, product } from '../../src/providers/choices.ts';
import { operations } from '../../src/providers/operations/operations.ts';
import { openai } from '../../src/providers/openai/protocol.ts';
import { createStreamScanner } from '../../src/providers/openai/scan.ts';
import { TranslatedStream } from '../../src/providers/streams.ts';
import { chatWriter } from '../../src/providers/writer.ts';
import { newEgress } from '../egress/wire.ts';
import { chunk, doneEvent, sse, startFakeProvider, usageEvent, type Answer } from '../support/fake-provider.ts';
import { movingClock, type MovingClock } from '../support/moving-clock.ts';
import { turns, until } from '../support/wait.ts';
import { requestOf, timeouts } from './call-kit.ts';

const of = (index: number, delta: Record<string, unknown>, finish: string | null = null): string =>
  sse({ ...chunk({}), choices: [{ index, delta, finish_reason: finish }] });
const word = (index: number, content: string): string => of(index, { content });
const finish = (index: number): string => of(index, {}, 'stop');

interface Heard {
  text: string;
  end: 'stream' | 'whole' | null;
  failure: UpstreamFailure | null;
  facts: AnswerFacts | null;
  done: Promise<void>;
}

interface Asked {
  body?: ChatRequest;
  row?: string;
  settings?: ConnectionSettings;
  /** An operation in the place of a conversation. */
  isCompletion?: boolean;
  /** Pictures in the place of a conversation. */
  isPicture?: boolean;
}

/** Asks a provider that answers so, on a clock of the test's own. */
async function ask(
  answer: Answer,
  { body = { n: 2 }, row = 'openai', settings = {}, isCompletion = false, isPicture = false }: Asked = {},
  clock: MovingClock,
) {
  const fake = await startFakeProvider();
  onTestFinished(() => fake.close());
  fake.answer(answer);
  const { promise, resolve } = Promise.withResolvers<void>();
  const heard: Heard = { text: '', end: null, failure: null, facts: null, done: promise };
  const end = (facts: AnswerFacts): void => {
    heard.facts = { ...facts };
    resolve();
  };
  const sink: CallSink = {
    onWhole: (_body, facts) => ((heard.end = 'whole'), end(facts)),
    onPiece: (piece) => ((heard.text += String(piece)), true),
    onStreamEnd: (facts) => ((heard.end = 'stream'), end(facts)),
    onFailure: (failure, facts) => ((heard.failure = failure), end(facts)),
  };
  const call: Call = {
    to: { row: providerRow(row)!, baseUrl: `${fake.origin}/v1`, settings, model: 'gpt-4o' },
    origin: fake.origin,
    trust: 'administrator',
    secret: 'sk-test',
    customHeaders: {},
    request: { ...requestOf({ messages: [], stream: true, ...body }), wantsUsage: false },
    timeouts,
    moment: { createdS: 1, id: 'chatcmpl-1' },
  };
  const deps = { egress: newEgress(), clock };
  if (isPicture) callOperation(deps, call, operations['images.generations'], 'pass', sink);
  else if (isCompletion) callOperation(deps, call, operations.completions, 'pass', sink);
  else callProvider(deps, call, sink);
  return { heard, fake };
}

/** One choice ends at once; the other one writes a word a second, so many of them. */
const slowly =
  (clock: MovingClock, words: number, last: readonly string[], isBroken = false): Answer =>
  async ({ response }) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(of(0, { role: 'assistant' }) + of(1, { role: 'assistant' }) + word(0, 'Yes.') + finish(0));
    for (let count = 0; count < words && !response.destroyed; count++) {
      response.write(word(1, `w${count} `));
      await turns();
      clock.move(1_000);
    }
    response.write(last.join(''));
    await turns();
    if (isBroken) response.destroy();
    else response.end();
  };

const allWords = Array.from({ length: 16 }, (_, count) => `w${count} `);

describe('one of two choices that has ended', () => {
  test.each<[string, Asked]>([
    ['the caller asks for two', {}],
    ['the connection asks for two', { body: {}, settings: { parameters: { n: 2 } } }],
    ['two prompts are asked at once', { body: { prompt: ['a', 'b'] }, isCompletion: true }],
    ['two texts of one prompt are asked for', { body: { prompt: 'a', n: 2 }, isCompletion: true }],
  ])('does not end the other one, which writes for sixteen seconds more, where %s', async (_name, asked) => {
    const clock = movingClock();
    const { heard } = await ask(slowly(clock, 16, [finish(1), usageEvent, doneEvent]), asked, clock);
    await heard.done;
    expect(heard.end).toBe('stream');
    for (const said of allWords) expect(heard.text).toContain(said);
    expect(heard.text.match(/"finish_reason":"stop"/g)).toHaveLength(2);
    expect(heard.facts?.usage).toMatchObject({ tokensIn: 11, tokensOut: 7 });
  });

  test('is no answer where the line breaks: the other one is lost', async () => {
    const clock = movingClock();
    const { heard } = await ask(slowly(clock, 2, [], true), {}, clock);
    await heard.done;
    expect([heard.end, heard.failure?.fault]).toEqual([null, 'connection_lost']);
    expect(heard.facts?.contentChars).toBe('Yes.w0 w1 '.length);
  });

  test('is no answer where the provider closes the line in the middle of the other one', async () => {
    const clock = movingClock();
    const { heard } = await ask(slowly(clock, 2, []), {}, clock);
    await heard.done;
    expect([heard.end, heard.failure?.fault]).toEqual([null, 'connection_lost']);
  });

  test('is no answer where the other one falls silent for too long', async () => {
    const clock = movingClock();
    const { heard } = await ask(
      ({ response }) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(word(0, 'Yes.') + finish(0) + word(1, 'Well, '));
      },
      {},
      clock,
    );
    await until(() => heard.text.includes('Well'));
    clock.move(59_000);
    expect(heard.failure).toBeNull();
    clock.move(1_000);
    await heard.done;
    expect([heard.end, heard.failure?.fault]).toEqual([null, 'stalled']);
  });
});

describe('candidates of Google', () => {
  const candidate = (index: number, words: string, finishReason?: string): string =>
    sse({ candidates: [{ index, content: { parts: [{ text: words }] }, ...(finishReason && { finishReason }) }] });

  test('one that has ended before the next has begun ends neither it nor the answer', async () => {
    const clock = movingClock();
    const { heard, fake } = await ask(
      async ({ response }) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(candidate(0, 'Yes.', 'STOP'));
        for (let count = 0; count < 16 && !response.destroyed; count++) {
          await turns();
          clock.move(1_000);
          response.write(candidate(1, `w${count} `));
        }
        response.end(candidate(1, 'No.', 'STOP'));
      },
      { row: 'gemini' },
      clock,
    );
    await heard.done;
    expect(fake.received[0]!.json).toMatchObject({ generationConfig: { candidateCount: 2 } });
    expect([heard.end, heard.failure]).toEqual(['stream', null]);
    for (const said of [...allWords, 'No.']) expect(heard.text).toContain(said);
    expect(heard.text.match(/"finish_reason":"stop"/g)).toHaveLength(2);
  });

  test('fewer than were asked for are an answer when the line is closed', async () => {
    const clock = movingClock();
    const { heard } = await ask(
      ({ response }) => void response.writeHead(200, { 'content-type': 'text/event-stream' }).end(candidate(0, 'Yes.', 'STOP')),
      { row: 'gemini' },
      clock,
    );
    await heard.done;
    expect([heard.end, heard.failure]).toEqual(['stream', null]);
    expect(heard.text.match(/"finish_reason":"stop"/g)).toHaveLength(1);
  });
});

describe('pictures', () => {
  const picture = (bytes: string): string =>
    `event: image_generation.completed\n${sse({ type: 'image_generation.completed', b64_json: bytes })}`;

  test.each([2, 3])('the first that is finished does not end the second, which takes longer (%s asked for)', async (count) => {
    const clock = movingClock();
    const { heard } = await ask(
      async ({ response }) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(picture('AAAA'));
        for (let second = 0; second < 20; second++) {
          await turns();
          clock.move(1_000);
        }
        response.end(picture('BBBB'));
      },
      { body: { prompt: 'a cat', n: count }, isPicture: true },
      clock,
    );
    await heard.done;
    expect([heard.end, heard.failure]).toEqual(['stream', null]);
    for (const bytes of ['AAAA', 'BBBB']) expect(heard.text).toContain(bytes);
  });
});

describe('when every choice has ended', () => {
  test('the line that stays open is waited for five seconds, and no longer (E19)', async () => {
    const clock = movingClock();
    const { heard } = await ask(
      ({ response }) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(word(0, 'Yes.') + finish(0) + word(1, 'No.') + finish(1));
      },
      {},
      clock,
    );
    await until(() => heard.text.split('"stop"').length === 3);
    clock.move(4_000);
    expect(heard.end).toBeNull();
    clock.move(1_000);
    await heard.done;
    expect(heard.end).toBe('stream');
  });

  test.each([true, false])('a line that breaks or closes then has said everything (broken %s)', async (isBroken) => {
    const clock = movingClock();
    const { heard } = await ask(slowly(clock, 1, [finish(1)], isBroken), {}, clock);
    await heard.done;
    expect([heard.end, heard.failure]).toEqual(['stream', null]);
  });

  test.each<[string, Asked]>([
    ['gives fewer choices than were asked for', {}],
    ['is asked for one, since its row knows no more', { row: 'groq', body: { n: 4 } }],
  ])('a provider that %s is done when it closes the line', async (_name, asked) => {
    const clock = movingClock();
    const { heard } = await ask(
      ({ response }) => void response.writeHead(200, { 'content-type': 'text/event-stream' }).end(word(0, 'Yes.') + finish(0)),
      asked,
      clock,
    );
    await heard.done;
    expect([heard.end, heard.failure]).toEqual(['stream', null]);
  });

  test('a provider that was asked for one in the end is waited for no longer than for one', async () => {
    const clock = movingClock();
    const { heard, fake } = await ask(
      ({ response }) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(word(0, 'Yes.') + finish(0));
      },
      { row: 'groq', body: { n: 4 } },
      clock,
    );
    await until(() => heard.text.includes('"stop"'));
    clock.move(5_000);
    await heard.done;
    expect(heard.end).toBe('stream');
    expect(fake.received[0]!.json['n']).toBe(1);
  });
});

describe('a stream that is put into other words', () => {
  const answer = (asked: number, ...events: string[]) => {
    const facts: AnswerFacts = { usage: null, finishReason: null, modelReported: null, contentChars: 0, changed: [] };
    const reader = openai.streamReader(
      { row: providerRow('openai')!, baseUrl: 'http://127.0.0.1', settings: {}, model: 'm' },
      { createdS: 1, id: 'chatcmpl-1' },
    );
    const stream = new TranslatedStream(facts, reader, openai, chatWriter(false), undefined, asked);
    for (const event of events) stream.push(Buffer.from(event));
    const before = stream.isComplete();
    stream.end();
    return [before, stream.isComplete()];
  };

  test.each<[string, number, string[], boolean[]]>([
    ['one end of two', 2, [word(0, 'a'), word(1, 'b'), finish(0)], [false, false]],
    ['both ends', 2, [word(0, 'a'), finish(0), word(1, 'b'), finish(1)], [true, true]],
    ['the only end of two that were asked for', 2, [word(0, 'a'), finish(0)], [false, true]],
    ['the only end of one', 1, [word(0, 'a'), finish(0)], [true, true]],
  ])('is whole after %s as it would be in its own', (_name, asked, events, expected) => {
    expect(answer(asked, ...events)).toEqual(expected);
  });
});

describe('the scanner', () => {
  const facts = (asked: number, ...events: string[]) => {
    const scanner = createStreamScanner(asked);
    for (const event of events) scanner.push({ event: 'message', data: event.slice('data: '.length, -2) });
    return [scanner.facts.isComplete, scanner.facts.isCompleteAtEnd];
  };

  test.each<[string, number, string[], boolean[]]>([
    ['nothing', 2, [], [false, false]],
    ['a beginning', 2, [word(0, 'a')], [false, false]],
    ['one end of two that began', 2, [word(0, 'a'), word(1, 'b'), finish(0)], [false, false]],
    ['one end where the other has not begun', 2, [word(0, 'a'), finish(0)], [false, true]],
    ['the same end twice', 2, [word(1, 'b'), finish(0), finish(0)], [false, false]],
    ['both ends', 2, [finish(0), finish(1)], [true, true]],
    ['one of one', 1, [finish(0)], [true, true]],
    ['an end under another index than its words', 1, [word(1, 'a'), finish(0)], [true, true]],
    ['the end mark, whatever was open', 3, [word(0, 'a'), word(1, 'b'), doneEvent], [true, true]],
  ])('knows after %s whether the answer is whole', (_name, asked, events, expected) => {
    expect(facts(asked, ...events)).toEqual(expected);
  });
});

describe('counts', () => {
  test('of choices are at least one and at most exact, in quotes or not', () => {
    expect([undefined, null, 'x', {}, 0, -3, NaN, 1, '1', 1.2, 8, '8', Infinity, '1e999'].map(choicesOf)).toEqual([
      1,
      1,
      1,
      1,
      1,
      1,
      1,
      1,
      1,
      2,
      8,
      8,
      Number.MAX_SAFE_INTEGER,
      Number.MAX_SAFE_INTEGER,
    ]);
  });

  test('are multiplied up to the largest exact number, and nothing stays nothing', () => {
    expect([product(3, 4), product(0, Infinity), product(Infinity, 0), product(2 ** 40, 2 ** 40), product(2, Infinity)]).toEqual([
      12,
      0,
      0,
      Number.MAX_SAFE_INTEGER,
      Number.MAX_SAFE_INTEGER,
    ]);
  });

  test('of indexes are bounded, however many a provider makes up', () => {
    const ends = createChoiceEnds(5_000);
    for (let index = 0; index < 10_000; index++) ends.saw(index, true);
    expect([ends.haveAllEnded(), ends.isNoneOpen()]).toEqual([false, true]);
  });
});
