/** The hall of the data plane: the way of one completion through the house. Read this first. */
import { UpstreamFailure } from '../domain/errors.ts';
import { admit, admitChoice, ratesLeft } from './admit.ts';
import { attemptEach } from './attempt.ts';
import { answerFromCache, cacheWishOn } from './cached-reply.ts';
import { errorOfFailure, GatewayRefusal, refuse, type GatewayError } from './errors.ts';
import { newJourney, type GatewayDeps, type Order, type Reply } from './order.ts';
import { plan } from './plan.ts';
import { watchOf, type PolicyWatch } from './policies.ts';
import { recordRefusal } from './record.ts';
import { Relay } from './relay.ts';
import { tapeFor } from './tape.ts';
import { expand, parametrised } from './use-case.ts';

/** Serves one order. Never throws: whatever happens is answered through `reply` and written to the books. */
export async function complete(deps: GatewayDeps, asked: Order, reply: Reply): Promise<void> {
  const journey = newJourney();
  let order = asked;
  let watch: PolicyWatch | null = null;
  const tape = deps.keeper.snapshot.capture.size === 0 ? null : tapeFor(deps, asked, reply);
  const line = tape ?? reply;
  const relay = new Relay(deps, order, journey, line);
  try {
    order = expand(deps, asked);
    journey.useCase = order.useCase?.slug ?? null;
    const admitted = admit(deps, order);
    const grant = admitted instanceof Promise ? await admitted : admitted;
    try {
      journey.rates = ratesLeft(grant);
      if (deps.keeper.snapshot.policies.isUsed) watch = watchOf(deps, order);
      if (watch !== null) order = await judged(watch, relay);
      tape?.request(order);
      const planned = admitChoice(order, plan(deps, order));
      const route = parametrised(deps, order, watch === null ? planned : watch.choose(planned));
      const wanted = cacheWishOn(order, route);
      if (wanted !== null && (await answerFromCache(deps, order, wanted, grant, line, relay))) return;
      await attemptEach(deps, order, route, grant, journey, relay);
    } finally {
      grant.release();
    }
  } catch (error) {
    const answer = answerTo(deps, order, error);
    // A last attempt that failed is in the books already; a refusal before the first, or between two, is written here.
    if (!journey.isBooked) recordRefusal(deps, order, answer);
    relay.fail(answer);
  } finally {
    watch?.report(relay.lastIntent);
    relay.close();
    tape?.end(deps.captures, asked);
  }
}

/** The order as its policies leave it; its answers are held against them too. */
function judged(watch: PolicyWatch, relay: Relay): Promise<Order> {
  relay.judgeBy(() => watch.newGuard());
  return watch.judgePrompt();
}

function answerTo(deps: GatewayDeps, order: Order, error: unknown): GatewayError {
  if (error instanceof GatewayRefusal) return error.error;
  if (error instanceof UpstreamFailure) return errorOfFailure(error, order.request.operation?.path);
  deps.log.error({ requestId: order.requestId, err: error }, 'completion failed on our side');
  return refuse('internal').error;
}
