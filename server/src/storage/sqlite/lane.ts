/** One worker thread seen from outside: calls with a bound on their number and their time, and a new thread when one dies. */
import { Worker } from 'node:worker_threads';
import type { Clock, Timer } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import { StorageBusy, StorageUnavailable } from '../errors.ts';
import { errorOf, startErrorOf } from './failures.ts';
import type { Reply, Request, Role, WireResult, WorkerSettings } from './messages.ts';

type Unnumbered<R> = R extends { id: number } ? Omit<R, 'id'> : never;
export type Call = Unnumbered<Request>;

export interface Lane {
  call(request: Call): Promise<readonly WireResult[]>;
  isUp(): boolean;
  close(): Promise<void>;
}

export interface LaneSettings {
  file: string;
  role: Role;
  isCheckWanted: boolean;
  /** A call that has waited this long fails, although SQLite cannot be stopped and goes on with it. */
  deadlineMs: number;
}

interface Pending {
  resolve(results: readonly WireResult[]): void;
  reject(error: Error): void;
  /** Infinity for what may take its time: migrations and backups. */
  dueMs: number;
}

const pendingMax = 20_000;
const sweepPeriodMs = 1_000;
const respawnDelayMs = 250;
const closeTimeoutMs = 10_000;
const unhurried = new Set<Call['op']>(['script', 'backup', 'check', 'close']);

/** Resolves when the worker has opened the file. @throws StorageStartError where it could not */
function startWorker(settings: LaneSettings): Promise<Worker> {
  const workerData: WorkerSettings = { file: settings.file, role: settings.role, isCheckWanted: settings.isCheckWanted };
  // No flags of the main thread: a loader or `--input-type` meant for it would stop this one.
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    execArgv: [],
    workerData,
    name: `storage-${settings.role}`,
  });
  return new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.once('message', (reply: Reply) => {
      worker.removeListener('error', reject);
      if (reply.id === 'ready') resolve(worker);
      else if (reply.id === 'refused') reject(startErrorOf(reply.error, settings.file));
    });
  });
}

class WorkerLane implements Lane {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #settings: LaneSettings;
  readonly #pending = new Map<number, Pending>();
  readonly #sweep: Timer;
  #worker: Worker | null = null;
  #respawn: Timer | null = null;
  #lastId = 0;
  #isClosing = false;

  constructor(deps: { clock: Clock; log: Log }, settings: LaneSettings) {
    this.#clock = deps.clock;
    this.#log = deps.log;
    this.#settings = settings;
    this.#sweep = deps.clock.every(sweepPeriodMs, () => this.#rejectOverdue());
  }

  isUp(): boolean {
    return this.#worker !== null;
  }

  call(request: Call): Promise<readonly WireResult[]> {
    return new Promise((resolve, reject) => {
      const { role, deadlineMs } = this.#settings;
      const worker = this.#worker;
      if (worker === null) return reject(new StorageUnavailable(`the ${role} worker of the database is not running`));
      if (this.#pending.size >= pendingMax) return reject(new StorageBusy(`${pendingMax} calls wait for the ${role} worker`));
      const id = ++this.#lastId;
      const dueMs = unhurried.has(request.op) ? Infinity : this.#clock.monotonicMs() + deadlineMs;
      this.#pending.set(id, { resolve, reject, dueMs });
      if (this.#pending.size === 1) worker.ref();
      worker.postMessage({ ...request, id });
    });
  }

  async start(settings: LaneSettings): Promise<void> {
    const worker = await startWorker(settings);
    worker.on('message', (reply: Reply) => this.#receive(reply));
    worker.on('error', (error) => this.#log.error({ err: error, role: settings.role }, 'a storage worker failed'));
    worker.on('exit', () => this.#ended());
    worker.unref();
    this.#worker = worker;
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    this.#respawn?.cancel();
    const worker = this.#worker;
    if (worker !== null) {
      const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
      // A query that nobody waits for any more may still be running; it ends with the process at the latest.
      const tooLong = Promise.withResolvers<void>();
      const limit = this.#clock.after(closeTimeoutMs, tooLong.resolve);
      this.call({ op: 'close' }).catch((error: unknown) => {
        this.#log.warn({ err: error, role: this.#settings.role }, 'a storage worker closed badly');
      });
      await Promise.race([ended, tooLong.promise]);
      limit.cancel();
      worker.unref();
    }
    this.abandon();
  }

  /** For a lane that could not be opened: nothing of it goes on. */
  abandon(): void {
    this.#sweep.cancel();
  }

  #receive(reply: Reply): void {
    if (typeof reply.id !== 'number') return;
    const call = this.#pending.get(reply.id);
    if (call === undefined) return;
    this.#forget(reply.id);
    if ('error' in reply) call.reject(errorOf(reply.error));
    else if ('results' in reply) call.resolve(reply.results);
  }

  /** The thread keeps the process alive exactly while somebody waits for it, for its end too. */
  #forget(id: number): void {
    this.#pending.delete(id);
    if (this.#pending.size === 0 && !this.#isClosing) this.#worker?.unref();
  }

  #rejectOverdue(): void {
    const { role, deadlineMs } = this.#settings;
    const nowMs = this.#clock.monotonicMs();
    for (const [id, call] of this.#pending) {
      if (call.dueMs > nowMs) continue;
      this.#forget(id);
      const message = `the ${role} worker did not answer within ${deadlineMs} ms`;
      // A write may yet be kept, so it must not be called retryable.
      call.reject(role === 'writer' ? new StorageUnavailable(message) : new StorageBusy(message));
    }
  }

  #ended(): void {
    this.#worker = null;
    for (const call of this.#pending.values())
      call.reject(new StorageUnavailable(`the ${this.#settings.role} worker of the database ended`));
    this.#pending.clear();
    if (!this.#isClosing) this.#startAgain();
  }

  #startAgain(): void {
    this.#respawn = this.#clock.after(respawnDelayMs, () => {
      this.start({ ...this.#settings, isCheckWanted: false }).catch((error: unknown) => {
        this.#log.error({ err: error, role: this.#settings.role }, 'a storage worker could not be started again');
        if (!this.#isClosing) this.#startAgain();
      });
    });
  }
}

/** @throws StorageStartError where the worker could not open the file */
export async function openLane(deps: { clock: Clock; log: Log }, settings: LaneSettings): Promise<Lane> {
  const lane = new WorkerLane(deps, settings);
  try {
    await lane.start(settings);
  } catch (error) {
    lane.abandon();
    throw error;
  }
  return lane;
}
