/** What `patchbay doctor` looks at on this machine: address and port, disk, who may read the files, the clock, and the list of private targets. */
import { accessSync, constants, statSync, statfsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { portFault } from '../app/port.ts';
import type { Settings } from '../app/settings.ts';
import { defaultPolicy, explicitPolicy } from '../egress/allow.ts';
import type { Clock } from '../lib/clock.ts';
import { databaseNowMs } from '../storage/database-clock.ts';
import type { Driver } from '../storage/driver.ts';
import type { Finding } from './findings.ts';

const mebibyte = 1_048_576;
/** A full journal is 256 MiB; with less than twice that free, a database that is away for long stops the house. */
const freeMebibytesMin = 512;
/** Leases and limits of many instances are reckoned by the database's clock; entries are dated by this machine's. */
const skewMsMax = 5_000;
/** Before this program was written: a clock that was never set. */
const earliestMs = Date.UTC(2026, 0, 1);

export function settingsFinding(settings: Settings): Finding {
  const { host, port, publicUrl } = settings;
  const isOpen = host !== '127.0.0.1' && host !== '::1' && host !== 'localhost';
  const place = `listens on ${host} port ${port}, known as ${publicUrl ?? 'its own address'}`;
  // Cookies are Secure only where the public URL is https, so a password would travel in the clear.
  if (isOpen && !publicUrl?.startsWith('https://')) {
    return { about: 'settings', verdict: 'note', text: `${place}; set PATCHBAY_PUBLIC_URL to the https address that people use` };
  }
  return { about: 'settings', verdict: 'ok', text: place };
}

/** Whether a start could listen. A server of this installation that listens already is as it should be. */
export async function portFinding({ host, port }: Pick<Settings, 'host' | 'port'>, isServing: boolean): Promise<Finding> {
  const about = 'port';
  if (isServing) return { about, verdict: 'ok', text: 'the server of this data directory is running' };
  const code = await portFault(host, port);
  if (code === null) return { about, verdict: 'ok', text: port === 0 ? 'the system chooses a free one' : `${port} on ${host} is free` };
  const reason = code === 'EADDRINUSE' ? 'another program listens there' : code === 'EACCES' ? 'this user may not listen there' : code;
  return { about, verdict: 'wrong', text: `${port} on ${host}: ${reason}; choose another with PATCHBAY_HOST and PATCHBAY_PORT` };
}

export function diskFinding(dataDir: string): Finding {
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

/** The database holds hashes and sealed secrets, the key file opens them: neither is anybody else's to read. */
export function permissionFindings(dataDir: string, keyFile: string): Finding[] {
  const open = [dataDir, join(dataDir, 'patchbay.db'), keyFile].filter((path) => {
    const mode = statSync(path, { throwIfNoEntry: false })?.mode ?? 0;
    return (mode & 0o077) !== 0;
  });
  const about = 'files';
  if (!statSync(dataDir, { throwIfNoEntry: false })) return [];
  if (open.length === 0) return [{ about, verdict: 'ok', text: `only their owner may read what is in ${dataDir}` }];
  // The folder alone lets names be seen; the files in it are shut by themselves.
  const isSerious = open.some((path) => path !== dataDir);
  return [
    {
      about,
      verdict: isSerious ? 'wrong' : 'note',
      text: `others on this machine can read ${open.join(', ')}; run: chmod go= ${open.join(' ')}`,
    },
  ];
}

/** Compares with the database's clock where that is another machine's; the embedded database has this one's. */
export async function clockFinding(driver: Driver, clock: Clock): Promise<Finding> {
  const about = 'clock';
  const beforeMs = clock.nowMs();
  if (beforeMs < earliestMs)
    return { about, verdict: 'wrong', text: `this machine's clock says ${new Date(beforeMs).toISOString()}; set it` };
  const thereMs = await databaseNowMs(driver);
  const nowMs = clock.nowMs();
  // What the question took lies between the two readings of this clock.
  const skewMs = thereMs === null ? 0 : thereMs < beforeMs ? thereMs - beforeMs : Math.max(0, thereMs - nowMs);
  if (Math.abs(skewMs) <= skewMsMax)
    return { about, verdict: 'ok', text: `${new Date(nowMs).toISOString()}${thereMs === null ? '' : ', as the database says'}` };
  const seconds = Math.round(Math.abs(skewMs) / 1_000);
  return {
    about,
    verdict: 'wrong',
    text: `${seconds} s ${skewMs > 0 ? 'behind' : 'ahead of'} the database; let both follow a time server (NTP)`,
  };
}

export function egressFinding({ egressAllow }: Pick<Settings, 'egressAllow'>): Finding {
  const { entries, explicit } = egressAllow === null ? defaultPolicy() : explicitPolicy(egressAllow);
  const text = explicit
    ? `PATCHBAY_EGRESS_ALLOW opens ${entries.length} private targets to everyone: ${egressAllow || 'none'}`
    : 'private targets: loopback on the ports of local model servers, for connections of administrators';
  return { about: 'egress', verdict: 'ok', text };
}
