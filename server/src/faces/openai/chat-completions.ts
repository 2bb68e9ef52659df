/** POST /v1/chat/completions: from HTTP to an order, and the order's way through the house. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isUuid } from '../../lib/ids.ts';
import { complete } from '../../gateway/complete.ts';
import { GatewayRefusal, refuse } from '../../gateway/errors.ts';
import type { Order } from '../../gateway/order.ts';
import { recordRefusal } from '../../gateway/record.ts';
import { readRequest } from '../../gateway/request.ts';
import { readBody } from './body.ts';
import { callerOfKey, callerOfSession, type DataCaller } from './caller.ts';
import type { OpenAiFaceDeps } from './deps.ts';
import { createReply } from './reply.ts';

export async function postChatCompletions(
  deps: OpenAiFaceDeps,
  request: IncomingMessage,
  response: ServerResponse,
  requestId: string,
): Promise<void> {
  const startedMs = deps.clock.monotonicMs();
  const atMs = deps.clock.nowMs();
  const reply = createReply(response, requestId);
  let caller: DataCaller | null = null;
  try {
    const { authorization } = request.headers;
    caller = authorization === undefined ? await callerOfSession(deps, request) : callerOfKey(deps, authorization);
    const bytes = await readBody(request);
    const asked = readRequest(bytes);
    const order: Order = {
      requestId,
      face: 'openai.chat',
      purpose: 'completion',
      userId: caller.userId,
      workspaceId: caller.workspaceId,
      accessKey: caller.accessKey,
      owners: caller.owners,
      asked: asked.asked,
      pinnedId: pinnedOf(request),
      request: asked,
      clientRequestId: clientIdOf(request),
      atMs,
      startedMs,
    };
    await complete(deps, order, reply);
  } catch (error) {
    refused(deps, { request, requestId, atMs, startedMs, caller }, error, reply);
  }
}

interface Refused {
  request: IncomingMessage;
  requestId: string;
  atMs: number;
  startedMs: number;
  caller: DataCaller | null;
}

/** What was refused before it became an order. A known caller's refusal is booked; a stranger's is only answered. */
function refused(
  deps: OpenAiFaceDeps,
  { request, requestId, atMs, startedMs, caller }: Refused,
  error: unknown,
  reply: ReturnType<typeof createReply>,
): void {
  if (reply.isGone()) return;
  if (!(error instanceof GatewayRefusal)) deps.log.error({ requestId, err: error }, 'a request failed before it became an order');
  const answer = error instanceof GatewayRefusal ? error.error : refuse('internal').error;
  if (caller) {
    const empty = readRequest(Buffer.from('{}'));
    recordRefusal(
      deps,
      {
        requestId,
        face: 'openai.chat',
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

function pinnedOf(request: IncomingMessage): string | null {
  const header = request.headers['x-patchbay-connection'];
  if (header === undefined) return null;
  if (typeof header !== 'string' || !isUuid(header.toLowerCase())) throw refuse('connection_not_found');
  return header.toLowerCase();
}

/** How long the rest of a refused body is read, and dropped, so that its sender can read the answer. */
const lingerMs = 2_000;

const clientIdCharsMax = 200;

/** A client's own id is kept for its support, and never becomes ours. */
function clientIdOf(request: IncomingMessage): string | null {
  const header = request.headers['x-request-id'];
  return typeof header === 'string' && header !== '' ? header.replace(/[^\x20-\x7e]/g, '?').slice(0, clientIdCharsMax) : null;
}
