/** How configuration is changed: the rows, the new revision and the audit entry in one transaction, or nothing. */
import { sql } from 'kysely';
import type { AuditEntry } from '../domain/audit.ts';
import type { Database } from './database.ts';
import type { Statement, WriteStep } from './driver.ts';

/** The revision of the change that is being written; use it for the `revision` column inside `writeChange`. */
export const thisRevision = sql<number>`(SELECT revision FROM config_revision WHERE id = 1)`;

const raiseRevision: Statement = {
  sql: 'UPDATE config_revision SET revision = revision + 1 WHERE id = 1 RETURNING revision',
  params: [],
  expectRows: 1,
};

export function auditStep({ db, compile }: Database, entry: AuditEntry): Statement {
  return compile(
    db.insertInto('audit_entries').values({
      id: entry.id,
      at: entry.atMs,
      actor_id: entry.actor?.userId ?? null,
      actor_name: entry.actor?.name ?? '',
      actor_role: entry.actor?.role ?? '',
      via: entry.actor?.via ?? 'anonymous',
      action: entry.action,
      subject_type: entry.subjectType,
      subject_id: entry.subjectId,
      subject_name: entry.subjectName,
      scope: entry.owner?.scope ?? null,
      owner_id: entry.owner?.id ?? null,
      outcome: entry.outcome,
      error_code: entry.errorCode,
      changes: entry.changes ? JSON.stringify(entry.changes) : null,
      request_id: entry.origin?.requestId ?? null,
      address: entry.origin?.address ?? null,
      agent: entry.origin?.agent.slice(0, 500) ?? null,
      revision: thisRevision,
    }),
  );
}

/**
 * Writes one change of configuration with its audit entry and its revision in one transaction.
 * Returns the new revision and what each step returned. Throws the storage errors; then nothing was written (except where a
 * StorageUnavailable came in place of the answer to the commit).
 */
export async function writeChange(
  database: Database,
  steps: readonly WriteStep[],
  entry: AuditEntry,
): Promise<{ revision: number; returned: Record<string, unknown>[][] }> {
  const [raised, ...rest] = await database.driver.write([raiseRevision, ...steps, auditStep(database, entry)]);
  // The change is kept by now, so word that does not get out must not make it look refused: others find it by polling the revision.
  await database.driver.notifyConfigChange().catch(() => undefined);
  return { revision: Number(raised?.[0]?.['revision']), returned: rest.slice(0, steps.length) };
}

/** Writes an audit entry by itself: for what was tried and refused, and for what changes no configuration. */
export async function writeAudit(database: Database, entry: AuditEntry, steps: readonly WriteStep[] = []): Promise<void> {
  await database.driver.write([...steps, auditStep(database, entry)]);
}
