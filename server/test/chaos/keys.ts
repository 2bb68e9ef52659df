/** A house full of sealed secrets that is asked without pause while its master key changes, and whose processes are killed meanwhile. */
import { spawn, type ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';
import { Agent, createServer, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { setTimeout as waitMs } from 'node:timers/promises';
import { readSettings, type Settings } from '../../src/app/settings.ts';
import { withControl } from '../../src/cli/offline.ts';
import { openStored, sealChanges } from '../../src/control/secrets.ts';
import { findConnection, insertStep } from '../../src/storage/connections.ts';
import type { WriteStep } from '../../src/storage/driver.ts';
import { freePort, freshDir } from '../support/throwaway.ts';

const main = path.join(import.meta.dirname, '../../src/cli/main.mjs');
const adminToken = 'a-token-of-the-key-tests-0123456789abcdef';
const readyLimitMs = 60_000;
const seedRows = 250;
const sockets = 64;
const secretOf = (number: number): string => `sk-canary-${String(number).padStart(8, '0')}`;

export interface Ran {
  code: number | null;
  out: string;
  err: string;
}

export interface KeyHouse {
  settings: Settings;
  /** Starts the server, and waits until it serves. */
  start(): Promise<void>;
  /** Ends the server as a power switch would. */
  kill(): Promise<void>;
  stop(): Promise<void>;
  /** Runs the command line to its end; `started` is handed the process, to end it earlier. */
  run(args: readonly string[], started?: (child: ChildProcess) => void, environment?: Record<string, string>): Promise<Ran>;
  /** Asks connection after connection, so many times a second, until `stop`. */
  load(perSecond: number): Load;
  /** Looks at what is stored, here or in another data directory; asked while no server runs there. */
  look(dataDir?: string): Promise<Looked>;
  close(): Promise<void>;
}

export interface Looked {
  connections: number;
  /** Connections whose stored secret is not the one that was entered. */
  wrongSecrets: number;
  /** Entries of the books, and what they cost. */
  entries: number;
  costNanoUsd: number;
}

export interface Load {
  /** Requests that were answered well so far. */
  answered(): number;
  stop(): Promise<{ asked: number; failed: number; statuses: Map<number, number>; slowestMs: number }>;
}

/** Answers those alone who bring the secret of the connection that they name. */
async function startProvider(): Promise<{ server: Server; origin: string }> {
  const server = createServer((message, response) => {
    let text = '';
    message.on('data', (part: Buffer) => (text += String(part)));
    message.on('end', () => {
      // A check by the clock asks for the list of models.
      if (text === '')
        return void response.writeHead(200, { 'content-type': 'application/json' }).end('{"object":"list","data":[{"id":"m"}]}');
      const number = Number((JSON.parse(text) as { messages: { content: string }[] }).messages[0]?.content);
      const isRight = message.headers.authorization === `Bearer ${secretOf(number)}`;
      const body = isRight
        ? { id: 'x', object: 'chat.completion', created: 1, model: 'm', choices: [{ index: 0, message: { role: 'assistant', content: 'yes' }, finish_reason: 'stop' }], usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } } // prettier-ignore
        : { error: { message: 'wrong key', code: 'invalid_api_key' } };
      response.writeHead(isRight ? 200 : 401, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** Writes the connections beside no server: ten thousand through the front door would take minutes. */
async function seed(settings: Settings, origin: string, count: number): Promise<void> {
  await withControl(settings, async (deps) => {
    const { organizationId, people } = deps.keeper.snapshot;
    const owner = { scope: 'organization' as const, id: organizationId };
    const createdBy = [...people.keys()][0] ?? '';
    // The first one alone: it brings the owner's key, which all others are sealed under.
    for (let from = 0; from < count; from += from === 0 ? 1 : seedRows) {
      const steps: WriteStep[] = [];
      for (let number = from; number < (from === 0 ? 1 : Math.min(from + seedRows, count)); number++) {
        const placed = { id: deps.ids.uuid(), owner, providerId: 'custom', origin };
        const { sealed, steps: keys } = await sealChanges(
          deps,
          placed,
          { secret: null, accessKeyId: null, headers: null },
          { secret: { kind: 'set', text: secretOf(number) }, accessKeyId: { kind: 'keep' }, headers: { kind: 'keep' } },
        );
        steps.push(...keys);
        const row = { ...placed, name: `c-${number}`, model: 'm', baseUrl: `${origin}/v1`, settings: {}, isActive: true, isDefault: false, trust: 'administrator' as const, sealed, secretLast4: null, secretSetAtMs: 1, createdBy, nowMs: deps.clock.nowMs() }; // prettier-ignore
        steps.push(insertStep(deps.database, row));
      }
      await deps.database.driver.write(steps);
    }
  });
}

export async function openKeyHouse(options: { connections: number; databaseUrl?: string; masterKey?: string }): Promise<KeyHouse> {
  const dir = freshDir('keys');
  const provider = await startProvider();
  const port = await freePort();
  const environment: Record<string, string> = {
    PATCHBAY_PORT: String(port),
    PATCHBAY_DATA_DIR: dir,
    PATCHBAY_EGRESS_ALLOW: '127.0.0.0/8:*',
    PATCHBAY_ADMIN_EMAIL: 'admin@example.org',
    PATCHBAY_ADMIN_PASSWORD: 'a long enough password',
    PATCHBAY_ADMIN_TOKEN: adminToken,
    PATCHBAY_LOG_LEVEL: 'error',
    ...(options.databaseUrl === undefined ? {} : { PATCHBAY_DATABASE_URL: options.databaseUrl }),
    ...(options.masterKey === undefined ? {} : { PATCHBAY_MASTER_KEY: options.masterKey }),
  };
  const settings = readSettings(environment, null);
  const url = `http://127.0.0.1:${port}`;
  const { launch, start, end } = serverOf(dir, url, environment);
  await start();
  await end('SIGTERM');
  await seed(settings, provider.origin, options.connections);
  await start();
  const accessKey = await newAccessKey(url);

  return {
    settings,
    start,
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
    run: (args, started, more) =>
      new Promise((resolve) => {
        const child = launch(args, more);
        const text = { out: '', err: '' };
        child.stdout?.on('data', (part: Buffer) => (text.out += String(part)));
        child.stderr?.on('data', (part: Buffer) => (text.err += String(part)));
        child.once('close', (code) => resolve({ code, ...text }));
        started?.(child);
      }),
    load: (perSecond) => startLoad(url, accessKey, options.connections, perSecond),
    look: (dataDir) => look(dataDir === undefined ? settings : { ...settings, dataDir, databaseUrl: null }),
    async close() {
      await end('SIGKILL');
      provider.server.closeAllConnections();
      await new Promise((resolve) => provider.server.close(resolve));
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function post(url: string, path: string, body: unknown): Promise<unknown> {
  const headers = { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' };
  const answer = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${await answer.text()}`);
  return answer.json();
}

/** A key to ask with; and a price, so that every entry of the books costs something. */
async function newAccessKey(url: string): Promise<string> {
  await post(url, '/api/admin/prices', { provider: 'custom', model: 'm', tiers: [{ input: '1.5', output: '3' }], confirm: true });
  return ((await post(url, '/api/access-keys', { name: 'load' })) as { data: { key: string } }).data.key;
}

interface OwnServer {
  /** Runs the program in the house's folder and environment. */
  launch: (args: readonly string[], more?: Record<string, string>) => ChildProcess;
  start: () => Promise<void>;
  end: (signal: NodeJS.Signals) => Promise<void>;
}

function serverOf(dir: string, url: string, environment: Record<string, string>): OwnServer {
  const launch = (args: readonly string[], more: Record<string, string> = {}): ChildProcess =>
    spawn(process.execPath, [main, ...args], {
      cwd: dir,
      env: { PATH: process.env['PATH'], ...environment, ...more },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  let server: { child: ChildProcess; ended: Promise<number | null> } | null = null;
  return {
    launch,
    async start() {
      const child = launch(['start']);
      let output = '';
      for (const stream of [child.stdout, child.stderr])
        stream?.on('data', (part: Buffer) => (output = (output + String(part)).slice(-5_000)));
      server = { child, ended: new Promise((resolve) => child.once('exit', (code) => resolve(code))) };
      const untilMs = performance.now() + readyLimitMs;
      while (performance.now() < untilMs && child.exitCode === null) {
        const isReady = await fetch(`${url}/readyz`).then(({ status }) => status === 200, () => false); // prettier-ignore
        if (isReady) return;
        await waitMs(25);
      }
      throw new Error(`the server did not come up: ${output}`);
    },
    async end(signal) {
      const ending = server;
      server = null;
      ending?.child.kill(signal);
      await ending?.ended;
    },
  };
}

function startLoad(url: string, accessKey: string, connections: number, perSecond: number): Load {
  const agent = new Agent({ keepAlive: true, maxSockets: sockets });
  const statuses = new Map<number, number>();
  const open = new Set<Promise<void>>();
  const state = { isRunning: true, asked: 0, slowestMs: 0 };
  const ask = (number: number): Promise<void> =>
    new Promise((resolve) => {
      const startedMs = performance.now();
      const done = (status: number): void => {
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        state.slowestMs = Math.max(state.slowestMs, performance.now() - startedMs);
        resolve();
      };
      const headers = { authorization: `Bearer ${accessKey}`, 'content-type': 'application/json' };
      const sent = httpRequest(`${url}/v1/chat/completions`, { method: 'POST', agent, headers }, (response) => {
        response.resume();
        response.once('close', () => done(response.complete ? (response.statusCode ?? 0) : 0));
      });
      sent.once('error', () => done(0));
      sent.end(JSON.stringify({ model: `c-${number}/m`, messages: [{ role: 'user', content: String(number) }] }));
    });
  const running = (async () => {
    const startedMs = performance.now();
    while (state.isRunning) {
      const due = Math.floor(((performance.now() - startedMs) * perSecond) / 1_000);
      for (; state.asked < due; state.asked++) {
        // A stride that is prime to the number of connections comes to each of them in turn.
        const one = ask((state.asked * 7_919) % connections);
        open.add(one);
        void one.finally(() => open.delete(one));
      }
      await waitMs(5);
    }
  })();
  return {
    answered: () => statuses.get(200) ?? 0,
    async stop() {
      state.isRunning = false;
      await running;
      await Promise.all(open);
      agent.destroy();
      const failed = [...statuses].reduce((sum, [status, count]) => (status === 200 ? sum : sum + count), 0);
      return { asked: state.asked, failed, statuses, slowestMs: Math.round(state.slowestMs) };
    },
  };
}

const look = (settings: Settings): Promise<Looked> =>
  withControl(settings, async (deps) => {
    let wrongSecrets = 0;
    const { connections } = deps.keeper.snapshot;
    for (const connection of connections.values()) {
      const stored = await findConnection(deps.database, connection.id);
      const box = stored?.sealed.secret ?? null;
      const text = box === null ? null : (await openStored(deps, connection, box, 'api_key_encrypted')).reveal();
      if (text !== secretOf(Number(connection.name.slice(2)))) wrongSecrets += 1;
    }
    const sql = 'SELECT COUNT(*) AS entries, COALESCE(SUM(cost_nano_usd), 0) AS cost FROM usage_events';
    const [sums] = await deps.database.driver.rows<{ entries: number; cost: number }>({ sql, params: [] });
    return { connections: connections.size, wrongSecrets, entries: sums?.entries ?? 0, costNanoUsd: sums?.cost ?? 0 };
  });
