/** Forgets what is older than it is kept: in chunks, and by whole months where a table has them. Roll-ups are never touched. */
import { forever, type RetentionDays, type SweptNoun } from '../domain/retention.ts';
import { thisRevision } from './changes.ts';
import type { Database } from './database.ts';
import type { Statement } from './driver.ts';
import { columns as eventColumns } from './ledger-rows.ts';
import { endOfMonthName } from './partitions.ts';
import { dropSetting, putSetting, settingOf } from './settings.ts';

/** Rows of one transaction: the writer is never held for long. */
export const sweptRowsMax = 1_000;

/** A table that forgets by a time. */
interface Forgetting {
  table: string;
  /** Its key, in the order that rows are forgotten in. */
  key: readonly string[];
  /** The column whose time counts. */
  time: string;
  /** What is kept however old it is. */
  kept?: string;
  /** Months are tables of their own on PostgreSQL. */
  isPartitioned?: boolean;
  /** Columns, where kept rows have to move out of a month that goes. */
  columns?: readonly string[];
}

/**
 * Entries whose outcome is open, and what budgets still count one by one: what was set aside where no price was known, and the entries of
 * routing groups whose budget never begins anew.
 */
const keptEvents = `(state IN ('intent', 'unknown')
  OR (cost_nano_usd IS NULL AND state IN ('settled', 'partial') AND reserved_nano_usd > 0)
  OR (routing_group_id IS NOT NULL AND routing_group_id IN (SELECT subject_id FROM limits
    WHERE subject_kind = 'group' AND kind = 'money' AND period = 'total' AND deleted_at IS NULL)))`;

const byNoun: Readonly<Record<SweptNoun | 'contents', Forgetting>> = {
  requests: { table: 'usage_events', key: ['at', 'id'], time: 'at', kept: keptEvents, isPartitioned: true, columns: eventColumns },
  'policy-findings': { table: 'policy_violations', key: ['at', 'id'], time: 'at', isPartitioned: true },
  'limit-events': { table: 'limit_events', key: ['at', 'id'], time: 'at' },
  'connection-tests': { table: 'connection_tests', key: ['at', 'id'], time: 'at' },
  'health-checks': { table: 'health_checks', key: ['at', 'id'], time: 'at' },
  // What is still open is shown for as long as it lasts. Deliveries go with their alert.
  alerts: { table: 'alerts', key: ['resolved_at', 'id'], time: 'resolved_at' },
  // Each has an end of its own, which may only come nearer.
  responses: { table: 'stored_responses', key: ['expires_at', 'owner_scope', 'owner_id', 'id'], time: 'expires_at' },
  // The file of an export is promised for longer than tasks may be kept, and is found by its task.
  tasks: { table: 'tasks', key: ['finished_at', 'id'], time: 'finished_at', kept: '(id IN (SELECT task_id FROM exports))' },
  contents: { table: 'captured_bodies', key: ['expires_at', 'request_id'], time: 'expires_at' },
};

export interface Place {
  /** Values of the key of the last row that was looked at. */
  after: readonly unknown[];
}

/** Rows of one chunk. `next` is null where nothing older is left. */
export async function forgetChunk(
  { driver }: Database,
  noun: SweptNoun | 'contents',
  beforeMs: number,
  from: Place | null,
): Promise<{ removed: number; next: Place | null }> {
  const { table: whole, key, time, kept, isPartitioned } = byNoun[noun];
  // Months go as a whole; what lies in none of them goes row by row.
  const table = isPartitioned && driver.engine === 'postgres' ? `${whole}_default` : whole;
  const list = key.join(', ');
  const params: unknown[] = [beforeMs];
  const after = from === null ? '' : `AND (${list}) > (${from.after.map((value) => `$${params.push(value)}`).join(', ')})`;
  const isOver = `${time} < $1 ${kept === undefined ? '' : `AND NOT ${kept}`} ${after}`;
  const [last] = (
    await driver.rows(
      {
        // The end of the chunk is its last row: the chunk is then one range of the key, without a list.
        sql: `SELECT ${list} FROM (SELECT ${list} FROM ${table} WHERE ${isOver} ORDER BY ${list} LIMIT ${sweptRowsMax}) AS chunk
          ORDER BY ${key.map((name) => `${name} DESC`).join(', ')} LIMIT 1`,
        params,
      },
      'analytics',
    )
  ).map((row) => key.map((name) => row[name]));
  if (last === undefined) return { removed: 0, next: null };
  const deleting = [...params];
  const end = last.map((value) => `$${deleting.push(value)}`).join(', ');
  const { touched } = await driver.run(
    { sql: `DELETE FROM ${table} WHERE ${isOver} AND (${list}) <= (${end})`, params: deleting },
    'write',
  );
  return { removed: touched, next: touched < sweptRowsMax ? null : { after: last } };
}

/** Months that end at or before a moment, oldest first. */
async function monthsBefore({ driver }: Database, table: string, beforeMs: number): Promise<{ name: string; rows: number }[]> {
  const found = await driver.rows<{ name: string; rows: number }>(
    {
      sql: `SELECT c.relname AS name, CAST(c.reltuples AS BIGINT) AS rows FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = to_regclass($1) ORDER BY c.relname`,
      params: [table],
    },
    'analytics',
  );
  return found.filter(({ name }) => {
    const endMs = endOfMonthName(table, name);
    return endMs !== null && endMs <= beforeMs;
  });
}

async function rowsIn({ driver }: Database, month: string): Promise<number> {
  const [found] = await driver.rows<{ count: number }>({ sql: `SELECT count(*) AS count FROM ${month}`, params: [] }, 'analytics');
  return found?.count ?? 0;
}

/** Long enough for a statement under way to end; longer would hold everybody who writes. */
const lockWait = '2s';

/**
 * Drops the oldest month of a noun that is over as a whole, where the engine has months; rows that must stay move into the table of what
 * lies in none. Answers how many rows are gone, or null where there was no such month.
 */
export async function dropMonth(database: Database, noun: SweptNoun | 'contents', beforeMs: number): Promise<number | null> {
  const { table, kept, columns, isPartitioned } = byNoun[noun];
  if (!isPartitioned || database.driver.engine !== 'postgres') return null;
  const [month] = await monthsBefore(database, table, beforeMs);
  if (!month) return null;
  // A month that was never analysed is small or new: then its rows are counted.
  const before = month.rows >= 0 ? month.rows : await rowsIn(database, month.name);
  const list = columns?.join(', ') ?? '';
  const moving = kept === undefined ? '' : `INSERT INTO ${table} (${list}) SELECT ${list} FROM ${month.name} WHERE ${kept};`;
  await database.driver.script(
    `SET LOCAL lock_timeout = '${lockWait}'; ALTER TABLE ${table} DETACH PARTITION ${month.name}; ${moving} DROP TABLE ${month.name};`,
  );
  return before;
}

export interface RetentionSettings {
  days: RetentionDays;
  /** 0 where they were never saved. */
  revision: number;
}

const settingsKey = 'retention';
const auditKey = 'audit_retention_days';
const auditForever = 'forever';
export const staleRetention = 'retention';

export async function retentionSettingsOf(database: Database): Promise<RetentionSettings> {
  const { db } = database;
  const row = await db.selectFrom('settings').select(['value', 'revision']).where('key', '=', settingsKey).executeTakeFirst();
  const audit = await settingOf(database, auditKey);
  const days: RetentionDays = {
    ...(row && (JSON.parse(row.value) as RetentionDays)),
    ...(audit !== undefined && { audit: audit === auditForever ? forever : Number(audit) }),
  };
  return { days, revision: row?.revision ?? 0 };
}

/** The audit log's word has a row of its own, which is older than the others. Undefined is the default. */
export const putAuditDays = (database: Database, days: number | undefined, nowMs: number): Statement =>
  days === undefined
    ? dropSetting(database, auditKey)
    : putSetting(database, auditKey, days === forever ? auditForever : String(days), nowMs);

/** All but the audit log's. Fails the batch as `retention` where somebody saved them since they had this revision. */
export function putRetentionSettings({ db, compile }: Database, { days, revision }: RetentionSettings, nowMs: number): Statement {
  const { audit: _ofItsOwn, ...swept } = days;
  const value = JSON.stringify(swept);
  return compile(
    db
      .insertInto('settings')
      .values({ key: settingsKey, value, revision: thisRevision, updated_at: nowMs })
      .onConflict((conflict) =>
        conflict.column('key').doUpdateSet({ value, revision: thisRevision, updated_at: nowMs }).where('settings.revision', '=', revision),
      ),
    { expectRows: 1, label: staleRetention },
  );
}

export interface RetentionRun {
  noun: string;
  ranAtMs: number;
  keptDays: number;
  removed: number;
  removedTotal: number;
  /** More is over than one look removes. */
  isBehind: boolean;
}

export async function retentionRuns({ db }: Database): Promise<RetentionRun[]> {
  const rows = await db.selectFrom('retention_runs').selectAll().orderBy('noun').execute();
  return rows.map((row) => ({
    noun: row.noun,
    ranAtMs: row.ran_at,
    keptDays: row.kept_days,
    removed: row.removed,
    removedTotal: row.removed_total,
    isBehind: row.is_behind,
  }));
}

/** Notes what one look did, on top of what earlier ones did. */
export async function noteRetentionRun({ driver }: Database, run: Omit<RetentionRun, 'removedTotal'>): Promise<void> {
  await driver.run(
    {
      sql: `INSERT INTO retention_runs (noun, ran_at, kept_days, removed, removed_total, is_behind) VALUES ($1, $2, $3, $4, $4, $5)
        ON CONFLICT (noun) DO UPDATE SET ran_at = excluded.ran_at, kept_days = excluded.kept_days, removed = excluded.removed,
          removed_total = retention_runs.removed_total + excluded.removed, is_behind = excluded.is_behind`,
      params: [run.noun, run.ranAtMs, run.keptDays, run.removed, run.isBehind],
    },
    'write',
  );
}
