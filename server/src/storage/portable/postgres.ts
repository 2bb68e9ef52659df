/** A PostgreSQL database as one side of a copy: read as of one moment, or filled in one transaction. */
import { Client, type CustomTypesConfig } from 'pg';
import { StorageUnavailable } from '../errors.ts';
import { failureOf } from '../postgres/failures.ts';
import {
  batchRowsMax,
  factsOfRow,
  factsQuery,
  migrationsTable,
  type Column,
  type ColumnKind,
  type PortableRow,
  type PortableValue,
  type TableFacts,
  type TableSource,
  type TableTarget,
} from './table.ts';

export interface PostgresSource extends TableSource {
  /** The number of the last migration; 0 for a database without tables. */
  schema(): Promise<number>;
  close(): Promise<void>;
}

export interface PostgresTarget extends TableTarget {
  /** How many rows each table has. */
  counts(): Promise<Map<string, number>>;
  empty(table: string): Promise<void>;
  run(sql: string): Promise<void>;
  /** Ends the one transaction that everything above was part of. */
  commit(): Promise<void>;
  /** Gives everything up that was not committed. */
  close(): Promise<void>;
}

const connectTimeoutMs = 5_000;
/** A copy of many millions of rows takes minutes; it must not wait for ever for a lock that somebody holds. */
const lockTimeoutMs = 30_000;
const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Every value comes as PostgreSQL spells it; `valueOf` reads it by the type of its column. */
const asTexts: CustomTypesConfig = { getTypeParser: () => (text: string) => text };

const words = {
  lengthOf: (column: string) => `LENGTH(CAST(${column} AS TEXT))`,
  booleanSum: (column: string) => `SUM(CASE WHEN ${column} THEN 1 ELSE 0 END)`,
  asText: (expression: string) => `CAST(${expression} AS TEXT)`,
};

function kindOf(type: string): ColumnKind {
  if (type === 'boolean') return 'boolean';
  if (type === 'bytea') return 'bytes';
  if (/^(?:bigint|integer|smallint)$/.test(type)) return 'integer';
  if (/^(?:double precision|real|numeric)/.test(type)) return 'real';
  return type.startsWith('timestamp') ? 'time' : 'text';
}

function valueOf(kind: ColumnKind, text: string | null): PortableValue {
  if (text === null) return null;
  if (kind === 'integer') return BigInt(text);
  if (kind === 'boolean') return text === 't' ? 1n : 0n;
  if (kind === 'real') return Number(text);
  if (kind === 'time') return new Date(text).toISOString();
  return kind === 'bytes' ? Buffer.from(text.slice(2), 'hex') : text;
}

const parameterOf = (kind: ColumnKind, value: PortableValue): unknown => {
  if (value === null) return null;
  if (kind === 'boolean') return Number(value) !== 0;
  return typeof value === 'bigint' ? value.toString() : value;
};

async function connect(databaseUrl: string): Promise<Client> {
  const client = new Client({
    connectionString: databaseUrl,
    application_name: 'patchbay-copy',
    connectionTimeoutMillis: connectTimeoutMs,
    lock_timeout: lockTimeoutMs,
    types: asTexts,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query("SET TIME ZONE 'UTC'");
    return client;
  } catch (error) {
    throw new StorageUnavailable('no connection to PostgreSQL', { cause: error });
  }
}

async function tablesOf(client: Client): Promise<string[]> {
  // Partitions are parts of their tables, and views hold nothing.
  const { rows } = await client.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relnamespace = current_schema()::regnamespace
      AND relkind IN ('r', 'p') AND NOT relispartition ORDER BY relname`,
  );
  return rows.map(({ name }) => name).filter((name) => name !== migrationsTable);
}

async function columnsOf(client: Client, table: string): Promise<Column[]> {
  const { rows } = await client.query<{ name: string; type: string }>(
    `SELECT attname AS name, format_type(atttypid, NULL) AS type FROM pg_attribute
      WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped`,
    [quoted(table)],
  );
  // Sorted here, so that the order does not depend on the database's collation.
  return rows.map(({ name, type }) => ({ name, type, kind: kindOf(type) })).toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

async function factsOf(client: Client, table: string, known?: readonly Column[]): Promise<TableFacts> {
  const columns = known ?? (await columnsOf(client, table));
  const { rows } = await client.query<Record<string, string>>(factsQuery(table, columns, words));
  return factsOfRow(columns, rows[0] ?? {});
}

/** Reads a database as it is at one moment, while it goes on being written. @throws StorageUnavailable */
export async function openPostgresSource(databaseUrl: string): Promise<PostgresSource> {
  const client = await connect(databaseUrl);
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  return {
    tables: () => tablesOf(client),
    columnsOf: (table) => columnsOf(client, table),
    factsOf: (table, columns) => factsOf(client, table, columns),
    async *rowsOf(table) {
      const columns = await columnsOf(client, table);
      const list = columns.map(({ name }) => quoted(name)).join(', ');
      await client.query(`DECLARE copy_rows NO SCROLL CURSOR FOR SELECT ${list} FROM ${quoted(table)}`);
      try {
        for (;;) {
          const { rows } = await client.query<(string | null)[]>({ text: `FETCH ${batchRowsMax} FROM copy_rows`, rowMode: 'array' });
          if (rows.length === 0) return;
          yield rows.map((row): PortableRow => row.map((text, index) => valueOf(columns[index]!.kind, text)));
        }
      } finally {
        await client.query('CLOSE copy_rows');
      }
    },
    async schema() {
      const there = await client.query<{ name: string | null }>(`SELECT to_regclass('${migrationsTable}') AS name`);
      if ((there.rows[0]?.name ?? null) === null) return 0;
      const { rows } = await client.query<{ id: string | null }>(`SELECT max(id) AS id FROM ${migrationsTable}`);
      return Number(rows[0]?.id ?? 0);
    },
    close: () => client.end(),
  };
}

/** Everything that is written belongs to one transaction. @throws StorageUnavailable */
export async function openPostgresTarget(databaseUrl: string): Promise<PostgresTarget> {
  const client = await connect(databaseUrl);
  await client.query('BEGIN');
  const failing = async <T>(work: Promise<T>): Promise<T> =>
    work.catch((error: unknown) => {
      throw failureOf(error);
    });
  return {
    tables: () => tablesOf(client),
    columnsOf: (table) => columnsOf(client, table),
    factsOf: (table, columns) => failing(factsOf(client, table, columns)),
    async counts() {
      const counts = new Map<string, number>();
      for (const table of await tablesOf(client)) {
        const { rows } = await client.query<{ n: string }>(`SELECT COUNT(*) AS n FROM ${quoted(table)}`);
        counts.set(table, Number(rows[0]?.n ?? 0));
      }
      return counts;
    },
    async empty(table) {
      await failing(client.query(`DELETE FROM ${quoted(table)}`));
    },
    async insert(table, columns, rows) {
      const lists = columns.map(({ kind }, index) => rows.map((row) => parameterOf(kind, row[index] ?? null)));
      const sources = columns.map(({ type }, index) => `$${index + 1}::${type}[]`).join(', ');
      const names = columns.map(({ name }) => quoted(name)).join(', ');
      await failing(client.query(`INSERT INTO ${quoted(table)} (${names}) SELECT * FROM unnest(${sources})`, lists));
    },
    async run(sql) {
      await failing(client.query(sql));
    },
    async commit() {
      await failing(client.query('COMMIT'));
    },
    close: () => client.end(),
  };
}
