/** The caller's side of one completion: status, headers, events. What is no answer is said in the voice of the caller's wire. */
import type { ServerResponse } from 'node:http';
import type { GatewayError } from '../../gateway/errors.ts';
import type { Reply } from '../../gateway/order.ts';
import { joinedBytesMax } from '../../providers/calling.ts';
import { chatVoice, type Voice } from './wire.ts';

export function errorHeaders(error: GatewayError): Record<string, string> {
  return {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
    ...(error.retryAfterS === null ? {} : { 'retry-after': String(error.retryAfterS) }),
    ...limitHeaders(error),
    // SDKs repeat failed calls by themselves; ours have been repeated where it could help.
    ...(error.shouldRetry || error.status < 429 ? {} : { 'x-should-retry': 'false' }),
  };
}

/** Which limit refused, and that nothing is left of it, in the words of OpenAI's headers. */
function limitHeaders({ limit, retryAfterS }: GatewayError): Record<string, string> {
  if (limit === undefined) return {};
  const headers: Record<string, string> = { 'x-patchbay-limit': limit.name };
  if (limit.kind !== 'requests' && limit.kind !== 'tokens') return headers;
  headers[`x-ratelimit-limit-${limit.kind}`] = String(limit.value);
  headers[`x-ratelimit-remaining-${limit.kind}`] = '0';
  if (retryAfterS !== null) headers[`x-ratelimit-reset-${limit.kind}`] = `${retryAfterS}s`;
  return headers;
}

export const createReply = (response: ServerResponse, requestId: string, voice: Voice = chatVoice): Reply =>
  new HttpReply(response, requestId, voice);

class HttpReply implements Reply {
  private readonly response: ServerResponse;
  private readonly requestId: string;
  private readonly voice: Voice;
  readonly heartbeat: string;
  private isCut = false;
  private isEnded = false;
  /** A stream of events, where words can be put in. */
  private isEvents = true;
  private goneListeners: (() => void)[] | null = null;

  constructor(response: ServerResponse, requestId: string, voice: Voice) {
    this.response = response;
    this.requestId = requestId;
    this.voice = voice;
    this.heartbeat = voice.heartbeat;
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
    const head = this.base(headers);
    const mediaType = headers['content-type'];
    this.isEvents = mediaType === undefined || mediaType.startsWith('text/event-stream');
    if (mediaType === undefined) head.push('content-type', this.voice.mediaType ?? 'text/event-stream; charset=utf-8');
    head.push('x-accel-buffering', 'no');
    this.response.writeHead(200, head);
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
    if (this.isEvents) this.response.end(this.voice.lastWord);
    else this.response.end();
  }

  whole(headers: Readonly<Record<string, string>>, body: Buffer | string): void {
    this.isEnded = true;
    const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length;
    const head = this.base(headers);
    if (headers['content-type'] === undefined) head.push('content-type', 'application/json');
    head.push('content-length', String(length));
    this.response.writeHead(200, head);
    // In Latin-1 every byte is one character and comes out as it went in, and node:http joins a text with the head before it.
    if (length > joinedBytesMax) this.response.end(bytesOf(body));
    else if (typeof body === 'string' && body.length === length) this.response.end(body, 'latin1');
    else this.response.end(bytesOf(body).toString('latin1'), 'latin1');
  }

  fail(error: GatewayError, headers: Readonly<Record<string, string>>): void {
    if (this.isCut || this.isEnded) return;
    this.isEnded = true;
    // Sound has no place for words: a line that is cut tells its reader that the answer is not whole.
    if (this.response.headersSent && !this.isEvents) return void this.response.destroy();
    if (this.response.headersSent) return void this.response.end(this.voice.errorEvent(error, this.requestId));
    const body = this.voice.errorBody(error, this.requestId);
    const head: Record<string, string> = {};
    const base = this.base(headers);
    for (let at = 0; at < base.length; at += 2) head[base[at]!] = base[at + 1]!;
    Object.assign(head, errorHeaders(error), { 'content-length': String(Buffer.byteLength(body)) });
    this.response.writeHead(error.status, head).end(body);
  }

  /** The headers of every answer, names and values by turns, in a list that its caller may add to: no object is made of them only to be read. */
  private base(more: Readonly<Record<string, string>>): string[] {
    const head = ['x-request-id', this.requestId, 'cache-control', 'no-store'];
    if (this.voice.idHeader !== undefined) head.push(this.voice.idHeader, this.requestId);
    // Headers are plain objects that were made here: walked without a list of their names, they cost half.
    for (const name in more) head.push(name, more[name]!);
    return head;
  }

  private closed(): void {
    if (this.response.writableFinished) return;
    this.isCut = true;
    for (const run of this.goneListeners ?? []) run();
  }
}

const bytesOf = (body: Buffer | string): Buffer => (typeof body === 'string' ? Buffer.from(body) : body);
const ignore = (): void => undefined;
