/** The backups of a connection: each must be there, be another one, and be within reach of everybody who may use the connection. */
import { unfit, type FieldFault } from '../domain/errors.ts';
import type { Owner } from '../domain/owner.ts';
import { backupsOf } from '../domain/routing-group.ts';
import type { ControlDeps } from './deps.ts';
import { isWithin } from './routing-groups.ts';

/**
 * Judges the backups that are new; those that stood there before may stay, since what became of them is no fault of this change.
 * @throws Refusal VALIDATION_ERROR at `<path>.backups.<n>.connectionId`
 */
export function refuseBackups(
  deps: Pick<ControlDeps, 'keeper'>,
  row: { id: string; owner: Owner },
  settings: Readonly<Record<string, unknown>>,
  before: Readonly<Record<string, unknown>> | null,
  path: string,
): void {
  if (settings['backups'] === undefined) return;
  const kept = new Set(before === null ? [] : backupsOf(before).map(({ connectionId }) => connectionId));
  const faults: FieldFault[] = [];
  const seen = new Set<string>();
  for (const [place, { connectionId, model }] of backupsOf(settings).entries()) {
    const fault = (code: string, message: string): void =>
      void faults.push({ path: `${path}.backups.${place}.connectionId`, code, message });
    const connection = deps.keeper.snapshot.connections.get(connectionId);
    const key = `${connectionId} ${model ?? ''}`;
    if (connectionId === row.id) fault('itself', 'a connection is no backup of itself');
    else if (seen.has(key)) fault('duplicate', 'this backup is named already');
    else if (!kept.has(connectionId) && (!connection || !isWithin(deps, row.owner, connection)))
      fault('unknown_connection', 'no connection that everybody who may use this one may use');
    seen.add(key);
  }
  if (faults.length > 0) throw unfit(...faults);
}
