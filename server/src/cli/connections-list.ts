/** `patchbay connections list`: every stored connection with its key masked (D-43). */
import { maskOf, type Connection } from '../domain/connection.ts';
import type { Settings } from '../app/settings.ts';
import { withControl } from './offline.ts';
import { exitOk, type Terminal } from './output.ts';

const headings = ['NAME', 'PROVIDER', 'MODEL', 'BASE URL', 'KEY', 'SCOPE', 'STATE'] as const;
const cellCharsMax = 60;

export async function listConnections(settings: Settings, terminal: Terminal): Promise<number> {
  const connections = await withControl(settings, async (deps) => [...deps.keeper.snapshot.connections.values()]);
  for (const line of connectionLines(connections)) terminal.out(line);
  if (!connections.some((connection) => connection.isDefault && connection.owner.scope === 'organization')) {
    terminal.err('Warning: the organization has no default connection; requests that name no model need one, or LLM_BASE_URL.');
  }
  return exitOk;
}

/** A table in plain text, by name; one line where there is nothing. */
export function connectionLines(connections: readonly Connection[]): string[] {
  if (connections.length === 0) return ['There are no connections.'];
  const sorted = connections.toSorted((one, other) => one.name.localeCompare(other.name) || (one.id < other.id ? -1 : 1));
  const rows = [[...headings], ...sorted.map(cellsOf)];
  const widths = headings.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

function cellsOf(connection: Connection): string[] {
  const state = [connection.isActive ? 'active' : 'off', ...(connection.isDefault ? ['default'] : [])].join(', ');
  const { name, providerId, model, baseUrl, origin, owner } = connection;
  return [name, providerId, model ?? '-', baseUrl ?? origin, maskOf(connection) ?? '-', owner.scope, state].map(printable);
}

/** Names are other people's texts: control characters would let one write over the terminal. */
const printable = (text: string): string => text.replaceAll(/[\p{C}]/gu, '?').slice(0, cellCharsMax);
