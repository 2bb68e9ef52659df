/** How long the audit log is kept: 90 days unless an administrator says otherwise (D-27). One word of the list of all that is kept. */
import { forever, retentionOf } from '../domain/retention.ts';
import { retentionSettingsOf } from '../storage/retention.ts';
import type { Caller } from './change.ts';
import { changeRetention, type RetentionControlDeps } from './retention.ts';

/** Null is for ever. */
export async function auditRetentionOf({ database, retentionDays }: RetentionControlDeps): Promise<{ days: number | null }> {
  const { days } = retentionOf('audit', retentionDays, (await retentionSettingsOf(database)).days);
  return { days: days === forever ? null : days };
}

/** From the next hour on. @throws Refusal VALIDATION_ERROR where the environment says it */
export async function changeAuditRetention(
  deps: RetentionControlDeps,
  caller: Caller,
  days: number | null,
): Promise<{ days: number | null }> {
  await changeRetention(deps, caller, { audit: days ?? forever });
  return { days };
}
