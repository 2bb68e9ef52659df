/** Throw-away Valkey or Redis servers on 127.0.0.1: a real one, started for a test file, that can be paused, restarted and killed. */
import { connect } from 'node:net';
import { programOf } from './parts.ts';
import { freePort, freshDir, throwaway } from './throwaway.ts';

const answerLimitMs = 1_000;
/** A machine that is busy is waited for. */
const busyLimitMs = 60_000;

export interface Redis {
  readonly url: string;
  readonly port: number;
  /** Stops the process where it stands: connections hang, new ones too. */
  pause(): void;
  resume(): void;
  /** Starts it again on the same port, empty. */
  restart(): Promise<void>;
  /** Takes the server away at once, as a crash would. `restart` brings it back. */
  kill(): Promise<void>;
  /** Stops the server and removes its folder. */
  stop(): Promise<void>;
}

/**
 * Commands as a person would type them, and all that the server answers. Such lines are part of its protocol, so that no client library is
 * needed to ask. Rejects where it does not answer.
 */
export const sayTo = (port: number, ...lines: string[]): Promise<string> => say(port, lines, busyLimitMs);

function say(port: number, lines: readonly string[], timeout: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, timeout });
    const parts: Buffer[] = [];
    socket.once('connect', () => socket.write([...lines, 'QUIT', ''].join('\r\n')));
    socket.on('data', (part: Buffer) => parts.push(part));
    socket.once('timeout', () => socket.destroy(new Error('no answer')));
    socket.once('error', reject);
    socket.once('close', () => resolve(Buffer.concat(parts).toString('latin1')));
  });
}

const answers = (port: number): Promise<boolean> =>
  say(port, ['PING'], answerLimitMs).then(
    (said) => said.startsWith('+PONG'),
    () => false,
  );

/** Starts a server of its own for the caller, without persistence. */
export async function startRedis(): Promise<Redis> {
  const dir = freshDir('redis');
  const port = await freePort();
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', dir, '--daemonize', 'no'];
  const server = throwaway({ program: programOf('redis'), args, dir, isReady: () => answers(port) });
  await server.start();
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    pause: () => server.signalAll('SIGSTOP'),
    resume: () => server.signalAll('SIGCONT'),
    async restart() {
      await server.stop();
      await server.start();
    },
    async kill() {
      server.signalAll('SIGKILL');
      await server.stop();
    },
    stop: () => server.remove(),
  };
}
