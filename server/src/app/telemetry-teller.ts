/** Records of the books as spans and measures: an intent opens the span of an attempt, its settlement closes it. */
import type * as Api from '@opentelemetry/api';
import type { CacheHit, Intent, LedgerRecord, RefusedRequest, Settlement } from '../domain/ledger.ts';
import { durationBoundsS, metricNames, named, operationNameOf, ours, providerNameOf, tokenBounds } from './telemetry-words.ts';

/** Attempts under way that are remembered. More are served, and not told of. */
const openMax = 20_000;
const nanoPerUsd = 1e9;
/** W3C Trace Context, section 3.2.2. */
const traceparentForm = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/;

interface Attempt {
  intent: Intent;
  span: Api.Span;
}

interface Root {
  span: Api.Span;
  context: Api.Context;
}

type Attributes = Api.Attributes;

const withoutNulls = (all: Record<string, string | number | boolean | string[] | null | undefined>): Attributes =>
  Object.fromEntries(
    Object.entries(all).filter((entry): entry is [string, string | number | boolean | string[]] => (entry[1] ?? null) !== null),
  );

/** What tells series apart; models are those of the configuration, never what a caller made up. */
const seriesOf = ({ face, purpose, provider, model }: Intent): Attributes => ({
  [named.operation]: operationNameOf({ face, purpose }),
  [named.provider]: providerNameOf(provider),
  [named.requestModel]: model,
});

const spanFactsOf = (of: Intent | RefusedRequest | CacheHit): Attributes =>
  withoutNulls({
    [named.operation]: operationNameOf(of),
    [named.provider]: of.provider === '' ? null : providerNameOf(of.provider),
    [named.requestModel]: of.model === '' ? null : of.model,
    [named.isStream]: of.isStream,
    [ours.requestId]: of.requestId,
    [ours.face]: of.face,
    [ours.purpose]: of.purpose,
    [ours.connectionId]: of.connectionId,
    [ours.groupId]: of.routingGroupId,
    [ours.revision]: of.configRevision,
  });

const outcomeFactsOf = ({ usage, status, reason, modelReported, finishReason, firstByteMs, costNanoUsd }: Settlement): Attributes =>
  withoutNulls({
    [named.responseModel]: modelReported,
    [named.finishReasons]: finishReason === null ? null : [finishReason],
    [named.firstChunkS]: firstByteMs === null ? null : firstByteMs / 1000,
    [named.tokensIn]: usage.tokensIn,
    [named.tokensOut]: usage.tokensOut,
    [named.tokensCached]: usage.tokensCached || null,
    [named.tokensCacheWrite]: usage.tokensCacheWrite || null,
    [named.tokensReasoning]: usage.tokensReasoning || null,
    [named.status]: status,
    [named.error]: reason,
    [ours.isEstimated]: usage.isEstimated,
    [ours.costUsd]: costNanoUsd === null ? null : costNanoUsd / nanoPerUsd,
  });

export class Teller {
  readonly #api: typeof Api;
  readonly #tracer: Api.Tracer;
  readonly #durationS: Api.Histogram;
  readonly #firstChunkS: Api.Histogram;
  readonly #tokens: Api.Histogram;
  readonly #costUsd: Api.Counter;
  /** By the id of the attempt, and by that of its request. */
  readonly #attempts = new Map<string, Attempt>();
  readonly #roots = new Map<string, Root>();
  readonly #parents = new Map<string, Api.Context>();

  constructor(api: typeof Api, tracer: Api.Tracer, meter: Api.Meter) {
    const seconds = { unit: 's', advice: { explicitBucketBoundaries: durationBoundsS } };
    this.#api = api;
    this.#tracer = tracer;
    this.#durationS = meter.createHistogram(metricNames.duration, { ...seconds, description: 'Duration of one attempt.' });
    this.#firstChunkS = meter.createHistogram(metricNames.firstChunk, { ...seconds, description: 'Until the first piece of an answer.' });
    this.#tokens = meter.createHistogram(metricNames.tokens, {
      unit: '{token}',
      description: 'Tokens of one attempt.',
      advice: { explicitBucketBoundaries: tokenBounds },
    });
    this.#costUsd = meter.createCounter(metricNames.cost, { unit: '{USD}', description: 'Cost of attempts whose price is known.' });
  }

  join(requestId: string, traceparent: string | string[] | undefined): void {
    const found = typeof traceparent === 'string' ? traceparentForm.exec(traceparent) : null;
    if (!found || this.#parents.size >= openMax) return;
    const [, traceId, spanId, flags] = found as unknown as [string, string, string, string];
    const caller = { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true };
    this.#parents.set(requestId, this.#api.trace.setSpanContext(this.#api.ROOT_CONTEXT, caller));
  }

  see(record: LedgerRecord): void {
    if (record.kind === 'intent') this.#begin(record);
    else if (record.kind === 'settle') this.#settle(record);
    else this.#alone(record);
  }

  #rootOf(of: Intent | RefusedRequest | CacheHit): Root {
    const { SpanKind, ROOT_CONTEXT, trace } = this.#api;
    const parent = this.#parents.get(of.requestId) ?? ROOT_CONTEXT;
    this.#parents.delete(of.requestId);
    const options = { kind: SpanKind.SERVER, startTime: of.atMs, attributes: spanFactsOf(of) };
    const span = this.#tracer.startSpan(`${operationNameOf(of)} ${of.modelAsked || of.model}`.trim(), options, parent);
    return { span, context: trace.setSpan(parent, span) };
  }

  #begin(intent: Intent): void {
    if (this.#attempts.size >= openMax) return;
    let root = this.#roots.get(intent.requestId);
    if (!root) this.#roots.set(intent.requestId, (root = this.#rootOf(intent)));
    const attributes = { ...spanFactsOf(intent), [ours.attempt]: intent.attemptNo };
    const options = { kind: this.#api.SpanKind.CLIENT, startTime: intent.atMs, attributes };
    const span = this.#tracer.startSpan(`${operationNameOf(intent)} ${intent.model}`, options, root.context);
    this.#attempts.set(intent.id, { intent, span });
  }

  #settle(settlement: Settlement): void {
    const attempt = this.#attempts.get(settlement.id);
    if (!attempt) return;
    this.#attempts.delete(settlement.id);
    const { intent, span } = attempt;
    this.#end(span, settlement, intent.atMs);
    this.#measure(intent, settlement);
    const root = settlement.isLast ? this.#roots.get(intent.requestId) : undefined;
    if (!root) return;
    this.#roots.delete(intent.requestId);
    this.#end(root.span, settlement, intent.atMs);
  }

  #end(span: Api.Span, settlement: Settlement, startedAtMs: number): void {
    span.setAttributes(outcomeFactsOf(settlement));
    const { reason } = settlement;
    if (reason !== null) span.setStatus({ code: this.#api.SpanStatusCode.ERROR, message: reason });
    span.end(startedAtMs + settlement.latencyMs);
  }

  /** Refused before a provider was asked, or answered from the cache: one span, and no attempt. */
  #alone(record: ({ kind: 'refused' } & RefusedRequest) | ({ kind: 'hit' } & CacheHit)): void {
    const { span } = this.#rootOf(record);
    if (record.kind === 'refused') {
      span.setAttributes({ [named.error]: record.reason, [named.status]: record.status });
      span.setStatus({ code: this.#api.SpanStatusCode.ERROR, message: record.reason });
    } else span.setAttributes({ [ours.savedUsd]: record.savedNanoUsd / nanoPerUsd, [named.status]: 200 });
    span.end(record.atMs + record.latencyMs);
  }

  #measure(intent: Intent, { usage, latencyMs, firstByteMs, costNanoUsd, reason }: Settlement): void {
    const series = seriesOf(intent);
    this.#durationS.record(latencyMs / 1000, reason === null ? series : { ...series, [named.error]: reason });
    if (firstByteMs !== null) this.#firstChunkS.record(firstByteMs / 1000, series);
    if (usage.tokensIn > 0) this.#tokens.record(usage.tokensIn, { ...series, [named.tokenType]: 'input' });
    if (usage.tokensOut > 0) this.#tokens.record(usage.tokensOut, { ...series, [named.tokenType]: 'output' });
    if (costNanoUsd !== null && costNanoUsd > 0) this.#costUsd.add(costNanoUsd / nanoPerUsd, series);
  }
}
