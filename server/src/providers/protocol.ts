/** How one family of vendors speaks. Pure translation: text and objects in, objects out; no sockets, no clock, no retries. */
import type { ChatChunk, ChatRequest, ChatResponse } from '../domain/chat.ts';
import type { Change, TokenUsage } from '../domain/ledger.ts';
import type { Fault } from '../domain/errors.ts';
import type { ConnectionSettings } from '../domain/connection.ts';
import type { ListedModel } from '../domain/probe.ts';
import type { SseEvent } from '../lib/sse.ts';
import type { ProviderRow } from './catalog.ts';
import type { Framing } from './framing.ts';

/** What a translation may know about its destination. */
export interface Destination {
  row: ProviderRow;
  /** Canonical base without a trailing slash, `https://api.openai.com/v1`. */
  baseUrl: string;
  settings: ConnectionSettings;
  /** The provider's model id. */
  model: string;
}

/** What a translation needs besides its input; handed in, so that translators stay pure. */
export interface Moment {
  /** Epoch seconds for `created`. */
  createdS: number;
  /** An id for answers that come without one. */
  id: string;
}

/** What a provider's error answer means. */
export interface VendorError {
  fault: Fault;
  /** The vendor's own words, cut to 500 characters; scrubbed of secrets by the caller. */
  message: string | null;
  /** What the body asked us to wait, where a vendor says it there and not in a header; null or missing otherwise. */
  retryAfterMs?: number | null;
}

export interface StreamEnd {
  /** Chunks that are still owed, the one with usage last. */
  chunks: ChatChunk[];
  /** TRUE when the vendor said that it had finished; false is a truncated stream (E6). */
  isComplete: boolean;
}

/** One stream, read event by event. A fresh reader for each answer. */
export interface StreamReader {
  /** Throws UpstreamFailure for an error event. */
  push(event: SseEvent): ChatChunk[];
  end(): StreamEnd;
}

/** A request that is ready to leave, for a signature over it. */
export interface UnsignedRequest {
  method: 'GET' | 'POST';
  origin: string;
  path: string;
  headers: Readonly<Record<string, string>>;
  body: Uint8Array | string | null;
}

export interface Protocol {
  /** How its streams are cut into events; server-sent events where nothing is said. */
  framing?: Framing;
  /**
   * Headers that prove a request by its own bytes and the time; null where this secret proves itself by `authHeaders`. No other
   * header changes after it. Rejects with UpstreamFailure('auth') for a secret that nothing can be signed with.
   */
  sign?(request: UnsignedRequest, to: Destination, secret: string, nowMs: number): Promise<Record<string, string>> | null;
  /** The parts of a secret that is made of several: each of them is cut out of what a provider says. */
  secretParts?(secret: string): readonly string[];
  /** Request path and query below the origin for a chat completion. */
  chatPath(to: Destination, isStream: boolean): string;
  /** Where a prompt's tokens are counted without an answer; missing where nobody counts. */
  countPath?(to: Destination): string;
  /** Headers that carry the secret; empty for none. */
  authHeaders(to: Destination, secret: string): Record<string, string>;
  /** Other fixed headers of this vendor (API version, organisation). */
  headers(to: Destination): Record<string, string>;
  /** The vendor's request body, and what could not be said in it. */
  toVendor(request: ChatRequest, to: Destination): { body: Record<string, unknown>; changed: Change[] };
  /** Throws UpstreamFailure('invalid_response') for a shape that is no answer. */
  fromVendor(body: unknown, to: Destination, moment: Moment): ChatResponse;
  /** Where a body says how many answers it asks for; missing for a wire that knows one alone. */
  choicesAt?: readonly [string, ...string[]];
  /** `choices`: how many answers the provider was asked for. */
  streamReader(to: Destination, moment: Moment, choices?: number): StreamReader;
  errorOf(status: number, body: unknown): VendorError;
  modelsPath(to: Destination): string;
  modelsOf(body: unknown): ListedModel[];
  /** Usage in the house's words from a house answer or chunk, and the tier that stands beside it; null where it is missing or nonsensical (D10). */
  usageOf(usage: unknown, tier?: unknown): TokenUsage | null;
}
