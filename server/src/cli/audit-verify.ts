/** `patchbay audit verify`: walks the chain of the audit log and names the first place where it was touched. */
import { exitFailed, exitOk } from '../app/ends.ts';
import type { Settings } from '../app/settings.ts';
import type { ChainPlace } from '../domain/audit-chain.ts';
import { isoOf } from '../lib/iso-time.ts';
import { operate } from './operate.ts';
import { printable, report, type Terminal } from './output.ts';

/**
 * Exit code 1 where an entry was altered, deleted, inserted or moved, or the end was cut off. `anchors` are places that left the house, as
 * the server's log has them: the log must still reach to each.
 */
export async function verifyAuditLog(
  settings: Settings,
  terminal: Terminal,
  { isJson, anchors = [] }: { isJson: boolean; anchors?: ChainPlace[] },
): Promise<number> {
  const { result } = await operate(settings, 'audit.verify', { anchors }, () => undefined);
  const { isSound, checked, prefix, head, lastAnchor, fault } = result;
  const lines = isSound
    ? [
        `The audit log is sound: ${checked} entries verified, up to number ${head.seq} (${head.hash}).`,
        ...(prefix > 0 ? [`${prefix} entries are older than the chain and were not part of it.`] : []),
        ...(lastAnchor === null ? [] : [`The last anchor is of ${isoOf(lastAnchor.atMs)}, at number ${lastAnchor.seq}.`]),
      ]
    : [`The audit log was touched: ${printable(JSON.stringify(fault))}. ${checked} entries before that place are sound.`];
  report(terminal, isJson, result, isSound ? lines : []);
  if (!isSound && !isJson) for (const line of lines) terminal.err(line);
  return isSound ? exitOk : exitFailed;
}
