/** Live tests and model lists: attempts like any other, with a purpose of their own, in the same books. */
import type { Connection } from '../domain/connection.ts';
import { Refusal, UpstreamFailure, type Fault } from '../domain/errors.ts';
import type { Purpose } from '../domain/ledger.ts';
import type { ListedModel, ModelList, ModelListOptions, Probe, ProbeCaller, ProbeResult, ProbeStep, ProbeTarget } from '../domain/probe.ts';
import { EgressError } from '../egress/egress.ts';
import { mustProviderRow, rowAt, rowFor } from '../providers/catalog.ts';
import { failureOfEgress } from '../providers/egress-faults.ts';
import { catalogModels } from '../providers/model-lists.ts';
import { normaliseBase, proposedBase } from '../providers/normalise.ts';
import { Attempt } from './attempt.ts';
import { GatewayRefusal } from './errors.ts';
import { bookedFree } from './free-call.ts';
import { askForModels, connectMsOf } from './list-models.ts';
import { newJourney, nobody, type GatewayDeps, type Order } from './order.ts';
import type { FetchedList } from './model-lists.ts';
import { egressOf, type OpenedSecrets, type Target } from './plan.ts';
import { Relay } from './relay.ts';
import { readRequest } from './request.ts';
import { joinedSecret, openParts } from './secrets.ts';

/** A test answers within this, whatever the provider does. */
const probeTimeoutMs = 15_000;

export function createProbe(deps: GatewayDeps): Probe {
  return {
    test: (target, caller) => testTarget(deps, target, caller),
    models: (target, caller, options) => listOf(deps, target, caller, options),
  };
}

/** Throws UpstreamFailure('secret_unreadable') where a stored secret's connection is gone. */
export function probeTargetOf(deps: GatewayDeps, target: ProbeTarget, baseUrl: string | null = target.baseUrl): Target {
  const row = mustProviderRow(target.providerId);
  const base =
    row.isInternal && deps.demo ? { baseUrl: deps.demo.baseUrl, origin: new URL(deps.demo.baseUrl).origin } : normaliseBase(row, baseUrl);
  const stored = target.connectionId === null ? undefined : deps.keeper.snapshot.connections.get(target.connectionId);
  // Deleted in this very moment, or not heard of yet: a target without its connection would be taken for the environment, and get its key.
  if (isStoredNeeded(target) && !stored && !row.isInternal)
    throw new UpstreamFailure('secret_unreadable', 'the connection of the stored secret is not there');
  const connection: Connection | null = stored ? { ...stored, settings: target.settings } : null;
  return {
    connection,
    row: rowFor(rowAt(row, base.baseUrl), target.settings, target.model ?? ''),
    baseUrl: base.baseUrl,
    origin: base.origin,
    trust: row.isInternal ? 'administrator' : target.trust,
    model: target.model ?? '',
    settings: target.settings,
    typed: isAsStored(deps, target) ? null : typedOf(deps, target, connection, base.origin),
  };
}

const isStoredNeeded = ({ secret, accessKeyId, headers }: ProbeTarget): boolean =>
  secret === 'stored' || accessKeyId === 'stored' || headers === 'stored';

/** Nothing was typed and nothing cleared: the gateway opens what lies beside the connection, as for any completion. */
function isAsStored({ keeper }: GatewayDeps, { connectionId, secret, accessKeyId, headers }: ProbeTarget): boolean {
  const sealed = connectionId === null ? undefined : keeper.snapshot.sealed.get(connectionId);
  const isSame = (given: ProbeTarget['secret'], box: string | null): boolean => (box === null ? given === null : given === 'stored');
  return (
    sealed !== undefined &&
    isSame(secret, sealed.secret) &&
    isSame(accessKeyId ?? null, sealed.accessKeyId) &&
    isSame(headers, sealed.headers)
  );
}

const headersOfSecret = (target: ProbeTarget): Record<string, string> =>
  target.headers instanceof Object && target.headers !== null ? (JSON.parse(target.headers.reveal()) as Record<string, string>) : {};

/** Where one part was typed and another is stored, the stored one is opened beside it. */
function typedOf(deps: GatewayDeps, target: ProbeTarget, connection: Connection | null, origin: string): OpenedSecrets {
  const stored = isStoredNeeded(target) && connection ? openParts(deps, { ...connection, origin }) : null;
  const textOf = (given: ProbeTarget['secret'] | undefined, kept: string | undefined): string =>
    given === 'stored' ? (kept ?? '') : (given?.reveal() ?? '');
  const row = mustProviderRow(target.providerId);
  return {
    secret: joinedSecret(row, textOf(target.accessKeyId, stored?.accessKeyId), textOf(target.secret, stored?.secret)),
    headers: target.headers === 'stored' ? (stored?.headers ?? {}) : headersOfSecret(target),
  };
}

/** The steps of one test, in the order that people read them. */
async function testTarget(deps: GatewayDeps, probe: ProbeTarget, caller: ProbeCaller): Promise<ProbeResult> {
  const startedMs = deps.clock.monotonicMs();
  const steps: ProbeStep[] = [];
  const result = (outcome: Partial<ProbeResult>): ProbeResult => ({
    isSuccess: false,
    fault: null,
    vendorStatus: null,
    vendorMessage: null,
    latencyMs: Math.round(deps.clock.monotonicMs() - startedMs),
    model: probe.model,
    modelsFound: null,
    steps,
    proposedBaseUrl: null,
    egressEntry: null,
    ...outcome,
  });
  let target: Target;
  try {
    target = probeTargetOf(deps, probe);
    await reach(deps, target, steps);
  } catch (error) {
    return result(failed(error));
  }
  // Where there is no list, the completion alone tells whether the key opens.
  const isListed = target.row.listsModels || probe.model === null;
  const list: ListOutcome = isListed ? await fetchList(deps, target, caller) : { models: null, failure: null, latencyMs: 0 };
  const modelsFound = list.models?.length ?? null;
  const isListBroken = list.failure !== null && list.failure.fault !== 'endpoint_not_found';
  const opened = list.failure?.fault === 'auth' || isListBroken ? 'failed' : 'ok';
  steps.push(step('authenticate', isListed ? opened : 'skipped', isListed ? list.latencyMs : null));
  steps.push(step('models', list.models ? 'ok' : isListBroken ? 'failed' : 'skipped', list.models ? list.latencyMs : null));
  keepList(deps, target, list.models);
  if (isListBroken) return result({ ...failed(list.failure), modelsFound });
  if (probe.model === null)
    return list.models
      ? result({ isSuccess: true, modelsFound })
      : result({ ...failed(list.failure), proposedBaseUrl: await proposal(deps, probe, caller) });
  const completion = await complete(deps, target, caller);
  steps.push(step('completion', completion.failure ? 'failed' : 'ok', completion.latencyMs));
  if (!completion.failure) return result({ isSuccess: true, modelsFound });
  // The key opened and the model is listed: a provider that only dislikes the tiny request has passed the test.
  if (completion.failure.fault === 'bad_request' && list.models?.some((model) => model.id === probe.model))
    return result({ isSuccess: true, modelsFound });
  const proposedBaseUrl = completion.failure.fault === 'endpoint_not_found' ? await proposal(deps, probe, caller) : null;
  return result({ ...failed(completion.failure), modelsFound, proposedBaseUrl });
}

const step = (name: ProbeStep['name'], outcome: ProbeStep['outcome'], latencyMs: number | null): ProbeStep => ({
  name,
  outcome,
  latencyMs: latencyMs === null ? null : Math.round(latencyMs),
});

function failed(error: unknown): Partial<ProbeResult> {
  const failure = error instanceof EgressError ? failureOfEgress(error) : error;
  if (!(failure instanceof UpstreamFailure)) throw error;
  const { fault, vendorStatus, vendorMessage } = failure;
  return { fault, vendorStatus, vendorMessage, egressEntry: error instanceof EgressError ? (error.allowEntry ?? null) : null };
}

async function reach(deps: GatewayDeps, target: Target, steps: ProbeStep[]): Promise<void> {
  try {
    const timings = await egressOf(deps, target).trace(target.origin, target.trust, {
      timeoutMs: probeTimeoutMs,
      connectTimeoutMs: connectMsOf(deps, target, probeTimeoutMs),
    });
    steps.push(step('reach', 'ok', timings.connectMs), step('tls', timings.tlsMs === null ? 'skipped' : 'ok', timings.tlsMs));
  } catch (error) {
    const isTls = error instanceof EgressError && (error.code === 'tls_failed' || error.code === 'tls_invalid');
    steps.push(step('reach', isTls ? 'ok' : 'failed', null));
    if (isTls) steps.push(step('tls', 'failed', null));
    throw error;
  }
}

/** A list is a connection's own only where it was asked for with what is stored: typed settings may lead anywhere. */
function keepList(deps: GatewayDeps, target: Target, models: ListedModel[] | null): void {
  const saved = target.connection && deps.keeper.snapshot.connections.get(target.connection.id);
  const isAsSaved =
    saved &&
    target.origin === saved.origin &&
    target.baseUrl === normaliseBase(target.row, saved.baseUrl).baseUrl &&
    JSON.stringify(target.settings) === JSON.stringify(saved.settings);
  if (models && target.connection && target.typed === null && isAsSaved) deps.modelLists.keep(target.connection, models);
}

interface ListOutcome {
  models: ListedModel[] | null;
  failure: UpstreamFailure | null;
  latencyMs: number;
}

/** Asks the provider for its models, and books the call like every other one. */
async function fetchList(deps: GatewayDeps, target: Target, caller: ProbeCaller): Promise<ListOutcome> {
  const order = orderOf(deps, target, caller, 'models');
  const startedMs = deps.clock.monotonicMs();
  const ask = () => askForModels(deps, target, probeTimeoutMs);
  const { models, failure } = await bookedFree(deps, order, target, ask).catch((error: unknown) => {
    throw toldOf(error);
  });
  return { models, failure, latencyMs: deps.clock.monotonicMs() - startedMs };
}

/** One token, to see that the model answers. */
async function complete(
  deps: GatewayDeps,
  target: Target,
  caller: ProbeCaller,
): Promise<{ failure: UpstreamFailure | null; latencyMs: number }> {
  const order = orderOf(deps, target, caller, 'probe');
  const startedMs = deps.clock.monotonicMs();
  const journey = { ...newJourney(), attempts: 1 };
  const relay = new Relay(deps, order, journey, nobody);
  const timed: GatewayDeps = {
    ...deps,
    timeouts: { ...deps.timeouts, headersMs: probeTimeoutMs, firstEventMs: probeTimeoutMs, totalMs: probeTimeoutMs },
  };
  const attempt = new Attempt(timed, order, target, { slot: { correct: () => undefined }, release: () => undefined }, journey, relay);
  try {
    const failure = await attempt.run();
    if (failure) attempt.settle(failure, true);
    return { failure, latencyMs: deps.clock.monotonicMs() - startedMs };
  } catch (error) {
    throw toldOf(error);
  } finally {
    relay.close();
  }
}

/** A limit that refuses a test refuses whoever asked for it, in the words of the control plane. */
export function toldOf(error: unknown): unknown {
  if (!(error instanceof GatewayRefusal)) return error;
  const { code, limit, retryAfterS } = error.error;
  if (code === 'rate_limit_exceeded')
    return new Refusal('RATE_LIMITED', { values: { seconds: retryAfterS ?? 1 }, retryAfterS: retryAfterS ?? 1 });
  if (code === 'budget_exceeded') return new Refusal('BUDGET_EXCEEDED', { values: { limit: limit?.name ?? '' } });
  return code === 'limits_unavailable' || code === 'ledger_unavailable' ? new Refusal('STORAGE_UNAVAILABLE', { cause: error }) : error;
}

export function orderOf(deps: GatewayDeps, target: Target, caller: ProbeCaller, purpose: Purpose): Order {
  const isAnswered = purpose === 'probe' || purpose === 'health';
  const body = isAnswered ? { model: target.model, messages: [{ role: 'user', content: 'ping' }], max_tokens: 1 } : {};
  return {
    requestId: isAnswered ? deps.ids.uuid() : caller.requestId,
    face: 'probe',
    purpose,
    userId: caller.userId,
    workspaceId: caller.workspaceId,
    accessKey: null,
    owners: [],
    asked: target.model,
    pinnedId: null,
    request: readRequest(Buffer.from(JSON.stringify(body))),
    clientRequestId: null,
    atMs: deps.clock.nowMs(),
    startedMs: deps.clock.monotonicMs(),
  };
}

/** A base that answers where the entered one does not (C-17): tried during a test only, and only proposed. */
async function proposal(deps: GatewayDeps, probe: ProbeTarget, caller: ProbeCaller): Promise<string | null> {
  const entered = probeTargetOf(deps, probe);
  const proposed = proposedBase(entered.baseUrl);
  if (proposed === null) return null;
  const list = await fetchList(deps, { ...entered, baseUrl: proposed }, caller);
  return list.models ? proposed : null;
}

/** What is known now. The provider is asked meanwhile, unless it has just failed: a page that is open asks again and again. */
function atOnce(
  deps: GatewayDeps,
  target: Target,
  kept: { models: ListedModel[]; fetchedAtMs: number } | undefined,
  ask: () => Promise<FetchedList>,
): ModelList {
  const fault = target.connection ? deps.modelLists.faultOf(target.connection.id) : null;
  const isRefreshing = fault === null;
  if (isRefreshing) ask().catch((error: unknown) => deps.log.error({ err: error }, 'a list of models could not be fetched'));
  if (kept) return { models: kept.models, source: 'cache', fetchedAtMs: kept.fetchedAtMs, fault, isRefreshing };
  return { models: catalogModels(target.row), source: 'catalog', fetchedAtMs: null, fault, isRefreshing };
}

/** Kept list, live list or the catalogue, and which one it is (C-24). A provider that is down never delays a list that is known. */
async function listOf(deps: GatewayDeps, probe: ProbeTarget, caller: ProbeCaller, options: ModelListOptions): Promise<ModelList> {
  let target: Target;
  try {
    target = probeTargetOf(deps, probe);
  } catch (error) {
    if (!(error instanceof UpstreamFailure)) throw error;
    return { models: catalogModels(mustProviderRow(probe.providerId)), source: 'catalog', fetchedAtMs: null, fault: error.fault };
  }
  const kept = target.connection ? deps.modelLists.kept(target.connection) : undefined;
  if (kept?.isFresh && !options.refresh) return { models: kept.models, source: 'cache', fetchedAtMs: kept.fetchedAtMs, fault: null };
  const run = async (): Promise<FetchedList> => {
    const { models, failure } = await fetchList(deps, target, caller);
    keepList(deps, target, models);
    if (failure && target.connection) deps.modelLists.noteFault(target.connection.id, failure.fault);
    return { models, fault: failure?.fault ?? null };
  };
  const ask = (): Promise<FetchedList> => (target.connection ? deps.modelLists.once(target.connection.id, run) : run());
  if (!options.refresh && options.isPatient === false) return atOnce(deps, target, kept, ask);
  const fetched = await ask();
  if (fetched.models) return { models: fetched.models, source: 'live', fetchedAtMs: deps.clock.nowMs(), fault: null };
  if (kept) return { models: kept.models, source: 'cache', fetchedAtMs: kept.fetchedAtMs, fault: fetched.fault };
  return { models: catalogModels(target.row), source: 'catalog', fetchedAtMs: null, fault: fetched.fault satisfies Fault | null };
}
