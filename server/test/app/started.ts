/** Houses as the command line starts them, for tests of the start itself: settings from an environment, a folder that outlives the house, raw bytes on the line. */
import { rmSync } from 'node:fs';
import { request, type Agent } from 'node:http';
import { connect } from 'node:net';
import type { HouseIo } from '../../src/app/house.ts';
import { readSettings } from '../../src/app/settings.ts';
import { startHouse, type StartedHouse } from '../../src/app/start.ts';
import { systemClock, type Clock } from '../../src/lib/clock.ts';
import { createIds } from '../../src/lib/ids.ts';
import { createLog } from '../../src/lib/log.ts';
import { freshDir } from '../support/throwaway.ts';

export const adminToken = 'an-administrator-token-of-40-characters!';
const adminPassword = 'a long enough password';

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  body: Record<string, unknown> & { data: Record<string, unknown> & { id: string; key: string } };
}

export interface Started extends StartedHouse {
  /** Lines of the log so far. */
  logged: string[];
  /** Sends as the administrator of the environment, unless headers say otherwise. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
}

export interface StartOptions {
  /** A folder from `folder()`; a fresh one without it. */
  dataDir?: string;
  environment?: Record<string, string>;
  /** FALSE leaves the set-up to its link. */
  hasAdministrator?: boolean;
  timeouts?: HouseIo['timeouts'];
  clock?: Clock;
}

const folders: string[] = [];
const running = new Set<StartedHouse>();

export function folder(): string {
  const dir = freshDir('started');
  folders.push(dir);
  return dir;
}

export async function start(options: StartOptions = {}): Promise<Started> {
  const named = { PATCHBAY_ADMIN_EMAIL: 'admin@example.org', PATCHBAY_ADMIN_PASSWORD: adminPassword, PATCHBAY_ADMIN_TOKEN: adminToken };
  const settings = readSettings(
    {
      PATCHBAY_DATA_DIR: options.dataDir ?? folder(),
      PATCHBAY_PORT: '0',
      ...(options.hasAdministrator === false ? {} : named),
      ...options.environment,
    },
    null,
  );
  const logged: string[] = [];
  const log = createLog('warn', { write: (line) => void logged.push(line) });
  const io = {
    isChecking: false,
    clock: options.clock ?? systemClock,
    ids: createIds(systemClock),
    log,
    ...(options.timeouts ? { timeouts: options.timeouts } : {}),
  };
  const started = await startHouse(settings, io);
  running.add(started);
  return {
    ...started,
    logged,
    async call(method, path, body, headers = {}) {
      const sent = {
        authorization: `Bearer ${adminToken}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      };
      const answer = await fetch(started.url + path, {
        method,
        headers: sent,
        redirect: 'manual',
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await answer.text();
      const isJson = answer.headers.get('content-type')?.startsWith('application/json') ?? false;
      return {
        status: answer.status,
        headers: answer.headers,
        text,
        body: (isJson && text !== '' ? JSON.parse(text) : {}) as Answer['body'],
      };
    },
    async close(how) {
      running.delete(started);
      await started.close(how);
    },
  };
}

/** Closes what a test left open and removes every folder. */
export async function clear(): Promise<void> {
  for (const house of running) await house.close({ isHurried: true });
  running.clear();
  for (const dir of folders.splice(0)) rmSync(dir, { recursive: true, force: true });
}

/** An access key for the house's demo provider, with the connection that leads to it. */
export async function demoKey(house: Started): Promise<string> {
  const made = await house.call('POST', '/api/configurations', { name: 'Demo', provider: 'demo', model: 'demo-small' });
  const key = await house.call('POST', '/api/access-keys', { name: 'demo' });
  if (made.status !== 201 || key.status !== 201) throw new Error(`${made.text} ${key.text}`);
  return key.body.data.key;
}

export interface Completed {
  /** 0 where no answer came at all. */
  status: number;
  /** The `connection` header of the answer. */
  connection: string | undefined;
  text: string;
  /** Why the answer broke off; null where it came to its end. */
  fault: string | null;
}

/** One completion over an agent that keeps its lines, as SDKs do. Never rejects. */
export function completion(url: string, key: string, agent: Agent, body: Record<string, unknown>): Promise<Completed> {
  return new Promise((resolve) => {
    const broken = (error: NodeJS.ErrnoException): void =>
      resolve({ status: 0, connection: undefined, text: '', fault: error.code ?? error.message });
    const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
    const sent = request(`${url}/v1/chat/completions`, { method: 'POST', agent, headers }, (answer) => {
      let text = '';
      const seen = { status: answer.statusCode ?? 0, connection: answer.headers.connection };
      answer.setEncoding('utf8').on('data', (piece: string) => (text += piece));
      answer.on('end', () => resolve({ ...seen, text, fault: null }));
      answer.on('error', (error: NodeJS.ErrnoException) => resolve({ ...seen, text, fault: error.code ?? error.message }));
    });
    sent.on('error', broken);
    sent.end(JSON.stringify({ messages: [{ role: 'user', content: 'hello' }], ...body }));
  });
}

const rawLimitMs = 60_000;

/** Writes bytes and collects what comes until the other side closes; rejects where that does not come. */
export function raw(url: string, bytes: string | Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    const limit = systemClock.after(rawLimitMs, () => socket.destroy(new Error('the other side did not close the line')));
    let text = '';
    socket.setEncoding('latin1').on('data', (piece: string) => (text += piece));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      limit.cancel();
      // A line that is reset after its answer has said what it had to say.
      if (text !== '' && error.code === 'ECONNRESET') resolve(text);
      else reject(error);
    });
    socket.on('close', () => {
      limit.cancel();
      resolve(text);
    });
    socket.write(bytes);
  });
}

/** Status and headers of a raw answer, and its body. */
export function parsedRaw(text: string): { status: number; headers: Map<string, string>; body: string } {
  const end = text.indexOf('\r\n\r\n');
  const [line = '', ...rest] = text.slice(0, end).split('\r\n');
  const headers = new Map(
    rest.map((header) => [header.slice(0, header.indexOf(':')).toLowerCase(), header.slice(header.indexOf(':') + 1).trim()]),
  );
  return { status: Number(line.split(' ')[1]), headers, body: text.slice(end + 4) };
}
