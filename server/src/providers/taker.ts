/** What takes an answer as it comes: each way of reading one does this, and the call knows no other. */
import type { UpstreamFailure } from '../domain/errors.ts';
import type { AnswerFacts } from './calling.ts';

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
