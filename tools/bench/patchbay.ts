/** Patchbay as a candidate: the real server with everything on, set up over its own HTTP interface, started anew from a copy for each round. */
import { randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Bench, Serving, Starter } from './candidates.ts';
import { endOf, freePort, startPinned, stop, untilIdle, untilReady } from './processes.ts';

const connectionName = 'bench';
/** High enough never to refuse, so that the limiter's work is part of what is measured. */
const perMinute = 100_000_000;
const readyMsMax = 30_000;
const setUpMsMax = 10_000;
const settleMsMax = 5_000;
const entry = resolve(import.meta.dirname, '../../server/src/cli/main.mjs');

/** Starts once to migrate the database and to make a connection and an access key; rounds then start warm, each from the same state. */
export async function patchbay(bench: Bench): Promise<Starter> {
  const template = join(bench.dir, 'patchbay');
  mkdirSync(template);
  const environment = environmentOf(bench);
  const first = await startServer(bench, template, environment, false);
  const key = await setUp(first.port, environment.PATCHBAY_ADMIN_TOKEN, bench.upstreamPort);
  await first.stop();
  let round = 0;
  return async () => {
    const dataDir = join(bench.dir, `patchbay-${round++}`);
    cpSync(template, dataDir, { recursive: true });
    const serving = await startServer(bench, dataDir, environment, true);
    const stopAndClean = async (): Promise<void> => {
      await serving.stop();
      rmSync(dataDir, { recursive: true, force: true });
    };
    return { ...serving, headers: { Authorization: `Bearer ${key}` }, stop: stopAndClean };
  };
}

const environmentOf = (bench: Bench) => ({
  NODE_ENV: 'production',
  PATCHBAY_HOST: '127.0.0.1',
  PATCHBAY_EGRESS_ALLOW: `127.0.0.1:${bench.upstreamPort}`,
  PATCHBAY_LOG_LEVEL: 'warn',
  PATCHBAY_MASTER_KEY: randomBytes(32).toString('base64'),
  PATCHBAY_ADMIN_EMAIL: 'bench@example.com',
  PATCHBAY_ADMIN_PASSWORD: randomBytes(24).toString('base64url'),
  PATCHBAY_ADMIN_TOKEN: `pat-pb-${randomBytes(32).toString('base64url')}`,
});

async function startServer(bench: Bench, dataDir: string, environment: Record<string, string>, mayProfile: boolean): Promise<Serving> {
  const port = await freePort();
  const profiling = mayProfile && bench.profileDir !== null ? ['--cpu-prof', '--cpu-prof-dir', bench.profileDir] : [];
  const sinceMs = performance.now();
  const started = startPinned(process.execPath, [...profiling, entry, 'start'], {
    core: bench.gatewayCore,
    nice: bench.nice,
    env: { ...environment, PATCHBAY_PORT: String(port), PATCHBAY_DATA_DIR: dataDir },
    // A `.env` in the caller's directory must not be read.
    cwd: bench.dir,
    logFile: join(bench.dir, 'patchbay.log'),
  });
  const readyMs = await untilReady(started, `http://127.0.0.1:${port}/readyz`, sinceMs, readyMsMax);
  return {
    name: 'patchbay',
    port,
    pid: started.pid,
    readyMs,
    headers: {},
    modelPrefix: `${connectionName}/`,
    isExact: true,
    end: () => endOf(started),
    stop: async () => {
      await untilIdle(started.pid, settleMsMax);
      await stop(started);
    },
  };
}

/** Makes the connection to the fake provider and an access key; returns the key. */
async function setUp(port: number, token: string, upstreamPort: number): Promise<string> {
  const post = async (path: string, body: unknown): Promise<Record<string, unknown>> => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(setUpMsMax),
    });
    const text = await answer.text();
    if (answer.status !== 201) throw new Error(`POST ${path} answered ${answer.status}: ${text.slice(0, 500)}`);
    return (JSON.parse(text) as { data: Record<string, unknown> }).data;
  };
  const baseUrl = `http://127.0.0.1:${upstreamPort}/v1`;
  await post('/api/configurations', {
    name: connectionName,
    provider: 'custom',
    baseUrl,
    apiKey: 'sk-upstream-0123456789',
    model: 'bench-json',
  });
  const { key } = await post('/api/access-keys', { name: connectionName, rpm: perMinute, tpm: perMinute * 10 });
  if (typeof key !== 'string') throw new Error('the new access key was not shown');
  return key;
}
