/** Two people, one thing: the second is told what it has become and by whom, instead of overwriting it unseen. */
import type { ConflictDetails } from '@patchbay/contract/errors';
import { Refusal } from '../domain/errors.ts';
import { isoOrNull } from '../lib/iso-time.ts';
import { lastChangeAbove } from '../storage/last-changes.ts';
import type { ControlDeps } from './deps.ts';

/** What a caller says a change was made from, and how the caller's face shows the thing as it is now: masked, never a secret. */
export interface Expected<Row> {
  revision: number;
  show(current: Row): unknown;
}

/** Lets a change go on that was made from the current state, or that does not say what it was made from. @throws Refusal CONFLICT */
export async function refuseStale<Row>(
  deps: Pick<ControlDeps, 'database'>,
  expected: Expected<Row> | undefined,
  current: { row: Row; revision: number; type: string; id: string },
): Promise<void> {
  if (!expected || expected.revision === current.revision) return;
  const change = await lastChangeAbove(deps.database, current, expected.revision);
  const details: ConflictDetails<unknown> = {
    current: expected.show(current.row),
    changedAt: isoOrNull(change?.atMs ?? null),
    changedBy: change?.actor ?? null,
  };
  throw new Refusal('CONFLICT', { details });
}
