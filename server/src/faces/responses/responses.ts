/** POST /v1/responses and what can be done with a kept response: read it, read what it was asked with, delete it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { GatewayRefusal, refuse } from '../../gateway/errors.ts';
import { readForeign, type AskedRequest } from '../../gateway/request.ts';
import { memberValue, patchObject, scanObject } from '../../lib/json-scan.ts';
import { isRecord, keepDigits, parseJson, text, type Json } from '../../providers/shape.ts';
import { deleteResponse } from '../../storage/responses.ts';
import { callerOfKey, callerOfSession, type DataCaller } from '../openai/caller.ts';
import type { OpenAiFaceDeps } from '../openai/deps.ts';
import { createReply } from '../openai/reply.ts';
import { serve } from '../openai/serve.ts';
import { bearerOf, type ClientWire } from '../openai/wire.ts';
import { conversationOf, idCharsMax, itemsOfInput, mustFind, ownerOf, resolved, responseNotFound } from './keep.ts';
import { toHouse } from './request.ts';
import { callerWireOf, keepingReply, newExchange, voiceOf, type Exchange } from './wire.ts';

/** What this wire has and this server does not: said, and not passed over. */
const unsupported = ['conversation', 'prompt'] as const;

function checkSupported(body: Json): void {
  const refused = (param: string): never => {
    throw refuse('invalid_type', { param, message: `${param} is not supported by this server.` });
  };
  if (body['background'] === true) refused('background');
  for (const param of unsupported) if (body[param] !== undefined && body[param] !== null) refused(param);
}

/** The body that is answered: with the turns that went before, where it goes on from a kept response. Throws GatewayRefusal. */
async function read(deps: OpenAiFaceDeps, exchange: Exchange, bytes: Buffer, caller: DataCaller): Promise<AskedRequest> {
  const scan = scanObject(bytes);
  const body = typeof scan === 'string' ? null : parseJson(bytes.toString('utf8'));
  // What is no object is refused where every wire's bodies are.
  if (typeof scan === 'string' || !isRecord(body)) return readForeign(bytes, callerWireOf(exchange, bytes, {}, null), toHouse);
  // What is repeated to the caller, kept and told again has the caller's own digits.
  keepDigits(body, bytes.toString('utf8'));
  checkSupported(body);
  const previousId = text(body['previous_response_id']) || null;
  exchange.owner = ownerOf(caller);
  exchange.isStored = memberValue(bytes, scan, 'store') !== false;
  const asked = itemsOfInput(body['input']);
  exchange.input = await resolved(deps, caller, asked);
  let whole = bytes;
  const hasReferences = exchange.input.some((item, at) => item !== asked[at]) || exchange.input.length !== asked.length;
  if (previousId !== null || hasReferences) {
    const before = previousId === null ? [] : await conversationOf(deps, caller, previousId);
    const items = [...before, ...exchange.input];
    whole = patchObject(bytes, scan, [
      { key: 'input', json: JSON.stringify(items) },
      ...(previousId === null ? [] : [{ key: 'previous_response_id', json: 'null' }]),
    ]);
  }
  return readForeign(whole, callerWireOf(exchange, whole, body, previousId), toHouse);
}

export function postResponses(deps: OpenAiFaceDeps, request: IncomingMessage, response: ServerResponse, requestId: string): Promise<void> {
  const exchange = newExchange(requestId, Math.floor(deps.clock.nowMs() / 1000));
  const wire: ClientWire = {
    face: 'responses',
    voice: voiceOf(exchange),
    authorization: bearerOf,
    read: (bytes, _request, caller) => read(deps, exchange, bytes, caller),
    reply: (inner) => keepingReply(deps, exchange, inner),
  };
  return serve(deps, wire, request, response, requestId);
}

/** Items of one page of a list. */
const pageDefault = 20;
const pageMax = 100;

function pageOf(input: readonly unknown[], query: URLSearchParams, id: string): Json {
  // Items of the caller's own have no ids: a place in the list is one.
  const named = input.map((item, at) => (isRecord(item) ? { id: `item_${id.slice(-idTailChars)}_${at}`, ...item } : item));
  const ordered = query.get('order') === 'asc' ? named : named.toReversed();
  const after = query.get('after');
  const from = after === null ? 0 : ordered.findIndex((item) => isRecord(item) && item['id'] === after) + 1;
  const limit = Math.min(pageMax, Math.max(1, Math.trunc(Number(query.get('limit') ?? pageDefault)) || pageDefault));
  const data = ordered.slice(from, from + limit);
  const idOf = (item: unknown): string | null => (isRecord(item) ? (text(item['id']) ?? null) : null);
  return { object: 'list', data, first_id: idOf(data[0]), last_id: idOf(data.at(-1)), has_more: from + limit < ordered.length };
}

const idTailChars = 24;

const decoded = (part: string): string => {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
};

/** GET and DELETE below `/v1/responses/`. Never throws. */
export async function keptResponse(
  deps: OpenAiFaceDeps,
  request: IncomingMessage,
  response: ServerResponse,
  requestId: string,
): Promise<void> {
  const reply = createReply(response, requestId);
  try {
    const authorization = bearerOf(request);
    const caller = authorization === undefined ? await callerOfSession(deps, request) : callerOfKey(deps, authorization);
    const url = new URL(request.url ?? '', 'http://localhost');
    const [idPart = '', rest, ...more] = url.pathname.slice('/v1/responses/'.length).split('/');
    const id = decoded(idPart);
    if (more.length > 0 || (rest !== undefined && rest !== 'input_items')) throw refuse('not_found');
    const isDelete = request.method === 'DELETE' && rest === undefined;
    if (request.method !== 'GET' && !isDelete)
      return reply.fail(refuse('method_not_allowed').error, { allow: rest ? 'GET' : 'GET, DELETE' });
    if (isDelete) {
      const isGone = id.length <= idCharsMax && !id.includes('\0') && (await deleteResponse(deps.database, ownerOf(caller), id));
      if (!isGone) throw responseNotFound(id, 'response_id');
      return reply.whole({}, JSON.stringify({ id, object: 'response.deleted', deleted: true }));
    }
    const found = await mustFind(deps, caller, id, 'response_id');
    reply.whole({}, JSON.stringify(rest === undefined ? found.response : pageOf(found.input, url.searchParams, id)));
  } catch (error) {
    if (!(error instanceof GatewayRefusal)) deps.log.error({ requestId, err: error }, 'a kept response could not be given');
    reply.fail(error instanceof GatewayRefusal ? error.error : refuse('internal').error, {});
  }
}
