/** The fault matrix as a table, group E: how event streams break, and what the gateway must make of each. */
import { gzipSync } from 'node:zlib';
import {
  beginStream,
  endStream,
  isOpen,
  pour,
  repeat,
  sendChunk,
  sendWhole,
  type Fault,
  type Line,
  type Mode,
  type Outcome,
} from './wire.ts';
import { chunk, doneEvent, finishEvent, roleEvent, sse, streamEvents, usageEvent, wholeBody } from '../support/fake-provider.ts';

const streamOnly: readonly Mode[] = ['stream'];
const success: Outcome = { client: 'success' };
const estimated: Outcome = { client: 'success', isEstimated: true };
const stalledEarly: Outcome = { client: 'refused', status: 504, code: 'upstream_stalled', reason: 'stalled', tries: 1, fallback: true };
const cut = (code: string, reason: string): Outcome => ({ client: 'cut', code, reason });
const lost = cut('upstream_connection_lost', 'connection_lost');

const begun = roleEvent + sse(chunk({ content: 'Once upon ' }));
const ending = finishEvent + usageEvent + doneEvent;
const errorEvent = (type: string, name = ''): string => `${name}${sse({ error: { message: 'the provider says no', type, code: null } })}`;

const fault = (id: string, row: string, expect: Outcome, wire: (line: Line) => void | Promise<void>): Fault => ({
  id,
  row,
  modes: streamOnly,
  wire,
  expect,
});
/** A stream that begins, waits until its first words have arrived, and goes on as told. */
const breaking = (id: string, row: string, expect: Outcome, then: (line: Line) => void | Promise<void>): Fault =>
  fault(id, row, expect, async (line) => {
    beginStream(line, begun);
    await line.heard;
    if (isOpen(line)) await then(line);
  });
/** A sound stream in an unusual form. */
const formed = (id: string, row: string, text: string | Buffer, expect: Outcome = success): Fault =>
  fault(id, row, expect, (line) => {
    beginStream(line, text);
    endStream(line);
  });

const sound = streamEvents().join('');
const special = 'héllo 😀 世界';
const specialStream = (): string => roleEvent + sse(chunk({ content: special })) + ending;

async function byteByByte(line: Line): Promise<void> {
  beginStream(line, '');
  const bytes = Buffer.from(specialStream());
  for (let at = 0; at < bytes.length; at++) {
    sendChunk(line, bytes.subarray(at, at + 1));
    // A pause in the middle of a character now and then, so that pieces really travel apart.
    if (at % 16 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  endStream(line);
}

function notUtf8(): Buffer {
  const bytes = Buffer.from(roleEvent + sse(chunk({ content: 'aXb' })) + ending);
  bytes[bytes.indexOf('aXb') + 1] = 0xff;
  return bytes;
}

const call = (index: number, part: Record<string, unknown>): string => sse(chunk({ tool_calls: [{ index, ...part }] }));
const toolCalls =
  roleEvent +
  call(0, { id: 'call_1', type: 'function', function: { name: 'look', arguments: '{"pla' } }) +
  call(0, { function: { arguments: 'ce":"Ba' } }) +
  call(3, { id: 'call_1', type: 'function', function: { name: 'look', arguments: '{}' } }) +
  call(0, { function: { arguments: 'li"}' } }) +
  sse(chunk({}, 'tool_calls')) +
  usageEvent +
  doneEvent;

const usageChunk = (completion: number): string =>
  sse(chunk({ content: 'x' }, null, { usage: { prompt_tokens: 11, completion_tokens: completion, total_tokens: 11 + completion } }));

const silent: readonly Fault[] = [
  fault('silent-stream', 'E1', stalledEarly, (line) => beginStream(line, '')),
  fault(
    'error-first',
    'E2',
    { client: 'refused', status: 503, code: 'upstream_overloaded', reason: 'overloaded', tries: 2, fallback: true },
    (line) => {
      beginStream(line, errorEvent('overloaded_error', 'event: error\n'));
      endStream(line);
    },
  ),
  fault('whole-for-a-stream', 'E3', success, (line) => sendWhole(line, 200, wholeBody())),
  breaking('stalled', 'E4', cut('upstream_stalled', 'stalled'), () => undefined),
  breaking('reset', 'E5', lost, ({ socket }) => void socket.resetAndDestroy()),
  breaking('closed', 'E5', lost, ({ socket }) => void socket.end()),
  breaking('ended-early', 'E6', lost, endStream),
  formed('no-done', 'E6', roleEvent + sse(chunk({ content: 'all of it' })) + finishEvent + usageEvent),
  breaking('error-in-the-middle', 'E7', cut('upstream_error', 'server_error'), (line) => {
    sendChunk(line, errorEvent('server_error'));
    endStream(line);
  }),
  breaking('named-error-in-the-middle', 'E7', cut('upstream_overloaded', 'overloaded'), (line) => {
    sendChunk(line, errorEvent('overloaded_error', 'event: error\n'));
    endStream(line);
  }),
  formed('one-broken-event', 'E8', `${begun}data: {"choices":[{"delta"\n\n${sse(chunk({ content: 'a time.' }))}${ending}`),
  breaking('two-broken-events', 'E8', cut('invalid_response', 'invalid_response'), (line) => {
    sendChunk(line, 'data: {"a\n\ndata: {"b\n\n');
    endStream(line);
  }),
  fault('comments-alone', 'E9', stalledEarly, (line) => {
    beginStream(line, '');
    return repeat(line, 20, () => sendChunk(line, ': PROCESSING\n\n'));
  }),
  breaking('comments-after-words', 'E9', cut('upstream_stalled', 'stalled'), (line) =>
    repeat(line, 20, () => sendChunk(line, ': PROCESSING\n\n')),
  ),
  fault('dripping', 'E10', stalledEarly, (line) => {
    beginStream(line, '');
    return repeat(line, 20, (round) => sendChunk(line, sound[round] ?? '\n'));
  }),
];

const forms: readonly Fault[] = [
  formed('crlf', 'E11', sound.replaceAll('\n', '\r\n')),
  formed('lone-cr', 'E11', sound.replaceAll('\n', '\r')),
  formed('byte-order-mark', 'E11', `\uFEFF${sound}`),
  formed('no-space', 'E11', sound.replaceAll('data: ', 'data:')),
  formed('several-data-lines', 'E11', sound.replaceAll('"object"', '\ndata: "object"')),
  formed('ids-and-retries', 'E11', sound.replaceAll('data: ', 'id: 7\nretry: 1\nevent: message\ndata: ')),
  formed('comments-between', 'E11', sound.replaceAll('data: ', ': ping\n\ndata: ')),
  fault('byte-by-byte', 'E12', { client: 'success', content: special }, byteByByte),
  formed('not-utf-8', 'E13', notUtf8(), { client: 'success', content: 'a\uFFFDb' }),
  fault(
    'endless-line',
    'E14',
    { client: 'refused', status: 502, code: 'response_too_large', reason: 'too_large', tries: 1, fallback: true },
    (line) => {
      beginStream(line, 'data: {"x":"');
      pour(line, Buffer.alloc(65_536, 0x61));
    },
  ),
  breaking('endless-line-after-words', 'E14', cut('response_too_large', 'too_large'), (line) => {
    sendChunk(line, 'data: {"x":"');
    pour(line, Buffer.alloc(65_536, 0x61));
  }),
  formed('usage-growing', 'E15', roleEvent + usageChunk(1) + usageChunk(3) + usageChunk(7) + finishEvent + doneEvent),
  formed('usage-missing', 'E15', roleEvent + sse(chunk({ content: 'words' })) + finishEvent + doneEvent, estimated),
  formed('more-after-done', 'E16', sound + sse(chunk({ content: 'AFTERWARDS' }))),
  formed('tool-calls', 'E17', toolCalls),
  fault('gzip-stream', 'E18', success, (line) => {
    beginStream(line, gzipSync(sound), { 'content-encoding': 'gzip' });
    endStream(line);
  }),
  {
    ...fault('open-after-the-end', 'E19', success, (line) =>
      beginStream(line, roleEvent + sse(chunk({ content: 'all of it' })) + finishEvent + usageEvent),
    ),
    waitsMs: 5_000,
  },
];

const event = (type: string, more: Record<string, unknown> = {}): string => `event: ${type}\n${sse({ type, ...more })}`;
const opening =
  event('message_start', {
    message: {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model: 'claude-sonnet-5',
      content: [],
      stop_reason: null,
      usage: { input_tokens: 5, output_tokens: 1 },
    },
  }) + event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } });
const said = opening + event('content_block_delta', { index: 0, delta: { type: 'text_delta', text: 'Once upon ' } });
const anthropicFault = (id: string, expect: Outcome, wire: (line: Line) => void | Promise<void>): Fault => ({
  ...fault(id, 'E20', expect, wire),
  provider: 'anthropic',
});
const anthropicBreaking = (id: string, expect: Outcome, then: (line: Line) => void): Fault =>
  anthropicFault(id, expect, async (line) => {
    beginStream(line, said);
    await line.heard;
    if (isOpen(line)) then(line);
  });

const otherWire: readonly Fault[] = [
  anthropicFault('pings-alone', stalledEarly, (line) => {
    beginStream(line, opening);
    return repeat(line, 20, () => sendChunk(line, event('ping')));
  }),
  anthropicBreaking('overloaded-in-the-middle', cut('upstream_overloaded', 'overloaded'), (line) => {
    sendChunk(line, event('error', { error: { type: 'overloaded_error', message: 'Overloaded' } }));
    endStream(line);
  }),
  anthropicBreaking('no-message-stop', lost, endStream),
];

export const streamFaults: readonly Fault[] = [...silent, ...forms, ...otherWire];
