/** One request and its response: turns the HTTP client's callbacks into the sink's, counts, and reports the end exactly once. */
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { classifyExchangeFailure, EgressError, type EgressErrorCode } from './error.ts';
import type { Trust } from './guard.ts';

export interface OutgoingRequest {
  /** Canonical, as `checkTargetUrl` answers it. */
  origin: string;
  /** Begins with a slash; may carry a query. */
  path: string;
  method: 'GET' | 'POST' | 'DELETE';
  /** An object, or names and values by turns. */
  headers: Record<string, string> | string[];
  /** A stream is read once, and destroyed with the exchange; its length must stand in the headers. */
  body: Uint8Array | string | Readable | null;
  trust: Trust;
  /** For a connection that has to be opened for this request: look-up, TCP and TLS; the house's limit where it is not given. */
  connectTimeoutMs?: number;
}

/** Takes one response, in this order: `onHeaders` once, `onData` any number of times, then `onEnd` or `onError` once. `onError` may come at any point. */
export interface ResponseSink {
  /** The final status (never 1xx; a redirect comes as its 3xx) and the headers by lower-case name. */
  onHeaders(status: number, headers: Record<string, string | string[]>): void;
  /** `false` asks for a pause until `resume()`. Keep a chunk only briefly: it may pin the 64 KiB that it was read into. */
  onData(chunk: Buffer): boolean | void;
  onEnd(): void;
  onError(error: EgressError): void;
}

export interface Exchange {
  /** Closes the upstream socket at once; `onError('aborted')` is called before this returns, unless the exchange was over. */
  abort(): void;
  /** Stops reading; one chunk that is already here may still come. */
  pause(): void;
  /** Not to be called from another exchange's `onData`: the parser is shared. */
  resume(): void;
}

/** A keep-alive socket as the exchange sees it: who carries it, and whether it has carried others before. */
export interface Line {
  socket: Socket | null;
  requests: number;
  connectMs: number | null;
  /** The limit of the request that opens it; the house's where it has none. */
  connectTimeoutMs?: number;
}

/** Who counts the exchanges that are under way, so that nothing in use is ever closed. */
export interface InUse {
  inUse: number;
}

const headerLinesMax = 200;
const abortReason = new Error('aborted');

export class HttpExchange implements Exchange, Dispatcher.DispatchHandler {
  /** Set by the client that takes the request from the queue. */
  line: Line | null = null;
  /** What setting up the connection took, where this request was the one that waited for it. */
  connectMs: number | null = null;
  /** True while the HTTP client's `dispatch` runs: what it reports then has to wait until our caller holds the exchange. */
  isDispatching = true;
  readonly connectTimeoutMs: number | undefined;
  private readonly sink: ResponseSink;
  private readonly owner: InUse;
  private controller: Dispatcher.DispatchController | null = null;
  private socket: Socket | null = null;
  private socketReused = false;
  private bytesAtStart = 0;
  private headersSeen = false;
  private finished = false;
  private wantsPause = false;

  constructor(sink: ResponseSink, owner: InUse, connectTimeoutMs?: number) {
    this.sink = sink;
    this.owner = owner;
    this.connectTimeoutMs = connectTimeoutMs;
    owner.inUse += 1;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Nothing was written yet. Throwing takes the request from the queue and leaves the socket to the next one.
    if (this.finished) throw abortReason;
    this.controller = controller;
    const line = this.line;
    if (line !== null && line.socket !== null) {
      this.socketReused = line.requests > 0;
      line.requests += 1;
      if (!this.socketReused) this.connectMs = line.connectMs;
      this.socket = line.socket;
      this.bytesAtStart = line.socket.bytesRead;
    }
    if (this.wantsPause) controller.pause();
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: Record<string, string | string[] | undefined>): void {
    if (this.finished) return;
    if (Array.isArray(controller.rawHeaders) && controller.rawHeaders.length > 2 * headerLinesMax) {
      this.fail('headers_overflow');
      controller.abort(abortReason);
      return;
    }
    // Early hints and their like say nothing about the answer.
    if (status < 200) return;
    this.headersSeen = true;
    try {
      // The client leaves no header undefined; its type allows it only because requests may have such.
      this.sink.onHeaders(status, headers as Record<string, string | string[]>);
    } catch (fault) {
      this.endBySinkFault(controller, fault);
    }
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.finished) return;
    try {
      if (this.sink.onData(chunk) === false) controller.pause();
    } catch (fault) {
      this.endBySinkFault(controller, fault);
    }
  }

  onResponseEnd(): void {
    if (this.finished) return;
    this.finish();
    callSafely(() => this.sink.onEnd());
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    if (this.finished) return;
    if (error instanceof EgressError) this.deliver(error);
    else this.fail(classifyExchangeFailure(error, this.headersSeen));
  }

  abort(): void {
    if (this.finished) return;
    this.fail('aborted');
    this.controller?.abort(abortReason);
  }

  pause(): void {
    this.wantsPause = true;
    this.controller?.pause();
  }

  resume(): void {
    this.wantsPause = false;
    if (!this.finished) this.controller?.resume();
  }

  /** Ends the exchange with a fault of ours, before or instead of the HTTP client's report. */
  fail(code: EgressErrorCode): void {
    this.deliver(this.newError(code));
  }

  /** Our own code threw while it took the response: the exchange ends, and the fault stays visible as the cause. */
  private endBySinkFault(controller: Dispatcher.DispatchController, fault: unknown): void {
    if (!this.finished) this.deliver(this.newError('aborted', fault));
    controller.abort(abortReason);
  }

  private newError(code: EgressErrorCode, cause?: unknown): EgressError {
    const bytesReceived = this.socket === null ? 0 : this.socket.bytesRead - this.bytesAtStart;
    return new EgressError(code, { bytesReceived, socketReused: this.socketReused, cause });
  }

  private deliver(error: EgressError): void {
    this.finish();
    if (this.isDispatching) queueMicrotask(() => callSafely(() => this.sink.onError(error)));
    else callSafely(() => this.sink.onError(error));
  }

  private finish(): void {
    this.finished = true;
    this.owner.inUse -= 1;
  }
}

/** A sink that throws at the very end has nobody left to tell; the fault must neither vanish nor harm the parser. */
function callSafely(call: () => void): void {
  try {
    call();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
