/** Reads one provider's answer: whole or streamed, in the house's wire or another, sound or broken, under the clock. */
import { isAscii } from 'node:buffer';
import type { ChatResponse } from '../domain/chat.ts';
import { UpstreamFailure, type Fault } from '../domain/errors.ts';
import { retryAfterMsOf } from '../domain/retry-after.ts';
import type { EgressError, Exchange, ResponseSink } from '../egress/egress.ts';
import type { Change } from '../domain/ledger.ts';
import type { Clock, Timer } from '../lib/clock.ts';
import { SseTooLarge } from '../lib/sse.ts';
import { joinedBytesMax, streamBytesMax, wholeBytesMax, type AnswerFacts, type Call, type CallSink } from './calling.ts';
import { failureOfEgress } from './egress-faults.ts';
import { serverSentEvents, type Framing } from './framing.ts';
import { seenAnswer } from './openai/answer.ts';
import type { Protocol, VendorError } from './protocol.ts';
import { member, parseAnswer, parseJson } from './shape.ts';
import { MirroredStream } from './mirror.ts';
import { noteLostSources, notingWriter } from './sources.ts';
import { wireOf } from './wires.ts';
import { PassedStream, piecesOfWhole, TranslatedStream } from './streams.ts';
import type { AnswerTaker, StreamTaker } from './taker.ts';
import { chatWriter, type AnswerWriter } from './writer.ts';
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
  /** Set where the answer is none of a conversation. */
  private readonly taker: AnswerTaker | null;
  /** How many choices the provider was asked for: the finish of one is not the end of all. */
  private readonly choices: number;
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
  /** What must not be read in a provider's error: the secret, its parts, and what was made of it. */
  private concealed: readonly string[];

  constructor(
    clock: Clock,
    call: Call,
    protocol: Protocol,
    changed: Change[],
    sink: CallSink,
    taker: AnswerTaker | null = null,
    choices = 1,
  ) {
    this.clock = clock;
    this.call = call;
    this.protocol = protocol;
    this.sink = sink;
    this.taker = taker;
    this.choices = choices;
    this.concealed = [call.secret];
    this.facts = { usage: null, finishReason: null, modelReported: null, contentChars: 0, changed };
    this.watchdog = new Watchdog(clock, call.timeouts, (fault) => this.expire(fault));
  }

  started(exchange: Exchange): void {
    this.exchange = exchange;
    if (this.isOver) exchange.abort();
  }

  /** What else must not be read in a provider's error, longest first: a part must not be cut out of the whole. */
  conceal(values: readonly string[]): void {
    this.concealed = values.toSorted((a, b) => b.length - a.length);
  }

  hasEnded(): boolean {
    return this.isOver;
  }

  /** The request never left: its secret proves nothing, or could not be exchanged. */
  refused(error: unknown): void {
    if (error instanceof UpstreamFailure) this.deliver(error);
    else this.deliver(new UpstreamFailure('auth', 'the secret could not be used', { cause: error }));
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
    const { heads, connectionId } = this.call;
    if (heads !== undefined && connectionId !== undefined) heads.saw(connectionId, this.call.to.model, headers);
    if (status >= 300 && status < 400) return this.fail('redirect', 'the provider answered with a redirect');
    if (status >= 300) return;
    if (this.taker) this.stream = this.taker.stream(mediaType(headers), this.facts);
    else if (this.call.request.isStream && mediaType(headers) === this.framing().mediaType) this.stream = this.openStream();
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

  private framing(): Framing {
    return this.protocol.framing ?? serverSentEvents;
  }

  private openStream(): StreamTaker {
    const { to, request, moment } = this.call;
    if (to.row.protocol === 'openai' && request.wire === undefined)
      return new PassedStream(this.facts, request.wantsUsage || to.row.reportsUsageInStream === 'always', this.choices);
    const reader = this.protocol.streamReader(to, moment, this.choices);
    const writer = this.writer();
    if (this.isOwnWire()) return new MirroredStream(this.facts, reader, this.protocol, writer, this.framing().reader(), this.choices);
    return new TranslatedStream(this.facts, reader, this.protocol, writer, this.framing().reader(), this.choices);
  }

  private writer(): AnswerWriter {
    const { wire, wantsUsage } = this.call.request;
    if (wire === undefined) return chatWriter(wantsUsage);
    return this.isOwnWire() ? wire.writer() : notingWriter(wire, this.facts.changed);
  }

  /** The provider speaks the very wire that the caller came by, and it is not the house's. */
  private isOwnWire(): boolean {
    const { to, request } = this.call;
    return request.wire !== undefined && wireOf(to.row) === request.wire.id;
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
    const isPassed = to.row.protocol === 'openai' && !request.isStream && request.wire === undefined;
    let said: Buffer | string | string[];
    try {
      said = this.taker ? this.taker.whole(this.wholeBody(), mediaType(this.headers), this.facts) : this.wholeSaid(isPassed);
    } catch (error) {
      return error instanceof UpstreamFailure ? this.deliver(this.scrubbed(error)) : this.failUnread(error);
    }
    if (!this.close()) return;
    if (!Array.isArray(said)) return this.sink.onWhole(said, this.facts);
    for (const piece of said) this.sink.onPiece(piece, this.facts);
    this.sink.onStreamEnd(this.facts);
  }

  /** The answer in the caller's wire; as pieces where a stream was asked for and answered whole (E3): it is good, so it is told as one. */
  private written(body: Buffer, response: ChatResponse): Buffer | string | string[] {
    const { wire, isStream } = this.call.request;
    if (isStream) return piecesOfWhole(response, this.writer());
    if (wire === undefined) return JSON.stringify(response);
    if (this.isOwnWire()) return wire.passWhole(body);
    noteLostSources(
      response.choices.map(({ message }) => message),
      wire,
      this.facts.changed,
    );
    return wire.whole(response);
  }

  private wholeBody(): Buffer {
    return this.parts.length === 1 ? this.parts[0]! : Buffer.concat(this.parts);
  }

  /** What the caller is told. Throws UpstreamFailure for what is no completion. The response is built where its bytes are not passed on as they came. */
  private wholeSaid(isPassed: boolean): Buffer | string | string[] {
    const body = this.wholeBody();
    const { to, moment } = this.call;
    const isPlain = body.length <= joinedBytesMax && isAscii(body);
    const source = body.toString(isPlain ? 'latin1' : 'utf8');
    if (isPassed) {
      const seen = seenAnswer(parseJson(source), moment);
      this.learn(seen, seen.finishReason, seen.model ?? to.model, seen.choices);
      // The text of it is at hand; as bytes it would be made a text once more on its way out.
      return isPlain ? source : body;
    }
    const response = this.protocol.fromVendor(parseAnswer(source), to, moment);
    const { usage, choices, model } = response;
    this.learn({ usage, serviceTier: response['service_tier'] }, choices[0]?.finish_reason ?? null, model, choices);
    return this.written(body, response);
  }

  private learn(
    said: { usage: unknown; serviceTier: unknown },
    finishReason: string | null,
    model: string,
    choices: readonly unknown[],
  ): void {
    this.facts.usage = this.protocol.usageOf(said.usage, said.serviceTier);
    this.facts.finishReason = finishReason;
    this.facts.modelReported = model || null;
    // The base of an estimate, and writing a long answer once more is dear: nobody asks where the provider has counted.
    if (this.facts.usage === null)
      this.facts.contentChars = choices.reduce<number>((sum, choice) => sum + JSON.stringify(member(choice, 'message')).length, 0);
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
    const { customHeaders } = this.call;
    let message = failure.vendorMessage;
    if (message === null) return failure;
    for (const value of [...this.concealed, ...Object.values(customHeaders)])
      if (value.length >= 4) message = message.replaceAll(value, '[secret]');
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
