/** Brings the books of an embedded database into an empty PostgreSQL on this machine, as text that the server reads by itself. */
import { once } from 'node:events';
import { chmodSync, createWriteStream, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Client } from 'pg';
import { freshDir } from './throwaway.ts';

/** Parents before children; the configuration of a house stays where it is. */
const tables = [
  'instances',
  'usage_dimensions',
  'usage_quarters',
  'usage_six_hours',
  'usage_days',
  'usage_quarter_tallies',
  'usage_day_tallies',
  'usage_quarter_totals',
  'usage_day_totals',
  'usage_events',
] as const;
const linesAtOnce = 2_000;

/** A value as PostgreSQL's text format spells it: no value of the books holds a tab or a line's end. */
const spelled = ({ name, type }: { name: string; type: string }): string =>
  `COALESCE(${type === 'TEXT' ? `replace(${name}, '\\', '\\\\')` : name}, '\\N')`;

function columnsOf(source: DatabaseSync, table: string): { name: string; type: string }[] {
  const columns = source.prepare(`PRAGMA table_info(${table})`).all();
  return columns.map((column) => ({ name: String(column['name']), type: String(column['type']) }));
}

async function writeTable(source: DatabaseSync, table: string, path: string): Promise<string[]> {
  const columns = columnsOf(source, table);
  const file = createWriteStream(path);
  const sql = `SELECT ${columns.map(spelled).join(' || char(9) || ')} AS line FROM ${table}`;
  let lines: string[] = [];
  for (const { line } of source.prepare(sql).iterate()) {
    lines.push(String(line));
    if (lines.length < linesAtOnce) continue;
    if (!file.write(`${lines.join('\n')}\n`)) await once(file, 'drain');
    lines = [];
  }
  file.end(lines.length === 0 ? '' : `${lines.join('\n')}\n`);
  await once(file, 'finish');
  return columns.map(({ name }) => name);
}

/** The indexes of the rows beside their key; made anew when the rows are there. */
async function dropIndexes(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string; sql: string }>(
    `SELECT indexname AS name, indexdef AS sql FROM pg_indexes WHERE tablename = 'usage_events' AND indexdef NOT LIKE 'CREATE UNIQUE%'`,
  );
  for (const { name } of rows) await client.query(`DROP INDEX ${name}`);
  return rows.map(({ sql }) => sql.replace(' ON ONLY ', ' ON '));
}

/**
 * Copies all rows of the books from the file to the server, which must be able to read files of this machine and have the schema, the
 * partitions and no rows yet. Afterwards the tables are as vacuum leaves them, as they are on a server that has run for a while.
 */
export async function copyBooks(databaseFile: string, databaseUrl: string): Promise<void> {
  const dir = freshDir('books-copy');
  chmodSync(dir, 0o755);
  const source = new DatabaseSync(databaseFile, { readOnly: true });
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query("SET maintenance_work_mem = '512MB'");
    const indexes = await dropIndexes(client);
    for (const table of tables) {
      const path = join(dir, table);
      const columns = await writeTable(source, table, path);
      await client.query(`COPY ${table} (${columns.join(', ')}) FROM '${path}'`);
      rmSync(path);
    }
    for (const sql of indexes) await client.query(sql);
    for (const table of tables) await client.query(`VACUUM ANALYZE ${table}`);
  } finally {
    await client.end();
    source.close();
    rmSync(dir, { recursive: true, force: true });
  }
}
