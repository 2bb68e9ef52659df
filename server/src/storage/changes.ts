/** How configuration is changed: the rows, the new revision, the object's history and the audit entry in one transaction, or nothing. */
import { sql } from 'kysely';
import type { AuditEntry } from '../domain/audit.ts';
import { unlinkedStep } from './audit-rows.ts';
import type { Database } from './database.ts';
import type { Statement, WriteStep } from './driver.ts';
import { revisionSteps, type KeptState } from './object-revisions.ts';

/** The revision of the change that is being written; use it for the `revision` column inside `writeChange`. */
export const thisRevision = sql<number>`(SELECT revision FROM config_revision WHERE id = 1)`;

const raiseRevision: Statement = {
  sql: 'UPDATE config_revision SET revision = revision + 1 WHERE id = 1 RETURNING revision',
  params: [],
  expectRows: 1,
};

/**
 * Hands `write` the steps that keep the entries: links of the chain, or, before a database's chain has begun, plain rows. It may run more
 * than once, and then nothing of the earlier run was kept. With `maySkip` it may also leave everything as it is.
 */
export function withEntries<T>(
  { driver, audit }: Pick<Database, 'driver' | 'audit'>,
  entries: readonly AuditEntry[],
  write: (steps: readonly Statement[]) => Promise<T>,
  maySkip = false,
): Promise<T> {
  if (entries.length === 0) return write([]);
  if (!audit) return write(entries.map(unlinkedStep));
  return audit.sealed(driver, entries, { raisesRevision: false, maySkip }, ({ last }) => write(last));
}

/**
 * Writes one change of configuration with its audit entry and its revision in one transaction.
 * Returns the new revision and what each step returned. Throws the storage errors; then nothing was written (except where a
 * StorageUnavailable came in place of the answer to the commit). `kept` goes into the history of the entry's subject.
 */
export async function writeChange(
  database: Database,
  steps: readonly WriteStep[],
  entry: AuditEntry,
  kept?: KeptState,
): Promise<{ revision: number; returned: Record<string, unknown>[][] }> {
  const { driver, audit } = database;
  const [raised, ...rest] = audit
    ? await audit.sealed(driver, [entry], { raisesRevision: true }, ({ first, last, revision }) =>
        driver.write([...first, ...steps, ...(kept ? revisionSteps(entry, revision, kept) : []), ...last]),
      )
    : await driver.write([raiseRevision, ...steps, unlinkedStep(entry)]);
  // The change is kept by now, so word that does not get out must not make it look refused: others find it by polling the revision.
  await driver.notifyConfigChange().catch(() => undefined);
  return { revision: Number(raised?.[0]?.['revision']), returned: rest.slice(0, steps.length) };
}

/** Writes an audit entry by itself: for what was tried and refused, and for what changes no configuration. */
export async function writeAudit(database: Database, entry: AuditEntry, steps: readonly WriteStep[] = []): Promise<void> {
  await withEntries(database, [entry], (entries) => database.driver.write([...steps, ...entries]));
}
