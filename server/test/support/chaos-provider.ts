/** A provider that breaks in one stated way: a raw TCP server, because most faults of the wire cannot be made with an HTTP server. */
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { selfSigned } from '../egress/certificate.ts';
import { faultOf } from '../chaos/faults.ts';
import type { Fault, Line, Place } from '../chaos/wire.ts';

export interface ChaosProvider {
  /** The base address of a fault; `token` keeps the counts of two cases apart. */
  baseUrlOf(fault: Fault, token: string): string;
  /** Tells whoever waits for it that the client of the gateway has heard what was written before. */
  tellHeard(): void;
  /** Calls that this fault received under this token. */
  callsOf(fault: Fault, token: string): number;
  openSockets(): number;
  close(): Promise<void>;
}

interface Asked {
  path: string;
  secret: string;
  isStream: boolean;
}

/** Cuts whole requests off the bytes of one socket. */
function createRequestCutter(): (bytes: Buffer) => Asked[] {
  let pending: Buffer = Buffer.alloc(0);
  return (bytes) => {
    pending = Buffer.concat([pending, bytes]);
    const asked: Asked[] = [];
    for (let end = pending.indexOf('\r\n\r\n'); end >= 0; end = pending.indexOf('\r\n\r\n')) {
      const text = pending.toString('latin1', 0, end);
      const length = Number(/^content-length: (\d+)/im.exec(text)?.[1] ?? 0);
      if (pending.length < end + 4 + length) return asked;
      const body = pending.toString('utf8', end + 4, end + 4 + length);
      pending = pending.subarray(end + 4 + length);
      asked.push({
        path: text.split(' ')[1] ?? '',
        secret: /^(?:authorization|x-api-key): (.*)$/im.exec(text)?.[1] ?? '',
        isStream: /"stream"\s*:\s*true/.test(body),
      });
    }
    return asked;
  };
}

const listening = (server: Server): Promise<number> =>
  new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)));

export async function startChaosProvider(): Promise<ChaosProvider> {
  const sockets = new Set<Socket>();
  const calls = new Map<string, number>();
  let heard = Promise.withResolvers<void>();
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  };
  const plain = createServer((socket) => {
    keep(socket);
    const cut = createRequestCutter();
    let carried = 0;
    socket.on('data', (bytes: Buffer) => {
      for (const { path, secret, isStream } of cut(bytes)) {
        const key = path.split('/').slice(1, 3).join('/');
        const askedBefore = calls.get(key) ?? 0;
        calls.set(key, askedBefore + 1);
        const line: Line = { socket, secret, isStream, askedBefore, carriedBefore: carried++, heard: heard.promise };
        void faultOf(key.split('/')[0]!).wire(line);
      }
    });
  });
  const resetting = createServer((socket) => {
    keep(socket);
    socket.resetAndDestroy();
  });
  const deaf = createServer((socket) => {
    keep(socket);
    socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n'));
  });
  const dayMs = 86_400_000;
  const certificate = selfSigned('localhost', new Date(Date.now() - dayMs), new Date(Date.now() + dayMs));
  const tls = createTlsServer(certificate, (socket) => keep(socket));
  tls.on('tlsClientError', () => undefined);
  tls.on('connection', keep);
  const closedServer = createServer();
  const ports = {
    plain: await listening(plain),
    resetting: await listening(resetting),
    tls: await listening(tls),
    deaf: await listening(deaf),
    closed: await listening(closedServer),
  };
  await new Promise((resolve) => closedServer.close(resolve));
  const origins: Record<Place, string> = {
    path: `http://127.0.0.1:${ports.plain}`,
    closed: `http://127.0.0.1:${ports.closed}`,
    resetting: `http://127.0.0.1:${ports.resetting}`,
    'self-signed': `https://127.0.0.1:${ports.tls}`,
    'plain-for-tls': `https://127.0.0.1:${ports.deaf}`,
  };
  return {
    baseUrlOf: (fault, token) => `${origins[fault.place ?? 'path']}/${fault.id}/${token}/v1`,
    callsOf: (fault, token) => calls.get(`${fault.id}/${token}`) ?? 0,
    tellHeard() {
      heard.resolve();
      heard = Promise.withResolvers();
    },
    openSockets: () => sockets.size,
    async close() {
      for (const socket of sockets) socket.destroy();
      await Promise.all([plain, resetting, deaf, tls].map((server) => new Promise((resolve) => server.close(resolve))));
    },
  };
}
