/** Providers' usage exports at rest: one row per file, one per line of it, and both books by day. */
import type { Selectable } from 'kysely';
import type { OurDay, TheirDay } from '../domain/reconciliation.ts';
import type { ExportFaultCode, ExportLine, ExportMeasure } from '../domain/usage-export.ts';
import { dayMs } from '../domain/rollup.ts';
import type { Database } from './database.ts';
import type { Row, Statement, WriteStep } from './driver.ts';
import { text } from './fit.ts';
import type { UsageImportTable } from './schema-imports.ts';

export interface ImportFault {
  code: ExportFaultCode;
  line: number | null;
  column: string | null;
}

export type ImportState = 'reading' | 'ready' | 'refused';

export interface UsageImport {
  id: string;
  provider: string;
  /** Which export it is; empty before it was read. */
  format: string;
  measure: ExportMeasure;
  fileName: string;
  fileHash: string;
  fileBytes: number;
  state: ImportState;
  lines: number;
  /** Of the days that the file tells of; null before it was read. */
  fromMs: number | null;
  toMs: number | null;
  /** The provider's name of a key, and the connection that it belongs to. */
  keyMap: Record<string, string>;
  fault: ImportFault | null;
  taskId: string | null;
  createdBy: { id: string; name: string };
  createdAtMs: number;
}

const nameCharsMax = 255;
const importsShown = 200;

const importOfRow = (row: Selectable<UsageImportTable>): UsageImport => ({
  id: row.id,
  provider: row.provider,
  format: row.format,
  measure: row.measure,
  fileName: row.file_name,
  fileHash: row.file_hash,
  fileBytes: row.file_bytes,
  state: row.state,
  lines: row.lines,
  fromMs: row.from_at,
  toMs: row.to_at,
  keyMap: JSON.parse(row.key_map) as Record<string, string>,
  fault: row.fault === null ? null : (JSON.parse(row.fault) as ImportFault),
  taskId: row.task_id,
  createdBy: { id: row.created_by, name: row.created_by_name },
  createdAtMs: row.created_at,
});

/** The row of a file that is about to be read. The write fails with UniqueViolation where the same file was brought before. */
export const insertImportStep = ({ db, compile }: Database, row: Omit<UsageImport, 'lines' | 'fromMs' | 'toMs' | 'fault'>): Statement =>
  compile(
    db.insertInto('usage_imports').values({
      id: row.id,
      provider: row.provider,
      format: row.format,
      measure: row.measure,
      file_name: text(row.fileName, nameCharsMax),
      file_hash: row.fileHash,
      file_bytes: row.fileBytes,
      state: row.state,
      key_map: JSON.stringify(row.keyMap),
      task_id: row.taskId,
      created_by: row.createdBy.id,
      created_by_name: text(row.createdBy.name, nameCharsMax),
      created_at: row.createdAtMs,
    }),
  );

export async function findImport({ db }: Database, id: string): Promise<UsageImport | undefined> {
  const row = await db.selectFrom('usage_imports').selectAll().where('id', '=', id).executeTakeFirst();
  return row && importOfRow(row);
}

export async function importOfFile({ db }: Database, fileHash: string): Promise<UsageImport | undefined> {
  const row = await db.selectFrom('usage_imports').selectAll().where('file_hash', '=', fileHash).executeTakeFirst();
  return row && importOfRow(row);
}

/** Newest first. */
export async function listImports({ db }: Database): Promise<UsageImport[]> {
  const rows = await db.selectFrom('usage_imports').selectAll().orderBy('id', 'desc').limit(importsShown).execute();
  return rows.map(importOfRow);
}

/** The file and all its lines. */
export const deleteImportStep = ({ db, compile }: Database, id: string): Statement =>
  compile(db.deleteFrom('usage_imports').where('id', '=', id), { expectRows: 1, label: 'usage_imports' });

export const setKeyMapStep = ({ db, compile }: Database, id: string, keyMap: Record<string, string>): Statement =>
  compile(
    db
      .updateTable('usage_imports')
      .set({ key_map: JSON.stringify(keyMap) })
      .where('id', '=', id),
    { expectRows: 1, label: 'usage_imports' },
  );

export async function setTask({ db }: Database, id: string, taskId: string): Promise<void> {
  await db.updateTable('usage_imports').set({ task_id: taskId }).where('id', '=', id).execute();
}

const lineColumns = [
  'import_id',
  'line_no',
  'from_at',
  'to_at',
  'key_name',
  'model',
  'is_batch',
  'requests',
  'tokens_in',
  'tokens_cached',
  'tokens_cache_write',
  'tokens_out',
  'cost_nano_usd',
] as const;

/** Writes lines by their numbers: a line that is there already stays as it is. */
export async function writeLines(
  { driver }: Database,
  importId: string,
  lines: readonly (ExportLine & { lineNo: number })[],
): Promise<void> {
  if (lines.length === 0) return;
  const rows = lines.map((line) => [
    importId,
    line.lineNo,
    line.fromMs,
    line.toMs,
    line.keyName,
    line.model,
    line.isBatch,
    line.requests,
    line.tokensIn,
    line.tokensCached,
    line.tokensCacheWrite,
    line.tokensOut,
    line.costNanoUsd,
  ]);
  const step: WriteStep = {
    insertInto: 'usage_import_lines',
    columns: [...lineColumns],
    rows,
    onConflict: '(import_id, line_no) DO NOTHING',
  };
  await driver.write([step]);
}

/** The file was read to its end. */
export async function endImport(
  { db }: Database,
  id: string,
  read: {
    provider: string;
    format: string;
    measure: ExportMeasure;
    lines: number;
    fromMs: number;
    toMs: number;
    keyMap: Record<string, string>;
  },
): Promise<void> {
  await db
    .updateTable('usage_imports')
    .set({
      provider: read.provider,
      format: read.format,
      measure: read.measure,
      state: 'ready',
      lines: read.lines,
      from_at: read.fromMs,
      to_at: read.toMs,
      key_map: JSON.stringify(read.keyMap),
    })
    .where('id', '=', id)
    .where('state', '=', 'reading')
    .execute();
}

/** The file cannot be read: nothing of it counts, and the same file may be brought again. */
export async function refuseImport({ db, driver, compile }: Database, id: string, fault: ImportFault): Promise<void> {
  // No file has this hash, and no two imports the same one.
  const freed = `refused-${id}`;
  await driver.write([
    compile(db.deleteFrom('usage_import_lines').where('import_id', '=', id)),
    compile(
      db
        .updateTable('usage_imports')
        .set({ state: 'refused', fault: JSON.stringify(fault), file_hash: freed })
        .where('id', '=', id),
    ),
  ]);
}

/** Names of keys in the lines of a file. */
export async function keyNamesOf({ db }: Database, id: string, namesMax: number): Promise<string[]> {
  const rows = await db
    .selectFrom('usage_import_lines')
    .select('key_name')
    .distinct()
    .where('import_id', '=', id)
    .where('key_name', '<>', '')
    .orderBy('key_name')
    .limit(namesMax)
    .execute();
  return rows.map(({ key_name: name }) => name);
}

/** The provider's book by day of UTC, key, model and batch. */
export async function theirDays({ driver }: Database, id: string): Promise<TheirDay[]> {
  return driver.rows<Row & TheirDay>(
    {
      sql: `SELECT from_at - from_at % ${dayMs} AS "dayMs", key_name AS "keyName", model, is_batch AS "isBatch", sum(requests) AS requests,
        sum(tokens_in) AS "tokensIn", sum(tokens_cached) AS "tokensCached", sum(tokens_cache_write) AS "tokensCacheWrite",
        sum(tokens_out) AS "tokensOut", sum(cost_nano_usd) AS "costNanoUsd"
        FROM usage_import_lines WHERE import_id = $1 GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4`,
      params: [id],
    },
    'analytics',
  );
}

/** Our book of a provider by day of UTC, connection and model; what was answered from a cache or refused never reached the provider. */
export async function ourDays({ driver }: Database, provider: string, fromMs: number, toMs: number): Promise<OurDay[]> {
  return driver.rows<Row & OurDay>(
    {
      sql: `SELECT u.bucket AS "dayMs", d.connection_id AS "connectionId", d.model AS model, sum(u.attempts - u.failures) AS requests,
        sum(u.tokens_in) AS "tokensIn", sum(u.tokens_cached) AS "tokensCached", sum(u.tokens_cache_write) AS "tokensCacheWrite",
        sum(u.tokens_out) AS "tokensOut", sum(u.cost_nano_usd) AS "costNanoUsd", sum(u.unknowns) AS unknowns,
        sum(u.estimated) AS estimated, sum(u.unpriced) AS unpriced
        FROM usage_days u JOIN usage_dimensions d ON d.id = u.dimension_id
        WHERE u.bucket >= $1 AND u.bucket < $2 AND d.provider = $3 AND d.connection_id IS NOT NULL
        GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`,
      params: [fromMs, toMs, provider],
    },
    'analytics',
  );
}
