/** One HTTP server for both planes: `/v1` and `/ollama` go to their plain handler, everything else to the control plane. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Ids } from '../lib/ids.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export interface Planes {
  v1: Handler;
  demo: Handler | null;
}

export interface ServerLimits {
  headersTimeoutMs: number;
  requestTimeoutMs: number;
  checkIntervalMs: number;
  /** Longer than the idle limit of common load balancers, so that they close first and never meet a closed line. */
  keepAliveMs: number;
  /** How long a finished answer may lie unread before its line is cut; a caller that reads, however slowly, is waited for. */
  unreadMs: number;
}

const houseLimits: ServerLimits = {
  headersTimeoutMs: 15_000,
  requestTimeoutMs: 120_000,
  checkIntervalMs: 5_000,
  keepAliveMs: 75_000,
  unreadMs: 120_000,
};
const headerBytesMax = 32_768;

export interface OwnedServer {
  server: Server;
  /**
   * From now on every answer asks its client to take its next request elsewhere. Idle lines stay: closing one while its client
   * sends the next request would fail that request.
   */
  announceClose(): void;
}

/** `/` of an address without a path; else the path with a slash at both ends. */
export const basePathOf = (publicUrl: string | null): string =>
  publicUrl === null ? '/' : `${new URL(publicUrl).pathname.replace(/\/$/, '')}/`;

/** What a route is known by. */
interface Address {
  method: string;
  /** With its parameters as `:id`. */
  path: string;
}

type IsOwn = (method: string, url: string) => boolean;

/** Whether an address that begins as the prefix does is one of the house's own all the same, so that a proxy has taken the prefix off before it. */
function ownBelow(routes: readonly Address[], basePath: string): IsOwn {
  const below = routes.filter(({ path }) => basePath !== '/' && path.startsWith(basePath));
  const forms = below.map(({ method, path }) => ({ method, form: new RegExp(`^${path.replaceAll(/:\w+/g, '[^/?]+')}(?:\\?|$)`) }));
  return (asked, url) => forms.some(({ method, form }) => method === (asked === 'HEAD' ? 'GET' : asked) && form.test(url));
}

/**
 * The address as the house knows it. A proxy may have taken the prefix off or left it: both arrive at the same place. Null for the
 * prefix without its slash, from where every relative address would lead astray.
 */
function withoutPrefix(method: string, url: string, basePath: string, isOwn: IsOwn): string | null {
  if (basePath === '/') return url;
  if (url.startsWith(basePath)) return isOwn(method, url) ? url : url.slice(basePath.length - 1);
  const bare = basePath.slice(0, -1);
  return url === bare || url.startsWith(`${bare}?`) ? null : url;
}

/** @param limits shorter ones for tests */
export function createHouseServer(
  deps: { ids: Ids; basePath?: string; routes?: readonly Address[] },
  planes: Planes,
  control: Handler,
  limits: Partial<ServerLimits> = {},
): OwnedServer {
  const { headersTimeoutMs, requestTimeoutMs, checkIntervalMs, keepAliveMs, unreadMs } = { ...houseLimits, ...limits };
  const basePath = deps.basePath ?? '/';
  const isOwn = ownBelow(deps.routes ?? [], basePath);
  let isClosing = false;
  // One listener for all answers, which says it once for each: `once` would make two functions for every one of them.
  function onLastByte(this: ServerResponse): void {
    watchUnread(this, unreadMs);
  }
  const server = createServer(
    {
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      connectionsCheckingInterval: checkIntervalMs,
      keepAliveTimeout: keepAliveMs,
      maxHeaderSize: headerBytesMax,
      noDelay: true,
      // Asked for below, where the answer has its request id.
      requireHostHeader: false,
    },
    (request, response) => {
      if (isClosing) response.setHeader('connection', 'close');
      // From the last byte on nobody else watches: the room that wrote the answer has let go of it (P15). Writing that moves counts as life.
      response.on('prefinish', onLastByte);
      if (isAmbiguous(request)) return refuse(response, 400, deps.ids.uuid());
      const asked = request.url ?? '';
      const url = withoutPrefix(request.method ?? '', asked, basePath, isOwn);
      if (url === null) return void response.writeHead(308, { location: asked.replace(/^[^?]*/, '$&/'), 'content-length': 0 }).end();
      request.url = url;
      if (request.method === 'TRACE' || request.method === 'CONNECT') return refuse(response, 405, deps.ids.uuid());
      if (url.startsWith('/v1/') || url.startsWith('/ollama/')) return planes.v1(request, response);
      if (planes.demo && url.startsWith('/demo/')) return planes.demo(request, response);
      control(request, response);
    },
  );
  return {
    server,
    announceClose() {
      isClosing = true;
    },
  };
}

/** A timer for what the kernel has not taken; nearly every answer is gone by the time it is whole, and needs none. */
function watchUnread(response: ServerResponse, unreadMs: number): void {
  const { socket } = response;
  if (socket === null || socket.writableLength > 0) response.setTimeout(unreadMs, () => response.destroy());
}

/** Other than one Host line, or a transfer coding other than `chunked`: what a proxy before us may have read otherwise (RFC 9112, 3.2 and 6.1). */
function isAmbiguous(request: IncomingMessage): boolean {
  const coding = request.headers['transfer-encoding'];
  if (coding !== undefined && coding.toLowerCase() !== 'chunked') return true;
  let hosts = 0;
  const raw = request.rawHeaders;
  for (let i = 0; i < raw.length; i += 2) if (raw[i]!.length === 4 && raw[i]!.toLowerCase() === 'host') hosts++;
  return hosts > 1 || (hosts === 0 && request.httpVersion !== '1.0');
}

function refuse(response: ServerResponse, status: number, requestId: string): void {
  response.writeHead(status, { connection: 'close', 'content-length': 0, 'x-request-id': requestId }).end();
}
