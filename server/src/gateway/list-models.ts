/** Asks a provider for its list of models: for people, for tests, and for the checks that come by the clock. Booked by whoever asks. */
import { UpstreamFailure } from '../domain/errors.ts';
import type { ListedModel } from '../domain/probe.ts';
import { EgressError } from '../egress/egress.ts';
import { headersOf, timeoutsOf } from '../providers/call.ts';
import { failureOfEgress } from '../providers/egress-faults.ts';
import { isModelList } from '../providers/model-lists.ts';
import { concealedOf, proofOf } from '../providers/proof.ts';
import { protocolOf } from '../providers/protocols.ts';
import { parseJson } from '../providers/shape.ts';
import type { GatewayDeps } from './order.ts';
import { egressOf, type Target } from './plan.ts';
import { openSecrets } from './secrets.ts';

const listBytesMax = 8 * 1024 * 1024;

export interface ModelsAnswer {
  models: ListedModel[] | null;
  failure: UpstreamFailure | null;
}

/** Never rejects for what the provider does. */
export async function askForModels(deps: GatewayDeps, target: Target, timeoutMs: number): Promise<ModelsAnswer> {
  const protocol = protocolOf(target.row);
  const to = { row: target.row, baseUrl: target.baseUrl, settings: target.settings, model: target.model };
  try {
    const opened = openSecrets(deps, target);
    const egress = egressOf(deps, target);
    const headers = headersOf({ to, secret: opened.secret, customHeaders: opened.headers }, protocol);
    const ask = { origin: target.origin, path: protocol.modelsPath(to), method: 'GET' as const, headers, body: null };
    const proof = await proofOf({ egress, clock: deps.clock }, protocol, to, opened.secret, ask);
    const concealed = [...concealedOf(protocol, opened.secret, proof ?? {}), ...Object.values(opened.headers)];
    const { status, body } = await egress.fetchWhole(
      { ...ask, headers: { ...headers, ...proof }, trust: target.trust, connectTimeoutMs: connectMsOf(deps, target, timeoutMs) },
      { totalTimeoutMs: timeoutMs, bodyBytesMax: listBytesMax },
    );
    const parsed = parseJson(body.toString('utf8'));
    if (status < 300 && isModelList(parsed)) return { models: protocol.modelsOf(parsed), failure: null };
    if (status < 300) return failed(new UpstreamFailure('endpoint_not_found', 'the answer is no list of models', { vendorStatus: status }));
    const { fault, message } = protocol.errorOf(status, parsed ?? body.toString('utf8').slice(0, 2_000));
    const vendorMessage = scrubbed(message, concealed);
    return failed(
      new UpstreamFailure(fault === 'model_not_found' ? 'endpoint_not_found' : fault, `the provider answered ${status}`, {
        vendorStatus: status,
        vendorMessage,
      }),
    );
  } catch (error) {
    if (error instanceof EgressError) return failed(failureOfEgress(error));
    if (error instanceof UpstreamFailure) return failed(error);
    throw error;
  }
}

const failed = (failure: UpstreamFailure): ModelsAnswer => ({ models: null, failure });

/** How long the connection itself wants to wait for a line; nobody waits longer than until the end of the whole call. */
export function connectMsOf(deps: GatewayDeps, target: Target, totalMs: number): number | undefined {
  const { connectMs } = timeoutsOf(target.settings, deps.timeouts);
  return connectMs === undefined ? undefined : Math.min(connectMs, totalMs);
}

/** Providers echo what was sent to them (C13); values as short as this would blacken ordinary words. */
export const scrubbed = (message: string | null, secrets: readonly string[]): string | null =>
  secrets.reduce<string | null>((text, secret) => (secret.length >= 4 ? (text?.replaceAll(secret, '[secret]') ?? null) : text), message);
