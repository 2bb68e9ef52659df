/** POST /v1/route/explain: who would be asked, at what price, and what would be changed on the way; nobody is asked. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { decimalUsdOf } from '../../domain/money.ts';
import { refuse } from '../../gateway/errors.ts';
import { explain, type Excluded, type Explained, type Explanation } from '../../gateway/explain.ts';
import type { Order } from '../../gateway/order.ts';
import { readForeign, readRequest, type AskedRequest } from '../../gateway/request.ts';
import { isRecord, parseJson } from '../../providers/shape.ts';
import { readMessages } from '../anthropic/read.ts';
import { readOllama } from '../ollama/read.ts';
import { wireId as linesWire } from '../ollama/turns.ts';
import { readBody } from '../openai/body.ts';
import { callerOfKey, callerOfSession, type DataCaller } from '../openai/caller.ts';
import type { OpenAiFaceDeps } from '../openai/deps.ts';
import { createReply } from '../openai/reply.ts';
import { clientIdOf, hintsOf, pinnedOf, refused } from '../openai/serve.ts';
import { bearerOf } from '../openai/wire.ts';
import { toHouse } from '../responses/request.ts';
import { callerWireOf, newExchange } from '../responses/wire.ts';

const face = 'route.explain';

/** Wires by their names in the query; a body without one is a chat completion. */
type Wire = 'chat' | 'messages' | 'responses' | typeof linesWire;
const wires: readonly Wire[] = ['chat', 'messages', 'responses', linesWire];

function wireOf(request: IncomingMessage): Wire {
  const url = request.url ?? '';
  const query = url.indexOf('?');
  const named = (query < 0 ? null : new URLSearchParams(url.slice(query + 1)).get('wire')) ?? 'chat';
  const wire = wires.find((one) => one === named);
  if (wire === undefined) throw refuse('invalid_type', { param: 'wire', message: `wire must be one of ${wires.join(', ')}.` });
  return wire;
}

function read({ clock }: OpenAiFaceDeps, bytes: Buffer, wire: Wire, request: IncomingMessage): AskedRequest {
  if (wire === 'chat') return readRequest(bytes);
  if (wire === 'messages') return readMessages(bytes, request);
  if (wire === linesWire) return readOllama(bytes, { kind: 'chat', clock });
  const body = parseJson(bytes.toString('utf8'));
  return readForeign(bytes, callerWireOf(newExchange('', 0), bytes, isRecord(body) ? body : {}, null), toHouse);
}

const usd = (nanoUsd: number | null): string | null => (nanoUsd === null ? null : decimalUsdOf(nanoUsd));

const candidate = ({ target, mode, isResting, place, changed, estimate, payload }: Explained): object => ({
  connection_id: target.connection?.id ?? null,
  connection_name: target.connection?.name ?? null,
  provider: target.row.id,
  model: target.model,
  parameter_mode: mode,
  is_resting: isResting,
  ...(place !== null && {
    routing: {
      score: place.score !== null && Number.isFinite(place.score) ? place.score : null,
      weight: place.facing.weight,
      in_flight: place.facing.inFlight,
      expected_ms: place.facing.expectedMs === null ? null : Math.round(place.facing.expectedMs),
      error_rate: place.facing.errorRate,
      cost_usd: usd(place.facing.costNanoUsd),
    },
  }),
  changed,
  estimate: {
    input_tokens: estimate.tokensIn,
    output_tokens_max: estimate.tokensOutMax,
    cost_usd: usd(estimate.costNanoUsd),
    reserved_usd: usd(estimate.reservedNanoUsd),
  },
  payload,
});

const exclusion = ({ connectionId, connectionName, provider, model, code, param, message }: Excluded): object => ({
  connection_id: connectionId,
  connection_name: connectionName,
  provider,
  model,
  code,
  param,
  message,
});

const answerOf = ({ group, unknown, candidates, excluded, refusal }: Explanation, order: Order, wire: Wire): object => ({
  object: 'route.explanation',
  wire,
  model: order.asked,
  ...(group !== null && { routing_group: { id: group.id, name: group.name, strategy: group.strategy } }),
  unknown_parameters: unknown,
  candidates: candidates.map(candidate),
  excluded: excluded.map(exclusion),
  refusal: refusal === null ? null : { status: refusal.status, code: refusal.code, param: refusal.param, message: refusal.message },
});

/** Answers whoever may ask for a completion: with an access key, or with the session of one of our own pages. */
export async function postExplain(
  deps: OpenAiFaceDeps,
  request: IncomingMessage,
  response: ServerResponse,
  requestId: string,
): Promise<void> {
  const startedMs = deps.clock.monotonicMs();
  const atMs = deps.clock.nowMs();
  const reply = createReply(response, requestId);
  try {
    const authorization = bearerOf(request);
    const caller: DataCaller = authorization === undefined ? await callerOfSession(deps, request) : callerOfKey(deps, authorization);
    const wire = wireOf(request);
    const asked = read(deps, await readBody(request), wire, request);
    const order: Order = {
      requestId,
      face,
      purpose: 'completion',
      ...caller,
      asked: asked.asked,
      pinnedId: pinnedOf(request),
      hints: hintsOf(request),
      request: asked,
      clientRequestId: clientIdOf(request),
      atMs,
      startedMs,
    };
    reply.whole(
      { 'x-patchbay-config-rev': String(deps.keeper.snapshot.revision) },
      JSON.stringify(answerOf(await explain(deps, order), order, wire)),
    );
  } catch (error) {
    // What was only a question is no request: the books do not hear of it.
    refused(deps, { face, request, requestId, atMs, startedMs, caller: null }, error, reply);
  }
}
