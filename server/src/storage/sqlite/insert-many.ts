/**
 * Many rows into one table, as runs of statements. Each run opens the table and all its indexes, and to bind a value costs as much as to
 * write it: so one run takes many rows, and what all of them have in common is bound once.
 */
import { checkedIdentifier, checkedParameters } from '../codec.ts';
import type { InsertMany, SqlValue } from '../driver.ts';
import { StorageFault } from '../errors.ts';
import type { WireRun } from './messages.ts';

/** Rows of one run, the most first. A longer statement takes longer to prepare and saves hardly more. */
const rowsOfRun = [128, 64, 8, 1];
const rowsSharingMin = 8;
/** For so many steps a division of the columns is only ever made simpler. */
const stepsOfDivision = 100;
const divisionsMax = 100;

/** The columns of an insert by their index: those that hold one value in all rows, and the others. */
interface Division {
  shared: readonly number[];
  own: readonly number[];
  /** The statement by the number of its rows, put together once: for 128 rows it has some ten thousand characters. */
  sql: Map<number, string>;
}
interface KeptDivision extends Division {
  stepsLeft: number;
}

/** By table, columns and what happens at a conflict. */
const kept = new Map<string, KeptDivision>();

const placesFrom = (first: number, count: number): string => Array.from({ length: count }, (_, index) => `$${first + index}`).join(', ');

function insertSql({ insertInto, columns, onConflict }: InsertMany, { shared, own, sql }: Division, rowCount: number): string {
  const made = sql.get(rowCount);
  if (made !== undefined) return made;
  const names = [...shared, ...own].map((index) => checkedIdentifier(columns[index]!));
  const lists = Array.from({ length: rowCount }, (_, row) => `(${placesFrom(1 + shared.length + row * own.length, own.length)})`);
  const values = `VALUES ${lists.join(', ')}`;
  // WHERE TRUE: without it the ON of a conflict would be read as the condition of the join.
  const rows = shared.length === 0 ? values : `SELECT * FROM (SELECT ${placesFrom(1, shared.length)}) CROSS JOIN (${values}) WHERE TRUE`;
  const conflict = onConflict === undefined ? '' : ` ON CONFLICT ${onConflict}`;
  const text = `INSERT INTO ${checkedIdentifier(insertInto)} (${names.join(', ')}) ${rows}${conflict}`;
  sql.set(rowCount, text);
  return text;
}

const undivided = (step: InsertMany): Division => ({ shared: [], own: step.columns.map((_, index) => index), sql: new Map() });

/** Row by row: the values of a row lie together, those of a column do not. */
function constantAmong(columns: readonly number[], rows: InsertMany['rows']): readonly number[] {
  const [first = []] = rows;
  let constant = columns;
  for (const row of rows) {
    for (const column of constant) {
      if (row[column] === first[column]) continue;
      constant = constant.filter((one) => row[one] === first[one]);
      break;
    }
  }
  return constant;
}

/**
 * How the columns of this step are divided. What is shared is looked for among what the step before shared, and only from time to time
 * among all columns: rows that have ever other things in common would need ever other statements, and to prepare one costs as much as it
 * saves.
 */
function divisionOf(step: InsertMany): Division {
  const name = `${step.insertInto} ${step.columns.join(' ')} ${step.onConflict ?? ''}`;
  const known = kept.get(name);
  const isKept = known !== undefined && known.stepsLeft > 0;
  const { own: all } = undivided(step);
  // The first column is always a row's own, so that there is one to write rows with.
  const shared = constantAmong(isKept ? known.shared : all.slice(1), step.rows);
  if (isKept) known.stepsLeft -= 1;
  if (isKept && shared.length === known.shared.length) return known;
  if (!known && kept.size >= divisionsMax) kept.clear();
  const own = all.filter((column) => !shared.includes(column));
  const division = { shared, own, sql: new Map<number, string>(), stepsLeft: isKept ? known.stepsLeft : stepsOfDivision };
  kept.set(name, division);
  return division;
}

/** SQLite has no booleans; the integers of a plain step are bound as they are. */
const bindable = (value: unknown): unknown => (typeof value === 'boolean' ? Number(value) : value);

function parametersOf({ insertInto, columns, rows }: InsertMany, { shared, own }: Division, from: number, to: number): readonly SqlValue[] {
  const params: unknown[] = [];
  for (const column of shared) params.push(bindable(rows[from]![column]));
  for (let at = from; at < to; at++) {
    const row = rows[at]!;
    if (row.length !== columns.length)
      throw new StorageFault('columns', `${row.length} values for ${columns.length} columns of ${insertInto}`);
    for (const column of own) params.push(bindable(row[column]));
  }
  return checkedParameters(params);
}

/** The runs of a step whose values are bound as they are (`isPlain`). @throws UnfitParameter */
export function plainRuns(step: InsertMany): WireRun[] {
  const runs: WireRun[] = [];
  const divided = step.rows.length < rowsSharingMin ? undivided(step) : divisionOf(step);
  let from = 0;
  for (const size of rowsOfRun) {
    const division = size === 1 ? undivided(step) : divided;
    const rows: (readonly SqlValue[])[] = [];
    for (; from + size <= step.rows.length; from += size) rows.push(parametersOf(step, division, from, from + size));
    if (rows.length > 0) runs.push({ sql: insertSql(step, division, size), rows });
  }
  return runs;
}

/** One row after the other. @throws UnfitParameter */
export const rowRuns = (step: InsertMany): WireRun[] => [
  { sql: insertSql(step, undivided(step), 1), rows: step.rows.map(checkedParameters) },
];
