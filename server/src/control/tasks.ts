/** Long work apart from the request that began it: what starts it, what it is given, and what pages are told of it. */
import type { Task } from '../domain/task.ts';
import { isoOf, isoOrNull } from '../lib/iso-time.ts';

export interface TaskContext {
  taskId: string;
  /** Aborted when the task is cancelled, or the server ends. */
  signal: AbortSignal;
  /** How far it is; `total` is null while nobody knows. The note is a short text in no language: a name, a size. */
  progress: (done: number, total: number | null, note?: string | null) => void;
  /** Adds a line to what is told of its way, in no language. */
  say: (text: string) => void;
  /** Replaces what is kept of the outcome, also while running. */
  keep: (result: Record<string, unknown>) => void;
}

/** Resolves when the work is done, with its outcome or nothing. What it throws ends the task as failed. */
export type TaskRun = (context: TaskContext) => Promise<Record<string, unknown> | void>;

export interface TaskWork {
  kind: string;
  /** The object it is about, by name. */
  title: string;
  ownerUserId: string;
  ownerName?: string;
  /** What its kind needs to take it up again after a restart. */
  input?: Record<string, unknown>;
  total?: number | null;
  run: TaskRun;
}

export interface Tasks {
  /**
   * Begins the work and answers once it is noted.
   * @throws Refusal RATE_LIMITED where the person has too many, OVERLOADED where the server has
   */
  start(work: TaskWork): Promise<Task>;
  /** How a kind is taken up again after a restart; without it, or where it answers null, such tasks end as interrupted. */
  onRestart(kind: string, resume: (task: Task) => TaskRun | null): void;
  /** Takes care of what an earlier run of the server left. With `isAlone` nobody else can be working on them. */
  recover(options: { isAlone: boolean }): Promise<void>;
  /** A task of this server that runs now. */
  running(test: (task: Task) => boolean): Task | undefined;
  /** Whether a kind knows how to go on from where it stopped; only such work can be paused. */
  canPause(kind: string): boolean;
  /** Asks for a pause, wherever it runs; false where it does not run, or where its kind cannot be paused. */
  pause(taskId: string): Promise<boolean>;
  /**
   * Lets a paused task go on, on this server; false where it is not paused.
   * @throws Refusal RATE_LIMITED, OVERLOADED as for a new one, FORBIDDEN where its person may not do so any more
   */
  resume(taskId: string): Promise<boolean>;
  /** Asks for the end of a task, wherever it runs; false where it is over already. */
  cancel(taskId: string): Promise<boolean>;
  close(): Promise<void>;
}

/** What the page is told of a task; the words of the wire. */
export const taskView = (task: Task, canPause: boolean) => ({
  id: task.id,
  kind: task.kind,
  title: task.title,
  state: task.state,
  progress: { done: task.done, total: task.total, note: task.note },
  result: task.result,
  errorCode: task.errorCode,
  isCancelAsked: task.cancelAskedAtMs !== null,
  isPauseAsked: task.pauseAskedAtMs !== null && task.state === 'running',
  canPause: canPause && task.state === 'running',
  startedBy: task.createdBy,
  createdAt: isoOf(task.createdAtMs),
  updatedAt: isoOf(task.updatedAtMs),
  finishedAt: isoOrNull(task.finishedAtMs),
});
