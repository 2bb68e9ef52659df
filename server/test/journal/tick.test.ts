/** The lines of a tick: byte for byte the format, whatever is in them, and none lost on the way to the disk or to memory. */
import { stat } from 'node:fs';
import { crc32 } from 'node:zlib';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { LedgerRecord } from '../../src/domain/ledger.ts';
import { jsonOf, recordsIn } from '../../src/domain/ledger-line.ts';
import { openJournal, type Journal } from '../../src/journal/journal.ts';
import type { Pending } from '../../src/journal/pending.ts';
import { portionOf, TickLines } from '../../src/journal/tick.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { ids, intentOf, seeded, settlementOf } from '../storage/ledger-records.ts';
import { freshDir } from '../support/throwaway.ts';
import { breakFile } from './break-file.ts';

/** The format as it is written down, put together without the code under test. */
function lineOf(seq: number, json: string): string {
  const payload = `${seq} ${json}`;
  const hex = (value: number): string => value.toString(16).padStart(8, '0');
  return `${hex(crc32(payload))} ${hex(Buffer.byteLength(payload))} ${payload}\n`;
}

const tickOf = (first: number, jsons: readonly string[]): TickLines => {
  const tick = new TickLines();
  for (const [index, json] of jsons.entries()) tick.add(first + index, json);
  return tick;
};
const linesOf = (first: number, jsons: readonly string[]): string[] => jsons.map((json, index) => lineOf(first + index, json));
const pending = (seq: number, line = ''): Pending => ({ firstSeq: seq, seq, line, written: null, isRemembered: false });
const pendingOf = (first: number, count: number): Pending[] => Array.from({ length: count }, (_, index) => pending(first + index));

describe('the lines of a tick', () => {
  test('any text at all is written as the format says: quotes, controls, halves of characters, other scripts', () => {
    const below = seeded(5);
    const odd = [
      '"',
      '\\',
      '\n',
      '\0',
      '\u007f',
      '\u0080',
      '\u00ff',
      '\u0100',
      '\u07ff',
      '\u0800',
      '\u2028',
      '\ud800',
      '\udc00',
      '🦊',
      '\uffff',
    ];
    const text = (): string => Array.from({ length: below(40) }, () => (below(3) ? 'a' : odd[below(odd.length)]!)).join('');
    for (let round = 0; round < 400; round++) {
      const jsons = Array.from({ length: 1 + below(5) }, () => jsonOf(intentOf({ modelAsked: text(), clientRequestId: text() })));
      const tick = tickOf(round, jsons);
      const expected = linesOf(round, jsons).join('');
      expect(tick.text()).toBe(expected);
      expect(tick.bytes().equals(Buffer.from(expected))).toBe(true);
      expect(tick.count).toBe(jsons.length);
    }
  });

  test('however many and however long they are, there is room, and room that was rarely needed is given back', () => {
    const jsons = Array.from({ length: 300 }, (_, index) => JSON.stringify('x'.repeat(index * 10)));
    const tick = tickOf(1, jsons);
    expect(tick.text()).toBe(linesOf(1, jsons).join(''));
    tick.clear();
    expect([tick.count, tick.text(), tick.bytes().length]).toEqual([0, '', 0]);
    const long = JSON.stringify('\u20ac'.repeat(1_000_000));
    tick.add(7, long);
    tick.add(8, '[]');
    expect(tick.text()).toBe(lineOf(7, long) + lineOf(8, '[]'));
    expect(tick.bytes().buffer.byteLength).toBeGreaterThan(3_000_000);
    tick.clear();
    expect(tick.bytes().buffer.byteLength).toBeLessThan(1_100_000);
    tick.add(9, '[]');
    expect(tick.text()).toBe(lineOf(9, '[]'));
  });

  test('stay as they are for whoever holds their bytes or their span, however many ticks follow', () => {
    const tick = new TickLines();
    const below = seeded(9);
    const held: { said: string; bytes: Buffer; text: () => string }[] = [];
    for (let first = 1; first < 6_000;) {
      const jsons = Array.from({ length: 1 + below(200) }, () =>
        JSON.stringify(below(50) ? 'x'.repeat(below(900)) : '模'.repeat(below(90_000))),
      );
      for (const [index, json] of jsons.entries()) tick.add(first + index, json);
      const { spans, bytes } = portionOf(tick, pendingOf(first, jsons.length), first - 1, false);
      held.push({ said: linesOf(first, jsons).join(''), bytes, text: () => spans.map(({ text }) => text).join('') });
      tick.clear();
      first += jsons.length;
    }
    for (const { said, bytes, text } of held)
      expect([bytes.toString() === said, text() === said, text() === said]).toEqual([true, true, true]);
  });

  test('are handed one by one to the entries that came last, and then it holds none', () => {
    const jsons = ['["a"]', '["ü"]', '["🦊"]'];
    const tick = tickOf(5, jsons);
    const entries = [pending(4, 'waits already\n'), ...pendingOf(5, 3)];
    tick.giveTo(entries);
    expect(entries.map(({ line }) => line)).toEqual(['waits already\n', ...linesOf(5, jsons)]);
    tick.giveTo(entries);
    expect([entries.length, entries[3]!.line, tick.count]).toEqual([4, lineOf(7, jsons[2]!), 0]);
  });
});

describe('what one write puts down', () => {
  const jsons = Array.from({ length: 700 }, (_, index) => `["ünï ${index}"]`);
  const saidBy = ({ spans, bytes }: ReturnType<typeof portionOf>): [places: number[][], text: string, bytes: string] => [
    spans.map(({ firstSeq, lastSeq }) => [firstSeq, lastSeq]),
    spans.map(({ text }) => text).join(''),
    bytes.toString(),
  ];

  test('is the tick as one span', () => {
    const few = jsons.slice(0, 256);
    const text = linesOf(11, few).join('');
    expect(saidBy(portionOf(tickOf(11, few), pendingOf(11, 256), 10, false))).toEqual([[[11, 266]], text, text]);
  });

  test('is several spans where the tick was long', () => {
    const tick = tickOf(1, jsons);
    const text = linesOf(1, jsons).join('');
    expect(saidBy(portionOf(tick, pendingOf(1, 700), 0, false))).toEqual([[[1, 256], [257, 512], [513, 700]], text, text]); // prettier-ignore
    expect(tick.count).toBe(0);
  });

  test('has a line feed in front where the line before it is broken, which is none of the feeder’s', () => {
    const text = linesOf(1, jsons.slice(0, 2)).join('');
    expect(saidBy(portionOf(tickOf(1, jsons.slice(0, 2)), pendingOf(1, 2), 0, true))).toEqual([[[1, 2]], text, `\n${text}`]);
  });

  test('has what waited in memory in front of what the tick holds', () => {
    const waits = [pending(3, lineOf(3, '["waits"]')), pending(4, lineOf(4, '["too"]'))];
    const text = [...waits.map(({ line }) => line), ...linesOf(5, jsons.slice(0, 2))].join('');
    expect(saidBy(portionOf(tickOf(5, jsons.slice(0, 2)), [...waits, ...pendingOf(5, 2)], 2, false))).toEqual([[[3, 6]], text, text]);
    expect(saidBy(portionOf(new TickLines(), waits, 2, false))[0]).toEqual([[3, 4]]);
  });
});

function open(dir: string): Journal {
  const { journal } = openJournal({ dir, clock: systemClock, ids, onError: () => undefined });
  onTestFinished(() => journal.close().catch(() => undefined));
  return journal;
}

const readAll = (journal: Journal): LedgerRecord[] => {
  const records: LedgerRecord[] = [];
  for (;;) {
    const { spans } = journal.readLinesAfter(records.length, 10_000);
    const found = spans.flatMap(({ text }) => recordsIn(text)).filter(({ seq }) => seq > records.length);
    if (found.length === 0) return records;
    for (const { record } of found) records.push(record);
  }
};

describe('a journal', () => {
  test('that took a long tick in many scripts gives it back from memory, and after a restart from its file', async () => {
    const dir = join(freshDir('long-tick'), 'journal');
    const journal = open(dir);
    const records = Array.from({ length: 1_000 }, (_, index) =>
      intentOf({ modelAsked: ['gpt', 'modèle', '模型', '🦊\ud800'][index % 4]! }),
    );
    for (const record of records) journal.append(record);
    journal.flush();
    const last = settlementOf(records[0]!);
    journal.append(last);
    journal.flush();
    expect(readAll(journal)).toEqual([...records, last]);
    await journal.close();
    expect(readAll(open(dir))).toEqual([...records, last]);
  });

  test('whose sync fails while a record waits for the end of its tick hands it to the feeder, and writes it later', async () => {
    const dir = join(freshDir('failing-tick'), 'journal');
    const journal = open(dir);
    const first = intentOf();
    const second = settlementOf(first);
    journal.append(first);
    journal.flush();
    breakFile(join(dir, '0000000000000001.log'));
    const appended = new Promise((resolve) => stat(dir, () => resolve(journal.append(second))));
    const told = new Promise((resolve) => journal.whenDurable(1, resolve));
    // Both have ended by the time that this process hears of either, so that no tick ends between them.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    expect(await told).toBeInstanceOf(Error);
    expect(await appended).toBe(2);
    expect([journal.isFailing(), readAll(journal)]).toEqual([true, [first, second]]);
    await expect.poll(() => journal.isFailing()).toBe(false);
    expect(readAll(journal)).toEqual([first, second]);
    await journal.close();
    expect(readAll(open(dir))).toEqual([first, second]);
  });
});
