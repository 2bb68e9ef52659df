/** Answers made to hurt: nested past every stack, endless before they begin, compressed so that other code runs. Each ends one attempt and nothing else. */
import { gzipSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import { UpstreamFailure } from '../../src/domain/errors.ts';
import { EgressError, type ResponseSink } from '../../src/egress/egress.ts';
import { dispatchInflating } from '../../src/egress/inflate.ts';
import { openRig, errorOf, message, readStream, type Rig } from '../gateway/rig.ts';
import { createStreamScanner } from '../../src/providers/openai/scan.ts';
import { PassedStream, TranslatedStream } from '../../src/providers/streams.ts';
import { chatWriter } from '../../src/providers/writer.ts';
import { openai } from '../../src/providers/openai/protocol.ts';
import type { AnswerFacts } from '../../src/providers/calling.ts';
import {
  doneEvent,
  finishEvent,
  sse,
  startFakeProvider,
  streaming,
  streamEvents,
  chunk,
  type Answer,
  type FakeProvider,
} from '../support/fake-provider.ts';

async function house(): Promise<{ rig: Rig; provider: FakeProvider; key: string }> {
  const provider = await startFakeProvider();
  onTestFinished(() => provider.close());
  const rig = await openRig();
  onTestFinished(() => rig.close());
  await rig.connect({ name: 'hostile', baseUrl: provider.baseUrl });
  return { rig, provider, key: (await rig.issueKey()).text };
}

const nested = (open: string, close: string, depth: number): string => open.repeat(depth) + '1' + close.repeat(depth);
const thinking = `data: {"choices":[{"index":0,"delta":{"content":${nested('[{"thinking":', '}]', 60_000)}}}]}\n\n`;
const bytes =
  (status: number, type: string, body: string | Buffer, headers: Record<string, string> = {}): Answer =>
  ({ response }) =>
    void response.writeHead(status, { 'content-type': type, ...headers }).end(body);

test('an answer nested past every stack ends its request, plain or compressed, and the house serves on', async () => {
  const { rig, provider, key } = await house();
  const faults: unknown[] = [];
  const note = (error: unknown): void => void faults.push(error);
  process.on('uncaughtException', note);
  onTestFinished(() => void process.off('uncaughtException', note));
  const gzip = { 'content-encoding': 'gzip' };
  const answers = [
    bytes(200, 'text/event-stream', thinking),
    bytes(200, 'text/event-stream', gzipSync(thinking), gzip),
    bytes(500, 'application/json', gzipSync(nested('[', ']', 30_000)), gzip),
  ];
  for (const answer of answers) {
    provider.answer(answer);
    const said = await rig.ask(key, { model: 'gpt-4o', stream: true, messages: message() });
    expect(said.status).toBe(502);
    errorOf(said);
  }
  provider.answer(streaming());
  expect(readStream((await rig.ask(key, { model: 'gpt-4o', stream: true, messages: message() })).text).isDone).toBe(true);
  expect(faults).toEqual([]);
  expect((await rig.rows()).every(({ state }) => state === 'settled')).toBe(true);
});

test('the text of nested thinking is counted as deep as anybody honest nests it', () => {
  const scanner = createStreamScanner();
  scanner.push({
    event: 'message',
    data: JSON.stringify(
      chunk({
        content: [
          { type: 'thinking', thinking: [{ type: 'text', text: 'four' }] },
          { type: 'text', text: 'five!' },
        ],
      }),
    ),
  });
  expect(scanner.facts.contentChars).toBe(9);
});

test('a sink that throws over a compressed answer ends its exchange with one error', async () => {
  const inner: { sink?: ResponseSink } = {};
  const errors: EgressError[] = [];
  const egress = {
    dispatch(_request: unknown, sink: ResponseSink) {
      inner.sink = sink;
      return { abort: () => undefined, pause: () => undefined, resume: () => undefined };
    },
  };
  const failed = new Promise<void>((resolve) => {
    const sink: ResponseSink = {
      onHeaders: () => undefined,
      onData: () => {
        throw new RangeError('ours');
      },
      onEnd: () => errors.push(new EgressError('protocol')),
      onError: (error) => {
        errors.push(error);
        resolve();
      },
    };
    dispatchInflating(
      egress,
      { origin: 'http://127.0.0.1', path: '/', method: 'GET', headers: {}, body: null, trust: 'member' },
      sink,
      1_000,
    );
    inner.sink?.onHeaders(200, { 'content-encoding': 'gzip' });
    inner.sink?.onData(gzipSync('text'));
    inner.sink?.onEnd();
  });
  await failed;
  expect(errors.map(({ code }) => code)).toEqual(['aborted']);
  expect(errors[0]?.cause).toBeInstanceOf(RangeError);
});

describe('before an answer begins', () => {
  const facts = (): AnswerFacts => ({ usage: null, finishReason: null, modelReported: null, contentChars: 0, changed: [] });
  const silent = sse({
    id: 'x',
    object: 'chat.completion.chunk',
    model: 'm',
    choices: [{ index: 0, delta: { role: 'assistant' }, finish_reason: null }],
    filler: 'x'.repeat(1_000),
  });
  const streams: [string, () => PassedStream | TranslatedStream][] = [
    ['passed on', () => new PassedStream(facts(), true)],
    [
      'translated',
      () =>
        new TranslatedStream(
          facts(),
          openai.streamReader({ row: { id: 'openai' } as never, baseUrl: '', settings: {}, model: 'm' }, { createdS: 1, id: 'x' }),
          openai,
          chatWriter(true),
        ),
    ],
  ];
  for (const [name, open] of streams) {
    test(`a stream that is ${name} may say a little and not much`, () => {
      const stream = open();
      for (let events = 0; events < 100; events++) expect(stream.push(Buffer.from(silent))).toEqual([]);
      const endless = (): void => {
        for (let events = 0; events < 1_000; events++) stream.push(Buffer.from(silent));
      };
      expect(endless).toThrow(UpstreamFailure);
    });
    test(`a stream that is ${name} hands over what it held once its answer begins, and holds nothing after that`, () => {
      const stream = open();
      for (let events = 0; events < 100; events++) stream.push(Buffer.from(silent));
      const pieces = stream.push(Buffer.from(sse(chunk({ content: 'word' }))));
      expect(pieces.map(String).join('').split('data: ').length - 1).toBe(101);
      for (let events = 0; events < 1_000; events++) expect(stream.push(Buffer.from(silent)).length).toBe(1);
    });
  }

  test('a provider that never comes to its answer is left for the next one', async () => {
    const { rig, provider, key } = await house();
    const next = await startFakeProvider();
    onTestFinished(() => next.close());
    await rig.connect({ name: 'next', baseUrl: next.baseUrl });
    provider.answer(
      ({ response }) =>
        void response
          .writeHead(200, { 'content-type': 'text/event-stream' })
          .end(silent.repeat(1_000) + streamEvents().join('') + finishEvent + doneEvent),
    );
    const said = await rig.ask(key, { model: 'gpt-4o', stream: true, messages: message() });
    expect(readStream(said.text)).toMatchObject({ isDone: true, error: null });
    const rows = await rig.rowsOf(String(said.headers['x-request-id']));
    expect(rows.map(({ reason, status }) => [reason, status])).toEqual([
      ['too_large', 502],
      [null, 200],
    ]);
  });
});

test('a request keeps the numbers and the spelling of everything that nobody touches, bounded in its bytes or rewritten', async () => {
  const { rig, provider } = await house();
  const kept = '"seed":12345678901234567890,"temperature":1.10,"messages":[ {"role":"user","content":"h\\u0069","n":1e400} ]';
  const key = await rig.issueKey({ budgetUsd: '5' });
  expect((await rig.ask(key.text, `{"model":"hostile/gpt-4o",${kept},"max_tokens":5}`)).status).toBe(200);
  expect(provider.received.at(-1)?.text).toBe(`{"model":"gpt-4o",${kept},"max_tokens":5}`);
  // A bound of the connection and one of the key meet in a rewrite.
  await rig.connect({ name: 'bounded', baseUrl: provider.baseUrl, settings: { maxTokens: 7 } });
  expect((await rig.ask(key.text, `{"model":"bounded/gpt-4o",${kept}}`)).status).toBe(200);
  expect(provider.received.at(-1)?.text).toBe(`{"model":"gpt-4o",${kept},"max_tokens":7,"stream":false}`);
});
