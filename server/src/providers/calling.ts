/** What a call to a provider is made of: what goes in, what is learnt, who takes the answer, and how large it may be. */
import type { ChatRequest } from '../domain/chat.ts';
import type { UpstreamFailure } from '../domain/errors.ts';
import type { Change, TokenUsage } from '../domain/ledger.ts';
import type { Trust } from '../egress/egress.ts';
import type { Scan } from '../lib/json-scan.ts';
import type { Form } from '../lib/form.ts';
import type { Operation } from './operations/operations.ts';
import type { Destination, Moment } from './protocol.ts';
import type { Json } from './shape.ts';
import type { CallerWire } from './writer.ts';

/** Bytes of one whole answer, and of one stream, inflated. */
export const wholeBytesMax = 32 * 1024 * 1024;
export const streamBytesMax = 64 * 1024 * 1024;
/** Answers up to this size are handed on as text and written in one piece with their head: one call of the system instead of a gathering one. */
export const joinedBytesMax = 8_192;

/** Words that decide whether a body can be passed on in its own bytes; whoever scans one looks out for them. */
export const watchedWords = ['developer', 'patchbay', 'tool_calls'] as const;
export type WatchedWord = (typeof watchedWords)[number];

export interface CallRequest {
  /** The body as the client sent it. */
  bytes: Buffer;
  scan: Scan;
  /** The parsed body; asked for only where it must be translated or rewritten. */
  parsed(): ChatRequest;
  isStream: boolean;
  /** The client itself asked for usage in the stream. */
  wantsUsage: boolean;
  /** Where a content policy or a limit changed it: upper bound of the output that is sent upstream. */
  outputTokensMax: number | null;
  /** Set where the body is in another wire than the house's; `parsed` then translates it, and answers go out in that wire. */
  wire?: CallerWire;
  /** Goes with `wire`: a body of it in the house's language, for whoever changes the body. */
  translate?: (body: Json) => ChatRequest;
  /** Set where something else than a conversation is asked. */
  operation?: Operation;
  /** Goes with `operation`: members that mean something on one wire of providers alone, and are left out, and named, elsewhere. */
  ownMembers?: readonly string[];
  /** Set where the body came as a form; `bytes` then holds its texts as an object. */
  form?: Form;
}

export interface CallTimeouts {
  /** Until there is a line to the provider; the way out has a limit of its own where a connection names none. */
  connectMs?: number;
  /** Until the response headers. */
  headersMs: number;
  /** Until the first event that means something. */
  firstEventMs: number;
  /** Between events that mean something. */
  idleMs: number;
  totalMs: number;
}

export interface Call {
  to: Destination;
  origin: string;
  trust: Trust;
  /** Opened for this attempt alone; empty where none is needed. */
  secret: string;
  customHeaders: Readonly<Record<string, string>>;
  request: CallRequest;
  timeouts: CallTimeouts;
  moment: Moment;
  /** Hears what the provider says of its limits, in the name of this connection. */
  heads?: HeadSink | undefined;
  connectionId?: string | undefined;
}

/** Hears the head of every answer. Called on the way of a request: it may remember, and no more. */
export interface HeadSink {
  saw(connectionId: string, model: string, headers: Readonly<Record<string, string | string[]>>): void;
}

/** What a body is made from, before there is a secret, a line or a clock. */
export type Asking = Pick<Call, 'to' | 'request'>;

/** What is known of an answer so far; also of one that broke off. */
export interface AnswerFacts {
  /** Null while the provider has not said. */
  usage: TokenUsage | null;
  finishReason: string | null;
  modelReported: string | null;
  /** Characters of content seen, for an estimate where usage is missing. */
  contentChars: number;
  changed: Change[];
  /** Of the answer, where it is neither JSON nor the events of a conversation. */
  mediaType?: string;
}

/** Takes one answer: `onWhole`, or `onPiece`s and `onStreamEnd`; or `onFailure` at any point. Exactly one end. */
export interface CallSink {
  /** A whole answer in the caller's wire, checked to be one. */
  onWhole(body: Buffer | string, facts: AnswerFacts): void;
  /** Events of the caller's wire; the first piece is the first event that means something. `false` asks for a pause. */
  onPiece(piece: Buffer | string, facts: AnswerFacts): boolean;
  onStreamEnd(facts: AnswerFacts): void;
  onFailure(failure: UpstreamFailure, facts: AnswerFacts): void;
}
