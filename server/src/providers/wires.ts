/** Which of the callers' wires a provider's row speaks itself, and the row to ask for a caller of a given wire. */
import { responsesRow } from './catalog.ts';
import type { ConnectionSettings } from '../domain/connection.ts';
import type { ProviderRow } from './row.ts';
import type { WireId } from './writer.ts';

const wires: Partial<Record<ProviderRow['protocol'], WireId>> = {
  openai: 'chat',
  anthropic: 'messages',
  responses: 'responses',
  ollama: 'ollama',
};

/** Null for a wire that no caller speaks. Where the address or the path names the model, a body cannot pass as it is. */
export const wireOf = (row: ProviderRow): WireId | null => (row.addressing === 'vertex' ? null : (wires[row.protocol] ?? null));

/** A provider that has both of its wires is asked in the caller's own, unless the connection says which. */
export function rowForCaller(row: ProviderRow, settings: ConnectionSettings, wire: WireId | undefined): ProviderRow {
  if (wire !== 'responses' || row.responses === null || row.protocol !== 'openai' || settings['wire'] === 'chat') return row;
  return responsesRow(row);
}
