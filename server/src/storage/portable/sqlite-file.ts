/** A SQLite file outside the engine: a backup that is read, checked and filled while no server has it. */
import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { StorageStartError } from '../errors.ts';
import {
  batchRowsMax,
  factsOfRow,
  factsQuery,
  migrationsTable,
  type Column,
  type ColumnKind,
  type PortableRow,
  type TableSource,
  type TableTarget,
} from './table.ts';

export interface PortableFile extends TableSource, TableTarget {
  /** The number of the last migration; 0 for a file without tables. */
  schema(): number;
  /** Tables of which each comes after those that it refers to. */
  inOrder(): string[];
  /** All of `work` or nothing. */
  inTransaction(work: () => Promise<void>): Promise<void>;
  /** @throws StorageStartError naming the first faults of a damaged file */
  check(): void;
  /** Rows of a fixed query, integers as bigint. */
  query(sql: string): Record<string, unknown>[];
  run(sql: string): void;
  close(): void;
}

const words = {
  lengthOf: (column: string) => `LENGTH(${column})`,
  booleanSum: (column: string) => `SUM(${column})`,
  asText: (expression: string) => `CAST(${expression} AS TEXT)`,
};

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** By the spellings that `dialect.ts` leaves on SQLite: `INT` is a boolean, `INTEGER` an integer; better-auth declares in lower case. */
function kindOf(type: string): ColumnKind {
  if (type === 'INT') return 'boolean';
  if (type === 'REAL') return 'real';
  if (type === 'BLOB') return 'bytes';
  if (type === 'date') return 'time';
  return /int/i.test(type) ? 'integer' : 'text';
}

/** @throws StorageStartError where the file is none of SQLite's */
export function openPortableFile(path: string, options: { isReadOnly: boolean }): PortableFile {
  let database: DatabaseSync;
  try {
    // Rows come in the order of their tables; what a table refers to inside itself is settled by the time of the commit.
    database = new DatabaseSync(path, {
      readOnly: options.isReadOnly,
      readBigInts: true,
      enableForeignKeyConstraints: false,
      allowExtension: false,
    });
    database.prepare('SELECT COUNT(*) FROM sqlite_master').get();
  } catch (error) {
    throw new StorageStartError(`${path} is no database: ${(error as Error).message}`, { cause: error });
  }
  return fileOn(database);
}

function fileOn(database: DatabaseSync): PortableFile {
  const query = (sql: string): Record<string, unknown>[] => database.prepare(sql).all();
  const names = (): string[] =>
    query("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name")
      .map((row) => String(row['name']))
      .filter((name) => name !== migrationsTable);
  const columns = (table: string): Column[] =>
    query(`SELECT name, type FROM pragma_table_info('${table.replaceAll("'", "''")}') ORDER BY name`).map((row) => ({
      name: String(row['name']),
      type: String(row['type']),
      kind: kindOf(String(row['type'])),
    }));
  return {
    tables: async () => names(),
    columnsOf: async (table) => columns(table),
    async factsOf(table, known = columns(table)) {
      return factsOfRow(known, database.prepare(factsQuery(table, known, words)).get() as Record<string, string>);
    },
    async *rowsOf(table) {
      const list = columns(table).map(({ name }) => quoted(name));
      const statement = database.prepare(`SELECT ${list.join(', ')} FROM ${quoted(table)} ORDER BY rowid`);
      statement.setReturnArrays(true);
      let batch: PortableRow[] = [];
      for (const row of statement.iterate() as unknown as Iterable<PortableRow>) {
        batch.push(row);
        if (batch.length < batchRowsMax) continue;
        yield batch;
        batch = [];
      }
      if (batch.length > 0) yield batch;
    },
    async insert(table, into, rows) {
      const places = into.map(() => '?').join(', ');
      const statement = database.prepare(
        `INSERT INTO ${quoted(table)} (${into.map(({ name }) => quoted(name)).join(', ')}) VALUES (${places})`,
      );
      for (const row of rows) statement.run(...(row as SQLInputValue[]));
    },
    schema() {
      if (query(`SELECT 1 FROM sqlite_master WHERE name = '${migrationsTable}'`).length === 0) return 0;
      return Number(query(`SELECT max(id) AS id FROM ${migrationsTable}`)[0]?.['id'] ?? 0);
    },
    inOrder: () =>
      sorted(names(), (table) =>
        query(`SELECT "table" AS parent FROM pragma_foreign_key_list('${table}')`).map((row) => String(row['parent'])),
      ),
    async inTransaction(work) {
      database.exec('BEGIN IMMEDIATE');
      try {
        await work();
        database.exec('COMMIT');
      } catch (error) {
        if (database.isTransaction) database.exec('ROLLBACK');
        throw error;
      }
    },
    check() {
      const faults = query('PRAGMA quick_check(5)').flatMap((row) => Object.values(row).map(String));
      const first = faults.find((fault) => fault !== 'ok');
      if (first !== undefined) throw new StorageStartError(`the database in the backup is damaged: ${first}`);
    },
    query,
    run: (sql) => database.exec(sql),
    close() {
      if (database.isOpen) database.close();
    },
  };
}

/** Parents before children. A circle, which the schema does not have, would end in the order of names. */
function sorted(tables: readonly string[], parentsOf: (table: string) => string[]): string[] {
  const done: string[] = [];
  const seen = new Set<string>();
  const visit = (table: string): void => {
    if (seen.has(table)) return;
    seen.add(table);
    for (const parent of parentsOf(table)) if (tables.includes(parent)) visit(parent);
    done.push(table);
  };
  for (const table of tables) visit(table);
  return done;
}
