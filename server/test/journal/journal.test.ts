/** The journal's promises: what was written survives, what is damaged shows, what cannot be kept is said. */
import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import {
  JournalFull,
  JournalUnavailable,
  openJournal,
  type Journal,
  type JournalOptions,
  type Recovered,
} from '../../src/journal/journal.ts';
import type { LedgerRecord } from '../../src/domain/ledger.ts';
import { recordsIn, type Numbered } from '../../src/domain/ledger-line.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { ids, intentOf, refusedOf, settlementOf } from '../storage/ledger-records.ts';
import { breakFile } from './break-file.ts';

const opened: Journal[] = [];
const folders: string[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((journal) => journal.close().catch(() => undefined)));
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function freshDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'patchbay-journal-'));
  folders.push(dir);
  return join(dir, 'journal');
}

function open(dir: string, options: Partial<JournalOptions> = {}): { journal: Journal; recovered: Recovered; errors: Error[] } {
  const errors: Error[] = [];
  const both = openJournal({ dir, clock: systemClock, ids, onError: (error) => errors.push(error), ...options });
  opened.push(both.journal);
  return { ...both, errors };
}

const durable = (journal: Journal, seq: number): Promise<Error | null> => new Promise((resolve) => journal.whenDurable(seq, resolve));
const written = (journal: Journal, record: LedgerRecord = intentOf()): Promise<Error | null> =>
  new Promise((resolve) => void journal.append(record, resolve));
const segmentsOf = (dir: string): string[] =>
  readdirSync(dir)
    .filter((name) => name.endsWith('.log'))
    .toSorted();
const lastSegment = (dir: string): string => join(dir, segmentsOf(dir).at(-1)!);

const recordsAfter = (journal: Journal, seq: number, countMax: number): { records: Numbered[]; damagedLines: number } => {
  const { spans, damagedLines } = journal.readLinesAfter(seq, countMax);
  const records = spans.flatMap(({ text }) => recordsIn(text));
  // Spans say of themselves what is in them: the feeder finds gaps by it.
  expect(records.map((one) => one.seq)).toEqual(spans.flatMap(({ firstSeq, lastSeq }) => upTo(lastSeq - firstSeq + 1, firstSeq)));
  return { records: records.filter((one) => one.seq > seq), damagedLines };
};

/** Everything after `seq`, in batches as the feeder reads it. */
function readAll(journal: Journal, after = 0, countMax = 7): { seqs: number[]; records: unknown[]; damagedLines: number } {
  const all = { seqs: [] as number[], records: [] as unknown[], damagedLines: 0 };
  for (let seq = after; ;) {
    const { records, damagedLines } = recordsAfter(journal, seq, countMax);
    all.damagedLines += damagedLines;
    const last = records.at(-1);
    if (!last) return all;
    expect(records.length).toBeLessThanOrEqual(countMax + 256);
    for (const one of records) {
      all.seqs.push(one.seq);
      all.records.push(one.record);
    }
    seq = last.seq;
  }
}

const upTo = (count: number, from = 1): number[] => Array.from({ length: count }, (_, index) => from + index);

/** A journal of an earlier run with `count` records, closed; answers its directory and what was written. */
async function leftBehind(count: number, options: Partial<JournalOptions> = {}): Promise<{ dir: string; records: unknown[] }> {
  const dir = freshDir();
  const { journal } = open(dir, options);
  const records = Array.from({ length: count }, (_, index) =>
    index % 3 === 2 ? refusedOf() : intentOf({ modelAsked: 'modèle "x"\n\u2028🦊' }),
  );
  // Durable each, because a segment is not left while a sync of it is under way.
  for (const record of records) await durable(journal, journal.append(record));
  await journal.close();
  return { dir, records };
}

test('a record is in the file, whole, when `written` runs', async () => {
  const dir = freshDir();
  const { journal } = open(dir);
  const intent = intentOf({ modelAsked: 'only-this-one' });
  expect(
    journal.append(intent, () =>
      expect(readFileSync(lastSegment(dir), 'utf8')).toMatch(/^[0-9a-f]{8} [0-9a-f]{8} 1 \[.*only-this-one.*\]\n$/),
    ),
  ).toBe(1);
  expect(readFileSync(lastSegment(dir), 'utf8')).toBe('');
  journal.flush();
  expect.assertions(3);
});

test('one tick is one write: records wait for the end of the tick, and keep their order', async () => {
  const { journal } = open(freshDir());
  const order: number[] = [];
  const seqs = upTo(50).map(() => journal.append(intentOf(), () => order.push(order.length + 1)));
  expect(seqs).toEqual(upTo(50));
  expect(order).toEqual([]);
  expect(recordsAfter(journal, 0, 100).records).toEqual([]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(order).toEqual(upTo(50));
  expect(readAll(journal).seqs).toEqual(upTo(50));
});

test('`whenDurable` waits for the disk, calls back at once afterwards, and serves many waiters', async () => {
  const { journal } = open(freshDir());
  const seqs = upTo(20).map(() => journal.append(intentOf()));
  let early = 0;
  journal.whenDurable(seqs.at(-1)!, () => (early += 1));
  expect(early).toBe(0);
  expect(await Promise.all(seqs.map((seq) => durable(journal, seq)))).toEqual(seqs.map(() => null));
  let atOnce = false;
  journal.whenDurable(seqs[3]!, () => (atOnce = true));
  expect(atOnce).toBe(true);
});

test('records written while a sync is under way become durable as well', async () => {
  const { journal } = open(freshDir());
  for (let round = 0; round < 50; round++) {
    const first = journal.append(intentOf());
    journal.flush();
    const waiting = durable(journal, first);
    const second = journal.append(intentOf());
    journal.flush();
    expect(await Promise.all([waiting, durable(journal, second)])).toEqual([null, null]);
  }
});

test('the instance and its sequence outlive restarts, and every record comes back as it was', async () => {
  const { dir, records } = await leftBehind(10);
  const first = readFileSync(join(dir, 'instance'), 'utf8').trim();
  const { journal, recovered } = open(dir);
  expect(recovered).toMatchObject({ instanceId: first, firstSeq: 1, lastSeq: 10, tornBytes: 0, damagedLines: 0 });
  expect(journal.append(intentOf())).toBe(11);
  journal.flush();
  const all = readAll(journal, 0, 4);
  expect(all.seqs).toEqual(upTo(11));
  expect(all.records.slice(0, 10)).toEqual(records);
});

test('segments are begun at their size and deleted only when all of them is in the books', async () => {
  const dir = freshDir();
  const { journal } = open(dir, { segmentBytesMax: 2_000 });
  for (let count = 0; count < 60; count++) await durable(journal, journal.append(intentOf()));
  const names = segmentsOf(dir);
  expect(names.length).toBeGreaterThan(5);
  const secondFirst = Number(names[1]!.slice(0, 16));
  journal.fed(secondFirst - 2);
  expect(segmentsOf(dir)).toEqual(names);
  journal.fed(secondFirst - 1);
  expect(segmentsOf(dir)).toEqual(names.slice(1));
  expect(readAll(journal, secondFirst - 1).seqs).toEqual(upTo(60 - secondFirst + 1, secondFirst));
  journal.fed(60);
  expect(segmentsOf(dir)).toHaveLength(1);
  expect(journal.unfedBytes()).toBe(0);
  await journal.close();
  expect(open(dir).journal.append(intentOf())).toBe(61);
});

test('a backlog larger than memory and than one segment is read in order, from the files', async () => {
  const dir = freshDir();
  const { journal } = open(dir, { segmentBytesMax: 300_000 });
  const count = 12_000;
  for (let made = 1; made <= count; made++) {
    journal.append(intentOf());
    if (made % 100 === 0) journal.flush();
  }
  expect(segmentsOf(dir).length).toBeGreaterThan(3);
  expect(readAll(journal, 0, 500).seqs).toEqual(upTo(count));
  // Asked again from an earlier place, as after a batch that failed.
  expect(recordsAfter(journal, 3, 2).records.map(({ seq }) => seq)).toEqual([4, 5]);
});

test('a torn last line is cut off, and its number is given again', async () => {
  const { dir, records } = await leftBehind(5);
  const path = lastSegment(dir);
  truncateSync(path, readFileSync(path).length - 7);
  const { journal, recovered } = open(dir);
  expect(recovered).toMatchObject({ lastSeq: 4, damagedLines: 0 });
  expect(recovered.tornBytes).toBeGreaterThan(100);
  expect(journal.append(intentOf())).toBe(5);
  journal.flush();
  const all = readAll(journal);
  expect(all.seqs).toEqual(upTo(5));
  expect(all.records.slice(0, 4)).toEqual(records.slice(0, 4));
});

test('zeros at the end, room or what a power failure leaves, are cut off; only what is before the last of them was torn', async () => {
  const { dir } = await leftBehind(5);
  const whole = readFileSync(lastSegment(dir));
  appendFileSync(lastSegment(dir), Buffer.alloc(4_096));
  const first = open(dir);
  expect(first.recovered).toMatchObject({ lastSeq: 5, tornBytes: 0 });
  await first.journal.close();
  writeFileSync(join(dir, segmentsOf(dir)[0]!), Buffer.concat([whole, Buffer.from('torn'), Buffer.alloc(4_096)]));
  const { journal, recovered } = open(dir);
  expect(recovered).toMatchObject({ lastSeq: 5 });
  expect(readAll(journal).seqs).toEqual(upTo(5));
});

test.each(Array.from({ length: 24 }, (_, index) => index))(
  'a flipped bit never passes: the record is missing from the sequence (place %i)',
  async (place) => {
    const { dir } = await leftBehind(6);
    const path = lastSegment(dir);
    const bytes = readFileSync(path);
    const lineLength = bytes.indexOf(10) + 1;
    // In checksum, length, number and JSON of the second line, and in its line feed.
    const offset = lineLength + Math.floor((place / 23) * bytes.subarray(lineLength).indexOf(10));
    bytes[offset] = bytes[offset]! ^ (1 << (place % 7));
    writeFileSync(path, bytes);
    const { journal } = open(dir);
    const all = readAll(journal);
    expect(all.damagedLines).toBeGreaterThan(0);
    expect(all.seqs).not.toContain(2);
    expect(all.seqs).toEqual(expect.arrayContaining([1, 4, 5, 6]));
  },
);

test('damage to the very last line leaves a gap too: its number is not given again', async () => {
  const { dir } = await leftBehind(3);
  const path = lastSegment(dir);
  const bytes = readFileSync(path);
  bytes[bytes.length - 5] = bytes[bytes.length - 5]! ^ 1;
  writeFileSync(path, bytes);
  const { journal, recovered } = open(dir);
  expect(recovered).toMatchObject({ lastSeq: 3, damagedLines: 1, tornBytes: 0 });
  expect(journal.append(intentOf())).toBe(4);
  journal.flush();
  expect(readAll(journal).seqs).toEqual([1, 2, 4]);
});

test('a lost segment shows as a gap', async () => {
  const { dir } = await leftBehind(30, { segmentBytesMax: 2_000 });
  const [, second, third] = segmentsOf(dir);
  rmSync(join(dir, second!));
  const { journal } = open(dir);
  const from = Number(second!.slice(0, 16));
  const to = Number(third!.slice(0, 16));
  expect(readAll(journal).seqs).toEqual([...upTo(from - 1), ...upTo(30 - to + 1, to)]);
});

test('a directory that lost all segments is another instance, so that no number is used twice', async () => {
  const { dir } = await leftBehind(3);
  const before = readFileSync(join(dir, 'instance'), 'utf8').trim();
  for (const name of segmentsOf(dir)) rmSync(join(dir, name));
  const { journal, recovered } = open(dir);
  expect(recovered.instanceId).not.toBe(before);
  expect(journal.instanceId).toBe(recovered.instanceId);
  await journal.close();
  expect(open(dir).recovered.instanceId).toBe(recovered.instanceId);
});

test('a full journal refuses what spends a budget, and takes everything else until four times the bound', async () => {
  const { journal } = open(freshDir(), { bytesMax: 5_000, segmentBytesMax: 1_000 });
  const costly = intentOf({ reservedNanoUsd: 1 });
  for (let count = 0; count < 100 && !journal.isFull(); count++) await written(journal, costly);
  expect(journal.isFull()).toBe(true);
  expect(() => journal.append(intentOf({ reservedNanoUsd: 1 }))).toThrow(JournalFull);
  expect(journal.append(settlementOf(costly))).toBeGreaterThan(0);
  expect(journal.append(refusedOf())).toBeGreaterThan(0);
  expect(await written(journal)).toBeNull();
  for (let count = 0; count < 200 && journal.unfedBytes() < 20_000; count++) await written(journal);
  expect(() => journal.append(intentOf())).toThrow(JournalFull);
  expect(journal.append(settlementOf(costly))).toBeGreaterThan(0);
  journal.flush();
  journal.fed(journal.lastSeq());
  expect(journal.isFull()).toBe(false);
  expect(await written(journal, intentOf({ reservedNanoUsd: 1 }))).toBeNull();
});

test('a full disk is no crash: intents are refused or remembered, settlements are kept, and the feeder still sees everything', () => {
  const dir = freshDir();
  const script = join(import.meta.dirname, 'full-disk-child.ts');
  // Blocks of 1,024 bytes: the segment ends in the middle of a line.
  const output = execFileSync('/bin/bash', ['-c', 'ulimit -f 10 && exec "$0" "$1" "$2"', process.execPath, script, dir], {
    encoding: 'utf8',
  });
  const said = JSON.parse(output) as Record<string, number | boolean>;
  expect(said).toMatchObject({
    errors: 1,
    isFailing: true,
    refused: true,
    failed: 1,
    rememberedWhileFailing: 1,
    settledWhileFailing: 1,
    afterFed: 0,
  });
  expect(said['written']).toBeGreaterThan(5);
  expect(said['remembered']).toBe(Number(said['written']) + 1);
  expect(said['readable']).toBe(said['lastSeq']);
  // What did not fit was cut off again: the file ends with a whole line.
  expect(readFileSync(lastSegment(dir)).at(-1)).toBe(10);
});

test('a sync that fails tells its waiters, and everything that was not synced is written again elsewhere', async () => {
  const dir = freshDir();
  const { journal, errors } = open(dir);
  expect(await durable(journal, journal.append(intentOf()))).toBeNull();
  const seq = journal.append(intentOf());
  journal.flush();
  breakFile(lastSegment(dir));
  expect(await durable(journal, seq)).toBeInstanceOf(JournalUnavailable);
  expect(errors.length).toBeGreaterThan(0);
  expect(() => journal.append(intentOf())).toThrow(JournalUnavailable);
  const later = journal.append(settlementOf(intentOf()));
  await expect.poll(() => journal.isFailing()).toBe(false);
  expect(await durable(journal, later)).toBeNull();
  expect(segmentsOf(dir)).toHaveLength(2);
  await journal.close();
  expect(readAll(open(dir).journal).seqs).toEqual([1, 2, 3]);
});

test('killed while nothing could be synced or written, it gives no number twice: what the kernel kept of the old segment stays readable', async () => {
  const dir = freshDir();
  const child = spawnSync(process.execPath, [join(import.meta.dirname, 'failing-sync-child.ts'), dir], { timeout: 120_000 });
  expect([child.signal, child.stderr.toString()]).toEqual(['SIGKILL', '']);
  const { journal, recovered } = open(dir);
  expect(recovered.lastSeq).toBe(5);
  expect(await durable(journal, journal.append(refusedOf()))).toBeNull();
  expect(readAll(journal).seqs).toEqual(upTo(6));
});

test('a write that fails tells who waits for it, is tried again, and loses nothing', async () => {
  const dir = freshDir();
  const { journal } = open(dir);
  await written(journal);
  await durable(journal, 1);
  breakFile(lastSegment(dir));
  expect(await written(journal)).toBeInstanceOf(JournalUnavailable);
  expect(await written(journal, settlementOf(intentOf()))).toBeNull();
  await expect.poll(() => journal.isFailing()).toBe(false);
  expect(await written(journal)).toBeNull();
  expect(readAll(journal).seqs).toEqual(upTo(4));
  await journal.close();
  expect(readAll(open(dir).journal).seqs).toEqual(upTo(4));
});

test('closing writes and syncs what is left, and takes nothing more', async () => {
  const dir = freshDir();
  const { journal } = open(dir);
  for (let count = 0; count < 5; count++) journal.append(intentOf());
  await journal.close();
  expect(() => journal.append(intentOf())).toThrow(JournalUnavailable);
  expect(readAll(open(dir).journal).seqs).toEqual(upTo(5));
});
