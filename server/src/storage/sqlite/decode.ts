/** Values of a result on their way out of `node:sqlite`: exact integers, and booleans where the column is one. */
import type { StatementSync } from 'node:sqlite';

export class UnsafeColumn extends Error {
  readonly column: string;
  constructor(column: string) {
    super(`column ${column} holds an integer beyond 2^53`);
    this.column = column;
  }
}

export interface Shape {
  columns: readonly string[];
  isBoolean: readonly boolean[];
}

/**
 * Which columns of a statement are booleans. A column of a table is one when it was declared BOOLEAN, which the migrator
 * spells `INT` for SQLite (BIGINT is `INTEGER`); an alias or a view does not change that. An expression has no declared
 * type: it is a boolean when its name begins with `is_` or `has_`, so such an alias must not be given to anything else.
 */
export function shapeOf(statement: StatementSync): Shape {
  const columns = statement.columns();
  return {
    columns: columns.map((column) => column.name),
    isBoolean: columns.map(({ name, type }) => (type === null ? /^(is|has)_/.test(name) : type === 'INT')),
  };
}

/** Turns the integers of one row, read as bigints, into numbers or booleans, in place. @throws UnsafeColumn beyond 2^53 */
export function decodeRow(row: unknown[], shape: Shape): unknown[] {
  for (let index = 0; index < row.length; index++) {
    const value = row[index];
    if (typeof value !== 'bigint') continue;
    if (shape.isBoolean[index] && (value === 0n || value === 1n)) row[index] = value === 1n;
    else {
      const number = Number(value);
      if (!Number.isSafeInteger(number)) throw new UnsafeColumn(shape.columns[index] ?? '');
      row[index] = number;
    }
  }
  return row;
}
