/** Lists connections with masked keys and warns where there is no default; the same as `patchbay connections list`. */
import { settingsOfProcess } from '../server/src/app/settings.ts';
import { listConnections } from '../server/src/cli/connections.ts';
import { processTerminal, runCommand } from '../server/src/cli/output.ts';

process.exitCode = await runCommand(processTerminal, async () => listConnections(settingsOfProcess(), processTerminal));
