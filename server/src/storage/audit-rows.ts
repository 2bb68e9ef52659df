/** An audit entry as a row: exactly the values that will be read back, because the chain is made over them. */
import { auditColumns, type AuditValues } from '../domain/audit-chain.ts';
import type { AuditEntry } from '../domain/audit.ts';
import type { Statement } from './driver.ts';

const agentCharsMax = 500;

const uuid = (id: string | null | undefined): string | null => id?.toLowerCase() ?? null;
// An engine would write U+FFFD for half a character by itself, and the chain would not know of it.
const sound = (text: string | null | undefined): string | null => text?.toWellFormed() ?? null;

/** In the order of `auditColumns`. `revision` is the configuration's at the entry. */
export function valuesOf(entry: AuditEntry, revision: number): AuditValues {
  const { actor, origin, owner } = entry;
  return [
    uuid(entry.id),
    entry.atMs,
    uuid(actor?.userId),
    sound(actor?.name ?? ''),
    actor?.role ?? '',
    actor?.via ?? 'anonymous',
    sound(entry.action),
    sound(entry.subjectType),
    sound(entry.subjectId),
    sound(entry.subjectName),
    owner?.scope ?? null,
    uuid(owner?.id),
    entry.outcome,
    sound(entry.errorCode),
    entry.changes ? JSON.stringify(entry.changes) : null,
    uuid(origin?.requestId),
    sound(origin?.address),
    sound(origin?.agent.slice(0, agentCharsMax)),
    revision,
    entry.durationMs ?? null,
  ];
}

const linked = [...auditColumns, 'seq', 'hash'];
const insertLinked = `INSERT INTO audit_entries (${linked.join(', ')}) VALUES (${linked.map((_, index) => `$${index + 1}`).join(', ')})`;
const revisionAt = auditColumns.indexOf('revision');
const insertUnlinked = `INSERT INTO audit_entries (${auditColumns.join(', ')}) VALUES (${auditColumns
  .map((_, index) => (index === revisionAt ? `(SELECT revision FROM config_revision WHERE id = $${index + 1})` : `$${index + 1}`))
  .join(', ')})`;

export const linkedStep = (values: AuditValues, seq: number, hash: string): Statement => ({
  sql: insertLinked,
  params: [...values, seq, hash],
});

/** An entry of a database whose chain has not begun; a database with a chain refuses it. The place of the revision holds the id of its row. */
export const unlinkedStep = (entry: AuditEntry): Statement => ({ sql: insertUnlinked, params: valuesOf(entry, 1) });
