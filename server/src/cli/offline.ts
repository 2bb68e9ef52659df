/** Opens the control plane for one command, without a server, a journal or a way out: beside nothing else that uses the data directory. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { loadVault } from '../app/master-key.ts';
import type { Settings } from '../app/settings.ts';
import { keepSnapshot } from '../app/snapshot-keeper.ts';
import { StartRefused } from '../app/start-refused.ts';
import type { Caller } from '../control/change.ts';
import type { ControlDeps } from '../control/deps.ts';
import { defaultPolicy, explicitPolicy } from '../egress/allow.ts';
import { checkTargetUrl } from '../egress/url.ts';
import { systemClock } from '../lib/clock.ts';
import { createIds } from '../lib/ids.ts';
import { createLog } from '../lib/log.ts';
import { createDatabase } from '../storage/database.ts';
import { DataDirectoryLocked } from '../storage/errors.ts';
import { migrate } from '../storage/migrate.ts';
import { openDriver } from '../storage/open.ts';

/**
 * Opens what is stored, hands it to `work`, and closes it again whatever happens.
 * @throws StartRefused where a running server holds the data directory, and the start errors of storage and of the master key
 */
export async function withControl<T>(settings: Settings, work: (deps: ControlDeps) => Promise<T>): Promise<T> {
  // A command that is run in the wrong folder should say so, instead of leaving an empty database and a new master key there.
  if (!isDatabaseThere(settings)) throw new StartRefused(`there is no database in ${settings.dataDir} yet; run \`npm start\` once first`);
  const clock = systemClock;
  const ids = createIds(clock);
  // Warnings would stand between the lines that the command prints; what matters to it comes as an error.
  const log = createLog('silent');
  const driver = await openDriver({ databaseUrl: settings.databaseUrl, dataDir: settings.dataDir, clock, log }).catch(explained(settings));
  try {
    await migrate(driver, { clock, log });
    const database = createDatabase(driver);
    const { vault } = await loadVault({ database, settings, ids, clock, log });
    const keeper = await keepSnapshot({ database, clock, log });
    try {
      const policy = settings.egressAllow === null ? defaultPolicy() : explicitPolicy(settings.egressAllow);
      return await work({
        database,
        keeper,
        vault,
        clock,
        ids,
        log,
        checkTargetUrl: (text) => checkTargetUrl(text, policy),
        probe: { test: noProbe, models: noProbe },
        environment: settings.environment,
        isDemoOffered: settings.isDemoOffered,
      });
    } finally {
      keeper.close();
    }
  } finally {
    await driver.close();
  }
}

/** Whether there is anything to open: the embedded database is a file, another one is asked when it is opened. */
export const isDatabaseThere = ({ databaseUrl, dataDir }: Pick<Settings, 'databaseUrl' | 'dataDir'>): boolean =>
  databaseUrl !== null || existsSync(join(dataDir, 'patchbay.db'));

const noProbe = (): never => {
  throw new Error('a command does not call providers');
};

const explained =
  (settings: Settings) =>
  (error: unknown): never => {
    if (!(error instanceof DataDirectoryLocked)) throw error;
    const url = settings.publicUrl ?? `http://${settings.host}:${settings.port}`;
    throw new StartRefused(
      `a running Patchbay holds ${settings.dataDir}; stop it first, or use its page or its API (${url}/api/ai-connections with a personal token)`,
      { cause: error },
    );
  };

/** The administrator in whose name a command acts: the one whom the settings name, else the first one. Null before the set-up. */
export function administratorOf(deps: ControlDeps, email: string | null): Caller | null {
  const { snapshot } = deps.keeper;
  const administrators = [...snapshot.people.values()].filter((person) => person.role === 'administrator' && !person.isDisabled);
  const oldest = administrators.toSorted((one, other) => (one.userId < other.userId ? -1 : 1))[0];
  const chosen = administrators.find((person) => person.email === email) ?? oldest;
  const actor = chosen && snapshot.actorOf(chosen.userId, 'system');
  return actor ? { actor, origin: { requestId: deps.ids.uuid(), address: '', agent: 'command line' } } : null;
}
