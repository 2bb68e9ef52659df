/** Runs tasks: progress is kept, everybody concerned hears of it, they wait where they are told to, and a restart is survived. */
import { Refusal } from '../domain/errors.ts';
import { withLine, type Task, type TaskStep } from '../domain/task.ts';
import type { Clock } from '../lib/clock.ts';
import type { Ids } from '../lib/ids.ts';
import type { Log } from '../lib/log.ts';
import type { Database } from '../storage/database.ts';
import {
  abandonedTasks,
  askToCancel,
  askToPause,
  cancelPaused,
  findTask,
  insertTask,
  noteStanding,
  takeOver,
  takePaused,
} from '../storage/tasks.ts';
import type { Events } from './events.ts';
import { taskView, type TaskContext, type TaskRun, type Tasks, type TaskWork } from './tasks.ts';

/** Tasks that one server works on at once, and one person's share of them. */
export const tasksAtOnceMax = 50;
export const tasksPerPersonMax = 5;
/** Progress is written at most this often. */
const writePeriodMs = 1_000;
/** Even without progress a task is spoken for this often, which is also how soon another instance's wish to cancel is seen. */
const sayPeriodMs = 5_000;
/** A task that nobody spoke for this long was left behind by a server that is gone. */
const abandonedAfterMs = 60_000;
const lookPeriodMs = 30_000;
/** Pages hear of progress at most this often. */
const tellPeriodMs = 250;
/** A task that the server did not survive this often is not begun again. */
export const attemptsMax = 3;
const retryAfterS = 10;

export interface TaskDeps {
  database: Database;
  events: Events;
  clock: Clock;
  ids: Ids;
  log: Log;
}

type StopReason = 'cancelled' | 'paused' | 'closing' | 'lost';

interface Entry {
  task: Task;
  stop: AbortController;
  isDirty: boolean;
  /** The write that is under way. */
  writing: Promise<void> | null;
  writtenAtMs: number;
  toldAtMs: number;
  /** Resolves when the work has stopped, whatever came of it. */
  ended: Promise<void>;
}

const tooMany = (code: 'OVERLOADED' | 'RATE_LIMITED'): Refusal => new Refusal(code, { values: { seconds: retryAfterS }, retryAfterS });

class TaskRunner implements Tasks {
  readonly #deps: TaskDeps;
  /** Names this run of the server, so that only one works on a task. */
  readonly #runId: string;
  readonly #entries = new Map<string, Entry>();
  readonly #resumes = new Map<string, (task: Task) => TaskRun | null>();
  readonly #timers: readonly { cancel(): void }[];
  #isClosing = false;

  constructor(deps: TaskDeps) {
    this.#deps = deps;
    this.#runId = deps.ids.uuid();
    const { clock } = deps;
    this.#timers = [
      clock.every(writePeriodMs, () => this.#tick()),
      clock.every(lookPeriodMs, () => void this.#warned(this.recover({ isAlone: false }), 'tasks could not be looked for')),
    ];
  }

  async start(work: TaskWork): Promise<Task> {
    this.#mustHaveRoom(work.ownerUserId);
    const nowMs = this.#deps.clock.nowMs();
    const task: Task = {
      id: this.#deps.ids.uuid(),
      kind: work.kind,
      title: work.title,
      state: 'running',
      done: 0,
      total: work.total ?? null,
      note: null,
      input: work.input ?? {},
      result: null,
      errorCode: null,
      createdBy: { id: work.ownerUserId, name: work.ownerName ?? '' },
      cancelAskedAtMs: null,
      pauseAskedAtMs: null,
      attempts: 1,
      log: withLine([], { atMs: nowMs, step: 'begun', text: null }),
      createdAtMs: nowMs,
      updatedAtMs: nowMs,
      finishedAtMs: null,
    };
    await insertTask(this.#deps.database, task, this.#runId);
    this.#begin(task, work.run);
    return { ...task };
  }

  #mustHaveRoom(ownerUserId: string): void {
    if (this.#isClosing || this.#entries.size >= tasksAtOnceMax) throw tooMany('OVERLOADED');
    const own = [...this.#entries.values()].filter(({ task }) => task.createdBy.id === ownerUserId && task.state === 'running');
    if (own.length >= tasksPerPersonMax) throw tooMany('RATE_LIMITED');
  }

  onRestart(kind: string, resume: (task: Task) => TaskRun | null): void {
    this.#resumes.set(kind, resume);
  }

  async recover({ isAlone }: { isAlone: boolean }): Promise<void> {
    const nowMs = this.#deps.clock.nowMs();
    // Whoever is alone takes up all of them, whatever the clock says that it was when they were spoken for.
    const [beforeMs, afterMs] = isAlone ? [Number.MAX_SAFE_INTEGER] : [nowMs - abandonedAfterMs, nowMs + abandonedAfterMs];
    for (const task of await abandonedTasks(this.#deps.database, beforeMs, afterMs))
      if (!this.#entries.has(task.id)) await this.#takeUp(task);
  }

  running(test: (task: Task) => boolean): Task | undefined {
    return [...this.#entries.values()].map(({ task }) => task).find((task) => task.state === 'running' && test(task));
  }

  async cancel(taskId: string): Promise<boolean> {
    const { database, clock } = this.#deps;
    const nowMs = clock.nowMs();
    if (await askToCancel(database, taskId, nowMs)) {
      const entry = this.#entries.get(taskId);
      if (entry) this.#askToStop(entry);
      return true;
    }
    const task = await findTask(database, taskId);
    if (task?.state !== 'paused') return false;
    const log = withLine(task.log, { atMs: nowMs, step: 'cancelled', text: null });
    if (!(await cancelPaused(database, taskId, log, nowMs))) return false;
    this.#publish({ ...task, log, state: 'cancelled', cancelAskedAtMs: nowMs, updatedAtMs: nowMs, finishedAtMs: nowMs });
    return true;
  }

  canPause(kind: string): boolean {
    return this.#resumes.has(kind);
  }

  async pause(taskId: string): Promise<boolean> {
    const { database, clock } = this.#deps;
    const task = this.#entries.get(taskId)?.task ?? (await findTask(database, taskId));
    if (!task || !this.canPause(task.kind) || !(await askToPause(database, taskId, clock.nowMs()))) return false;
    const entry = this.#entries.get(taskId);
    if (entry) this.#askToPause(entry);
    return true;
  }

  async resume(taskId: string): Promise<boolean> {
    const { database, clock } = this.#deps;
    const task = await findTask(database, taskId);
    if (task?.state !== 'paused') return false;
    this.#mustHaveRoom(task.createdBy.id);
    const run = this.#resumes.get(task.kind)?.(task) ?? null;
    if (run === null) throw new Refusal('FORBIDDEN');
    const nowMs = clock.nowMs();
    const log = withLine(task.log, { atMs: nowMs, step: 'resumed', text: null });
    if (!(await takePaused(database, taskId, this.#runId, log, nowMs))) return false;
    this.#begin({ ...task, log, state: 'running', pauseAskedAtMs: null, updatedAtMs: nowMs }, run);
    return true;
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    for (const timer of this.#timers) timer.cancel();
    const all = [...this.#entries.values()];
    for (const entry of all) entry.stop.abort('closing' satisfies StopReason);
    await Promise.all(all.map(({ ended }) => ended));
  }

  #entryOf(task: Task): Entry {
    const nowMs = this.#deps.clock.monotonicMs();
    const entry = { task, stop: new AbortController(), isDirty: false, writing: null, writtenAtMs: nowMs, toldAtMs: nowMs };
    const whole: Entry = { ...entry, ended: Promise.resolve() };
    this.#entries.set(task.id, whole);
    return whole;
  }

  #begin(task: Task, run: TaskRun): void {
    const entry = this.#entryOf(task);
    this.#tell(entry);
    // Not within this call: whoever starts a task has its id before its first event.
    entry.ended = Promise.resolve().then(() => this.#work(entry, run));
  }

  async #work(entry: Entry, run: TaskRun): Promise<void> {
    try {
      const result = await run(this.#contextOf(entry));
      if (entry.stop.signal.aborted) return await this.#stopped(entry);
      if (result) entry.task.result = result;
      await this.#finish(entry, 'done', null);
    } catch (error) {
      if (entry.stop.signal.aborted) return await this.#stopped(entry);
      const { id: taskId, kind } = entry.task;
      if (!(error instanceof Refusal)) this.#deps.log.error({ err: error, taskId, kind }, 'a task failed');
      await this.#finish(entry, 'failed', error instanceof Refusal ? error.code : 'INTERNAL');
    }
  }

  #contextOf(entry: Entry): TaskContext {
    return {
      taskId: entry.task.id,
      signal: entry.stop.signal,
      progress: (done, total, note = null) => {
        // A phase or a name is worth a line; how far it is stands in the figures.
        if (note !== null && note !== entry.task.note) this.#note(entry, 'note', note);
        Object.assign(entry.task, { done, total, note });
        this.#changed(entry);
      },
      say: (text) => {
        this.#note(entry, 'note', text);
        this.#changed(entry);
      },
      keep: (result) => {
        entry.task.result = result;
        this.#changed(entry);
      },
    };
  }

  async #stopped(entry: Entry): Promise<void> {
    const reason = entry.stop.signal.reason as StopReason;
    // Who cancels what was still stopping for a pause has the last word.
    const isCancelled = reason === 'cancelled' || (reason === 'paused' && entry.task.cancelAskedAtMs !== null);
    if (isCancelled) await this.#finish(entry, 'cancelled', null);
    else if (reason === 'paused') await this.#rest(entry);
    // Given up, not ended: the next run of the server takes it over, or notes that it could not.
    else if (reason === 'closing') await this.#writeLast(entry, 0);
    else this.#entries.delete(entry.task.id);
  }

  async #finish(entry: Entry, state: Exclude<Task['state'], 'running' | 'paused'>, errorCode: string | null): Promise<void> {
    this.#end(entry, state, errorCode);
    await this.#writeLast(entry);
  }

  #end(entry: Entry, state: Exclude<Task['state'], 'running' | 'paused'>, errorCode: string | null): void {
    const nowMs = this.#deps.clock.nowMs();
    Object.assign(entry.task, { state, errorCode, updatedAtMs: nowMs, finishedAtMs: nowMs });
    this.#note(entry, state, errorCode);
    entry.isDirty = true;
  }

  /** It has stopped where it can go on from. */
  async #rest(entry: Entry): Promise<void> {
    Object.assign(entry.task, { state: 'paused', updatedAtMs: this.#deps.clock.nowMs() });
    this.#note(entry, 'paused', null);
    entry.isDirty = true;
    await this.#writeLast(entry);
  }

  #note({ task }: Entry, step: TaskStep, text: string | null): void {
    task.log = withLine(task.log, { atMs: this.#deps.clock.nowMs(), step, text });
  }

  async #takeUp({ seenAtMs, ...task }: Task & { seenAtMs: number }): Promise<void> {
    const { database, clock } = this.#deps;
    if (!(await takeOver(database, { id: task.id, seenAtMs }, this.#runId, clock.nowMs()))) return;
    const isWanted = task.attempts < attemptsMax && task.cancelAskedAtMs === null;
    const run = isWanted ? (this.#resumes.get(task.kind)?.(task) ?? null) : null;
    const log = withLine(task.log, { atMs: clock.nowMs(), step: 'taken_up', text: null });
    if (run && task.pauseAskedAtMs !== null) await this.#rest(this.#entryOf(task));
    else if (run) this.#begin({ ...task, log, attempts: task.attempts + 1 }, run);
    else await this.#finish(this.#entryOf(task), task.cancelAskedAtMs === null ? 'interrupted' : 'cancelled', null);
  }

  #changed(entry: Entry): void {
    entry.task.updatedAtMs = this.#deps.clock.nowMs();
    entry.isDirty = true;
    if (this.#deps.clock.monotonicMs() - entry.toldAtMs >= tellPeriodMs) this.#tell(entry);
  }

  #tell(entry: Entry): void {
    entry.toldAtMs = this.#deps.clock.monotonicMs();
    this.#publish(entry.task);
  }

  #publish(task: Task): void {
    this.#deps.events.publish({
      name: 'task.changed',
      data: taskView(task, this.canPause(task.kind)),
      audience: { userIds: [task.createdBy.id], administrators: true },
    });
  }

  #askToStop(entry: Entry): void {
    this.#noteCancel(entry);
    entry.stop.abort('cancelled' satisfies StopReason);
  }

  #noteCancel(entry: Entry): void {
    if (entry.task.cancelAskedAtMs === null) this.#note(entry, 'cancel_asked', null);
    entry.task.cancelAskedAtMs ??= this.#deps.clock.nowMs();
  }

  #askToPause(entry: Entry): void {
    if (entry.task.pauseAskedAtMs === null) this.#note(entry, 'pause_asked', null);
    entry.task.pauseAskedAtMs ??= this.#deps.clock.nowMs();
    entry.stop.abort('paused' satisfies StopReason);
    this.#changed(entry);
  }

  #tick(): void {
    const nowMs = this.#deps.clock.monotonicMs();
    for (const entry of this.#entries.values()) {
      const sinceMs = nowMs - entry.writtenAtMs;
      if (!(entry.isDirty && sinceMs >= writePeriodMs) && sinceMs < sayPeriodMs) continue;
      if (entry.isDirty && entry.task.state === 'running') this.#tell(entry);
      void this.#write(entry);
    }
  }

  /** Writes how the task stands. A database that is away is tried again with the next tick. */
  #write(entry: Entry, seenAtMs = this.#deps.clock.nowMs()): Promise<void> {
    entry.writing ??= this.#writeOnce(entry, seenAtMs).finally(() => (entry.writing = null));
    return entry.writing;
  }

  /** After the write that is under way, which may tell of an earlier standing. */
  async #writeLast(entry: Entry, seenAtMs?: number): Promise<void> {
    await entry.writing;
    await this.#write(entry, seenAtMs);
  }

  async #writeOnce(entry: Entry, seenAtMs: number): Promise<void> {
    entry.isDirty = false;
    entry.writtenAtMs = this.#deps.clock.monotonicMs();
    const { id } = entry.task;
    const note = () => noteStanding(this.#deps.database, id, this.#runId, entry.task, { seenAtMs, nowMs: entry.task.updatedAtMs });
    try {
      let { state } = entry.task;
      let noted = await note();
      if (noted === null && state === 'paused') {
        // Another instance was asked to cancel it while it stopped for the pause: at rest nobody would hear of that.
        this.#noteCancel(entry);
        this.#end(entry, (state = 'cancelled'), null);
        noted = await note();
      }
      if (state !== 'running' || seenAtMs === 0) this.#entries.delete(id);
      else if (noted === null) entry.stop.abort('lost' satisfies StopReason);
      else if (noted.isCancelAsked) this.#askToStop(entry);
      else if (noted.isPauseAsked) this.#askToPause(entry);
      // The end is told once it is written: whoever hears of it and asks finds the result.
      if (state !== 'running' && noted !== null) this.#tell(entry);
    } catch (error) {
      entry.isDirty = true;
      this.#deps.log.warn({ err: error, taskId: id }, 'the progress of a task could not be written; tried again');
    }
  }

  async #warned(work: Promise<void>, what: string): Promise<void> {
    try {
      await work;
    } catch (error) {
      this.#deps.log.warn({ err: error }, `${what}; tried again later`);
    }
  }
}

export const createTasks = (deps: TaskDeps): Tasks => new TaskRunner(deps);
