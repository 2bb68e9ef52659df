/** The hall of the data plane: the way of one completion through the house. Read this first. */
import { UpstreamFailure } from '../domain/errors.ts';
import { admit, admitChoice } from './admit.ts';
import { attemptEach } from './attempt.ts';
import { errorOfFailure, GatewayRefusal, refuse, type GatewayError } from './errors.ts';
import { newJourney, type GatewayDeps, type Order, type Reply } from './order.ts';
import { plan } from './plan.ts';
import { recordRefusal } from './record.ts';
import { Relay } from './relay.ts';

/** Serves one order. Never throws: whatever happens is answered through `reply` and written to the books. */
export async function complete(deps: GatewayDeps, order: Order, reply: Reply): Promise<void> {
  const journey = newJourney();
  const relay = new Relay(deps, order, journey, reply);
  try {
    const grant = admit(deps, order);
    try {
      const route = admitChoice(order, plan(deps, order));
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
    relay.close();
  }
}

function answerTo(deps: GatewayDeps, order: Order, error: unknown): GatewayError {
  if (error instanceof GatewayRefusal) return error.error;
  if (error instanceof UpstreamFailure) return errorOfFailure(error, order.request.operation?.path);
  deps.log.error({ requestId: order.requestId, err: error }, 'completion failed on our side');
  return refuse('internal').error;
}
