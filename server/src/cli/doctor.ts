/** `patchbay doctor`: looks at what a start needs and says what is wrong, changing nothing. */
import { decide, keyFileOf } from '../app/master-key.ts';
import { askRunningServer } from '../app/operator-line.ts';
import type { Settings } from '../app/settings.ts';
import { endOf, exitConfig, exitFailed, exitOk } from '../app/ends.ts';
import { systemClock } from '../lib/clock.ts';
import { createLog } from '../lib/log.ts';
import { createDatabase } from '../storage/database.ts';
import type { Driver } from '../storage/driver.ts';
import { DataDirectoryLocked, StorageFault } from '../storage/errors.ts';
import { migrationsFor, schemaVersion } from '../storage/migrate.ts';
import { openDriver } from '../storage/open.ts';
import { valkeyFault } from '../valkey/valkey.ts';
import { clockFinding, diskFinding, egressFinding, permissionFindings, portFinding, settingsFinding } from './doctor-machine.ts';
import type { Finding } from './findings.ts';
import { isDatabaseThere } from './offline.ts';
import { report, type Terminal } from './output.ts';

/** Prints one line per finding. Exit code 78 where the settings cannot be read, 1 where something else is wrong, else 0. */
export async function doctor(readAll: () => Settings, terminal: Terminal, { isJson = false }: { isJson?: boolean } = {}): Promise<number> {
  let settings: Settings;
  try {
    settings = readAll();
  } catch (error) {
    tell(terminal, isJson, [{ about: 'settings', verdict: 'wrong', text: endOf(error).line }]);
    return exitConfig;
  }
  const isServing = await isServerRunning(settings.dataDir);
  const findings = [
    settingsFinding(settings),
    await portFinding(settings, isServing),
    diskFinding(settings.dataDir),
    ...permissionFindings(settings.dataDir, keyFileOf(settings.dataDir)),
    ...(await databaseFindings(settings)),
    ...(await valkeyFindings(settings)),
    egressFinding(settings),
  ];
  tell(terminal, isJson, findings);
  return findings.some(({ verdict }) => verdict === 'wrong') ? exitFailed : exitOk;
}

const tell = (terminal: Terminal, isJson: boolean, findings: readonly Finding[]): void =>
  report(
    terminal,
    isJson,
    findings,
    findings.map(({ about, verdict, text }) => `${verdict.padEnd(5)} ${about.padEnd(10)} ${text}`),
  );

/** A server that answers for this data directory, whatever it thinks of the question. */
const isServerRunning = (dataDir: string): Promise<boolean> =>
  askRunningServer(dataDir, 'connections.list', {}, () => undefined).then(
    (answer) => answer !== undefined,
    () => true,
  );

async function databaseFindings(settings: Settings): Promise<Finding[]> {
  if (!isDatabaseThere(settings)) return [{ about: 'database', verdict: 'note', text: 'none yet; the first start makes it' }];
  const clock = systemClock;
  const log = createLog('silent');
  try {
    const driver = await openDriver({ databaseUrl: settings.databaseUrl, dataDir: settings.dataDir, clock, log });
    try {
      return [await schemaFinding(driver), await clockFinding(driver, clock), await masterKeyFinding(settings, createDatabase(driver))];
    } finally {
      await driver.close();
    }
  } catch (error) {
    // Nothing is ill about a house that runs; only its file cannot be read by two.
    if (error instanceof DataDirectoryLocked)
      return [{ about: 'database', verdict: 'note', text: 'a running Patchbay holds it; ask /readyz there' }];
    return [{ about: 'database', verdict: 'wrong', text: endOf(error).line }];
  }
}

async function valkeyFindings({ redisUrl }: Settings): Promise<Finding[]> {
  if (redisUrl === null) return [];
  const fault = await valkeyFault(redisUrl);
  if (fault === null) return [{ about: 'valkey', verdict: 'ok', text: 'answers' }];
  return [{ about: 'valkey', verdict: 'wrong', text: `does not answer (${fault}); the server works without it, each instance for itself` }];
}

/** Whether this program can work with the tables as they are. */
async function schemaFinding(driver: Driver): Promise<Finding> {
  const about = 'database';
  const newest = (await migrationsFor(driver.engine)).at(-1)?.id ?? 0;
  const schema = await schemaVersion(driver).catch((error: unknown) => {
    if (error instanceof StorageFault) return 0;
    throw error;
  });
  if (schema > newest)
    return {
      about,
      verdict: 'wrong',
      text: `${driver.engine}, schema ${schema} is newer than this program (${newest}); run the newer version`,
    };
  const ahead = schema === newest ? '' : `; the next start brings it to ${newest}, after a copy of it`;
  return { about, verdict: schema === newest ? 'ok' : 'note', text: `${driver.engine}, answers, schema ${schema}${ahead}` };
}

async function masterKeyFinding(settings: Settings, database: ReturnType<typeof createDatabase>): Promise<Finding> {
  const about = 'master key';
  try {
    const { decision, stored, sealedRows } = await decide({ settings, database });
    if (decision.kind === 'refuse') return { about, verdict: 'wrong', text: decision.line };
    if (decision.kind === 'generate')
      return { about, verdict: 'note', text: 'none yet; the next start generates one in the data directory' };
    const versions = decision.masters.map(({ version }) => version).join(', ');
    const place = settings.masterKey === null ? 'the data directory; back that file up apart from the database' : 'the settings';
    const isRotating = stored.some(({ status }) => status === 'pending' || status === 'decrypt_only');
    const rest = isRotating ? '; a rotation is not finished: run `patchbay rotate-master-key`' : '';
    return { about, verdict: isRotating ? 'note' : 'ok', text: `version ${versions} from ${place}; ${sealedRows} sealed values${rest}` };
  } catch (error) {
    // A database whose tables are still to be made is no illness; the start makes them, this command changes nothing.
    if (error instanceof StorageFault) return { about, verdict: 'note', text: 'the database has no tables yet; the next start makes them' };
    return { about, verdict: 'wrong', text: endOf(error).line };
  }
}
