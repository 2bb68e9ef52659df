/** One call over the real way out to a vendor that a test plays: what was on the wire, and what the caller hears. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type { ChatChunk, ChatRequest, ChatResponse } from '../../src/domain/chat.ts';
import type { UpstreamFailure } from '../../src/domain/errors.ts';
import type { Egress } from '../../src/egress/egress.ts';
import { systemClock, type Clock } from '../../src/lib/clock.ts';
import { scanObject, type Scan } from '../../src/lib/json-scan.ts';
import { createSseReader } from '../../src/lib/sse.ts';
import { callProvider } from '../../src/providers/call.ts';
import type { AnswerFacts, Call, CallRequest, CallTimeouts } from '../../src/providers/calling.ts';
import type { Destination } from '../../src/providers/protocol.ts';
import { newEgress } from '../egress/wire.ts';

export interface Seen {
  method: string;
  path: string;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  json: Record<string, unknown>;
}

export interface Said {
  status?: number;
  headers?: Record<string, string>;
  /** Written one after the other, so that pieces arrive by themselves. */
  pieces?: readonly (string | Uint8Array)[];
  /** The line breaks before the end of the answer. */
  isBroken?: boolean;
}

export interface Vendor {
  origin: string;
  seen: Seen[];
}

/** A server on 127.0.0.1 that answers as `answer` says; closed when the test ends. */
export async function playVendor(answer: (seen: Seen) => Said | Promise<Said>): Promise<Vendor> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const text = Buffer.concat(parts).toString('utf8');
      const one: Seen = {
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers,
        text,
        json: text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {},
      };
      seen.push(one);
      void Promise.resolve(answer(one)).then(({ status = 200, headers = {}, pieces = [], isBroken = false }) => {
        response.writeHead(status, { 'content-type': 'application/json', ...headers });
        for (const piece of pieces) response.write(piece);
        if (isBroken) setImmediate(() => response.destroy());
        else response.end();
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => new Promise<void>((resolve) => (server.closeAllConnections(), server.close(() => resolve()))));
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

export const jsonAnswer = (body: unknown, status = 200): Said => ({ status, pieces: [JSON.stringify(body)] });

export interface Heard {
  end: 'whole' | 'stream' | 'failure';
  answer: ChatResponse | null;
  chunks: ChatChunk[];
  facts: AnswerFacts;
  failure: UpstreamFailure | null;
}

/** As patient as the house: what is about time moves a clock. */
export const timeouts: CallTimeouts = { headersMs: 60_000, firstEventMs: 60_000, idleMs: 60_000, totalMs: 600_000 };

export const requestOf = (body: ChatRequest): CallRequest => {
  const bytes = Buffer.from(JSON.stringify(body));
  return {
    bytes,
    scan: scanObject(bytes) as Scan,
    parsed: () => JSON.parse(bytes.toString('utf8')) as ChatRequest,
    isStream: body.stream === true,
    wantsUsage: true,
    outputTokensMax: null,
  };
};

/** Asks one question and waits for its one end. */
export function hear(
  to: Destination,
  secret: string,
  body: ChatRequest,
  more: { egress?: Egress; clock?: Clock; headers?: Record<string, string>; change?: Partial<CallRequest> } = {},
): Promise<Heard> {
  const { promise, resolve } = Promise.withResolvers<Heard>();
  let text = '';
  const call: Call = {
    to,
    origin: new URL(to.baseUrl).origin,
    trust: 'administrator',
    secret,
    customHeaders: more.headers ?? {},
    request: { ...requestOf({ messages: [{ role: 'user', content: 'hi' }], ...body }), ...more.change },
    timeouts,
    moment: { createdS: 1, id: 'chatcmpl-1' },
  };
  const end = (name: Heard['end'], facts: AnswerFacts, failure: UpstreamFailure | null = null): void => {
    const chunks = createSseReader()
      .push(Buffer.from(name === 'stream' ? text : ''))
      .map((event) => JSON.parse(event.data) as ChatChunk);
    resolve({ end: name, answer: name === 'whole' ? (JSON.parse(text) as ChatResponse) : null, chunks, facts: { ...facts }, failure });
  };
  callProvider({ egress: more.egress ?? newEgress(), clock: more.clock ?? systemClock }, call, {
    onWhole: (said, facts) => {
      text = String(said);
      end('whole', facts);
    },
    onPiece: (piece) => {
      text += String(piece);
      return true;
    },
    onStreamEnd: (facts) => end('stream', facts),
    onFailure: (failure, facts) => end('failure', facts, failure),
  });
  return promise;
}

/** Text that the chunks of a stream add up to. */
export const textOf = (chunks: readonly ChatChunk[]): string => chunks.map((chunk) => chunk.choices[0]?.delta.content ?? '').join('');
