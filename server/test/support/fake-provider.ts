/** A provider on 127.0.0.1 that a test commands: it speaks OpenAI's and Anthropic's wire, records what it was asked, and can be slow or hold its breath. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as waitMs } from 'node:timers/promises';

/** One call as it arrived. `sequence` counts over all calls of this provider. */
export interface ReceivedCall {
  sequence: number;
  path: string;
  headers: Record<string, string | string[] | undefined>;
  /** The body's own bytes as text; `json` is undefined where they do not parse. */
  text: string;
  json: Record<string, unknown>;
  /** Which of the provider's connections it came in by, counted from 0. */
  connection: number;
  /** Monotonic time at which the caller of this call went away before its answer was complete; null where it did not. */
  abortedAtMs: number | null;
  isAnswered: boolean;
}

export interface Turn {
  call: ReceivedCall;
  response: ServerResponse;
  /** Resolves when `release` is called, or at once where it was called before. */
  held: () => Promise<void>;
}

/** How a call is answered. The plain answers below are functions of this kind. */
export type Answer = (turn: Turn) => void | Promise<void>;

export interface FakeProvider {
  /** `http://127.0.0.1:<port>/v1`. */
  baseUrl: string;
  origin: string;
  received: ReceivedCall[];
  /** Answers the next calls in turn; the last one goes on for all that follow. */
  answer(...answers: Answer[]): void;
  /** Lets go whoever waits in `held()`. */
  release(): void;
  connections(): number;
  openSockets(): number;
  close(): Promise<void>;
}

export const words = ['The ', 'quick ', 'brown ', 'fox ', 'jumps. '];
export const usage = { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 };
const base = { id: 'chatcmpl-fake', created: 1_760_000_000, model: 'gpt-4o-2024-08-06', system_fingerprint: 'fp_fake' };

/** A whole answer in OpenAI's wire. The spaces are there so that a re-written body would not be the same bytes. */
export const wholeBody = (content = words.join(''), extra: Record<string, unknown> = {}): string =>
  JSON.stringify(
    {
      ...base,
      object: 'chat.completion',
      choices: [{ index: 0, message: { role: 'assistant', content, refusal: null }, logprobs: null, finish_reason: 'stop' }],
      usage,
      ...extra,
    },
    null,
    2,
  );

export const sse = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`;
export const chunk = (
  delta: Record<string, unknown>,
  finishReason: string | null = null,
  extra: Record<string, unknown> = {},
): Record<string, unknown> => ({
  ...base,
  object: 'chat.completion.chunk',
  choices: [{ index: 0, delta, logprobs: null, finish_reason: finishReason }],
  ...extra,
});
export const roleEvent = sse(chunk({ role: 'assistant', content: '' }));
export const finishEvent = sse(chunk({}, 'stop'));
export const usageEvent = sse({ ...base, object: 'chat.completion.chunk', choices: [], usage });
export const doneEvent = 'data: [DONE]\n\n';

/** The events of one streamed answer, usage included, `[DONE]` last. */
export const streamEvents = (texts: readonly string[] = words): string[] => [
  roleEvent,
  ...texts.map((content) => sse(chunk({ content }))),
  finishEvent,
  usageEvent,
  doneEvent,
];

/** Answers 200 with these bytes as JSON. */
export const whole =
  (body = wholeBody(), headers: Record<string, string> = {}): Answer =>
  ({ response }) => {
    response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(body);
  };

/** Answers with a status and a JSON body. */
export const refusing =
  (
    status: number,
    body: unknown = { error: { message: 'no', type: 'error', param: null, code: null } },
    headers: Record<string, string> = {},
  ): Answer =>
  ({ response }) => {
    response
      .writeHead(status, { 'content-type': 'application/json', ...headers })
      .end(typeof body === 'string' ? body : JSON.stringify(body));
  };

/** Streams these events, one write each, with a pause between them. */
export const streaming =
  (events: readonly string[] = streamEvents(), pauseMs = 0): Answer =>
  async ({ response }) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const event of events) {
      if (response.destroyed) return;
      response.write(event);
      if (pauseMs > 0) await waitMs(pauseMs);
    }
    response.end();
  };

/** Waits before it answers. */
export const after =
  (delayMs: number, answer: Answer): Answer =>
  async (turn) => {
    await waitMs(delayMs);
    return answer(turn);
  };

/** Says nothing until the test releases it. */
export const holding =
  (answer: Answer): Answer =>
  async (turn) => {
    await turn.held();
    return answer(turn);
  };

/** Streams some events, waits to be released, streams the rest. */
export const holdingBetween =
  (first: readonly string[], rest: readonly string[]): Answer =>
  async (turn) => {
    turn.response.writeHead(200, { 'content-type': 'text/event-stream' });
    turn.response.write(first.join(''));
    await turn.held();
    if (!turn.response.destroyed) turn.response.end(rest.join(''));
  };

/** What a client asked for, as it asked: a stream for `stream: true`, else a whole answer. */
export const plain: Answer = (turn) => (turn.call.json['stream'] === true ? streaming()(turn) : whole()(turn));

/** The same in Anthropic's wire. */
export const anthropic: Answer = (turn) => {
  const message = { id: 'msg_fake', type: 'message', role: 'assistant', model: 'claude-sonnet-5', stop_reason: null, stop_sequence: null };
  if (turn.call.json['stream'] !== true) {
    const body = {
      ...message,
      content: [{ type: 'text', text: words.join('') }],
      stop_reason: 'end_turn',
      usage: { input_tokens: 11, output_tokens: 7 },
    };
    return whole(JSON.stringify(body))(turn);
  }
  const event = (value: { type: string } & Record<string, unknown>): string => `event: ${value.type}\n${sse(value)}`;
  return streaming([
    event({ type: 'message_start', message: { ...message, content: [], usage: { input_tokens: 11, output_tokens: 1 } } }),
    event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
    event({ type: 'ping' }),
    ...words.map((text) => event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text } })),
    event({ type: 'content_block_stop', index: 0 }),
    event({ type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 7 } }),
    event({ type: 'message_stop' }),
  ])(turn);
};

const bodyBytesMax = 64 * 1024 * 1024;

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > bodyBytesMax) throw new Error('the fake provider takes no more');
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function parsed(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}

/** Starts one. Without a word from the test it answers every completion as it was asked, and lists one model. */
export async function startFakeProvider(): Promise<FakeProvider> {
  const received: ReceivedCall[] = [];
  const sockets = new Map<Socket, number>();
  let connections = 0;
  let answers: Answer[] = [plain];
  let gate = Promise.withResolvers<void>();
  const server = createServer((request, response) => void serve(request, response));
  server.on('connection', (socket) => {
    sockets.set(socket, connections++);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
  });

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const connection = sockets.get(request.socket) ?? -1;
    response.on('error', () => undefined);
    const text = await bodyOf(request).catch(() => null);
    if (text === null) return;
    const call: ReceivedCall = {
      sequence: received.length,
      path: request.url ?? '',
      headers: request.headers,
      text,
      json: parsed(text),
      connection,
      abortedAtMs: null,
      isAnswered: false,
    };
    response.on('close', () => {
      call.isAnswered = response.writableFinished;
      if (!response.writableFinished) call.abortedAtMs = performance.now();
    });
    if (request.method === 'GET') {
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ object: 'list', data: [{ id: 'gpt-4o', object: 'model' }] }));
      return;
    }
    received.push(call);
    const next = answers.length > 1 ? answers.shift()! : answers[0]!;
    await next({ call, response, held: () => gate.promise });
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    baseUrl: `${origin}/v1`,
    origin,
    received,
    answer: (...next) => void (answers = next),
    release() {
      gate.resolve();
      gate = Promise.withResolvers();
    },
    connections: () => connections,
    openSockets: () => sockets.size,
    close() {
      gate.resolve();
      for (const socket of sockets.keys()) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
