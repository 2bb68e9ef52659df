/** Asks machines that keep their own models: what is installed, what is to be fetched, what is to go. Each call is booked like every other one. */
import { UpstreamFailure } from '../domain/errors.ts';
import type { LocalModels } from '../domain/local-models.ts';
import type { ProbeCaller, ProbeTarget } from '../domain/probe.ts';
import { concealedOf } from '../providers/proof.ts';
import { protocolOf } from '../providers/protocols.ts';
import { installedAt, pullAt, removeAt, type OllamaDeps, type OllamaPlace } from '../providers/ollama-models.ts';
import { bookedFree } from './free-call.ts';
import type { GatewayDeps } from './order.ts';
import { egressOf, type Target } from './plan.ts';
import { scrubbed } from './list-models.ts';
import { orderOf, probeTargetOf, toldOf } from './probe.ts';
import { openSecrets } from './secrets.ts';

export function createLocalModels(deps: GatewayDeps): LocalModels {
  return {
    installed: (target, caller) => booked(deps, target, caller, (house, place) => installedAt(house, place)),
    pull: (target, caller, model, options) => booked(deps, target, caller, (house, place) => pullAt(house, place, model, options)),
    remove: (target, caller, model) => booked(deps, target, caller, (house, place) => removeAt(house, place, model)),
  };
}

/** Throws UpstreamFailure, its provider's words without secrets. Nothing of this costs money, whatever became of it. */
async function booked<Result>(
  deps: GatewayDeps,
  probed: ProbeTarget,
  caller: ProbeCaller,
  run: (house: OllamaDeps, place: OllamaPlace) => Promise<Result>,
): Promise<Result> {
  const target = probeTargetOf(deps, probed);
  const order = orderOf(deps, target, caller, 'models');
  const called = async () => ({ result: await calledAt(deps, target, run), failure: null });
  const { result } = await bookedFree(deps, order, target, called).catch((error: unknown) => {
    throw toldOf(error);
  });
  return result;
}

async function calledAt<Result>(
  deps: GatewayDeps,
  target: Target,
  run: (house: OllamaDeps, place: OllamaPlace) => Promise<Result>,
): Promise<Result> {
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
}
