/** Runs the real command line as its own process, in a folder of its own and with an environment that holds nothing else. */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { freshDir } from '../support/throwaway.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const program = `${root}server/src/cli/main.mjs`;
/** Longer than a server of a whole test file runs, on a machine with little time. */
const runLimitMs = 900_000;

export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  out: string;
  err: string;
}

export interface Running {
  child: ChildProcess;
  /** Resolves with the match when standard output shows it; rejects when the program ends before. */
  shows(pattern: RegExp): Promise<RegExpExecArray>;
  ended: Promise<Ended>;
}

export interface Bench {
  dir: string;
  /** Runs to the end. `script` names a file of the repository instead of the program. */
  run(args: readonly string[], environment?: Record<string, string>, script?: string): Promise<Ended>;
  launch(args: readonly string[], environment?: Record<string, string>, script?: string, input?: string): Running;
  /** The same, with standard error in a file: what the runtime itself says is lost where a pipe is full, as its reader stands still. */
  launchTelling(args: readonly string[], environment: Record<string, string>): Running;
  /** Kills what still runs and removes the folder. */
  clear(): Promise<void>;
}

export function createBench(): Bench {
  const dir = freshDir('cli');
  const running = new Set<Running>();

  const begin = (args: readonly string[], environment: Record<string, string>, script = '', input = '', errFile = ''): Running => {
    const errFd = errFile === '' ? null : openSync(errFile, 'w');
    const env = { PATH: process.env['PATH'] ?? '', PATCHBAY_PORT: '0', ...environment };
    const child = spawn(process.execPath, [script === '' ? program : root + script, ...args], {
      cwd: dir,
      env,
      stdio: ['pipe', 'pipe', errFd ?? 'pipe'],
    });
    if (errFd !== null) closeSync(errFd);
    child.stdin!.end(input);
    const limit = setTimeout(() => child.kill('SIGKILL'), runLimitMs);
    const text = { out: '', err: '' };
    let onText = (): void => undefined;
    child.stdout!.setEncoding('utf8').on('data', (chunk: string) => {
      text.out += chunk;
      onText();
    });
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (text.err += chunk));
    const ended = new Promise<Ended>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => {
        clearTimeout(limit);
        if (errFile !== '') text.err = readFileSync(errFile, 'utf8');
        resolve({ code, signal, ...text });
      });
    });
    const shows = (pattern: RegExp): Promise<RegExpExecArray> =>
      new Promise((resolve, reject) => {
        onText = () => {
          const match = pattern.exec(text.out);
          if (match) resolve(match);
        };
        onText();
        ended.then(({ code }) => reject(new Error(`ended with ${code} before ${pattern}: ${text.out}${text.err}`)), reject);
      });
    const launched = { child, shows, ended };
    running.add(launched);
    return launched;
  };

  const launch: Bench['launch'] = (args, environment = {}, script, input) => begin(args, environment, script, input);
  return {
    dir,
    launch,
    launchTelling: (args, environment) => begin(args, environment, '', '', path.join(dir, `told-${running.size}`)),
    run: (args, environment, script) => launch(args, environment, script).ended,
    async clear() {
      for (const { child } of running) child.kill('SIGKILL');
      await Promise.all([...running].map(({ ended }) => ended));
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
