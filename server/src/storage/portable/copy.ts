/** Copies all tables from one database to another and proves, before anything is kept, that both hold the same. */
import { StorageStartError } from '../errors.ts';
import { differenceOf, type Column, type TableSource, type TableTarget } from './table.ts';

export interface CopyReport {
  tables: { table: string; rows: number }[];
  rows: number;
}

/**
 * Copies every table of the source, in the order given, and compares counts and sums of each. The caller keeps or gives up what was written.
 * @throws StorageStartError where the two have other tables or columns, or do not hold the same afterwards
 */
export async function copyTables(
  source: TableSource,
  target: TableTarget,
  order: readonly string[],
  tell: (table: string, rows: number) => void,
): Promise<CopyReport> {
  await requireSameTables(source, target, order);
  const report: CopyReport = { tables: [], rows: 0 };
  for (const table of order) {
    const columns = await target.columnsOf(table);
    await requireSameColumns(source, table, columns);
    let rows = 0;
    for await (const batch of source.rowsOf(table)) {
      await target.insert(table, columns, batch);
      rows += batch.length;
    }
    report.tables.push({ table, rows });
    report.rows += rows;
    if (rows > 0) tell(table, rows);
  }
  for (const table of order) {
    const columns = commonKinds(await source.columnsOf(table), await target.columnsOf(table));
    const difference = differenceOf(table, await source.factsOf(table, columns), await target.factsOf(table, columns));
    if (difference !== null) throw new StorageStartError(`the copy is not the same: ${difference}`);
  }
  return report;
}

/** Better-auth keeps some booleans as numbers on SQLite: what either side calls a boolean is one. */
const commonKinds = (of: readonly Column[], others: readonly Column[]): Column[] =>
  of.map((column, index) => (others[index]?.kind === 'boolean' ? { ...column, kind: 'boolean' as const } : column));

async function requireSameTables(source: TableSource, target: TableTarget, order: readonly string[]): Promise<void> {
  const expected = order.toSorted().join(' ');
  for (const side of [source, target]) {
    const found = (await side.tables()).toSorted().join(' ');
    if (found !== expected) throw new StorageStartError('the two databases have other tables: they belong to different versions');
  }
}

async function requireSameColumns(source: TableSource, table: string, columns: readonly { name: string }[]): Promise<void> {
  const names = (list: readonly { name: string }[]): string => list.map(({ name }) => name).join(' ');
  if (names(await source.columnsOf(table)) !== names(columns))
    throw new StorageStartError(`the two databases have other columns in ${table}`);
}
