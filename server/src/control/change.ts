/** One change, as every room of the control plane makes it: written with audit and revision, then seen by the next request. */
import type { AuditEntry } from '../domain/audit.ts';
import type { Refusal } from '../domain/errors.ts';
import type { Actor, Origin, Owner } from '../domain/owner.ts';
import { writeAudit, writeChange } from '../storage/changes.ts';
import type { WriteStep } from '../storage/driver.ts';
import type { ControlDeps } from './deps.ts';

export interface Caller {
  actor: Actor;
  origin: Origin;
}

export interface Deed {
  action: string;
  subjectType: string;
  subjectId: string | null;
  subjectName: string | null;
  owner: Owner | null;
  changes?: AuditEntry['changes'];
}

export function auditEntry(
  deps: Pick<ControlDeps, 'clock' | 'ids'>,
  caller: Caller | { actor: null; origin: Origin },
  deed: Deed,
  outcome: AuditEntry['outcome'] = 'success',
  errorCode: string | null = null,
): AuditEntry {
  return {
    id: deps.ids.uuid(),
    atMs: deps.clock.nowMs(),
    outcome,
    errorCode,
    changes: null,
    ...deed,
    actor: caller.actor,
    origin: caller.origin,
  };
}

/** As `commit`, and says which revision the change has. */
export async function commitAs(
  deps: ControlDeps,
  caller: Caller,
  steps: readonly WriteStep[],
  deed: Deed,
): Promise<{ revision: number; returned: Record<string, unknown>[][] }> {
  const written = await writeChange(deps.database, steps, auditEntry(deps, caller, deed));
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
