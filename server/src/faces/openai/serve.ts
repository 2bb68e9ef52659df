/** From HTTP to an order, and the order's way through the house: the same for every wire that asks for a completion. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isUuid } from '../../lib/ids.ts';
import { cacheHeader, cacheWishOf } from '../../gateway/answer-cache.ts';
import { complete } from '../../gateway/complete.ts';
import { GatewayRefusal, refuse } from '../../gateway/errors.ts';
import type { Order, Reply, RoutingHints } from '../../gateway/order.ts';
import { recordRefusal } from '../../gateway/record.ts';
import { readRequest } from '../../gateway/request.ts';
import { readBody } from './body.ts';
import { callerOfKey, callerOfSession, type DataCaller } from './caller.ts';
import type { OpenAiFaceDeps } from './deps.ts';
import { createReply } from './reply.ts';
import type { ClientWire } from './wire.ts';

/** Serves one request of one wire. Never throws. */
export async function serve(
  deps: OpenAiFaceDeps,
  wire: ClientWire,
  request: IncomingMessage,
  response: ServerResponse,
  requestId: string,
): Promise<void> {
  const startedMs = deps.clock.monotonicMs();
  const atMs = deps.clock.nowMs();
  const line = createReply(response, requestId, wire.voice);
  const reply = wire.reply?.(line) ?? line;
  let caller: DataCaller | null = null;
  if (deps.joinTrace) deps.joinTrace(requestId, request.headers['traceparent']);
  try {
    const authorization = wire.authorization(request);
    caller = authorization === undefined ? await callerOfSession(deps, request) : callerOfKey(deps, authorization, atMs);
    const read = wire.receive ? wire.receive(request) : wire.read(await readBody(request), request, caller);
    // A wire that looks nothing up costs no turn of the loop.
    const asked = read instanceof Promise ? await read : read;
    const order: Order = {
      requestId,
      face: wire.face,
      purpose: 'completion',
      userId: caller.userId,
      workspaceId: caller.workspaceId,
      accessKey: caller.accessKey,
      owners: caller.owners,
      asked: asked.asked,
      pinnedId: pinnedOf(request),
      hints: hintsOf(request),
      request: asked,
      page: pageOf(request),
      cacheS: wire.isRepeatable ? (cacheWishOf(request.headers[cacheHeader]) ?? caller.accessKey?.cacheS ?? undefined) : 0,
      clientRequestId: clientIdOf(request),
      atMs,
      startedMs,
    };
    const served = complete(deps, order, reply);
    // It never throws: only a body that is to be given back has to wait for its end.
    if (wire.release) await served;
  } catch (error) {
    refused(deps, { face: wire.face, request, requestId, atMs, startedMs, caller }, error, reply);
  } finally {
    if (wire.release)
      await wire.release().catch((error: unknown) => deps.log.error({ requestId, err: error }, 'a body could not be given back'));
  }
}

export interface Refused {
  face: string;
  request: IncomingMessage;
  requestId: string;
  atMs: number;
  startedMs: number;
  caller: DataCaller | null;
}

/** What was refused before it became an order. A known caller's refusal is booked; a stranger's is only answered. */
export function refused(
  deps: OpenAiFaceDeps,
  { face, request, requestId, atMs, startedMs, caller }: Refused,
  error: unknown,
  reply: Pick<Reply, 'isGone' | 'fail'>,
): void {
  if (reply.isGone()) return;
  if (!(error instanceof GatewayRefusal)) deps.log.error({ requestId, err: error }, 'a request failed before it became an order');
  const answer = error instanceof GatewayRefusal ? error.error : refuse('internal').error;
  const isBooked = error instanceof GatewayRefusal && error.isBooked;
  if (caller && !isBooked) {
    const empty = readRequest(Buffer.from('{}'));
    recordRefusal(
      deps,
      {
        requestId,
        face,
        purpose: 'completion',
        ...caller,
        asked: null,
        pinnedId: null,
        request: empty,
        clientRequestId: clientIdOf(request),
        atMs,
        startedMs,
      },
      answer,
    );
  }
  reply.fail(answer, {});
  // Closing at once would reset the line under what is still being sent, and the answer with it: the rest is thrown away for a while.
  if (!request.complete) deps.clock.after(lingerMs, () => request.complete || request.destroy());
}

/** The connection that a header pins; null for none. Throws GatewayRefusal for what can be no connection. */
export function pinnedOf(request: IncomingMessage): string | null {
  const header = request.headers['x-patchbay-connection'];
  if (header === undefined) return null;
  if (typeof header !== 'string' || !isUuid(header.toLowerCase())) throw refuse('connection_not_found');
  return header.toLowerCase();
}

const pageCharsMax = 500;

/** The page of an application that the question comes from, for use cases that tell the model of it (D-22). */
export function pageOf(request: IncomingMessage): string | undefined {
  const header = request.headers['x-patchbay-page'];
  return typeof header === 'string' ? header.slice(0, pageCharsMax) : undefined;
}

const hintCharsMax = 500;

/** What the caller says for a routing group's choice; undefined for nothing. */
export function hintsOf({ headers }: IncomingMessage): RoutingHints | undefined {
  const session = headers['x-patchbay-session'];
  const region = headers['x-patchbay-region'];
  if (session === undefined && region === undefined) return undefined;
  const text = (value: string | string[] | undefined): string | null =>
    typeof value === 'string' && value.trim() !== '' ? value.trim().slice(0, hintCharsMax) : null;
  return { session: text(session), region: text(region) };
}

/** How long the rest of a refused body is read, and dropped, so that its sender can read the answer. */
const lingerMs = 2_000;

const clientIdCharsMax = 200;

/** A client's own id is kept for its support, and never becomes ours. */
export function clientIdOf(request: IncomingMessage): string | null {
  const header = request.headers['x-request-id'];
  return typeof header === 'string' && header !== '' ? header.replace(/[^\x20-\x7e]/g, '?').slice(0, clientIdCharsMax) : null;
}
