/** Runs an operation where the house is: in the running server, over its own socket, else in this process on what is stored. */
import { askRunningServer } from '../app/operator-line.ts';
import { operations, type Operating, type OperationInput, type OperationName, type OperationResult } from '../app/operations.ts';
import type { Settings } from '../app/settings.ts';
import { withHouse, withOperating } from './offline.ts';

export interface Operated<Name extends OperationName> {
  result: OperationResult<Name>;
  /** Whether a running server did it. */
  isServing: boolean;
}

/**
 * @param say is handed what the operation tells on its way
 * @throws CommandFailed with what a running server said, and the start errors where none runs
 */
export async function operate<Name extends OperationName>(
  settings: Settings,
  name: Name,
  input: OperationInput<Name>,
  say: (line: string) => void,
): Promise<Operated<Name>> {
  const asked = await askRunningServer(settings.dataDir, name, input, say);
  // Both sides are of one version, or the server said that it does not know the name.
  if (asked !== undefined) return { result: asked.result as OperationResult<Name>, isServing: true };
  const operation = operations[name] as (operating: Operating, input: OperationInput<Name>) => Promise<OperationResult<Name>>;
  const opened = name === 'connections.test' ? withHouse : withOperating;
  return { result: await opened(settings, say, (operating) => operation(operating, input)), isServing: false };
}
