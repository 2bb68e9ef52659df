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
import type { GatewayDeps, Order } from './order.ts';
import { egressOf, plan, type Target } from './plan.ts';
import { intentOf, settlementOf } from './record.ts';
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
    const target = admitChoice(order, plan(deps, order))[0]!;
    const connectionId = target.connection?.id ?? null;
    const { wire } = order.request;
    if (wire?.isPassable && wireOf(target.row) === wire.id && protocolOf(target.row).countPath) {
      const tokens = await ask(deps, order, target);
      if (tokens !== null) return { tokens, isEstimated: false, connectionId };
    }
    return { tokens: promptTokensEstimateOf(order.request.parsed()), isEstimated: true, connectionId };
  } finally {
    // Counting spends nothing of what the key may spend in a minute.
    grant.slot.correct(0);
    grant.release();
  }
}

/** Null where the provider did not count. A call like any other, so it is in the books, at no cost. */
async function ask(deps: GatewayDeps, order: Order, target: Target): Promise<number | null> {
  const startedMs = deps.clock.monotonicMs();
  const intent = intentOf(deps, order, target, 1, 0);
  await new Promise<void>((resolve, reject) => {
    deps.journal.append(intent, (failure) => (failure ? reject(failure) : resolve()));
  });
  let failure: UpstreamFailure | null = null;
  let tokens: number | null = null;
  try {
    tokens = await asked(deps, order, target);
  } catch (error) {
    failure =
      error instanceof EgressError
        ? failureOfEgress(error)
        : error instanceof UpstreamFailure
          ? error
          : new UpstreamFailure('invalid_response', 'the count could not be read', { cause: error });
  }
  const facts = { usage: null, finishReason: null, modelReported: null, contentChars: 0, changed: [] };
  const ending = { failure, facts, isLast: true, wasSent: true, prices: null, startedMs, firstByteMs: null };
  const settlement = settlementOf(deps, order, intent, ending);
  const usage = { ...settlement.usage, tokensIn: 0, isEstimated: false };
  deps.journal.append({ ...settlement, usage, costNanoUsd: 0, prices: null });
  if (failure && toldFaults.has(failure.fault)) throw new GatewayRefusal(errorOfFailure(failure));
  return tokens;
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
