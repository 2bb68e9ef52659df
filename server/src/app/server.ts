/** One HTTP server for both planes: `/v1` goes to its plain handler, everything else to the control plane. */
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

/** @param limits shorter ones for tests */
export function createHouseServer(deps: { ids: Ids }, planes: Planes, control: Handler, limits: Partial<ServerLimits> = {}): OwnedServer {
  const { headersTimeoutMs, requestTimeoutMs, checkIntervalMs, keepAliveMs, unreadMs } = { ...houseLimits, ...limits };
  let isClosing = false;
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
      response.once('prefinish', () => void response.setTimeout(unreadMs, () => response.destroy()));
      if (isAmbiguous(request)) return refuse(response, 400, deps.ids.uuid());
      const url = request.url ?? '';
      if (request.method === 'TRACE' || request.method === 'CONNECT') return refuse(response, 405, deps.ids.uuid());
      if (url.startsWith('/v1/')) return planes.v1(request, response);
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
