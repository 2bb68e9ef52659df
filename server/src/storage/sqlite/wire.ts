/** Statements on their way to SQLite and results on their way back, the same in the engine and in its writer thread. */
import { checkedParameters } from '../codec.ts';
import type { InsertMany, Row, Statement, WriteStep } from '../driver.ts';
import { plainRuns, rowRuns } from './insert-many.ts';
import type { WireInsertMany, WireResult, WireStatement, WireStep } from './messages.ts';

const isInsertMany = (step: WriteStep): step is InsertMany => 'insertInto' in step;

/** @throws UnfitParameter */
export const wireStatement = (statement: Statement): WireStatement => ({ ...statement, params: checkedParameters(statement.params) });

const wireInsertMany = (step: InsertMany): WireInsertMany => {
  const { expectRows, label, isPlain } = step;
  return { runs: isPlain ? plainRuns(step) : rowRuns(step), expectRows, label, isPlain };
};

/** @throws UnfitParameter */
export const wireStep = (step: WriteStep): WireStep => (isInsertMany(step) ? wireInsertMany(step) : wireStatement(step));

export function rowsOf<R>(result: WireResult): R[] {
  const { columns, rows } = result;
  return rows.map((values) => {
    const row: Row = {};
    columns.forEach((column, index) => {
      row[column] = values[index];
    });
    return row as R;
  });
}
