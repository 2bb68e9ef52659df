/** Long work with progress, as the house knows it. */

/** `paused` waits until somebody lets it go on, whatever becomes of the server meanwhile. */
export type TaskState = 'running' | 'paused' | 'done' | 'failed' | 'cancelled' | 'interrupted';

/** What happened to a task on its way; `note` is what the work itself said. */
export type TaskStep =
  | 'begun'
  | 'taken_up'
  | 'note'
  | 'pause_asked'
  | 'paused'
  | 'resumed'
  | 'cancel_asked'
  | Exclude<TaskState, 'running' | 'paused'>;

export interface TaskLine {
  atMs: number;
  step: TaskStep;
  /** A text in no language: a name, a phase, a code. */
  text: string | null;
}

export interface Task {
  id: string;
  kind: string;
  /** The object it is about, by name; empty for work on many. */
  title: string;
  state: TaskState;
  done: number;
  /** Null while nobody knows how much there is. */
  total: number | null;
  note: string | null;
  /** What the kind needs to take the work up again. */
  input: Record<string, unknown>;
  result: Record<string, unknown> | null;
  errorCode: string | null;
  createdBy: { id: string; name: string };
  cancelAskedAtMs: number | null;
  pauseAskedAtMs: number | null;
  attempts: number;
  /** The newest at the end; of many the first ones are gone. */
  log: TaskLine[];
  createdAtMs: number;
  updatedAtMs: number;
  finishedAtMs: number | null;
}

/** Lines that are kept of one task. */
export const taskLinesMax = 200;
const textCharsMax = 500;

/** The log with one line more. A text that no database can hold is made fit. */
export function withLine(log: readonly TaskLine[], line: TaskLine): TaskLine[] {
  const text = line.text?.replaceAll('\u0000', '\ufffd').toWellFormed().slice(0, textCharsMax).toWellFormed() ?? null;
  return [...log.slice(Math.max(0, log.length + 1 - taskLinesMax)), { ...line, text }];
}
