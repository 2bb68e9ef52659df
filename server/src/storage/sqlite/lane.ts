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
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData, name: `storage-${settings.role}` });
  return new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.once('message', (reply: Reply) => {
      worker.removeListener('error', reject);
      if (reply.id === 'ready') resolve(worker);
      else if (reply.id === 'refused') reject(startErrorOf(reply.error, settings.file));
    });
  });
}

export async function openLane(deps: { clock: Clock; log: Log }, settings: LaneSettings): Promise<Lane> {
  const { clock, log } = deps;
  const pending = new Map<number, Pending>();
  let worker: Worker | null = null;
  let respawn: Timer | null = null;
  let lastId = 0;
  let isClosing = false;

  // The thread keeps the process alive exactly while somebody waits for it, for its end too.
  const forget = (id: number): void => {
    pending.delete(id);
    if (pending.size === 0 && !isClosing) worker?.unref();
  };
  const rejectAll = (error: Error): void => {
    for (const call of pending.values()) call.reject(error);
    pending.clear();
  };
  const onReply = (reply: Reply): void => {
    if (typeof reply.id !== 'number') return;
    const call = pending.get(reply.id);
    if (call === undefined) return;
    forget(reply.id);
    if ('error' in reply) call.reject(errorOf(reply.error));
    else if ('results' in reply) call.resolve(reply.results);
  };
  const start = async (isFirst: boolean): Promise<void> => {
    const next = await startWorker(isFirst ? settings : { ...settings, isCheckWanted: false });
    next.on('message', onReply);
    next.on('error', (error) => log.error({ err: error, role: settings.role }, 'a storage worker failed'));
    next.on('exit', () => {
      worker = null;
      rejectAll(new StorageUnavailable(`the ${settings.role} worker of the database ended`));
      if (!isClosing) startAgain();
    });
    next.unref();
    worker = next;
  };
  const startAgain = (): void => {
    respawn = clock.after(respawnDelayMs, () => {
      start(false).catch((error: unknown) => {
        log.error({ err: error, role: settings.role }, 'a storage worker could not be started again');
        if (!isClosing) startAgain();
      });
    });
  };
  const sweep = clock.every(sweepPeriodMs, () => {
    const nowMs = clock.monotonicMs();
    for (const [id, call] of pending) {
      if (call.dueMs > nowMs) continue;
      forget(id);
      const message = `the ${settings.role} worker did not answer within ${settings.deadlineMs} ms`;
      // A write may yet be kept, so it must not be called retryable.
      call.reject(settings.role === 'writer' ? new StorageUnavailable(message) : new StorageBusy(message));
    }
  });

  const call = (request: Call): Promise<readonly WireResult[]> =>
    new Promise((resolve, reject) => {
      if (worker === null) return reject(new StorageUnavailable(`the ${settings.role} worker of the database is not running`));
      if (pending.size >= pendingMax) return reject(new StorageBusy(`${pendingMax} calls wait for the ${settings.role} worker`));
      const id = ++lastId;
      const dueMs = unhurried.has(request.op) ? Infinity : clock.monotonicMs() + settings.deadlineMs;
      pending.set(id, { resolve, reject, dueMs });
      if (pending.size === 1) worker.ref();
      worker.postMessage({ ...request, id });
    });

  await start(true).catch((error: unknown) => {
    sweep.cancel();
    throw error;
  });
  return {
    call,
    isUp: () => worker !== null,
    async close() {
      isClosing = true;
      respawn?.cancel();
      const ending = worker;
      if (ending !== null) {
        const ended = new Promise<void>((resolve) => ending.once('exit', () => resolve()));
        // A query that nobody waits for any more may still be running; it ends with the process at the latest.
        let limit: Timer | null = null;
        const limited = new Promise<void>((resolve) => {
          limit = clock.after(closeTimeoutMs, resolve);
        });
        call({ op: 'close' }).catch((error: unknown) => log.warn({ err: error, role: settings.role }, 'a storage worker closed badly'));
        await Promise.race([ended, limited]);
        (limit as Timer | null)?.cancel();
        ending.unref();
      }
      sweep.cancel();
    },
  };
}
