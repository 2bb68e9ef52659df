/** How long the audit log is kept: 90 days unless an administrator says otherwise (D-27). */
import { changesBetween } from '../domain/audit.ts';
import { putSetting, settingOf } from '../storage/settings.ts';
import type { Database } from '../storage/database.ts';
import { commit, type Caller } from './change.ts';
import type { ControlDeps } from './deps.ts';

export const auditDaysDefault = 90;

/** Null is for ever. */
export async function auditRetentionOf(database: Database): Promise<{ days: number | null }> {
  const text = await settingOf(database, 'audit_retention_days');
  if (text === undefined) return { days: auditDaysDefault };
  return { days: text === 'forever' ? null : Number(text) };
}

/** From the next hour on. */
export async function changeAuditRetention(deps: ControlDeps, caller: Caller, days: number | null): Promise<{ days: number | null }> {
  const before = await auditRetentionOf(deps.database);
  const step = putSetting(deps.database, 'audit_retention_days', days === null ? 'forever' : String(days), deps.clock.nowMs());
  const deed = { action: 'audit-settings.update', subjectType: 'audit', subjectId: 'retention', subjectName: null, owner: null };
  await commit(deps, caller, [step], { ...deed, changes: changesBetween(before, { days }) });
  return { days };
}
