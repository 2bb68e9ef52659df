/** One change, as every room of the control plane makes it: written with audit and revision, then seen by the next request. */
import type { AuditEntry } from '../domain/audit.ts';
import type { Refusal } from '../domain/errors.ts';
import type { Actor, Origin, Owner } from '../domain/owner.ts';
import { writeAudit, writeChange } from '../storage/changes.ts';
import type { WriteStep } from '../storage/driver.ts';
import type { KeptState } from '../storage/object-revisions.ts';
import type { ControlDeps } from './deps.ts';

export interface Caller {
  actor: Actor;
  origin: Origin;
  /** The revision whose state is brought back by this change: the audit log then says rollback instead of update. */
  rollsBackTo?: number;
  /**
   * Makes things as a file has them: what points to something that sleeps, or has lost its model since, stood so where the file was
   * written, and must not keep the rest of it from being made.
   */
  isApplying?: boolean;
}

export interface Deed {
  action: string;
  subjectType: string;
  subjectId: string | null;
  subjectName: string | null;
  owner: Owner | null;
  changes?: AuditEntry['changes'];
  /** What its subject is and was, for the history of configuration objects; never a secret. */
  state?: KeptState;
}

export function auditEntry(
  deps: Pick<ControlDeps, 'clock' | 'ids'>,
  caller: Caller | { actor: null; origin: Origin; rollsBackTo?: number },
  { state: _state, ...deed }: Deed,
  outcome: AuditEntry['outcome'] = 'success',
  errorCode: string | null = null,
): AuditEntry {
  const atMs = deps.clock.nowMs();
  const cameAtMs = caller.origin.atMs;
  return {
    id: deps.ids.uuid(),
    atMs,
    outcome,
    errorCode,
    changes: null,
    ...deed,
    ...(caller.rollsBackTo !== undefined && broughtBack(deed, caller.rollsBackTo)),
    actor: caller.actor,
    origin: caller.origin,
    durationMs: cameAtMs === undefined ? null : Math.max(0, Math.round(atMs - cameAtMs)),
  };
}

const broughtBack = ({ action, changes }: Deed, revision: number): Pick<AuditEntry, 'action' | 'changes'> => ({
  action: action.replace(/\.update$/, '.rollback'),
  changes: { ...changes, rollbackTo: { after: revision } },
});

/** What a change leaves in the history of its object: made, changed, or gone. */
export const keptState = (
  before: { revision: number; updatedAtMs: number } | null,
  stateBefore: Record<string, unknown> | null,
  after: Record<string, unknown> | null,
): KeptState => ({
  after,
  ...(before && stateBefore && { before: { revision: before.revision, atMs: before.updatedAtMs, state: stateBefore } }),
});

/** As `commit`, and says which revision the change has. */
export async function commitAs(
  deps: ControlDeps,
  caller: Caller,
  steps: readonly WriteStep[],
  deed: Deed,
): Promise<{ revision: number; returned: Record<string, unknown>[][] }> {
  const written = await writeChange(deps.database, steps, auditEntry(deps, caller, deed), deed.state);
  await deps.keeper.catchUp(written.revision);
  return written;
}

/** Writes the change and waits until this instance serves it: an answer is never ahead of what the next request sees (C-26). */
export async function commit(
  deps: ControlDeps,
  caller: Caller,
  steps: readonly WriteStep[],
  deed: Deed,
): Promise<Record<string, unknown>[][]> {
  return (await commitAs(deps, caller, steps, deed)).returned;
}

/** Notes what somebody tried and may not do; the refusal itself is thrown by the caller of this. */
export async function noteRefusal(deps: ControlDeps, caller: Caller, deed: Deed, refusal: Refusal): Promise<void> {
  await writeAudit(deps.database, auditEntry(deps, caller, deed, 'refused', refusal.code));
}
