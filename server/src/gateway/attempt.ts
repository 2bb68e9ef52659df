/** Tries the targets in turn until one has answered, or the retry rule says stop. Each try is booked before it leaves. */
import { reservationOf } from '../domain/cost.ts';
import { UpstreamFailure } from '../domain/errors.ts';
import type { Change, Intent } from '../domain/ledger.ts';
import { planNextAttempt } from '../domain/retry.ts';
import type { Exchange } from '../egress/egress.ts';
import type { OnFailure } from '../journal/journal.ts';
import { pause } from '../lib/clock.ts';
import { callProvider, timeoutsOf } from '../providers/call.ts';
import type { AnswerFacts, Call, CallSink, CallTimeouts } from '../providers/calling.ts';
import { replacementOf } from '../providers/model-lists.ts';
import { modeOf, unsaidAt } from '../providers/parameter-mode.ts';
import { callOperation, unsaidOfOperation, wayOf } from '../providers/call-operation.ts';
import { dearestIn, isFree, type ModelPrices } from '../providers/prices.ts';
import { isOnList, type Grant } from './admit.ts';
import { boundOf } from './bound.ts';
import { refuse } from './errors.ts';
import type { GatewayDeps, Journey, Order } from './order.ts';
import { egressOf, targetKey, type OpenedSecrets, type Target } from './plan.ts';
import { intentOf, settlementOf, type Ending } from './record.ts';
import type { Relay } from './relay.ts';
import { openSecrets } from './secrets.ts';

/** Returns when the caller has been answered. Throws the failure of the last attempt, or a refusal before the first. */
export async function attemptEach(
  deps: GatewayDeps,
  order: Order,
  planned: readonly Target[],
  grant: Grant,
  journey: Journey,
  relay: Relay,
): Promise<void> {
  const targets = [...pricedFor(deps, order, planned)];
  const deadlineMs = order.startedMs + deps.timeouts.totalMs;
  let index = 0;
  let attemptsAtTarget = 0;
  let racesForgiven = 0;
  // Bounded by the rule: attemptsMax tries, and one that a reused socket lost.
  for (;;) {
    const target = targets[index]!;
    attemptsAtTarget++;
    journey.attempts++;
    journey.connectionId = target.connection?.id ?? null;
    if (attemptsAtTarget === 1) deps.health.asked(targetKey(target));
    const attempt = new Attempt(deps, order, target, grant, journey, relay, deadlineMs);
    const failure = await attempt.run();
    if (failure === null) return;
    const standIn = standInAfter(failure, deps, order, target);
    if (standIn) targets.splice(index + 1, 0, standIn);
    const next = planNextAttempt({
      fault: relay.isGone() ? 'caller_gone' : failure.fault,
      contentSent: journey.contentSent,
      retryAfterMs: failure.retryAfterMs,
      isReuseRace: failure.isReuseRace,
      attempts: journey.attempts - racesForgiven,
      attemptsAtTarget,
      racesForgiven,
      hasOtherTarget: index + 1 < targets.length,
      budgetAllows: deps.health.mayRetry(targetKey(target)),
      remainingMs: deadlineMs - deps.clock.monotonicMs(),
      draw: deps.ids.draw(),
    });
    attempt.settle(failure, next.kind === 'stop');
    if (next.kind === 'stop') throw failure;
    // What still waits for the disk was seen by nobody, and must not be let out while the next attempt is waited for.
    relay.newAttempt();
    if (next.kind === 'other') {
      index++;
      attemptsAtTarget = 0;
      continue;
    }
    if (next.isFree) {
      racesForgiven++;
      attemptsAtTarget--;
    } else deps.health.retried(targetKey(target));
    if (next.waitMs > 0) await pause(deps.clock, next.waitMs);
  }
}

function standInAfter({ fault }: UpstreamFailure, deps: GatewayDeps, order: Order, target: Target): Target | null {
  if (fault === 'model_not_found') return standInFor(deps, order, target);
  const { operation } = order.request;
  // A server that has no such address may still say the same in a conversation.
  if (fault !== 'endpoint_not_found' || !operation?.isSaidByChat || wayOf(operation, target) !== 'pass') return null;
  const byChat: Target = { ...target, isByChat: true };
  return unsaidOfOperation(operation, { to: byChat, request: order.request }) === null ? byChat : null;
}

/** The same place with what took over from a retired model; tried only once the provider no longer serves the old one (C-06). */
function standInFor(deps: GatewayDeps, order: Order, target: Target): Target | null {
  const model = replacementOf(target.row, target.model);
  if (model === null || target.isStandIn) return null;
  const standIn: Target = { ...target, model, isStandIn: true };
  // What the key may not use, or its budget cannot reckon with, does not come in by this door either.
  const isAllowed = isOnList(order.accessKey?.models ?? null, standIn) && pricedFor(deps, order, [target, standIn]).includes(standIn);
  return isAllowed && unsaidAt({ to: standIn, request: order.request }) === null ? standIn : null;
}

/** A budget cannot be spent where no price is known: such targets are passed over as long as there are others. */
function pricedFor({ prices }: GatewayDeps, { accessKey }: Order, targets: readonly Target[]): readonly Target[] {
  if (accessKey === null || accessKey.budgetNanoUsd === null) return targets;
  const priced = targets.filter(({ row, model, connection }) => prices.pricesOf(row, model, connection?.id ?? null) !== null);
  return priced.length > 0 ? priced : targets;
}

const noFacts = (): AnswerFacts => ({ usage: null, finishReason: null, modelReported: null, contentChars: 0, changed: [] });

/** One try at one target: reserve, book, send, relay, settle. */
export class Attempt implements CallSink {
  private readonly deps: GatewayDeps;
  private readonly order: Order;
  private readonly target: Target;
  private readonly grant: Grant;
  private readonly journey: Journey;
  private readonly relay: Relay;
  private readonly prices: ModelPrices | null;
  private readonly startedMs: number;
  /** Monotonic end of the request's time, over all attempts. */
  private readonly deadlineMs: number;
  private wasSent = false;
  private intent: Intent | null = null;
  private seq = 0;
  private reservedNanoUsd = 0;
  private firstByteMs: number | null = null;
  facts: AnswerFacts = noFacts();
  private done: (failure: UpstreamFailure | null) => void = () => undefined;
  private refused: (error: Error) => void = () => undefined;

  constructor(deps: GatewayDeps, order: Order, target: Target, grant: Grant, journey: Journey, relay: Relay, deadlineMs = Infinity) {
    this.deps = deps;
    this.order = order;
    this.target = target;
    this.grant = grant;
    this.journey = journey;
    this.relay = relay;
    this.startedMs = deps.clock.monotonicMs();
    this.deadlineMs = deadlineMs;
    this.prices = deps.prices.pricesOf(target.row, target.model, target.connection?.id ?? null);
  }

  /** Null when the caller has been answered; else why not. */
  run(): Promise<UpstreamFailure | null> {
    const outputTokensMax = this.reserve();
    this.relay.newAttempt();
    return new Promise((resolve, reject) => {
      this.done = resolve;
      this.refused = reject;
      const intent = intentOf(this.deps, this.order, this.target, this.journey.attempts, this.reservedNanoUsd);
      try {
        this.seq = this.deps.journal.append(
          { kind: 'intent', ...intent },
          (failure) => this.written(failure, outputTokensMax),
          onDiskFailure(this.order),
        );
        this.intent = intent;
      } catch (cause) {
        this.deps.log.error({ requestId: this.order.requestId, err: cause }, 'an intent could not be written');
        if (this.order.accessKey) this.deps.limits.settle(this.order.accessKey, this.reservedNanoUsd, 0);
        this.journey.attempts--;
        reject(refuse('ledger_unavailable', { retryAfterS: 5 }));
      }
    });
  }

  /** What is not on the disk does not leave: without its intent a request could be billed and never booked. */
  private written(failure: Error | null, outputTokensMax: number | null): void {
    if (failure === null) return this.send(outputTokensMax);
    this.settle(new UpstreamFailure('unreachable', 'the intent could not be written', { cause: failure }), true);
    this.refused(refuse('ledger_unavailable', { retryAfterS: 5 }));
  }

  /** Sets money aside under a budget: an upper bound of the prompt, and an output cap that is also sent upstream. */
  private reserve(): number | null {
    const key = this.order.accessKey;
    if (!key || key.budgetNanoUsd === null) return null;
    const refused = (code: 'price_unknown' | 'budget_exceeded'): never => {
      this.journey.attempts--;
      throw refuse(code);
    };
    if (!this.prices) return refused('price_unknown');
    const bound = boundOf(this.order, this.target);
    // What has no bound cannot be set aside, unless it costs nothing.
    if (bound === null) return isFree(this.prices) ? null : refused('price_unknown');
    const prices = dearestIn(this.prices, bound.serviceTier);
    if (prices === null) return refused('price_unknown');
    const reserved = reservationOf(bound.promptTokens, bound.outputTokens, prices);
    try {
      this.deps.limits.reserve(key, reserved);
    } catch (error) {
      this.journey.attempts--;
      throw error;
    }
    this.reservedNanoUsd = reserved;
    return bound.outputTokensMax;
  }

  private send(outputTokensMax: number | null): void {
    if (this.relay.isGone()) return this.done(new UpstreamFailure('caller_gone', 'the caller hung up'));
    let opened: OpenedSecrets;
    try {
      opened = openSecrets(this.deps, this.target);
    } catch (error) {
      return this.done(
        error instanceof UpstreamFailure ? error : new UpstreamFailure('secret_unreadable', 'the secret does not open', { cause: error }),
      );
    }
    const { row, baseUrl, settings, model, origin, trust } = this.target;
    let exchange: Exchange;
    try {
      const call: Call = {
        to: { row, baseUrl, settings, model },
        origin,
        trust,
        secret: opened.secret,
        customHeaders: opened.headers,
        request: { ...this.order.request, outputTokensMax },
        timeouts: this.timeouts(),
        moment: { createdS: Math.floor(this.deps.clock.nowMs() / 1000), id: `chatcmpl-${this.order.requestId}` },
      };
      const deps = { egress: egressOf(this.deps, this.target), clock: this.deps.clock };
      const { operation } = this.order.request;
      const way = operation && wayOf(operation, this.target);
      exchange = operation && way ? callOperation(deps, call, operation, way, this) : callProvider(deps, call, this);
    } catch (error) {
      return this.done(
        error instanceof UpstreamFailure
          ? error
          : new UpstreamFailure('bad_request', 'the request could not be translated', { cause: error }),
      );
    }
    this.wasSent = true;
    this.relay.attach(exchange, () => exchange.abort());
  }

  /** A later attempt has what is left of the request's time, not all of it again. */
  private timeouts(): CallTimeouts {
    const timeouts = timeoutsOf(this.target.settings, this.deps.timeouts);
    return { ...timeouts, totalMs: Math.max(1, Math.min(timeouts.totalMs, this.deadlineMs - this.deps.clock.monotonicMs())) };
  }

  onWhole(body: Buffer | string, facts: AnswerFacts): void {
    this.see(facts);
    // Booked before it is said: an answer that was seen is never missing from the books.
    this.settle(null, true);
    this.relay.whole(body, this.seq);
    this.done(null);
  }

  onPiece(piece: Buffer | string, facts: AnswerFacts): boolean {
    if (this.firstByteMs === null) this.see(facts);
    return this.relay.piece(piece, this.seq);
  }

  onStreamEnd(facts: AnswerFacts): void {
    this.see(facts);
    this.settle(null, true);
    this.relay.endStream(true, this.seq);
    this.done(null);
  }

  onFailure(failure: UpstreamFailure, facts: AnswerFacts): void {
    this.facts = this.withStandIn(facts);
    this.done(failure);
  }

  /** A model that stands in for another is a change like any other, so header and books tell it. */
  private withStandIn(facts: AnswerFacts): AnswerFacts {
    if (!this.target.isStandIn) return facts;
    return { ...facts, changed: [{ parameter: 'model', what: 'approximated', to: this.target.model }, ...facts.changed] };
  }

  private see(facts: AnswerFacts): void {
    this.facts = this.withStandIn(facts);
    this.firstByteMs ??= this.deps.clock.monotonicMs();
    this.journey.changed = modeOf(this.target.settings) === 'drop' ? this.facts.changed.filter(isOfRouting) : this.facts.changed;
    this.journey.mediaType = this.facts.mediaType ?? null;
  }

  /** Called exactly once per attempt, when it is known whether another one follows. */
  settle(failure: UpstreamFailure | null, isLast: boolean): void {
    const { deps, order } = this;
    if (!this.intent) return;
    if (isLast) this.journey.isBooked = true;
    const ending: Ending = {
      failure,
      facts: this.facts,
      isLast,
      wasSent: this.wasSent,
      prices: this.prices,
      startedMs: this.startedMs,
      firstByteMs: this.firstByteMs,
    };
    const settlement = settlementOf(deps, order, this.intent, ending);
    this.relay.booked(this.intent, settlement);
    // Whose tier of service has no price cost something all the same: under a budget it counts with what was set aside for it.
    if (order.accessKey) deps.limits.settle(order.accessKey, this.reservedNanoUsd, settlement.costNanoUsd ?? this.reservedNanoUsd);
    if (isLast) this.grant.slot.correct(settlement.usage.tokensIn + settlement.usage.tokensOut);
    const key = targetKey(this.target);
    if (!failure) deps.health.succeeded(key);
    // What never left, as when our own disk took no intent, says nothing of the provider.
    else if (this.wasSent) deps.health.failed(key, failure.fault, failure.retryAfterMs);
    try {
      deps.journal.append({ kind: 'settle', ...settlement });
    } catch (cause) {
      // The intent is on disk: the entry stays open and becomes `unknown`, visible and counted, never a silent zero.
      deps.log.error({ requestId: order.requestId, err: cause }, 'a settlement could not be written');
    }
  }
}

/** Another model than the one that was named is told whatever a connection says of parameters (C-06). */
const isOfRouting = (change: Change): boolean => change.parameter === 'model';

/** A full disk must not stop those whose money is not counted: their entries wait in memory (P12). A budget is never spent unwritten. */
const onDiskFailure = (order: Order): OnFailure =>
  order.accessKey !== null && order.accessKey.budgetNanoUsd !== null ? 'refuse' : 'remember';
