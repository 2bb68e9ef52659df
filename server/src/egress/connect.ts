/** Opens sockets, and only to addresses that the guard has judged: the literal, every resolved address, and the peer at last. */
import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import { connect as connectTcp, isIP, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Clock } from '../lib/clock.ts';
import { addressBytes } from './address.ts';
import { bareHost, type EgressPolicy } from './allow.ts';
import { classifyConnectFailure, EgressError, type EgressErrorCode } from './error.ts';
import { isForbiddenName, judgeAddress, portOf, type Trust } from './guard.ts';

export interface ConnectDeps {
  clock: Clock;
  lookup: LookupFunction;
  /** For everything together: look-up, TCP and TLS. */
  connectTimeoutMs: number;
  dnsTimeoutMs: number;
  /** How many sockets are open right now; kept true by this file. */
  sockets: { open: number };
}

/** One origin as one kind of connection may reach it. `tlsSession` is the last ticket of the server, for a shorter handshake. */
export interface ConnectTarget {
  tls: boolean;
  /** Without brackets. */
  host: string;
  port: number;
  trust: Trust;
  policy: EgressPolicy;
  tlsSession: Buffer | undefined;
  /** Mail has ports of its own; absent is HTTP. */
  speaks?: 'http' | 'mail';
}

/** Durations in milliseconds; `resolvedMs` is 0 for a literal, `tlsMs` null without TLS. */
export interface ConnectTimings {
  resolvedMs: number;
  connectMs: number;
  tlsMs: number | null;
}

export interface Connection {
  socket: Socket;
  timings: ConnectTimings;
}

export type Connected = (result: Connection | EgressError) => void;

/** More addresses than this are judged, but not tried. */
const addressesTriedMax = 8;
/** Happy eyeballs (RFC 8305): how long one address may take before the next is tried beside it. */
const nextAddressAfterMs = 250;
const tcpKeepAliveAfterMs = 60_000;

/** Node's own resolver, by way of the operating system, so that /etc/hosts counts. */
export const defaultLookup: LookupFunction = systemLookup;

export function connectTarget(origin: URL, trust: Trust, policy: EgressPolicy): ConnectTarget {
  const tls = origin.protocol === 'https:';
  return { tls, host: bareHost(origin.hostname), port: portOf(origin), trust, policy, tlsSession: undefined };
}

/**
 * Connects to a target and reports exactly once, never before this call has returned. The socket's peer is judged too, so
 * that nothing between the look-up and the socket can lead elsewhere.
 */
export function connectGuarded(deps: ConnectDeps, target: ConnectTarget, connected: Connected): void {
  const startedMs = deps.clock.monotonicMs();
  const blocked = refusalBeforeLookup(target);
  if (blocked !== null) {
    queueMicrotask(() => connected(blocked));
    return;
  }
  if (addressBytes(target.host) !== null) {
    const literal = [{ address: target.host, family: target.host.includes(':') ? 6 : 4 }];
    openSocket(deps, target, literal, { startedMs, resolvedMs: startedMs }, connected);
    return;
  }
  resolve(deps, target.host, (answer) => {
    const addresses = answer instanceof EgressError ? answer : judged(target, answer);
    if (addresses instanceof EgressError) connected(addresses);
    else openSocket(deps, target, addresses, { startedMs, resolvedMs: deps.clock.monotonicMs() }, connected);
  });
}

function refusalBeforeLookup(target: ConnectTarget): EgressError | null {
  if (isForbiddenName(target.host)) return new EgressError('egress_blocked');
  return addressBytes(target.host) === null ? null : refusalOf(target, target.host);
}

function refusalOf(target: ConnectTarget, address: string): EgressError | null {
  const verdict = judgeAddress(target.policy, target.trust, target.host, target.port, address, target.speaks);
  if (verdict.allowed) return null;
  return new EgressError('egress_blocked', { allowEntry: verdict.allowEntry ?? undefined });
}

/** One address that is not allowed spoils the whole answer: mixed answers are how a name is rebound to the inside. */
function judged(target: ConnectTarget, addresses: LookupAddress[]): LookupAddress[] | EgressError {
  for (const { address } of addresses) {
    const refusal = refusalOf(target, address);
    if (refusal !== null) return refusal;
  }
  return addresses;
}

function resolve(deps: ConnectDeps, host: string, resolved: (answer: LookupAddress[] | EgressError) => void): void {
  let settled = false;
  const settle = (answer: LookupAddress[] | EgressError): void => {
    if (settled) return;
    settled = true;
    timer.cancel();
    // A resolver may answer at once; the caller counts on hearing from us later.
    queueMicrotask(() => resolved(answer));
  };
  const timeoutMs = Math.min(deps.dnsTimeoutMs, deps.connectTimeoutMs);
  const timer = deps.clock.after(timeoutMs, () => settle(new EgressError('dns_timeout')));
  try {
    deps.lookup(host, { all: true, order: 'verbatim' }, (error, answer) => {
      if (error !== null || answer.length === 0) settle(new EgressError('dns_failed'));
      else settle(typeof answer === 'string' ? [{ address: answer, family: isIP(answer) }] : answer);
    });
  } catch {
    // Node refuses impossible names by throwing.
    settle(new EgressError('dns_failed'));
  }
}

interface Started {
  startedMs: number;
  resolvedMs: number;
}

function openSocket(deps: ConnectDeps, target: ConnectTarget, addresses: LookupAddress[], started: Started, connected: Connected): void {
  const socket = newSocket(target, addresses.slice(0, addressesTriedMax));
  deps.sockets.open += 1;
  let tcpOpenMs = 0;
  let settled = false;
  const fail = (code: EgressErrorCode): void => settle(new EgressError(code));
  const settle = (error: EgressError | null): void => {
    if (settled) return;
    settled = true;
    timer.cancel();
    if (error !== null) {
      socket.destroy();
      connected(error);
      return;
    }
    socket.removeListener('close', onEarlyClose);
    const timings = {
      resolvedMs: started.resolvedMs - started.startedMs,
      connectMs: tcpOpenMs - started.resolvedMs,
      tlsMs: target.tls ? deps.clock.monotonicMs() - tcpOpenMs : null,
    };
    connected({ socket, timings });
  };
  const onEarlyClose = (): void => fail('connect_reset');
  const remainingMs = Math.max(1, deps.connectTimeoutMs - (started.resolvedMs - started.startedMs));
  // A peer that takes the connection and then never speaks TLS is a TLS fault, not an unreachable host.
  const timer = deps.clock.after(remainingMs, () => fail(tcpOpenMs === 0 ? 'connect_timeout' : 'tls_failed'));
  socket.once('connect', () => {
    tcpOpenMs = deps.clock.monotonicMs();
    const refusal = refusalOfPeer(target, socket);
    if (refusal !== null || !target.tls) settle(refusal);
  });
  if (target.tls) socket.once('secureConnect', () => settle(null));
  socket.on('session', (session: Buffer) => {
    target.tlsSession = session;
  });
  // Stays for the life of the socket: an error without a listener would end the process.
  socket.on('error', (error) => fail(classifyConnectFailure(error, tcpOpenMs !== 0)));
  socket.once('close', onEarlyClose);
  socket.once('close', () => {
    deps.sockets.open -= 1;
  });
}

function refusalOfPeer(target: ConnectTarget, socket: Socket): EgressError | null {
  // A socket without a peer was closed in the same moment; the reset is reported instead of a refusal.
  return socket.remoteAddress === undefined ? new EgressError('connect_reset') : refusalOf(target, socket.remoteAddress);
}

function newSocket(target: ConnectTarget, addresses: LookupAddress[]): Socket {
  const options = {
    host: target.host,
    port: target.port,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: tcpKeepAliveAfterMs,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: nextAddressAfterMs,
    // Never a second look-up: the socket uses the very addresses that were judged.
    lookup: judgedLookup(addresses),
  };
  if (!target.tls) return connectTcp(options);
  const isLiteral = addressBytes(target.host) !== null;
  return connectTls({ ...options, servername: isLiteral ? '' : target.host, session: target.tlsSession, ALPNProtocols: ['http/1.1'] });
}

function judgedLookup(addresses: LookupAddress[]): LookupFunction {
  // With `autoSelectFamily` all addresses are asked for.
  return (_host, _options, answer) => answer(null, addresses);
}
