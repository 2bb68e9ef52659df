/** A real server in a process of its own, that can be killed at any moment and started again on the same data. */
import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import { setTimeout as waitMs } from 'node:timers/promises';

export const main = path.join(import.meta.dirname, '../../src/cli/main.mjs');
const readyLimitMs = 60_000;
const outputCharsMax = 20_000;
/** The same for all, as for instances of one installation. */
const masterKey = Buffer.from(Array.from({ length: 32 }, (_, n) => (n * 37 + 11) % 251)).toString('base64');
export const adminToken = 'a-token-of-the-chaos-tests-0123456789abcdef';

export interface Place {
  dataDir: string;
  port: number;
  databaseUrl: string | null;
  /** Beside what every server of these tests is given. */
  settings?: Readonly<Record<string, string>>;
  /** Hears all that it prints. */
  hears?(part: string): void;
}

export interface Instance {
  url: string;
  hasEnded(): boolean;
  /** The end of what it printed. */
  output(): string;
  /** Ends it as a power switch would, and waits until it is gone. */
  kill(): Promise<void>;
  /** Asks it to end, and answers its exit code. */
  stop(): Promise<number | null>;
}

/** What the server of this place, and the command line beside it, is told. */
export const environmentOf = (place: Place): NodeJS.ProcessEnv => ({
  PATH: process.env['PATH'],
  PATCHBAY_PORT: String(place.port),
  PATCHBAY_DATA_DIR: place.dataDir,
  PATCHBAY_EGRESS_ALLOW: '127.0.0.0/8:*',
  PATCHBAY_ADMIN_EMAIL: 'admin@example.org',
  PATCHBAY_ADMIN_PASSWORD: 'a long enough password',
  PATCHBAY_ADMIN_TOKEN: adminToken,
  PATCHBAY_MASTER_KEY: masterKey,
  PATCHBAY_DEMO: 'off',
  PATCHBAY_LOG_LEVEL: 'warn',
  ...(place.databaseUrl === null ? {} : { PATCHBAY_DATABASE_URL: place.databaseUrl }),
  ...place.settings,
});

/** Starts one and waits until it is ready. Rejects with its output where it does not come up. */
export async function startInstance(place: Place): Promise<Instance> {
  const child = spawn(process.execPath, [main, 'start'], {
    cwd: place.dataDir,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: environmentOf(place),
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (part: string) => {
      output = (output + part).slice(-outputCharsMax);
      place.hears?.(part);
    });
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  const url = `http://127.0.0.1:${place.port}`;
  await untilReady(child, url, () => output);
  return {
    url,
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
    output: () => output,
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
    async stop() {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

async function untilReady(child: ChildProcess, url: string, output: () => string): Promise<void> {
  const untilMs = performance.now() + readyLimitMs;
  while (performance.now() < untilMs) {
    if (child.exitCode !== null || child.signalCode !== null) break;
    const isReady = await fetch(`${url}/readyz`).then(
      (response) => response.ok,
      () => false,
    );
    if (isReady) return;
    await waitMs(20);
  }
  const how =
    child.exitCode !== null
      ? `ended with code ${child.exitCode}`
      : child.signalCode !== null
        ? `was ended by ${child.signalCode}`
        : `was not ready within ${readyLimitMs} ms`;
  child.kill('SIGKILL');
  throw new Error(`the server ${how}:\n${output()}`);
}

/** One call of the control plane as the administrator. */
export async function control(instance: Instance, apiPath: string, body: unknown): Promise<Record<string, unknown>> {
  const response = await fetch(`${instance.url}${apiPath}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const answer = (await response.json()) as { data: Record<string, unknown> };
  if (!response.ok) throw new Error(`${apiPath} answered ${response.status}: ${JSON.stringify(answer)}`);
  return answer.data;
}

/** A connection to this provider, and a key to use it with. */
export async function furnish(instance: Instance, baseUrl: string): Promise<string> {
  await control(instance, '/api/configurations', {
    name: 'Main',
    provider: 'openai',
    baseUrl,
    apiKey: 'sk-CANARY-9f3b1c7a5e2d8046',
    model: 'gpt-4o',
  });
  return String((await control(instance, '/api/access-keys', { name: 'load' }))['key']);
}
