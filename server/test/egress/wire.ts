/** Raw TCP servers and a recording sink for the egress tests: most faults of the wire cannot be made with an HTTP server. */
import { createServer, type AddressInfo, type LookupFunction, type Server, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { explicitPolicy, type EgressPolicy } from '../../src/egress/allow.ts';
import {
  createEgress,
  type Egress,
  type EgressOptions,
  type EgressError,
  type Exchange,
  type OutgoingRequest,
  type ResponseSink,
} from '../../src/egress/egress.ts';
import { systemClock } from '../../src/lib/clock.ts';

export interface Wire {
  port: number;
  origin: string;
  connections: number;
  bytes: number;
  /** What arrived, per connection. */
  received: string[];
  sockets: Set<Socket>;
}

/** Listens on loopback and calls `script` for each connection; everything is counted. Closed when the test ends. */
export async function listen(script: (socket: Socket, connection: number) => void, host = '127.0.0.1'): Promise<Wire> {
  const wire: Wire = { port: 0, origin: '', connections: 0, bytes: 0, received: [], sockets: new Set() };
  const server = createServer((socket) => {
    const connection = wire.connections;
    wire.connections += 1;
    wire.received.push('');
    wire.sockets.add(socket);
    socket.on('data', (chunk) => {
      wire.bytes += chunk.length;
      wire.received[connection] += chunk.toString('latin1');
    });
    socket.on('error', () => undefined);
    socket.on('close', () => wire.sockets.delete(socket));
    script(socket, connection);
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  wire.port = portOfServer(server);
  wire.origin = `http://${host.includes(':') ? `[${host}]` : host}:${wire.port}`;
  onTestFinished(() => closeServer(server, wire.sockets));
  return wire;
}

export function portOfServer(server: Server): number {
  return (server.address() as AddressInfo).port;
}

export function closeServer(server: Server, sockets: Iterable<Socket>): Promise<void> {
  for (const socket of sockets) socket.destroy();
  return new Promise((resolve) => server.close(() => resolve()));
}

/** Answers every complete request head (a body is ignored) with the next text; the last one is repeated. */
export function answering(...answers: string[]): (socket: Socket) => void {
  let answered = 0;
  return (socket) => {
    let pending = '';
    socket.on('data', (chunk) => {
      pending += chunk.toString('latin1');
      for (let end = pending.indexOf('\r\n\r\n'); end >= 0; end = pending.indexOf('\r\n\r\n')) {
        pending = pending.slice(end + 4);
        socket.write(answers[Math.min(answered, answers.length - 1)] ?? '', 'latin1');
        answered += 1;
      }
    });
  };
}

export const okAnswer = 'HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\nok';

/** Runs once, when the first bytes of a request have come. */
export function onRequest(run: (socket: Socket) => void): (socket: Socket) => void {
  return (socket) => {
    socket.once('data', () => run(socket));
  };
}

export const openLoopback: EgressPolicy = explicitPolicy('127.0.0.0/8:*,[::1]:*');

/** An egress that may use loopback, destroyed when the test ends. */
export function newEgress(options: Partial<EgressOptions> = {}): Egress {
  const egress = createEgress({ policy: openLoopback, clock: systemClock, ...options });
  onTestFinished(() => egress.destroy());
  return egress;
}

/** A resolver that answers from a table, and counts; `null` means that it never answers. */
export function tableLookup(table: Record<string, string[] | null>): LookupFunction & { asked: string[] } {
  const asked: string[] = [];
  const lookup: LookupFunction = (hostname, _options, answer) => {
    asked.push(hostname);
    const addresses = table[hostname];
    if (addresses === null) return;
    if (addresses === undefined) {
      answer(Object.assign(new Error('not found'), { code: 'ENOTFOUND' }), []);
      return;
    }
    answer(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    );
  };
  return Object.assign(lookup, { asked });
}

export interface Recorded {
  exchange: Exchange;
  /** `headers 200`, `data ...`, `end`, `error <code>`, in order. */
  events: string[];
  headers: Record<string, string | string[]>;
  body: string;
  error: EgressError | null;
  done: Promise<void>;
}

export const secretValue = 'sk-CANARY-0123456789abcdef';

export function requestTo(origin: string, changes: Partial<OutgoingRequest> = {}): OutgoingRequest {
  return {
    origin,
    path: '/v1/models?key-like=query',
    method: 'GET',
    headers: { authorization: `Bearer ${secretValue}` },
    body: null,
    trust: 'member',
    ...changes,
  };
}

/** Dispatches and records what the sink hears. `taken` may answer `false` to pause. */
export function record(
  egress: Pick<Egress, 'dispatch'>,
  request: OutgoingRequest,
  taken?: (chunk: Buffer, recorded: Recorded) => boolean | void,
): Recorded {
  const { promise, resolve } = Promise.withResolvers<void>();
  const recorded: Recorded = {
    exchange: { abort() {}, pause() {}, resume() {} },
    events: [],
    headers: {},
    body: '',
    error: null,
    done: promise,
  };
  const sink: ResponseSink = {
    onHeaders(status, headers) {
      recorded.events.push(`headers ${status}`);
      recorded.headers = headers;
    },
    onData(chunk) {
      if (recorded.events.at(-1) !== 'data') recorded.events.push('data');
      recorded.body += chunk.toString('latin1');
      return taken?.(chunk, recorded);
    },
    onEnd() {
      recorded.events.push('end');
      resolve();
    },
    onError(error) {
      recorded.events.push(`error ${error.code}`);
      recorded.error = error;
      resolve();
    },
  };
  recorded.exchange = egress.dispatch(request, sink);
  return recorded;
}

export async function recordDone(egress: Egress, request: OutgoingRequest): Promise<Recorded> {
  const recorded = record(egress, request);
  await recorded.done;
  await turn();
  return recorded;
}

/** Two turns of the event loop: the HTTP client hands a connection back to its pool one turn after the response. */
export async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
}

/** Everything that an error could show to a log or a caller. */
export function everyWordOf(error: EgressError): string {
  return [error.message, error.stack, JSON.stringify(error), String(error.cause), error.allowEntry].join('|');
}
