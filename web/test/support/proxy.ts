/** A line between browser and house that a test can cut, and a proxy that serves the house below a path. */
import { createServer as createHttpServer, request as httpRequest, type Server as HttpServer } from 'node:http';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { freePort } from '../../../server/test/support/throwaway.ts';

export interface CuttableLine {
  url: string;
  /** FALSE from a cut until it is mended. */
  readonly isWhole: boolean;
  /** Every connection breaks, and nobody listens. */
  cut(): Promise<void>;
  /** Listens at the same address again. */
  mend(): Promise<void>;
  close(): Promise<void>;
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;
const listening = (server: Server, port: number): Promise<void> =>
  new Promise((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));

export async function openLine(targetUrl: string): Promise<CuttableLine> {
  const { port: targetPort } = new URL(targetUrl);
  const open = new Set<Socket>();
  const keep = (socket: Socket): Socket => {
    open.add(socket);
    return socket.on('close', () => open.delete(socket)).on('error', () => socket.destroy());
  };
  const begin = (): Server =>
    createServer((near) => {
      const far = keep(connect(Number(targetPort), '127.0.0.1'));
      keep(near).pipe(far).pipe(near);
      near.once('close', () => far.destroy());
      far.once('close', () => near.destroy());
    });
  let server = begin();
  // Its own as long as this process lives: it is given back in between.
  const port = await freePort();
  await listening(server, port);
  const cut = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of open) socket.destroy();
    });
  return {
    url: `http://127.0.0.1:${port}`,
    get isWhole() {
      return server.listening;
    },
    cut,
    async mend() {
      server = begin();
      await listening(server, port);
    },
    close: () => (server.listening ? cut() : Promise.resolve()),
  };
}

export interface PathProxy {
  /** The address below which everything is served, without a slash at its end. */
  url: string;
  /** Where requests go; set once the house is there, which has to know its own address first. */
  setTarget(url: string): void;
  /** Paths that were asked for outside the prefix. */
  strays: string[];
  close(): Promise<void>;
}

/** Serves `/gw/` of its own address; `keeps` leaves the prefix in the address that the house sees, else it is taken off. */
export async function openPathProxy(keeps: boolean, prefix = '/gw'): Promise<PathProxy> {
  let target = '';
  const strays: string[] = [];
  const server: HttpServer = createHttpServer((request, response) => {
    const asked = request.url ?? '';
    if (asked !== prefix && !asked.startsWith(`${prefix}/`)) {
      strays.push(asked);
      response.writeHead(404).end();
      return;
    }
    const path = keeps ? asked : asked.slice(prefix.length) || '/';
    const forwarded = httpRequest(target + path, { method: request.method, headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    forwarded.on('error', () => response.destroy());
    response.on('close', () => forwarded.destroy());
    request.pipe(forwarded);
  });
  await listening(server, 0);
  return {
    url: `http://127.0.0.1:${portOf(server)}${prefix}`,
    setTarget: (url) => void (target = url),
    strays,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
