/** Alert rules as rows: reading them, the statements that change them, and everything of alerts that changed above a revision. */
import { sql, type Selectable } from 'kysely';
import type { AlertDelta } from '../domain/alert-book.ts';
import { defaultRules, type AlertRule, type AlertThreshold } from '../domain/alert.ts';
import type { Owner } from '../domain/owner.ts';
import { channelOfRow, mailOfRow } from './alert-channels.ts';
import { thisRevision } from './changes.ts';
import type { Database } from './database.ts';
import type { Statement } from './driver.ts';
import type { AlertSchema } from './schema-alerts.ts';

/** One owner has a few dozen. */
export const rulesMax = 200;
/** What is loaded into memory in all. */
const loadedMax = 20_000;

type RuleRow = Selectable<AlertSchema['alert_rules']>;

/** The JSON columns are written by the house alone. */
const ruleOfRow = (row: RuleRow): AlertRule => ({
  id: row.id,
  owner: { scope: row.scope, id: row.owner_id },
  name: row.name,
  kind: row.kind,
  threshold: JSON.parse(row.threshold) as AlertThreshold,
  connectionId: row.connection_id,
  severity: row.severity,
  channelIds: row.channels === null ? null : (JSON.parse(row.channels) as string[]),
  repeatS: row.repeat_seconds,
  cooldownS: row.cooldown_seconds,
  isAutoResolved: row.is_auto_resolved,
  mutedUntilMs: row.muted_until,
  isActive: row.is_active,
  createdBy: row.created_by,
  createdAtMs: row.created_at,
  updatedAtMs: row.updated_at,
  revision: row.revision,
});

/** One that is not deleted. */
export async function ruleById({ db }: Database, id: string): Promise<AlertRule | undefined> {
  const row = await db.selectFrom('alert_rules').selectAll().where('id', '=', id).where('deleted_at', 'is', null).executeTakeFirst();
  return row && ruleOfRow(row);
}

const columnsOf = (rule: AlertRule) => ({
  name: rule.name,
  threshold: JSON.stringify(rule.threshold),
  connection_id: rule.connectionId,
  severity: rule.severity,
  channels: rule.channelIds === null ? null : JSON.stringify(rule.channelIds),
  repeat_seconds: rule.repeatS,
  cooldown_seconds: rule.cooldownS,
  is_auto_resolved: rule.isAutoResolved,
  muted_until: rule.mutedUntilMs,
  is_active: rule.isActive,
  updated_at: rule.updatedAtMs,
  revision: thisRevision,
});

export const insertRule = ({ db, compile }: Database, rule: AlertRule): Statement =>
  compile(
    db.insertInto('alert_rules').values({
      id: rule.id,
      scope: rule.owner.scope,
      owner_id: rule.owner.id,
      kind: rule.kind,
      created_by: rule.createdBy,
      created_at: rule.createdAtMs,
      ...columnsOf(rule),
    }),
  );

/** TRUE also where every one of them was deleted since. */
export async function wasRuleEverMade({ db }: Database): Promise<boolean> {
  const row = await db.selectFrom('alert_rules').select('id').limit(1).executeTakeFirst();
  const past =
    row ?? (await db.selectFrom('object_revisions').select('id').where('subject_type', '=', 'alert_rule').limit(1).executeTakeFirst());
  return past !== undefined;
}

/** What a new installation is told of. */
export const insertDefaultRules = (database: Database, organizationId: string, newId: () => string, nowMs: number): Statement[] =>
  defaultRules.map((rule, index) =>
    insertRule(database, {
      ...rule,
      id: newId(),
      owner: { scope: 'organization', id: organizationId },
      name: null,
      connectionId: null,
      channelIds: null,
      isAutoResolved: true,
      mutedUntilMs: null,
      isActive: true,
      createdBy: null,
      // In their order, also where they are listed by it.
      createdAtMs: nowMs + index,
      updatedAtMs: nowMs,
      revision: 0,
    }),
  );

/** Label of a step that met a rule which was changed or deleted since it was read. */
export const staleRule = 'alert_rule';

/** Kind and owner stay. Fails as `alert_rule` where it has another revision than it was read with. */
export const updateRule = ({ db, compile }: Database, rule: AlertRule, readRevision: number): Statement =>
  compile(
    db
      .updateTable('alert_rules')
      .set(columnsOf(rule))
      .where('id', '=', rule.id)
      .where('revision', '=', readRevision)
      .where('deleted_at', 'is', null),
    { expectRows: 1, label: staleRule },
  );

/** It tells nobody any more; its alerts stay. Fails as `alert_rule` where it is gone already. */
export const deleteRule = ({ db, compile }: Database, id: string, nowMs: number): Statement =>
  compile(
    db
      .updateTable('alert_rules')
      .set({ is_active: false, deleted_at: nowMs, updated_at: nowMs, revision: thisRevision })
      .where('id', '=', id)
      .where('deleted_at', 'is', null),
    { expectRows: 1, label: staleRule },
  );

/**
 * Ends the rules and channels of an owner that is gone: nobody is told any more, and neither what was sealed nor whom it went to is left,
 * in channels that were deleted before it neither. A person's history of them goes too, as all of a person's does.
 */
export function deleteAlertingOf({ db, compile }: Database, { scope, id }: Owner, nowMs: number): Statement[] {
  const ended = { is_active: false, updated_at: nowMs, revision: thisRevision };
  const channels = db.selectFrom('alert_channels').select('id').where('scope', '=', scope).where('owner_id', '=', id);
  const steps = [
    compile(
      db
        .updateTable('alert_rules')
        .set({ ...ended, deleted_at: nowMs })
        .where('scope', '=', scope)
        .where('owner_id', '=', id)
        .where('deleted_at', 'is', null),
    ),
    compile(db.updateTable('alert_deliveries').set({ recipient: '' }).where('channel_id', 'in', channels).where('recipient', '<>', '')),
    compile(
      db
        .updateTable('alert_channels')
        .set((of) => ({ ...ended, settings: '{}', secret_encrypted: null, deleted_at: of.fn.coalesce('deleted_at', of.val(nowMs)) }))
        .where('scope', '=', scope)
        .where('owner_id', '=', id),
    ),
  ];
  if (scope === 'user')
    for (const [type, table] of [
      ['alert_channel', 'alert_channels'],
      ['alert_rule', 'alert_rules'],
    ] as const) {
      // The history knows its subjects as texts.
      const own = db
        .selectFrom(table)
        .select(sql<string>`CAST(id AS TEXT)`.as('id'))
        .where('scope', '=', scope)
        .where('owner_id', '=', id);
      steps.push(compile(db.deleteFrom('object_revisions').where('subject_type', '=', type).where('subject_id', 'in', own)));
    }
  return steps;
}

const ownerOf = (row: { scope: Owner['scope']; owner_id: string }): Owner => ({ scope: row.scope, id: row.owner_id });

/** What changed above a revision, undefined for nothing; at the beginning all of it. An installation has far less than is loaded at most. */
export async function alertsAbove({ db }: Pick<Database, 'db'>, above: number): Promise<AlertDelta | undefined> {
  const rules = await db.selectFrom('alert_rules').selectAll().where('revision', '>', above).limit(loadedMax).execute();
  const channels = await db.selectFrom('alert_channels').selectAll().where('revision', '>', above).limit(loadedMax).execute();
  const mail = await db.selectFrom('mail_servers').selectAll().where('revision', '>', above).executeTakeFirst();
  if (rules.length === 0 && channels.length === 0 && !mail) return undefined;
  return {
    rules: rules.map((row) => ({ id: row.id, owner: ownerOf(row), rule: row.deleted_at === null ? ruleOfRow(row) : null })),
    channels: channels.map((row) => ({
      id: row.id,
      owner: ownerOf(row),
      channel: row.deleted_at === null ? channelOfRow(row) : null,
      sealed: row.secret_encrypted,
    })),
    mail: mail ? { server: mail.deleted_at === null ? mailOfRow(mail) : null, sealed: mail.password_encrypted } : null,
  };
}
