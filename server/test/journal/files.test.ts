/** Lines, segments and the window, each by itself: every cut and every flipped bit of a small journal, and the bounds of memory. */
import { appendFileSync, closeSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import type { LedgerRecord } from '../../src/domain/ledger.ts';
import { jsonOf, recordsIn, type LineSpan, type Numbered } from '../../src/domain/ledger-line.ts';
import { readLines, readSpans } from '../../src/journal/line.ts';
import { spansOf, type Pending } from '../../src/journal/pending.ts';
import { createSegment, createSegmentReader, listSegments, openInstance, removeSegment, repairTail } from '../../src/journal/segments.ts';
import { LineWindow } from '../../src/journal/window.ts';
import { ids, intentOf, refusedOf, seeded, settlementOf, writeLine } from '../storage/ledger-records.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
const freshDir = (): string => {
  const dir = mkdtempSync(join(tmpdir(), 'patchbay-segments-'));
  folders.push(dir);
  return dir;
};

const intent = intentOf({ modelAsked: 'ünï "quoted"\n\\ \u2029 \ud800 🦊', clientRequestId: '\0' });
const records: Numbered[] = [
  { seq: 1, record: intent },
  { seq: 2, record: settlementOf(intent) },
  { seq: 3, record: refusedOf() },
];
const lines = records.map(({ seq, record }) => writeLine(seq, record));
const whole = Buffer.from(lines.join(''));
const ends = lines.map((_, index) => Buffer.byteLength(lines.slice(0, index + 1).join('')));
const everything = { records, consumedBytes: whole.length, damagedLines: 0, lastSeq: 3, lastGoodEnd: whole.length };

describe('lines', () => {
  test('what was written is what is read, whatever is in it', () => {
    expect(readLines(whole, 0, 10)).toEqual(everything);
    expect(lines.every((line) => line.indexOf('\n') === line.length - 1)).toBe(true);
  });

  test('cut at any byte, the whole lines before the cut are read and nothing else', () => {
    for (let cut = 0; cut <= whole.length; cut++) {
      const read = readLines(whole.subarray(0, cut), 0, 10);
      const count = ends.filter((end) => end <= cut).length;
      expect(read.records).toEqual(records.slice(0, count));
      expect([read.consumedBytes, read.damagedLines]).toEqual([ends[count - 1] ?? 0, 0]);
    }
  });

  test('any single flipped bit is found: no record is ever other than it was written', () => {
    const original = new Map(recordsIn(lines.join('')).map(({ seq, record }) => [seq, JSON.stringify(record)]));
    for (let bit = 0; bit < whole.length * 8; bit++) {
      const damaged = Buffer.from(whole);
      damaged[bit >> 3] = damaged[bit >> 3]! ^ (1 << (bit & 7));
      const read = readLines(damaged, 0, 10);
      if (read.records.length > 2) throw new Error(`bit ${bit} was not noticed`);
      for (const { seq, record } of read.records)
        if (JSON.stringify(record) !== original.get(seq)) throw new Error(`bit ${bit} changed record ${seq}`);
    }
    expect(original.size).toBe(3);
  });

  test('random damage of many bytes never throws and never invents a record', () => {
    const below = seeded(3);
    const texts = new Set(recordsIn(lines.join('')).map(({ record }) => JSON.stringify(record)));
    let invented = 0;
    for (let round = 0; round < 3_000; round++) {
      const damaged = Buffer.from(whole);
      for (let count = 1 + below(30); count > 0; count--) damaged[below(damaged.length)] = below(256);
      invented += readLines(damaged, 0, 10).records.filter(({ record }) => !texts.has(JSON.stringify(record))).length;
    }
    expect(invented).toBe(0);
  });

  test('every kind of record comes back with all it had, a priced and changed settlement too', () => {
    const rich: LedgerRecord[] = [
      intentOf({ model: 'm', modelAsked: 'm', workspaceId: ids.uuid(), isStream: true, reservedNanoUsd: 7, clientRequestId: 'c' }),
      intentOf({ model: 'other', modelAsked: '', connectionId: null, userId: null, accessKeyId: null }),
      settlementOf(intent, {
        state: 'partial',
        reason: 'stalled',
        costNanoUsd: 12_345,
        prices: { input: 1, output: 2, cacheRead: 3 },
        changed: [{ parameter: 'top_k', what: 'clamped', to: '5' }],
        firstByteMs: null,
      }),
      refusedOf(),
    ];
    const written = rich.map((record, index) => writeLine(index + 1, record)).join('');
    expect(recordsIn(written).map(({ record }) => record)).toEqual(rich);
  });

  test('a journal that an earlier release wrote, with names in its lines, is read as it was meant', () => {
    const named = records.map(({ seq, record }) => {
      const payload = `${seq} ${JSON.stringify(record)}`;
      const hex = (value: number): string => value.toString(16).padStart(8, '0');
      return `${hex(crc32(payload))} ${hex(Buffer.byteLength(payload))} ${payload}\n`;
    });
    expect(readLines(Buffer.from(named.join('')), 0, 10)).toMatchObject({ records, damagedLines: 0 });
    // Without names a line takes much less of the disk, and of everybody's time.
    expect(whole.length).toBeLessThan(named.join('').length * 0.75);
  });

  test('checksum and length are eight digits each, the number as many as it has, whatever they come to', () => {
    const tens = Array.from({ length: 16 }, (_, power) => 10 ** power);
    const edges = [...tens, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER].flatMap((seq) => [seq - 1, seq, seq + 1]);
    for (const seq of [...Array.from({ length: 300 }, (_, index) => index + 1), ...edges]) {
      const line = writeLine(seq, intent);
      const payload = `${seq} ${jsonOf(intent)}`;
      expect(line.slice(18)).toBe(`${payload}\n`);
      expect(line.slice(0, 18)).toBe(
        `${crc32(payload).toString(16).padStart(8, '0')} ${Buffer.byteLength(payload).toString(16).padStart(8, '0')} `,
      );
    }
  });

  test('a bound is kept, and reading goes on where it ended', () => {
    const first = readLines(whole, 0, 2);
    expect(first.records).toEqual(records.slice(0, 2));
    expect(first.consumedBytes).toBe(ends[1]);
    expect(readLines(whole.subarray(first.consumedBytes), 2, 2).records).toEqual(records.slice(2));
  });

  test('what was asked for before is stepped over, and a second copy of a record is not read again', () => {
    expect(readLines(whole, 2, 10).records).toEqual(records.slice(2));
    expect(readLines(Buffer.concat([whole, Buffer.from('\n'), whole]), 0, 10)).toMatchObject({ records, damagedLines: 0 });
  });

  test.each(['\n\n\n', 'x\n', '00000000 00000002 1 \n', 'zzzzzzzz 00000004 1 {}\n', `${lines[0]!.slice(0, -2)}\n`])(
    '%j holds no record',
    (text) => {
      expect(readLines(Buffer.from(text), 0, 10).records).toEqual([]);
    },
  );

  test('a line with a number that is none is damage, though its checksum is right', () => {
    for (const seq of [0, -1, 1.5, Number.NaN, 2 ** 53])
      expect(readLines(Buffer.from(writeLine(seq, intent)), -5, 10)).toMatchObject({ records: [], damagedLines: 1 });
  });
});

const numbersOf = (spans: readonly LineSpan[]): number[] => spans.flatMap(({ text }) => recordsIn(text)).map(({ seq }) => seq);

describe('spans of lines', () => {
  test('lines of consecutive numbers are one text, byte for byte as they were written', () => {
    const { spans } = readSpans(whole, 0, 10);
    expect(spans).toEqual([{ firstSeq: 1, lastSeq: 3, text: lines.join('') }]);
    expect(recordsIn(spans[0]!.text)).toEqual(records);
  });

  test('where a line is damaged or a number is missing a new span begins', () => {
    const more = [5, 6].map((seq) => writeLine(seq, intent)).join('');
    const { spans, damagedLines } = readSpans(
      Buffer.from(`${lines[0]!}${lines[1]!.replace('"settled"', '"settleD"')}${lines[2]!}${more}`),
      0,
      10,
    );
    expect(spans.map(({ firstSeq, lastSeq }) => [firstSeq, lastSeq])).toEqual([[1, 1], [3, 3], [5, 6]]); // prettier-ignore
    expect(damagedLines).toBe(1);
    expect(numbersOf(spans)).toEqual([1, 3, 5, 6]);
  });
});

describe('lines on their way to the disk', () => {
  const pending = (firstSeq: number, seq = firstSeq): Pending => ({
    firstSeq,
    seq,
    line: `${firstSeq}-${seq};`,
    written: null,
    isRemembered: false,
  });
  const textsOf = (entries: Pending[], writtenSeq: number): string[] => spansOf(entries, writtenSeq).map(({ text }) => text);
  const range = (from: number, to: number): Pending[] => Array.from({ length: to - from + 1 }, (_, index) => pending(from + index));

  test('a tick is one text, a long one several, and none says more numbers than it holds', () => {
    expect(spansOf(range(5, 7), 4)).toEqual([{ firstSeq: 5, lastSeq: 7, text: '5-5;6-6;7-7;' }]);
    const long = spansOf(range(1, 700), 0);
    expect(long.length).toBeGreaterThan(2);
    expect(long.flatMap(({ text }) => text.split(';').slice(0, -1))).toEqual(range(1, 700).map(({ seq }) => `${seq}-${seq}`));
    for (const [index, one] of long.entries()) {
      expect(one.firstSeq).toBe((long[index - 1]?.lastSeq ?? 0) + 1);
      expect(one.text.split(';').length - 1).toBe(one.lastSeq - one.firstSeq + 1);
    }
    expect(spansOf([], 0)).toEqual([]);
  });

  test('what is written for the second time stays apart from what is new, and missing numbers part a text', () => {
    expect(textsOf([pending(3, 6), pending(7, 9), ...range(10, 11)], 9)).toEqual(['3-6;7-9;', '10-10;11-11;']);
    expect(textsOf([pending(3), pending(5)], 0)).toEqual(['3-3;', '5-5;']);
  });
});

describe('segments', () => {
  const segmentWith = (dir: string, firstSeq: number, text: string | Buffer): ReturnType<typeof createSegment>['segment'] => {
    const { segment, fd } = createSegment(dir, firstSeq);
    closeSync(fd);
    appendFileSync(segment.path, text);
    segment.bytes = statSync(segment.path).size;
    return segment;
  };

  test('they are listed in order, with their sizes, and nothing else is', () => {
    const dir = freshDir();
    segmentWith(dir, 1_000, 'abc');
    segmentWith(dir, 9, '');
    writeFileSync(join(dir, 'instance'), 'x');
    writeFileSync(join(dir, '12.log'), 'x');
    expect(listSegments(dir).map(({ firstSeq, bytes }) => [firstSeq, bytes])).toEqual([[9, 0], [1_000, 3]]); // prettier-ignore
  });

  test('nobody else on the machine can read them', () => {
    const dir = join(freshDir(), 'deep', 'journal');
    openInstance(dir, ids);
    const segment = segmentWith(dir, 1, '');
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    expect(statSync(segment.path).mode & 0o777).toBe(0o600);
    expect(statSync(join(dir, 'instance')).mode & 0o777).toBe(0o600);
  });

  test('removing one twice is no error', () => {
    const dir = freshDir();
    const segment = segmentWith(dir, 1, 'x');
    removeSegment(segment);
    removeSegment(segment);
    expect(readdirSync(dir)).toEqual([]);
  });

  test('an instance file that holds no id is replaced by a new one', () => {
    const dir = freshDir();
    segmentWith(dir, 1, '');
    writeFileSync(join(dir, 'instance'), 'half an i');
    const id = openInstance(dir, ids);
    expect(readFileSync(join(dir, 'instance'), 'utf8')).toBe(`${id}\n`);
    expect(openInstance(dir, ids)).toBe(id);
  });

  test('a tail is cut to its last whole line, and the sequence goes on behind what was there', () => {
    const dir = freshDir();
    const segment = segmentWith(dir, 1, whole.subarray(0, whole.length - 1));
    expect(repairTail(segment)).toEqual({ lastSeq: 2, tornBytes: whole.length - ends[1]! - 1, damagedLines: 0 });
    expect(statSync(segment.path).size).toBe(ends[1]);
    expect(segment.bytes).toBe(ends[1]);
    expect(repairTail(segment)).toEqual({ lastSeq: 2, tornBytes: 0, damagedLines: 0 });
  });

  test('an empty segment goes on from its name', () => {
    expect(repairTail(segmentWith(freshDir(), 77, ''))).toEqual({ lastSeq: 76, tornBytes: 0, damagedLines: 0 });
  });

  test('damage in the middle does not move the end, damage at the end does', () => {
    const damagedAt = (index: number): Buffer => {
      const damaged = Buffer.from(whole);
      damaged[ends[index]! - 3] = damaged[ends[index]! - 3]! ^ 4;
      return damaged;
    };
    expect(repairTail(segmentWith(freshDir(), 1, damagedAt(1)))).toMatchObject({ lastSeq: 3, damagedLines: 1 });
    expect(repairTail(segmentWith(freshDir(), 1, damagedAt(2)))).toMatchObject({ lastSeq: 3, damagedLines: 1 });
    expect(repairTail(segmentWith(freshDir(), 1, Buffer.concat([damagedAt(2), Buffer.from('torn')])))).toMatchObject({
      lastSeq: 3,
      tornBytes: 4,
    });
  });

  test('a reader crosses from one segment into the next, also where both hold the same record', () => {
    const dir = freshDir();
    const segments = [
      segmentWith(dir, 1, whole),
      segmentWith(dir, 3, `${lines[2]!}${writeLine(4, intent)}`),
      segmentWith(dir, 5, writeLine(5, intent)),
    ];
    const reader = createSegmentReader();
    const seqs: number[] = [];
    for (let seq = 0; ;) {
      const last = numbersOf(reader.read(segments, seq, 2).spans);
      if (last.length === 0) break;
      seqs.push(...last);
      seq = seqs.at(-1)!;
    }
    expect(seqs).toEqual([1, 2, 3, 4, 5]);
    expect(reader.read(segments, 5, 2).spans).toEqual([]);
    expect(reader.read(segments, 0, 1).spans[0]!.firstSeq).toBe(1);
    expect(reader.read([], 0, 1).spans).toEqual([]);
  });

  test('a line longer than one read is read whole; a segment without any line feed is left behind', () => {
    const dir = freshDir();
    const long = refusedOf({ modelAsked: 'x'.repeat(2_000_000) });
    mkdirSync(dir, { recursive: true });
    const segments = [
      segmentWith(dir, 1, `${writeLine(1, long)}${lines[1]!}`),
      segmentWith(dir, 3, Buffer.alloc(5_000_000, 65)),
      segmentWith(dir, 4, writeLine(4, intent)),
    ];
    const reader = createSegmentReader();
    expect(numbersOf(reader.read(segments, 0, 5).spans)).toEqual([1, 2]);
    expect(numbersOf(reader.read(segments, 2, 5).spans)).toEqual([4]);
  });
});

describe('the window in memory', () => {
  const span = (firstSeq: number, lastSeq: number): LineSpan => ({
    firstSeq,
    lastSeq,
    text: Array.from({ length: lastSeq - firstSeq + 1 }, (_, index) => writeLine(firstSeq + index, intent)).join(''),
  });
  const windowOf = (countMax: number, ...spans: LineSpan[]): LineWindow => {
    const window = new LineWindow(countMax);
    for (const one of spans) window.push(one);
    return window;
  };
  const spansAfter = (window: LineWindow, seq: number, countMax = 1e9): [number, number][] =>
    window.after(seq, countMax).map(({ firstSeq, lastSeq }) => [firstSeq, lastSeq]);

  test('it gives whole spans from the one that holds the next number, about as many lines as asked, and never none of those there are', () => {
    const window = windowOf(100, span(1, 3), span(4, 4), span(5, 10));
    expect(spansAfter(window, 0)).toEqual([[1, 3], [4, 4], [5, 10]]); // prettier-ignore
    expect(spansAfter(window, 0, 4)).toEqual([[1, 3], [4, 4]]); // prettier-ignore
    expect(spansAfter(window, 0, 1)).toEqual([[1, 3]]);
    expect(spansAfter(window, 2, 4)).toEqual([[1, 3], [4, 4]]); // prettier-ignore
    expect(spansAfter(window, 4, 2)).toEqual([[5, 10]]);
    expect(spansAfter(window, 10)).toEqual([]);
    expect(spansAfter(window, 50)).toEqual([]);
    expect(numbersOf(window.after(3, 4))).toEqual([4]);
  });

  test('it lets go of the oldest spans beyond its bound, but keeps the newest one whatever its length', () => {
    const window = windowOf(4, span(1, 3), span(4, 5), span(6, 7));
    expect(window.size).toBe(4);
    expect([window.reachesBackTo(3), window.reachesBackTo(2)]).toEqual([true, false]);
    window.push(span(8, 20));
    expect(spansAfter(window, 0)).toEqual([[8, 20]]);
    expect(window.size).toBe(13);
  });

  test('it drops what is in the books, over thousands of rounds', () => {
    const window = new LineWindow(100);
    const text = writeLine(1, intent);
    for (let seq = 1; seq <= 20_000; seq++) {
      window.push({ firstSeq: seq, lastSeq: seq, text });
      if (seq % 7 === 0) window.dropUpTo(seq - 3);
    }
    expect(window.size).toBeLessThanOrEqual(10);
    expect(spansAfter(window, 19_998)).toEqual([[19_999, 19_999], [20_000, 20_000]]); // prettier-ignore
    window.dropUpTo(99_999);
    expect(window.size).toBe(0);
    expect(window.reachesBackTo(0)).toBe(false);
    window.dropUpTo(5);
    window.push(span(20_001, 20_002));
    window.dropUpTo(20_001);
    expect(spansAfter(window, 20_001)).toEqual([[20_001, 20_002]]);
  });
});
