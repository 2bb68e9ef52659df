/** A row's quirks applied to a request: what is renamed, dropped or moved into bounds, each reported. */
import type { Change } from '../../domain/ledger.ts';
import type { ProviderRow } from '../row.ts';
import { isRecord } from '../shape.ts';

function rename(row: ProviderRow, body: Record<string, unknown>, changed: Change[]): void {
  for (const [from, to] of Object.entries(row.rename)) {
    const value = body[from];
    if (value === undefined) continue;
    delete body[from];
    if (body[to] === undefined) {
      body[to] = value;
      changed.push({ parameter: from, what: 'renamed', to });
      continue;
    }
    // Both names were given: the provider's own stays.
    if (body[to] !== value) changed.push({ parameter: from, what: 'dropped' });
  }
}

function drop(row: ProviderRow, body: Record<string, unknown>, changed: Change[]): void {
  for (const parameter of row.drop) {
    const value = body[parameter];
    if (value === undefined) continue;
    delete body[parameter];
    // Nothing is lost with a null or with the one answer that everybody gets.
    if (value !== null && !(parameter === 'n' && value === 1)) changed.push({ parameter, what: 'dropped' });
  }
}

function clamp(row: ProviderRow, body: Record<string, unknown>, changed: Change[]): void {
  for (const [parameter, bound] of Object.entries(row.limits)) {
    const value = body[parameter];
    if (typeof value !== 'number') continue;
    const within = Math.min(bound.max ?? value, Math.max(bound.min ?? value, value));
    if (within === value) continue;
    body[parameter] = within;
    changed.push({ parameter, what: 'clamped', to: String(within) });
  }
}

/** Messages without what only the house understands, and with a role that the provider knows. The same list where nothing changes. */
function adaptMessages(row: ProviderRow, messages: unknown, changed: Change[]): unknown {
  if (!Array.isArray(messages)) return messages;
  let adapted: unknown[] | null = null;
  let hasExtension = false;
  let hasRole = false;
  for (let at = 0; at < messages.length; at++) {
    const message: unknown = messages[at];
    if (!isRecord(message)) continue;
    const isForeignRole = message['role'] === 'developer' && row.developerRole === 'system';
    const isExtended = message['patchbay'] !== undefined;
    if (!isForeignRole && !isExtended) continue;
    const { patchbay: _extension, ...rest } = message;
    adapted ??= [...(messages as unknown[])];
    adapted[at] = isForeignRole ? { ...rest, role: 'system' } : rest;
    hasExtension ||= isExtended;
    hasRole ||= isForeignRole;
  }
  if (hasExtension) changed.push({ parameter: 'messages.patchbay', what: 'dropped' });
  if (hasRole) changed.push({ parameter: 'messages.role', what: 'renamed', to: 'system' });
  return adapted ?? messages;
}

/** Changes a body in place for its provider, and says what changed. Fields that the row does not name stay as they are. */
export function applyQuirks(row: ProviderRow, body: Record<string, unknown>): Change[] {
  const changed: Change[] = [];
  rename(row, body, changed);
  drop(row, body, changed);
  clamp(row, body, changed);
  const messages = adaptMessages(row, body['messages'], changed);
  if (messages !== body['messages']) body['messages'] = messages;
  return changed;
}
