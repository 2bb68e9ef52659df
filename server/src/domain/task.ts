/** Long work with progress, as the house knows it. */

export type TaskState = 'running' | 'done' | 'failed' | 'cancelled' | 'interrupted';

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
  attempts: number;
  createdAtMs: number;
  updatedAtMs: number;
  finishedAtMs: number | null;
}
