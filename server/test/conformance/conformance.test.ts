/** What every protocol must keep, whatever was answered. Adding a provider adds a line to `folders`, not a suite. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { EventStreamCodec } from '@smithy/eventstream-codec';
import { fromUtf8, toUtf8 } from '@smithy/util-utf8';
import { describe, expect, test } from 'vitest';
import type { ChatChunk, ChatResponse } from '../../src/domain/chat.ts';
import { UpstreamFailure } from '../../src/domain/errors.ts';
import { writeSse, type SseEvent } from '../../src/lib/sse.ts';
import { assemble, charsOf, chunksOf, isSemantic } from '../../src/providers/assemble.ts';
import { createStreamScanner } from '../../src/providers/openai/scan.ts';
import { serverSentEvents, type Framing } from '../../src/providers/framing.ts';
import type { Destination } from '../../src/providers/protocol.ts';
import { protocolOf } from '../../src/providers/protocols.ts';
import { usageOf } from '../../src/providers/usage.ts';
import { destination, moment } from '../providers/kit.ts';
import { anthropicStream, anthropicWhole, geminiStream, geminiWhole, openaiStream, openaiWhole, type Said } from './oracle.ts';
import { bedrockStream, bedrockWhole, ollamaStream, ollamaWhole, responsesStream, responsesWhole } from './oracle-more.ts';

interface Folder {
  path: string;
  provider: string;
  settings?: Record<string, unknown>;
}

const own = join(import.meta.dirname, 'fixtures');
/** Answers recorded at real providers, beside the repository where somebody has them; they are never copied into it. */
const recorded = resolve(import.meta.dirname, '../../../../shared/fixtures/providers');

const folders: readonly Folder[] = [
  { path: join(own, 'openai'), provider: 'openai' },
  { path: join(own, 'anthropic'), provider: 'anthropic' },
  { path: join(own, 'gemini'), provider: 'gemini' },
  { path: join(own, 'ollama'), provider: 'ollama' },
  { path: join(own, 'bedrock'), provider: 'bedrock' },
  { path: join(own, 'responses'), provider: 'openai', settings: { wire: 'responses' } },
  { path: join(recorded, 'openai-chat'), provider: 'openai' },
  { path: join(recorded, 'deepseek'), provider: 'deepseek' },
  { path: join(recorded, 'mistral'), provider: 'mistral' },
  { path: join(recorded, 'xai'), provider: 'xai' },
  { path: join(recorded, 'anthropic'), provider: 'anthropic' },
  { path: join(recorded, 'gemini'), provider: 'gemini' },
  { path: join(recorded, 'bedrock'), provider: 'bedrock' },
  { path: join(recorded, 'openai-responses'), provider: 'openai', settings: { wire: 'responses' } },
  { path: join(recorded, 'azure'), provider: 'azure-openai', settings: { wire: 'responses' } },
];
const present = folders.filter((folder) => existsSync(folder.path));

const oracles = {
  openai: { whole: openaiWhole, stream: openaiStream },
  anthropic: { whole: anthropicWhole, stream: anthropicStream },
  gemini: { whole: geminiWhole, stream: geminiStream },
  ollama: { whole: ollamaWhole, stream: ollamaStream },
  bedrock: { whole: bedrockWhole, stream: bedrockStream },
  responses: { whole: responsesWhole, stream: responsesStream },
};

interface Fixture {
  name: string;
  to: Destination;
  source: string;
}

function fixtures(ending: string): Fixture[] {
  return present.flatMap(({ path, provider, settings }) =>
    readdirSync(path)
      .filter((file) => file.endsWith(ending))
      .map((file) => ({
        name: `${provider}: ${file}`,
        to: destination(provider, 'asked-model', settings, provider === 'azure-openai' ? 'https://house.openai.azure.com' : null),
        source: readFileSync(join(path, file), 'utf8'),
      })),
  );
}

/** An error has nothing beside it but its own description; a whole answer may say that it has none. */
const isError = (source: string): boolean => Boolean((JSON.parse(source) as { error?: unknown }).error);
const wholes = fixtures('.json').filter(({ source }) => !isError(source));
const errors = fixtures('.json').filter(({ source }) => isError(source));
const everyStream = fixtures('.chunks.txt');
const linesOf = (source: string): string[] => source.split('\n').filter((line) => line.trim() !== '');

const isFailed = ({ source }: Fixture): boolean => linesOf(source).some((line) => (JSON.parse(line) as { type?: string }).type === 'error');
const streams = everyStream.filter((fixture) => !isFailed(fixture));
const failedStreams = everyStream.filter(isFailed);
const framingOf = (to: Destination): Framing => protocolOf(to.row).framing ?? serverSentEvents;

const codec = new EventStreamCodec(toUtf8, fromUtf8);
/** One of AWS's binary messages: the line's only member is the event's name, and what it holds the payload. */
function awsMessage(line: string): Uint8Array {
  const [name, payload] = Object.entries(JSON.parse(line) as Record<string, unknown>)[0]!;
  const headers = { ':message-type': 'event', ':event-type': name, ':content-type': 'application/json' };
  return codec.encode({
    headers: Object.fromEntries(Object.entries(headers).map(([key, value]) => [key, { type: 'string', value }])),
    body: fromUtf8(JSON.stringify(payload)),
  });
}

/** The stream as its vendor sends it. */
function wireOf({ to, source }: Fixture): Uint8Array {
  const lines = linesOf(source);
  if (to.row.protocol === 'bedrock') return Buffer.concat(lines.map(awsMessage));
  const events = {
    anthropic: () => lines.map((line) => `event: ${(JSON.parse(line) as { type: string }).type}\n${writeSse(line)}`),
    openai: () => [...lines, '[DONE]'].map(writeSse),
    // Google's server ends its lines so, and has no mark for the end.
    gemini: () => lines.map((line) => `data: ${line}\r\n\r\n`),
    responses: () => lines.map((line) => `event: ${(JSON.parse(line) as { type: string }).type}\n${writeSse(line)}`),
    ollama: () => lines.map((line) => `${line}\n`),
  };
  return new TextEncoder().encode(events[to.row.protocol]().join(''));
}

function eventsOf(bytes: Uint8Array, framing: Framing): SseEvent[] {
  const reader = framing.reader();
  return [...reader.push(bytes), ...reader.end()];
}

function read(to: Destination, events: readonly SseEvent[]): { chunks: ChatChunk[]; isComplete: boolean } {
  const reader = protocolOf(to.row).streamReader(to, moment);
  const chunks = events.flatMap((event) => reader.push(event));
  const end = reader.end();
  return { chunks: [...chunks, ...end.chunks], isComplete: end.isComplete };
}

/** An answer of the house in the oracle's words, first choice. */
function saidBy(answer: ChatResponse): Said {
  const choice = answer.choices[0];
  const usage = usageOf(answer.usage);
  return {
    text: choice?.message.content ?? '',
    reasoning: choice?.message.reasoning_content ?? '',
    refusal: (choice?.message.refusal ?? '') !== '',
    calls: (choice?.message.tool_calls ?? []).map((call) => ({
      id: call.id,
      name: call.function.name,
      input: JSON.parse(call.function.arguments) as unknown,
    })),
    finish: choice?.finish_reason ?? '',
    tokensIn: usage?.tokensIn ?? -1,
    tokensOut: usage?.tokensOut ?? -1,
    tokensCached: usage?.tokensCached ?? -1,
  };
}

describe('whole answers', () => {
  test.each(wholes.map((fixture) => [fixture.name, fixture] as const))('%s says what its vendor said', (_name, { to, source }) => {
    const answer = protocolOf(to.row).fromVendor(JSON.parse(source), to, moment);
    expect(saidBy(answer)).toEqual(oracles[to.row.protocol].whole(source));
    expect(answer.object).toBe('chat.completion');
    expect(answer.id).not.toBe('');
    expect(answer.model).not.toBe('');
    for (const choice of answer.choices) expect(choice.message.role).toBe('assistant');
  });

  test.each(wholes.map((fixture) => [fixture.name, fixture] as const))('%s survives as a stream', (_name, { to, source }) => {
    const answer = protocolOf(to.row).fromVendor(JSON.parse(source), to, moment);
    const chunks = chunksOf(answer);
    expect(saidBy(assemble(chunks))).toEqual(saidBy(answer));
    lawsOf(chunks);
  });

  test.each(errors.map((fixture) => [fixture.name, fixture] as const))(
    '%s is an error, and is never taken for an answer',
    (_name, { to, source }) => {
      expect(() => protocolOf(to.row).fromVendor(JSON.parse(source), to, moment)).toThrow(UpstreamFailure);
      expect(protocolOf(to.row).errorOf(400, JSON.parse(source)).message).not.toBeNull();
    },
  );
});

/** What holds for the chunks of every complete stream. */
function lawsOf(chunks: readonly ChatChunk[]): void {
  const indexes = new Set(chunks.flatMap((chunk) => chunk.choices.map((choice) => choice.index)));
  for (const index of indexes) {
    const mine = chunks.flatMap((chunk) => chunk.choices.filter((choice) => choice.index === index));
    expect(
      mine.filter((choice) => choice.finish_reason !== null),
      'exactly one finish',
    ).toHaveLength(1);
    expect(
      mine.filter((choice) => choice.delta.role === 'assistant'),
      'exactly one role',
    ).toHaveLength(1);
    const calls = mine.flatMap((choice) => choice.delta.tool_calls ?? []);
    const firsts = [...new Set(calls.map((call) => call.index))];
    expect(firsts, 'calls are numbered densely, in order').toEqual(firsts.map((_, at) => at));
    expect(calls.filter((call) => call.id !== undefined).length, 'each call is named once').toBe(firsts.length);
  }
  const withUsage = chunks.filter((chunk) => chunk.usage);
  expect(withUsage, 'usage comes once').toHaveLength(1);
  expect(chunks.at(-1), 'and last').toBe(withUsage[0]);
  for (const chunk of chunks) {
    expect(chunk.object).toBe('chat.completion.chunk');
    expect([chunk.id, chunk.model, chunk.created]).toEqual([chunks[0]?.id, chunks[0]?.model, chunks[0]?.created]);
  }
  expect(chunks.some(isSemantic)).toBe(true);
}

describe('streams', () => {
  test.each(streams.map((fixture) => [fixture.name, fixture] as const))(
    '%s says what its vendor said, and keeps the laws',
    (_name, fixture) => {
      const { chunks, isComplete } = read(fixture.to, eventsOf(wireOf(fixture), framingOf(fixture.to)));
      expect(isComplete).toBe(true);
      lawsOf(chunks);
      expect(saidBy(assemble(chunks))).toEqual(oracles[fixture.to.row.protocol].stream(linesOf(fixture.source)));
    },
  );

  test.each(streams.map((fixture) => [fixture.name, fixture] as const))('%s is the same wherever its bytes are cut', (_name, fixture) => {
    const bytes = wireOf(fixture);
    const framing = framingOf(fixture.to);
    const whole = eventsOf(bytes, framing);
    // Binary messages are found by their lengths alone, so that such a stream can only be read from its beginning.
    const isBinary = fixture.to.row.protocol === 'bedrock';
    // Long streams are cut at every byte of their beginning and end, and in many sizes of piece throughout.
    const ends = 1500;
    for (let cut = 1; cut < bytes.length; cut++) {
      if (cut > ends && cut < bytes.length - ends) continue;
      const reader = framing.reader();
      const from = isBinary ? 0 : Math.max(0, cut - 700);
      const window = bytes.subarray(from, isBinary ? bytes.length : Math.min(bytes.length, cut + 700));
      const cutEvents = [...reader.push(window.subarray(0, cut - from)), ...reader.push(window.subarray(cut - from))];
      const fresh = isBinary ? whole : framing.reader().push(window);
      if (cutEvents.length !== fresh.length || cutEvents.some((event, at) => event.data !== fresh[at]?.data))
        throw new Error(`cut at ${cut} changes the events`);
    }
    for (const size of [1, 2, 3, 7, 61, 1021]) {
      const reader = framing.reader();
      const events: SseEvent[] = [];
      for (let at = 0; at < bytes.length; at += size) events.push(...reader.push(bytes.subarray(at, at + size)));
      expect(events, `pieces of ${size}`).toEqual(whole);
    }
  });

  test.each(streams.map((fixture) => [fixture.name, fixture] as const))(
    '%s that ends early is never complete without its finish, and nothing is said twice',
    (_name, fixture) => {
      const events = eventsOf(wireOf(fixture), framingOf(fixture.to));
      const full = oracles[fixture.to.row.protocol].stream(linesOf(fixture.source)).text;
      const step = Math.max(1, Math.floor(events.length / 60));
      for (let count = 0; count < events.length; count += step) {
        const { chunks, isComplete } = read(fixture.to, events.slice(0, count));
        const finishes = chunks.flatMap((chunk) => chunk.choices).filter((choice) => choice.finish_reason !== null);
        expect(finishes.length).toBe(isComplete ? 1 : 0);
        expect(full.startsWith(assemble(chunks).choices[0]?.message.content ?? '')).toBe(true);
      }
    },
  );

  test.each(streams.map((fixture) => [fixture.name, fixture] as const))(
    '%s takes unknown events, comments and data after its end without harm',
    (_name, fixture) => {
      const events = eventsOf(wireOf(fixture), framingOf(fixture.to));
      const noise: SseEvent[] = [
        { event: 'ping', data: '{"type":"ping"}' },
        { event: 'brand_new', data: '{"type":"brand_new","deep":{"a":[1]}}' },
        { event: 'message', data: '' },
      ];
      const { chunks, isComplete } = read(fixture.to, [...noise, ...events.flatMap((event) => [event, ...noise]), ...events]);
      expect(isComplete).toBe(true);
      lawsOf(chunks);
      expect(saidBy(assemble(chunks))).toEqual(saidBy(assemble(read(fixture.to, events).chunks)));
    },
  );

  test.each(streams.filter(({ to }) => to.row.protocol === 'openai').map((fixture) => [fixture.name, fixture] as const))(
    '%s: the scanner learns the same without building a chunk',
    (_name, fixture) => {
      const scanner = createStreamScanner();
      for (const event of eventsOf(wireOf(fixture), framingOf(fixture.to))) scanner.push(event);
      const { chunks } = read(fixture.to, eventsOf(wireOf(fixture), framingOf(fixture.to)));
      const said = oracles.openai.stream(linesOf(fixture.source));
      expect(scanner.facts).toMatchObject({
        isSemantic: true,
        isDone: true,
        isComplete: true,
        malformed: 0,
        failure: null,
        finishReason: said.finish,
        modelReported: chunks[0]?.model,
      });
      expect(scanner.facts.usage).toEqual(usageOf(chunks.at(-1)?.usage));
      expect(scanner.facts.contentChars).toBe(chunks.reduce((sum, chunk) => sum + charsOf(chunk), 0));
    },
  );
});

test.each(failedStreams.map((fixture) => [fixture.name, fixture] as const))('%s ends in a failure', (_name, fixture) => {
  expect(() => read(fixture.to, eventsOf(wireOf(fixture), framingOf(fixture.to)))).toThrow(UpstreamFailure);
});

test('the hand-written answers of every protocol were found; recorded ones are used where they are', () => {
  expect(present.length).toBeGreaterThanOrEqual(2);
  for (const protocol of Object.keys(oracles)) {
    expect(wholes.filter(({ to }) => to.row.protocol === protocol).length).toBeGreaterThanOrEqual(5);
    expect(streams.filter(({ to }) => to.row.protocol === protocol).length).toBeGreaterThanOrEqual(5);
  }
  const missing = folders.filter((folder) => !present.includes(folder)).length;
  if (missing > 0) console.info(`skipped: ${missing} folders of recorded answers are not on this machine`);
});
