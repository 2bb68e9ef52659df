/** Throw-away Valkey or Redis servers on 127.0.0.1: a real one, started for a test file, that can be paused, restarted and killed. */
import { connect } from 'node:net';
import { programOf } from './parts.ts';
import { freePort, freshDir, throwaway } from './throwaway.ts';

const answerLimitMs = 1_000;

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

/** Does the server answer PING? Inline commands are part of its protocol, so that no client library is needed to ask. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, timeout: answerLimitMs });
    const settle = (ready: boolean): void => {
      socket.destroy();
      resolve(ready);
    };
    socket.once('connect', () => socket.write('PING\r\n'));
    socket.once('data', (chunk) => settle(chunk.toString('latin1').startsWith('+PONG')));
    socket.once('error', () => settle(false));
    socket.once('timeout', () => settle(false));
  });
}

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
