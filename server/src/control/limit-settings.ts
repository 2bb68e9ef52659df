/** What holds for all limits: by which zone's calendar budgets begin anew, and how long an answer is reckoned with that names no end. */
import { changesBetween } from '../domain/audit.ts';
import { unfit } from '../domain/errors.ts';
import { UnreadableRange, zoneOf } from '../domain/usage-range.ts';
import { limitSettingsOf, putLimitSettings, staleLimitSettings, type LimitSettings } from '../storage/limits.ts';
import { commitAs, keptState, type Caller } from './change.ts';
import { refuseStale, type Expected } from './conflict.ts';
import type { ControlDeps } from './deps.ts';
import { againWhileStale, refusing, stale } from './stale.ts';

const subjectType = 'limit-settings';

function knownZone(name: string): string {
  try {
    return zoneOf(name);
  } catch (error) {
    if (error instanceof UnreadableRange)
      throw unfit({ path: 'timeZone', code: 'unknown_zone', message: 'a time zone such as Asia/Jakarta' });
    throw error;
  }
}

/** For administrators. Budgets of running days and months are read from the books anew. @throws Refusal VALIDATION_ERROR, CONFLICT, STALE */
export const changeLimitSettings = (
  deps: ControlDeps,
  caller: Caller,
  change: { timeZone?: string | undefined; outputTokensCeiling?: number | null | undefined },
  expected?: Expected<LimitSettings>,
): Promise<LimitSettings> =>
  againWhileStale(async () => {
    const before = await limitSettingsOf(deps.database);
    await refuseStale(deps, expected, {
      row: before,
      revision: before.revision,
      type: subjectType,
      id: deps.keeper.snapshot.organizationId,
    });
    const after: LimitSettings = {
      timeZone: change.timeZone === undefined ? before.timeZone : knownZone(change.timeZone),
      outputTokensCeiling: change.outputTokensCeiling === undefined ? before.outputTokensCeiling : change.outputTokensCeiling,
      revision: before.revision,
    };
    const organizationId = deps.keeper.snapshot.organizationId;
    // Where they were never saved, they are found as they are at their first change.
    const nowMs = deps.clock.nowMs();
    const deed = {
      action: 'limit-settings.update',
      subjectType,
      subjectId: organizationId,
      subjectName: null,
      owner: { scope: 'organization', id: organizationId } as const,
      changes: changesBetween(shown(before), shown(after)),
      state: keptState({ revision: before.revision, updatedAtMs: nowMs }, shown(before), shown(after)),
    };
    const step = putLimitSettings(deps.database, after, nowMs);
    const { revision } = await refusing(commitAs(deps, caller, [step], deed), { [staleLimitSettings]: stale });
    return { ...after, revision };
  });

const shown = ({ timeZone, outputTokensCeiling }: LimitSettings): Record<string, unknown> => ({ timeZone, outputTokensCeiling });
