/** The two ways a stream is read: passed on in its own bytes while it is looked at, or translated event by event. */
import type { ChatChunk, ChatResponse } from '../domain/chat.ts';
import { UpstreamFailure } from '../domain/errors.ts';
import { createSseReader, writeSse, type SseEvent } from '../lib/sse.ts';
import { chunksOf } from './assemble.ts';
import { BlockCutter, singleData } from './blocks.ts';
import type { AnswerFacts } from './calling.ts';
import type { EventReader } from './framing.ts';
import { createStreamScanner, type StreamFacts } from './openai/scan.ts';
import type { Protocol, StreamReader } from './protocol.ts';
import type { AnswerWriter } from './writer.ts';

export interface StreamTaker {
  /** Pieces to pass on. None before the first event that means something: until then another provider may still be asked. */
  push(chunk: Buffer): (Buffer | string)[];
  /** Pieces that are owed when the provider has ended. */
  end(): (Buffer | string)[];
  /** An event that means something came with the last chunk. */
  sawEvent(): boolean;
  isComplete(): boolean;
  /** The stream said that nothing more comes. */
  isDone(): boolean;
  failure(): UpstreamFailure | null;
}

/** How the answer of an operation is taken, where it is none of a conversation. Both throw UpstreamFailure for what is no answer. */
export interface AnswerTaker {
  /** Null for an answer that is read whole. Notes the media type for the caller, where it is none of the usual ones. */
  stream(mediaType: string, facts: AnswerFacts): StreamTaker | null;
  /** What is said to the caller; pieces where it asked for a stream. */
  whole(body: Buffer, mediaType: string, facts: AnswerFacts): Buffer | string | string[];
}

/** What may come before the answer begins. Prompts' filter results and their like need a few kilobytes; a provider that says more has lost its way. */
const heldBytesMax = 262_144;

const tooMuchHeld = (): UpstreamFailure => new UpstreamFailure('too_large', 'the stream says too much before its answer begins');

/** Kinds of event that are relayed once the answer has begun; `[DONE]` is written by the face. */
const relayed: ReadonlySet<string> = new Set(['semantic', 'other', 'empty']);

/** The house's own wire: every event is relayed in the bytes it came in. */
export class PassedStream implements StreamTaker {
  private readonly scanner = createStreamScanner();
  private readonly cutter = new BlockCutter();
  private readonly answer: AnswerFacts;
  private readonly keepsUsage: boolean;
  /** The long way, for streams with carriage returns or a byte order mark. */
  private reader: ReturnType<typeof createSseReader> | null = null;
  private held: (Buffer | string)[] = [];
  private heldBytes = 0;
  private hasBegun = false;
  private isFresh = false;

  constructor(answer: AnswerFacts, keepsUsage: boolean) {
    this.answer = answer;
    this.keepsUsage = keepsUsage;
  }

  push(chunk: Buffer): (Buffer | string)[] {
    this.isFresh = false;
    const pieces: (Buffer | string)[] = [];
    if (this.reader) this.readEvents(this.reader.push(chunk), pieces);
    else {
      const blocks = this.cutter.push(chunk);
      if (this.cutter.isPlain) this.readBlocks(blocks, pieces);
      else {
        this.reader = createSseReader();
        this.readEvents(this.reader.push(this.cutter.takeRest() ?? chunk), pieces);
      }
    }
    this.learn();
    return this.begin(pieces);
  }

  end(): (Buffer | string)[] {
    const pieces: (Buffer | string)[] = [];
    const rest = this.cutter.takeRest();
    // A last event without its empty line still counts where it is whole.
    if (rest) this.readEvents(createSseReader().push(Buffer.concat([rest, Buffer.from('\n\n')])), pieces);
    else if (this.reader?.pending()) this.readEvents(this.reader.push(Buffer.from('\n\n')), pieces);
    this.learn();
    return this.begin(pieces);
  }

  sawEvent(): boolean {
    return this.isFresh;
  }

  isComplete(): boolean {
    return this.scanner.facts.isComplete && this.hasBegun;
  }

  isDone(): boolean {
    return this.scanner.facts.isDone;
  }

  failure(): UpstreamFailure | null {
    return this.scanner.facts.failure;
  }

  private readBlocks(blocks: readonly Buffer[], pieces: (Buffer | string)[]): void {
    let runStart: Buffer | null = null;
    let runEnd = 0;
    const flush = (): void => {
      if (runStart) pieces.push(Buffer.from(runStart.buffer, runStart.byteOffset, runEnd - runStart.byteOffset));
      runStart = null;
    };
    for (const block of blocks) {
      const data = singleData(block);
      if (data === null) {
        flush();
        // Several lines, comments, names or ids: read the long way and written anew, for a provider must not steer clients (S-INJ).
        this.readEvents(createSseReader().push(block), pieces);
        continue;
      }
      if (!this.keeps({ event: 'message', data })) {
        flush();
        continue;
      }
      // Blocks of one chunk lie side by side: a run of them is one piece.
      if (runStart && runStart.buffer === block.buffer && runEnd === block.byteOffset) runEnd = block.byteOffset + block.length;
      else {
        flush();
        runStart = block;
        runEnd = block.byteOffset + block.length;
      }
    }
    flush();
  }

  private readEvents(events: readonly SseEvent[], pieces: (Buffer | string)[]): void {
    for (const event of events) if (this.keeps(event)) pieces.push(writeSse(event.data.replaceAll('\n', '\ndata: ')));
  }

  private keeps(event: SseEvent): boolean {
    const { kind } = this.scanner.push(event);
    if (kind === 'semantic' || kind === 'usage' || kind === 'done') this.isFresh = true;
    return relayed.has(kind) || (kind === 'usage' && this.keepsUsage);
  }

  private learn(): void {
    copyFacts(this.scanner.facts, this.answer);
  }

  /** Holds everything back until the answer has begun. */
  private begin(pieces: (Buffer | string)[]): (Buffer | string)[] {
    if (this.hasBegun) return pieces;
    for (const piece of pieces) {
      this.held.push(piece);
      this.heldBytes += piece.length;
    }
    if (!this.scanner.facts.isSemantic) {
      if (this.heldBytes > heldBytesMax) throw tooMuchHeld();
      return [];
    }
    this.hasBegun = true;
    const held = this.held;
    this.held = [];
    return held;
  }
}

function copyFacts(from: Readonly<StreamFacts>, to: AnswerFacts): void {
  to.usage = from.usage;
  to.finishReason = from.finishReason;
  to.modelReported = from.modelReported;
  to.contentChars = from.contentChars;
}

/** Another wire: read by its protocol into chunks of the house. */
export class TranslatedStream implements StreamTaker {
  private readonly events: EventReader;
  private readonly reader: StreamReader;
  private readonly protocol: Protocol;
  private readonly answer: AnswerFacts;
  private readonly writer: AnswerWriter;
  private held: string[] = [];
  private heldBytes = 0;
  private hasBegun = false;
  private isFresh = false;
  private hasEnded = false;
  private endedComplete = false;

  constructor(
    answer: AnswerFacts,
    reader: StreamReader,
    protocol: Protocol,
    writer: AnswerWriter,
    events: EventReader = createSseReader(),
  ) {
    this.events = events;
    this.answer = answer;
    this.reader = reader;
    this.protocol = protocol;
    this.writer = writer;
  }

  push(chunk: Buffer): string[] {
    this.isFresh = false;
    return this.take(this.events.push(chunk).flatMap((event) => this.reader.push(event)));
  }

  end(): string[] {
    if (this.hasEnded) return [];
    this.hasEnded = true;
    // A last event whose end never came still counts where it is whole.
    const last = this.events.end().flatMap((event) => this.reader.push(event));
    const { chunks, isComplete } = this.reader.end();
    this.endedComplete = isComplete;
    const pieces = this.take([...last, ...chunks]);
    // A stream that broke off has no last word.
    const owed = this.endedComplete ? this.writer.end() : '';
    return owed === '' ? pieces : [...pieces, owed];
  }

  sawEvent(): boolean {
    return this.isFresh;
  }

  /** Before the end: the finish was seen, and only usage may still be owed. */
  isComplete(): boolean {
    return this.hasEnded ? this.endedComplete : this.answer.finishReason !== null;
  }

  /** The vendor's own end mark closes the connection with it; the reader tells at `end()`. */
  isDone(): boolean {
    return false;
  }

  failure(): UpstreamFailure | null {
    return null;
  }

  private take(chunks: readonly ChatChunk[]): string[] {
    const pieces: string[] = [];
    for (const chunk of chunks) {
      this.learn(chunk);
      const piece = this.writer.chunk(chunk);
      if (piece !== '') pieces.push(piece);
    }
    if (this.hasBegun) return pieces;
    for (const piece of pieces) {
      this.held.push(piece);
      this.heldBytes += piece.length;
    }
    if (this.answer.contentChars === 0 && this.answer.finishReason === null && !this.isFresh) {
      if (this.heldBytes > heldBytesMax) throw tooMuchHeld();
      return [];
    }
    this.hasBegun = true;
    const held = this.held;
    this.held = [];
    return held;
  }

  private learn(chunk: ChatChunk): void {
    const usage = this.protocol.usageOf(chunk.usage, chunk['service_tier']);
    if (usage) this.answer.usage = usage;
    if (chunk.model) this.answer.modelReported = chunk.model;
    for (const choice of chunk.choices) {
      const { role: _role, ...said } = choice.delta;
      if (choice.finish_reason) this.answer.finishReason = choice.finish_reason;
      const chars = charsOf(choice.delta);
      this.answer.contentChars += chars;
      if (choice.finish_reason !== null || Object.keys(said).some((key) => said[key] !== '' && said[key] !== null)) this.isFresh = true;
    }
  }
}

function charsOf(delta: ChatChunk['choices'][number]['delta']): number {
  let chars = (delta.content?.length ?? 0) + (delta.reasoning_content?.length ?? 0) + (delta.refusal?.length ?? 0);
  for (const call of delta.tool_calls ?? []) chars += (call.function?.name?.length ?? 0) + (call.function?.arguments?.length ?? 0);
  return chars;
}

/** A whole answer told as a stream (E3): what was said, the end, and usage as the caller's wire has it. */
export function piecesOfWhole(response: ChatResponse, writer: AnswerWriter): string[] {
  const pieces = chunksOf(response).map((chunk) => writer.chunk(chunk));
  return [...pieces, writer.end()].filter((piece) => piece !== '');
}
