/** SQLite: one writer, one reader and one analytics thread on one file that one process holds. */
import { existsSync } from 'node:fs';
import { chmod, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pause, type Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Driver, Lane as LaneName, LedgerApplied, Outcome, Row, Statement } from '../driver.ts';
import { StorageBusy } from '../errors.ts';
import { openLane, type Call, type Lane } from './lane.ts';
import { lockFile } from './lock.ts';
import type { WireResult } from './messages.ts';
import { rowsOf, wireStatement, wireStep } from './wire.ts';

const oltpDeadlineMs = 10_000;
const analyticsDeadlineMs = 15_000;
/** Only another program at the file (a shell, a backup tool) can hold its lock; what that lasts is waited out up to here. */
const busyTriesMax = 8;
const busyPatienceMs = 1_500;
const busyDelayMs = 5;
/** A larger file is checked while it already serves, so that a start after `kill -9` stays within two seconds. */
const checkedFirstBytesMax = 256 * 1024 * 1024;

interface Deps {
  clock: Clock;
  log: Log;
}

const nothing: WireResult = { columns: [], rows: [], touched: 0 };

/** The marker of a running process. It is still there at a start only when the last stop was not a clean one. */
async function setMarker(path: string): Promise<void> {
  const handle = await open(path, 'w', 0o600);
  await handle.sync();
  await handle.close();
}

async function callWithPatience(deps: Deps, lane: Lane, request: Call): Promise<readonly WireResult[]> {
  const startedMs = deps.clock.monotonicMs();
  for (let tries = 1; ; tries++) {
    try {
      return await lane.call(request);
    } catch (error) {
      const isOver = tries >= busyTriesMax || deps.clock.monotonicMs() - startedMs > busyPatienceMs;
      if (!(error instanceof StorageBusy) || isOver) throw error;
      await pause(deps.clock, busyDelayMs * 2 ** (tries - 1));
    }
  }
}

interface Lanes {
  read: Lane;
  write: Lane;
  analytics: Lane;
}

async function openLanes(deps: Deps, file: string, isCheckWanted: boolean): Promise<Lanes> {
  // The writer first: it makes the file and its log, which the others can only read.
  const write = await openLane(deps, { file, role: 'writer', isCheckWanted, deadlineMs: oltpDeadlineMs });
  try {
    const [read, analytics] = await Promise.all([
      openLane(deps, { file, role: 'reader', isCheckWanted: false, deadlineMs: oltpDeadlineMs }),
      openLane(deps, { file, role: 'analytics', isCheckWanted: false, deadlineMs: analyticsDeadlineMs }),
    ]);
    return { read, write, analytics };
  } catch (error) {
    await write.close();
    throw error;
  }
}

async function backupTo(lanes: Lanes, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const unfinished = `${path}.unfinished`;
  await rm(unfinished, { force: true });
  await lanes.analytics.call({ op: 'backup', path: unfinished });
  await chmod(unfinished, 0o600);
  const handle = await open(unfinished, 'r');
  await handle.sync();
  await handle.close();
  await rename(unfinished, path);
}

/** @throws StorageStartError where the file is held by another process, damaged, or on a disk that cannot carry it */
export async function openSqlite(deps: Deps, dataDir: string): Promise<Driver> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const file = join(dataDir, 'patchbay.db');
  const marker = join(dataDir, 'patchbay.running');
  const lock = lockFile(join(dataDir, 'patchbay.lock'));
  let lanes: Lanes;
  let isCheckLate = false;
  try {
    const isUnclean = existsSync(marker) && existsSync(file);
    isCheckLate = isUnclean && (await stat(file)).size > checkedFirstBytesMax;
    if (isUnclean) deps.log.warn({ file }, 'the last stop was not a clean one: checking the database');
    await setMarker(marker);
    lanes = await openLanes(deps, file, isUnclean && !isCheckLate);
    await chmod(file, 0o600);
  } catch (error) {
    lock.release();
    throw error;
  }
  if (isCheckLate) {
    lanes.analytics.call({ op: 'check' }).then(
      () => deps.log.info('the database is sound'),
      (error: unknown) => deps.log.error({ err: error }, 'the database is damaged; restore a backup'),
    );
  }
  return driverOf(deps, lanes, dataDir, async () => {
    await rm(marker, { force: true });
    lock.release();
  });
}

function driverOf(deps: Deps, lanes: Lanes, dataDir: string, release: () => Promise<void>): Driver {
  const listeners = new Set<() => void>();
  let closing: Promise<void> | null = null;
  const run = async <R>(statement: Statement, lane: LaneName): Promise<Outcome<R>> => {
    const [result = nothing] = await callWithPatience(deps, lanes[lane], { op: 'run', statement: wireStatement(statement) });
    return { rows: rowsOf<R>(result), touched: result.touched };
  };
  return {
    engine: 'sqlite',
    backupsDir: join(dataDir, 'backups'),
    run,
    rows: async <R>(statement: Statement, lane: LaneName = 'read') => (await run<R>(statement, lane)).rows,
    async write(steps) {
      const results = await callWithPatience(deps, lanes.write, { op: 'write', steps: steps.map(wireStep) });
      return results.map((result) => rowsOf<Row>(result));
    },
    async applyLedger(batch) {
      const extra = batch.extra.map(wireStatement);
      const [result = nothing] = await callWithPatience(deps, lanes.write, { op: 'ledger', batch: { ...batch, extra } });
      return rowsOf<LedgerApplied>(result)[0]!;
    },
    async script(sql) {
      await callWithPatience(deps, lanes.write, { op: 'script', sql });
    },
    backup: (path) => backupTo(lanes, path),
    async scrub() {
      await callWithPatience(deps, lanes.write, { op: 'scrub' });
    },
    onConfigChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async notifyConfigChange() {
      for (const listener of listeners) listener();
    },
    isHealthy: () => lanes.read.isUp() && lanes.write.isUp(),
    close() {
      closing ??= (async () => {
        // Readers first, so that the writer, as the last one, can empty the log into the file.
        await Promise.all([lanes.read.close(), lanes.analytics.close()]);
        await lanes.write.close();
        await release();
      })();
      return closing;
    },
  };
}
