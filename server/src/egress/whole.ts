/** A request whose answer is wanted in one piece, with a deadline and a cap: probes, model lists, webhooks. */
import type { Clock } from '../lib/clock.ts';
import { EgressError } from './error.ts';
import type { Exchange, HttpExchange, OutgoingRequest, ResponseSink } from './exchange.ts';
import { dispatchInflating } from './inflate.ts';

export interface WholeLimits {
  /** For everything, from the look-up to the last byte. */
  totalTimeoutMs: number;
  /** Counts inflated bytes. */
  bodyBytesMax: number;
}

export interface WholeResponse {
  status: number;
  headers: Record<string, string | string[]>;
  body: Buffer;
  /** `connectMs` (TCP and TLS) is null where a kept connection was used; `firstByteMs` is up to the headers. */
  timings: { connectMs: number | null; firstByteMs: number; totalMs: number };
}

interface WholeDeps {
  clock: Clock;
  dispatch(request: OutgoingRequest, sink: ResponseSink): HttpExchange;
}

/** Sends a request and collects its answer. @throws EgressError, `timeout` and `body_too_large` among them */
export function fetchWhole(deps: WholeDeps, request: OutgoingRequest, limits: WholeLimits): Promise<WholeResponse> {
  return new Promise((resolve, reject) => {
    const startedMs = deps.clock.monotonicMs();
    const chunks: Buffer[] = [];
    let bytes = 0;
    const head: Pick<WholeResponse, 'status' | 'headers'> = { status: 0, headers: {} };
    let firstByteMs = 0;
    let upstream!: HttpExchange;
    const elapsedMs = (): number => deps.clock.monotonicMs() - startedMs;
    const fail = (error: EgressError): void => {
      timer.cancel();
      reject(error);
    };
    const sink: ResponseSink = {
      onHeaders(status, headers) {
        head.status = status;
        head.headers = headers;
        firstByteMs = elapsedMs();
      },
      onData(chunk) {
        bytes += chunk.length;
        if (bytes <= limits.bodyBytesMax) {
          chunks.push(chunk);
          return;
        }
        fail(new EgressError('body_too_large', { bytesReceived: bytes }));
        exchange.abort();
      },
      onEnd() {
        timer.cancel();
        const timings = { connectMs: upstream.connectMs, firstByteMs, totalMs: elapsedMs() };
        resolve({ ...head, body: Buffer.concat(chunks, bytes), timings });
      },
      onError: fail,
    };
    const timer = deps.clock.after(limits.totalTimeoutMs, () => {
      fail(new EgressError('timeout', { bytesReceived: bytes }));
      exchange.abort();
    });
    const remember = {
      dispatch(outgoing: OutgoingRequest, inner: ResponseSink): Exchange {
        upstream = deps.dispatch(outgoing, inner);
        return upstream;
      },
    };
    const exchange = dispatchInflating(remember, request, sink, limits.bodyBytesMax);
  });
}
