/** Cutting a stream into blocks: the same blocks wherever the bytes are cut, and not a byte lost or copied wrong. */
import { describe, expect, test } from 'vitest';
import { eventCharsMax, SseTooLarge } from '../../src/lib/sse.ts';
import { BlockCutter, singleData } from '../../src/providers/blocks.ts';
import { streamEvents } from '../support/fake-provider.ts';

const sound = Buffer.from(streamEvents(['héllo ', '😀 ', '世界']).join(''));
const blocksOf = (...chunks: Buffer[]): string[] => {
  const cutter = new BlockCutter();
  return chunks.flatMap((chunk) => cutter.push(chunk)).map(String);
};

describe('blocks', () => {
  test('are the events of the stream, each with its empty line', () => {
    expect(blocksOf(sound)).toEqual(streamEvents(['héllo ', '😀 ', '世界']));
  });

  test('are the same wherever the stream is cut in two', () => {
    const whole = blocksOf(sound);
    for (let at = 0; at <= sound.length; at++) expect(blocksOf(sound.subarray(0, at), sound.subarray(at)), `cut at ${at}`).toEqual(whole);
  });

  test('are the same in pieces of every size', () => {
    const whole = blocksOf(sound).join('');
    for (const size of [1, 2, 3, 7, 64, 200]) {
      const pieces = Array.from({ length: Math.ceil(sound.length / size) }, (_, n) => sound.subarray(n * size, (n + 1) * size));
      expect(blocksOf(...pieces).join('')).toBe(whole);
    }
  });

  test('more than one empty line belongs to the block before it', () => {
    expect(blocksOf(Buffer.from('data: a\n\n\n\ndata: b\n\n'))).toEqual(['data: a\n\n\n\n', 'data: b\n\n']);
  });

  test('what is not closed stays back, and can be taken', () => {
    const cutter = new BlockCutter();
    expect(cutter.push(Buffer.from('data: a\n\ndata: b'))).toHaveLength(1);
    expect(cutter.takeRest()?.toString()).toBe('data: b');
    expect(cutter.takeRest()).toBeNull();
  });

  test('of one chunk are views of it, not copies', () => {
    const [first] = new BlockCutter().push(sound);
    expect(first?.buffer).toBe(sound.buffer);
  });
});

describe('other forms', () => {
  test.each([
    ['a carriage return', 'data: a\r\n\r\n'],
    ['a lone carriage return', 'data: a\r\r'],
    ['a byte order mark', '\uFEFFdata: a\n\n'],
  ])('%s ends the plain way at once, with every byte kept for the long way', (_name, text) => {
    const cutter = new BlockCutter();
    expect(cutter.push(Buffer.from(text))).toEqual([]);
    expect(cutter.isPlain).toBe(false);
    expect(cutter.takeRest()?.toString()).toBe(text);
  });

  test('a carriage return that comes late keeps what was not closed before it', () => {
    const cutter = new BlockCutter();
    expect(cutter.push(Buffer.from('data: a\n\ndata: b'))).toHaveLength(1);
    expect(cutter.push(Buffer.from('c\r\n\r\n'))).toEqual([]);
    expect(cutter.takeRest()?.toString()).toBe('data: bc\r\n\r\n');
  });

  test('the first byte of a mark in the middle of the stream is content', () => {
    const cutter = new BlockCutter();
    cutter.push(Buffer.from('data: a\n\n'));
    expect(cutter.push(Buffer.from('\uFEFFdata: b\n\n'))).toHaveLength(1);
    expect(cutter.isPlain).toBe(true);
  });
});

describe('an endless event (E14)', () => {
  test('is refused at its bound, and not before', () => {
    const cutter = new BlockCutter();
    const piece = Buffer.alloc(65_536, 0x61);
    const pieces = eventCharsMax / piece.length;
    for (let count = 0; count < pieces; count++) expect(cutter.push(piece)).toEqual([]);
    expect(() => cutter.push(piece)).toThrow(SseTooLarge);
  });

  test('many closed ones may be larger together', () => {
    const cutter = new BlockCutter();
    const block = Buffer.from(`data: ${'a'.repeat(1_000)}\n\n`);
    let count = 0;
    for (let round = 0; round < 2_000; round++) count += cutter.push(block).length;
    expect(count).toBe(2_000);
  });
});

describe('the data of a block', () => {
  test.each<[string, string | null]>([
    ['data: {"a":1}\n\n', '{"a":1}'],
    ['data: \n\n', ''],
    ['data:  two spaces\n\n', ' two spaces'],
    ['data: x\n\n\n\n', 'x'],
    ['data:x\n\n', null],
    ['data\n\n', null],
    [': comment\n\n', null],
    ['event: e\ndata: x\n\n', null],
    ['data: x\ndata: y\n\n', null],
    ['data: x\nid: 1\n\n', null],
    ['', null],
    ['\n\n', null],
  ])('%j is %j', (block, data) => {
    expect(singleData(Buffer.from(block))).toBe(data);
  });
});
