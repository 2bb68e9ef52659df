/** A table as both engines can hand it on: its columns, its rows in one spelling of values, and figures by which two copies are compared. */

/** As SQLite spells them: booleans are 0 or 1, times of better-auth's tables are ISO 8601 texts. Integers come as bigint, so that none is rounded. */
export type PortableValue = string | number | bigint | null | Uint8Array;
export type PortableRow = readonly PortableValue[];

/** What a column holds, however the engine calls its type. */
export type ColumnKind = 'integer' | 'boolean' | 'real' | 'text' | 'time' | 'bytes';

export interface Column {
  name: string;
  kind: ColumnKind;
  /** The engine's own name of the type. */
  type: string;
}

/** How many rows a table has, and a figure for each column: the sum of integers, the length of texts, else how many there are. */
export interface TableFacts {
  rows: number;
  columns: Record<string, string>;
}

/** One side of a copy. Everything it answers is of one moment. */
export interface TableSource {
  /** Names of all tables that hold data, without the list of migrations. */
  tables(): Promise<string[]>;
  /** In the order of their names, which is the order of the values in `rowsOf`. */
  columnsOf(table: string): Promise<Column[]>;
  /** With the kinds of the given columns, so that both sides of a copy reckon alike; else with the table's own. */
  factsOf(table: string, columns?: readonly Column[]): Promise<TableFacts>;
  /** Batches of at most `batchRowsMax` rows, parents before children where a table refers to itself. */
  rowsOf(table: string): AsyncIterable<readonly PortableRow[]>;
}

export interface TableTarget {
  tables(): Promise<string[]>;
  columnsOf(table: string): Promise<Column[]>;
  factsOf(table: string, columns?: readonly Column[]): Promise<TableFacts>;
  insert(table: string, columns: readonly Column[], rows: readonly PortableRow[]): Promise<void>;
}

export const batchRowsMax = 1_000;
export const migrationsTable = 'schema_migrations';
/** Integers are summed in two parts, so that neither engine's sum can overflow: epoch milliseconds of ten million rows would. */
const half = 1_000_000;

const sqlOf = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** The figure of one column as two sums; `lengthOf` is the engine's word for the characters of a value. */
function sumsOf({ name, kind }: Column, lengthOf: (column: string) => string): [string, string] {
  const column = sqlOf(name);
  if (kind === 'integer') return [`SUM(${column} / ${half})`, `SUM(${column} % ${half})`];
  if (kind === 'text') return [`COUNT(${column})`, `SUM(${lengthOf(column)})`];
  return [`COUNT(${column})`, '0'];
}

/** One query for all figures of a table. `booleanSum` says how the engine counts what is true. */
export function factsQuery(
  table: string,
  columns: readonly Column[],
  words: { lengthOf: (column: string) => string; booleanSum: (column: string) => string; asText: (expression: string) => string },
): string {
  const parts = columns.flatMap((column, index) => {
    const sums: [string, string] =
      column.kind === 'boolean' ? [`COUNT(${sqlOf(column.name)})`, words.booleanSum(sqlOf(column.name))] : sumsOf(column, words.lengthOf);
    return sums.map((sum, part) => `${words.asText(`COALESCE(${sum}, 0)`)} AS f${index}_${part}`);
  });
  return `SELECT ${[`${words.asText('COUNT(*)')} AS n`, ...parts].join(', ')} FROM ${sqlOf(table)}`;
}

/** Reads the one row of `factsQuery`. */
export function factsOfRow(columns: readonly Column[], row: Record<string, string>): TableFacts {
  const figures = columns.map(({ name, kind }, index): [string, string] => {
    const [first, second] = [BigInt(row[`f${index}_0`] ?? '0'), BigInt(row[`f${index}_1`] ?? '0')];
    return [name, kind === 'integer' ? String(first * BigInt(half) + second) : `${first}/${second}`];
  });
  return { rows: Number(row['n'] ?? 0), columns: Object.fromEntries(figures) };
}

/** What differs between two copies of a table, in words; null where nothing does. */
export function differenceOf(table: string, source: TableFacts, target: TableFacts): string | null {
  if (source.rows !== target.rows) return `${table} has ${target.rows} rows instead of ${source.rows}`;
  for (const [name, figure] of Object.entries(source.columns))
    if (target.columns[name] !== figure) return `${table}.${name} adds up to ${target.columns[name] ?? 'nothing'} instead of ${figure}`;
  return null;
}
