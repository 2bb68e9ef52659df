/** `patchbay migrate-env`: makes the organization's default connection from the `.env` of an earlier set-up (D-42). */
import { exitFailed } from '../app/ends.ts';
import { administratorOf } from '../app/operations.ts';
import type { Settings } from '../app/settings.ts';
import { StartRefused } from '../app/start-refused.ts';
import { migrateEnvironment, migrationReport } from '../control/migrate-env.ts';
import { withControl } from './offline.ts';
import type { Terminal } from './output.ts';

/** Prints what was done, never the key. Exit code 1 where variables are missing, nobody is set up yet, or a server is running. */
export async function migrateEnv(settings: Settings, terminal: Terminal): Promise<number> {
  if (settings.environment === null) {
    const { lines, exitCode } = migrationReport({ kind: 'missing', variables: ['LLM_BASE_URL'] });
    for (const line of lines) terminal.err(line);
    return exitCode;
  }
  try {
    return await withControl(settings, async (deps) => {
      const caller = administratorOf(deps, settings.admin?.email ?? null);
      if (caller === null) {
        terminal.err(
          'Nothing was migrated: there is no administrator yet. Run `npm start` once, open the set-up link, then run this again.',
        );
        return exitFailed;
      }
      const { lines, exitCode } = migrationReport(await migrateEnvironment(deps, caller));
      for (const line of lines)
        if (exitCode === 0) terminal.out(line);
        else terminal.err(line);
      return exitCode;
    });
  } catch (error) {
    if (!(error instanceof StartRefused)) throw error;
    terminal.err(`Nothing was migrated: ${error.message}.`);
    return exitFailed;
  }
}
