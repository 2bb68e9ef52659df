/** The vendors of a load test, in a process of their own so that their work is not counted: `node tools/provider-load/vendor.ts` prints its port. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { EventStreamCodec } from '@smithy/eventstream-codec';
import { fromUtf8, toUtf8 } from '@smithy/util-utf8';
import { expected, sayings } from './expected.ts';

const text = sayings.join('');
const json = { 'content-type': 'application/json' };
const events = { 'content-type': 'text/event-stream' };
const data = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`;
const named = (value: { type: string } & Record<string, unknown>): string => `event: ${value.type}\n${data(value)}`;

interface Reply {
  headers: Record<string, string>;
  pieces: readonly (string | Uint8Array)[];
}
/** Whole, and streamed. Each is made once and sent again and again. */
type Vendor = readonly [whole: Reply, stream: Reply];

const { tokensIn, tokensOut } = expected;

function chatCompletions(): Vendor {
  const base = { id: 'chatcmpl-load', created: 1_760_000_000, model: 'm' };
  const usage = { prompt_tokens: tokensIn, completion_tokens: tokensOut, total_tokens: tokensIn + tokensOut };
  const chunk = (delta: unknown, finish: string | null): string =>
    data({ ...base, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: finish }] });
  const message = { role: 'assistant', content: text, refusal: null };
  return [
    {
      headers: json,
      pieces: [JSON.stringify({ ...base, object: 'chat.completion', choices: [{ index: 0, message, finish_reason: 'stop' }], usage })],
    },
    {
      headers: events,
      pieces: [
        chunk({ role: 'assistant', content: '' }, null),
        ...sayings.map((content) => chunk({ content }, null)),
        chunk({}, 'stop'),
        data({ ...base, object: 'chat.completion.chunk', choices: [], usage }),
        'data: [DONE]\n\n',
      ],
    },
  ];
}

function messages(): Vendor {
  const message = { id: 'msg_load', type: 'message', role: 'assistant', model: 'm', stop_sequence: null };
  const usage = { input_tokens: tokensIn, output_tokens: tokensOut };
  return [
    { headers: json, pieces: [JSON.stringify({ ...message, content: [{ type: 'text', text }], stop_reason: 'end_turn', usage })] },
    {
      headers: events,
      pieces: [
        named({ type: 'message_start', message: { ...message, content: [], stop_reason: null, usage: { ...usage, output_tokens: 1 } } }),
        named({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
        ...sayings.map((said) => named({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: said } })),
        named({ type: 'content_block_stop', index: 0 }),
        named({ type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: tokensOut } }),
        named({ type: 'message_stop' }),
      ],
    },
  ];
}

function generateContent(): Vendor {
  const usageMetadata = { promptTokenCount: tokensIn, candidatesTokenCount: tokensOut, totalTokenCount: tokensIn + tokensOut };
  const part = (said: string, more = {}) => ({ candidates: [{ content: { role: 'model', parts: [{ text: said }] }, index: 0, ...more }] });
  const end = { finishReason: 'STOP' };
  return [
    { headers: json, pieces: [JSON.stringify({ ...part(text, end), usageMetadata })] },
    { headers: events, pieces: [...sayings.map((said) => data(part(said))), data({ ...part('', end), usageMetadata })] },
  ];
}

function ollamaChat(): Vendor {
  const line = (content: string, more: Record<string, unknown> = { done: false }): string =>
    `${JSON.stringify({ model: 'm', created_at: '2026-01-01T00:00:00Z', message: { role: 'assistant', content }, ...more })}\n`;
  const end = { done: true, done_reason: 'stop', prompt_eval_count: tokensIn, eval_count: tokensOut };
  return [
    { headers: json, pieces: [line(text, end)] },
    { headers: { 'content-type': 'application/x-ndjson' }, pieces: [...sayings.map((said) => line(said)), line('', end)] },
  ];
}

function converse(): Vendor {
  const codec = new EventStreamCodec(toUtf8, fromUtf8);
  const usage = { inputTokens: tokensIn, outputTokens: tokensOut, totalTokens: tokensIn + tokensOut };
  const message = (name: string, body: unknown): Uint8Array =>
    codec.encode({
      headers: {
        ':message-type': { type: 'string', value: 'event' },
        ':event-type': { type: 'string', value: name },
        ':content-type': { type: 'string', value: 'application/json' },
      },
      body: fromUtf8(JSON.stringify(body)),
    });
  return [
    {
      headers: json,
      pieces: [JSON.stringify({ output: { message: { role: 'assistant', content: [{ text }] } }, stopReason: 'end_turn', usage })],
    },
    {
      headers: { 'content-type': 'application/vnd.amazon.eventstream' },
      pieces: [
        message('messageStart', { role: 'assistant' }),
        ...sayings.map((said) => message('contentBlockDelta', { contentBlockIndex: 0, delta: { text: said } })),
        message('contentBlockStop', { contentBlockIndex: 0 }),
        message('messageStop', { stopReason: 'end_turn' }),
        message('metadata', { usage, metrics: { latencyMs: 1 } }),
      ],
    },
  ];
}

function responses(): Vendor {
  const item = {
    id: 'm1',
    type: 'message',
    role: 'assistant',
    status: 'completed',
    content: [{ type: 'output_text', text, annotations: [] }],
  };
  const usage = { input_tokens: tokensIn, output_tokens: tokensOut, total_tokens: tokensIn + tokensOut };
  const response = (status: string, output: unknown[], counted: unknown) => ({
    id: 'resp_load',
    object: 'response',
    created_at: 1_760_000_000,
    model: 'm',
    status,
    error: null,
    output,
    usage: counted,
  });
  return [
    { headers: json, pieces: [JSON.stringify(response('completed', [item], usage))] },
    {
      headers: events,
      pieces: [
        named({ type: 'response.created', response: response('in_progress', [], null) }),
        ...sayings.map((delta) => named({ type: 'response.output_text.delta', output_index: 0, content_index: 0, delta })),
        named({ type: 'response.completed', response: response('completed', [item], usage) }),
      ],
    },
  ];
}

/** By how a path ends, before its query; a stream is told by the path or by the body. */
const vendors: readonly (readonly [end: RegExp, Vendor])[] = [
  [/\/chat\/completions$/, chatCompletions()],
  [/\/messages$/, messages()],
  [/:(stream)?[gG]enerateContent$/, generateContent()],
  [/\/api\/chat$/, ollamaChat()],
  [/\/converse(-stream)?$/, converse()],
  [/\/responses$/, responses()],
];

function answer(request: IncomingMessage, response: ServerResponse, body: string): void {
  const path = (request.url ?? '').split('?')[0]!;
  const vendor = vendors.find(([end]) => end.test(path))?.[1];
  if (!vendor) {
    response.writeHead(404, json).end('{"error":{"message":"no vendor here"}}');
    return;
  }
  const isStream = /stream(GenerateContent)?$/i.test(path.replace(/:streamGenerateContent$/, ':stream')) || /"stream":\s*true/.test(body);
  const reply = vendor[isStream ? 1 : 0];
  response.writeHead(200, reply.headers);
  for (const piece of reply.pieces) response.write(piece);
  response.end();
}

const server = createServer((request, response) => {
  let body = '';
  request.setEncoding('utf8');
  request.on('data', (piece: string) => (body += piece));
  request.on('end', () => answer(request, response, body));
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
// Whoever started it ends it by closing its input, also by dying.
process.stdin.resume().on('end', () => process.exit(0));
