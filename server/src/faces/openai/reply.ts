/** The caller's side of one completion in OpenAI's wire: status, headers, events, and how this wire says no. */
import type { ServerResponse } from 'node:http';
import type { GatewayError } from '../../gateway/errors.ts';
import type { Reply } from '../../gateway/order.ts';
import { doneEvent, writeSse } from '../../lib/sse.ts';

/** OpenAI's error object, with the request id that support asks for. */
export const errorBody = (error: GatewayError, requestId: string): string =>
  JSON.stringify({ error: { message: error.message, type: error.type, param: error.param, code: error.code, request_id: requestId } });

export function errorHeaders(error: GatewayError): Record<string, string> {
  return {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
    ...(error.retryAfterS === null ? {} : { 'retry-after': String(error.retryAfterS) }),
    // SDKs repeat failed calls by themselves; ours have been repeated where it could help.
    ...(error.shouldRetry || error.status < 429 ? {} : { 'x-should-retry': 'false' }),
  };
}

export function createReply(response: ServerResponse, requestId: string): Reply {
  let isGone = false;
  let isEnded = false;
  const goneListeners: (() => void)[] = [];
  response.on('close', () => {
    if (response.writableFinished) return;
    isGone = true;
    for (const run of goneListeners) run();
  });
  // A broken line shows itself by `close`; its error must not end the process.
  response.on('error', () => undefined);
  const base = { 'x-request-id': requestId, 'cache-control': 'no-store' };
  return {
    isGone: () => isGone,
    onGone: (run) => void goneListeners.push(run),
    beginStream(headers) {
      response.writeHead(200, { ...base, ...headers, 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' });
    },
    write: (piece) => isEnded || response.write(piece),
    onDrain: (run) => void response.once('drain', run),
    drop: () => void response.destroy(),
    endStream() {
      isEnded = true;
      response.end(doneEvent);
    },
    whole(headers, body) {
      isEnded = true;
      const bytes = typeof body === 'string' ? Buffer.from(body) : body;
      response.writeHead(200, { ...base, ...headers, 'content-type': 'application/json', 'content-length': bytes.length }).end(bytes);
    },
    fail(error, headers) {
      if (isGone || isEnded) return;
      isEnded = true;
      const body = errorBody(error, requestId);
      // Within a stream there is no status left: an explicit error, and no `[DONE]`.
      if (response.headersSent) response.end(writeSse(body));
      else response.writeHead(error.status, { ...base, ...headers, ...errorHeaders(error), 'content-length': Buffer.byteLength(body) }).end(body);
    },
  };
}
