/** What every installation is told of until somebody says otherwise, also one that is older than these rules. Made once, never again. */
import type { AuditEntry } from '../domain/audit.ts';
import { insertDefaultRules, wasRuleEverMade } from '../storage/alert-rules.ts';
import { writeChange } from '../storage/changes.ts';
import { StaleWrite } from '../storage/errors.ts';
import { claimSetting, settingOf } from '../storage/settings.ts';
import type { ControlDeps } from './deps.ts';

const settingKey = 'default_alert_rules';

/**
 * Makes the default rules where no rule was ever made; TRUE where this call made them. A rule that was deleted was made once, and whoever
 * deletes all of them is not told again: the first look is noted, whatever it finds. Of several instances one makes them.
 * A set-up makes its own, in its own transaction. @throws StorageUnavailable
 */
export async function ensureDefaultRules(deps: Pick<ControlDeps, 'database' | 'keeper' | 'clock' | 'ids'>): Promise<boolean> {
  const { database, keeper, clock, ids } = deps;
  const { organizationId } = keeper.snapshot;
  if (organizationId === '' || (await settingOf(database, settingKey)) !== undefined) return false;
  const nowMs = clock.nowMs();
  try {
    if (await wasRuleEverMade(database)) {
      await database.driver.write([claimSetting(database, settingKey, 'found', nowMs)]);
      return false;
    }
    const steps = [
      claimSetting(database, settingKey, 'made', nowMs),
      ...insertDefaultRules(database, organizationId, () => ids.uuid(), nowMs),
    ];
    const { revision } = await writeChange(database, steps, entryOf(ids.uuid(), nowMs, organizationId));
    await keeper.catchUp(revision);
    return true;
  } catch (error) {
    if (error instanceof StaleWrite && error.label === settingKey) return false;
    throw error;
  }
}

const entryOf = (id: string, atMs: number, organizationId: string): AuditEntry => ({
  id,
  atMs,
  actor: null,
  action: 'alert_rule.defaults',
  subjectType: 'alert_rule',
  subjectId: null,
  subjectName: null,
  owner: { scope: 'organization', id: organizationId },
  outcome: 'success',
  errorCode: null,
  changes: null,
  origin: null,
});
