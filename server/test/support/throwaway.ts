/** Runs a server program for the length of a test file and leaves nothing behind: no process, no folder, whatever happens to the test. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { chownSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as waitMs } from 'node:timers/promises';

const readyPollMs = 25;
const readyLimitMs = 30_000;
const stopLimitMs = 10_000;
const logCharsMax = 8_000;

/** The user that a server runs as; undefined keeps our own. */
export interface RunAs {
  uid: number;
  gid: number;
}

export interface Throwaway {
  readonly dir: string;
  /** Starts the program (again). Resolves when `isReady` says so; rejects with the end of its log when it gives up. */
  start(): Promise<void>;
  /** Asks it to end with `signal`, and ends it after ten seconds at the latest. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Sends a signal to the program and to every process below it. */
  signalAll(signal: NodeJS.Signals): void;
  /** Stops it and removes its folder. */
  remove(): Promise<void>;
}

/** Below the ports that systems give to whoever asks for any: none of them becomes another server's, or a caller's, by chance. */
const firstPort = 20_000;
const portsMax = 10_000;

/** Another process of tests, or this one, has asked for it: whoever asks keeps the port of this number that no server wants, till they end. */
const isAskedFor = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const kept = createSocket('udp4').unref();
    kept.once('error', () => kept.close(() => resolve(true))).bind({ port, address: '127.0.0.1' }, () => resolve(false));
  });

const isListenedOn = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(true)).listen(port, '127.0.0.1', () => probe.close(() => resolve(false)));
  });

/** A port on 127.0.0.1 for a server of the caller's, which may end and begin again: nobody else is given it while this process lives. */
export async function freePort(from = firstPort + ((process.pid * 16) % portsMax)): Promise<number> {
  for (let at = 0; at < portsMax; at++) {
    const port = firstPort + ((from - firstPort + at) % portsMax);
    if (!(await isAskedFor(port)) && !(await isListenedOn(port))) return port;
  }
  throw new Error('no port is free');
}

/** A fresh folder below the system's temporary folder, owned by the user that will write there. */
export function freshDir(name: string, runAs?: RunAs): string {
  const dir = mkdtempSync(join(tmpdir(), `patchbay-${name}-`));
  if (runAs) chownSync(dir, runAs.uid, runAs.gid);
  return dir;
}

/** The processes below one process, from /proc: parents before children. */
export function processesBelow(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const parent = parentOf(Number(entry));
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
  }
  const found = [pid];
  // The list grows while it is walked; a process has one parent, so none comes twice.
  for (let at = 0; at < found.length; at += 1) found.push(...(children.get(found[at] ?? -1) ?? []));
  return found.slice(1);
}

function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The program's name stands in brackets and may itself hold spaces and brackets, so the fields count from the last one.
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined; // It ended while we looked.
  }
}

function signalOne(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It is gone already, which is what a signal to it could achieve at most.
  }
}

/** The parent first, so that it cannot start another child while the list is made; dead, it would have none, so it stands still for that. */
function signalTree(root: number, signal: NodeJS.Signals): void {
  signalOne(root, signal === 'SIGKILL' ? 'SIGSTOP' : signal);
  const below = processesBelow(root);
  if (signal === 'SIGKILL') signalOne(root, signal);
  for (const pid of below) signalOne(pid, signal);
}

/**
 * A shell that outlives us for a moment: its standard input ends when we end, however we end, and then it kills the server and
 * removes the folder. `detached` keeps a Ctrl-C at the terminal from ending it too early.
 */
function startKeeper(pid: number, dir: string): ChildProcess {
  const script =
    'cat >/dev/null; kill -CONT "$1" 2>/dev/null; kill -QUIT "$1" 2>/dev/null; sleep 1; kill -KILL "$1" 2>/dev/null; rm -rf "$2"';
  const keeper = spawn('sh', ['-c', script, 'keeper', String(pid), dir], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
  keeper.unref();
  return keeper;
}

export interface ThrowawayOptions {
  program: string;
  args: readonly string[];
  dir: string;
  isReady: () => Promise<boolean>;
  runAs?: RunAs;
}

export function throwaway(options: ThrowawayOptions): Throwaway {
  const { program, args, dir, isReady, runAs } = options;
  let child: ChildProcess | undefined;
  let keeper: ChildProcess | undefined;
  let log = '';
  const isRunning = (): boolean => child !== undefined && child.exitCode === null && child.signalCode === null;
  const signalAll = (signal: NodeJS.Signals): void => {
    if (!child?.pid || !isRunning()) return;
    signalTree(child.pid, signal);
  };
  const leave = (): void => {
    signalAll('SIGKILL');
    rmSync(dir, { recursive: true, force: true });
  };
  process.once('exit', leave);

  async function start(): Promise<void> {
    if (isRunning()) return;
    log = '';
    const started = spawn(program, args, {
      cwd: dir,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
      ...runAs,
    });
    child = started;
    const failed = new Promise<never>((_, reject) => started.once('error', reject));
    const keep = (chunk: Buffer): void => {
      log = (log + chunk.toString('utf8')).slice(-logCharsMax);
    };
    started.stdout.on('data', keep);
    started.stderr.on('data', keep);
    if (started.pid !== undefined) keeper = startKeeper(started.pid, dir);
    await Promise.race([failed, untilReady()]);
  }

  async function untilReady(): Promise<void> {
    for (let waitedMs = 0; waitedMs < readyLimitMs; waitedMs += readyPollMs) {
      if (await isReady()) return;
      if (!isRunning()) break;
      await waitMs(readyPollMs);
    }
    throw new Error(`${program} did not become ready:\n${log}`);
  }

  async function stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    keeper?.kill('SIGKILL');
    keeper = undefined;
    const ending = child;
    if (!ending?.pid || !isRunning()) return;
    const ended = new Promise<void>((resolve) => ending.once('exit', () => resolve()));
    // A paused process hears nothing but SIGKILL until it goes on.
    signalAll('SIGCONT');
    signalOne(ending.pid, signal);
    const tooLong = setTimeout(() => signalAll('SIGKILL'), stopLimitMs);
    await ended;
    clearTimeout(tooLong);
  }

  async function remove(): Promise<void> {
    await stop();
    process.off('exit', leave);
    rmSync(dir, { recursive: true, force: true });
  }

  return { dir, start, stop, signalAll, remove };
}
