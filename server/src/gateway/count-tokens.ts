/** How many tokens a prompt comes to: asked of a provider that counts on the caller's wire, and else estimated and said to be so. */
import { UpstreamFailure } from '../domain/errors.ts';
import { promptTokensEstimateOf } from '../domain/token-estimate.ts';
import { EgressError } from '../egress/egress.ts';
import { patchObject } from '../lib/json-scan.ts';
import { headersOf } from '../providers/call.ts';
import { failureOfEgress } from '../providers/egress-faults.ts';
import { protocolOf } from '../providers/protocols.ts';
import { finite, member, parseJson } from '../providers/shape.ts';
import { wireOf } from '../providers/wires.ts';
import { admit, admitChoice } from './admit.ts';
import { errorOfFailure, GatewayRefusal } from './errors.ts';
import { bookedFree } from './free-call.ts';
import type { Ticket } from './limits-rates.ts';
import type { GatewayDeps, Order } from './order.ts';
import { egressOf, plan, type Target } from './plan.ts';
import { isJudged, rulesOn } from './policies.ts';
import { openSecrets } from './secrets.ts';
import { expand } from './use-case.ts';

const timeoutMs = 15_000;
const answerBytesMax = 65_536;

export interface Counted {
  tokens: number;
  isEstimated: boolean;
  connectionId: string | null;
}

/** What is wrong with the request itself is told; whatever else keeps the provider from counting, we estimate. */
const toldFaults: ReadonlySet<string> = new Set(['bad_request', 'model_not_found', 'context_length']);

/** Throws GatewayRefusal for what would be refused as a completion too. */
export async function countTokens(deps: GatewayDeps, question: Order): Promise<Counted> {
  const order = expand(deps, question);
  const grant = await admit(deps, order);
  try {
    return await judged(deps, order);
  } finally {
    // Counting spends nothing of what the key may spend in a minute.
    grant.slot.correct(0);
    grant.release();
  }
}

/** What leaves to be counted is a prompt like any other: held against the same policies, and written down with what they found. */
async function judged(deps: GatewayDeps, asked: Order): Promise<Counted> {
  const watch = rulesOn(deps, asked);
  let chosen: Target | null = null;
  try {
    const order = watch === null ? asked : await watch.judgePrompt();
    const planned = admitChoice(order, plan(deps, order));
    const target = (watch === null ? planned : watch.choose(planned))[0]!;
    chosen = target;
    const connectionId = target.connection?.id ?? null;
    if (mayCount(deps, order, target)) {
      const tokens = await ask(deps, order, target);
      if (tokens !== null) return { tokens, isEstimated: false, connectionId };
    }
    return { tokens: promptTokensEstimateOf(order.request.parsed()), isEstimated: true, connectionId };
  } finally {
    watch?.report(chosen && { connectionId: chosen.connection?.id ?? null, provider: chosen.row.id, model: chosen.model });
  }
}

/** A judge costs money, so none is asked only to count; and what it was to read first does not leave without it. */
const mayCount = (deps: GatewayDeps, order: Order, { row }: Target): boolean =>
  order.request.wire?.isPassable === true &&
  wireOf(row) === order.request.wire.id &&
  protocolOf(row).countPath !== undefined &&
  !isJudged(deps, order);

/** Null where the provider did not count. A call like any other, so it is in the books, at no cost, and takes a place at its connection. */
async function ask(deps: GatewayDeps, order: Order, target: Target): Promise<number | null> {
  const place = await placeAt(deps, target);
  if (place === null) return null;
  try {
    const { tokens, failure } = await bookedFree(deps, order, target, () => countedBy(deps, order, target));
    if (failure !== null && toldFaults.has(failure.fault)) throw new GatewayRefusal(errorOfFailure(failure), true);
    return tokens;
  } finally {
    place.release();
  }
}

/** Null where a limit of whoever would count leaves no place. */
async function placeAt({ limits }: GatewayDeps, { connection, group }: Target): Promise<Ticket | null> {
  const subjects = [limits.ofConnection(connection?.id ?? null), limits.ofGroup(group?.id)].filter((subject) => subject !== undefined);
  try {
    return await limits.take(subjects, 0);
  } catch (error) {
    if (error instanceof GatewayRefusal) return null;
    throw error;
  }
}

interface Answered {
  tokens: number | null;
  failure: UpstreamFailure | null;
}

/** Never rejects for what the provider does. */
async function countedBy(deps: GatewayDeps, order: Order, target: Target): Promise<Answered> {
  try {
    return { tokens: await asked(deps, order, target), failure: null };
  } catch (error) {
    if (error instanceof EgressError) return { tokens: null, failure: failureOfEgress(error) };
    if (error instanceof UpstreamFailure) return { tokens: null, failure: error };
    return { tokens: null, failure: new UpstreamFailure('invalid_response', 'the count could not be read', { cause: error }) };
  }
}

async function asked(deps: GatewayDeps, order: Order, target: Target): Promise<number | null> {
  const { request } = order;
  const protocol = protocolOf(target.row);
  const to = { row: target.row, baseUrl: target.baseUrl, settings: target.settings, model: target.model };
  const opened = openSecrets(deps, target);
  const { status, body } = await egressOf(deps, target).fetchWhole(
    {
      origin: target.origin,
      path: protocol.countPath!(to),
      method: 'POST',
      headers: headersOf({ to, secret: opened.secret, customHeaders: opened.headers, request }, protocol),
      body: patchObject(request.bytes, request.scan, [{ key: 'model', json: JSON.stringify(target.model) }]),
      trust: target.trust,
    },
    { totalTimeoutMs: timeoutMs, bodyBytesMax: answerBytesMax },
  );
  const parsed = parseJson(body.toString('utf8'));
  if (status >= 300)
    throw new UpstreamFailure(protocol.errorOf(status, parsed).fault, `the provider answered ${status}`, { vendorStatus: status });
  return finite(member(parsed, 'input_tokens')) ?? null;
}
