/** The present health of connections: read whole, and written only over what was read, so that instances never overwrite each other. */
import type { Selectable } from 'kysely';
import type { Fault } from '../domain/errors.ts';
import { newMemory, type Health, type HealthMemory, type IllState } from '../domain/health.ts';
import type { Database } from './database.ts';
import type { WriteStep } from './driver.ts';
import { textOrNull } from './fit.ts';
import type { HealthSchema } from './schema-health.ts';

/** A connection as a whole where `model` is empty, else what traffic tells of one of its models. */
export interface HealthKey {
  connectionId: string;
  model: string;
}

export interface StoredHealth extends HealthKey, Health {
  updatedAtMs: number;
  /** What a write must find unchanged. */
  version: number;
}

/** Label of the StaleWrite of a batch that another instance was faster than. */
export const staleHealth = 'health';
const faultCharsMax = 30;
export const modelCharsMax = 255;

const storedOf = (row: Selectable<HealthSchema['connection_health']>): StoredHealth => ({
  connectionId: row.connection_id,
  model: row.model,
  state: row.state,
  sinceMs: row.since,
  consecutiveFailures: row.consecutive_failures,
  consecutiveSuccesses: row.consecutive_successes,
  lastCheckedAtMs: row.last_checked_at,
  lastSuccessAtMs: row.last_success_at,
  lastFailureAtMs: row.last_failure_at,
  lastFault: row.last_fault as Fault | null,
  lastStatus: row.last_status,
  p50Ms: row.latency_ms_p50,
  memory: { ...newMemory(), ...(JSON.parse(row.memory) as Partial<HealthMemory>) },
  updatedAtMs: row.updated_at,
  version: row.version,
});

/** The health of these connections and of their models. */
export async function healthOfMany({ db }: Database, connectionIds: readonly string[]): Promise<StoredHealth[]> {
  if (connectionIds.length === 0) return [];
  return (await db.selectFrom('connection_health').selectAll().where('connection_id', 'in', connectionIds).execute()).map(storedOf);
}

/** The health of every connection that anything is known of; without their models unless asked for. */
export async function allHealth({ db }: Database, { withModels }: { withModels: boolean }): Promise<StoredHealth[]> {
  const query = db.selectFrom('connection_health').selectAll();
  return (await (withModels ? query : query.where('model', '=', '')).execute()).map(storedOf);
}

export interface TurnedHealth extends HealthKey {
  state: Health['state'];
  sinceMs: number;
  updatedAtMs: number;
}

/** What was written after a moment, oldest first: how other instances hear of each other's findings. */
export async function healthWrittenAfter({ db }: Database, afterMs: number, rowsMax: number): Promise<TurnedHealth[]> {
  const rows = await db
    .selectFrom('connection_health')
    .select(['connection_id', 'model', 'state', 'since', 'updated_at'])
    .where('updated_at', '>', afterMs)
    .orderBy('updated_at')
    .limit(rowsMax)
    .execute();
  return rows.map((row) => ({
    connectionId: row.connection_id,
    model: row.model,
    state: row.state,
    sinceMs: row.since,
    updatedAtMs: row.updated_at,
  }));
}

/** What becomes of the incident of this row with the write; null is nothing. */
export interface IncidentChange {
  /** Ends the open one. */
  endsAtMs: number | null;
  begins: { id: string; state: IllState; fault: Fault | null; status: number | null; fromMs: number } | null;
}

export interface HealthWrite {
  key: HealthKey;
  /** What was read; null where there was nothing. */
  before: StoredHealth | null;
  after: Health;
  incident: IncidentChange | null;
}

/** Steps for one batch. It fails with StaleWrite(staleHealth) where somebody else wrote in between: read again, and decide again. */
export const healthSteps = (database: Database, writes: readonly HealthWrite[], nowMs: number): WriteStep[] =>
  writes.flatMap((write) => [rowStep(database, write, nowMs), ...incidentSteps(database, write)]);

function rowStep({ db, compile }: Database, { key, before, after }: HealthWrite, nowMs: number): WriteStep {
  const values = {
    state: after.state,
    since: after.sinceMs,
    consecutive_failures: after.consecutiveFailures,
    consecutive_successes: after.consecutiveSuccesses,
    last_checked_at: after.lastCheckedAtMs,
    last_success_at: after.lastSuccessAtMs,
    last_failure_at: after.lastFailureAtMs,
    last_fault: textOrNull(after.lastFault, faultCharsMax),
    last_status: after.lastStatus,
    latency_ms_p50: after.p50Ms === null ? null : Math.round(after.p50Ms),
    memory: JSON.stringify(after.memory),
    updated_at: nowMs,
  };
  const expected = { expectRows: 1, label: staleHealth };
  if (before === null) {
    const row = { connection_id: key.connectionId, model: key.model, ...values };
    return compile(
      db
        .insertInto('connection_health')
        .values(row)
        .onConflict((conflict) => conflict.doNothing()),
      expected,
    );
  }
  return compile(
    db
      .updateTable('connection_health')
      .set({ ...values, version: before.version + 1 })
      .where('connection_id', '=', key.connectionId)
      .where('model', '=', key.model)
      .where('version', '=', before.version),
    expected,
  );
}

function incidentSteps({ db, compile }: Database, { key, incident }: HealthWrite): WriteStep[] {
  if (incident === null) return [];
  const steps: WriteStep[] = [];
  if (incident.endsAtMs !== null) {
    const open = db
      .updateTable('health_incidents')
      .set({ until_at: incident.endsAtMs })
      .where('connection_id', '=', key.connectionId)
      .where('model', '=', key.model)
      .where('until_at', 'is', null);
    steps.push(compile(open));
  }
  if (incident.begins) {
    const { id, state, fault, status, fromMs } = incident.begins;
    const row = { id, connection_id: key.connectionId, model: key.model, state, fault, status, from_at: fromMs, until_at: null };
    steps.push(
      compile(
        db
          .insertInto('health_incidents')
          .values(row)
          .onConflict((conflict) => conflict.doNothing()),
      ),
    );
  }
  return steps;
}
