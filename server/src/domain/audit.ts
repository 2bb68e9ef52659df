/** What the audit log keeps of a change or an attempt: who, what, on what, from where, and which fields, never a secret. */
import type { Actor, Origin, Owner } from './owner.ts';

export interface AuditEntry {
  id: string;
  atMs: number;
  /** Null where nobody was signed in. */
  actor: Pick<Actor, 'userId' | 'name' | 'role' | 'via'> | null;
  /** `connection.create`, `connection.test`, `session.sign-in` ... */
  action: string;
  subjectType: string;
  subjectId: string | null;
  subjectName: string | null;
  owner: Owner | null;
  outcome: 'success' | 'refused' | 'failed';
  errorCode: string | null;
  changes: Record<string, { before?: unknown; after?: unknown }> | null;
  origin: Origin | null;
  /** From the arrival of the request to the entry; null where no request stands behind it. */
  durationMs?: number | null;
}

/** The fields that differ, by JSON value; the names in `secretFields` say only that they changed. */
export function changesBetween(
  before: Record<string, unknown>,
  after: Record<string, unknown>,
  secretFields: readonly string[] = [],
): Record<string, { before?: unknown; after?: unknown }> {
  const changes: Record<string, { before?: unknown; after?: unknown }> = {};
  for (const field of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (JSON.stringify(before[field]) === JSON.stringify(after[field])) continue;
    changes[field] = secretFields.includes(field) ? { after: 'changed' } : { before: before[field] ?? null, after: after[field] ?? null };
  }
  return changes;
}
