/** Writes down what an attempt came to, whatever happened; failures too, since they are what the health page is made of. */
import { costOf, keptPrices } from '../domain/cost.ts';
import type { UpstreamFailure } from '../domain/errors.ts';
import { answerTokensEstimateOf, promptTokensEstimateOf } from '../domain/token-estimate.ts';
import { noTokens, type Change, type Intent, type RefusedRequest, type Settlement, type TokenUsage } from '../domain/ledger.ts';
import type { AnswerFacts } from '../providers/calling.ts';
import { isFree, type ModelPrices } from '../providers/prices.ts';
import { promptTokensEstimate } from './admit.ts';
import type { KeptAnswer } from './kept-answer.ts';
import { errorOfFailure, refuse, type GatewayError } from './errors.ts';
import type { GatewayDeps, Order } from './order.ts';
import type { Target } from './plan.ts';

/** A longer body is not parsed only to estimate it. */
const parsedBytesMax = 1024 * 1024;
const charsPerToken = 4;

/** Tokens of a prompt and of its answer, where a provider gives no usage or not all of it; the entry is marked as an estimate. */
function estimated({ request }: Order, contentChars: number): { tokensIn: number; tokensOut: number } {
  // What is no chat has no turns to read: its length says as much.
  if (request.operation === undefined && request.bytes.length <= parsedBytesMax)
    try {
      const asked = request.parsed();
      return { tokensIn: promptTokensEstimateOf(asked), tokensOut: answerTokensEstimateOf(asked, contentChars) };
    } catch {
      // A body that cannot be read any more is judged by its length, as a long one is: the books must not miss an entry for it.
    }
  return { tokensIn: promptTokensEstimate(request.bytes.length), tokensOut: Math.ceil(contentChars / charsPerToken) };
}

export function intentOf(
  deps: GatewayDeps,
  order: Order,
  target: Target,
  attemptNo: number,
  reservedNanoUsd: number,
): { kind: 'intent' } & Intent {
  const atMs = deps.clock.nowMs();
  return {
    kind: 'intent',
    id: deps.ids.uuid(atMs),
    atMs,
    requestId: order.requestId,
    attemptNo,
    face: order.face,
    purpose: order.purpose,
    connectionId: target.connection?.id ?? null,
    provider: target.row.id,
    modelAsked: order.asked ?? '',
    model: target.model,
    accessKeyId: order.accessKey?.id ?? null,
    userId: order.userId,
    workspaceId: order.workspaceId,
    isStream: order.request.isStream,
    reservedNanoUsd,
    configRevision: deps.keeper.snapshot.revision,
    clientRequestId: order.clientRequestId,
    repositoryId: order.accessKey?.repositoryId,
    useCaseId: order.useCase?.id,
    routingGroupId: target.group?.id,
  };
}

export interface Ending {
  failure: UpstreamFailure | null;
  facts: AnswerFacts;
  isLast: boolean;
  /** FALSE for an attempt whose caller had gone before anything left. */
  wasSent: boolean;
  prices: ModelPrices | null;
  /** Monotonic. */
  startedMs: number;
  endedMs: number;
  firstByteMs: number | null;
  /** In the place of the fault, where something of ours ended it. */
  reason?: string | undefined;
}

/** Faults after which the provider may have read, and may bill, the prompt. */
const mayBeBilled = new Set(['headers_timeout', 'stalled', 'total_timeout', 'connection_lost', 'caller_gone']);

export function usageOfEnding(order: Order, { failure, facts, wasSent }: Pick<Ending, 'failure' | 'facts' | 'wasSent'>): TokenUsage {
  if (facts.usage) {
    // A provider that counts as it goes had not counted to the end when its stream broke off.
    const isFinal = failure === null || facts.finishReason !== null || order.request.operation?.isPricedByTokens === false;
    if (isFinal) return facts.usage;
    const { tokensOut } = estimated(order, facts.contentChars);
    return { ...facts.usage, tokensOut: Math.max(facts.usage.tokensOut, tokensOut), isEstimated: true };
  }
  if (failure && facts.contentChars === 0 && !(wasSent && mayBeBilled.has(failure.fault))) return noTokens;
  // Bytes of sound and pictures say nothing about tokens.
  if (order.request.operation?.isPricedByTokens === false) return noTokens;
  return { ...noTokens, ...estimated(order, facts.contentChars), isEstimated: true };
}

export function settlementOf(order: Order, intent: Intent, ending: Ending): { kind: 'settle' } & Settlement {
  const { failure, facts } = ending;
  const usage = usageOfEnding(order, ending);
  const isPriced = order.request.operation?.isPricedByTokens ?? true;
  const isFreeOfCharge = ending.prices !== null && isFree(ending.prices);
  const known = isPriced || isFreeOfCharge ? ending.prices : null;
  const prices = known?.at(usage.tokensIn, usage.serviceTier) ?? null;
  const isBilledUncounted = !isPriced && (failure === null || facts.contentChars > 0 || (ending.wasSent && mayBeBilled.has(failure.fault)));
  // An answer that was longer than can be read was made and is paid for, and nobody knows how long it was.
  const isUnread = failure?.fault === 'too_large' && ending.wasSent && !isFreeOfCharge && facts.usage === null && facts.contentChars === 0;
  const isUsed = isBilledUncounted || usage.tokensIn + usage.tokensOut > 0;
  const isPartial = failure !== null && (failure.fault === 'caller_gone' || facts.contentChars > 0);
  return {
    kind: 'settle',
    id: intent.id,
    atMs: intent.atMs,
    provider: intent.provider,
    state: isPartial ? 'partial' : 'settled',
    reason: ending.reason ?? (failure === null ? null : failure.fault === 'caller_gone' ? 'client_closed' : failure.fault),
    status: failure === null ? 200 : errorOfFailure(failure).status,
    isLast: ending.isLast,
    usage,
    costNanoUsd: isUnread ? null : prices ? costOf(usage, prices) : isUsed ? null : 0,
    prices: isUsed && prices ? keptPrices(usage, prices) : null,
    modelReported: facts.modelReported?.slice(0, reportedCharsMax) ?? null,
    finishReason: facts.finishReason,
    latencyMs: Math.round(ending.endedMs - ending.startedMs),
    firstByteMs: ending.firstByteMs === null ? null : Math.round(ending.firstByteMs - ending.startedMs),
    changed: facts.changed.length > 0 ? facts.changed.slice(0, changesMax).map(shortened) : null,
  };
}

/** What providers and clients name goes into a line of the journal, and a line has to stay one that can be read back. */
const reportedCharsMax = 1_000;
const changesMax = 100;
const changeCharsMax = 200;
const shortened = ({ parameter, what, to }: Change): Change => ({
  parameter: parameter.slice(0, changeCharsMax),
  what,
  ...(to !== undefined && { to: to.slice(0, changeCharsMax) }),
});

/** What the books say of a request that reaches no provider: attempt 0 of itself. */
const begunOf = (deps: GatewayDeps, order: Order): Omit<RefusedRequest, 'reason' | 'status' | 'latencyMs'> => ({
  id: deps.ids.uuid(),
  atMs: deps.clock.nowMs(),
  requestId: order.requestId,
  face: order.face,
  purpose: order.purpose,
  connectionId: null,
  provider: '',
  modelAsked: (order.asked ?? '').slice(0, modelCharsMax),
  model: (order.asked ?? '').slice(0, modelCharsMax),
  accessKeyId: order.accessKey?.id ?? null,
  userId: order.userId,
  workspaceId: order.workspaceId,
  isStream: order.request.isStream,
  configRevision: deps.keeper.snapshot.revision,
  clientRequestId: order.clientRequestId,
  repositoryId: order.accessKey?.repositoryId,
  useCaseId: order.useCase?.id,
});

/** A request that was refused before a provider was asked. */
export function recordRefusal(deps: GatewayDeps, order: Order, error: GatewayError): void {
  try {
    deps.journal.append({
      kind: 'refused',
      ...begunOf(deps, order),
      reason: error.code,
      status: error.status,
      latencyMs: Math.round(deps.clock.monotonicMs() - order.startedMs),
    });
  } catch (cause) {
    // Without a journal the refusal stands all the same; that the books miss it is said once per event.
    deps.log.error({ requestId: order.requestId, err: cause }, 'a refused request could not be booked');
  }
}

/** A request that is answered from the cache, at the connection that once answered. Throws `ledger_unavailable`: what is not booked is not given. */
export function recordHit(deps: GatewayDeps, order: Order, { connectionId, provider, model, costNanoUsd }: KeptAnswer): void {
  const latencyMs = Math.round(deps.clock.monotonicMs() - order.startedMs);
  try {
    deps.journal.append({ kind: 'hit', ...begunOf(deps, order), connectionId, provider, model, savedNanoUsd: costNanoUsd ?? 0, latencyMs });
  } catch (cause) {
    deps.log.error({ requestId: order.requestId, err: cause }, 'an answer from the cache could not be booked');
    throw refuse('ledger_unavailable', { retryAfterS: 5 });
  }
}

const modelCharsMax = 255;
