/** Keep-alive connections, pooled per policy, trust and origin: a socket is never used under a rule that did not open it. */
import { Client, Pool, type Dispatcher } from 'undici';
import type { EgressPolicy } from './allow.ts';
import { connectGuarded, connectTarget, type ConnectDeps, type ConnectTarget } from './connect.ts';
import { EgressError } from './error.ts';
import { HttpExchange, type InUse, type Line } from './exchange.ts';
import type { Trust } from './guard.ts';

export interface OriginPool extends InUse {
  readonly undici: Pool;
  /** Order of the last use, for choosing the pool to give up. */
  lastUse: number;
}

export interface PoolOptions {
  connectionsPerOrigin: number;
  /** How many origins keep connections. Only pools in use may exceed it, and those are bounded by the exchanges under way. */
  poolsMax: number;
}

/** All pools of one policy. A new policy gets a new set; the old one is closed when its exchanges are over. */
export interface PoolSet {
  readonly policy: EgressPolicy;
  readonly administrator: Map<string, OriginPool>;
  readonly member: Map<string, OriginPool>;
  uses: number;
}

const headersBytesMax = 32 * 1_024;
const keepAliveMs = 30_000;
const keepAliveMaxMs = 60_000;
const keepAliveMarginMs = 1_000;

export function newPoolSet(policy: EgressPolicy): PoolSet {
  return { policy, administrator: new Map(), member: new Map(), uses: 0 };
}

/** The pool of an origin, opened where there is none; null for an origin that is not in its canonical spelling. */
export function poolFor(deps: ConnectDeps, set: PoolSet, options: PoolOptions, origin: string, trust: Trust): OriginPool | null {
  const pools = trust === 'administrator' ? set.administrator : set.member;
  set.uses += 1;
  const open = pools.get(origin);
  if (open !== undefined) {
    open.lastUse = set.uses;
    return open;
  }
  const url = canonicalOrigin(origin);
  if (url === null) return null;
  const pool = newPool(deps, connectTarget(url, trust, set.policy), options, url);
  pool.lastUse = set.uses;
  pools.set(origin, pool);
  if (set.administrator.size + set.member.size > options.poolsMax) closeLeastUsed(set, pool);
  return pool;
}

/** Parses an origin that has to be canonical already, because a second spelling would be a second pool; null where it is not. */
export function canonicalOrigin(origin: string): URL | null {
  const url = URL.parse(origin);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) return null;
  return url.origin === origin && !url.hostname.endsWith('.') ? url : null;
}

function closeLeastUsed(set: PoolSet, newest: OriginPool): void {
  let victim: { pools: Map<string, OriginPool>; origin: string; pool: OriginPool } | null = null;
  for (const pools of [set.administrator, set.member]) {
    for (const [origin, pool] of pools) {
      if (pool.inUse > 0 || pool === newest) continue;
      if (victim === null || pool.lastUse < victim.pool.lastUse) victim = { pools, origin, pool };
    }
  }
  if (victim === null) return;
  victim.pools.delete(victim.origin);
  void victim.pool.undici.close();
}

/** Lets the exchanges of a set end and closes its connections then. */
export async function closePools(set: PoolSet): Promise<void> {
  const pools = [...set.administrator.values(), ...set.member.values()].filter((pool) => !pool.undici.destroyed);
  await Promise.all(pools.map((pool) => pool.undici.close()));
}

/** Cuts every exchange of a set off. */
export async function destroyPools(set: PoolSet): Promise<void> {
  const pools = [...set.administrator.values(), ...set.member.values()];
  await Promise.all(pools.map((pool) => pool.undici.destroy()));
}

function newPool(deps: ConnectDeps, target: ConnectTarget, options: PoolOptions, origin: URL): OriginPool {
  const undici = new Pool(origin, {
    connections: options.connectionsPerOrigin,
    pipelining: 1,
    allowH2: false,
    maxHeaderSize: headersBytesMax,
    // Ours live above: the client's are coarse, and its body timer does not see a stream that only drips.
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: keepAliveMs,
    keepAliveMaxTimeout: keepAliveMaxMs,
    keepAliveTimeoutThreshold: keepAliveMarginMs,
    factory: (url, clientOptions) => new LineClient(url, clientOptions, newLine(), deps, target),
  });
  return { undici, inUse: 0, lastUse: 0 };
}

const newLine = (): Line => ({ socket: null, requests: 0, connectMs: null, connectTimeoutMs: undefined });

/** One keep-alive connection. It tells the exchange which line carries it, which the HTTP client keeps to itself. */
class LineClient extends Client {
  private readonly line: Line;

  constructor(origin: URL, options: Client.Options, line: Line, deps: ConnectDeps, target: ConnectTarget) {
    super(origin, {
      ...options,
      connect: (_options, connected) => {
        const { connectTimeoutMs } = line;
        connectGuarded(connectTimeoutMs === undefined ? deps : { ...deps, connectTimeoutMs }, target, (result) => {
          if (result instanceof EgressError) {
            connected(result, null);
            return;
          }
          line.socket = result.socket;
          line.requests = 0;
          line.connectMs = result.timings.connectMs + (result.timings.tlsMs ?? 0);
          connected(null, result.socket);
        });
      },
    });
    this.line = line;
  }

  override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
    if (handler instanceof HttpExchange) {
      handler.line = this.line;
      // One request at a time waits for a line, so whose limit holds while it is opened is never in doubt.
      this.line.connectTimeoutMs = handler.connectTimeoutMs;
    }
    return super.dispatch(options, handler);
  }
}
