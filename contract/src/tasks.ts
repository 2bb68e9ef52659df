/** The shapes of `/api/tasks`: long work that goes on without the page that began it. */
import { z } from 'zod';
import { isoTime, testErrorCode, testStatus } from './connections.ts';
import { uuidText } from './text.ts';

/** `paused` waits until somebody lets it go on; `interrupted` is what a restart of the server cut short and could not take up again. */
export const taskStates = ['running', 'paused', 'done', 'failed', 'cancelled', 'interrupted'] as const;
export type TaskState = (typeof taskStates)[number];

/** Connections that one bulk test takes at most. */
export const bulkTestMax = 500;

/** One line of the result of a bulk test. */
export const bulkTestItem = z.object({
  id: z.string(),
  name: z.string(),
  status: testStatus,
  latencyMs: z.number().nullable(),
  errorCode: testErrorCode.nullable(),
});
export type BulkTestItem = z.output<typeof bulkTestItem>;

export const task = z.object({
  id: z.string(),
  kind: z.string(),
  /** The object that it is about, by name; empty for work on many. */
  title: z.string(),
  state: z.enum(taskStates),
  progress: z.object({ done: z.number(), total: z.number().nullable(), note: z.string().nullable() }),
  /** What the kind keeps of its outcome; `connection-tests` keeps `{items: BulkTestItem[]}`, `export` an `ExportOutcome`. */
  result: z.record(z.string(), z.unknown()).nullable(),
  errorCode: z.string().nullable(),
  isCancelAsked: z.boolean(),
  isPauseAsked: z.boolean(),
  /** Whether it runs and knows how to go on from where it stops. */
  canPause: z.boolean(),
  startedBy: z.object({ id: z.string(), name: z.string() }),
  createdAt: isoTime,
  updatedAt: isoTime,
  finishedAt: isoTime.nullable(),
});
export type Task = z.output<typeof task>;

/** `note` is what the work itself said; the others are what happened to it. */
export const taskSteps = [
  'begun',
  'taken_up',
  'note',
  'pause_asked',
  'paused',
  'resumed',
  'cancel_asked',
  'done',
  'failed',
  'cancelled',
  'interrupted',
] as const;

export const taskLine = z.object({ at: isoTime, step: z.enum(taskSteps), text: z.string().nullable() });
export type TaskLine = z.output<typeof taskLine>;

export const taskAnswer = z.object({ success: z.literal(true), data: task });
/** One task with what is kept of its way, the oldest line first. */
export const taskDetail = z.object({ success: z.literal(true), data: task.extend({ log: z.array(taskLine) }) });
export const tasksAnswer = z.object({ success: z.literal(true), data: z.array(task), nextCursor: z.string().nullable() });
export const taskStarted = z.object({ success: z.literal(true), data: z.object({ taskId: z.string() }) });

export const tasksQuery = z.strictObject({
  cursor: uuidText.optional(),
  limit: z.coerce.number().int().min(1).max(100).default(50),
  state: z.enum(taskStates).optional(),
  kind: z
    .string()
    .regex(/^[a-z-]{1,60}$/)
    .optional(),
  /** `all` is for administrators; without it one's own. */
  scope: z.enum(['own', 'all']).default('own'),
});

/** The kinds that people start by hand; other work starts its task itself. */
export const taskStart = z.strictObject({
  kind: z.literal('connection-tests'),
  /** Without it every connection that is switched on and that the caller may use. */
  connectionIds: z.array(uuidText).min(1).max(bulkTestMax).optional(),
});
