/** A call that costs nothing, whatever becomes of it: counts of tokens, lists of models. In the books before it leaves, and when it is over. */
import { UpstreamFailure } from '../domain/errors.ts';
import type { Intent } from '../domain/ledger.ts';
import type { AnswerFacts } from '../providers/calling.ts';
import { GatewayRefusal, refuse } from './errors.ts';
import type { GatewayDeps, Order } from './order.ts';
import type { Target } from './plan.ts';
import { intentOf, settlementOf } from './record.ts';

const noFacts: AnswerFacts = { usage: null, finishReason: null, modelReported: null, contentChars: 0, changed: [] };

/**
 * Makes the call once it is written down, and settles it however it ends. No money is set aside, so that a disk that fails holds nobody up:
 * the entry then waits in memory. Throws GatewayRefusal `ledger_unavailable` where not even that is possible, before anything is sent.
 * What `run` throws is booked as a failure and thrown on.
 */
export async function bookedFree<Outcome extends { failure: UpstreamFailure | null }>(
  deps: GatewayDeps,
  order: Order,
  target: Target,
  run: () => Promise<Outcome>,
): Promise<Outcome> {
  const startedMs = deps.clock.monotonicMs();
  const intent = intentOf(deps, order, target, 1, 0);
  const settle = (failure: UpstreamFailure | null, wasSent: boolean): void => bookEnd(deps, order, intent, { failure, wasSent, startedMs });
  const unwritten = await write(deps, order, intent);
  if (unwritten !== null) {
    settle(new UpstreamFailure('unreachable', 'the intent could not be written', { cause: unwritten }), false);
    throw new GatewayRefusal(refuse('ledger_unavailable', { retryAfterS }).error, true);
  }
  let outcome: Outcome;
  try {
    outcome = await run();
  } catch (error) {
    settle(error instanceof UpstreamFailure ? error : new UpstreamFailure('unreachable', 'the call was not made', { cause: error }), true);
    throw error;
  }
  settle(outcome.failure, true);
  return outcome;
}

const retryAfterS = 5;

/** Null once it is written; why not, where the disk says so only afterwards. Rejects where the journal takes nothing at all. */
function write(deps: GatewayDeps, order: Order, intent: { kind: 'intent' } & Intent): Promise<Error | null> {
  return new Promise((resolve, reject) => {
    try {
      deps.journal.append(intent, resolve, 'remember');
    } catch (cause) {
      deps.log.error({ requestId: order.requestId, err: cause }, 'an intent could not be written');
      reject(refuse('ledger_unavailable', { retryAfterS }));
    }
  });
}

function bookEnd(
  deps: GatewayDeps,
  order: Order,
  intent: Intent,
  ending: { failure: UpstreamFailure | null; wasSent: boolean; startedMs: number },
): void {
  const endedMs = deps.clock.monotonicMs();
  const settlement = settlementOf(order, intent, { ...ending, endedMs, facts: noFacts, isLast: true, prices: null, firstByteMs: null });
  const usage = { ...settlement.usage, tokensIn: 0, isEstimated: false };
  try {
    deps.journal.append({ ...settlement, usage, costNanoUsd: 0, prices: null });
  } catch (cause) {
    // The intent is on disk: the entry stays open and becomes `unknown`, visible and counted.
    deps.log.error({ requestId: order.requestId, err: cause }, 'a settlement could not be written');
  }
}
