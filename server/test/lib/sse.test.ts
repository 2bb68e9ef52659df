/** Server-sent events however they are written and however their bytes are cut. */
import { describe, expect, test } from 'vitest';
import { createSseReader, doneEvent, eventCharsMax, SseTooLarge, writeSse, type SseEvent } from '../../src/lib/sse.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Events of a text, given in pieces of one size. */
function read(bytes: Uint8Array, pieceBytes = bytes.length): SseEvent[] {
  const reader = createSseReader();
  const events: SseEvent[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) events.push(...reader.push(bytes.subarray(at, at + pieceBytes)));
  return events;
}

const data = (...texts: string[]): SseEvent[] => texts.map((text) => ({ event: 'message', data: text }));

describe('forms of one event (E11)', () => {
  const cases: readonly (readonly [string, string, SseEvent[]])[] = [
    ['line feeds', 'data: a\n\ndata: b\n\n', data('a', 'b')],
    ['carriage return and line feed', 'data: a\r\n\r\ndata: b\r\n\r\n', data('a', 'b')],
    ['lone carriage returns', 'data: a\r\rdata: b\r\r', data('a', 'b')],
    ['mixed line ends', 'data: a\r\n\ndata: b\n\r\n', data('a', 'b')],
    ['a byte order mark', '\uFEFFdata: a\n\n', data('a')],
    ['no space after the colon', 'data:a\n\n', data('a')],
    ['only the first space is taken off', 'data:  a\n\n', data(' a')],
    ['several data lines', 'data: a\ndata:\ndata: b\n\n', data('a\n\nb')],
    ['a data line without a colon', 'data\n\n', data('')],
    ['an empty data line', 'data:\n\n', data('')],
    ['comments', ': ping\n: OPENROUTER PROCESSING\n\ndata: a\n: in between\ndata: b\n\n', data('a\nb')],
    ['id and retry lines', 'id: 7\nretry: 1\ndata: a\n\n', data('a')],
    ['unknown fields', 'foo: bar\ndata: a\nbaz\n\n', data('a')],
    ['a named event', 'event: error\ndata: a\n\n', [{ event: 'error', data: 'a' }]],
    ['the last name wins', 'event: a\nevent: b\ndata: x\n\n', [{ event: 'b', data: 'x' }]],
    ['an empty name is a plain message', 'event:\ndata: x\n\n', data('x')],
    ['a name without data is no event, and does not stick', 'event: a\n\ndata: x\n\n', data('x')],
    ['empty lines alone', '\n\n\n\r\n\r', []],
    ['a colon inside the data', 'data: {"a":"b: c"}\n\n', data('{"a":"b: c"}')],
    ['a field that only begins like data', 'data2: a\n\ndata: b\n\n', data('b')],
    ['text with a line separator that is none here', 'data: a\u2028b\n\n', data('a\u2028b')],
  ];
  test.each(cases)('%s', (_name, text, expected) => {
    expect(read(bytesOf(text))).toEqual(expected);
  });

  test('every form reads the same when cut at every byte (E12)', () => {
    for (const [name, text, expected] of cases) {
      const bytes = bytesOf(text);
      for (let cut = 1; cut < bytes.length; cut++) {
        const reader = createSseReader();
        const events = [...reader.push(bytes.subarray(0, cut)), ...reader.push(bytes.subarray(cut))];
        expect(events, `${name} cut at ${cut}`).toEqual(expected);
      }
      expect(read(bytes, 1), `${name} byte by byte`).toEqual(expected);
    }
  });
});

describe('text', () => {
  const said = 'héllo 😀 世界 \u0000 \u001b[31m';

  test('characters that are cut in their middle arrive whole (E12)', () => {
    const bytes = bytesOf(writeSse(JSON.stringify({ said })));
    for (let size = 1; size <= 5; size++) {
      const [event] = read(bytes, size);
      expect(JSON.parse(event?.data ?? '')).toEqual({ said });
    }
  });

  test('invalid bytes become the replacement character and break nothing (E13)', () => {
    const bytes = new Uint8Array([...bytesOf('data: a'), 0xff, 0xc3, 0x28, ...bytesOf('\n\ndata: b\n\n')]);
    expect(read(bytes)).toEqual(data('a\uFFFD\uFFFD(', 'b'));
    expect(read(bytes, 1)).toEqual(data('a\uFFFD\uFFFD(', 'b'));
  });

  test('model output that imitates the wire stays inside its event (G1)', () => {
    const hostile = '</script>\r\n\r\ndata: [DONE]\n\nevent: error\n\n';
    expect(read(bytesOf(writeSse(JSON.stringify(hostile)) + doneEvent))).toEqual(data(JSON.stringify(hostile), '[DONE]'));
  });
});

describe('the end of a stream', () => {
  test('an event whose empty line never came is pending, and is given at the end', () => {
    const reader = createSseReader();
    expect(reader.push(bytesOf('data: a\n\ndata: [DONE]\n'))).toEqual(data('a'));
    expect(reader.pending()).toBe(true);
    expect(reader.end()).toEqual(data('[DONE]'));
    expect(reader.pending()).toBe(false);
    expect(reader.end()).toEqual([]);
  });

  test('a last line without any line end is given at the end', () => {
    const reader = createSseReader();
    expect(reader.push(bytesOf('event: x\ndata: a'))).toEqual([]);
    expect(reader.end()).toEqual([{ event: 'x', data: 'a' }]);
  });

  test('a character that was cut by the end becomes the replacement character', () => {
    const reader = createSseReader();
    expect(reader.push(new Uint8Array([...bytesOf('data: a'), 0xf0, 0x9f]))).toEqual([]);
    expect(reader.end()).toEqual(data('a\uFFFD'));
  });

  test('nothing is pending and nothing is given after a complete event', () => {
    const reader = createSseReader();
    reader.push(bytesOf('data: a\n\n'));
    expect(reader.pending()).toBe(false);
    expect(reader.end()).toEqual([]);
  });
});

describe('bounds (E14)', () => {
  const fill = (bytes: Uint8Array, times: number, push: (bytes: Uint8Array) => unknown): void => {
    for (let at = 0; at < times; at++) push(bytes);
  };

  test('a line without an end is refused once it is past the bound', () => {
    const reader = createSseReader(1000);
    const endless = bytesOf('x'.repeat(100));
    reader.push(bytesOf('data: '));
    expect(() => fill(endless, 11, (bytes) => reader.push(bytes))).toThrow(SseTooLarge);
  });

  test('an event of many lines is refused once it is past the bound', () => {
    const reader = createSseReader(1000);
    expect(() => fill(bytesOf(`data: ${'x'.repeat(90)}\n`), 12, (bytes) => reader.push(bytes))).toThrow(SseTooLarge);
  });

  test('an event of just the bound passes', () => {
    const text = 'x'.repeat(1000);
    const reader = createSseReader(1000);
    expect(reader.push(bytesOf(`data:${text}\n\n`))).toEqual(data(text));
  });

  test('an endless comment is bounded too', () => {
    const reader = createSseReader(1000);
    expect(() => fill(bytesOf(':'.repeat(100)), 20, (bytes) => reader.push(bytes))).toThrow(SseTooLarge);
  });

  test('the usual bound holds a large tool call', () => {
    const text = 'x'.repeat(eventCharsMax - 10);
    expect(read(bytesOf(writeSse(text)), 65_536)).toEqual(data(text));
  });

  test('a million tiny pieces of one line are read in linear time', () => {
    const reader = createSseReader();
    reader.push(bytesOf('data: '));
    // Reading the whole line again with each piece would take minutes and end in the time limit of this test.
    fill(bytesOf('x'), 1_000_000, (bytes) => reader.push(bytes));
    expect(reader.push(bytesOf('\n\n'))[0]?.data).toHaveLength(1_000_000);
  });
});
