/** A stream of the caller's own wire, which is not the house's: passed on event by event, and read beside for the books. */
import type { ChatChunk } from '../domain/chat.ts';
import type { SseEvent } from '../lib/sse.ts';
import { isSemantic } from './assemble.ts';
import { ReadStream } from './read-stream.ts';

export class MirroredStream extends ReadStream {
  /** Reading comes first: an event that is an error throws there, and is told in our words and not in the vendor's. */
  protected tell(events: readonly SseEvent[]): string[] {
    const pieces: string[] = [];
    for (const event of events) {
      for (const chunk of this.reader.push(event)) this.learn(chunk);
      const piece = this.writer.pass(event);
      if (piece !== '') pieces.push(piece);
    }
    return pieces;
  }

  /** Nothing is said that the vendor did not say. */
  protected tellOwed(chunks: readonly ChatChunk[]): string[] {
    for (const chunk of chunks) this.learn(chunk);
    return [];
  }

  protected means(chunk: ChatChunk): boolean {
    return isSemantic(chunk);
  }
}
