/** Brings what checks and traffic tell into the kept health of each connection, and tells whoever listens when a state turns. */
import {
  afterChange,
  afterCheck,
  afterSilence,
  afterTraffic,
  isIll,
  kindOfFault,
  kindOfModelFault,
  newHealth,
  outcomeOf,
  turnBetween,
  type CheckFinding,
  type Health,
  type HealthListener,
  type HealthTurn,
} from '../domain/health.ts';
import { joined, newTally, tallyFailure, tallySuccess, type Tally } from '../domain/health-tally.ts';
import type { TrafficTold } from '../gateway/health.ts';
import type { Clock } from '../lib/clock.ts';
import type { Ids } from '../lib/ids.ts';
import type { Log } from '../lib/log.ts';
import type { Database } from '../storage/database.ts';
import type { WriteStep } from '../storage/driver.ts';
import { StaleWrite } from '../storage/errors.ts';
import { checkSteps, keptChecks, type HealthCheckRow } from '../storage/health-history.ts';
import { healthOfMany, healthSteps, modelCharsMax, type HealthKey, type HealthWrite, type StoredHealth } from '../storage/health.ts';

/** How often what attempts told is looked through. */
const lookPeriodMs = 1_000;
/** What went well, at a connection that is well, is no news: it is written this often. */
const quietPeriodMs = 30_000;
/** Connections of one batch. */
const batchMax = 200;
/** Of one connection; what is asked of more models than these tells of the connection alone. */
const modelsMax = 100;
/** Connections whose traffic is counted at once; of more, nothing is counted until the next look. */
const talliesMax = 50_000;
/** Tries against other instances that write the same rows. */
const triesMax = 5;
/** A model that failed and was not asked since is unknown again after this. */
export const modelSilentMs = 3_600_000;

export interface CheckDone {
  connectionId: string;
  finding: CheckFinding;
  row: Omit<HealthCheckRow, 'isSlow' | 'outcome' | 'connectionId' | 'atMs'>;
}

export interface HealthKeeper extends TrafficTold {
  /** Writes what checks found. Rejects with the storage errors; then nothing of it was written. */
  record(done: readonly CheckDone[]): Promise<void>;
  /** Every success of these is news: they were not well when somebody else wrote of them last. */
  noteUnwell(connectionIds: readonly string[]): void;
  /** What was learnt of the pace of these, and of their earlier illnesses, is over: they were changed. Never rejects. */
  changed(connectionIds: readonly string[]): Promise<void>;
  /** Hears every turn that this instance finds out, after it is written. */
  onTurned(listener: HealthListener): () => void;
  /** Writes what traffic told until now; resolves when it is written, or could not be. */
  flush(): Promise<void>;
  close(): Promise<void>;
}

/** A change of one row: from what is there to what shall be there. */
type Fold = (before: Health) => Health;

interface Traffic {
  whole: Tally;
  models: Map<string, Tally>;
  isNews: boolean;
}

const environmentKey = 'environment';
const keyOf = ({ connectionId, model }: HealthKey): string => `${connectionId} ${model}`;

export interface HealthKeeperDeps {
  database: Database;
  clock: Clock;
  ids: Ids;
  log: Log;
  /** Whether the connection is still there: what is told of others is dropped. */
  isKnown(connectionId: string): boolean;
}

class Keeper implements HealthKeeper {
  readonly #deps: HealthKeeperDeps;
  readonly #listeners = new Set<HealthListener>();
  readonly #timer: { cancel(): void };
  #traffic = new Map<string, Traffic>();
  /** Connections that were not well when they were last written: every success of theirs is news. */
  readonly #unwell = new Set<string>();
  /** A write of checks had no answer: those that are brought again may be there. */
  #isInDoubt = false;
  #quietAtMs: number;
  #writing: Promise<void> = Promise.resolve();

  constructor(deps: HealthKeeperDeps) {
    this.#deps = deps;
    this.#quietAtMs = deps.clock.monotonicMs();
    this.#timer = deps.clock.every(lookPeriodMs, () => void this.#look());
  }

  succeeded(connectionId: string, model: string, firstByteMs: number | null): void {
    const traffic = this.#trafficOf(connectionId);
    if (!traffic) return;
    const nowMs = this.#deps.clock.nowMs();
    tallySuccess(traffic.whole, nowMs, null);
    const ofModel = this.#tallyOf(traffic, model);
    if (ofModel) tallySuccess(ofModel, nowMs, firstByteMs);
  }

  failed(connectionId: string, model: string, fault: Parameters<TrafficTold['failed']>[2], status: number | null): void {
    const modelKind = kindOfModelFault(fault);
    if (modelKind === null) return;
    const traffic = this.#trafficOf(connectionId);
    if (!traffic) return;
    const nowMs = this.#deps.clock.nowMs();
    traffic.isNews = true;
    tallyFailure(traffic.whole, nowMs, fault, status, kindOfFault(fault));
    const ofModel = this.#tallyOf(traffic, model);
    if (ofModel) tallyFailure(ofModel, nowMs, fault, status, modelKind);
  }

  #trafficOf(connectionId: string): Traffic | null {
    const known = this.#traffic.get(connectionId);
    if (known) return known;
    // The environment's connection is no row, and has no page.
    if (connectionId === environmentKey || this.#traffic.size >= talliesMax) return null;
    const made: Traffic = { whole: newTally(), models: new Map(), isNews: this.#unwell.has(connectionId) };
    this.#traffic.set(connectionId, made);
    return made;
  }

  #tallyOf({ models }: Traffic, model: string): Tally | null {
    const known = models.get(model);
    if (known) return known;
    if (model === '' || model.length > modelCharsMax || models.size >= modelsMax) return null;
    const made = newTally();
    models.set(model, made);
    return made;
  }

  onTurned(listener: HealthListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  noteUnwell(connectionIds: readonly string[]): void {
    for (const id of connectionIds) if (this.#unwell.size < talliesMax) this.#unwell.add(id);
  }

  changed(connectionIds: readonly string[]): Promise<void> {
    return this.#inTurn(async () => {
      for (let from = 0; from < connectionIds.length; from += batchMax) {
        const ids = connectionIds.slice(from, from + batchMax);
        const folds = ids.map((connectionId) => ({ key: { connectionId, model: '' }, fold: afterChange, isNeeded: false }));
        await this.#write(folds, () => []);
      }
    }).catch((error: unknown) => this.#deps.log.warn({ err: error }, 'the health of changed connections could not be written'));
  }

  record(done: readonly CheckDone[]): Promise<void> {
    const known = done.filter(({ connectionId }) => this.#deps.isKnown(connectionId));
    return this.#inTurn(async () => {
      const fresh = this.#isInDoubt ? await this.#notKept(known) : known;
      this.#isInDoubt = true;
      await this.#writeChecks(fresh);
      this.#isInDoubt = false;
    });
  }

  /** A check that counted twice would be an illness after one failure. */
  async #notKept(done: readonly CheckDone[]): Promise<CheckDone[]> {
    const rows = done.map(({ row, finding }) => ({ id: row.id, atMs: finding.atMs }));
    const kept = await keptChecks(this.#deps.database, rows);
    return done.filter(({ row }) => !kept.has(row.id));
  }

  async #writeChecks(done: readonly CheckDone[]): Promise<void> {
    const folds = new Map<string, { key: HealthKey; fold: Fold; isNeeded: boolean }>();
    const rows: HealthCheckRow[] = [];
    for (const { connectionId, finding, row } of done) {
      const key = { connectionId, model: '' };
      const checked: HealthCheckRow = { ...row, connectionId, atMs: finding.atMs, outcome: outcomeOf(finding), isSlow: false };
      rows.push(checked);
      const earlier = folds.get(keyOf(key))?.fold;
      const fold: Fold = (before) => {
        const after = afterCheck(earlier ? earlier(before) : before, finding);
        checked.isSlow = finding.fault === null && after.memory.slowRun > 0;
        return after;
      };
      folds.set(keyOf(key), { key, fold, isNeeded: true });
    }
    await this.#write([...folds.values()], () => checkSteps(rows));
  }

  flush(): Promise<void> {
    return this.#inTurn(async () => {
      for (const batch of this.#taken(true)) await this.#writeTraffic(batch);
    });
  }

  #look(): Promise<void> {
    const nowMs = this.#deps.clock.monotonicMs();
    const isQuietDue = nowMs - this.#quietAtMs >= quietPeriodMs;
    if (isQuietDue) this.#quietAtMs = nowMs;
    const batches = this.#taken(isQuietDue);
    if (batches.length === 0) return Promise.resolve();
    return this.#inTurn(async () => {
      for (const batch of batches) await this.#writeTraffic(batch);
    });
  }

  /** Takes what is due out of the counting, in batches. */
  #taken(isAll: boolean): [string, Traffic][][] {
    const due = [...this.#traffic].filter(([, { isNews }]) => isAll || isNews);
    for (const [connectionId] of due) this.#traffic.delete(connectionId);
    const batches: [string, Traffic][][] = [];
    for (let from = 0; from < due.length; from += batchMax) batches.push(due.slice(from, from + batchMax));
    return batches;
  }

  async #writeTraffic(batch: readonly [string, Traffic][]): Promise<void> {
    const known = batch.filter(([connectionId]) => this.#deps.isKnown(connectionId));
    const folds = known.flatMap(([connectionId, { whole, models }]) => [
      { key: { connectionId, model: '' }, fold: (before: Health) => afterTraffic(before, whole, kindOfFault), isNeeded: isTold(whole) },
      ...[...models].map(([model, tally]) => ({
        key: { connectionId, model },
        fold: (before: Health) => afterTraffic(before, tally, kindOfModelFault),
        // A model that only answers, and says nothing of its pace, needs no row of its own.
        isNeeded: tally.failures > 0 || tally.firstByteMs.length > 0,
      })),
    ]);
    try {
      await this.#write(folds, () => []);
    } catch (error) {
      this.#putBack(batch);
      this.#deps.log.warn({ err: error }, 'the health of connections could not be written; tried again');
    }
  }

  #putBack(batch: readonly [string, Traffic][]): void {
    for (const [connectionId, earlier] of batch) {
      const later = this.#traffic.get(connectionId);
      if (later) {
        later.whole = joined(earlier.whole, later.whole);
        later.isNews ||= earlier.isNews;
        for (const [model, tally] of earlier.models) {
          const since = later.models.get(model);
          if (since || later.models.size < modelsMax) later.models.set(model, since ? joined(tally, since) : tally);
        }
      } else if (this.#traffic.size < talliesMax) this.#traffic.set(connectionId, earlier);
    }
  }

  /** Reads, decides and writes in one go; where another instance was faster, all of it again. */
  async #write(folds: readonly { key: HealthKey; fold: Fold; isNeeded: boolean }[], beside: () => readonly WriteStep[]): Promise<void> {
    if (folds.length === 0) return;
    const { database, clock } = this.#deps;
    for (let tries = 1; ; tries++) {
      const rows = await healthOfMany(database, [...new Set(folds.map(({ key }) => key.connectionId))]);
      const byKey = new Map(rows.map((row) => [keyOf(row), row]));
      const nowMs = clock.nowMs();
      const wanted = folds.filter(({ key, isNeeded }) => isNeeded || byKey.has(keyOf(key)));
      const writes = wanted.map(({ key, fold }) => this.#writeOf(key, byKey.get(keyOf(key)) ?? null, fold, nowMs));
      try {
        await database.driver.write([...healthSteps(database, writes, nowMs), ...beside()]);
        return this.#written(writes, nowMs);
      } catch (error) {
        if (!(error instanceof StaleWrite) || tries >= triesMax) throw error;
      }
    }
  }

  #writeOf(key: HealthKey, before: StoredHealth | null, fold: Fold, nowMs: number): HealthWrite {
    const old = before && (key.model === '' ? before : { ...before, ...afterSilence(before, nowMs, modelSilentMs) });
    const after = fold(old ?? newHealth(nowMs));
    return { key, before, after, incident: this.#incidentOf(before, after) };
  }

  #incidentOf(before: Health | null, after: Health): HealthWrite['incident'] {
    const from = before?.state ?? 'unknown';
    if (from === after.state || (!isIll(from) && !isIll(after.state))) return null;
    const { state, lastFault: fault, lastStatus: status, sinceMs } = after;
    return {
      endsAtMs: isIll(from) ? sinceMs : null,
      begins: isIll(state) ? { id: this.#deps.ids.uuid(), state, fault, status, fromMs: sinceMs } : null,
    };
  }

  #written(writes: readonly HealthWrite[], nowMs: number): void {
    for (const { key, before, after } of writes) {
      if (key.model === '') this.#noteState(key.connectionId, after);
      const turn = turnBetween(before, after, key, nowMs);
      if (turn) this.#tell(turn);
    }
  }

  #noteState(connectionId: string, { state, memory }: Health): void {
    if (state === 'healthy' && memory.requestPoints === 0 && memory.checkPoints === 0) this.#unwell.delete(connectionId);
    else if (this.#unwell.size < talliesMax) this.#unwell.add(connectionId);
  }

  #tell(turn: HealthTurn): void {
    for (const listener of this.#listeners) {
      try {
        listener(turn);
      } catch (error) {
        this.#deps.log.error({ err: error }, 'a listener of health failed');
      }
    }
  }

  /** One write after the other: two of one instance would only be in each other's way. */
  #inTurn(run: () => Promise<void>): Promise<void> {
    const mine = this.#writing.then(run);
    this.#writing = mine.catch(() => undefined);
    return mine;
  }

  async close(): Promise<void> {
    this.#timer.cancel();
    await this.flush();
  }
}

const isTold = ({ successes, failures }: Tally): boolean => successes + failures > 0;

export const keepHealth = (deps: HealthKeeperDeps): HealthKeeper => new Keeper(deps);
