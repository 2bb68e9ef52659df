/** Tasks at rest. Whoever works on one says so from time to time; one that nobody has spoken for may be taken over. */
import type { Selectable } from 'kysely';
import type { Task, TaskLine, TaskState } from '../domain/task.ts';
import type { Database } from './database.ts';
import type { TaskTable } from './schema-tasks.ts';

export const titleCharsMax = 255;
export const noteCharsMax = 500;
const nameCharsMax = 255;
/** Abandoned tasks that one look takes over; the next look finds the rest. */
export const abandonedMax = 100;

type TaskRow = Selectable<TaskTable>;

const objectOf = (text: string): Record<string, unknown> => JSON.parse(text) as Record<string, unknown>;

const taskOfRow = (row: TaskRow): Task => ({
  id: row.id,
  kind: row.kind,
  title: row.title,
  state: row.state,
  done: row.progress_done,
  total: row.progress_total,
  note: row.progress_note,
  input: objectOf(row.input),
  result: row.result === null ? null : objectOf(row.result),
  errorCode: row.error_code,
  createdBy: { id: row.created_by, name: row.created_by_name },
  cancelAskedAtMs: row.cancel_asked_at,
  pauseAskedAtMs: row.pause_asked_at,
  attempts: row.attempts,
  log: JSON.parse(row.log) as TaskLine[],
  createdAtMs: row.created_at,
  updatedAtMs: row.updated_at,
  finishedAtMs: row.finished_at,
});

/** Writes a task that has just been begun by this run of the server. */
export async function insertTask({ db }: Database, task: Task, runId: string): Promise<void> {
  await db
    .insertInto('tasks')
    .values({
      id: task.id,
      kind: task.kind,
      title: task.title.slice(0, titleCharsMax),
      state: task.state,
      input: JSON.stringify(task.input),
      progress_done: task.done,
      progress_total: task.total,
      progress_note: task.note,
      result: null,
      error_code: null,
      created_by: task.createdBy.id,
      created_by_name: task.createdBy.name.slice(0, nameCharsMax),
      locked_by: runId,
      seen_at: task.createdAtMs,
      cancel_asked_at: null,
      log: JSON.stringify(task.log),
      created_at: task.createdAtMs,
      updated_at: task.updatedAtMs,
      finished_at: null,
    })
    .execute();
}

export interface Standing {
  state: TaskState;
  done: number;
  total: number | null;
  note: string | null;
  result: Record<string, unknown> | null;
  errorCode: string | null;
  log: readonly TaskLine[];
  finishedAtMs: number | null;
}

/** Notes come from machines that we know nothing of; one that no database can hold would keep its task from ever ending. */
const noteOf = (note: string | null): string | null =>
  note?.replaceAll('\u0000', '\ufffd').toWellFormed().slice(0, noteCharsMax).toWellFormed() ?? null;

/**
 * Notes how far a task is. The answer says what somebody asked of it; null where it is not (any more) this run's to work on, or is to rest
 * and somebody has asked to cancel it.
 * A seen time of 0 gives it up: the next start of the server takes it over at once.
 */
export async function noteStanding(
  { db }: Database,
  id: string,
  runId: string,
  standing: Standing,
  times: { seenAtMs: number; nowMs: number },
): Promise<{ isCancelAsked: boolean; isPauseAsked: boolean } | null> {
  const update = db
    .updateTable('tasks')
    .set({
      state: standing.state,
      progress_done: standing.done,
      progress_total: standing.total,
      progress_note: noteOf(standing.note),
      result: standing.result === null ? null : JSON.stringify(standing.result),
      error_code: standing.errorCode,
      log: JSON.stringify(standing.log),
      finished_at: standing.finishedAtMs,
      seen_at: times.seenAtMs,
      updated_at: times.nowMs,
    })
    .where('id', '=', id)
    .where('locked_by', '=', runId)
    .where('state', '=', 'running')
    .returning(['cancel_asked_at', 'pause_asked_at']);
  const row = await (standing.state === 'paused' ? update.where('cancel_asked_at', 'is', null) : update).executeTakeFirst();
  return row ? { isCancelAsked: row.cancel_asked_at !== null, isPauseAsked: row.pause_asked_at !== null } : null;
}

/** Running tasks that nobody has spoken for since `beforeMs`, or whose last word is of a clock beyond `afterMs`, which has been set back since. */
export async function abandonedTasks(
  { db }: Database,
  beforeMs: number,
  afterMs = Number.MAX_SAFE_INTEGER,
): Promise<(Task & { seenAtMs: number })[]> {
  const rows = await db
    .selectFrom('tasks')
    .selectAll()
    .where('state', '=', 'running')
    .where((or) => or.or([or('seen_at', '<', beforeMs), or('seen_at', '>', afterMs)]))
    .orderBy('id')
    .limit(abandonedMax)
    .execute();
  return rows.map((row) => ({ ...taskOfRow(row), seenAtMs: row.seen_at }));
}

/** When a task of this kind last stood still, over or to go on later; null where none ever did. */
export async function lastRestMs({ driver }: Database, kind: string): Promise<number | null> {
  const sql = "SELECT max(updated_at) AS at FROM tasks WHERE kind = $1 AND state <> 'running'";
  const [row] = await driver.rows<{ at: number | null }>({ sql, params: [kind] }, 'analytics');
  return row?.at ?? null;
}

/** Takes over an abandoned task; false where another instance was faster. */
export async function takeOver({ db }: Database, task: { id: string; seenAtMs: number }, runId: string, nowMs: number): Promise<boolean> {
  const row = await db
    .updateTable('tasks')
    .set((by) => ({ locked_by: runId, seen_at: nowMs, attempts: by('attempts', '+', 1) }))
    .where('id', '=', task.id)
    .where('state', '=', 'running')
    .where('seen_at', '=', task.seenAtMs)
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

/** Notes the wish; whoever works on the task sees it at its next note. False where the task is over. */
export async function askToCancel({ db }: Database, id: string, nowMs: number): Promise<boolean> {
  const row = await db
    .updateTable('tasks')
    .set({ cancel_asked_at: nowMs, updated_at: nowMs })
    .where('id', '=', id)
    .where('state', '=', 'running')
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

/** As above, for a pause. */
export async function askToPause({ db }: Database, id: string, nowMs: number): Promise<boolean> {
  const row = await db
    .updateTable('tasks')
    .set({ pause_asked_at: nowMs, updated_at: nowMs })
    .where('id', '=', id)
    .where('state', '=', 'running')
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

/** Gives a paused task to this run of the server; false where it is not paused (any more). */
export async function takePaused({ db }: Database, id: string, runId: string, log: readonly TaskLine[], nowMs: number): Promise<boolean> {
  const row = await db
    .updateTable('tasks')
    .set({ state: 'running', locked_by: runId, seen_at: nowMs, pause_asked_at: null, updated_at: nowMs, log: JSON.stringify(log) })
    .where('id', '=', id)
    .where('state', '=', 'paused')
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

/** Ends a paused task, which nobody works on; false where it is not paused (any more). */
export async function cancelPaused({ db }: Database, id: string, log: readonly TaskLine[], nowMs: number): Promise<boolean> {
  const row = await db
    .updateTable('tasks')
    .set({
      state: 'cancelled',
      cancel_asked_at: nowMs,
      pause_asked_at: null,
      updated_at: nowMs,
      finished_at: nowMs,
      log: JSON.stringify(log),
    })
    .where('id', '=', id)
    .where('state', '=', 'paused')
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

/** What is left of the outcome of a task that is done. */
export async function keepResult({ db }: Database, id: string, result: Record<string, unknown>): Promise<void> {
  await db
    .updateTable('tasks')
    .set({ result: JSON.stringify(result) })
    .where('id', '=', id)
    .where('state', '=', 'done')
    .execute();
}

export async function findTask({ db }: Database, id: string): Promise<Task | undefined> {
  const row = await db.selectFrom('tasks').selectAll().where('id', '=', id).executeTakeFirst();
  return row && taskOfRow(row);
}

export interface TaskFilter {
  /** Null for everybody's. */
  createdBy: string | null;
  state?: TaskState;
  kind?: string;
  cursor?: string;
  limit: number;
}

/** Newest first. */
export async function listTasks({ db }: Database, filter: TaskFilter): Promise<Task[]> {
  let query = db.selectFrom('tasks').selectAll();
  if (filter.createdBy !== null) query = query.where('created_by', '=', filter.createdBy);
  if (filter.state !== undefined) query = query.where('state', '=', filter.state);
  if (filter.kind !== undefined) query = query.where('kind', '=', filter.kind);
  if (filter.cursor !== undefined) query = query.where('id', '<', filter.cursor);
  return (await query.orderBy('id', 'desc').limit(filter.limit).execute()).map(taskOfRow);
}
