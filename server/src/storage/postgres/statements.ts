/** Statements and batches on one PostgreSQL connection. */
import type pg from 'pg';
import { checkedIdentifier, checkedParameters } from '../codec.ts';
import type { InsertMany, Row, SqlValue, Statement, WriteStep } from '../driver.ts';
import { StaleWrite, StorageFault } from '../errors.ts';
import { failureOf, isConnectionLost } from './failures.ts';

const isInsertMany = (step: WriteStep): step is InsertMany => 'insertInto' in step;

/** Column types by table, so that `unnest` can be given arrays of the right type. */
export type ColumnTypes = Map<string, ReadonlyMap<string, string>>;

async function columnTypesOf(client: pg.ClientBase, cache: ColumnTypes, table: string): Promise<ReadonlyMap<string, string>> {
  const known = cache.get(table);
  if (known !== undefined) return known;
  const { rows } = await client.query<{ name: string; type: string }>(
    'SELECT attname AS name, format_type(atttypid, NULL) AS type FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped',
    [table],
  );
  const found = new Map(rows.map((row) => [row.name, row.type]));
  cache.set(table, found);
  return found;
}

async function insertMany(client: pg.ClientBase, cache: ColumnTypes, step: InsertMany): Promise<pg.QueryResult<Row> | null> {
  if (step.rows.length === 0) return null;
  const { insertInto: table, columns } = step;
  const typeOf = await columnTypesOf(client, cache, table);
  const odd = step.rows.find((row) => row.length !== columns.length);
  if (odd !== undefined) throw new StorageFault('columns', `${odd.length} values for ${columns.length} columns of ${table}`);
  const arrays = columns.map((_, index) => step.rows.map((row) => row[index] as SqlValue));
  const sources = columns.map((column, index) => `$${index + 1}::${typeOf.get(column) ?? 'text'}[]`);
  const conflict = step.onConflict === undefined ? '' : ` ON CONFLICT ${step.onConflict}`;
  return client.query<Row>(`INSERT INTO ${table} (${columns.join(', ')}) SELECT * FROM unnest(${sources.join(', ')})${conflict}`, arrays);
}

export const query = <R extends Row>(client: pg.ClientBase, statement: Statement): Promise<pg.QueryResult<R>> =>
  client.query<R>(statement.sql, [...checkedParameters(statement.params)]);

/** Before anything is sent, as on SQLite: an unfit value in the last step must not cost a transaction. */
export function checkSteps(steps: readonly WriteStep[]): void {
  for (const step of steps) {
    if (!isInsertMany(step)) checkedParameters(step.params);
    else {
      [step.insertInto, ...step.columns].forEach(checkedIdentifier);
      step.rows.forEach(checkedParameters);
    }
  }
}

async function runStep(client: pg.ClientBase, cache: ColumnTypes, step: WriteStep, index: number): Promise<Row[]> {
  const result = isInsertMany(step) ? await insertMany(client, cache, step) : await query<Row>(client, step);
  if (step.expectRows !== undefined && (result?.rowCount ?? 0) !== step.expectRows) throw new StaleWrite(step.label ?? null, index);
  return result?.rows ?? [];
}

export async function inTransaction<T>(client: pg.ClientBase, work: () => Promise<T>): Promise<T> {
  await client.query('BEGIN');
  let result: T;
  try {
    result = await work();
  } catch (error) {
    // Where even this fails the connection is lost, which ends the transaction too; the first error is the one to tell.
    if (!isConnectionLost(failureOf(error))) await client.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
  await client.query('COMMIT');
  return result;
}

/** Runs a batch in one transaction and returns what each step returned. */
export const runSteps = (client: pg.ClientBase, cache: ColumnTypes, steps: readonly WriteStep[]): Promise<Row[][]> =>
  inTransaction(client, async () => {
    const results: Row[][] = [];
    for (const [index, step] of steps.entries()) results.push(await runStep(client, cache, step, index));
    return results;
  });
