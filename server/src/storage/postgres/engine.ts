/** PostgreSQL: one pool for the daily work, one for analytics, and one connection that listens. */
import { Client, Pool, type ClientBase, type ClientConfig, type PoolClient } from 'pg';
import { pause, type Clock } from '../../lib/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Driver, Lane, Outcome, Row, Statement, WriteStep } from '../driver.ts';
import { StorageBusy, StorageStartError, StorageUnavailable } from '../errors.ts';
import { failureOf, isConnectionLost } from './failures.ts';
import { channel, listen } from './listen.ts';
import { checkSteps, inTransaction, query, runSteps, type ColumnTypes } from './statements.ts';
import { types } from './types.ts';

const connectTimeoutMs = 3_000;
const oltpTimeoutMs = 5_000;
const analyticsTimeoutMs = 15_000;
/** The client waits a little longer than the server, so that a live server says itself what took too long. */
const clientGraceMs = 1_000;
const scriptLockTimeoutMs = 60_000;
const oltpConnectionsMax = 10;
const analyticsConnectionsMax = 2;
const waitingMax = 5_000;
/** A deadlock or a serialization failure kept nothing, so the whole batch may run again. */
const writeTriesMax = 4;
const retryDelayMs = 20;
const serverVersionMin = 15;
/**
 * A chart asks many small questions in one statement. PostgreSQL estimates such a statement as dear and compiles each part of it, which
 * takes seconds for an answer of milliseconds. Said after connecting, because poolers refuse it as a parameter of the start.
 */
const withoutCompiling = 'SET jit = off';

interface Deps {
  clock: Clock;
  log: Log;
}

function configOf(databaseUrl: string, name: string, timeoutMs: number): ClientConfig {
  return {
    connectionString: databaseUrl,
    application_name: `patchbay-${name}`,
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    statement_timeout: timeoutMs,
    lock_timeout: timeoutMs,
    idle_in_transaction_session_timeout: timeoutMs,
    query_timeout: timeoutMs + clientGraceMs,
    types,
  };
}

interface Pools {
  oltp: Pool;
  analytics: Pool;
}

/** Borrows a client; one whose connection is lost, or may still be at work on something, is not given back but ended. */
async function withClient<T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> {
  if (pool.waitingCount >= waitingMax) throw new StorageBusy(`${waitingMax} calls wait for a connection to PostgreSQL`);
  let client: PoolClient;
  try {
    client = await pool.connect();
  } catch (error) {
    // Whatever goes wrong before there is a connection, a refused password too, is the database not answering.
    throw error instanceof StorageUnavailable ? error : new StorageUnavailable('no connection to PostgreSQL', { cause: error });
  }
  let isLost = false;
  const onError = (): void => {
    isLost = true;
  };
  client.on('error', onError);
  try {
    return await work(client);
  } catch (error) {
    const failure = failureOf(error);
    isLost ||= isConnectionLost(failure);
    throw failure;
  } finally {
    client.removeListener('error', onError);
    client.release(isLost);
  }
}

/** Refuses a server that this program is not made for. A server that does not answer is no reason to refuse the start. */
async function probe(deps: Deps, pool: Pool): Promise<boolean> {
  try {
    const settings = await withClient(pool, (client) =>
      client.query<{ version: string; encoding: string }>(
        "SELECT current_setting('server_version_num') AS version, current_setting('server_encoding') AS encoding",
      ),
    );
    const [{ version, encoding } = { version: '0', encoding: '' }] = settings.rows;
    const major = Math.floor(Number(version) / 10_000);
    if (major < serverVersionMin) throw new StorageStartError(`PostgreSQL ${serverVersionMin} or newer is needed; this is ${major}`);
    if (encoding !== 'UTF8') throw new StorageStartError(`the PostgreSQL database must be in UTF8; it is in ${encoding}`);
    return true;
  } catch (error) {
    if (!(error instanceof StorageUnavailable)) throw error;
    const state = (error.cause as { code?: unknown } | undefined)?.code;
    // A wrong password or a missing database does not mend itself.
    if (typeof state === 'string' && /^(28|3D)/.test(state)) {
      throw new StorageStartError(`PostgreSQL refuses PATCHBAY_DATABASE_URL: ${(error.cause as Error).message}`, { cause: error });
    }
    deps.log.warn({ err: error }, 'PostgreSQL does not answer at the start');
    return false;
  }
}

/** @throws StorageStartError for a server that is too old, in another encoding, or refuses the credentials */
export async function openPostgres(deps: Deps, databaseUrl: string): Promise<Driver> {
  // The pool waits for what this answers, although its types say that it answers nothing.
  const onConnect = (client: ClientBase): unknown => client.query(withoutCompiling);
  const pools: Pools = {
    oltp: new Pool({ ...configOf(databaseUrl, 'oltp', oltpTimeoutMs), max: oltpConnectionsMax, onConnect }),
    analytics: new Pool({ ...configOf(databaseUrl, 'analytics', analyticsTimeoutMs), max: analyticsConnectionsMax, onConnect }),
  };
  // An idle connection that dies must not take the process with it; the next call sees for itself.
  for (const pool of [pools.oltp, pools.analytics])
    pool.on('error', (error) => deps.log.warn({ err: error }, 'an idle connection to PostgreSQL ended'));
  try {
    const isUp = await probe(deps, pools.oltp);
    return driverOf(deps, pools, databaseUrl, isUp);
  } catch (error) {
    await Promise.all([pools.oltp.end(), pools.analytics.end()]);
    throw error;
  }
}

async function runScript(databaseUrl: string, sql: string): Promise<void> {
  // A migration may take its time, so it has a connection of its own without a limit on statements.
  const client = new Client({
    ...configOf(databaseUrl, 'migration', 0),
    query_timeout: 0,
    lock_timeout: scriptLockTimeoutMs,
    idle_in_transaction_session_timeout: scriptLockTimeoutMs,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await inTransaction(client, () => client.query(sql));
  } catch (error) {
    throw failureOf(error);
  } finally {
    client.end().catch(() => undefined);
  }
}

/** Runs a batch again that PostgreSQL ended to resolve a deadlock or a serialization failure. */
async function withRetries<T>(deps: Deps, work: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await work();
    } catch (error) {
      const state = error instanceof StorageBusy ? (error.cause as { code?: unknown } | undefined)?.code : undefined;
      if ((state !== '40001' && state !== '40P01') || tries >= writeTriesMax) throw error;
      await pause(deps.clock, retryDelayMs * tries);
    }
  }
}

function driverOf(deps: Deps, pools: Pools, databaseUrl: string, isUp: boolean): Driver {
  const listeners = new Set<() => void>();
  let columnTypes: ColumnTypes = new Map();
  let isHealthy = isUp;
  let closing: Promise<void> | null = null;
  const listener = listen(deps, configOf(databaseUrl, 'listener', oltpTimeoutMs), {
    onChange() {
      for (const tell of listeners) tell();
    },
    onHealth(health) {
      isHealthy = health;
    },
  });
  const watched = async <T>(work: Promise<T>): Promise<T> => {
    try {
      const result = await work;
      isHealthy = true;
      return result;
    } catch (error) {
      if (error instanceof StorageUnavailable) isHealthy = false;
      throw error;
    }
  };
  const run = async <R>(statement: Statement, lane: Lane): Promise<Outcome<R>> => {
    const pool = lane === 'analytics' ? pools.analytics : pools.oltp;
    const result = await watched(withClient(pool, (client) => query<Row>(client, statement)));
    return { rows: result.rows as R[], touched: result.rowCount ?? 0 };
  };
  const write = (steps: readonly WriteStep[]): Promise<Row[][]> =>
    watched(withClient(pools.oltp, (client) => runSteps(client, columnTypes, steps)));
  return {
    engine: 'postgres',
    backupsDir: null,
    run,
    rows: async <R>(statement: Statement, lane: Lane = 'read') => (await run<R>(statement, lane)).rows,
    async write(steps) {
      checkSteps(steps);
      return withRetries(deps, () => write(steps));
    },
    applyLedger: null,
    async script(sql) {
      await watched(runScript(databaseUrl, sql));
      columnTypes = new Map();
    },
    async backup() {
      throw new TypeError('PostgreSQL is backed up by its operator');
    },
    scrub: async () => undefined,
    onConfigChange(tell) {
      listeners.add(tell);
      return () => listeners.delete(tell);
    },
    async notifyConfigChange() {
      await run({ sql: `SELECT pg_notify('${channel}', '')`, params: [] }, 'write');
    },
    isHealthy: () => isHealthy,
    close() {
      closing ??= (async () => {
        await listener.close();
        await Promise.all([pools.oltp.end(), pools.analytics.end()]);
      })();
      return closing;
    },
  };
}
