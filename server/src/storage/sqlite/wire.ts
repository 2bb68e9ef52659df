/** Statements on their way to SQLite and results on their way back, the same in the engine and in its writer thread. */
import { checkedIdentifier, checkedParameters } from '../codec.ts';
import type { InsertMany, Row, Statement, WriteStep } from '../driver.ts';
import type { WireInsertMany, WireResult, WireStatement, WireStep } from './messages.ts';

const isInsertMany = (step: WriteStep): step is InsertMany => 'insertInto' in step;

/** @throws UnfitParameter */
export const wireStatement = (statement: Statement): WireStatement => ({ ...statement, params: checkedParameters(statement.params) });

function wireInsertMany(step: InsertMany): WireInsertMany {
  const columns = step.columns.map(checkedIdentifier);
  const places = columns.map((_, index) => `$${index + 1}`);
  const conflict = step.onConflict === undefined ? '' : ` ON CONFLICT ${step.onConflict}`;
  const sql = `INSERT INTO ${checkedIdentifier(step.insertInto)} (${columns.join(', ')}) VALUES (${places.join(', ')})${conflict}`;
  const { expectRows, label, isPlain } = step;
  return { sql, rows: step.rows.map(checkedParameters), expectRows, label, isPlain };
}

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
