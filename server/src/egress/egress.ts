/** The only way out: every outgoing HTTP exchange of the product passes through here, guarded, pooled and bounded. */
import type { LookupFunction, Socket } from 'node:net';
import type { Clock } from '../lib/clock.ts';
import { bareHost, type EgressPolicy } from './allow.ts';
import { connectGuarded, connectTarget, defaultLookup, type ConnectDeps, type ConnectTarget, type ConnectTimings } from './connect.ts';
import { EgressError, type EgressErrorCode } from './error.ts';
import { HttpExchange, type Exchange, type OutgoingRequest, type ResponseSink } from './exchange.ts';
import type { Trust } from './guard.ts';
import {
  canonicalOrigin,
  closePools,
  destroyPools,
  newPoolSet,
  poolFor,
  type OriginPool,
  type PoolOptions,
  type PoolSet,
} from './pools.ts';
import { fetchWhole, type WholeLimits, type WholeResponse } from './whole.ts';

export { EgressError, type EgressErrorCode } from './error.ts';
export type { Exchange, OutgoingRequest, ResponseSink } from './exchange.ts';
export type { Trust } from './guard.ts';
export type { WholeLimits, WholeResponse } from './whole.ts';

export interface Egress {
  /**
   * Sends one request. The sink is never called before this returns. Without timers: the caller bounds the wait for the
   * headers, for each event and in all. Redirects are not followed, bodies are not inflated (see `inflate.ts`) nor capped.
   */
  dispatch(request: OutgoingRequest, sink: ResponseSink): Exchange;
  /** Sends one request and answers the whole response, inflated; for probes, model lists and webhooks. @throws EgressError */
  fetchWhole(request: OutgoingRequest, limits: WholeLimits): Promise<WholeResponse>;
  /** Connects, measures and hangs up, for the connection test; `tlsMs` is null over plain HTTP. @throws EgressError */
  trace(origin: string, trust: Trust, limits: TraceLimits): Promise<ConnectTimings>;
  /** Opens a guarded TCP connection to a mail server; the caller closes it. @throws EgressError */
  openMail(target: { host: string; port: number }, trust: Trust, limits: TraceLimits): Promise<Socket>;
  /** Replaces the policy. New requests use new connections; those under way end on the old ones. */
  usePolicy(policy: EgressPolicy): void;
  openSockets(): number;
  /** Lets the exchanges under way end, then closes everything. New ones are refused from now on. */
  close(): Promise<void>;
  /** Cuts everything off. */
  destroy(): void;
}

/** `timeoutMs` for everything; `connectTimeoutMs` as in a request. */
export interface TraceLimits {
  timeoutMs: number;
  connectTimeoutMs?: number;
}

export interface EgressOptions {
  policy: EgressPolicy;
  clock: Clock;
  /** Asked with `all: true`; the system's resolver by default. */
  lookup?: LookupFunction;
  connectTimeoutMs?: number;
  dnsTimeoutMs?: number;
  connectionsPerOrigin?: number;
  /** How many origins keep idle connections. */
  poolsMax?: number;
}

const connectTimeoutDefaultMs = 5_000;
const dnsTimeoutDefaultMs = 3_000;
/** The gateway admits no more exchanges than this at a time, so that nobody waits in a pool's queue unseen. */
const connectionsPerOriginDefault = 2_000;
const poolsDefaultMax = 256;

interface EgressState {
  readonly deps: ConnectDeps;
  readonly poolOptions: PoolOptions;
  current: PoolSet;
  /** Sets of older policies that still carry exchanges. */
  readonly retired: Set<PoolSet>;
  isClosed: boolean;
  /** Settles with `destroy`, so that nobody waits for exchanges that were cut off. */
  readonly cut: PromiseWithResolvers<void>;
}

export function createEgress(options: EgressOptions): Egress {
  const state: EgressState = {
    deps: {
      clock: options.clock,
      lookup: options.lookup ?? defaultLookup,
      connectTimeoutMs: options.connectTimeoutMs ?? connectTimeoutDefaultMs,
      dnsTimeoutMs: options.dnsTimeoutMs ?? dnsTimeoutDefaultMs,
      sockets: { open: 0 },
    },
    poolOptions: {
      connectionsPerOrigin: options.connectionsPerOrigin ?? connectionsPerOriginDefault,
      poolsMax: options.poolsMax ?? poolsDefaultMax,
    },
    current: newPoolSet(options.policy),
    retired: new Set(),
    isClosed: false,
    cut: Promise.withResolvers<void>(),
  };
  const dispatch = (request: OutgoingRequest, sink: ResponseSink): HttpExchange => dispatchRequest(state, request, sink);
  return {
    dispatch,
    fetchWhole: (request, limits) => fetchWhole({ clock: options.clock, dispatch }, request, limits),
    trace: (origin, trust, limits) => trace(state, origin, trust, limits),
    openMail: (target, trust, limits) => openMail(state, target, trust, limits),
    usePolicy: (policy) => usePolicy(state, policy),
    openSockets: () => state.deps.sockets.open,
    close: () => closeAll(state),
    destroy: () => destroyAll(state),
  };
}

/** The hot path. One exchange object and one options object per request; no promise, no signal, no timer. */
function dispatchRequest(state: EgressState, request: OutgoingRequest, sink: ResponseSink): HttpExchange {
  const pool = openPool(state, request);
  if (typeof pool === 'string') return refused(sink, pool);
  const exchange = new HttpExchange(sink, pool, request.connectTimeoutMs);
  pool.undici.dispatch({ path: request.path, method: request.method, headers: request.headers, body: request.body }, exchange);
  exchange.isDispatching = false;
  return exchange;
}

function openPool(state: EgressState, request: OutgoingRequest): OriginPool | EgressErrorCode {
  if (state.isClosed) return 'aborted';
  // An absolute URL as path would be sent as it is, and a proxy at the target would follow it.
  if (request.path.charCodeAt(0) !== slashCode) return 'egress_blocked';
  return poolFor(state.deps, state.current, state.poolOptions, request.origin, request.trust) ?? 'egress_blocked';
}

const slashCode = 0x2f;

function refused(sink: ResponseSink, code: EgressErrorCode): HttpExchange {
  const exchange = new HttpExchange(sink, { inUse: 0 });
  exchange.fail(code);
  exchange.isDispatching = false;
  return exchange;
}

function trace(state: EgressState, origin: string, trust: Trust, { timeoutMs, connectTimeoutMs }: TraceLimits): Promise<ConnectTimings> {
  return new Promise((resolve, reject) => {
    if (state.isClosed) throw new EgressError('aborted');
    const url = canonicalOrigin(origin);
    if (url === null) throw new EgressError('egress_blocked');
    const target = connectTarget(url, trust, state.current.policy);
    const timer = state.deps.clock.after(timeoutMs, () => reject(new EgressError('timeout')));
    connectGuarded({ ...state.deps, connectTimeoutMs: connectTimeoutMs ?? state.deps.connectTimeoutMs }, target, (result) => {
      timer.cancel();
      if (result instanceof EgressError) {
        reject(result);
        return;
      }
      result.socket.destroy();
      resolve(result.timings);
    });
  });
}

function openMail(state: EgressState, { host, port }: { host: string; port: number }, trust: Trust, limits: TraceLimits): Promise<Socket> {
  return new Promise((resolve, reject) => {
    if (state.isClosed) throw new EgressError('aborted');
    const { policy } = state.current;
    const target: ConnectTarget = {
      tls: false,
      host: bareHost(host.toLowerCase()),
      port,
      trust,
      policy,
      tlsSession: undefined,
      speaks: 'mail',
    };
    const connectTimeoutMs = Math.min(limits.timeoutMs, limits.connectTimeoutMs ?? state.deps.connectTimeoutMs);
    connectGuarded({ ...state.deps, connectTimeoutMs }, target, (result) => {
      if (result instanceof EgressError) reject(result);
      else resolve(result.socket);
    });
  });
}

function usePolicy(state: EgressState, policy: EgressPolicy): void {
  if (policy.version === state.current.policy.version) return;
  const old = state.current;
  state.current = newPoolSet(policy);
  state.retired.add(old);
  void closePools(old).then(() => state.retired.delete(old));
}

async function closeAll(state: EgressState): Promise<void> {
  state.isClosed = true;
  const closed = Promise.all([state.current, ...state.retired].map(closePools));
  await Promise.race([closed, state.cut.promise]);
}

function destroyAll(state: EgressState): void {
  state.isClosed = true;
  const destroyed = Promise.all([state.current, ...state.retired].map(destroyPools));
  void destroyed.then(() => state.cut.resolve());
}
