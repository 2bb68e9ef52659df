/** Reads one provider's answer: whole or streamed, in the house's wire or another, sound or broken, under the clock. */
import type { ChatResponse } from '../domain/chat.ts';
import { UpstreamFailure, type Fault } from '../domain/errors.ts';
import { retryAfterMsOf } from '../domain/retry-after.ts';
import type { EgressError, Exchange, ResponseSink } from '../egress/egress.ts';
import type { Change } from '../domain/ledger.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import { SseTooLarge } from '../lib/sse.ts';
import { streamBytesMax, wholeBytesMax, type AnswerFacts, type Call, type CallSink } from './calling.ts';
import { failureOfEgress } from './egress-faults.ts';
import { seenAnswer } from './openai/answer.ts';
import type { Protocol, VendorError } from './protocol.ts';
import { parseJson } from './shape.ts';
import { chunksOfWhole, PassedStream, TranslatedStream, type StreamTaker } from './streams.ts';
import { Watchdog } from './watchdog.ts';

/** An error body is read this far; more says nothing. */
const errorBytesMax = 65_536;
/** A finished stream whose socket stays open is given this long to send its usage. */
const graceAfterFinishMs = 5_000;
/** After its last word a stream's response has this long, and this many bytes, to end, so that its connection can be used again. */
const drainMs = 1_000;
const drainBytesMax = 65_536;

type Headers = Readonly<Record<string, string | string[]>>;
const mediaType = (headers: Headers): string =>
  String(headers['content-type'] ?? '')
    .split(';')[0]!
    .trim()
    .toLowerCase();

export class AnswerReader implements ResponseSink, Exchange {
  private readonly clock: Clock;
  private readonly call: Call;
  private readonly protocol: Protocol;
  private readonly sink: CallSink;
  private readonly facts: AnswerFacts;
  private readonly watchdog: Watchdog;
  private exchange: Exchange | null = null;
  private status = 0;
  private headers: Headers = {};
  private stream: StreamTaker | null = null;
  private parts: Buffer[] = [];
  private bytes = 0;
  private isOver = false;
  private drain: Timer | null = null;

  constructor(clock: Clock, call: Call, protocol: Protocol, changed: Change[], sink: CallSink) {
    this.clock = clock;
    this.call = call;
    this.protocol = protocol;
    this.sink = sink;
    this.facts = { usage: null, finishReason: null, modelReported: null, contentChars: 0, changed };
    this.watchdog = new Watchdog(clock, call.timeouts, (fault) => this.expire(fault));
  }

  started(exchange: Exchange): void {
    this.exchange = exchange;
    if (this.isOver) exchange.abort();
  }

  /** The caller has gone: the provider is stopped at once. */
  abort(): void {
    this.fail('caller_gone', 'the caller hung up');
  }

  pause(): void {
    this.exchange?.pause();
  }

  resume(): void {
    if (!this.isOver) this.watchdog.eventSeen();
    this.exchange?.resume();
  }

  onHeaders(status: number, headers: Headers): void {
    if (this.isOver) return;
    this.status = status;
    this.headers = headers;
    this.watchdog.headersSeen();
    if (status >= 300 && status < 400) return this.fail('redirect', 'the provider answered with a redirect');
    if (status >= 200 && status < 300 && this.call.request.isStream && mediaType(headers) === 'text/event-stream')
      this.stream = this.openStream();
  }

  onData(chunk: Buffer): boolean | void {
    this.bytes += chunk.length;
    if (this.isOver) return this.drainOn();
    if (this.stream)
      return this.bytes > streamBytesMax ? this.fail('too_large', 'the stream is too large') : this.takeEvents(this.stream, chunk);
    if (this.bytes > wholeBytesMax) return this.fail('too_large', 'the answer is too large');
    // Kept chunks pin the buffer they were read into; a copy of a small one is cheaper than 64 KiB.
    if (this.status < 400 || this.bytes <= errorBytesMax)
      this.parts.push(this.parts.length === 0 && chunk.length > 4096 ? chunk : Buffer.from(chunk));
    else this.finishError();
  }

  onEnd(): void {
    this.drain?.cancel();
    if (this.isOver) return;
    if (this.stream) return this.endStream(this.stream);
    if (this.status >= 400) return this.finishError();
    this.finishWhole();
  }

  onError(error: EgressError): void {
    this.drain?.cancel();
    if (this.isOver) return;
    // A stream that had said everything before its line broke is whole all the same.
    if (this.stream?.isComplete() && error.code !== 'aborted') return this.endStream(this.stream);
    // An error status is an answer, also where its body broke off.
    if (this.status >= 400) return this.finishError();
    this.deliver(failureOfEgress(error));
  }

  private openStream(): StreamTaker {
    const { to, request, moment } = this.call;
    if (to.row.protocol === 'openai') return new PassedStream(this.facts, request.wantsUsage || to.row.reportsUsageInStream === 'always');
    return new TranslatedStream(this.facts, this.protocol.streamReader(to, moment), this.protocol, request.wantsUsage);
  }

  private takeEvents(stream: StreamTaker, chunk: Buffer): boolean {
    let pieces: (Buffer | string)[];
    try {
      pieces = stream.push(chunk);
    } catch (error) {
      this.failStream(error);
      return false;
    }
    if (stream.sawEvent()) this.watchdog.eventSeen();
    let mayGoOn = true;
    for (const piece of pieces) mayGoOn = this.sink.onPiece(piece, this.facts);
    if (!mayGoOn) this.watchdog.pause();
    if (this.isOver) return true;
    const failure = stream.failure();
    if (failure) this.failStream(failure);
    else if (stream.isDone()) this.endStream(stream);
    else if (stream.isComplete()) this.watchdog.graceFor(graceAfterFinishMs);
    return mayGoOn;
  }

  private endStream(stream: StreamTaker): void {
    let owed: (Buffer | string)[];
    try {
      owed = stream.end();
    } catch (error) {
      return this.failStream(error);
    }
    const failure = stream.failure();
    if (failure) return this.failStream(failure);
    if (!stream.isComplete()) return this.fail('connection_lost', 'the stream ended before the answer did');
    for (const piece of owed) this.sink.onPiece(piece, this.facts);
    if (!this.close()) return;
    this.startDrain();
    this.sink.onStreamEnd(this.facts);
  }

  /** The caller has its answer; only the last chunk of the response is still on its way. Cutting it off would cost the connection. */
  private startDrain(): void {
    this.bytes = 0;
    this.drain = this.clock.after(drainMs, () => this.exchange?.abort());
    this.exchange?.resume();
  }

  private drainOn(): void {
    if (this.bytes <= drainBytesMax) return;
    this.drain?.cancel();
    this.exchange?.abort();
  }

  /** A time limit of ours was reached: what had been said in full by then, or was a refusal, still counts. */
  private expire(fault: Fault): void {
    if (this.stream?.isComplete()) this.endStream(this.stream);
    else if (this.status >= 400) this.finishError();
    else this.fail(fault, 'a time limit of ours');
  }

  private failStream(error: unknown): void {
    if (error instanceof UpstreamFailure) return this.deliver(this.scrubbed(error));
    if (error instanceof SseTooLarge) return this.fail('too_large', 'one event of the stream is too large');
    this.failUnread(error);
  }

  /** Our own reader failed on what came: that ends this answer, and never the process. */
  private failUnread(cause: unknown): void {
    this.deliver(new UpstreamFailure('invalid_response', 'the answer could not be read', { vendorStatus: this.status || null, cause }));
  }

  private finishWhole(): void {
    const { to, request } = this.call;
    const isPassed = to.row.protocol === 'openai' && !request.isStream;
    let whole: { body: Buffer; response: ChatResponse | null };
    try {
      whole = this.readWhole(isPassed);
    } catch (error) {
      return error instanceof UpstreamFailure ? this.deliver(this.scrubbed(error)) : this.failUnread(error);
    }
    if (!this.close()) return;
    const { body, response } = whole;
    if (response === null) return this.sink.onWhole(body, this.facts);
    if (!request.isStream) return this.sink.onWhole(JSON.stringify(response), this.facts);
    // Asked for a stream, answered whole (E3): the answer is good, so it is told as a stream.
    for (const piece of chunksOfWhole(response, request.wantsUsage)) this.sink.onPiece(piece, this.facts);
    this.sink.onStreamEnd(this.facts);
  }

  /** Throws UpstreamFailure for what is no completion. The response is built where its bytes are not passed on as they came. */
  private readWhole(isPassed: boolean): { body: Buffer; response: ChatResponse | null } {
    const body = this.parts.length === 1 ? this.parts[0]! : Buffer.concat(this.parts);
    const { to, moment } = this.call;
    const parsed = parseJson(body.toString('utf8'));
    if (isPassed) {
      const seen = seenAnswer(parsed, moment);
      this.learn(seen.usage, seen.finishReason, seen.model ?? to.model, seen.messages);
      return { body, response: null };
    }
    const response = this.protocol.fromVendor(parsed, to, moment);
    const messages = response.choices.map((choice) => choice.message);
    this.learn(response.usage, response.choices[0]?.finish_reason ?? null, response.model, messages);
    return { body, response };
  }

  private learn(usage: unknown, finishReason: string | null, model: string, messages: readonly unknown[]): void {
    this.facts.usage = this.protocol.usageOf(usage);
    this.facts.finishReason = finishReason;
    this.facts.modelReported = model || null;
    // The base of an estimate, and writing a long answer once more is dear: nobody asks where the provider has counted.
    if (this.facts.usage === null)
      this.facts.contentChars = messages.reduce<number>((sum, message) => sum + JSON.stringify(message).length, 0);
  }

  private finishError(): void {
    const text = Buffer.concat(this.parts).toString('utf8').slice(0, errorBytesMax);
    let error: VendorError;
    try {
      error = this.protocol.errorOf(this.status, parseJson(text) ?? text);
    } catch (cause) {
      return this.failUnread(cause);
    }
    const { fault, message, retryAfterMs } = error;
    this.deliver(
      this.scrubbed(
        new UpstreamFailure(fault, `the provider answered ${this.status}`, {
          vendorStatus: this.status,
          vendorMessage: message,
          retryAfterMs: retryAfterMsOf(this.headers, this.clock.nowMs()) ?? retryAfterMs ?? null,
        }),
      ),
    );
  }

  /** Providers echo keys in their errors (C13): the one that was sent is cut out before anybody reads the text. */
  private scrubbed(failure: UpstreamFailure): UpstreamFailure {
    const { secret, customHeaders } = this.call;
    let message = failure.vendorMessage;
    if (message === null) return failure;
    for (const value of [secret, ...Object.values(customHeaders)]) if (value.length >= 4) message = message.replaceAll(value, '[secret]');
    if (message === failure.vendorMessage) return failure;
    const { fault, vendorStatus, retryAfterMs, isReuseRace } = failure;
    return new UpstreamFailure(fault, failure.message, { vendorStatus, retryAfterMs, isReuseRace, vendorMessage: message });
  }

  private fail(fault: Fault, detail: string): void {
    this.deliver(new UpstreamFailure(fault, detail, { vendorStatus: this.status || null }));
  }

  private deliver(failure: UpstreamFailure): void {
    if (!this.close()) return;
    this.exchange?.abort();
    this.sink.onFailure(failure, this.facts);
  }

  /** FALSE when the answer was over already. */
  private close(): boolean {
    if (this.isOver) return false;
    this.isOver = true;
    this.watchdog.stop();
    return true;
  }
}
