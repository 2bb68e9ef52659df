/** Makes the processes of a command stand still by chance, as on a machine whose processors go to somebody else for a while. */
import { spawn } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** In the environment of the command and of all that it starts, so that a server whose parent has left is found too. */
const markName = 'PATCHBAY_STANDSTILLS';

export interface Standstills {
  /** Each lasts from `shortestMs` to this; most are short. */
  longestMs: number;
  /** Between two, on average. */
  gapMs: number;
  /** A whole number from 0 to below its argument. */
  draw: (below: number) => number;
}

export interface Outcome {
  /** Null where a signal ended the command. */
  code: number | null;
  /** How often something stood still. */
  count: number;
}

const shortestMs = 20;
const share = 1_000;

/** Processes that carry the mark, without the command itself: whoever waits for it would take a stopped one for ended. */
function marked(mark: string, commandPid: number): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid && pid !== commandPid && carries(pid, mark));
}

function carries(pid: number, mark: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`${markName}=${mark}\0`);
  } catch {
    return false; // It has ended, or is somebody else's.
  }
}

function signal(pids: readonly number[], name: 'SIGSTOP' | 'SIGCONT'): void {
  for (const pid of pids)
    try {
      process.kill(pid, name);
    } catch {
      // It has ended meanwhile.
    }
}

/** All of them, every second one, or one: a machine stands still as a whole, and its processes come back one after the other. */
function chosen(pids: readonly number[], draw: Standstills['draw']): number[] {
  const kind = draw(3);
  if (kind === 0) return [...pids];
  return kind === 1 ? pids.filter(() => draw(2) === 0) : [pids[draw(pids.length)]!];
}

/** Runs the command with our own streams until it ends; whatever was stopped goes on before. Needs `/proc`, so Linux. */
export async function runWithStandstills(command: readonly string[], { longestMs, gapMs, draw }: Standstills): Promise<Outcome> {
  const mark = `${process.pid}-${draw(1_000_000_000)}`;
  const child = spawn(command[0]!, command.slice(1), { stdio: 'inherit', env: { ...process.env, [markName]: mark } });
  const ended = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('exit', resolve));
  let count = 0;
  const shake = async (): Promise<void> => {
    while (child.exitCode === null && child.signalCode === null) {
      await sleep((gapMs * 2 * draw(share)) / share);
      const pids = marked(mark, child.pid!);
      if (pids.length === 0) continue;
      const stopped = chosen(pids, draw);
      signal(stopped, 'SIGSTOP');
      await sleep(shortestMs + (draw(share) / share) ** 2 * Math.max(0, longestMs - shortestMs));
      signal(stopped, 'SIGCONT');
      count++;
    }
  };
  const [code] = await Promise.all([ended, child.pid === undefined ? undefined : shake()]);
  return { code, count };
}
