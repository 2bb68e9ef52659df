/** How long the installation keeps its rows, and what retention did last: for administrators, and for the page that shows the system. */
import { changesBetween } from '../domain/audit.ts';
import { unfit } from '../domain/errors.ts';
import { forever, retentionNouns, retentionOf, retentionRules, type RetentionDays, type RetentionNoun, type RetentionOrigin, type RetentionRule } from '../domain/retention.ts'; // prettier-ignore
import {
  putAuditDays,
  putRetentionSettings,
  retentionRuns,
  retentionSettingsOf,
  staleRetention,
  type RetentionRun,
  type RetentionSettings,
} from '../storage/retention.ts';
import { commitAs, keptState, type Caller } from './change.ts';
import { refuseStale, type Expected } from './conflict.ts';
import type { ControlDeps } from './deps.ts';
import { againWhileStale, refusing, stale } from './stale.ts';

export interface RetentionControlDeps extends ControlDeps {
  /** What the operator's environment says. */
  retentionDays: RetentionDays;
}

export interface ShownRetention extends RetentionRule {
  noun: RetentionNoun;
  days: number;
  origin: RetentionOrigin;
  lastRun: RetentionRun | null;
}

export interface AllRetention {
  revision: number;
  rows: ShownRetention[];
}

/** How long each kind of rows is kept, who says so, and the last look at it. */
export async function showRetention(deps: RetentionControlDeps): Promise<AllRetention> {
  const [settings, runs] = await Promise.all([retentionSettingsOf(deps.database), retentionRuns(deps.database)]);
  return shownOf(deps, settings, runs);
}

function shownOf(
  deps: Pick<RetentionControlDeps, 'retentionDays'>,
  { days, revision }: RetentionSettings,
  runs: readonly RetentionRun[],
): AllRetention {
  const rows = retentionNouns.map((noun) => ({
    ...retentionRules[noun],
    noun,
    ...retentionOf(noun, deps.retentionDays, days),
    lastRun: runs.find((run) => run.noun === noun) ?? null,
  }));
  return { revision, rows };
}

const subjectType = 'retention';

function settled(deps: RetentionControlDeps, before: RetentionDays, change: Partial<Record<RetentionNoun, number | null>>): RetentionDays {
  const days: RetentionDays = { ...before };
  for (const noun of retentionNouns) {
    const asked = change[noun];
    if (asked === undefined) continue;
    const { daysMin, daysMax, mayBeForever, settingName } = retentionRules[noun];
    const path = `days.${noun}`;
    if (deps.retentionDays[noun] !== undefined) throw unfit({ path, code: 'set_by_environment', message: `set by ${settingName}` });
    if (asked === null) delete days[noun];
    else if (asked === forever && mayBeForever) days[noun] = forever;
    else if (asked < daysMin || asked > daysMax) throw unfit({ path, code: 'out_of_range', message: `from ${daysMin} to ${daysMax} days` });
    else days[noun] = asked;
  }
  return days;
}

/** Changes what is named; null goes back to the default. @throws Refusal VALIDATION_ERROR, CONFLICT, STALE */
export const changeRetention = (
  deps: RetentionControlDeps,
  caller: Caller,
  change: Partial<Record<RetentionNoun, number | null>>,
  expected?: Expected<AllRetention>,
): Promise<AllRetention> =>
  againWhileStale(async () => {
    const before = await retentionSettingsOf(deps.database);
    const organizationId = deps.keeper.snapshot.organizationId;
    if (expected && expected.revision !== before.revision)
      await refuseStale(deps, expected, {
        row: await showRetention(deps),
        revision: before.revision,
        type: subjectType,
        id: organizationId,
      });
    const days = settled(deps, before.days, change);
    const nowMs = deps.clock.nowMs();
    const deed = {
      action: 'retention.update',
      subjectType,
      subjectId: organizationId,
      subjectName: null,
      owner: { scope: 'organization', id: organizationId } as const,
      changes: changesBetween({ ...before.days }, { ...days }),
      // Where they were never saved, they are found as they are at their first change.
      state: keptState({ revision: before.revision, updatedAtMs: nowMs }, stateOf(before.days), stateOf(days)),
    };
    const steps = [
      putRetentionSettings(deps.database, { days, revision: before.revision }, nowMs),
      ...(days.audit === before.days.audit ? [] : [putAuditDays(deps.database, days.audit, nowMs)]),
    ];
    const { revision } = await refusing(commitAs(deps, caller, steps, deed), { [staleRetention]: stale });
    // What was written here, and not what stands by now: whoever goes on from this answer would else take the change of another for seen.
    return shownOf(deps, { days, revision }, await retentionRuns(deps.database));
  });

/** Every kind with the days that were saved; null is the default. */
const stateOf = (days: RetentionDays): Record<string, unknown> =>
  Object.fromEntries(retentionNouns.map((noun) => [noun, days[noun] ?? null]));

/** A kept state, as it would be asked for; what the environment says by now cannot be asked for. */
export function retentionInput(
  { retentionDays }: Pick<RetentionControlDeps, 'retentionDays'>,
  state: Record<string, unknown>,
): Partial<Record<RetentionNoun, number | null>> {
  const free = retentionNouns.filter((noun) => retentionDays[noun] === undefined);
  return Object.fromEntries(free.map((noun) => [noun, (state[noun] as number | null | undefined) ?? null]));
}
