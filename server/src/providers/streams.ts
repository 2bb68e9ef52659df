/** The two ways a stream is read: passed on in its own bytes while it is looked at, or translated event by event. */
import type { ChatChunk, ChatResponse } from '../domain/chat.ts';
import type { UpstreamFailure } from '../domain/errors.ts';
import { createSseReader, writeSse, type SseEvent } from '../lib/sse.ts';
import { chunksOf } from './assemble.ts';
import { BlockCutter, singleData } from './blocks.ts';
import type { AnswerFacts } from './calling.ts';
import { HeldPieces } from './held.ts';
import { createStreamScanner, type StreamFacts, type StreamScanner } from './openai/scan.ts';
import { ReadStream } from './read-stream.ts';
import type { StreamTaker } from './taker.ts';
import type { AnswerWriter } from './writer.ts';

/** Kinds of event that are relayed once the answer has begun; `[DONE]` is written by the face. */
const relayed: ReadonlySet<string> = new Set(['semantic', 'other', 'empty']);

/** The house's own wire: every event is relayed in the bytes it came in. */
export class PassedStream implements StreamTaker {
  private readonly scanner: StreamScanner;
  private readonly cutter = new BlockCutter();
  private readonly answer: AnswerFacts;
  private readonly keepsUsage: boolean;
  /** The long way, for streams with carriage returns or a byte order mark. */
  private reader: ReturnType<typeof createSseReader> | null = null;
  private readonly held = new HeldPieces<Buffer | string>();
  private isFresh = false;
  private hasEnded = false;

  /** `choices`: how many the provider was asked for. */
  constructor(answer: AnswerFacts, keepsUsage: boolean, choices = 1) {
    this.scanner = createStreamScanner(choices);
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
    this.hasEnded = true;
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
    const { isComplete, isCompleteAtEnd } = this.scanner.facts;
    return (this.hasEnded ? isCompleteAtEnd : isComplete) && this.held.hasBegun;
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
    return this.held.pass(pieces, this.scanner.facts.isSemantic);
  }
}

function copyFacts(from: Readonly<StreamFacts>, to: AnswerFacts): void {
  to.usage = from.usage;
  to.finishReason = from.finishReason;
  to.modelReported = from.modelReported;
  to.contentChars = from.contentChars;
}

/** Another wire: read by its protocol into chunks of the house, which are told in the caller's. */
export class TranslatedStream extends ReadStream {
  protected tell(events: readonly SseEvent[]): string[] {
    return this.tellOwed(events.flatMap((event) => this.reader.push(event)));
  }

  protected tellOwed(chunks: readonly ChatChunk[]): string[] {
    const pieces: string[] = [];
    for (const chunk of chunks) {
      this.learn(chunk);
      const piece = this.writer.chunk(chunk);
      if (piece !== '') pieces.push(piece);
    }
    return pieces;
  }

  protected means({ choices }: ChatChunk): boolean {
    return choices.some(
      ({ delta: { role: _role, ...said }, finish_reason: finish }) => finish !== null || Object.values(said).some(isSaid),
    );
  }

  protected override hasBegun(): boolean {
    return this.answer.contentChars > 0 || this.answer.finishReason !== null || super.hasBegun();
  }
}

const isSaid = (value: unknown): boolean => value !== '' && value !== null;

/** A whole answer told as a stream (E3): what was said, the end, and usage as the caller's wire has it. */
export function piecesOfWhole(response: ChatResponse, writer: AnswerWriter): string[] {
  const pieces = chunksOf(response).map((chunk) => writer.chunk(chunk));
  return [...pieces, writer.end()].filter((piece) => piece !== '');
}
