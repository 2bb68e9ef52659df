/** The rule that finds where a chain was touched, on chains of its own making: every kind of touch, at every place of a short chain. */
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  anchorText,
  canonical,
  faultAfter,
  faultAtEnd,
  genesisHash,
  lineOf,
  soundLines,
  type AuditFault,
  type ChainPlace,
  type ChainRow,
  type Link,
} from '../../src/domain/audit-chain.ts';

const link: Link = (previous, entry) => createHash('sha256').update(`${previous}|${entry}`).digest('hex');
const start: ChainPlace = { seq: 0, hash: genesisHash };

function chain(length: number, from: ChainPlace = start): ChainRow[] {
  const rows: ChainRow[] = [];
  let { seq, hash } = from;
  for (let n = 0; n < length; n++) {
    const values = [`id-${seq + 1}`, 1_000 + n, 'Ada', null, n % 2 === 0 ? 'x' : ''];
    seq += 1;
    hash = link(hash, canonical(values));
    rows.push({ seq, hash, values });
  }
  return rows;
}

/** As the verifier walks: the first row that does not fit, and what is made of it. */
function walk(rows: readonly ChainRow[], from: ChainPlace = start): AuditFault | null {
  const sound = soundLines(link, from, rows.map(lineOf));
  if (sound === rows.length) return null;
  const last = rows[sound - 1];
  return faultAfter(link, last ? { seq: last.seq, hash: last.hash } : from, rows.slice(sound));
}

const length = 9;
const places = Array.from({ length }, (_, at) => at);

describe('a chain', () => {
  test('that nobody touched is sound from its beginning, and from any place in it', () => {
    const rows = chain(length);
    expect(walk(rows)).toBe(null);
    for (const at of places) expect(walk(rows.slice(at + 1), rows[at])).toBe(null);
    expect(walk([])).toBe(null);
  });

  test.each(places)('shows an altered entry at place %s, whichever of its values it was', (at) => {
    for (const column of [0, 1, 2, 3, 4]) {
      const rows = chain(length);
      const values = rows[at]!.values.with(column, 'Eve');
      rows[at] = { ...rows[at]!, values };
      expect(walk(rows)).toMatchObject({ kind: 'altered', seq: at + 1 });
    }
    const rows = chain(length);
    rows[at] = { ...rows[at]!, hash: 'f'.repeat(64) };
    expect(walk(rows)).toMatchObject({ kind: 'altered', seq: at + 1 });
  });

  test.each(places.slice(0, -1))('shows a deleted entry at place %s, and several in a row', (at) => {
    expect(walk(chain(length).toSpliced(at, 1))).toMatchObject({ kind: 'deleted', seq: at + 1, untilSeq: at + 1 });
    const rows = chain(length).toSpliced(at, 2);
    if (rows.length > at) expect(walk(rows)).toMatchObject({ kind: 'deleted', seq: at + 1, untilSeq: at + 2 });
  });

  test.each(places.slice(0, -1))('that was renumbered after a deletion at place %s is touched there', (at) => {
    const rows = chain(length)
      .toSpliced(at, 1)
      .map((row, index) => ({ ...row, seq: index + 1 }));
    expect(walk(rows)).toMatchObject({ seq: at + 1 });
  });

  test.each(places)('shows an inserted entry at place %s, also where the others moved up', (at) => {
    const made = { seq: at + 1, hash: 'e'.repeat(64), values: ['id-new', 1, 'Eve', null, ''] };
    const rows = [
      ...chain(length).slice(0, at),
      made,
      ...chain(length)
        .slice(at)
        .map((row) => ({ ...row, seq: row.seq + 1 })),
    ];
    expect(walk(rows)).toMatchObject({ kind: 'inserted', seq: at + 1, entryId: 'id-new' });
  });

  test('shows two entries that changed places, wherever they stand', () => {
    for (const one of places)
      for (const other of places.slice(one + 1)) {
        const rows = chain(length);
        const [first, second] = [rows[one]!, rows[other]!];
        rows[one] = { ...second, seq: first.seq };
        rows[other] = { ...first, seq: second.seq };
        expect(walk(rows), `${one} and ${other}`).toMatchObject({ kind: 'reordered', seq: one + 1 });
      }
  });

  test('shows an entry that stands under another number', () => {
    const rows = chain(length);
    const moved = rows.toSpliced(3, 1).concat({ ...rows[3]!, seq: 99 });
    expect(walk(moved)).toMatchObject({ kind: 'reordered', seq: 4, entryId: 'id-4' });
    const gap = chain(length).map((row) => (row.seq > 4 ? { ...row, seq: row.seq + 5 } : row));
    expect(walk(gap)).toMatchObject({ kind: 'altered', seq: 10 });
  });
});

describe('the end of a chain', () => {
  const last = chain(length).at(-1)!;

  test('is sound where the head is, and misses what the head or an anchor has seen', () => {
    expect(faultAtEnd(last, last, [])).toBe(null);
    expect(faultAtEnd(last, last, [{ seq: 4, hash: 'x' }])).toBe(null);
    expect(faultAtEnd(last, { seq: 12, hash: 'x' }, [])).toMatchObject({ kind: 'cut', seq: 10, untilSeq: 12 });
    expect(faultAtEnd(last, last, [{ seq: 30, hash: 'x' }])).toMatchObject({ kind: 'cut', seq: 10, untilSeq: 30 });
  });

  test('shows a head that was set to another hash, or back', () => {
    expect(faultAtEnd(last, { seq: last.seq, hash: 'x' }, [])).toMatchObject({ kind: 'head', seq: last.seq });
    expect(faultAtEnd(last, { seq: 3, hash: 'x' }, [])).toMatchObject({ kind: 'head', seq: 3 });
  });
});

test('what an anchor signs changes with each of its parts', () => {
  const anchor = { kind: 'hourly', atMs: 1, seq: 2, hash: 'h', entries: 2 };
  const texts = [
    anchor,
    { ...anchor, kind: 'retention' },
    { ...anchor, atMs: 2 },
    { ...anchor, seq: 3 },
    { ...anchor, hash: 'g' },
    { ...anchor, entries: 3 },
  ];
  expect(new Set(texts.map(anchorText)).size).toBe(texts.length);
});
