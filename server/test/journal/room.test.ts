/** Room that is made before it is needed: written over, left behind by a kill, refused by the disk, and never taken for lines. */
import { appendFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { LedgerRecord } from '../../src/domain/ledger.ts';
import { recordsIn } from '../../src/domain/ledger-line.ts';
import { openJournal, type Journal, type JournalOptions } from '../../src/journal/journal.ts';
import { OpenSegment } from '../../src/journal/open-segment.ts';
import { createSegmentReader, listSegments, repairTail } from '../../src/journal/segments.ts';
import { SpareSegment } from '../../src/journal/spare.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { ids, intentOf } from '../storage/ledger-records.ts';
import { freshDir } from '../support/throwaway.ts';
import { breakFile } from './break-file.ts';

const roomBytes = 8_388_608;

const madeDir = (name: string): string => {
  const dir = join(freshDir(name), 'journal');
  mkdirSync(dir, { recursive: true });
  return dir;
};

function open(dir: string, options: Partial<JournalOptions> = {}): Journal {
  const { journal } = openJournal({ dir, clock: systemClock, ids, onError: () => undefined, ...options });
  onTestFinished(() => journal.close().catch(() => undefined));
  return journal;
}

const durable = (journal: Journal, record: LedgerRecord = intentOf()): Promise<Error | null> =>
  new Promise((resolve) => journal.whenDurable(journal.append(record), resolve));

/** Until there is room for the next segment, and lines have gone there. */
async function untilRoomy(journal: Journal, dir: string): Promise<void> {
  const deadlineMs = Date.now() + 60_000;
  while (listSegments(dir).at(-1)!.bytes !== roomBytes) {
    expect(Date.now()).toBeLessThan(deadlineMs);
    for (let count = 0; count < 20; count++) journal.append(intentOf());
    expect(await durable(journal)).toBeNull();
  }
  for (let count = 0; count < 3; count++) expect(await durable(journal)).toBeNull();
}

function seqsOf(journal: Journal): number[] {
  const seqs: number[] = [];
  for (;;) {
    const { spans, damagedLines } = journal.readLinesAfter(seqs.at(-1) ?? 0, 500);
    expect(damagedLines).toBe(0);
    const found = spans.flatMap(({ text }) => recordsIn(text)).filter(({ seq }) => seq > (seqs.at(-1) ?? 0));
    if (found.length === 0) return seqs;
    seqs.push(...found.map(({ seq }) => seq));
  }
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

async function ready(spare: SpareSegment, bytes: number): Promise<void> {
  spare.prepare(bytes);
  await expect.poll(() => spare.isReady).toBe(true);
}

describe('a journal', () => {
  test('makes room only once it is used, writes over it, and leaves no file larger than its lines', async () => {
    const dir = join(freshDir('room'), 'journal');
    const journal = open(dir);
    expect(await durable(journal)).toBeNull();
    expect(existsSync(join(dir, 'spare'))).toBe(false);
    await untilRoomy(journal, dir);
    const [grown, roomy] = listSegments(dir);
    expect(grown!.bytes).toBeGreaterThanOrEqual(65_536);
    expect(readFileSync(grown!.path).at(-1)).toBe(10);
    const count = journal.lastSeq();
    expect(seqsOf(journal)).toEqual(upTo(count));
    await journal.close();
    expect(readFileSync(roomy!.path).at(-1)).toBe(10);
    expect(readdirSync(dir).toSorted()).toEqual([...listSegments(dir).map(({ path }) => path.slice(dir.length + 1)), 'instance']);
    expect(seqsOf(open(dir))).toEqual(upTo(count));
  });

  test('that was killed over its room goes on behind its last line, and reads no line where there is only room', async () => {
    const dir = join(freshDir('killed-room'), 'journal');
    const journal = open(dir);
    await untilRoomy(journal, dir);
    const count = journal.lastSeq();
    const left = madeDir('killed-room-left');
    // What the disk has at this moment is what a kill would leave.
    for (const name of readdirSync(dir)) writeFileSync(join(left, name), readFileSync(join(dir, name)));
    writeFileSync(join(left, 'spare'), 'half of one');
    const { journal: next, recovered } = openJournal({ dir: left, clock: systemClock, ids, onError: () => undefined });
    onTestFinished(() => next.close());
    expect(recovered).toMatchObject({ lastSeq: count, tornBytes: 0, damagedLines: 0 });
    expect(existsSync(join(left, 'spare'))).toBe(false);
    expect(await durable(next)).toBeNull();
    expect(seqsOf(next)).toEqual(upTo(count + 1));
    expect(listSegments(left).every(({ bytes }) => bytes < roomBytes)).toBe(true);
  });

  test('whose sync fails over room writes it all again elsewhere', async () => {
    const dir = join(freshDir('failing-room'), 'journal');
    const journal = open(dir);
    await untilRoomy(journal, dir);
    breakFile(listSegments(dir).at(-1)!.path);
    const failed = durable(journal, intentOf());
    expect(await failed).toBeInstanceOf(Error);
    await expect.poll(() => journal.isFailing()).toBe(false);
    expect(await durable(journal)).toBeNull();
    const count = journal.lastSeq();
    expect(seqsOf(journal)).toEqual(upTo(count));
    await journal.close();
    expect(seqsOf(open(dir))).toEqual(upTo(count));
  });

  test('with small segments is read in order across many, whether there was room for them or not', async () => {
    const dir = join(freshDir('many-rooms'), 'journal');
    const journal = open(dir, { segmentBytesMax: 3_000 });
    for (let count = 0; count < 200; count++) expect(await durable(journal)).toBeNull();
    expect(listSegments(dir).length).toBeGreaterThan(8);
    expect(seqsOf(journal)).toEqual(upTo(200));
    await journal.close();
    expect(seqsOf(open(dir, { segmentBytesMax: 3_000 }))).toEqual(upTo(200));
  });

  test('on a disk that has no room for more than its lines grows as it writes, and asks once for each segment', async () => {
    const dir = join(freshDir('no-room'), 'journal');
    const journal = open(dir, { segmentBytesMax: 3_000 });
    // Nothing can be made where a folder has the name.
    mkdirSync(join(dir, 'spare'));
    for (let count = 0; count < 60; count++) expect(await durable(journal)).toBeNull();
    expect(seqsOf(journal)).toEqual(upTo(60));
    await journal.close();
    rmSync(join(dir, 'spare'), { recursive: true });
    expect(seqsOf(open(dir))).toEqual(upTo(60));
  });
});

describe('room', () => {
  test('is zeros, for its owner alone, and becomes a segment once', async () => {
    const dir = madeDir('spare');
    const spare = new SpareSegment(dir);
    expect(spare.become(join(dir, 'x'))).toBe(0);
    await ready(spare, 700_001);
    spare.prepare(5);
    const made = statSync(join(dir, 'spare'));
    expect([made.size, made.mode & 0o777]).toEqual([700_001, 0o600]);
    expect(readFileSync(join(dir, 'spare')).every((byte) => byte === 0)).toBe(true);
    expect([spare.become(join(dir, 'x')), spare.isReady, spare.become(join(dir, 'y'))]).toEqual([700_001, false, 0]);
    expect(readdirSync(dir)).toEqual(['x']);
  });

  test('that is half made is gone after closing, and none is made then', async () => {
    const dir = madeDir('spare-closing');
    const spare = new SpareSegment(dir);
    spare.prepare(roomBytes);
    await spare.close();
    spare.prepare(10);
    expect([spare.isReady, readdirSync(dir)]).toEqual([false, []]);
    await spare.close();
  });

  test('is not made of the last that a disk has: there is a quarter of what is left at most', async () => {
    const dir = madeDir('spare-full-disk');
    const { bavail, bsize } = statfsSync(dir);
    const spare = new SpareSegment(dir);
    onTestFinished(() => spare.close());
    spare.prepare(Math.floor((bavail * bsize) / 3));
    await expect.poll(() => spare.isFilling).toBe(false);
    expect([spare.isReady, readdirSync(dir)]).toEqual([false, []]);
  });

  test('that the disk refused is asked for again with the next segment', async () => {
    const dir = madeDir('spare-refused');
    const spare = new SpareSegment(dir);
    rmSync(dir, { recursive: true });
    spare.prepare(10);
    await expect.poll(() => spare.isFilling).toBe(false);
    mkdirSync(dir);
    spare.prepare(10);
    expect([spare.isFilling, spare.isReady]).toEqual([false, false]);
    expect(spare.become(join(dir, 'x'))).toBe(0);
    await ready(spare, 10);
    await spare.close();
  });
});

describe('a segment', () => {
  test('that is opened again goes on where its lines end, not where its room does', () => {
    const dir = madeDir('again');
    const path = join(dir, '0000000000000007.log');
    writeFileSync(path, Buffer.concat([Buffer.from('line\n'), Buffer.alloc(9_000)]));
    const segment = new OpenSegment(dir, 7, 100, { become: () => expect.fail('there is one') });
    expect(segment.segment.bytes).toBe(5);
    segment.write(Buffer.from('next\n'));
    segment.sync();
    expect(statSync(path).size).toBe(9_005);
    segment.leave(segment, () => expect.fail());
    expect(statSync(path).size).toBe(9_005);
    const once = new OpenSegment(dir, 7, 100, null);
    once.leave(null, () => expect.fail());
    expect(readFileSync(path, 'utf8')).toBe('line\nnext\n');
  });

  test('that could not be left says so, and is due when it is full or when there is room for the next one', () => {
    const dir = madeDir('due');
    const segment = new OpenSegment(dir, 1, 100_000, null);
    const said = (): boolean[] => [segment.isHalfway(), segment.isDue(false), segment.isDue(true)];
    expect(said()).toEqual([false, false, false]);
    segment.write(Buffer.alloc(32_768, 'x'));
    expect(said()).toEqual([true, false, false]);
    segment.write(Buffer.alloc(32_768, 'x'));
    expect(said()).toEqual([true, false, true]);
    segment.write(Buffer.alloc(40_000, 'x'));
    expect(said()).toEqual([true, true, true]);
    segment.grow(10_000);
    expect(segment.isDue(false)).toBe(false);
    const errors: Error[] = [];
    segment.leave(null, (error) => errors.push(error));
    segment.leave(null, (error) => errors.push(error));
    expect(errors).toHaveLength(1);
  });

  test('with megabytes of room is at its end where its lines are; a line behind zeros is damage, and shows', () => {
    const dir = madeDir('reader');
    const path = join(dir, '0000000000000001.log');
    writeFileSync(path, Buffer.alloc(3_000_000));
    const [segment] = listSegments(dir);
    expect(createSegmentReader().read([segment!], 0, 10)).toEqual({ spans: [], damagedLines: 0 });
    appendFileSync(path, 'half a line\n');
    expect(createSegmentReader().read(listSegments(dir), 0, 10)).toEqual({ spans: [], damagedLines: 1 });
    expect(repairTail(listSegments(dir)[0]!)).toEqual({ lastSeq: 1, tornBytes: 0, damagedLines: 1 });
  });
});
