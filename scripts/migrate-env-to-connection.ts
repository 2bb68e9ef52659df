/** Makes a connection from LLM_BASE_URL, LLM_API_KEY and LLM_MODEL; the same as `patchbay migrate-env`. */
import { settingsOfProcess } from '../server/src/app/settings.ts';
import { migrateEnv } from '../server/src/cli/migrate-env.ts';
import { ending, processTerminal } from '../server/src/cli/output.ts';

await ending(async () => migrateEnv(settingsOfProcess(), processTerminal));
