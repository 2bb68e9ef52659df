/** Alerts as rows: opening one per cause, ending it, what people say of it, and the lists of them. */
import { sql, type ExpressionBuilder, type Selectable, type SqlBool, type Expression } from 'kysely';
import type { Alert, AlertDetails, Severity } from '../domain/alert.ts';
import type { Owner } from '../domain/owner.ts';
import type { Database } from './database.ts';
import type { Statement } from './driver.ts';
import { text } from './fit.ts';
import type { AlertSchema } from './schema-alerts.ts';
import type { Schema } from './schema.ts';

/** Alerts that are open at one time; a rule that would open more is no help to anybody. */
export const openMax = 2_000;
/** Of the name of what it is about; the text as a whole is JSON, which must never be cut. */
const subjectCharsMax = 500;

type AlertRow = Selectable<AlertSchema['alerts']>;

/** The JSON column is written by the house alone. */
const alertOfRow = (row: AlertRow): Alert => ({
  id: row.id,
  atMs: row.at,
  ruleId: row.rule_id,
  ruleName: row.rule_name,
  kind: row.kind,
  severity: row.severity,
  dedupKey: row.dedup_key,
  details: JSON.parse(row.details) as AlertDetails,
  owner: { scope: row.scope, id: row.owner_id },
  connectionId: row.connection_id,
  acknowledgedAtMs: row.acknowledged_at,
  acknowledgedBy: row.acknowledged_by,
  note: row.note,
  notifiedAtMs: row.notified_at,
  resolvedAtMs: row.resolved_at,
  resolvedBy: row.resolved_by,
  updatedAtMs: row.updated_at,
});

/** Name of the unique index that lets a cause have one open alert. */
export const openIndex = 'alerts_open';

/** Raises UniqueViolation `alerts_open` where the cause has an open alert, whoever opened it. */
export const insertAlert = ({ db, compile }: Database, alert: Alert): Statement => {
  const details = JSON.stringify({ ...alert.details, subject: text(alert.details.subject, subjectCharsMax) });
  return compile(
    db.insertInto('alerts').values({
      id: alert.id,
      at: alert.atMs,
      rule_id: alert.ruleId,
      rule_name: alert.ruleName,
      kind: alert.kind,
      severity: alert.severity,
      dedup_key: alert.dedupKey,
      details,
      scope: alert.owner.scope,
      owner_id: alert.owner.id,
      connection_id: alert.connectionId,
      acknowledged_at: alert.acknowledgedAtMs,
      acknowledged_by: alert.acknowledgedBy,
      note: alert.note,
      notified_at: alert.notifiedAtMs,
      resolved_at: alert.resolvedAtMs,
      resolved_by: alert.resolvedBy,
      updated_at: alert.updatedAtMs,
    }),
  );
};

/** Label of a step that met an alert which is over already, or which somebody else has told of. */
export const staleAlert = 'alert';

/** Ends it once: the second one to end it fails as `alert`. */
export const resolveAlert = ({ db, compile }: Database, id: string, nowMs: number, resolvedBy: string | null): Statement =>
  compile(
    db
      .updateTable('alerts')
      .set({ resolved_at: nowMs, resolved_by: resolvedBy, updated_at: nowMs })
      .where('id', '=', id)
      .where('resolved_at', 'is', null),
    { expectRows: 1, label: staleAlert },
  );

/** Notes that people are told now. Fails as `alert` where somebody else told them since `before`, or it is over. */
export const notifyAlert = ({ db, compile }: Database, id: string, nowMs: number, before: number | null): Statement =>
  compile(
    db
      .updateTable('alerts')
      .set({ notified_at: nowMs, updated_at: nowMs })
      .where('id', '=', id)
      .where('resolved_at', 'is', null)
      .where('notified_at', before === null ? 'is' : '=', before),
    { expectRows: 1, label: staleAlert },
  );

/** Somebody looks after it. Fails as `alert` where it is over. */
export const acknowledgeAlert = ({ db, compile }: Database, id: string, by: string, note: string | null, nowMs: number): Statement =>
  compile(
    db
      .updateTable('alerts')
      .set({ acknowledged_at: nowMs, acknowledged_by: by, note, updated_at: nowMs })
      .where('id', '=', id)
      .where('resolved_at', 'is', null),
    { expectRows: 1, label: staleAlert },
  );

/** Whose alerts a caller may see. */
export type AlertOwners = 'all' | readonly Owner[];

const ownersMax = 500;
type Conditions = ExpressionBuilder<Schema, 'alerts'>;

function ofOwners(owners: AlertOwners): (row: Conditions) => Expression<SqlBool> {
  return (row) => {
    if (owners === 'all') return sql<SqlBool>`TRUE`;
    if (owners.length === 0) return sql<SqlBool>`FALSE`;
    return row.or(owners.slice(0, ownersMax).map(({ scope, id }) => row.and([row('scope', '=', scope), row('owner_id', '=', id)])));
  };
}

/** Every open alert, and those that ended lately: what an evaluation begins with. */
export async function openAlerts({ db }: Database, resolvedSinceMs: number): Promise<{ open: Alert[]; ended: Map<string, number> }> {
  const open = await db.selectFrom('alerts').selectAll().where('resolved_at', 'is', null).orderBy('at').limit(openMax).execute();
  const ended = await db
    .selectFrom('alerts')
    .select((of) => ['dedup_key', of.fn.max('resolved_at').as('at')])
    .where('resolved_at', '>=', resolvedSinceMs)
    .groupBy('dedup_key')
    .limit(openMax)
    .execute();
  return { open: open.map(alertOfRow), ended: new Map(ended.map((row) => [row.dedup_key, row.at ?? 0])) };
}

export async function alertById({ db }: Database, id: string): Promise<Alert | undefined> {
  const row = await db.selectFrom('alerts').selectAll().where('id', '=', id).executeTakeFirst();
  return row && alertOfRow(row);
}

export interface AlertQuestion {
  owners: AlertOwners;
  state?: 'active' | 'resolved';
  severity?: Severity;
  connectionId?: string;
  ruleId?: string;
  /** The id of the last row of the page before. */
  cursor?: string;
  limit: number;
}

/** One page, newest first. */
export async function listAlerts({ db }: Database, question: AlertQuestion): Promise<Alert[]> {
  let query = db.selectFrom('alerts').selectAll().where(ofOwners(question.owners));
  if (question.state === 'active') query = query.where('resolved_at', 'is', null);
  if (question.state === 'resolved') query = query.where('resolved_at', 'is not', null);
  if (question.severity !== undefined) query = query.where('severity', '=', question.severity);
  if (question.connectionId !== undefined) query = query.where('connection_id', '=', question.connectionId);
  if (question.ruleId !== undefined) query = query.where('rule_id', '=', question.ruleId);
  if (question.cursor !== undefined) query = query.where('id', '<', question.cursor);
  const rows = await query.orderBy('id', 'desc').limit(question.limit).execute();
  return rows.map(alertOfRow);
}

/** How many are open, and how many of them nobody looks after yet. */
export async function countOpen({ db }: Database, owners: AlertOwners): Promise<{ active: number; unacknowledged: number }> {
  const rows = await db
    .selectFrom('alerts')
    .select('acknowledged_at')
    .where('resolved_at', 'is', null)
    .where(ofOwners(owners))
    .limit(openMax)
    .execute();
  return { active: rows.length, unacknowledged: rows.filter((row) => row.acknowledged_at === null).length };
}

/** What changed after a moment, so that every instance can tell its pages. */
export async function changedSince({ db }: Database, sinceMs: number): Promise<Pick<Alert, 'id' | 'owner' | 'updatedAtMs'>[]> {
  const rows = await db
    .selectFrom('alerts')
    .select(['id', 'scope', 'owner_id', 'updated_at'])
    .where('updated_at', '>=', sinceMs)
    .orderBy('updated_at')
    .limit(openMax)
    .execute();
  return rows.map((row) => ({ id: row.id, owner: { scope: row.scope, id: row.owner_id }, updatedAtMs: row.updated_at }));
}
