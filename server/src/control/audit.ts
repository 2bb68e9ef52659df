/** Who may read the audit log, and how: administrators all of it, ADMINs of a workspace what happened in it (D-27). */
import type { Actor } from '../domain/owner.ts';
import { isAdministrator } from '../domain/owner.ts';
import { Refusal } from '../domain/errors.ts';
import { listAudit, type AuditFilter, type AuditPlace, type AuditRecord } from '../storage/audit-log.ts';
import { writeAudit } from '../storage/changes.ts';
import { verifyAudit, type AuditVerdict } from './audit-verify.ts';
import { auditEntry, type Caller } from './change.ts';
import type { ControlDeps } from './deps.ts';
import { workspaceFor } from './workspaces.ts';

/** Entries of one export; a longer log is exported in parts, by date. */
export const exportRowsMax = 1_000_000;
const exportPageRows = 1_000;

/** @throws Refusal FORBIDDEN, NOT_FOUND as C-50 says */
export async function scopeOf(deps: ControlDeps, actor: Actor, workspaceId: string | null): Promise<Pick<AuditFilter, 'workspaceId'>> {
  if (workspaceId !== null) return { workspaceId: (await workspaceFor(deps, actor, workspaceId, 'ADMIN')).id };
  if (!isAdministrator(actor)) throw new Refusal('FORBIDDEN');
  return {};
}

/** One page; `next` is null at the end. */
export async function readAudit(
  deps: ControlDeps,
  actor: Actor,
  workspaceId: string | null,
  filter: AuditFilter,
  page: { after: AuditPlace | null; limit: number },
): Promise<{ rows: AuditRecord[]; next: AuditPlace | null }> {
  const scope = await scopeOf(deps, actor, workspaceId);
  const rows = await listAudit(deps.database, { ...filter, ...scope }, page.after, page.limit);
  const last = rows.at(-1);
  return { rows, next: last && rows.length === page.limit ? { atMs: last.atMs, id: last.id } : null };
}

/**
 * All that pass the filter, page after page. That somebody took them away is an entry of its own; not so where `isTaken` is FALSE, since
 * only the head of the file goes out. @throws as `readAudit`, before the first page
 */
export async function exportAudit(
  deps: ControlDeps,
  caller: Caller,
  workspaceId: string | null,
  filter: AuditFilter,
  isTaken: boolean,
): Promise<AsyncGenerator<readonly AuditRecord[], void, undefined>> {
  const scope = await scopeOf(deps, caller.actor, workspaceId);
  if (isTaken) await noteAuditExport(deps, caller, workspaceId, filter);
  return pagesOf(deps, { ...filter, ...scope });
}

/** That somebody takes a part of the log away. */
export async function noteAuditExport(deps: ControlDeps, caller: Caller, workspaceId: string | null, filter: AuditFilter): Promise<void> {
  const owner = workspaceId === null ? null : ({ scope: 'workspace', id: workspaceId } as const);
  const named = Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
  const deed = {
    action: 'audit.export',
    subjectType: 'audit',
    subjectId: workspaceId,
    subjectName: null,
    owner,
    changes: { filter: { after: named } },
  };
  await writeAudit(deps.database, auditEntry(deps, caller, deed));
}

async function* pagesOf(deps: ControlDeps, filter: AuditFilter): AsyncGenerator<readonly AuditRecord[], void, undefined> {
  let after: AuditPlace | null = null;
  for (let read = 0; read < exportRowsMax; read += exportPageRows) {
    const rows: AuditRecord[] = await listAudit(deps.database, filter, after, exportPageRows);
    if (rows.length > 0) yield rows;
    const last = rows.at(-1);
    if (!last || rows.length < exportPageRows) return;
    after = { atMs: last.atMs, id: last.id };
  }
}

/** One verification at a time, whoever asks; who comes meanwhile gets the same answer. */
const running = new WeakMap<object, Promise<AuditVerdict & { atMs: number }>>();

/** Verifies the whole log, and that its end is where this process saw it last. */
export function verdictOf(deps: ControlDeps): Promise<AuditVerdict & { atMs: number }> {
  const known = running.get(deps.database);
  if (known) return known;
  const seen = deps.database.audit?.seen() ?? null;
  const atMs = deps.clock.nowMs();
  const verifying = verifyAudit(deps, seen ? { anchors: [seen] } : {})
    .then((verdict) => ({ ...verdict, atMs }))
    .finally(() => running.delete(deps.database));
  running.set(deps.database, verifying);
  return verifying;
}
