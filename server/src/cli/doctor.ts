/** `patchbay doctor`: looks at what a start needs and says what is wrong, changing nothing. */
import { accessSync, constants, statfsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { decide } from '../app/master-key.ts';
import type { Settings } from '../app/settings.ts';
import { defaultPolicy, explicitPolicy } from '../egress/allow.ts';
import { systemClock } from '../lib/clock.ts';
import { createLog } from '../lib/log.ts';
import { createDatabase } from '../storage/database.ts';
import { DataDirectoryLocked, StorageFault } from '../storage/errors.ts';
import { openDriver } from '../storage/open.ts';
import { isDatabaseThere } from './offline.ts';
import { endOf, exitConfig, exitFailed, exitOk, type Terminal } from './output.ts';

type Verdict = 'ok' | 'note' | 'wrong';

export interface Finding {
  about: 'settings' | 'disk' | 'database' | 'master key' | 'egress';
  verdict: Verdict;
  text: string;
}

const mebibyte = 1_048_576;
/** A full journal is 256 MiB; with less than twice that free, a database that is away for long stops the house. */
const freeMebibytesMin = 512;

/** Prints one line per finding. Exit code 78 where the settings cannot be read, 1 where something else is wrong, else 0. */
export async function doctor(readAll: () => Settings, terminal: Terminal): Promise<number> {
  let settings: Settings;
  try {
    settings = readAll();
  } catch (error) {
    terminal.out(lineOf({ about: 'settings', verdict: 'wrong', text: endOf(error).line }));
    return exitConfig;
  }
  const findings = [
    settingsFinding(settings),
    diskFinding(settings.dataDir),
    ...(await databaseFindings(settings)),
    egressFinding(settings),
  ];
  for (const finding of findings) terminal.out(lineOf(finding));
  return findings.some(({ verdict }) => verdict === 'wrong') ? exitFailed : exitOk;
}

const lineOf = ({ about, verdict, text }: Finding): string => `${verdict.padEnd(5)} ${about.padEnd(10)} ${text}`;

function settingsFinding(settings: Settings): Finding {
  const { host, port, publicUrl } = settings;
  const isOpen = host !== '127.0.0.1' && host !== '::1' && host !== 'localhost';
  const place = `listens on ${host} port ${port}, known as ${publicUrl ?? 'its own address'}`;
  // Cookies are Secure only where the public URL is https, so a password would travel in the clear.
  if (isOpen && !publicUrl?.startsWith('https://')) {
    return { about: 'settings', verdict: 'note', text: `${place}; set PATCHBAY_PUBLIC_URL to the https address that people use` };
  }
  return { about: 'settings', verdict: 'ok', text: place };
}

function diskFinding(dataDir: string): Finding {
  const path = nearestExisting(resolve(dataDir));
  try {
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
    const { bavail, bsize } = statfsSync(path);
    const freeMebibytes = Math.floor((bavail * bsize) / mebibyte);
    const isLow = freeMebibytes < freeMebibytesMin;
    return {
      about: 'disk',
      verdict: isLow ? 'wrong' : 'ok',
      text: `${freeMebibytes} MiB free for ${dataDir}${isLow ? `, at least ${freeMebibytesMin} are needed` : ''}`,
    };
  } catch (error) {
    return {
      about: 'disk',
      verdict: 'wrong',
      text: `${dataDir} cannot be used: ${(error as NodeJS.ErrnoException).code ?? 'unknown reason'}`,
    };
  }
}

/** The data directory is made at the first start; what can be asked before that is its first parent that exists. */
function nearestExisting(path: string): string {
  for (let at = path; at !== dirname(at); at = dirname(at)) {
    try {
      accessSync(at, constants.F_OK);
      return at;
    } catch {
      continue;
    }
  }
  return '/';
}

async function databaseFindings(settings: Settings): Promise<Finding[]> {
  if (!isDatabaseThere(settings)) return [{ about: 'database', verdict: 'note', text: 'none yet; the first start makes it' }];
  const clock = systemClock;
  const log = createLog('silent');
  try {
    const driver = await openDriver({ databaseUrl: settings.databaseUrl, dataDir: settings.dataDir, clock, log });
    try {
      return [
        { about: 'database', verdict: 'ok', text: `${driver.engine}, answers` },
        await masterKeyFinding(settings, createDatabase(driver)),
      ];
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

async function masterKeyFinding(settings: Settings, database: ReturnType<typeof createDatabase>): Promise<Finding> {
  const about = 'master key';
  try {
    const { decision, sealedRows } = await decide({ settings, database });
    if (decision.kind === 'refuse') return { about, verdict: 'wrong', text: decision.line };
    if (decision.kind === 'generate')
      return { about, verdict: 'note', text: 'none yet; the next start generates one in the data directory' };
    const versions = decision.masters.map(({ version }) => version).join(', ');
    const place = settings.masterKey === null ? 'the data directory; back that file up apart from the database' : 'the settings';
    return { about, verdict: 'ok', text: `version ${versions} from ${place}; ${sealedRows} sealed values` };
  } catch (error) {
    // A database whose tables are still to be made is no illness; the start makes them, this command changes nothing.
    if (error instanceof StorageFault) return { about, verdict: 'note', text: 'the database has no tables yet; the next start makes them' };
    return { about, verdict: 'wrong', text: endOf(error).line };
  }
}

function egressFinding({ egressAllow }: Settings): Finding {
  const { entries, explicit } = egressAllow === null ? defaultPolicy() : explicitPolicy(egressAllow);
  const text = explicit
    ? `PATCHBAY_EGRESS_ALLOW opens ${entries.length} private targets to everyone: ${egressAllow || 'none'}`
    : 'private targets: loopback on the ports of local model servers, for connections of administrators';
  return { about: 'egress', verdict: 'ok', text };
}
