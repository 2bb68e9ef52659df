/** The files of the journal: the instance's id, and segments named by the first sequence number that they may hold. */
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  readdirSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { LineSpan } from '../domain/ledger-line.ts';
import { isUuid, type Ids } from '../lib/ids.ts';
import { readSpans } from './line.ts';

export interface Segment {
  path: string;
  firstSeq: number;
  /** Of what was written; the file may have room for more. Of an earlier run's, the size of the file. */
  bytes: number;
}

/** A place in memory or on the disk that can become the file of a segment: answers how many bytes of room it brought. */
export interface Room {
  become(path: string): number;
}

const segmentName = /^(\d{16})\.log$/;
/** One read of the feeder: small enough to be done between two requests. */
const chunkBytes = 1_048_576;
/** A line is a few hundred bytes; a longer one than this is damage. */
const lineBytesMax = 4_194_304;

/** Makes names that were created or removed in a directory survive a power failure. */
export function syncDirectory(dir: string): void {
  const fd = openSync(dir, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

export function listSegments(dir: string): Segment[] {
  const segments: Segment[] = [];
  for (const name of readdirSync(dir).toSorted()) {
    const match = segmentName.exec(name);
    if (!match) continue;
    const path = join(dir, name);
    const fd = openSync(path, 'r');
    segments.push({ path, firstSeq: Number(match[1]), bytes: fstatSync(fd).size });
    closeSync(fd);
  }
  return segments;
}

/** Where the content of a file ends that may have room behind it. */
function endOf(fd: number): number {
  const bytes = readFileSync(fd);
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return end;
}

/**
 * Opens the segment for writing where its lines end, creating it (and its name durably) where it is missing. Who writes says where:
 * behind the lines there may be room.
 */
export function createSegment(
  dir: string,
  firstSeq: number,
  room: Room | null = null,
): { segment: Segment; fd: number; roomBytes: number } {
  const path = join(dir, `${String(firstSeq).padStart(16, '0')}.log`);
  const roomBytes = existsSync(path) ? 0 : (room?.become(path) ?? 0);
  const fd = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  try {
    syncDirectory(dir);
    return { segment: { path, firstSeq, bytes: roomBytes > 0 ? 0 : endOf(fd) }, fd, roomBytes };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

export function removeSegment(segment: Segment): void {
  if (existsSync(segment.path)) unlinkSync(segment.path);
}

export function writeInstance(dir: string, id: string): void {
  const path = join(dir, 'instance');
  const fd = openSync(`${path}.new`, 'w', 0o600);
  try {
    writeSync(fd, `${id}\n`);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(`${path}.new`, path);
  syncDirectory(dir);
}

/**
 * The id of this data directory. A directory that has an id but no segment has lost its journal, and with it the count of its sequence:
 * it becomes a new instance, because a number used twice would look as if it were in the books already.
 */
export function openInstance(dir: string, ids: Ids): string {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const path = join(dir, 'instance');
  const known = existsSync(path) ? readFileSync(path, 'utf8').trim() : '';
  if (isUuid(known) && listSegments(dir).length > 0) return known;
  const id = ids.uuid();
  writeInstance(dir, id);
  return id;
}

export interface TailState {
  /** The highest sequence number that must not be given again. */
  lastSeq: number;
  /** Bytes after the last line feed that are not zeros, as room is: a write that never returned. Both are cut off. */
  tornBytes: number;
  /** Whole lines of the last segment that are not what was written. */
  damagedLines: number;
}

/** Reads the last segment, cuts a torn tail off, and says where the sequence goes on. */
export function repairTail(segment: Segment): TailState {
  const buffer = readFileSync(segment.path);
  // Only the numbers are wanted here: records above the highest number there is are none.
  const read = readSpans(buffer, Number.MAX_SAFE_INTEGER, 1);
  const tornBytes = buffer.subarray(read.consumedBytes).findLastIndex((byte) => byte !== 0) + 1;
  if (buffer.length > read.consumedBytes) {
    const fd = openSync(segment.path, 'r+');
    try {
      ftruncateSync(fd, read.consumedBytes);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    segment.bytes = read.consumedBytes;
  }
  const tail = buffer.subarray(read.lastGoodEnd, read.consumedBytes);
  // Each damaged line at the very end had a number of its own. It is not given again, so that the sequence shows the gap.
  const damagedAtEnd = readSpans(tail, 0, 1).damagedLines;
  return { lastSeq: Math.max(read.lastSeq, segment.firstSeq - 1) + damagedAtEnd, tornBytes, damagedLines: read.damagedLines };
}

export interface SegmentReader {
  /** Lines after `seq` in order, at most `countMax`, from one chunk of one segment; empty where the segments hold none. */
  read(segments: readonly Segment[], seq: number, countMax: number): { spans: LineSpan[]; damagedLines: number };
}

function readChunk(segment: Segment, offset: number, bytes: number): Buffer {
  const fd = openSync(segment.path, 'r');
  try {
    const chunk = Buffer.allocUnsafe(Math.min(bytes, Math.max(0, segment.bytes - offset)));
    const count = readSync(fd, chunk, 0, chunk.length, offset);
    return chunk.subarray(0, count);
  } finally {
    closeSync(fd);
  }
}

/** Reads segments forward, remembering where the last answer ended: a long backlog is read once, not once per batch. */
export function createSegmentReader(): SegmentReader {
  let place = { path: '', offset: 0, afterSeq: -1 };
  const step = (segment: Segment, seq: number, countMax: number): { spans: LineSpan[]; damagedLines: number; isAtEnd: boolean } => {
    const isSamePlace = place.path === segment.path && place.afterSeq <= seq;
    const offset = isSamePlace ? place.offset : 0;
    let chunk = readChunk(segment, offset, chunkBytes);
    let read = readSpans(chunk, seq, countMax);
    if (read.consumedBytes === 0 && chunk.length === chunkBytes) {
      chunk = readChunk(segment, offset, lineBytesMax);
      read = readSpans(chunk, seq, countMax);
    }
    place = { path: segment.path, offset: offset + read.consumedBytes, afterSeq: read.spans.at(-1)?.lastSeq ?? seq };
    return { spans: read.spans, damagedLines: read.damagedLines, isAtEnd: read.consumedBytes === 0 };
  };
  return {
    read(segments, seq, countMax) {
      let damagedLines = 0;
      for (const [index, segment] of segments.entries()) {
        const next = segments[index + 1];
        if (next && next.firstSeq <= seq + 1) continue;
        // The steps of one segment are bounded by its size: each one that is not the last consumes at least a line.
        for (;;) {
          const found = step(segment, seq, countMax);
          damagedLines += found.damagedLines;
          if (found.spans.length > 0) return { spans: found.spans, damagedLines };
          if (found.isAtEnd) break;
        }
      }
      return { spans: [], damagedLines };
    },
  };
}
