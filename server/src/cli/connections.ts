/** `patchbay connections list|test`: every stored connection with its key masked (D-43), and whether it answers. */
import { exitFailed, exitOk } from '../app/ends.ts';
import type { Settings } from '../app/settings.ts';
import type { ListedConnection, TestedConnection } from '../control/operator-connections.ts';
import { operate } from './operate.ts';
import { printable, report, tableLines, type Terminal } from './output.ts';

const headings = ['NAME', 'PROVIDER', 'MODEL', 'BASE URL', 'KEY', 'OWNER', 'STATE'] as const;
const cellCharsMax = 60;

/** Prints a table, or with `isJson` the same as JSON. Warns where nothing answers requests that name no model. */
export async function listConnections(
  settings: Settings,
  terminal: Terminal,
  { isJson = false }: { isJson?: boolean } = {},
): Promise<number> {
  const { result } = await operate(settings, 'connections.list', {}, () => undefined);
  report(terminal, isJson, result.connections, connectionLines(result.connections));
  if (!result.hasDefault)
    terminal.err('Warning: the organization has no default connection; requests that name no model need one, or LLM_BASE_URL.');
  return exitOk;
}

/** A table in plain text, by name; one line where there is nothing. */
export function connectionLines(connections: readonly ListedConnection[]): string[] {
  if (connections.length === 0) return ['There are no connections.'];
  return tableLines(headings, connections.map(cellsOf));
}

function cellsOf({ name, provider, model, baseUrl, key, owner, isActive, isDefault }: ListedConnection): string[] {
  const state = [isActive ? 'active' : 'off', ...(isDefault ? ['default'] : [])].join(', ');
  return [name, provider, model ?? '-', baseUrl, key ?? '-', owner, state].map((cell) => printable(cell).slice(0, cellCharsMax));
}

/** Calls each provider once. Exit code 1 where any of them fails, or where there is nothing to test. */
export async function testConnections(
  settings: Settings,
  terminal: Terminal,
  { which, isJson }: { which: string | null; isJson: boolean },
): Promise<number> {
  const say = isJson ? () => undefined : (line: string): void => terminal.out(printable(line));
  const { result } = await operate(settings, 'connections.test', { which }, say);
  report(terminal, isJson, result, result.length === 0 ? ['There are no active connections to test.'] : failureLines(result));
  return result.length > 0 && result.every(({ isSuccess }) => isSuccess) ? exitOk : exitFailed;
}

const failureLines = (tested: readonly TestedConnection[]): string[] =>
  tested.filter(({ message }) => message !== null).map(({ name, message }) => printable(`${name}: ${message}`));
