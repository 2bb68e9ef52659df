/** Opens the control plane for one command, without a server or a way out: beside nothing else that uses the data directory. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { buildHouse } from '../app/build.ts';
import { feedLeft, workersIn } from '../app/left-journals.ts';
import { followingKeys, loadVault } from '../app/master-key.ts';
import type { OperatorDeps, Operating } from '../app/operations.ts';
import type { Settings } from '../app/settings.ts';
import { keepSnapshot } from '../app/snapshot-keeper.ts';
import { StartRefused } from '../app/start-refused.ts';
import { instanceDirOf } from '../app/worker.ts';
import { openAudit } from '../control/audit-keep.ts';
import { createPasswords } from '../control/people/passwords.ts';
import { defaultPolicy, explicitPolicy } from '../egress/allow.ts';
import { judgeUrl } from '../egress/guard.ts';
import { checkTargetUrl } from '../egress/url.ts';
import { systemClock } from '../lib/clock.ts';
import { createIds } from '../lib/ids.ts';
import { createLog } from '../lib/log.ts';
import { createPriceBook } from '../providers/prices.ts';
import { createDatabase, type Database } from '../storage/database.ts';
import { DataDirectoryLocked } from '../storage/errors.ts';
import { migrate } from '../storage/migrate.ts';
import { openDriver } from '../storage/open.ts';

/** What an earlier run left in its journal is fed within this, or stays for the next start. */
const drainMs = 60_000;

/**
 * Opens what is stored, hands it to `work`, and closes it again whatever happens.
 * @throws StartRefused where a running server holds the data directory, and the start errors of storage and of the master key
 */
export async function withControl<T>(settings: Settings, work: (deps: OperatorDeps) => Promise<T>): Promise<T> {
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
    await openAudit({ database, vault, clock, ids, log });
    const keeper = await keepSnapshot({ database, clock, log, beforeApplied: followingKeys({ database, vault, log }) });
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
        judgeUrl: (url, trust) => judgeUrl(policy, trust, url),
        probe: { test: noProbe, models: noProbe },
        environment: settings.environment,
        isDemoOffered: settings.isDemoOffered,
        passwords: createPasswords(ids),
        retentionDays: settings.retentionDays,
        prices: createPriceBook({ clock, own: (...which) => keeper.snapshot.prices.at(...which) }),
        // What is used of a limit is nothing that a command changes or shows.
        limitUse: async () => ({ used: 0, resetsAtMs: null }),
        books: { catchUp: async () => undefined },
      });
    } finally {
      keeper.close();
    }
  } finally {
    await driver.close();
  }
}

/** As `withControl`, as what operations are handed. Nothing runs beside, so an operation may take its time. */
export const withOperating = <T>(settings: Settings, say: (line: string) => void, work: (operating: Operating) => Promise<T>): Promise<T> =>
  withControl(settings, (deps) =>
    work({ deps, settings, url: urlOf(settings), say, drainBooks: () => drainLeftovers(settings, deps.database) }),
  );

/** The whole house without its doors: for what calls providers. */
export async function withHouse<T>(
  settings: Settings,
  say: (line: string) => void,
  work: (operating: Operating) => Promise<T>,
): Promise<T> {
  if (!isDatabaseThere(settings)) throw new StartRefused(`there is no database in ${settings.dataDir} yet; run \`npm start\` once first`);
  const clock = systemClock;
  const io = { clock, ids: createIds(clock), log: createLog('silent') };
  const house = await buildHouse(settings, io).catch(explained(settings));
  try {
    return await work({ deps: house.deps, settings, url: urlOf(settings), say, drainBooks: async () => true });
  } finally {
    await house.close();
  }
}

/** Feeds what an earlier run of this machine's server left in its journals. FALSE where something stays. */
async function drainLeftovers({ dataDir }: Settings, database: Database): Promise<boolean> {
  const clock = systemClock;
  const deps = { database, clock, ids: createIds(clock), log: createLog('silent') };
  const untilMs = clock.monotonicMs() + drainMs;
  let isDrained = true;
  for (const number of [1, ...workersIn(dataDir)])
    if ((await feedLeft(deps, instanceDirOf(dataDir, number), () => clock.monotonicMs() >= untilMs)) === 'left') isDrained = false;
  return isDrained;
}

/** Whether there is anything to open: the embedded database is a file, another one is asked when it is opened. */
export const isDatabaseThere = ({ databaseUrl, dataDir }: Pick<Settings, 'databaseUrl' | 'dataDir'>): boolean =>
  databaseUrl !== null || existsSync(join(dataDir, 'patchbay.db'));

const urlOf = ({ publicUrl, host, port }: Settings): string => publicUrl ?? `http://${host}:${port}`;

const noProbe = (): never => {
  throw new Error('a command does not call providers');
};

const explained =
  (settings: Settings) =>
  (error: unknown): never => {
    if (!(error instanceof DataDirectoryLocked)) throw error;
    const url = urlOf(settings);
    throw new StartRefused(
      `a running Patchbay holds ${settings.dataDir}; stop it first, or use its page or its API (${url}/api/ai-connections with a personal token)`,
      { cause: error },
    );
  };
