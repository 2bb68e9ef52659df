/** Every pair of a provider's wire and a caller's: whatever was answered, and however, the caller reads what the provider said. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ChatChunk, ChatResponse } from '../../src/domain/chat.ts';
import { messageOf } from '../../src/faces/anthropic/answer.ts';
import { createMessageWriter } from '../../src/faces/anthropic/stream.ts';
import { createLineWriter, wholeOf, type Frame } from '../../src/faces/ollama/answer.ts';
import { callerWireOf, newExchange } from '../../src/faces/responses/wire.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createSseReader, type SseEvent } from '../../src/lib/sse.ts';
import { assemble } from '../../src/providers/assemble.ts';
import type { AnswerFacts } from '../../src/providers/calling.ts';
import { MirroredStream } from '../../src/providers/mirror.ts';
import { piecesOfWhole, TranslatedStream } from '../../src/providers/streams.ts';
import type { Destination } from '../../src/providers/protocol.ts';
import { protocolOf } from '../../src/providers/protocols.ts';
import type { Json } from '../../src/providers/shape.ts';
import { usageOf } from '../../src/providers/usage.ts';
import { wireOf } from '../../src/providers/wires.ts';
import { chatWriter, type AnswerWriter } from '../../src/providers/writer.ts';
import { destination, moment } from '../providers/kit.ts';
import { ollamaStream, responsesStream, responsesWhole } from './oracle-more.ts';
import { anthropicStream, anthropicWhole, openaiStream, openaiWhole, type Said } from './oracle.ts';

const own = join(import.meta.dirname, 'fixtures');
/** Answers recorded at real providers, beside the repository where somebody has them; they are never copied into it. */
const recorded = resolve(import.meta.dirname, '../../../../shared/fixtures/providers');

const folders = [
  { path: join(own, 'openai'), provider: 'openai', settings: {} },
  { path: join(own, 'anthropic'), provider: 'anthropic', settings: {} },
  { path: join(own, 'gemini'), provider: 'gemini', settings: {} },
  { path: join(own, 'ollama'), provider: 'ollama', settings: {} },
  { path: join(own, 'bedrock'), provider: 'bedrock', settings: {} },
  { path: join(own, 'responses'), provider: 'openai', settings: { wire: 'responses' } },
  { path: join(recorded, 'openai-chat'), provider: 'openai', settings: {} },
  { path: join(recorded, 'deepseek'), provider: 'deepseek', settings: {} },
  { path: join(recorded, 'mistral'), provider: 'mistral', settings: {} },
  { path: join(recorded, 'xai'), provider: 'xai', settings: {} },
  { path: join(recorded, 'anthropic'), provider: 'anthropic', settings: {} },
  { path: join(recorded, 'gemini'), provider: 'gemini', settings: {} },
  { path: join(recorded, 'bedrock'), provider: 'bedrock', settings: {} },
  { path: join(recorded, 'openai-responses'), provider: 'openai', settings: { wire: 'responses' } },
].filter(({ path }) => existsSync(path));

interface Fixture {
  name: string;
  to: Destination;
  source: string;
}

const fixtures = (ending: string): Fixture[] =>
  folders.flatMap(({ path, provider, settings }) =>
    readdirSync(path)
      .filter((file) => file.endsWith(ending))
      .map((file) => ({
        name: `${path.startsWith(own) ? '' : 'recorded '}${basename(path)}/${file}`,
        to: destination(provider, 'asked-model', settings),
        source: readFileSync(join(path, file), 'utf8'),
      })),
  );

const isError = ({ source }: Fixture): boolean => Boolean((JSON.parse(source) as { error?: unknown }).error);
const linesOf = (source: string): string[] => source.split('\n').filter((line) => line.trim() !== '');
const wholes = fixtures('.json').filter((fixture) => !isError(fixture));
const streams = fixtures('.chunks.txt').filter(
  ({ source }) => !linesOf(source).some((line) => (JSON.parse(line) as Json)['type'] === 'error'),
);

/** The events as their framing hands them to a reader. */
function eventsOf({ to, source }: Fixture): SseEvent[] {
  return linesOf(source).map((data) => {
    const body = JSON.parse(data) as Json;
    if (to.row.protocol !== 'bedrock') return { event: typeof body['type'] === 'string' ? body['type'] : 'message', data };
    const [event, payload] = Object.entries(body)[0]!;
    return { event, data: JSON.stringify(payload) };
  });
}

function chunksOf(fixture: Fixture): ChatChunk[] {
  const reader = protocolOf(fixture.to.row).streamReader(fixture.to, moment);
  const chunks = eventsOf(fixture).flatMap((event) => reader.push(event));
  const events = fixture.to.row.protocol === 'openai' ? reader.push({ event: 'message', data: '[DONE]' }) : [];
  const end = reader.end();
  expect(end.isComplete).toBe(true);
  return [...chunks, ...events, ...end.chunks];
}

/** What the house understood, which the suite beside this one compares with the vendor's own bytes. */
function houseSaid(answer: ChatResponse): Said {
  const choice = answer.choices.find(({ index }) => index === 0);
  const usage = usageOf(answer.usage);
  return {
    text: choice?.message.content ?? '',
    reasoning: choice?.message.reasoning_content ?? '',
    refusal: (choice?.message.refusal ?? '') !== '',
    calls: (choice?.message.tool_calls ?? []).map((call) => ({
      id: call.id,
      name: call.function.name,
      input: JSON.parse(call.function.arguments || '{}') as unknown,
    })),
    finish: choice?.finish_reason ?? '',
    tokensIn: usage?.tokensIn ?? -1,
    tokensOut: usage?.tokensOut ?? -1,
    tokensCached: usage?.tokensCached ?? -1,
  };
}

interface Caller {
  id: string;
  writer(): AnswerWriter;
  whole(answer: ChatResponse): string;
  readStream(lines: readonly string[]): Said;
  readWhole(source: string): Said;
  /** How this wire tells what another tells apart. */
  expected(said: Said, answer: ChatResponse): Said;
  laws(events: readonly Json[]): void;
}

const refusalOf = (answer: ChatResponse): string => answer.choices[0]?.message.refusal ?? '';
/** Thoughts that were told in pieces are joined with a gap in one wire and without in another. */
const bare = (said: Said): Said => ({ ...said, reasoning: said.reasoning.replaceAll(/\s+/g, ' ').replaceAll(' ', '') });

/** The oracle reads the first choice that it meets: here that is the first of several. */
const isFirst = (chunk: ChatChunk): boolean => chunk.choices.length === 0 || chunk.choices.some(({ index }) => index === 0);
const firstOnly = (answer: ChatResponse): ChatResponse => ({ ...answer, choices: answer.choices.filter(({ index }) => index === 0) });

/** One exchange for each answer, as for each request. */
const exchange = (): ReturnType<typeof callerWireOf> =>
  callerWireOf(newExchange('00000000-0000-7000-8000-000000000000', 1), Buffer.from('{}'), {}, null);

const callers: readonly Caller[] = [
  {
    id: 'chat',
    writer: () => chatWriter(true),
    whole: (answer) => JSON.stringify(answer),
    readStream: (lines) => openaiStream(lines.filter((line) => isFirst(JSON.parse(line) as ChatChunk))),
    readWhole: (source) => openaiWhole(JSON.stringify(firstOnly(JSON.parse(source) as ChatResponse))),
    expected: (said) => said,
    laws: (events) =>
      expect(
        events.filter((event) => (event as unknown as ChatChunk).choices.some((one) => one.index === 0 && one.finish_reason !== null)),
      ).toHaveLength(1),
  },
  {
    id: 'messages',
    writer: () => createMessageWriter(1),
    whole: (answer) => JSON.stringify(messageOf(answer, 1)),
    readStream: anthropicStream,
    readWhole: anthropicWhole,
    // A refusal is a text here, and a reason to stop where the provider said so.
    expected: (said, answer) => {
      const isOwn = said.text === '' && (answer.choices[0]?.message.patchbay?.blocks?.length ?? 0) > 0;
      return {
        ...said,
        text: said.text + (isOwn ? '' : refusalOf(answer)),
        refusal: said.finish === 'content_filter',
      };
    },
    laws: messageLaws,
  },
  {
    id: 'responses',
    writer: () => exchange().writer(),
    whole: (answer) => exchange().whole(answer),
    readStream: responsesStream,
    readWhole: responsesWhole,
    expected: (said) => said,
    laws: responseLaws,
  },
  lineCaller('chat'),
  lineCaller('generate'),
];

/** Ollama's two forms. It tells neither why a provider would not answer nor what lay in a cache, and a prompt calls no tools. */
function lineCaller(kind: Frame['kind']): Caller {
  const frame: Frame = { kind, clock: systemClock, startedMs: 0, tokensIn: 1 };
  const asChat = (source: string): string => {
    if (kind === 'chat') return source;
    const { response, thinking, tool_calls: calls, ...line } = JSON.parse(source) as Json;
    return JSON.stringify({ ...line, message: { content: response, thinking, tool_calls: calls } });
  };
  const readStream = (lines: readonly string[]): Said => ollamaStream(lines.map(asChat));
  return {
    id: `ollama ${kind}`,
    writer: () => createLineWriter(frame),
    whole: (answer) => wholeOf(frame, answer),
    readStream,
    readWhole: (source) => readStream([source]),
    expected: (said, answer) => ({
      ...said,
      text: said.text + refusalOf(answer),
      refusal: false,
      finish: said.finish === 'length' ? 'length' : said.calls.length > 0 ? 'tool_calls' : 'stop',
      // Where nothing was counted this wire has an estimate all the same.
      tokensIn: said.tokensIn < 0 ? 1 : said.tokensIn,
      tokensCached: 0,
    }),
    laws(events) {
      expect(events.map(({ done }) => done)).toEqual(events.map((_, at) => at === events.length - 1));
      expect(events.at(-1)).toMatchObject({ total_duration: expect.any(Number) as number, done_reason: expect.any(String) as string });
    },
  };
}

function messageLaws(events: readonly Json[]): void {
  const types = events.map((event) => event['type']);
  expect(types[0]).toBe('message_start');
  expect(
    types.filter((type) => type === 'message_delta'),
    'exactly one finish',
  ).toHaveLength(1);
  expect(types.at(-1)).toBe('message_stop');
  let open: unknown = null;
  let next = 0;
  for (const event of events) {
    if (event['type'] === 'content_block_start') {
      expect([open, event['index']], 'blocks are numbered densely, one at a time').toEqual([null, next++]);
      open = event['index'];
    }
    if (event['type'] === 'content_block_delta') expect(event['index']).toBe(open);
    if (event['type'] === 'content_block_stop') {
      expect(event['index']).toBe(open);
      open = null;
    }
  }
  expect(open).toBeNull();
}

function responseLaws(events: readonly Json[]): void {
  expect(
    events.map((event) => event['sequence_number']),
    'numbered densely',
  ).toEqual(events.map((_, at) => at));
  const ends = events.filter(({ type }) => type === 'response.completed' || type === 'response.incomplete');
  expect(ends, 'exactly one finish').toEqual([events.at(-1)]);
  const added = events.filter(({ type }) => type === 'response.output_item.added').map((event) => event['output_index']);
  expect(added, 'items are numbered densely, in order').toEqual(added.map((_, at) => at));
  const done = events.filter(({ type }) => type === 'response.output_item.done');
  expect(done.map((event) => event['output_index']).toSorted((a, b) => Number(a) - Number(b))).toEqual(added);
  const { output } = ends[0]!['response'] as { output: Json[] };
  for (const event of done) expect(output[Number(event['output_index'])]).toEqual(event['item']);
  for (const item of output) {
    const deltas = events.filter((event) => event['item_id'] === item['id'] && String(event['type']).endsWith('.delta'));
    const whole =
      item['type'] === 'message' ? textOf(item['content']) : item['type'] === 'reasoning' ? textOf(item['summary']) : item['arguments'];
    expect(deltas.map((event) => event['delta']).join(''), 'the pieces are the whole').toBe(whole);
  }
}

const textOf = (parts: unknown): string => (parts as Json[]).map((part) => part['text'] ?? part['refusal']).join('');

/** What a caller reads, event by event; the last one is held back by this wire's writer and told by its face. */
function written(caller: Caller, pieces: (writer: AnswerWriter) => string): Json[] {
  if (caller.id === 'responses') {
    const state = newExchange('00000000-0000-7000-8000-000000000000', 1);
    const text = pieces(callerWireOf(state, Buffer.from('{}'), {}, null).writer());
    return parsed(text + state.last);
  }
  return parsed(pieces(caller.writer()));
}

const parsed = (text: string): Json[] =>
  createSseReader()
    .push(Buffer.from(text))
    .map((event) => JSON.parse(event.data) as Json);
const asLines = (events: readonly Json[]): string[] => events.map((event) => JSON.stringify(event));

describe.each(callers)('a caller of the $id wire', (caller) => {
  test.each(streams.map((fixture) => [fixture.name, fixture] as const))('reads %s as its vendor meant it', (_name, fixture) => {
    const chunks = chunksOf(fixture);
    const events = written(caller, (writer) => chunks.map((chunk) => writer.chunk(chunk)).join('') + writer.end());
    const answer = assemble(chunks);
    caller.laws(events);
    expect(bare(caller.readStream(asLines(events)))).toEqual(bare(caller.expected(houseSaid(answer), answer)));
  });

  test.each(wholes.map((fixture) => [fixture.name, fixture] as const))('reads %s whole, and told as a stream', (_name, { to, source }) => {
    const answer = protocolOf(to.row).fromVendor(JSON.parse(source), to, moment);
    const expected = bare(caller.expected(houseSaid(answer), answer));
    expect(bare(caller.readWhole(caller.whole(answer)))).toEqual(expected);
    const events = written(caller, (writer) => piecesOfWhole(answer, writer).join(''));
    caller.laws(events);
    expect(bare(caller.readStream(asLines(events)))).toEqual(expected);
  });

  test('takes chunks that say nothing, and fields that nobody knows', () => {
    const head = { id: 'c', object: 'chat.completion.chunk' as const, created: 1, model: 'm' };
    const strange = { ...head, choices: [{ index: 0, delta: { brand_new: [1] }, finish_reason: null, odd: true }], more: {} };
    const chunks: ChatChunk[] = [
      { ...head, choices: [] },
      strange,
      { ...head, choices: [{ index: 0, delta: { role: 'assistant', content: 'x' }, finish_reason: null }] },
      strange,
      { ...head, choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] },
    ];
    const events = written(caller, (writer) => chunks.map((chunk) => writer.chunk(chunk)).join('') + writer.end());
    caller.laws(events);
    expect(caller.readStream(asLines(events)).text).toBe('x');
  });
});

describe('the same wire on both sides', () => {
  const lines = streams.filter(({ to }) => wireOf(to.row) === 'ollama');

  test.each(lines.map((fixture) => [fixture.name, fixture] as const))(
    '%s passes line by line, wherever its bytes are cut',
    (_name, fixture) => {
      const { to } = fixture;
      const told = eventsOf(fixture).map(({ data }) => data);
      const bytes = Buffer.from(told.map((line) => `${line}\n`).join(''));
      const expected = houseSaid(assemble(chunksOf(fixture)));
      for (let cut = 1; cut < bytes.length; cut++) {
        const facts: AnswerFacts = { usage: null, finishReason: null, modelReported: null, contentChars: 0, changed: [] };
        const protocol = protocolOf(to.row);
        const writer = createLineWriter({ kind: 'chat', clock: systemClock, startedMs: 0, tokensIn: 1 });
        const stream = new MirroredStream(facts, protocol.streamReader(to, moment), protocol, writer, protocol.framing?.reader());
        const pieces = [...stream.push(bytes.subarray(0, cut)), ...stream.push(bytes.subarray(cut)), ...stream.end()];
        const said = createSseReader().push(Buffer.from(pieces.join('')));
        if (said.map(({ data }) => data).join() !== told.join()) throw new Error(`cut at ${cut}: other lines came out`);
        if (!stream.isComplete() || facts.finishReason !== expected.finish) throw new Error(`cut at ${cut}: ${JSON.stringify(facts)}`);
      }
      expect(bytes.length).toBeGreaterThan(100);
    },
  );

  const same = streams.filter(({ to }) => wireOf(to.row) === 'messages' || wireOf(to.row) === 'responses');

  test.each(same.map((fixture) => [fixture.name, fixture] as const))(
    '%s passes event by event, wherever its bytes are cut',
    (_name, fixture) => {
      const bytes = Buffer.from(
        eventsOf(fixture)
          .map(({ event, data }) => `event: ${event}\ndata: ${data}\n\n`)
          .join(''),
      );
      const expected = houseSaid(assemble(chunksOf(fixture)));
      // Long streams are cut at every byte of their beginning and their end.
      const cuts = Array.from({ length: bytes.length - 1 }, (_, at) => at + 1).filter((cut) => cut < 300 || cut > bytes.length - 300);
      for (const cut of cuts) {
        const facts: AnswerFacts = { usage: null, finishReason: null, modelReported: null, contentChars: 0, changed: [] };
        const { to } = fixture;
        const passing: AnswerWriter = { chunk: () => '', end: () => '', pass: ({ event, data }) => `event: ${event}\ndata: ${data}\n\n` };
        const stream = new MirroredStream(facts, protocolOf(to.row).streamReader(to, moment), protocolOf(to.row), passing);
        const pieces = [...stream.push(bytes.subarray(0, cut)), ...stream.push(bytes.subarray(cut)), ...stream.end()];
        if (pieces.join('') !== bytes.toString('utf8')) throw new Error(`cut at ${cut}: other bytes came out`);
        if (!stream.isComplete() || facts.finishReason !== expected.finish || facts.usage?.tokensOut !== expected.tokensOut)
          throw new Error(`cut at ${cut}: the books would say ${JSON.stringify(facts)}`);
      }
      expect(cuts.length).toBeGreaterThan(100);
    },
  );
});

describe('a stream that ends early', () => {
  const plain = streams.filter(
    ({ to, name }) => to.row.protocol !== 'bedrock' && to.row.protocol !== 'ollama' && !name.startsWith('recorded'),
  );
  const ends = /message_stop|message_delta|response\.(?:completed|incomplete)/;

  test.each(plain.map((fixture) => [fixture.name, fixture] as const))('%s has no last word, wherever it broke off', (_name, fixture) => {
    const { to } = fixture;
    const text = eventsOf(fixture)
      .map(({ event, data }) => `event: ${event}\ndata: ${data}\n\n`)
      .join('');
    const bytes = Buffer.from(text);
    const answer = assemble(chunksOf(fixture));
    // A refusal is a text in one of the wires.
    const said = houseSaid(answer).text + refusalOf(answer);
    const step = Math.max(1, Math.floor(bytes.length / 250));
    for (const caller of callers.filter(({ id }) => id !== 'chat'))
      for (let cut = 0; cut < bytes.length; cut += step) {
        const facts: AnswerFacts = { usage: null, finishReason: null, modelReported: null, contentChars: 0, changed: [] };
        const stream = new TranslatedStream(facts, protocolOf(to.row).streamReader(to, moment), protocolOf(to.row), caller.writer());
        const pieces = [...stream.push(bytes.subarray(0, cut)), ...stream.end()].join('');
        if (!stream.isComplete() && ends.test(pieces)) throw new Error(`cut at ${cut}: a broken stream says that it is whole`);
        const told = parsed(pieces).map(pieceOf).join('');
        if (!said.startsWith(told)) throw new Error(`cut at ${cut}: something was said that the provider did not say`);
      }
    expect(bytes.length / step).toBeGreaterThan(100);
  });

  /** The text of one event, in either wire. */
  function pieceOf(event: Json): string {
    const { delta } = event;
    if (event['type'] === 'response.output_text.delta') return String(delta);
    const inner = (delta ?? {}) as Json;
    return inner['type'] === 'text_delta' ? String(inner['text']) : '';
  }
});
