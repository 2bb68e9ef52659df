/** The outbox of alerts: written with the alert, claimed by whoever sends, and the log of what became of each. */
import type { Selectable } from 'kysely';
import type { AlertEvent } from '../domain/alert.ts';
import type { Database } from './database.ts';
import type { InsertMany, Statement } from './driver.ts';
import { textOrNull } from './fit.ts';
import type { AlertSchema } from './schema-alerts.ts';

export interface AlertDelivery {
  id: string;
  alertId: string;
  channelId: string;
  channelName: string;
  /** Whom of an e-mail channel; empty elsewhere. */
  recipient: string;
  event: AlertEvent;
  /** Attempts begun. */
  attemptNo: number;
  nextAtMs: number;
  state: 'waiting' | 'sent' | 'given_up';
  errorCode: string | null;
  answer: string | null;
  createdAtMs: number;
  finishedAtMs: number | null;
}

const columns = [
  'id', 'alert_id', 'channel_id', 'channel_name', 'recipient', 'event', 'attempt_no', 'next_at', 'state', 'error_code', 'answer', 'created_at', 'finished_at',
] as const; // prettier-ignore
const answerCharsMax = 500;

const deliveryOfRow = (row: Selectable<AlertSchema['alert_deliveries']>): AlertDelivery => ({
  id: row.id,
  alertId: row.alert_id,
  channelId: row.channel_id,
  channelName: row.channel_name,
  recipient: row.recipient,
  event: row.event,
  attemptNo: row.attempt_no,
  nextAtMs: row.next_at,
  state: row.state,
  errorCode: row.error_code,
  answer: row.answer,
  createdAtMs: row.created_at,
  finishedAtMs: row.finished_at,
});

/** A step of the transaction that opens, repeats or ends the alert. */
export const insertDeliveries = (deliveries: readonly AlertDelivery[]): InsertMany => ({
  insertInto: 'alert_deliveries',
  columns,
  rows: deliveries.map((one) => [
    one.id, one.alertId, one.channelId, one.channelName, one.recipient, one.event, one.attemptNo, one.nextAtMs, one.state, one.errorCode,
    textOrNull(one.answer, answerCharsMax), one.createdAtMs, one.finishedAtMs,
  ]), // prettier-ignore
});

/** Deliveries to one channel at a time: a channel that is slow or dead holds up nobody but itself. */
export const perChannelMax = 2;

export interface Claim {
  nowMs: number;
  /** Whoever dies with what they claimed leaves it to the next one then. */
  untilMs: number;
  limit: number;
  /** They have as many under way as they may. */
  busyChannels: readonly string[];
  /** What waits for later than this was put off by a clock that was wrong and has been set back: nobody waits until it is that late. */
  latestMs?: { untried: number; tried: number };
}

const never = Number.MAX_SAFE_INTEGER;

/** Claims what is due by moving its next attempt. A later word of the same alert to the same receiver waits for the earlier one. */
export async function claimDeliveries(
  { driver }: Database,
  { nowMs, untilMs, limit, busyChannels, latestMs = { untried: never, tried: never } }: Claim,
): Promise<AlertDelivery[]> {
  const busy = busyChannels.map((_, index) => `$${index + 6}`).join(', ');
  const isDue = '(next_at <= $1 OR next_at > $5 OR (attempt_no = 0 AND next_at > $4))';
  const rows = await driver.rows<Selectable<AlertSchema['alert_deliveries']>>(
    {
      sql: `UPDATE alert_deliveries SET next_at = $2, attempt_no = attempt_no + 1
        WHERE state = 'waiting' AND ${isDue} AND id IN (
          SELECT id FROM (
            SELECT d.id, d.next_at, row_number() OVER (PARTITION BY d.channel_id ORDER BY d.next_at, d.id) AS place
            FROM alert_deliveries d
            WHERE d.state = 'waiting' AND ${isDue} ${busy === '' ? '' : `AND d.channel_id NOT IN (${busy})`}
              AND NOT EXISTS (SELECT 1 FROM alert_deliveries e WHERE e.alert_id = d.alert_id AND e.channel_id = d.channel_id
                AND e.recipient = d.recipient AND e.state = 'waiting' AND e.id < d.id)
          ) due WHERE place <= ${perChannelMax} ORDER BY next_at LIMIT $3
        ) RETURNING *`,
      params: [nowMs, untilMs, limit, latestMs.untried, latestMs.tried, ...busyChannels],
    },
    'write',
  );
  return rows.map(deliveryOfRow);
}

/** What became of an attempt; `nextAtMs` where it is tried again. */
export interface DeliveryOutcome {
  state: AlertDelivery['state'];
  nextAtMs: number;
  errorCode: string | null;
  answer: string | null;
  finishedAtMs: number | null;
}

/** Writes the outcome of the attempt with this number; one that was claimed anew meanwhile stays with whoever has it. */
export const finishDelivery = ({ db, compile }: Database, { id, attemptNo }: AlertDelivery, outcome: DeliveryOutcome): Statement =>
  compile(
    db
      .updateTable('alert_deliveries')
      .set({
        state: outcome.state,
        next_at: outcome.nextAtMs,
        error_code: outcome.errorCode,
        answer: textOrNull(outcome.answer, answerCharsMax),
        finished_at: outcome.finishedAtMs,
      })
      .where('id', '=', id)
      .where('attempt_no', '=', attemptNo)
      .where('state', '=', 'waiting'),
  );

/** The log, newest first. */
export async function deliveriesOf(
  { db }: Database,
  { alertId, channelId, cursor, limit }: { alertId?: string; channelId?: string; cursor?: string; limit: number },
): Promise<AlertDelivery[]> {
  let query = db.selectFrom('alert_deliveries').selectAll();
  if (alertId !== undefined) query = query.where('alert_id', '=', alertId);
  if (channelId !== undefined) query = query.where('channel_id', '=', channelId);
  if (cursor !== undefined) query = query.where('id', '<', cursor);
  const rows = await query.orderBy('id', 'desc').limit(limit).execute();
  return rows.map(deliveryOfRow);
}

/** The newest delivery to each channel of the last month. */
export async function lastDeliveries(
  { driver }: Database,
  channelIds: readonly string[],
  sinceMs: number,
): Promise<Map<string, AlertDelivery>> {
  if (channelIds.length === 0) return new Map();
  const list = channelIds.map((_, index) => `$${index + 2}`).join(', ');
  const rows = await driver.rows<Selectable<AlertSchema['alert_deliveries']>>({
    sql: `SELECT ${columns.join(', ')} FROM (
        SELECT d.*, row_number() OVER (PARTITION BY d.channel_id ORDER BY d.id DESC) AS place
        FROM alert_deliveries d WHERE d.created_at >= $1 AND d.channel_id IN (${list})
      ) newest WHERE place = 1`,
    params: [sinceMs, ...channelIds],
  });
  return new Map(rows.map((row) => [row.channel_id, deliveryOfRow(row)]));
}
