/** Limits at rest. One that is taken away stays as a row for a while, so that other instances hear of it by its revision. */
import { sql, type Expression, type SqlBool } from 'kysely';
import type { Limit, LimitSubject, LimitSubjectKind } from '../domain/limit.ts';
import type { LimitRow } from '../domain/limit-table.ts';
import { thisRevision } from './changes.ts';
import type { Database } from './database.ts';
import type { Statement } from './driver.ts';

/** Who set a limit: what an administrator set, only an administrator changes. */
export type LimitLevel = 'administrator' | 'owner';

export interface LimitRecord extends Limit {
  id: string;
  level: LimitLevel;
  createdBy: string | null;
  createdAtMs: number;
  updatedAtMs: number;
  revision: number;
}

interface Row {
  id: string;
  subject_kind: LimitSubjectKind;
  subject_id: string;
  kind: Limit['kind'];
  period: Limit['period'];
  value: number;
  soft_percent: number | null;
  is_shadow: boolean;
  level: LimitLevel;
  created_by: string | null;
  created_at: number;
  updated_at: number;
  deleted_at: number | null;
  revision: number;
}

const limitOfRow = (row: Row): Limit & { id: string } => ({
  id: row.id,
  subject: { kind: row.subject_kind, id: row.subject_id },
  kind: row.kind,
  period: row.period,
  value: row.value,
  softPercent: row.soft_percent,
  isShadow: row.is_shadow,
});

const recordOfRow = (row: Row): LimitRecord => ({
  ...limitOfRow(row),
  level: row.level,
  createdBy: row.created_by,
  createdAtMs: row.created_at,
  updatedAtMs: row.updated_at,
  revision: row.revision,
});

/** The index that refuses a second limit of one kind and level on one subject. */
export const limitsMeterIndex = 'limits_meter';
/** As a change or a removal fails where the limit was changed or taken away meanwhile. */
export const staleLimit = 'limit';

const pageRows = 5_000;
/** Sorts after every id. */
const lastUuid = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

/** Everything that changed above a revision, page by page, for the snapshot. */
export async function limitsAbove({ db }: Pick<Database, 'db'>, above: number): Promise<LimitRow[]> {
  const all: LimitRow[] = [];
  let [revision, id] = [above, lastUuid];
  for (;;) {
    const page = await db
      .selectFrom('limits')
      .selectAll()
      .where(sql<SqlBool>`(revision, id) > (${revision}, ${id})`)
      .orderBy('revision')
      .orderBy('id')
      .limit(pageRows)
      .execute();
    for (const row of page) all.push({ id: row.id, limit: limitOfRow(row), isGone: row.deleted_at !== null });
    const last = page.at(-1);
    if (!last || page.length < pageRows) return all;
    [revision, id] = [last.revision, last.id];
  }
}

const live = ({ db }: Database) => db.selectFrom('limits').selectAll().where('deleted_at', 'is', null);

export async function limitById(database: Database, id: string): Promise<LimitRecord | undefined> {
  const row = await live(database).where('id', '=', id).executeTakeFirst();
  return row && recordOfRow(row);
}

export async function limitsOn(database: Database, { kind, id }: LimitSubject): Promise<LimitRecord[]> {
  const rows = await live(database).where('subject_kind', '=', kind).where('subject_id', '=', id).orderBy('id').execute();
  return rows.map(recordOfRow);
}

/** All limits, newest first, page by page: for administrators. */
export async function listLimits(
  database: Database,
  page: { cursor?: string; limit: number; subjectKind?: LimitSubjectKind },
): Promise<LimitRecord[]> {
  let query = live(database);
  if (page.subjectKind !== undefined) query = query.where('subject_kind', '=', page.subjectKind);
  if (page.cursor !== undefined) query = query.where('id', '<', page.cursor);
  return (await query.orderBy('id', 'desc').limit(page.limit).execute()).map(recordOfRow);
}

/** Fails as `limits_meter` where the subject has such a limit of this level. */
export const insertLimit = ({ db, compile }: Database, limit: Omit<LimitRecord, 'revision'>): Statement =>
  compile(
    db.insertInto('limits').values({
      id: limit.id,
      subject_kind: limit.subject.kind,
      subject_id: limit.subject.id,
      kind: limit.kind,
      period: limit.period,
      value: limit.value,
      soft_percent: limit.softPercent,
      is_shadow: limit.isShadow,
      level: limit.level,
      created_by: limit.createdBy,
      created_at: limit.createdAtMs,
      updated_at: limit.updatedAtMs,
      deleted_at: null,
      revision: thisRevision,
    }),
  );

/** Fails the batch as `limit` where it was changed since it had the record's revision. */
export const updateLimit = ({ db, compile }: Database, limit: LimitRecord, nowMs: number): Statement =>
  compile(
    db
      .updateTable('limits')
      .set({ value: limit.value, soft_percent: limit.softPercent, is_shadow: limit.isShadow, updated_at: nowMs, revision: thisRevision })
      .where('id', '=', limit.id)
      .where('revision', '=', limit.revision)
      .where('deleted_at', 'is', null),
    { expectRows: 1, label: staleLimit },
  );

/** Whatever was changed of it since. Fails the batch as `limit` where it is gone already. */
export const deleteLimit = ({ db, compile }: Database, limit: LimitRecord, nowMs: number): Statement =>
  compile(
    db
      .updateTable('limits')
      .set({ deleted_at: nowMs, updated_at: nowMs, revision: thisRevision })
      .where('id', '=', limit.id)
      .where('deleted_at', 'is', null),
    { expectRows: 1, label: staleLimit },
  );

/** Ends every limit on things of one kind that are gone, whoever set it: on those that are listed, or that a query names. */
export const endLimitsAmong = (
  { db, compile }: Database,
  kind: LimitSubjectKind,
  gone: readonly string[] | Expression<string>,
  nowMs: number,
): Statement =>
  compile(
    db
      .updateTable('limits')
      .set({ deleted_at: nowMs, updated_at: nowMs, revision: thisRevision })
      .where('subject_kind', '=', kind)
      .where('subject_id', 'in', gone)
      .where('deleted_at', 'is', null),
  );

/** The same for one thing. */
export const endLimitsOn = (database: Database, { kind, id }: LimitSubject, nowMs: number): Statement =>
  endLimitsAmong(database, kind, [id], nowMs);

/** What holds for all limits of the installation. */
export interface LimitSettings {
  /** IANA name of the zone whose days and months budgets are counted by. */
  timeZone: string;
  /** What is set aside at most for the answer to a request that names no maximum; null for what the model can say at most. */
  outputTokensCeiling: number | null;
  /** 0 where they were never saved. */
  revision: number;
}

const settingsKey = 'limit_settings';
export const staleLimitSettings = 'limit-settings';
const settingsDefault: LimitSettings = { timeZone: 'UTC', outputTokensCeiling: null, revision: 0 };

const settingsOfRow = (row: { value: string; revision: number }): LimitSettings => ({
  ...(JSON.parse(row.value) as Pick<LimitSettings, 'timeZone' | 'outputTokensCeiling'>),
  revision: row.revision,
});

export async function limitSettingsOf({ db }: Database): Promise<LimitSettings> {
  const row = await db.selectFrom('settings').select(['value', 'revision']).where('key', '=', settingsKey).executeTakeFirst();
  return row ? settingsOfRow(row) : settingsDefault;
}

/** Undefined where they were not saved above the revision. */
export async function limitSettingsAbove({ db }: Pick<Database, 'db'>, above: number): Promise<LimitSettings | undefined> {
  const query = db.selectFrom('settings').select(['value', 'revision']).where('key', '=', settingsKey).where('revision', '>', above);
  const row = await query.executeTakeFirst();
  return row && settingsOfRow(row);
}

/** Fails the batch as `limit-settings` where somebody saved them since they had this revision. */
export function putLimitSettings({ db, compile }: Database, settings: LimitSettings, nowMs: number): Statement {
  const { timeZone, outputTokensCeiling, revision } = settings;
  const value = JSON.stringify({ timeZone, outputTokensCeiling });
  return compile(
    db
      .insertInto('settings')
      .values({ key: settingsKey, value, revision: thisRevision, updated_at: nowMs })
      .onConflict((conflict) =>
        conflict.column('key').doUpdateSet({ value, revision: thisRevision, updated_at: nowMs }).where('settings.revision', '=', revision),
      ),
    { expectRows: 1, label: staleLimitSettings },
  );
}
