/** A row's quirks applied to a request: what is renamed, dropped or moved into bounds, each reported. */
import type { Change } from '../../domain/ledger.ts';
import type { ProviderRow } from '../row.ts';
import { saysNothing } from '../unread-fields.ts';
import { adaptMessages } from './message-quirks.ts';

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

function drop(names: readonly string[], body: Record<string, unknown>, changed: Change[]): void {
  for (const parameter of names) {
    const value = body[parameter];
    if (value === undefined) continue;
    delete body[parameter];
    // Nothing is lost with a null or with the one answer that everybody gets.
    if (!saysNothing(parameter, value)) changed.push({ parameter, what: 'dropped' });
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

/** `maker/model` and `model` are the same model. */
export const bareModel = (model: string): string => model.slice(model.lastIndexOf('/') + 1).toLowerCase();

/** Changes a body in place for its provider, and says what changed. Fields that the row does not name stay as they are. */
export function applyQuirks(row: ProviderRow, body: Record<string, unknown>, model: string): Change[] {
  const changed: Change[] = [];
  rename(row, body, changed);
  drop(row.drop, body, changed);
  for (const refused of row.modelDrops) if (refused.models.test(bareModel(model))) drop(refused.drop, body, changed);
  clamp(row, body, changed);
  const messages = adaptMessages(row, body['messages'], changed);
  if (messages !== body['messages']) body['messages'] = messages;
  return changed;
}
