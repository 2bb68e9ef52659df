/** The caller's side of a chat's completion: collects the answer for the database, and streams it to the page in our own events. */
import type { ChatEvent } from '@patchbay/contract/chats';
import type { Writable } from 'node:stream';
import { togetherOf } from '../../domain/cost.ts';
import type { Change, Intent, Settlement } from '../../domain/ledger.ts';
import { createTagReader, type Told } from '../../domain/reasoning-tags.ts';
import type { GatewayError } from '../../gateway/errors.ts';
import type { Reply } from '../../gateway/order.ts';
import { createSseReader, writeSse } from '../../lib/sse.ts';
import { isRecord, list, member, parseJson, text } from '../../providers/shape.ts';

/** Longest answer of one message, reasoning included; what comes after it is not asked for. */
export const answerCharsMax = 1_000_000;

/** Why an answer ended before its provider was done. */
export type Cut = 'gone' | 'too_long' | 'deleted';

/** What the books said of the attempts so far. */
export interface Booked {
  attempts: number;
  intent: Intent;
  settlement: Settlement;
  tokensIn: number;
  tokensOut: number;
  tokensReasoning: number;
  isEstimated: boolean;
  /** Null where an attempt has no known cost. */
  costNanoUsd: number | null;
  changed: Change[];
}

export class ChatReply implements Reply {
  content = '';
  reasoning = '';
  cut: Cut | null = null;
  failure: GatewayError | null = null;
  isComplete = false;
  last: Booked | null = null;
  /** Counts what was sent to the page, so that a quiet line can be told from a busy one. */
  sentEvents = 0;
  /** Resolves with the answer's end, whichever it was: the gateway's last word may wait for the disk after its own work is done. */
  readonly ended: Promise<void>;
  private readonly markEnded: () => void;
  private readonly out: Writable;
  private readonly chunkChars: number;
  private readonly tags: ReturnType<typeof createTagReader> | null;
  private readonly sse = createSseReader();
  private readonly goneListeners: (() => void)[] = [];
  private pending: Told = { reasoning: '', text: '' };
  private mayGoOn = true;

  /** @param options.chunkChars characters that an event holds at least, but for the last one */
  constructor(out: Writable, options: { chunkChars: number; readsTags: boolean }) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.markEnded = resolve;
    this.out = out;
    this.chunkChars = options.chunkChars;
    this.tags = options.readsTags ? createTagReader() : null;
    // A page that went away shows itself by its response; the pipe's own error must not end the process.
    out.on('error', () => undefined);
  }

  isGone(): boolean {
    return this.cut !== null;
  }

  onGone(run: () => void): void {
    this.goneListeners.push(run);
  }

  /** Ends the answer here: the provider is hung up on, what has arrived stays. */
  stop(cut: Cut): void {
    if (this.cut !== null || this.isComplete) return;
    this.cut = cut;
    this.markEnded();
    for (const run of this.goneListeners) run();
  }

  beginStream(): void {
    // The page's stream began when the question was stored.
  }

  write(piece: Buffer | string): boolean {
    if (this.cut !== null) return true;
    this.mayGoOn = true;
    try {
      for (const { data } of this.sse.push(typeof piece === 'string' ? Buffer.from(piece) : piece)) this.takeChunk(data);
    } catch {
      this.stop('too_long');
    }
    return this.mayGoOn;
  }

  onDrain(run: () => void): void {
    this.out.once('drain', run);
  }

  drop(): void {
    this.stop('gone');
    this.out.destroy();
  }

  endStream(): void {
    if (this.cut !== null) return;
    for (const { data } of this.sse.end()) this.takeChunk(data);
    this.isComplete = this.cut === null;
    this.markEnded();
  }

  whole(_headers: Readonly<Record<string, string>>, body: Buffer | string): void {
    if (this.cut !== null) return;
    const choice = list(member(parseJson(body.toString('utf8')), 'choices'))[0];
    this.takePart(member(choice, 'message'));
    this.isComplete = this.cut === null;
    this.markEnded();
  }

  fail(error: GatewayError): void {
    this.failure = error;
    this.markEnded();
  }

  booked(intent: Intent, settlement: Settlement): void {
    const { usage, costNanoUsd, changed } = settlement;
    const before = this.last;
    this.last = {
      attempts: (before?.attempts ?? 0) + 1,
      intent,
      settlement,
      tokensIn: (before?.tokensIn ?? 0) + usage.tokensIn,
      tokensOut: (before?.tokensOut ?? 0) + usage.tokensOut,
      tokensReasoning: (before?.tokensReasoning ?? 0) + usage.tokensReasoning,
      isEstimated: usage.isEstimated || (before?.isEstimated ?? false),
      costNanoUsd: before ? togetherOf(before.costNanoUsd, costNanoUsd) : costNanoUsd,
      changed: [...(changed ?? [])],
    };
  }

  /** Sends what is still held back; nothing comes after it. */
  flush(): void {
    if (this.tags) this.take(this.tags.end());
    this.sendPending();
  }

  /** Tells the page. Nothing is told to one that has gone. */
  tell(event: ChatEvent): void {
    if (this.cut === 'gone' || this.out.destroyed) return;
    this.sentEvents++;
    if (!this.out.write(writeSse(JSON.stringify(event)))) this.mayGoOn = false;
  }

  /** Keeps the line alive while the provider thinks. */
  beat(): void {
    if (this.cut === null && !this.out.destroyed) this.out.write(': keep-alive\n\n');
  }

  end(): void {
    if (!this.out.destroyed) this.out.end();
  }

  private takeChunk(data: string): void {
    if (data === '[DONE]') return;
    this.takePart(member(list(member(parseJson(data), 'choices'))[0], 'delta'));
  }

  /** A delta or a whole message. Reasoning has two names in the wild: DeepSeek's, which is the house's, and OpenRouter's. */
  private takePart(part: unknown): void {
    if (!isRecord(part)) return;
    const reasoning = text(part['reasoning_content']) ?? text(part['reasoning']) ?? '';
    const content = (text(part['content']) ?? '') + (text(part['refusal']) ?? '');
    const told = this.tags && content !== '' ? this.tags.push(content) : { reasoning: '', text: content };
    this.take({ reasoning: reasoning + told.reasoning, text: told.text });
  }

  private take({ reasoning, text: content }: Told): void {
    if (reasoning === '' && content === '') return;
    const room = answerCharsMax - this.content.length - this.reasoning.length;
    this.reasoning += reasoning.slice(0, room);
    this.content += content.slice(0, Math.max(0, room - reasoning.length));
    this.pending.reasoning += reasoning.slice(0, room);
    this.pending.text += content.slice(0, Math.max(0, room - reasoning.length));
    if (this.pending.reasoning.length + this.pending.text.length >= this.chunkChars) this.sendPending();
    if (reasoning.length + content.length > room) this.stop('too_long');
  }

  private sendPending(): void {
    const { reasoning, text: content } = this.pending;
    this.pending = { reasoning: '', text: '' };
    if (reasoning !== '') this.tell({ type: 'reasoning', text: reasoning });
    if (content !== '') this.tell({ type: 'text', text: content });
  }
}
