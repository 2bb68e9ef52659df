/** Asks machines that keep their own models: what is installed, what is to be fetched, what is to go. Each call is booked like every other one. */
import { UpstreamFailure } from '../domain/errors.ts';
import type { LocalModels } from '../domain/local-models.ts';
import type { ProbeCaller, ProbeTarget } from '../domain/probe.ts';
import { concealedOf } from '../providers/proof.ts';
import { protocolOf } from '../providers/protocols.ts';
import { installedAt, pullAt, removeAt, type OllamaDeps, type OllamaPlace } from '../providers/ollama-models.ts';
import type { GatewayDeps } from './order.ts';
import { egressOf } from './plan.ts';
import { scrubbed } from './list-models.ts';
import { orderOf, probeTargetOf } from './probe.ts';
import { intentOf, settlementOf } from './record.ts';
import { openSecrets } from './secrets.ts';

export function createLocalModels(deps: GatewayDeps): LocalModels {
  return {
    installed: (target, caller) => booked(deps, target, caller, (house, place) => installedAt(house, place)),
    pull: (target, caller, model, options) => booked(deps, target, caller, (house, place) => pullAt(house, place, model, options)),
    remove: (target, caller, model) => booked(deps, target, caller, (house, place) => removeAt(house, place, model)),
  };
}

const noFacts = { usage: null, finishReason: null, modelReported: null, contentChars: 0, changed: [] };

/** Throws UpstreamFailure, its provider's words without secrets. Nothing of this costs money, whatever became of it. */
async function booked<Result>(
  deps: GatewayDeps,
  probed: ProbeTarget,
  caller: ProbeCaller,
  run: (house: OllamaDeps, place: OllamaPlace) => Promise<Result>,
): Promise<Result> {
  const target = probeTargetOf(deps, probed);
  const order = orderOf(deps, target, caller, 'models');
  const startedMs = deps.clock.monotonicMs();
  const intent = intentOf(deps, order, target, 1, 0);
  let failure: UpstreamFailure | null = null;
  await new Promise<void>((resolve) => void deps.journal.append(intent, () => resolve()));
  try {
    const { secret, headers } = openSecrets(deps, target);
    const { row, baseUrl, settings, model, origin, trust } = target;
    const place: OllamaPlace = { to: { row, baseUrl, settings, model }, origin, trust, secret, customHeaders: headers };
    try {
      return await run({ egress: egressOf(deps, target), clock: deps.clock }, place);
    } catch (error) {
      if (!(error instanceof UpstreamFailure)) throw error;
      const vendorMessage = scrubbed(error.vendorMessage, [...concealedOf(protocolOf(row), secret), ...Object.values(headers)]);
      throw new UpstreamFailure(error.fault, error.message, { vendorStatus: error.vendorStatus, vendorMessage, cause: error.cause });
    }
  } catch (error) {
    failure = error instanceof UpstreamFailure ? error : new UpstreamFailure('unreachable', 'the call could not be made', { cause: error });
    throw error;
  } finally {
    const ending = { failure, facts: noFacts, isLast: true, wasSent: true, prices: null, startedMs, firstByteMs: null };
    const settlement = settlementOf(deps, order, intent, ending);
    const usage = { ...settlement.usage, tokensIn: 0, isEstimated: false };
    deps.journal.append({ ...settlement, usage, costNanoUsd: 0, prices: null });
  }
}
