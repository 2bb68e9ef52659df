/** Exported files at rest: packed pieces, the place up to which they are written, and their end, a few pieces at a time. */
import type { Database } from './database.ts';
import type { Statement } from './driver.ts';

export interface ExportFile {
  taskId: string;
  createdBy: string;
  /** Of the last row that is in a piece; null before the first. */
  place: string | null;
  rows: number;
  pieces: number;
  packedBytes: number;
  isWhole: boolean;
  expiresAtMs: number;
}

/** Said where another run of the task has written the piece, so that nothing is written twice. */
export const stalePiece = 'export-piece';
/** Pieces that one write deletes: a few megabytes. */
const deletedAtOnce = 16;
/** Pieces of one file; each is an end of a write, so a file is bounded with its pieces. */
export const exportPiecesMax = 20_000;
/** Files that one look takes; the next look finds the rest. */
const sweptFilesMax = 100;

/** Begins a file; where the task was begun before, nothing happens. */
export async function beginExport(
  { db }: Database,
  { taskId, createdBy, nowMs, expiresAtMs }: { taskId: string; createdBy: string; nowMs: number; expiresAtMs: number },
): Promise<void> {
  await db
    .insertInto('exports')
    .values({ task_id: taskId, created_by: createdBy, place: null, created_at: nowMs, expires_at: expiresAtMs })
    .onConflict((conflict) => conflict.column('task_id').doNothing())
    .execute();
}

export async function findExport({ db }: Database, taskId: string): Promise<ExportFile | undefined> {
  const row = await db.selectFrom('exports').selectAll().where('task_id', '=', taskId).executeTakeFirst();
  return (
    row && {
      taskId: row.task_id,
      createdBy: row.created_by,
      place: row.place,
      rows: row.row_count,
      pieces: row.piece_count,
      packedBytes: row.packed_bytes,
      isWhole: row.is_whole,
      expiresAtMs: row.expires_at,
    }
  );
}

/**
 * Writes the next piece and moves the place, together or not at all; with the last one the file can be read. Answers how it stands then.
 * @throws StaleWrite `export-piece` where the file is not as it was read, or gone
 */
export async function addPiece(
  { driver }: Database,
  before: ExportFile,
  piece: { packed: Uint8Array; rows: number; place: string | null; isLast: boolean; expiresAtMs: number },
): Promise<ExportFile> {
  const after: ExportFile = {
    ...before,
    place: piece.place,
    rows: before.rows + piece.rows,
    pieces: before.pieces + 1,
    packedBytes: before.packedBytes + piece.packed.length,
    isWhole: piece.isLast,
    expiresAtMs: piece.expiresAtMs,
  };
  const move: Statement = {
    sql: `UPDATE exports SET place = $1, row_count = $2, piece_count = $3, packed_bytes = $4, is_whole = $5, expires_at = $6
      WHERE task_id = $7 AND piece_count = $8 AND is_whole = FALSE`,
    params: [after.place, after.rows, after.pieces, after.packedBytes, after.isWhole, after.expiresAtMs, before.taskId, before.pieces],
    expectRows: 1,
    label: stalePiece,
  };
  const insert: Statement = {
    sql: 'INSERT INTO export_pieces (task_id, piece_no, packed) VALUES ($1, $2, $3)',
    params: [before.taskId, before.pieces, piece.packed],
  };
  await driver.write([move, insert]);
  return after;
}

/** One piece as it was packed; undefined where it is gone. */
export async function readPiece({ db }: Database, taskId: string, pieceNo: number): Promise<Uint8Array | undefined> {
  const found = db.selectFrom('export_pieces').select('packed').where('task_id', '=', taskId).where('piece_no', '=', pieceNo);
  return (await found.executeTakeFirst())?.packed;
}

/** What all files take, and those of one person, in packed bytes. */
export async function exportBytes({ driver }: Database, userId: string): Promise<{ all: number; own: number }> {
  const [sums] = await driver.rows<{ everybody: number; own: number }>({
    sql: `SELECT CAST(COALESCE(sum(packed_bytes), 0) AS BIGINT) AS everybody,
      CAST(COALESCE(sum(CASE WHEN created_by = $1 THEN packed_bytes ELSE 0 END), 0) AS BIGINT) AS own FROM exports`,
    params: [userId],
  });
  return { all: sums?.everybody ?? 0, own: sums?.own ?? 0 };
}

/** When the oldest row of the books, or of the audit log, happened; null where there is none. */
export async function oldestMs({ driver }: Database, table: 'usage_events' | 'audit_entries'): Promise<number | null> {
  const [oldest] = await driver.rows<{ at: number | null }>({ sql: `SELECT min(at) AS at FROM ${table}`, params: [] }, 'analytics');
  return oldest?.at ?? null;
}

/** Deletes a file, a few pieces at a time; until its last piece is gone it says how much it takes. FALSE where it was stopped before. */
export async function deleteExport({ db, driver }: Database, taskId: string, stop: () => boolean = () => false): Promise<boolean> {
  // Nobody reads it from now on, and nobody writes on.
  await db.updateTable('exports').set({ is_whole: false, piece_count: -1 }).where('task_id', '=', taskId).execute();
  for (let deleted = 0; deleted <= exportPiecesMax; deleted += deletedAtOnce) {
    if (stop()) return false;
    const { touched } = await driver.run(
      {
        sql: `DELETE FROM export_pieces WHERE task_id = $1
          AND piece_no IN (SELECT piece_no FROM export_pieces WHERE task_id = $1 ORDER BY piece_no LIMIT ${deletedAtOnce})`,
        params: [taskId],
      },
      'write',
    );
    if (touched < deletedAtOnce) break;
  }
  await db.deleteFrom('exports').where('task_id', '=', taskId).execute();
  return true;
}

/**
 * Deletes files that are over: those whose days are over, those whose task ended without finishing them, and those whose task is gone.
 * One that is being written, or waits to be, stays. Answers how many went.
 */
export async function sweepExports(database: Database, nowMs: number, stop: () => boolean): Promise<number> {
  const over = await database.driver.rows<{ task_id: string }>(
    {
      sql: `SELECT e.task_id FROM exports e LEFT JOIN tasks t ON t.id = e.task_id
        WHERE t.id IS NULL OR t.state IN ('failed', 'cancelled', 'interrupted') OR (e.expires_at <= $1 AND t.state = 'done')
        ORDER BY e.expires_at LIMIT ${sweptFilesMax}`,
      params: [nowMs],
    },
    'analytics',
  );
  let gone = 0;
  for (const { task_id: taskId } of over) {
    if (!(await deleteExport(database, taskId, stop))) break;
    gone += 1;
  }
  return gone;
}
