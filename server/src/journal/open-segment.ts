/** The segment that is written: lines follow its last one, over room that was made before where there is some. */
import { closeSync, fdatasyncSync, ftruncateSync, writeSync } from 'node:fs';
import { createSegment, type Room, type Segment } from './segments.ts';

/** Of a segment that grows: from here on one that has its room already is worth beginning. */
const grownBytesMax = 65_536;

export class OpenSegment {
  readonly segment: Segment;
  readonly fd: number;
  readonly #hasRoom: boolean;
  #fullAtBytes: number;

  /** Creates it durably where it is missing; throws where the disk does not take it. */
  constructor(dir: string, firstSeq: number, bytesMax: number, room: Room | null) {
    const { segment, fd, roomBytes } = createSegment(dir, firstSeq, room);
    this.segment = segment;
    this.fd = fd;
    this.#hasRoom = roomBytes > 0;
    this.#fullAtBytes = bytesMax;
  }

  /** Writes wholly, or throws; see `cutBack`. */
  write(bytes: Buffer): void {
    const { segment, fd } = this;
    for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done, bytes.length - done, segment.bytes + done);
    segment.bytes += bytes.length;
  }

  /** Takes back what a write that threw may have left. Throws where that is not to be had either: the last line stays broken. */
  cutBack(): void {
    ftruncateSync(this.fd, this.segment.bytes);
  }

  sync(): void {
    fdatasyncSync(this.fd);
  }

  /** Whether the next segment is to be begun; one that has its room is worth it earlier. */
  isDue(isRoomReady: boolean): boolean {
    return this.segment.bytes >= (isRoomReady ? this.#dueAtBytes() : this.#fullAtBytes);
  }

  /** Whether it is time to make room for the next one. A server that nobody uses needs none. */
  isHalfway(): boolean {
    return this.segment.bytes * 2 >= this.#dueAtBytes();
  }

  #dueAtBytes(): number {
    return this.#hasRoom ? this.#fullAtBytes : Math.min(this.#fullAtBytes, grownBytesMax);
  }

  /** It takes more than it should, because no other one could be begun. */
  grow(bytes: number): void {
    this.#fullAtBytes += bytes;
  }

  /** Closes the file, without the room that was not needed; with all that it has where the next segment is the same file. */
  leave(next: OpenSegment | null, onError: (error: Error) => void): void {
    try {
      if (next?.segment.path !== this.segment.path) this.cutBack();
    } catch {
      // Then it ends with zeros, which readers know.
    }
    try {
      closeSync(this.fd);
    } catch (error) {
      onError(error as Error);
    }
  }
}
