/** When limits were neared, reached, or would have been: what alerts are made of, kept for a while. */
import type { Selectable } from 'kysely';
import type { LimitKind, LimitPeriod, LimitSubject, LimitSubjectKind } from '../domain/limit.ts';
import type { Database } from './database.ts';
import type { LimitSchema } from './schema-limits.ts';

export interface LimitEventRow {
  id: string;
  atMs: number;
  /** Null for the limits that stand on an access key itself. */
  limitId: string | null;
  subject: LimitSubject;
  kind: LimitKind;
  period: LimitPeriod;
  event: 'soft' | 'shadow' | 'refused';
  /** How often within its minute. */
  times: number;
  /** The highest use at which it happened. */
  used: number;
  value: number;
}

const columns = ['id', 'at', 'limit_id', 'subject_kind', 'subject_id', 'kind', 'period', 'event', 'times', 'used', 'value'];

/** How far back they are shown. */
export const eventsKeptMs = 30 * 86_400_000;

/** Writes what happened. */
export async function writeLimitEvents({ driver }: Database, rows: readonly LimitEventRow[]): Promise<void> {
  const values = rows.map(({ id, atMs, limitId, subject, kind, period, event, times, used, value }) => [
    id,
    atMs,
    limitId,
    subject.kind,
    subject.id,
    kind,
    period,
    event,
    times,
    used,
    value,
  ]);
  await driver.write([{ insertInto: 'limit_events', columns, rows: values }]);
}

/** The newest events of a subject, newest first. */
export async function eventsOn(
  { db }: Database,
  subject: { kind: LimitSubjectKind; id: string },
  page: { sinceMs: number; limit: number },
): Promise<LimitEventRow[]> {
  const rows = await db
    .selectFrom('limit_events')
    .selectAll()
    .where('subject_kind', '=', subject.kind)
    .where('subject_id', '=', subject.id)
    .where('at', '>=', page.sinceMs)
    .orderBy('at', 'desc')
    .orderBy('id', 'desc')
    .limit(page.limit)
    .execute();
  return rows.map(eventOfRow);
}

const eventOfRow = (row: Selectable<LimitSchema['limit_events']>): LimitEventRow => ({
  id: row.id,
  atMs: row.at,
  limitId: row.limit_id,
  subject: { kind: row.subject_kind, id: row.subject_id },
  kind: row.kind,
  period: row.period,
  event: row.event,
  times: row.times,
  used: row.used,
  value: row.value,
});

/** Events of one look at a moment. */
const nearMax = 50;

/** What was met on any of these subjects in a short time, oldest first. */
export async function eventsNear(
  { db }: Database,
  subjectIds: readonly string[],
  { fromMs, toMs }: { fromMs: number; toMs: number },
): Promise<LimitEventRow[]> {
  if (subjectIds.length === 0) return [];
  const rows = await db
    .selectFrom('limit_events')
    .selectAll()
    .where('at', '>=', fromMs)
    .where('at', '<', toMs)
    .where('subject_id', 'in', [...subjectIds])
    .orderBy('at')
    .orderBy('id')
    .limit(nearMax)
    .execute();
  return rows.map(eventOfRow);
}
