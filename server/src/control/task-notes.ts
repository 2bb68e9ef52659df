/** What people ask of long work, in the audit log: that it begins, waits, goes on or ends. */
import { writeAudit } from '../storage/changes.ts';
import { auditEntry, type Caller } from './change.ts';
import type { ControlDeps } from './deps.ts';

/** @param wish `start`, `pause`, `resume`, `cancel` */
export async function noteTaskWish(
  deps: Pick<ControlDeps, 'database' | 'clock' | 'ids'>,
  caller: Caller,
  wish: string,
  task: { id: string; kind: string },
): Promise<void> {
  const deed = { action: `task.${wish}`, subjectType: 'task', subjectId: task.id, subjectName: task.kind, owner: null };
  await writeAudit(deps.database, auditEntry(deps, caller, deed));
}
