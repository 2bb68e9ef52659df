/** The caller's side of one completion in OpenAI's wire: status, headers, events, and how this wire says no. */
import type { ServerResponse } from 'node:http';
import type { GatewayError } from '../../gateway/errors.ts';
import type { Reply } from '../../gateway/order.ts';
import { doneEvent, writeSse } from '../../lib/sse.ts';

/** OpenAI's error object, with the request id that support asks for. */
export const errorBody = (error: GatewayError, requestId: string): string =>
  JSON.stringify({ error: { message: error.message, type: error.type, param: error.param, code: error.code, request_id: requestId } });

export function errorHeaders(error: GatewayError): Record<string, string> {
  return {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
    ...(error.retryAfterS === null ? {} : { 'retry-after': String(error.retryAfterS) }),
    // SDKs repeat failed calls by themselves; ours have been repeated where it could help.
    ...(error.shouldRetry || error.status < 429 ? {} : { 'x-should-retry': 'false' }),
  };
}

export const createReply = (response: ServerResponse, requestId: string): Reply => new HttpReply(response, requestId);

/** Bodies up to this size are written in one piece with their head: one call of the system instead of a gathering one. */
const joinedBytesMax = 8_192;

class HttpReply implements Reply {
  private readonly response: ServerResponse;
  private readonly requestId: string;
  private isCut = false;
  private isEnded = false;
  private goneListeners: (() => void)[] | null = null;

  constructor(response: ServerResponse, requestId: string) {
    this.response = response;
    this.requestId = requestId;
    response.on('close', () => this.closed());
    // A broken line shows itself by `close`; its error must not end the process.
    response.on('error', ignore);
  }

  isGone(): boolean {
    return this.isCut;
  }

  onGone(run: () => void): void {
    (this.goneListeners ??= []).push(run);
  }

  beginStream(headers: Readonly<Record<string, string>>): void {
    this.response.writeHead(200, { ...this.base(headers), 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' });
  }

  write(piece: Buffer | string): boolean {
    return this.isEnded || this.response.write(piece);
  }

  onDrain(run: () => void): void {
    this.response.once('drain', run);
  }

  drop(): void {
    this.response.destroy();
  }

  endStream(): void {
    this.isEnded = true;
    this.response.end(doneEvent);
  }

  whole(headers: Readonly<Record<string, string>>, body: Buffer | string): void {
    this.isEnded = true;
    const bytes = typeof body === 'string' ? Buffer.from(body) : body;
    const head = this.base(headers);
    head['content-type'] = 'application/json';
    head['content-length'] = bytes.length;
    this.response.writeHead(200, head);
    // In Latin-1 every byte is one character and comes out as it went in, and node:http joins a text with the head before it.
    if (bytes.length <= joinedBytesMax) this.response.end(bytes.toString('latin1'), 'latin1');
    else this.response.end(bytes);
  }

  fail(error: GatewayError, headers: Readonly<Record<string, string>>): void {
    if (this.isCut || this.isEnded) return;
    this.isEnded = true;
    const body = errorBody(error, this.requestId);
    // Within a stream there is no status left: an explicit error, and no `[DONE]`.
    if (this.response.headersSent) this.response.end(writeSse(body));
    else
      this.response
        .writeHead(error.status, { ...this.base(headers), ...errorHeaders(error), 'content-length': Buffer.byteLength(body) })
        .end(body);
  }

  /** The headers of every answer, in an object that its caller may add to. */
  private base(more: Readonly<Record<string, string>>): Record<string, string | number> {
    const head: Record<string, string | number> = { 'x-request-id': this.requestId, 'cache-control': 'no-store' };
    for (const name of Object.keys(more)) head[name] = more[name]!;
    return head;
  }

  private closed(): void {
    if (this.response.writableFinished) return;
    this.isCut = true;
    for (const run of this.goneListeners ?? []) run();
  }
}

const ignore = (): void => undefined;
