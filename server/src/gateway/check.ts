/** One scheduled check of a saved connection: its list of models, or one token of its model. The gateway makes it, as it makes every call. */
import type { Connection } from '../domain/connection.ts';
import { UpstreamFailure, type Fault } from '../domain/errors.ts';
import type { CheckWay } from '../domain/health-settings.ts';
import { savedTargetOf } from '../domain/probe.ts';
import { EgressError } from '../egress/egress.ts';
import { failureOfEgress } from '../providers/egress-faults.ts';
import { Attempt } from './attempt.ts';
import { GatewayRefusal } from './errors.ts';
import type { Health } from './health.ts';
import { askForModels, connectMsOf } from './list-models.ts';
import { newJourney, nobody, type GatewayDeps, type Reply } from './order.ts';
import { egressOf, type Target } from './plan.ts';
import { orderOf, probeTargetOf } from './probe.ts';
import { Relay } from './relay.ts';

export interface Checked {
  /** What was done: a list of models, one token, or where neither can be asked for only whether the server is reached. */
  kind: 'models' | 'completion' | 'reach';
  /** Empty where no model was asked. */
  model: string;
  /** Null where it passed. */
  fault: Fault | null;
  status: number | null;
  latencyMs: number;
  costNanoUsd: number;
  /** The entry in the books; null where nothing was booked, because a list of models costs nothing. */
  requestId: string | null;
}

export interface Checker {
  /** Never rejects for what the provider does. `timeoutMs` bounds the whole check. */
  check(connection: Connection, way: CheckWay, timeoutMs: number): Promise<Checked>;
}

/** @param plainHealth counts for the order of candidates, and not as traffic: a check is told of by itself */
export function createChecker(deps: GatewayDeps, plainHealth: Health): Checker {
  return {
    async check(connection, way, timeoutMs) {
      const startedMs = deps.clock.monotonicMs();
      const passed = (part: Partial<Checked>): Checked => ({
        kind: 'reach',
        model: '',
        fault: null,
        status: null,
        latencyMs: Math.round(deps.clock.monotonicMs() - startedMs),
        costNanoUsd: 0,
        requestId: null,
        ...part,
      });
      try {
        const target = targetOf(deps, connection);
        if (way === 'completion' && connection.model !== null)
          return passed(await complete({ ...deps, health: plainHealth }, target, timeoutMs));
        return passed(target.row.listsModels ? await list(deps, target, timeoutMs) : await reach(deps, target, timeoutMs));
      } catch (error) {
        return passed(failed(error));
      }
    },
  };
}

const targetOf = (deps: GatewayDeps, connection: Connection): Target =>
  probeTargetOf(deps, savedTargetOf(connection, deps.keeper.snapshot.sealed.get(connection.id)));

function failed(error: unknown): Partial<Checked> {
  const failure = error instanceof EgressError ? failureOfEgress(error) : error;
  // A limit that refuses the check says nothing of the provider: it is left out, as when the provider asks for patience.
  if (failure instanceof GatewayRefusal) return { fault: 'rate_limited' };
  if (!(failure instanceof UpstreamFailure)) throw error;
  return { fault: failure.fault, status: failure.vendorStatus };
}

async function list(deps: GatewayDeps, target: Target, timeoutMs: number): Promise<Partial<Checked>> {
  const first = await askForModels(deps, target, timeoutMs);
  // A line that was kept open and died while it was idle says nothing of the provider: one more try is free, as for any request.
  const { failure } = first.failure?.isReuseRace ? await askForModels(deps, target, timeoutMs) : first;
  if (failure === null) return { kind: 'models' };
  // A server that knows no such list has answered all the same.
  if (failure.fault === 'endpoint_not_found') return { kind: 'reach' };
  return { kind: 'models', ...failed(failure) };
}

async function reach(deps: GatewayDeps, target: Target, timeoutMs: number): Promise<Partial<Checked>> {
  await egressOf(deps, target).trace(target.origin, target.trust, { timeoutMs, connectTimeoutMs: connectMsOf(deps, target, timeoutMs) });
  return { kind: 'reach' };
}

/** One token, booked with a purpose of its own. Of a person's connection it is the person's; of others' nobody's. */
async function complete(deps: GatewayDeps, target: Target, timeoutMs: number): Promise<Partial<Checked>> {
  const owner = target.connection?.owner;
  const caller = {
    userId: owner?.scope === 'user' ? owner.id : '',
    workspaceId: owner?.scope === 'workspace' ? owner.id : null,
    requestId: '',
  };
  const order = orderOf(deps, target, caller, 'health');
  const said: Partial<Checked> = { kind: 'completion', model: target.model, requestId: order.requestId };
  const reply: Reply = { ...nobody, booked: (_, { costNanoUsd }) => void (said.costNanoUsd = costNanoUsd ?? 0) };
  const journey = { ...newJourney(), attempts: 1 };
  const relay = new Relay(deps, order, journey, reply);
  const timeouts = { ...deps.timeouts, headersMs: timeoutMs, firstEventMs: timeoutMs, totalMs: timeoutMs };
  const grant = { slot: { correct: () => undefined }, release: () => undefined };
  const attempt = new Attempt({ ...deps, timeouts }, order, target, grant, journey, relay);
  try {
    const failure = await attempt.run();
    if (failure) attempt.settle(failure, true);
    // A provider that only dislikes the tiny request has answered.
    return failure && failure.fault !== 'bad_request' ? { ...said, ...failed(failure) } : said;
  } catch (error) {
    return { ...said, requestId: null, ...failed(error) };
  } finally {
    relay.close();
  }
}
