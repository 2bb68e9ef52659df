/** Keeps the pieces of a stream back until its answer has begun: until then another provider may still be asked. */
import { UpstreamFailure } from '../domain/errors.ts';

/** What may come before the answer begins. Prompts' filter results and their like need a few kilobytes; a provider that says more has lost its way. */
const heldBytesMax = 262_144;

export class HeldPieces<Piece extends Buffer | string> {
  private held: Piece[] = [];
  private heldBytes = 0;
  private isLetOut = false;

  get hasBegun(): boolean {
    return this.isLetOut;
  }

  /** What may be passed on now: nothing, all that was held back, or just these. Throws UpstreamFailure `too_large` for too long a beginning. */
  pass(pieces: Piece[], begins: boolean): Piece[] {
    if (this.isLetOut) return pieces;
    for (const piece of pieces) {
      this.held.push(piece);
      this.heldBytes += piece.length;
    }
    if (!begins) {
      if (this.heldBytes > heldBytesMax) throw new UpstreamFailure('too_large', 'the stream says too much before its answer begins');
      return [];
    }
    this.isLetOut = true;
    const { held } = this;
    this.held = [];
    return held;
  }
}
