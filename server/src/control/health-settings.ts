/** What the installation says of checks: how often a connection is checked that says nothing else, and by what. */
import { changesBetween } from '../domain/audit.ts';
import type { HealthSettings } from '../domain/health-settings.ts';
import { healthSettingsOf, putHealthSettings, staleHealthSettings } from '../storage/health-settings.ts';
import { commitAs, keptState, type Caller } from './change.ts';
import { refuseStale, type Expected } from './conflict.ts';
import type { ControlDeps } from './deps.ts';
import { againWhileStale, refusing, stale } from './stale.ts';

const subjectType = 'health-settings';

/** For administrators; takes effect with the next check. @throws Refusal CONFLICT, STALE */
export const changeHealthSettings = (
  deps: ControlDeps,
  caller: Caller,
  change: { everyS?: number | undefined; way?: HealthSettings['way'] | undefined },
  expected?: Expected<HealthSettings>,
): Promise<HealthSettings> =>
  againWhileStale(async () => {
    const before = await healthSettingsOf(deps.database);
    const { organizationId } = deps.keeper.snapshot;
    await refuseStale(deps, expected, { row: before, revision: before.revision, type: subjectType, id: organizationId });
    const after: HealthSettings = { ...before, everyS: change.everyS ?? before.everyS, way: change.way ?? before.way };
    // Where they were never saved, they are found as they are at their first change.
    const nowMs = deps.clock.nowMs();
    const deed = {
      action: 'health-settings.update',
      subjectType,
      subjectId: organizationId,
      subjectName: null,
      owner: { scope: 'organization', id: organizationId } as const,
      changes: changesBetween(shown(before), shown(after)),
      state: keptState({ revision: before.revision, updatedAtMs: nowMs }, shown(before), shown(after)),
    };
    const step = putHealthSettings(deps.database, after, nowMs);
    const { revision } = await refusing(commitAs(deps, caller, [step], deed), { [staleHealthSettings]: stale });
    return { ...after, revision };
  });

const shown = ({ everyS, way }: HealthSettings): Record<string, unknown> => ({ everyS, way });
