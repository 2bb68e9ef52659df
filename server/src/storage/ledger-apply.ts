/** What applying the journal is, on any connection: known rows are read, new ones made, and all of it written in one transaction. */
import { recordsIn, type Numbered } from '../domain/ledger-line.ts';
import { measuresOf } from '../domain/rollup.ts';
import { codesOf } from '../domain/tally.ts';
import type { Driver, WriteStep } from './driver.ts';
import { StaleWrite } from './errors.ts';
import { guardStep, type Books } from './instances.ts';
import { columns, hitRow, intentRow, isFit, orphanRow, refusedRow, rowKey, rowOf, settledRow, type LedgerRow } from './ledger-rows.ts';
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

/** Says that a row which was taken for a new one was in the books already. */
const notFresh = 'fresh';

/** The rows that the books have for these records. */
async function knownRows(driver: BooksDriver, records: readonly Numbered[]): Promise<Map<string, LedgerRow>> {
  if (records.length === 0) return new Map();
  const times = [...new Set(records.map(({ record }) => Math.max(0, Math.trunc(record.atMs))))];
  const ids = [...new Set(records.map(({ record }) => record.id))];
  // Lists of a few lengths only, so that a few statements serve for all batches; the last value fills them up.
  const [timesSize, idsSize] = [listSize(times.length), listSize(ids.length)];
  const params = [...times, ...Array<unknown>(timesSize - times.length).fill(times.at(-1)), ...ids, ...Array<unknown>(idsSize - ids.length).fill(ids.at(-1))]; // prettier-ignore
  // The cast keeps SQLite from probing its index with every pair of a time and an id; by time alone it finds a row or two.
  const sql = `SELECT ${columns.join(', ')} FROM usage_events
    WHERE at IN (${placeholders(timesSize)}) AND CAST(id AS TEXT) IN (${placeholders(idsSize, timesSize)})`;
  const rows = await driver.rows({ sql, params });
  return new Map(rows.map(rowOf).map((row) => [rowKey(row), row]));
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
  records: readonly Numbered[];
  /** The keys of their rows, in the same order. */
  keys: readonly string[];
  lastSeq: number;
  nowMs: number;
  extra: readonly WriteStep[];
}

async function applyPortion(
  driver: BooksDriver,
  books: Books,
  { records, keys, lastSeq, nowMs, extra }: Portion,
  asked: readonly Numbered[],
): Promise<Applied> {
  const applied: Applied = { repeated: 0, orphans: 0, unfit: 0 };
  const known = await knownRows(driver, asked);
  const changed = new Map<string, LedgerRow>();
  for (const [index, one] of records.entries()) {
    const key = keys[index]!;
    const row = nextRow(books, one, changed.get(key) ?? known.get(key), applied);
    if (row) changed.set(key, row);
  }
  const [fresh, settled]: [LedgerRow[], LedgerRow[]] = [[], []];
  for (const [key, row] of changed) (known.has(key) ? settled : fresh).push(row);
  await writeRows(
    driver,
    books,
    () => [...freshRowsSteps(fresh, driver.engine, notFresh), ...settledSteps(settled, driver.engine)],
    [...changed.values()],
    lastSeq,
    nowMs,
    extra,
  );
  return applied;
}

/** Settlements whose intent is not among the records before them: only for these do the books know more than the records say. */
function unaccompanied({ records, keys }: Portion): Numbered[] {
  const begun = new Set<string>();
  return records.filter(({ record }, index) => {
    const key = keys[index]!;
    if (record.kind !== 'settle') begun.add(key);
    return record.kind === 'settle' && !begun.has(key);
  });
}

/** See `applyRecords` in ledger.ts. */
export async function applyNumbered(
  driver: BooksDriver,
  books: Books,
  records: readonly Numbered[],
  nowMs: number,
  extra: readonly WriteStep[],
): Promise<Applied> {
  const fresh = records.filter(({ seq }) => seq > books.appliedSeq);
  const lastSeq = fresh.at(-1)?.seq;
  if (lastSeq === undefined) return { repeated: 0, orphans: 0, unfit: 0 };
  const fit = fresh.filter(({ record }) => isFit(record));
  const portion: Portion = { records: fit, keys: fit.map(({ record }) => rowKey(record)), lastSeq, nowMs, extra };
  let applied: Applied;
  try {
    // An intent is new, unless a journal was restored from a copy: the database says so by refusing its row.
    applied = await applyPortion(driver, books, portion, unaccompanied(portion));
  } catch (error) {
    if (!(error instanceof StaleWrite) || error.label !== notFresh) throw error;
    applied = await applyPortion(driver, books, portion, fit);
  }
  return { ...applied, unfit: fresh.length - fit.length };
}

/** As `applyNumbered`, for whole lines of the journal. */
export const applyLines = (
  driver: BooksDriver,
  books: Books,
  lines: string,
  nowMs: number,
  extra: readonly WriteStep[],
): Promise<Applied> => applyNumbered(driver, books, recordsIn(lines), nowMs, extra);
