/** A table of rows with a name each; on a phone every row is a card, with the head of each column beside its value. */
import type { ReactNode } from 'react';
import classes from './DataTable.module.css';

export interface Column<Row> {
  key: string;
  head: string;
  render: (row: Row) => ReactNode;
  kind?: 'number' | 'actions';
  /** Left out where the window is tight: it is told elsewhere as well. */
  isExtra?: boolean;
}

interface DataTableProps<Row> {
  label: string;
  /** The first column names the row. */
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  keyOf: (row: Row) => string;
  /** Rows that are over: shown, and quieter. */
  isQuiet?: (row: Row) => boolean;
}

export function DataTable<Row>({ label, columns, rows, keyOf, isQuiet }: DataTableProps<Row>) {
  return (
    <div className={classes['frame']}>
      <table className={classes['table']} aria-label={label}>
        <thead>
          <tr>
            {columns.map(({ key, head, kind, isExtra }) => (
              <th key={key} scope="col" data-kind={kind} data-extra={isExtra || undefined}>
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)} data-quiet={isQuiet?.(row) || undefined}>
              {columns.map(({ key, head, render, kind, isExtra }, index) =>
                index === 0 ? (
                  <th key={key} scope="row">
                    {render(row)}
                  </th>
                ) : (
                  <td key={key} data-kind={kind} data-head={head} data-extra={isExtra || undefined}>
                    {render(row)}
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
