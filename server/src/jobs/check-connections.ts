/** Checks every active connection again and again, on one instance at a time. A provider that hangs delays no other one's check. */
import type { Connection } from '../domain/connection.ts';
import { checkPlanOf, type CheckWay } from '../domain/health-settings.ts';
import type { CheckFinding } from '../domain/health.ts';
import type { Snapshot } from '../domain/snapshot.ts';
import type { Checked, Checker } from '../gateway/check.ts';
import { pause, type Clock } from '../lib/clock.ts';
import type { Ids } from '../lib/ids.ts';
import type { Log } from '../lib/log.ts';
import type { Database } from '../storage/database.ts';
import { sweepHealth } from '../storage/health-history.ts';
import { allHealth } from '../storage/health.ts';
import { holdLease, releaseLease } from '../storage/leases.ts';
import type { CheckDone, HealthKeeper } from './keep-health.ts';

const tickMs = 500;
const leaseName = 'health-checks';
const leaseForMs = 20_000;
const leasePeriodMs = 5_000;
/** Checks that began just now; one that takes longer makes room for others, and waits for its answer beside them. */
const quickAtOnceMax = 10;
const quickMs = 1_000;
/** Checks under way, the slow ones too: in all, and at one server. */
export const underWayMax = 64;
export const atOneOriginMax = 16;
/** A check that has no answer by then has failed; less where checks come often, so that two of them fit into two intervals. */
const timeoutMaxMs = 10_000;
/** What a check found first is looked at again after this part of its interval: bad news and good news are confirmed soon. */
const confirmShare = 0.25;
/** The interval is this much shorter or longer each time, so that connections do not march in step. */
const jitterShare = 0.05;
/** A connection that was never checked, or was changed, is checked within this. */
const soonMs = 5_000;
const changedMs = 1_000;
/** Findings that wait for a database that is away; the oldest ones go first. */
const waitingMax = 10_000;
/** What a server that stops waits for the checks under way. */
const closeWaitMs = 500;
const sweepPeriodMs = 600_000;
const sweepBatchesMax = 20;

interface Entry {
  dueMs: number;
  everyS: number;
  way: CheckWay;
  isRunning: boolean;
  /** What the check before found; null for none. */
  wasGood: boolean | null;
}

export interface ConnectionChecks {
  /** Checks now, beside the schedule, and resolves when what was found is written. Rejects with the storage errors. */
  checkNow(connection: Connection): Promise<Checked>;
  /** TRUE while this instance is the one that checks. */
  readonly isHolder: boolean;
  readonly underWay: number;
  /** Findings that are not in the database yet. */
  readonly unwritten: number;
  close(): Promise<void>;
}

export interface ConnectionCheckDeps {
  keeper: { readonly snapshot: Snapshot; onChanged(listener: (connectionIds: readonly string[]) => void): void };
  checker: Checker;
  health: HealthKeeper;
  /** FALSE checks only when somebody asks. */
  isScheduled: boolean;
  database: Database;
  clock: Clock;
  ids: Ids;
  log: Log;
}

const findingOf = ({ kind, fault, status, latencyMs }: Checked, atMs: number): CheckFinding =>
  fault === null ? { atMs, isWhole: kind === 'completion', fault, latencyMs } : { atMs, isWhole: kind === 'completion', fault, status };

class Checks implements ConnectionChecks {
  readonly #deps: ConnectionCheckDeps;
  readonly #runId: string;
  readonly #entries = new Map<string, Entry>();
  readonly #byOrigin = new Map<string, number>();
  readonly #timers: { cancel(): void }[];
  readonly #running = new Set<Promise<void>>();
  #quickStarts: number[] = [];
  #done: CheckDone[] = [];
  #writingCount = 0;
  #writing: Promise<void> | null = null;
  #leaseMs = -Infinity;
  #leasing: Promise<void> | null = null;
  #isHolder = false;
  #isClosed = false;

  constructor(deps: ConnectionCheckDeps) {
    this.#deps = deps;
    this.#runId = deps.ids.uuid();
    this.#timers = deps.isScheduled
      ? [deps.clock.every(tickMs, () => this.#tick()), deps.clock.every(sweepPeriodMs, () => void this.#sweep())]
      : [];
    deps.keeper.onChanged((ids) => this.#changed(ids));
  }

  get isHolder(): boolean {
    return this.#isHolder;
  }

  get underWay(): number {
    return this.#running.size;
  }

  get unwritten(): number {
    return this.#done.length + this.#writingCount;
  }

  async checkNow(connection: Connection): Promise<Checked> {
    const { everyS, way } = this.#planOf(connection);
    const checked = await this.#deps.checker.check(connection, way, timeoutOf(everyS));
    await this.#deps.health.record([this.#doneOf(connection.id, checked)]);
    const entry = this.#entries.get(connection.id);
    if (entry) this.#plan(entry, checked);
    return checked;
  }

  #planOf({ settings }: Connection): { everyS: number; way: CheckWay } {
    return checkPlanOf(settings, this.#deps.keeper.snapshot.healthSettings);
  }

  #tick(): void {
    if (this.#isClosed) return;
    const nowMs = this.#deps.clock.monotonicMs();
    if (nowMs - this.#leaseMs >= leasePeriodMs && this.#leasing === null) this.#leasing = this.#lease(nowMs);
    if (this.#done.length > 0) void this.#write();
    if (!this.#isHolder) return;
    this.#follow(nowMs);
    this.#start(nowMs);
  }

  /** Takes the lease or prolongs it. Whoever just got it goes on where the last holder stopped. */
  async #lease(nowMs: number): Promise<void> {
    const { database, clock, log } = this.#deps;
    this.#leaseMs = nowMs;
    try {
      const isMine = await holdLease(database, leaseName, this.#runId, clock.nowMs(), leaseForMs);
      if (isMine && !this.#isHolder) await this.#takeUp();
      this.#isHolder = isMine && !this.#isClosed;
      if (!isMine) this.#entries.clear();
    } catch (error) {
      // Without the database nobody can know whether another instance has begun: this one stops, and asks again.
      this.#isHolder = false;
      this.#entries.clear();
      log.warn({ err: error }, 'connections are not checked while the database does not answer; tried again');
    } finally {
      this.#leasing = null;
    }
  }

  async #takeUp(): Promise<void> {
    const { clock, keeper } = this.#deps;
    const known = new Map((await allHealth(this.#deps.database, { withModels: false })).map((row) => [row.connectionId, row]));
    const nowMs = clock.monotonicMs();
    const wallMs = clock.nowMs();
    for (const connection of keeper.snapshot.connections.values()) {
      const plan = this.#planOf(connection);
      const last = known.get(connection.id)?.lastCheckedAtMs ?? null;
      if (plan.everyS === 0 || !connection.isActive || last === null) continue;
      const waitMs = Math.min(plan.everyS * 1000, Math.max(0, last + plan.everyS * 1000 - wallMs));
      this.#entries.set(connection.id, { ...plan, dueMs: nowMs + waitMs, isRunning: false, wasGood: null });
    }
  }

  /** Brings the schedule in step with the configuration. */
  #follow(nowMs: number): void {
    const { connections } = this.#deps.keeper.snapshot;
    for (const [id, entry] of this.#entries) {
      const connection = connections.get(id);
      if (!entry.isRunning && (!connection?.isActive || this.#planOf(connection).everyS === 0)) this.#entries.delete(id);
    }
    for (const connection of connections.values()) {
      if (!connection.isActive) continue;
      const { everyS, way } = this.#planOf(connection);
      if (everyS === 0) continue;
      const entry = this.#entries.get(connection.id);
      if (!entry) {
        const dueMs = nowMs + this.#deps.ids.draw() * soonMs;
        this.#entries.set(connection.id, { everyS, way, dueMs, isRunning: false, wasGood: null });
      } else if (entry.everyS !== everyS || entry.way !== way) {
        Object.assign(entry, { everyS, way, dueMs: Math.min(entry.dueMs, nowMs + everyS * 1000) });
      }
    }
  }

  #changed(ids: readonly string[]): void {
    if (this.#isHolder) void this.#deps.health.changed(ids);
    const nowMs = this.#deps.clock.monotonicMs();
    for (const id of ids) {
      const entry = this.#entries.get(id);
      if (entry) Object.assign(entry, { dueMs: Math.min(entry.dueMs, nowMs + changedMs), wasGood: null });
    }
  }

  #start(nowMs: number): void {
    this.#quickStarts = this.#quickStarts.filter((startedMs) => startedMs > nowMs - quickMs);
    const due = [...this.#entries].filter(([, { isRunning, dueMs }]) => !isRunning && dueMs <= nowMs);
    due.sort(([, a], [, b]) => a.dueMs - b.dueMs);
    for (const [id, entry] of due) {
      if (this.#quickStarts.length >= quickAtOnceMax || this.#running.size >= underWayMax) return;
      const connection = this.#deps.keeper.snapshot.connections.get(id);
      if (!connection || (this.#byOrigin.get(connection.origin) ?? 0) >= atOneOriginMax) continue;
      this.#quickStarts.push(nowMs);
      const running = this.#run(connection, entry, nowMs).finally(() => void this.#running.delete(running));
      this.#running.add(running);
    }
  }

  async #run(connection: Connection, entry: Entry, startedMs: number): Promise<void> {
    entry.isRunning = true;
    this.#byOrigin.set(connection.origin, (this.#byOrigin.get(connection.origin) ?? 0) + 1);
    try {
      const checked = await this.#deps.checker.check(connection, entry.way, timeoutOf(entry.everyS));
      this.#plan(entry, checked);
      this.#done.push(this.#doneOf(connection.id, checked));
      if (this.#done.length > waitingMax) this.#done.shift();
    } catch (error) {
      this.#plan(entry, null);
      this.#deps.log.error({ err: error, connectionId: connection.id }, 'a connection could not be checked');
    } finally {
      entry.isRunning = false;
      // A check that answered at once makes room at once.
      const place = this.#quickStarts.indexOf(startedMs);
      if (place >= 0) this.#quickStarts.splice(place, 1);
      const left = (this.#byOrigin.get(connection.origin) ?? 1) - 1;
      if (left > 0) this.#byOrigin.set(connection.origin, left);
      else this.#byOrigin.delete(connection.origin);
    }
  }

  #doneOf(connectionId: string, checked: Checked): CheckDone {
    const { kind, model, fault, status, latencyMs, costNanoUsd, requestId } = checked;
    const row = { id: this.#deps.ids.uuid(), kind, model, fault, status, latencyMs, costNanoUsd, requestId };
    return { connectionId, finding: findingOf(checked, this.#deps.clock.nowMs()), row };
  }

  #plan(entry: Entry, checked: Checked | null): void {
    const isGood = checked === null || checked.fault === 'rate_limited' ? entry.wasGood : checked.fault === null;
    const isNews = isGood !== null && isGood !== (entry.wasGood ?? true);
    const share = isNews ? confirmShare : 1 - jitterShare + 2 * jitterShare * this.#deps.ids.draw();
    entry.wasGood = isGood;
    entry.dueMs = this.#deps.clock.monotonicMs() + entry.everyS * 1000 * share;
  }

  #write(): Promise<void> {
    this.#writing ??= this.#writeOnce().finally(() => (this.#writing = null));
    return this.#writing;
  }

  async #writeOnce(): Promise<void> {
    const batch = this.#done;
    this.#done = [];
    this.#writingCount = batch.length;
    try {
      if (batch.length > 0) await this.#deps.health.record(batch);
    } catch (error) {
      this.#done = [...batch, ...this.#done].slice(-waitingMax);
      this.#deps.log.warn({ err: error }, 'what checks found could not be written; tried again');
    } finally {
      this.#writingCount = 0;
    }
  }

  async #sweep(): Promise<void> {
    if (!this.#isHolder) return;
    try {
      for (let batch = 0; batch < sweepBatchesMax && !this.#isClosed; batch++)
        if ((await sweepHealth(this.#deps.database, this.#deps.clock.nowMs())).isDone) return;
    } catch (error) {
      this.#deps.log.warn({ err: error }, 'old checks could not be swept; tried again later');
    }
  }

  /** Checks that hang are left to themselves: what they find is written by nobody, and found again by the next holder. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const timer of this.#timers) timer.cancel();
    await Promise.race([Promise.allSettled(this.#running), pause(this.#deps.clock, closeWaitMs)]);
    await this.#leasing;
    await this.#writing;
    await this.#writeOnce();
    if (!this.#isHolder) return;
    this.#isHolder = false;
    await releaseLease(this.#deps.database, leaseName, this.#runId).catch((error: unknown) =>
      this.#deps.log.warn({ err: error }, 'the lease of the checks could not be given back; it ends by itself'),
    );
  }
}

const timeoutOf = (everyS: number): number => (everyS === 0 ? timeoutMaxMs : Math.min(timeoutMaxMs, everyS * 1000 * confirmShare));

export const checkConnections = (deps: ConnectionCheckDeps): ConnectionChecks => new Checks(deps);
