/** Shares of limits, handed out by the database: their sum is never above the limit, whoever asks at whatever time. */
import type { LimitKind, LimitPeriod, LimitSubject } from '../domain/limit.ts';
import type { Database } from './database.ts';
import type { Statement } from './driver.ts';

export interface LeaseAsk {
  subject: LimitSubject;
  kind: LimitKind;
  period: LimitPeriod;
  fromMs: number;
  /** The tightest limit that refuses; null where all only count. */
  limit: number | null;
  /** What the asker has in use: it keeps that whatever others hold. */
  used: number;
  /** At least `used`. */
  wanted: number;
}

export interface LeaseAnswer {
  share: number;
  othersShare: number;
  othersUsed: number;
}

/** Whose share it is: rates belong to a run of an instance, money to the instance itself. */
export interface Holder {
  instanceId: string;
  runId: string;
}

/** How long others count a share of a rate that is not renewed: as long as it may be used, and what was admitted by it in the window after. */
export const rateHoldMs = 95_000;
/** A request that was under way when its instance lost the database may go on for as long as any request may, and then some. */
const concurrentHoldMs = 17 * 60_000;
/** Money that a lost instance leased is taken back when its journal has not come back for this long. */
export const moneyHoldMs = 7 * 24 * 3_600_000;

const holdMsOf = (kind: LimitKind): number => (kind === 'money' ? moneyHoldMs : kind === 'concurrent' ? concurrentHoldMs : rateHoldMs);

/** The database's clock: the clocks of instances differ, and a lease must not end for one before it ends for another. */
const nowOf = ({ driver }: Database): string =>
  driver.engine === 'sqlite'
    ? `CAST(unixepoch('subsec') * 1000 AS INTEGER)`
    : 'CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)';

const meterColumns = 'subject_kind, subject_id, kind, period, from_ms';
const meterIs = 'subject_kind = $1 AND subject_id = $2 AND kind = $3 AND period = $4 AND from_ms = $5';
const uuidOf = ({ driver }: Database, place: string): string => (driver.engine === 'sqlite' ? place : `CAST(${place} AS UUID)`);

const meterParams = ({ subject, kind, period, fromMs }: Omit<LeaseAsk, 'limit' | 'used' | 'wanted'>): unknown[] => [
  subject.kind,
  subject.id,
  kind,
  period,
  fromMs,
];

/** Written first in every batch: the row's lock makes those who ask for one meter wait for each other. */
function lockStep(database: Database, ask: LeaseAsk): Statement {
  const sql = `INSERT INTO limit_meters (${meterColumns}, asked_at) VALUES ($1, $2, $3, $4, $5, ${nowOf(database)})
    ON CONFLICT (${meterColumns}) DO UPDATE SET asked_at = excluded.asked_at`;
  return { sql, params: meterParams(ask) };
}

const holderOf = ({ kind }: LeaseAsk, { instanceId, runId }: Holder): string => (kind === 'money' ? instanceId : runId);

/**
 * What is over goes; of this instance's earlier runs, the requests under way ended with them. Nothing where money is asked for: what was
 * spent stays spent however long nobody heard of its instance, and of the rest `takeBack` disposes, which knows the books.
 */
function expirySteps(database: Database, ask: LeaseAsk, holder: Holder): Statement[] {
  if (ask.kind === 'money') return [];
  const isOfMine = ask.kind === 'concurrent' ? `OR (instance_id = $7 AND holder <> $6)` : '';
  const params = [...meterParams(ask), holderOf(ask, holder), ...(ask.kind === 'concurrent' ? [holder.instanceId] : [])];
  return [
    { sql: `DELETE FROM limit_leases WHERE ${meterIs} AND ((expires_at <= ${nowOf(database)} AND holder <> $6) ${isOfMine})`, params },
  ];
}

function grantStep(database: Database, ask: LeaseAsk, holder: Holder): Statement {
  const now = nowOf(database);
  const big = (place: string): string => `CAST(${place} AS BIGINT)`;
  const [limit, used, wanted] = [big('$8'), big('$9'), big('$10')];
  const rest = `(${limit} - o.others)`;
  const share = `CASE WHEN ${rest} < ${used} THEN ${used} WHEN ${wanted} < ${rest} THEN ${wanted} ELSE ${rest} END`;
  const text = (place: string): string => (database.driver.engine === 'sqlite' ? place : `CAST(${place} AS TEXT)`);
  const sql = `INSERT INTO limit_leases (${meterColumns}, holder, instance_id, share, used, renewed_at, expires_at)
    SELECT ${text('$1')}, ${uuidOf(database, '$2')}, ${text('$3')}, ${text('$4')}, ${big('$5')}, ${uuidOf(database, '$6')}, ${uuidOf(database, '$7')},
      ${share}, ${used}, ${now}, ${now} + ${big('$11')}
    FROM (SELECT CAST(COALESCE(SUM(share), 0) AS BIGINT) AS others FROM limit_leases WHERE ${meterIs} AND holder <> $6) o WHERE TRUE
    ON CONFLICT (${meterColumns}, holder) DO UPDATE SET
      share = excluded.share, used = excluded.used, renewed_at = excluded.renewed_at, expires_at = excluded.expires_at
    RETURNING share`;
  const params = [...meterParams(ask), holderOf(ask, holder), holder.instanceId];
  return { sql, params: [...params, ask.limit ?? Number.MAX_SAFE_INTEGER, ask.used, ask.wanted, holdMsOf(ask.kind)] };
}

/** What many use without a limit may be more than a number holds exactly; above every limit is all that anybody needs to know of it. */
const countableSum = (column: string): string =>
  `CAST(CASE WHEN COALESCE(SUM(${column}), 0) > ${Number.MAX_SAFE_INTEGER} THEN ${Number.MAX_SAFE_INTEGER} ELSE COALESCE(SUM(${column}), 0) END AS BIGINT)`;

const othersStep = (ask: LeaseAsk, holder: Holder): Statement => ({
  sql: `SELECT ${countableSum('share')} AS share, ${countableSum('used')} AS used FROM limit_leases WHERE ${meterIs} AND holder <> $6`,
  params: [...meterParams(ask), holderOf(ask, holder)],
});

const orderOf = ({ subject, kind, period, fromMs }: LeaseAsk): string => `${subject.kind} ${subject.id} ${kind} ${period} ${fromMs}`;

/**
 * Sets the shares of this instance to what it wants, as far as the limit and the shares of others allow; what it has in use it keeps in any
 * case. One transaction. Answers in the order of the asks, no two of which may be for one meter. Throws the storage errors.
 */
export async function askLeases(database: Database, holder: Holder, asks: readonly LeaseAsk[]): Promise<LeaseAnswer[]> {
  // In one order for everybody, so that two that ask for the same meters never wait for each other in a circle.
  const sorted = asks.map((ask, index) => ({ ask, index, order: orderOf(ask) })).toSorted((a, b) => (a.order < b.order ? -1 : 1));
  const steps = sorted.map(({ ask }) => [
    lockStep(database, ask),
    ...expirySteps(database, ask, holder),
    grantStep(database, ask, holder),
    othersStep(ask, holder),
  ]);
  const returned = await database.driver.write(steps.flat());
  const answers: LeaseAnswer[] = [];
  let taken = 0;
  for (const [place, { index }] of sorted.entries()) {
    taken += steps[place]!.length;
    const share = Number(returned[taken - 2]?.[0]?.['share']);
    const others = returned[taken - 1]?.[0];
    answers[index] = { share, othersShare: Number(others?.['share']), othersUsed: Number(others?.['used']) };
  }
  return answers;
}

/** Counts what instances spent that hold no share of a budget: what the books say of them, where they never said it themselves. */
export async function noteSpentOfOthers(
  database: Database,
  meter: Omit<LeaseAsk, 'limit' | 'used' | 'wanted'>,
  others: readonly { instanceId: string; nanoUsd: number }[],
): Promise<void> {
  const now = nowOf(database);
  const steps = others
    .filter(({ nanoUsd }) => nanoUsd > 0)
    .map(({ instanceId, nanoUsd }): Statement => ({
      sql: `INSERT INTO limit_leases (${meterColumns}, holder, instance_id, share, used, renewed_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $7, ${now}, ${now} + $8) ON CONFLICT (${meterColumns}, holder) DO NOTHING`,
      params: [...meterParams(meter), instanceId, nanoUsd, moneyHoldMs],
    }));
  if (steps.length > 0) await database.driver.write(steps);
}

/** What others use of a meter now, for people to see. */
export async function leasedUseOf(database: Database, meter: Omit<LeaseAsk, 'limit' | 'used' | 'wanted'>, holder: Holder): Promise<number> {
  const ask: LeaseAsk = { ...meter, limit: null, used: 0, wanted: 0 };
  const [row] = await database.driver.rows<{ used: number }>({
    sql: `SELECT ${countableSum('used')} AS used FROM limit_leases WHERE ${meterIs} AND holder <> $6 AND expires_at > ${nowOf(database)}`,
    params: [...meterParams(meter), holderOf(ask, holder)],
  });
  return row?.used ?? 0;
}

/** Shares of budgets whose instances were not heard of for as long as a share is held. */
export async function lostShares(database: Database): Promise<(Omit<LeaseAsk, 'limit' | 'used' | 'wanted'> & { instanceId: string })[]> {
  const rows = await database.driver.rows<{
    subject_kind: LimitSubject['kind'];
    subject_id: string;
    period: LimitPeriod;
    from_ms: number;
    instance_id: string;
  }>({
    sql: `SELECT subject_kind, CAST(subject_id AS TEXT) AS subject_id, period, from_ms, CAST(instance_id AS TEXT) AS instance_id
      FROM limit_leases WHERE kind = 'money' AND expires_at <= ${nowOf(database)} ORDER BY expires_at LIMIT ${lostAtOnce}`,
    params: [],
  });
  return rows.map((row) => ({
    subject: { kind: row.subject_kind, id: row.subject_id },
    kind: 'money',
    period: row.period,
    fromMs: row.from_ms,
    instanceId: row.instance_id,
  }));
}

const lostAtOnce = 500;

/** What the books know of a lost instance is all that it will ever have spent; the rest of its share is free again. */
export async function takeBack(
  database: Database,
  lost: Omit<LeaseAsk, 'limit' | 'used' | 'wanted'> & { instanceId: string },
  spentNanoUsd: number,
): Promise<void> {
  const now = nowOf(database);
  await database.driver.write([
    {
      sql: `UPDATE limit_leases SET share = $7, used = $7, expires_at = ${now} + $8 WHERE ${meterIs} AND holder = $6 AND expires_at <= ${now}`,
      params: [...meterParams(lost), lost.instanceId, spentNanoUsd, moneyHoldMs],
    },
  ]);
}

/** Drops what nobody counts any more: shares that are over, and meters of periods that ended before. To be called now and then. */
export async function sweepLeases(database: Database, endedBeforeMs: number): Promise<void> {
  await database.driver.write([
    { sql: `DELETE FROM limit_leases WHERE kind <> 'money' AND expires_at <= ${nowOf(database)}`, params: [] },
    { sql: `DELETE FROM limit_leases WHERE kind = 'money' AND period <> 'total' AND from_ms < $1`, params: [endedBeforeMs] },
    {
      sql: `DELETE FROM limit_meters WHERE asked_at < $1 AND NOT EXISTS (SELECT 1 FROM limit_leases l WHERE
        l.subject_kind = limit_meters.subject_kind AND l.subject_id = limit_meters.subject_id AND l.kind = limit_meters.kind
        AND l.period = limit_meters.period AND l.from_ms = limit_meters.from_ms)`,
      params: [endedBeforeMs],
    },
  ]);
}
