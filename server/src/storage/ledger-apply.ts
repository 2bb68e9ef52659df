/** What applying the journal is, on any connection: known rows are read, new ones made, and all of it written in one transaction. */
import { recordsIn, type Numbered } from '../domain/ledger-line.ts';
import { measuresOf } from '../domain/rollup.ts';
import { codesOf } from '../domain/tally.ts';
import type { Driver, WriteStep } from './driver.ts';
import { StaleWrite } from './errors.ts';
import { integer, summedMax } from './fit.ts';
import { guardStep, type Books } from './instances.ts';
import { columns, hasTime, hitRow, intentRow, isFit, orphanRow, refusedRow, rowOf, settledRow, type LedgerRow } from './ledger-rows.ts';
import { freshRowsSteps, settledSteps } from './ledger-steps.ts';
import { listSize, placeholders } from './rollup-lists.ts';
import { rollupSteps, type Contribution } from './rollups.ts';

/** As much of a driver as the books need; the writer thread of SQLite has one of its own. */
export type BooksDriver = Pick<Driver, 'engine' | 'rows' | 'write'>;

export interface Applied {
  /** Records that changed nothing because the books had them already. */
  repeated: number;
  /** Settlements whose intent is lost; they are in the books under nobody's name. */
  orphans: number;
  /** Records that no row can be made of. */
  unfit: number;
}

/** Says that a row which was taken for a new one was in the books already, or that one which was taken for open was not open. */
const notFresh = 'fresh';

/** More open rows are not kept from batch to batch; what is not kept is read. */
const openMax = 10_000;

/**
 * Rows by the key of their table, which is a time and an id. An id comes with one time, so that it finds its row alone: to put a key
 * together for every record costs more than all that is done with it. What has an id of another row, which is damage, is kept apart.
 */
class Rows {
  private readonly byId = new Map<string, LedgerRow>();
  private readonly others = new Map<string, LedgerRow>();

  get(atMs: number, id: string): LedgerRow | undefined {
    const row = this.byId.get(id);
    return row === undefined || row.atMs === atMs ? row : this.others.get(`${atMs}/${id}`);
  }

  add(row: LedgerRow): void {
    if (this.byId.has(row.id)) this.others.set(`${row.atMs}/${row.id}`, row);
    else this.byId.set(row.id, row);
  }
}

/** The rows that the books have for these records. */
async function knownRows(driver: BooksDriver, records: readonly Numbered[]): Promise<LedgerRow[]> {
  if (records.length === 0) return [];
  const times = [...new Set(records.map(({ record }) => Math.max(0, Math.trunc(record.atMs))))];
  const ids = [...new Set(records.map(({ record }) => record.id))];
  // Lists of a few lengths only, so that a few statements serve for all batches; the last value fills them up.
  const [timesSize, idsSize] = [listSize(times.length), listSize(ids.length)];
  const params = [...times, ...Array<unknown>(timesSize - times.length).fill(times.at(-1)), ...ids, ...Array<unknown>(idsSize - ids.length).fill(ids.at(-1))]; // prettier-ignore
  // The cast keeps SQLite from probing its index with every pair of a time and an id; by time alone it finds a row or two.
  const sql = `SELECT ${columns.join(', ')} FROM usage_events
    WHERE at IN (${placeholders(timesSize)}) AND CAST(id AS TEXT) IN (${placeholders(idsSize, timesSize)})`;
  return (await driver.rows({ sql, params })).map(rowOf);
}

/** What the row of this record becomes; null where the books need no change. */
function nextRow(books: Books, { seq, record }: Numbered, current: LedgerRow | undefined, applied: Applied): LedgerRow | null {
  if (record.kind === 'settle' && current?.state === 'intent') return settledRow(current, record);
  if (current) {
    applied.repeated += 1;
    return null;
  }
  if (record.kind === 'intent') return intentRow(books.instanceId, seq, record);
  if (record.kind === 'refused') return refusedRow(books.instanceId, seq, record);
  if (record.kind === 'hit') return hitRow(books.instanceId, seq, record);
  applied.orphans += 1;
  return orphanRow(books.instanceId, seq, record);
}

function contributionOf(row: LedgerRow): Contribution | null {
  const measures = measuresOf(row);
  if (!measures) return null;
  const providerCalls = row.purpose === 'completion' && row.state !== 'refused' && row.savedNanoUsd === null ? 1 : 0;
  return { atMs: row.atMs, dimension: row, measures, codes: codesOf(row), providerCalls };
}

/** Writes rows that changed (by the steps that `insertsOf` makes once their dimensions have numbers), what they add to the roll-ups, and the instance's new position: all of it or nothing. */
export async function writeRows(
  driver: BooksDriver,
  books: Books,
  insertsOf: () => readonly WriteStep[],
  rows: readonly LedgerRow[],
  appliedSeq: number,
  nowMs: number,
  extra: readonly WriteStep[] = [],
): Promise<void> {
  const contributions = rows.map(contributionOf).filter((contribution) => contribution !== null);
  const { steps, committed } = await rollupSteps(driver, books, contributions);
  await driver.write([guardStep(books, appliedSeq, nowMs), ...insertsOf(), ...steps, ...extra]);
  books.appliedSeq = appliedSeq;
  books.seenAtMs = nowMs;
  committed();
}

interface Portion {
  /** Those that the books have not seen and a row can be made of. */
  records: readonly Numbered[];
  /** Settlements whose intent is neither among the records before them nor a kept row: only for these do the books know more than is known here. */
  unaccompanied: readonly Numbered[];
  lastSeq: number;
  unfit: number;
}

/** What the books have not seen, up to a thousand rows that count; null where they have seen all. */
function portionOf(records: readonly Numbered[], { appliedSeq, open }: Books): Portion | null {
  const fit: Numbered[] = [];
  const unaccompanied: Numbered[] = [];
  const begun = new Set<string>();
  let lastSeq: number | null = null;
  let closed = 0;
  let unfit = 0;
  for (const one of records) {
    const { seq, record } = one;
    if (seq <= appliedSeq) continue;
    // An open row adds nothing to any sum: what closes one does, and whatever comes closed.
    if (record.kind !== 'intent' && ++closed > summedMax) break;
    lastSeq = seq;
    // One that only seems to be accompanied, by an intent of another time, is refused by the database if it has the row.
    const isAccompanied = record.kind === 'settle' && (begun.has(record.id) || open?.get(record.id)?.atMs === record.atMs);
    if (!(isAccompanied ? hasTime(record) : isFit(record))) {
      unfit += 1;
      continue;
    }
    fit.push(one);
    if (record.kind !== 'settle') begun.add(record.id);
    else if (!isAccompanied) unaccompanied.push(one);
  }
  return lastSeq === null ? null : { records: fit, unaccompanied, lastSeq, unfit };
}

/** Those of the rows that the next batch may settle. */
function openOf(rows: readonly LedgerRow[]): Map<string, LedgerRow> {
  const open = new Map<string, LedgerRow>();
  for (const row of rows) if (row.state === 'intent') open.set(row.id, row);
  if (open.size > openMax) open.clear();
  return open;
}

/** Applies a portion to the rows that the books have for some of its records. */
async function applyPortion(
  driver: BooksDriver,
  books: Books,
  { records, lastSeq, unfit }: Portion,
  asked: readonly Numbered[],
  nowMs: number,
  extra: readonly WriteStep[],
): Promise<Applied> {
  const applied: Applied = { repeated: 0, orphans: 0, unfit };
  const rows = new Rows();
  // Rows are finished in place: what comes of these is only sure once it is written, and until then none is kept.
  const kept = books.open;
  if (kept) books.open = new Map();
  const known = new Set(kept?.values());
  for (const row of await knownRows(driver, asked)) known.add(row);
  for (const row of known) rows.add(row);
  const [fresh, settled]: [LedgerRow[], LedgerRow[]] = [[], []];
  for (const one of records) {
    const current = rows.get(integer(one.record.atMs), one.record.id);
    const row = nextRow(books, one, current, applied);
    if (!row) continue;
    if (!current) {
      rows.add(row);
      fresh.push(row);
    } else if (known.delete(row)) settled.push(row);
  }
  const steps = (): WriteStep[] => [...freshRowsSteps(fresh, driver.engine, notFresh), ...settledSteps(settled, driver.engine, notFresh)];
  await writeRows(driver, books, steps, [...fresh, ...settled], lastSeq, nowMs, extra);
  if (kept) books.open = openOf([...kept.values(), ...fresh]);
  return applied;
}

/** See `applyRecords` in ledger.ts. */
export async function applyNumbered(
  driver: BooksDriver,
  books: Books,
  records: readonly Numbered[],
  nowMs: number,
  extra: readonly WriteStep[],
): Promise<Applied> {
  const all: Applied = { repeated: 0, orphans: 0, unfit: 0 };
  let owed = extra;
  for (let portion = portionOf(records, books); portion; portion = portionOf(records, books)) {
    const applied = await applySafely(driver, books, portion, nowMs, owed);
    owed = [];
    all.repeated += applied.repeated;
    all.orphans += applied.orphans;
    all.unfit += applied.unfit;
  }
  return all;
}

async function applySafely(
  driver: BooksDriver,
  books: Books,
  portion: Portion,
  nowMs: number,
  extra: readonly WriteStep[],
): Promise<Applied> {
  try {
    // An intent is new, unless a journal was restored from a copy: the database says so by refusing its row.
    return await applyPortion(driver, books, portion, portion.unaccompanied, nowMs, extra);
  } catch (error) {
    if (!(error instanceof StaleWrite) || error.label !== notFresh) throw error;
    return applyPortion(driver, books, portion, portion.records, nowMs, extra);
  }
}

/** As `applyNumbered`, for whole lines of the journal. */
export const applyLines = (
  driver: BooksDriver,
  books: Books,
  lines: string,
  nowMs: number,
  extra: readonly WriteStep[],
): Promise<Applied> => applyNumbered(driver, books, recordsIn(lines), nowMs, extra);
