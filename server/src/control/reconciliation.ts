/** A provider's account of some days held against our books of the same days. */
import { dayOf } from '../domain/rollup.ts';
import { reconcile, type Difference, type Reconciliation, type Tolerance } from '../domain/reconciliation.ts';
import { Refusal } from '../domain/errors.ts';
import { ourDays, theirDays, type UsageImport } from '../storage/usage-imports.ts';
import { mustFindImport, type ImportDeps } from './usage-imports.ts';

export interface ReconciliationDeps extends ImportDeps {
  /** Brings what has just happened into the books, for at most a moment. */
  books?: { catchUp(): Promise<void> };
}

export interface NamedDifference extends Difference {
  /** Names of the connections; null for one that is gone. */
  connectionNames: (string | null)[];
}

export interface NamedReconciliation extends Omit<Reconciliation, 'differences'> {
  file: UsageImport;
  differences: NamedDifference[];
}

/** @throws Refusal NOT_FOUND, IMPORT_NOT_READY while the file is being read, or could not be */
export async function reconcileImport(deps: ReconciliationDeps, id: string, tolerance: Tolerance): Promise<NamedReconciliation> {
  const file = await mustFindImport(deps, id);
  if (file.state !== 'ready' || file.fromMs === null || file.toMs === null) throw new Refusal('IMPORT_NOT_READY');
  await deps.books?.catchUp();
  const theirs = await theirDays(deps.database, id);
  const ours = await ourDays(deps.database, file.provider, file.fromMs, file.toMs);
  const found = reconcile({
    measure: file.measure,
    theirs,
    ours,
    keyMap: new Map(Object.entries(file.keyMap)),
    tolerance,
    unfinishedFromMs: dayOf(file.createdAtMs),
  });
  const { connections } = deps.keeper.snapshot;
  const named = found.differences.map((difference) => ({
    ...difference,
    connectionNames: difference.connectionIds.map((one) => connections.get(one)?.name ?? null),
  }));
  return { ...found, file, differences: named };
}
