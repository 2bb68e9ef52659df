/** Throw-away PostgreSQL servers on 127.0.0.1: a real one, started for a test file, that can be paused, restarted and killed. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Client } from 'pg';
import { afterThisFile } from './leavings.ts';
import { programOf } from './parts.ts';
import { type RunAs, freePort, freshDir, throwaway } from './throwaway.ts';

export { needs } from './parts.ts';

const connectLimitMs = 1_000;
/** Of a server that is there, on however busy a machine. */
const patienceMs = 60_000;
const user = 'patchbay';

/** The name of the database in its url. */
const nameIn = (url: string): string => new URL(url).pathname.slice(1);

export interface Postgres {
  /** The server's first database, `postgres`, which is empty. */
  readonly url: string;
  readonly port: number;
  /** Creates another database on this server and answers its url: an empty one, or a copy of one that nobody has open. */
  createDatabase(pattern?: string): Promise<string>;
  /** Stops every process of the server where it stands: connections hang, new ones too. */
  pause(): void;
  resume(): void;
  /** Ends all connections, stops the server and starts it again on the same port with the same data. */
  restart(): Promise<void>;
  /** Takes the server away at once, as a crash would. `restart` brings it back, with its recovery. */
  kill(): Promise<void>;
  /** Stops the server and removes its data. */
  stop(): Promise<void>;
}

/** PostgreSQL refuses to run as root, so for root it runs as the user that Debian made for it, or as nobody. */
function userForServer(): RunAs | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const rows = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const row = rows.find((fields) => fields[0] === 'postgres') ?? rows.find((fields) => fields[0] === 'nobody');
  if (!row) throw new Error('PostgreSQL does not run as root, and there is neither a user postgres nor nobody');
  return { uid: Number(row[2]), gid: Number(row[3]) };
}

async function withClient<T>(url: string, work: (client: Client) => Promise<T>, limitMs = patienceMs): Promise<T> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: limitMs });
  // Without a listener the loss of a connection would end the whole test process.
  client.on('error', () => undefined);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    await withClient(url, (client) => client.query('select 1'), connectLimitMs);
    return true;
  } catch {
    return false; // Not yet listening, or still recovering.
  }
}

/** What a test server does without: it must be quick, and its data need not outlive the machine. */
function settings(port: number, others: Readonly<Record<string, string>>): string[] {
  const values = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    fsync: 'off',
    full_page_writes: 'off',
    max_connections: 60,
    shared_buffers: '32MB',
    max_wal_size: '256MB',
    // In files of the data folder rather than in shared memory, where a killed server would leave them behind.
    dynamic_shared_memory_type: 'mmap',
    ...others,
  };
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/** For a server that measurements are made on: as much memory as an operator gives one of a million rows. */
export const largeServer = { shared_buffers: '512MB', max_wal_size: '4GB', work_mem: '16MB' } as const;

/** Starts a PostgreSQL of its own for the caller. About a second; for a database alone, `createDatabase` is quicker. */
export async function startPostgres(others: Readonly<Record<string, string>> = {}): Promise<Postgres> {
  const initdb = programOf('postgres');
  const runAs = userForServer();
  const dir = freshDir('postgres', runAs);
  const dataDir = join(dir, 'data');
  const init = ['-D', dataDir, '-U', user, '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync', '--no-instructions'];
  execFileSync(initdb, init, { cwd: dir, env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' }, stdio: ['ignore', 'ignore', 'pipe'], ...runAs });
  const port = await freePort();
  const urlOf = (database: string): string => `postgres://${user}@127.0.0.1:${port}/${database}`;
  const url = urlOf('postgres');
  const server = throwaway({
    program: join(dirname(initdb), 'postgres'),
    args: ['-D', dataDir, ...settings(port, others)],
    dir,
    isReady: () => answers(url),
    ...(runAs ? { runAs } : {}),
  });
  await server.start();
  let databases = 0;
  return {
    url,
    port,
    async createDatabase(pattern) {
      databases += 1;
      const name = `test_${databases}`;
      await withClient(url, (client) =>
        client.query(`create database ${name}${pattern === undefined ? '' : ` template ${nameIn(pattern)}`}`),
      );
      return urlOf(name);
    },
    pause: () => server.signalAll('SIGSTOP'),
    resume: () => server.signalAll('SIGCONT'),
    async restart() {
      await server.stop('SIGINT');
      await server.start();
    },
    async kill() {
      server.signalAll('SIGKILL');
      await server.stop();
    },
    async stop() {
      // SIGINT is PostgreSQL's fast shutdown: open connections are ended rather than waited for.
      await server.stop('SIGINT');
      await server.remove();
    },
  };
}

const key = Symbol.for('patchbay.postgres');
/** Beyond the modules, of which every file has its own. */
const place = globalThis as unknown as Record<symbol, { server: Promise<Postgres>; pattern?: Promise<string> } | undefined>;
const onShared = () => (place[key] ??= { server: startPostgres() });

async function goneWithTheFile(server: Postgres, url: string): Promise<string> {
  afterThisFile(() => withClient(server.url, (client) => client.query(`drop database ${nameIn(url)} with (force)`)));
  return url;
}

/**
 * A new, empty database for a test file, on a server that all tests of this process share; it goes with the file. Nobody stops that
 * server but the end of the process; a test that pauses or kills its server starts one of its own.
 */
export async function createDatabase(): Promise<string> {
  const server = await onShared().server;
  return goneWithTheFile(server, await server.createDatabase());
}

/**
 * As `createDatabase`, with the tables in it that `fill` makes, the same for all who ask. It runs once in a process and leaves nothing
 * open; from then on what it made is copied, which takes a quarter of the time.
 */
export async function createFilledDatabase(fill: (url: string) => Promise<void>): Promise<string> {
  const shared = onShared();
  const server = await shared.server;
  shared.pattern ??= server.createDatabase().then(async (url) => {
    await fill(url);
    return url;
  });
  return goneWithTheFile(server, await server.createDatabase(await shared.pattern));
}
