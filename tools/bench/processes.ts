/** Starts programs on a chosen core, reads from /proc what they cost, and sees to it that none of them outlives the benchmark. */
import { type ChildProcess, spawn } from 'node:child_process';
import { openSync, closeSync, readFileSync, readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

export interface Started {
  child: ChildProcess;
  pid: number;
  logFile: string | null;
}

interface StartOptions {
  core: number;
  /** Below 0 the program goes before what else the machine does. */
  nice?: number;
  env?: Record<string, string>;
  cwd?: string;
  /** A file that takes what the program says; without one its stdout and stderr are pipes. */
  logFile?: string;
}

const stopMsMax = 15_000;
const pollMs = 5;
/** Linux counts CPU time for /proc in hundredths of a second on every platform it supports (USER_HZ). */
const msPerTick = 10;
const processesMax = 64;

const running = new Set<Started>();

/** The child's environment is `env` and a PATH alone, so that settings of the caller's shell cannot change what is measured. */
export function startPinned(command: string, args: readonly string[], options: StartOptions): Started {
  const log = options.logFile === undefined ? 'pipe' : openSync(options.logFile, 'a');
  const child = spawn('nice', ['-n', String(options.nice ?? 0), 'taskset', '-c', String(options.core), command, ...args], {
    env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '/', ...options.env },
    cwd: options.cwd,
    stdio: ['ignore', log, log],
  });
  if (typeof log === 'number') closeSync(log);
  if (child.pid === undefined) throw new Error(`${command} cannot be started`);
  const started = { child, pid: child.pid, logFile: options.logFile ?? null };
  running.add(started);
  child.once('exit', () => running.delete(started));
  return started;
}

const hasEnded = ({ child }: Started): boolean => child.exitCode !== null || child.signalCode !== null;

/** Asks a program to end, and makes it after a while. */
export async function stop(started: Started): Promise<void> {
  if (hasEnded(started)) return;
  const ended = new Promise<void>((resolve) => void started.child.once('exit', () => resolve()));
  const tree = treeOf(started.pid);
  started.child.kill('SIGTERM');
  const isOver = await Promise.race([ended.then(() => true), wait(stopMsMax, false, { ref: false })]);
  if (isOver) return;
  tree.forEach(killNow);
  await ended;
}

/** For the last moment of the process: nothing asynchronous runs any more. */
export function killAll(): void {
  for (const { pid } of running) treeOf(pid).forEach(killNow);
}

function killNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It is gone already, which is all that was wanted.
  }
}

/** A process and its descendants. */
function treeOf(pid: number): number[] {
  const found = [pid];
  for (let at = 0; at < found.length && found.length < processesMax; at++) {
    for (const task of listOf(`/proc/${found[at]}/task`)) {
      const children = textOf(`/proc/${found[at]}/task/${task}/children`).split(' ').filter(Boolean);
      found.push(...children.map(Number));
    }
  }
  return found;
}

function listOf(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** CPU time that a program, with all its threads and children, has used so far: user and system, as proc_pid_stat(5) has it. */
export function cpuMsOf(pid: number): number {
  let ticks = 0;
  for (const member of treeOf(pid)) {
    // The second field is a name in parentheses that may hold blanks; utime and stime are the 14th and 15th.
    const fields = textOf(`/proc/${member}/stat`)
      .replace(/^.*\) /, '')
      .split(' ');
    ticks += Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
  }
  return ticks * msPerTick;
}

export function rssKiBOf(pid: number): number {
  return treeOf(pid).reduce((sum, member) => sum + Number(/^VmRSS:\s+(\d+)/m.exec(textOf(`/proc/${member}/status`))?.[1] ?? 0), 0);
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

const lastWordsOf = ({ logFile }: Started): string => (logFile === null ? '' : textOf(logFile).trim().slice(-1_000));

/** How a program ended that should be running, and the end of what it said; null while it runs. */
export const endOf = (started: Started): string | null =>
  hasEnded(started) ? `it ended with ${started.child.exitCode ?? started.child.signalCode}: ${lastWordsOf(started)}` : null;

/** Waits until `url` answers 2xx; returns the milliseconds since `sinceMs` (performance.now). */
export async function untilReady(started: Started, url: string, sinceMs: number, msMax: number): Promise<number> {
  while (performance.now() - sinceMs < msMax) {
    const end = endOf(started);
    if (end !== null) throw new Error(`the program behind ${url} is gone: ${end}`);
    try {
      const answer = await fetch(url, { signal: AbortSignal.timeout(2_000) });
      await answer.arrayBuffer();
      if (answer.ok) return performance.now() - sinceMs;
    } catch {
      // Nobody listens yet.
    }
    await wait(pollMs);
  }
  throw new Error(`${url} was not ready within ${msMax} ms`);
}

/** Waits until a program uses next to no CPU any more (it may have to write down what it did), at most `msMax`. */
export async function untilIdle(pid: number, msMax: number): Promise<void> {
  const untilMs = performance.now() + msMax;
  let quiet = 0;
  while (quiet < 3 && performance.now() < untilMs) {
    const before = cpuMsOf(pid);
    await wait(100);
    quiet = cpuMsOf(pid) - before <= msPerTick ? quiet + 1 : 0;
  }
}
