/** Notes in the audit log who was turned away at the door, as far as a flood of such attempts allows. */
import type { Actor, Origin } from '../../domain/owner.ts';
import { writeAudit } from '../../storage/changes.ts';
import { auditEntry } from '../change.ts';
import type { ControlDeps } from '../deps.ts';

const windowMs = 60_000;
/** Entries a minute; beyond these the log says that some are missing, so that strangers cannot fill the database. */
const entriesMax = 120;
/** These write an entry of their own, with more in it. */
const notedElsewhere = new Set(['SIGN_IN_REFUSED', 'SETUP_TOKEN_INVALID']);

export type NoteRefusedAccess = (actor: Actor | null, origin: Origin, method: string, path: string, code: string) => Promise<void>;

/** @returns a function that never throws */
export function createRefusedAccessNotes(deps: Pick<ControlDeps, 'database' | 'clock' | 'ids' | 'log'>): NoteRefusedAccess {
  let windowStartMs = deps.clock.monotonicMs();
  let written = 0;
  return async (actor, origin, method, path, code) => {
    if (notedElsewhere.has(code)) return;
    const nowMs = deps.clock.monotonicMs();
    if (nowMs - windowStartMs >= windowMs) [windowStartMs, written] = [nowMs, 0];
    written += 1;
    if (written > entriesMax) {
      if (written === entriesMax + 1) deps.log.warn({ entriesMax }, 'too many refused requests: some are not in the audit log');
      return;
    }
    const deed = { action: 'access.refused', subjectType: 'route', subjectId: null, subjectName: `${method} ${path}`, owner: null };
    try {
      await writeAudit(deps.database, auditEntry(deps, { actor, origin }, deed, 'refused', code));
    } catch (error) {
      deps.log.error({ err: error, requestId: origin.requestId }, 'a refused request could not be noted');
    }
  };
}
