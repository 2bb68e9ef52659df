/** Whether a workspace keeps the contents of its requests, and for how long: its ADMIN says so, and the audit log remembers who. */
import { changesBetween } from '../domain/audit.ts';
import type { CaptureSettings } from '../domain/capture.ts';
import type { Actor } from '../domain/owner.ts';
import { dayMs } from '../domain/rollup.ts';
import { captureOf, putCapture, staleCapture } from '../storage/capture.ts';
import { forgetCaptured, shortenCaptured } from '../storage/captured-bodies.ts';
import { requireWorkspace } from '../storage/workspaces.ts';
import { commitAs, keptState, type Caller } from './change.ts';
import { refuseStale, type Expected } from './conflict.ts';
import type { ControlDeps } from './deps.ts';
import { sealingKeyOf } from './secrets.ts';
import { againWhileStale, refusing, stale } from './stale.ts';
import { workspaceFor } from './workspaces.ts';

/** Every member may know whether contents are kept. @throws Refusal NOT_FOUND, FORBIDDEN */
export async function captureFor(deps: ControlDeps, actor: Actor, workspaceId: string): Promise<CaptureSettings> {
  await workspaceFor(deps, actor, workspaceId, 'READ');
  return captureOf(deps.database, workspaceId);
}

const subjectType = 'workspace-capture';

/** Contents are kept, or not, from the next request on; a shorter time holds for those that are there. @throws Refusal NOT_FOUND, FORBIDDEN, CONFLICT, STALE */
export const changeCapture = (
  deps: ControlDeps,
  caller: Caller,
  workspaceId: string,
  change: { isOn: boolean; keptDays: number },
  expected?: Expected<CaptureSettings>,
): Promise<CaptureSettings> =>
  againWhileStale(async () => {
    const workspace = await workspaceFor(deps, caller.actor, workspaceId, 'ADMIN');
    const before = await captureOf(deps.database, workspaceId);
    await refuseStale(deps, expected, { row: before, revision: before.revision, type: subjectType, id: workspaceId });
    const after = { workspaceId, isOn: change.isOn, keptDays: change.keptDays, revision: before.revision };
    // The key that contents are sealed under exists before there are any.
    const sealing = change.isOn ? await sealingKeyOf(deps, { scope: 'workspace', id: workspaceId }) : null;
    const nowMs = deps.clock.nowMs();
    const steps = [
      requireWorkspace(deps.database, workspaceId),
      ...(sealing?.steps ?? []),
      putCapture(deps.database, after, { userId: caller.actor.userId, nowMs }),
      ...(change.keptDays < before.keptDays ? [shortenCaptured(deps.database, workspaceId, change.keptDays * dayMs)] : []),
    ];
    const deed = {
      action: 'workspace-capture.update',
      subjectType,
      subjectId: workspaceId,
      subjectName: workspace.name,
      owner: { scope: 'workspace', id: workspaceId } as const,
      changes: changesBetween(shown(before), shown(after)),
      // Where they were never saved, they are found as they are at their first change.
      state: keptState({ revision: before.revision, updatedAtMs: nowMs }, shown(before), shown(after)),
    };
    const { revision } = await refusing(commitAs(deps, caller, steps, deed), { [staleCapture]: stale, workspace: stale });
    return { isOn: after.isOn, keptDays: after.keptDays, revision };
  });

const shown = ({ isOn, keptDays }: CaptureSettings): Record<string, unknown> => ({ isOn, keptDays });

/** A kept state, as it would be asked for. */
export function captureInput(state: Record<string, unknown>): { isOn: boolean; keptDays: number } {
  const { isOn, keptDays } = state as unknown as CaptureSettings;
  return { isOn, keptDays };
}

/** Throws away all contents that a workspace has kept. @throws Refusal NOT_FOUND, FORBIDDEN */
export async function forgetContents(deps: ControlDeps, caller: Caller, workspaceId: string): Promise<void> {
  const workspace = await workspaceFor(deps, caller.actor, workspaceId, 'ADMIN');
  const deed = {
    action: 'workspace-capture.forget',
    subjectType,
    subjectId: workspaceId,
    subjectName: workspace.name,
    owner: { scope: 'workspace', id: workspaceId } as const,
  };
  await commitAs(deps, caller, [forgetCaptured(deps.database, workspaceId)], deed);
}
