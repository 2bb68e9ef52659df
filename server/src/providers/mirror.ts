/** A stream of the caller's own wire, which is not the house's: passed on event by event, and read beside for the books. */
import type { ChatChunk } from '../domain/chat.ts';
import { UpstreamFailure } from '../domain/errors.ts';
import { createSseReader, type SseEvent } from '../lib/sse.ts';
import { charsOf, isSemantic } from './assemble.ts';
import type { AnswerFacts } from './calling.ts';
import type { Protocol, StreamReader } from './protocol.ts';
import type { StreamTaker } from './streams.ts';
import type { AnswerWriter } from './writer.ts';

/** What may come before the answer begins; more than this is no beginning. */
const heldCharsMax = 262_144;

export class MirroredStream implements StreamTaker {
  private readonly events = createSseReader();
  private readonly answer: AnswerFacts;
  private readonly reader: StreamReader;
  private readonly protocol: Protocol;
  private readonly writer: AnswerWriter;
  private held: string[] = [];
  private heldChars = 0;
  private hasBegun = false;
  private isFresh = false;
  private hasEnded = false;
  private endedComplete = false;

  constructor(answer: AnswerFacts, reader: StreamReader, protocol: Protocol, writer: AnswerWriter) {
    this.answer = answer;
    this.reader = reader;
    this.protocol = protocol;
    this.writer = writer;
  }

  push(chunk: Buffer): string[] {
    this.isFresh = false;
    return this.take(this.events.push(chunk));
  }

  end(): string[] {
    if (this.hasEnded) return [];
    this.hasEnded = true;
    // A last event whose empty line never came still counts where it is whole.
    const pieces = this.take(this.events.end());
    const { chunks, isComplete } = this.reader.end();
    for (const chunk of chunks) this.learn(chunk);
    this.endedComplete = isComplete;
    // A stream that broke off has no last word.
    const owed = this.endedComplete ? this.writer.end() : '';
    return owed === '' ? pieces : [...pieces, owed];
  }

  sawEvent(): boolean {
    return this.isFresh;
  }

  isComplete(): boolean {
    return this.hasEnded ? this.endedComplete : this.answer.finishReason !== null;
  }

  /** The vendor closes the line with its last event; until then nothing says that no more will come. */
  isDone(): boolean {
    return false;
  }

  failure(): UpstreamFailure | null {
    return null;
  }

  /** Reading comes first: an event that is an error throws there, and is told in our words and not in the vendor's. */
  private take(events: readonly SseEvent[]): string[] {
    const pieces: string[] = [];
    for (const event of events) {
      for (const chunk of this.reader.push(event)) this.learn(chunk);
      const piece = this.writer.pass(event);
      if (piece !== '') pieces.push(piece);
    }
    if (this.hasBegun) return pieces;
    for (const piece of pieces) {
      this.held.push(piece);
      this.heldChars += piece.length;
    }
    if (!this.isFresh) {
      if (this.heldChars > heldCharsMax) throw new UpstreamFailure('too_large', 'the stream says too much before its answer begins');
      return [];
    }
    this.hasBegun = true;
    const { held } = this;
    this.held = [];
    return held;
  }

  private learn(chunk: ChatChunk): void {
    const usage = this.protocol.usageOf(chunk.usage);
    if (usage) this.answer.usage = usage;
    if (chunk.model) this.answer.modelReported = chunk.model;
    for (const choice of chunk.choices) if (choice.finish_reason) this.answer.finishReason = choice.finish_reason;
    this.answer.contentChars += charsOf(chunk);
    if (isSemantic(chunk)) this.isFresh = true;
  }
}
