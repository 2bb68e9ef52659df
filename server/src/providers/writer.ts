/** How an answer is written for its caller: the house's own events, or those of another wire that a face provides. */
import type { ChatChunk, ChatResponse } from '../domain/chat.ts';
import { writeSse, type SseEvent } from '../lib/sse.ts';

/** The wires that callers may speak. The house language is the first of them. */
export type WireId = 'chat' | 'messages' | 'responses' | 'completions' | 'ollama';

/** Writes the stream of one attempt; a fresh one for each. */
export interface AnswerWriter {
  /** Events for one chunk; an empty text where it says nothing in this wire. */
  chunk(chunk: ChatChunk): string;
  /** What is owed once the provider has ended well. */
  end(): string;
  /** An event of a provider that speaks this wire itself, as it is passed on. */
  pass(event: SseEvent): string;
}

/** One request's wire where it is another than the house's: what came in beside the body, and how the answer goes out. */
export interface CallerWire {
  id: WireId;
  /** FALSE where the body holds what only the house understands: it must be translated, whoever answers. */
  isPassable: boolean;
  /** Headers that belong to the body, for a provider of the same wire. */
  headers: Readonly<Record<string, string>>;
  /** Member of the body that bounds the output; `options.num_predict` for one that lies in another. */
  limitField: string;
  /** Member of the body that holds its instructions: a text or blocks of one, or the list of messages that they are the first of. */
  promptField: 'system' | 'instructions' | 'messages';
  /** The whole answer in this wire. */
  whole(response: ChatResponse): string;
  /** The whole answer of a provider that speaks this wire itself, as it is passed on. */
  passWhole(body: Buffer): Buffer | string;
  /** Whether it has words for one of an answer's `annotations`; a wire without this has none for any. */
  tellsSource?(source: unknown): boolean;
  writer(): AnswerWriter;
}

/** The house's own events; usage alone is left out for a caller that did not ask for it. */
export const chatWriter = (wantsUsage: boolean): AnswerWriter => ({
  chunk: (chunk) => (chunk.choices.length === 0 && !wantsUsage ? '' : writeSse(JSON.stringify(chunk))),
  end: () => '',
  pass: (event) => writeSse(event.data.replaceAll('\n', '\ndata: ')),
});

/** An event with its name, as the wires write it that name their events. */
export const namedEvent = (name: string, data: string): string => `event: ${name}\ndata: ${data.replaceAll('\n', '\ndata: ')}\n\n`;
