/** A stream that is read by its protocol, event by event: what both ways of telling it on share. */
import type { ChatChunk } from '../domain/chat.ts';
import type { UpstreamFailure } from '../domain/errors.ts';
import { createSseReader, type SseEvent } from '../lib/sse.ts';
import { charsOf } from './assemble.ts';
import type { AnswerFacts } from './calling.ts';
import { createChoiceEnds, type ChoiceEnds } from './choices.ts';
import type { EventReader } from './framing.ts';
import { HeldPieces } from './held.ts';
import type { Protocol, StreamReader } from './protocol.ts';
import type { StreamTaker } from './taker.ts';
import type { AnswerWriter } from './writer.ts';

export abstract class ReadStream implements StreamTaker {
  protected readonly answer: AnswerFacts;
  protected readonly reader: StreamReader;
  protected readonly writer: AnswerWriter;
  private readonly protocol: Protocol;
  private readonly events: EventReader;
  private readonly held = new HeldPieces<string>();
  private readonly ends: ChoiceEnds;
  private isFresh = false;
  private hasEnded = false;
  private endedComplete = false;

  constructor(
    answer: AnswerFacts,
    reader: StreamReader,
    protocol: Protocol,
    writer: AnswerWriter,
    events: EventReader = createSseReader(),
    choices = 1,
  ) {
    this.answer = answer;
    this.reader = reader;
    this.protocol = protocol;
    this.writer = writer;
    this.events = events;
    this.ends = createChoiceEnds(choices);
  }

  /** Learns from these events; the pieces for the caller. An event that is an error throws. */
  protected abstract tell(events: readonly SseEvent[]): string[];

  /** Learns from the chunks that are owed at the end; the pieces for the caller. */
  protected abstract tellOwed(chunks: readonly ChatChunk[]): string[];

  /** Whether a chunk means something to the caller. */
  protected abstract means(chunk: ChatChunk): boolean;

  /** With what came so far the answer has begun. */
  protected hasBegun(): boolean {
    return this.isFresh;
  }

  push(chunk: Buffer): string[] {
    this.isFresh = false;
    return this.pass(this.tell(this.events.push(chunk)));
  }

  end(): string[] {
    if (this.hasEnded) return [];
    this.hasEnded = true;
    // A last event whose end never came still counts where it is whole.
    const last = this.tell(this.events.end());
    const { chunks, isComplete } = this.reader.end();
    this.endedComplete = isComplete;
    const pieces = this.pass([...last, ...this.tellOwed(chunks)]);
    // A stream that broke off has no last word.
    const owed = isComplete ? this.writer.end() : '';
    return owed === '' ? pieces : [...pieces, owed];
  }

  sawEvent(): boolean {
    return this.isFresh;
  }

  /** Before the end: every choice that was asked for has finished, and only usage may still be owed. */
  isComplete(): boolean {
    return this.hasEnded ? this.endedComplete : this.ends.haveAllEnded();
  }

  /** The vendor closes the line with its own end mark; until then nothing says that no more will come. */
  isDone(): boolean {
    return false;
  }

  failure(): UpstreamFailure | null {
    return null;
  }

  protected learn(chunk: ChatChunk): void {
    const usage = this.protocol.usageOf(chunk.usage, chunk['service_tier']);
    if (usage) this.answer.usage = usage;
    if (chunk.model) this.answer.modelReported = chunk.model;
    for (const { index, finish_reason: finish } of chunk.choices) {
      if (finish) this.answer.finishReason = finish;
      this.ends.saw(index, Boolean(finish));
    }
    this.answer.contentChars += charsOf(chunk);
    if (this.means(chunk)) this.isFresh = true;
  }

  private pass(pieces: string[]): string[] {
    return this.held.pass(pieces, this.hasBegun());
  }
}
