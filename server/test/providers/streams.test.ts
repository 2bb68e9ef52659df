/** Streams on their way through: passed on byte for byte or translated, held back until they mean something, and the facts learnt beside them. */
import { describe, expect, test } from 'vitest';
import type { AnswerFacts } from '../../src/providers/calling.ts';
import { providerRow } from '../../src/providers/catalog.ts';
import { anthropic } from '../../src/providers/anthropic/protocol.ts';
import { piecesOfWhole, PassedStream, TranslatedStream } from '../../src/providers/streams.ts';
import type { StreamTaker } from '../../src/providers/taker.ts';
import { chatWriter } from '../../src/providers/writer.ts';
import { chunk, doneEvent, finishEvent, roleEvent, sse, streamEvents, usage, usageEvent } from '../support/fake-provider.ts';

const noFacts = (): AnswerFacts => ({ usage: null, finishReason: null, modelReported: null, contentChars: 0, changed: [] });

interface Passed {
  stream: StreamTaker;
  facts: AnswerFacts;
  text: string;
}

/** Pushes chunks and the end, as the reader of answers does. */
function pass(chunks: readonly (string | Buffer)[], keepsUsage = false): Passed {
  const facts = noFacts();
  const stream = new PassedStream(facts, keepsUsage);
  const pieces: Buffer[] = [];
  for (const part of chunks) pieces.push(...stream.push(Buffer.from(part)).map((piece) => Buffer.from(piece)));
  pieces.push(...stream.end().map((piece) => Buffer.from(piece)));
  return { stream, facts, text: Buffer.concat(pieces).toString('utf8') };
}

const texts = ['héllo ', '😀 ', '世界'];
const sound = streamEvents(texts).join('');
const shown = [roleEvent, ...texts.map((content) => sse(chunk({ content }))), finishEvent].join('');

describe("the house's own wire", () => {
  test('passes every event in the bytes it came in; the end mark is left to the face', () => {
    const { text, stream, facts } = pass([sound]);
    expect(text).toBe(shown);
    expect(stream.isComplete()).toBe(true);
    expect(stream.isDone()).toBe(true);
    expect(facts).toMatchObject({
      finishReason: 'stop',
      modelReported: 'gpt-4o-2024-08-06',
      contentChars: texts.join('').length,
      usage: { tokensIn: 11, tokensOut: 7 },
    });
  });

  test('passes the same bytes wherever the stream is cut in two', () => {
    const bytes = Buffer.from(sound);
    for (let at = 1; at < bytes.length; at++) expect(pass([bytes.subarray(0, at), bytes.subarray(at)]).text, `cut at ${at}`).toBe(shown);
  });

  test('passes the same bytes one at a time', () => {
    const { text, facts } = pass(Array.from(Buffer.from(sound), (byte) => Buffer.from([byte])));
    expect(text).toBe(shown);
    expect(facts.usage?.tokensOut).toBe(7);
  });

  test('a run of kept events in one chunk is one piece: one write for the caller', () => {
    const stream = new PassedStream(noFacts(), false);
    expect(stream.push(Buffer.from(roleEvent + sse(chunk({ content: 'a' })) + sse(chunk({ content: 'b' }))))).toHaveLength(1);
  });

  test('shows the chunk with usage only to who asked for it', () => {
    expect(pass([sound]).text).not.toContain('"choices":[]');
    expect(pass([sound], true).text).toBe(shown + usageEvent);
  });

  test('unknown fields of a provider reach the caller untouched', () => {
    const odd = sse({ ...chunk({ content: 'x', citations: [{ url: 'https://example.org' }] }), x_groq: { id: 'req_1' } });
    expect(pass([roleEvent + odd + finishEvent + doneEvent]).text).toBe(roleEvent + odd + finishEvent);
  });
});

describe('nothing is shown before something is said', () => {
  test('the role alone is held back until content comes', () => {
    const stream = new PassedStream(noFacts(), false);
    expect(stream.push(Buffer.from(roleEvent))).toEqual([]);
    expect(stream.sawEvent()).toBe(false);
    expect(stream.push(Buffer.from(': PROCESSING\n\n'))).toEqual([]);
    const pieces = stream.push(Buffer.from(sse(chunk({ content: 'a' }))));
    expect(pieces.map(String).join('')).toBe(roleEvent + sse(chunk({ content: 'a' })));
    expect(stream.sawEvent()).toBe(true);
  });

  test.each([
    ['reasoning', chunk({ reasoning_content: 'hm' })],
    ['reasoning in the other spelling', chunk({ reasoning: 'hm' })],
    ['a tool call', chunk({ tool_calls: [{ index: 0, id: 'c', type: 'function', function: { name: 'f', arguments: '' } }] })],
    ['a refusal', chunk({ refusal: 'I would rather not.' })],
    ['a finish', chunk({}, 'content_filter')],
  ])('%s is something', (_name, event) => {
    const stream = new PassedStream(noFacts(), false);
    stream.push(Buffer.from(roleEvent));
    expect(stream.push(Buffer.from(sse(event)))).not.toEqual([]);
  });

  test('an error that comes first leaves nothing shown', () => {
    const { text, stream } = pass([roleEvent + sse({ error: { message: 'no', type: 'overloaded_error' } })]);
    expect(text).toBe('');
    expect(stream.failure()?.fault).toBe('overloaded');
    expect(stream.isComplete()).toBe(false);
  });
});

describe('other forms of the same stream', () => {
  test.each([
    ['CRLF', sound.replaceAll('\n', '\r\n')],
    ['lone CR', sound.replaceAll('\n', '\r')],
    ['a byte order mark', `\uFEFF${sound}`],
    ['no space after the colon', sound.replaceAll('data: ', 'data:')],
    ['comments between', sound.replaceAll('data: ', ': ping\n\ndata: ')],
    ['ids, names and retry lines', sound.replaceAll('data: ', 'event: message\nid: 1\nretry: 1\ndata: ')],
  ])('%s: the caller reads the same events, in the plain form', (_name, text) => {
    const bytes = Buffer.from(text);
    expect(pass([bytes]).text).toBe(shown);
    for (const at of [1, 5, 50, bytes.length - 3, bytes.length - 1])
      expect(pass([bytes.subarray(0, at), bytes.subarray(at)]).text, `cut at ${at}`).toBe(shown);
  });

  test('what steers a client is not passed on: a provider must not set ids or pauses of our callers', () => {
    const { text } = pass([`id: 9\nretry: 999999\n${sse(chunk({ content: 'a' }))}${finishEvent}${doneEvent}`]);
    expect(text).not.toMatch(/^(id|retry|event):/m);
    expect(text).toContain('"content":"a"');
  });

  test('a last event without its empty line counts', () => {
    const { stream, text } = pass([roleEvent + sse(chunk({ content: 'a' })) + finishEvent.trimEnd()]);
    expect(stream.isComplete()).toBe(true);
    expect(text).toContain('"finish_reason":"stop"');
  });
});

describe('the end of a stream', () => {
  test('without a finish or an end mark is no end (E6)', () => {
    expect(pass([roleEvent + sse(chunk({ content: 'a' }))]).stream.isComplete()).toBe(false);
  });

  test('a finish makes up for a missing end mark', () => {
    expect(pass([roleEvent + sse(chunk({ content: 'a' })) + finishEvent]).stream.isComplete()).toBe(true);
  });

  test('an end mark before anything was said is not an answer', () => {
    expect(pass([doneEvent]).stream.isComplete()).toBe(false);
  });

  test('what follows the end mark is not passed on (E16)', () => {
    expect(pass([sound + sse(chunk({ content: 'AFTERWARDS' }))]).text).toBe(shown);
    expect(pass([sound, sse(chunk({ content: 'AFTERWARDS' }))]).text).toBe(shown);
  });

  test('one broken event is passed over, the second one is a failure (E8)', () => {
    const broken = 'data: {"choices"\n\n';
    const once = pass([roleEvent + sse(chunk({ content: 'a' })) + broken + finishEvent + doneEvent]);
    expect(once.stream.failure()).toBeNull();
    expect(once.text).not.toContain(broken);
    expect(pass([roleEvent + sse(chunk({ content: 'a' })) + broken + broken]).stream.failure()?.fault).toBe('invalid_response');
  });
});

describe('usage in a stream', () => {
  test('the last one that makes sense counts (E15)', () => {
    const growing = [1, 3, 7].map((completion) =>
      sse(chunk({ content: 'x' }, null, { usage: { ...usage, completion_tokens: completion } })),
    );
    const nonsense = sse(chunk({ content: 'x' }, null, { usage: { prompt_tokens: -1, completion_tokens: 1e308 } }));
    expect(pass([...growing, nonsense, finishEvent, doneEvent]).facts.usage).toMatchObject({ tokensIn: 11, tokensOut: 7 });
  });

  test('none stays none, and what was said is counted for an estimate', () => {
    const { facts } = pass([roleEvent, sse(chunk({ content: 'twelve chars' })), finishEvent, doneEvent]);
    expect(facts).toMatchObject({ usage: null, contentChars: 12 });
  });
});

describe('another wire', () => {
  const to = { row: providerRow('anthropic')!, baseUrl: 'https://api.anthropic.com/v1', settings: {}, model: 'claude-sonnet-5' };
  const event = (value: { type: string } & Record<string, unknown>): string => `event: ${value.type}\ndata: ${JSON.stringify(value)}\n\n`;
  const start = event({
    type: 'message_start',
    message: {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model: 'claude-sonnet-5',
      content: [],
      stop_reason: null,
      usage: { input_tokens: 9, output_tokens: 1 },
    },
  });
  const block = event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } });
  const say = (text: string): string => event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } });
  const rest =
    event({ type: 'content_block_stop', index: 0 }) +
    event({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 4 } }) +
    event({ type: 'message_stop' });
  const open = (wantsUsage: boolean): { stream: TranslatedStream; facts: AnswerFacts } => {
    const facts = noFacts();
    return {
      facts,
      stream: new TranslatedStream(facts, anthropic.streamReader(to, { createdS: 1, id: 'chatcmpl-1' }), anthropic, chatWriter(wantsUsage)),
    };
  };

  test("is told in the house's chunks, wherever it is cut", () => {
    const bytes = Buffer.from(start + block + say('héllo ') + say('世界') + rest);
    const told = (cut: number): string => {
      const { stream } = open(false);
      return [...stream.push(bytes.subarray(0, cut)), ...stream.push(bytes.subarray(cut)), ...stream.end()].join('');
    };
    const whole = told(0);
    expect(whole.match(/"content":"[^"]+"/g)?.join('')).toBe('"content":"héllo ""content":"世界"');
    for (let cut = 1; cut < bytes.length; cut += 3) expect(told(cut), `cut at ${cut}`).toBe(whole);
  });

  test('is held back until something is said; pings say nothing', () => {
    const { stream } = open(false);
    expect(stream.push(Buffer.from(start + block + event({ type: 'ping' })))).toEqual([]);
    expect(stream.sawEvent()).toBe(false);
    expect(stream.push(Buffer.from(say('a'))).length).toBeGreaterThan(0);
    expect(stream.sawEvent()).toBe(true);
    expect(stream.push(Buffer.from(event({ type: 'ping' })))).toEqual([]);
    expect(stream.sawEvent()).toBe(false);
  });

  test('usage is learnt always and told only to who asked', () => {
    for (const wantsUsage of [false, true]) {
      const { stream, facts } = open(wantsUsage);
      const text = [...stream.push(Buffer.from(start + block + say('a') + rest)), ...stream.end()].join('');
      expect(facts.usage).toMatchObject({ tokensIn: 9, tokensOut: 4 });
      expect(text.includes('"prompt_tokens":9')).toBe(wantsUsage);
      expect(stream.isComplete()).toBe(true);
    }
  });

  test('an end that was not said is no end', () => {
    const { stream } = open(false);
    stream.push(Buffer.from(start + block + say('a')));
    stream.end();
    expect(stream.isComplete()).toBe(false);
  });

  test('an end is told once', () => {
    const { stream } = open(true);
    stream.push(Buffer.from(start + block + say('a') + rest));
    stream.end();
    expect(stream.end()).toEqual([]);
  });
});

describe('a whole answer told as a stream (E3)', () => {
  const response = {
    id: 'c',
    object: 'chat.completion' as const,
    created: 1,
    model: 'm',
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant' as const,
          content: 'all of it',
          tool_calls: [{ id: 't', type: 'function' as const, function: { name: 'f', arguments: '{}' } }],
        },
        finish_reason: 'tool_calls' as const,
      },
    ],
    usage,
  };

  test('says everything once, then the end', () => {
    const pieces = piecesOfWhole(response, chatWriter(false));
    const { facts, stream } = pass([...pieces, doneEvent]);
    expect(facts).toMatchObject({ finishReason: 'tool_calls', contentChars: 'all of it'.length + 'f'.length + '{}'.length });
    expect(stream.isComplete()).toBe(true);
    expect(pieces.join('')).not.toContain('"usage"');
    expect(pieces[0]).toContain('"index":0,"id":"t"'.split(',')[0]);
  });

  test('usage comes last, for who asked', () => {
    expect(piecesOfWhole(response, chatWriter(true)).at(-1)).toBe(
      sse({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [], usage }),
    );
  });
});
