/** Tries the targets in turn until one has answered, or the retry rule says stop. Each try is booked before it leaves. */
import { UpstreamFailure } from '../domain/errors.ts';
import type { Change, Intent } from '../domain/ledger.ts';
import { allowsModelByPolicy } from '../domain/policy-request.ts';
import { planNextAttempt } from '../domain/retry.ts';
import type { Answered } from '../domain/routing-measures.ts';
import type { Exchange } from '../egress/egress.ts';
import { callProvider, timeoutsOf } from '../providers/call.ts';
import type { AnswerFacts, Call, CallSink, CallTimeouts } from '../providers/calling.ts';
import { replacementOf } from '../providers/model-lists.ts';
import { modeOf, unsaidAt } from '../providers/parameter-mode.ts';
import { callOperation, unsaidOfOperation, wayOf } from '../providers/call-operation.ts';
import type { ModelPrices } from '../providers/prices.ts';
import { isBudgetedCaller, isOnList, type Grant } from './admit.ts';
import { refuse } from './errors.ts';
import { cancelHold, canReckon, holdFor, isBudgeted, isOfConnection, lesser, settleHold, type AttemptHold } from './limits-attempt.ts';
import { isHedged, race, type AttemptRelay, type RaceResult, type Runner } from './hedge.ts';
import type { GatewayDeps, Journey, Order } from './order.ts';
import { pricesOfAnswer } from './models-beside.ts';
import { egressOf, onlyLarger, targetKey, type OpenedSecrets, type Target } from './plan.ts';
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
  let targets = pricedFor(deps, order, planned);
  const deadlineMs = order.startedMs + deps.timeouts.totalMs;
  let [index, attemptsAtTarget, racesForgiven] = [0, 0, 0];
  // Bounded by the rule: attemptsMax tries, and one that a reused socket lost.
  for (;;) {
    const target = targets[index]!;
    const nowMs = deps.clock.monotonicMs();
    attemptsAtTarget++;
    journey.attempts++;
    journey.connectionId = target.connection?.id ?? null;
    if (attemptsAtTarget === 1) deps.health.asked(targetKey(target), nowMs);
    const second = attemptsAtTarget === 1 && isHedged(target, targets[index + 1]) ? targets[index + 1]! : null;
    let ran: RaceResult;
    try {
      if (second) {
        const start = starterOf(deps, order, grant, journey, deadlineMs);
        ran = await race({ deps, order, journey, relay, first: target, second, start });
      } else {
        const runner = new Attempt(deps, order, target, grant, journey, relay, deadlineMs, null, nowMs);
        ran = { failure: await runner.run(), runner, hasSecond: false };
      }
    } catch (error) {
      // A connection whose own limit is reached gives its turn to the next one.
      if (!isOfConnection(error) || index + 1 >= targets.length) throw error;
      index++;
      attemptsAtTarget = 0;
      continue;
    }
    const { failure, runner: attempt } = ran;
    // Both were asked: whoever is next comes after the two.
    if (ran.hasSecond) index++;
    if (failure === null) return;
    if (failure.fault === 'context_length') targets = onlyLarger(targets, index);
    const standIn = standInAfter(failure, deps, order, target);
    if (standIn) targets = targets.toSpliced(index + 1, 0, standIn);
    const next = planNextAttempt({
      ...seenOf(failure, journey, relay, deps),
      attempts: journey.attempts - racesForgiven,
      attemptsAtTarget,
      racesForgiven,
      hasOtherTarget: index + 1 < targets.length,
      hasLargerTarget: failure.fault === 'context_length' && index + 1 < targets.length,
      budgetAllows: deps.health.mayRetry(targetKey(targets[index]!)),
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
    } else deps.health.retried(targetKey(targets[index]!));
    if (next.waitMs > 0) await relay.wait(next.waitMs);
  }
}

const starterOf =
  (deps: GatewayDeps, order: Order, grant: Grant, journey: Journey, deadlineMs: number) =>
  (to: Target, side: AttemptRelay, claim: () => boolean): Runner =>
    new Attempt(deps, order, to, grant, journey, side, deadlineMs, claim);

const seenOf = (failure: UpstreamFailure, { contentSent }: Journey, relay: Relay, { journal }: GatewayDeps) => ({
  fault: relay.isGone() ? ('caller_gone' as const) : failure.fault,
  contentSent,
  retryAfterMs: failure.retryAfterMs,
  isReuseRace: failure.isReuseRace,
  isEnding: journal.isDraining(),
});

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
  const isAllowed =
    isOnList(order.accessKey?.models ?? null, standIn) &&
    isAllowedByPolicies(deps, order, standIn) &&
    pricedFor(deps, order, [target, standIn]).includes(standIn);
  return isAllowed && unsaidAt({ to: standIn, request: order.request }) === null ? standIn : null;
}

/** The policies saw the targets that were planned; this one was not among them. */
function isAllowedByPolicies({ keeper }: GatewayDeps, { workspaceId, accessKey }: Order, { row, model }: Target): boolean {
  const { policies } = keeper.snapshot;
  if (!policies.isUsed) return true;
  const binding = policies.binding(workspaceId, accessKey?.repositoryId ?? null);
  return binding.every(({ action, rules }) => action !== 'block' || allowsModelByPolicy(rules, row.id, model));
}

/** A budget cannot be spent where no price is known: such targets are passed over as long as there are others. */
function pricedFor(deps: GatewayDeps, order: Order, targets: readonly Target[]): readonly Target[] {
  if (deps.limits.table.size === 0 && !isBudgetedCaller(deps, order)) return targets;
  const priced = targets.filter((target) => canReckon(deps, order, target));
  return priced.length > 0 ? priced : targets;
}

/** A limit refused before anything left: it was no attempt. */
const notTried =
  (journey: Journey) =>
  (error: unknown): never => {
    journey.attempts--;
    throw error;
  };

/** Until an answer says more; whoever learns something makes facts of its own. */
const noFacts: AnswerFacts = { usage: null, finishReason: null, modelReported: null, contentChars: 0, changed: [] };
const unheard = (): void => undefined;

/** One try at one target: reserve, book, send, relay, settle. */
export class Attempt implements CallSink, Runner {
  private readonly deps: GatewayDeps;
  private readonly order: Order;
  private readonly target: Target;
  private readonly grant: Grant;
  private readonly journey: Journey;
  private readonly relay: AttemptRelay;
  /** Asked before the first content where two attempts race: only one of them may answer. */
  private readonly claim: (() => boolean) | null;
  private readonly prices: ModelPrices | null;
  private readonly startedMs: number;
  /** Monotonic end of the request's time, over all attempts. */
  private readonly deadlineMs: number;
  private wasSent = false;
  private intent: Intent | null = null;
  private seq = 0;
  private hold: AttemptHold | null = null;
  private isStopped = false;
  private firstByteMs: number | null = null;
  facts: AnswerFacts = noFacts;
  private done: (failure: UpstreamFailure | null) => void = unheard;
  private refused: (error: Error) => void = unheard;

  constructor(
    deps: GatewayDeps,
    order: Order,
    target: Target,
    grant: Grant,
    journey: Journey,
    relay: AttemptRelay,
    deadlineMs = Infinity,
    claim: (() => boolean) | null = null,
    startedMs = deps.clock.monotonicMs(),
  ) {
    this.deps = deps;
    this.order = order;
    this.target = target;
    this.grant = grant;
    this.journey = journey;
    this.relay = relay;
    this.startedMs = startedMs;
    this.deadlineMs = deadlineMs;
    this.claim = claim;
    this.prices = deps.prices.pricesOf(target.row, target.model, target.connection?.id ?? null);
  }

  /** Null when the caller has been answered; else why not. Throws or rejects the refusal of a limit, or of the journal. */
  run(): Promise<UpstreamFailure | null> {
    try {
      const held = holdFor(this.deps, this.order, this.target, this.prices, this.grant);
      return held instanceof Promise ? held.then((hold) => this.begin(hold), notTried(this.journey)) : this.begin(held);
    } catch (error) {
      return notTried(this.journey)(error);
    }
  }

  private begin(hold: AttemptHold): Promise<UpstreamFailure | null> {
    if (this.isStopped) {
      cancelHold(this.deps, hold);
      return Promise.resolve(new UpstreamFailure('caller_gone', 'stopped before it began'));
    }
    this.hold = hold;
    this.relay.newAttempt();
    return new Promise((resolve, reject) => {
      this.done = resolve;
      this.refused = reject;
      const intent = intentOf(this.deps, this.order, this.target, this.journey.attempts, hold.nanoUsd);
      // The day or month that the money was set aside in is the one that the books count it in.
      if (hold.money !== null) intent.atMs = hold.money.atMs;
      try {
        this.seq = this.deps.journal.append(
          intent,
          (failure) => this.written(failure, hold.outputTokensMax),
          // A full disk must not stop those whose money is not counted: their entries wait in memory (P12). A budget is never spent unwritten.
          isBudgeted(this.deps, this.order, this.target) ? 'refuse' : 'remember',
        );
        this.intent = intent;
        this.deps.health.began(targetKey(this.target));
      } catch (cause) {
        this.deps.log.error({ requestId: this.order.requestId, err: cause }, 'an intent could not be written');
        cancelHold(this.deps, hold);
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
    const { request } = this.order;
    const { row, baseUrl, settings, model, origin, trust } = this.target;
    let exchange: Exchange;
    try {
      const call: Call = {
        to: { row, baseUrl, settings, model },
        origin,
        trust,
        secret: opened.secret,
        customHeaders: opened.headers,
        request: outputTokensMax === null ? request : { ...request, outputTokensMax: lesser(outputTokensMax, request.outputTokensMax) },
        timeouts: this.timeouts(),
        heads: this.deps.headroom,
        connectionId: this.target.connection?.id,
        moment: { createdS: Math.floor(this.deps.clock.nowMs() / 1000), id: `chatcmpl-${this.order.requestId}` },
      };
      const deps = { egress: egressOf(this.deps, this.target), clock: this.deps.clock };
      const { operation } = request;
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
    if (this.claim !== null && !this.claim()) return;
    this.see(facts);
    this.relay.judgeWhole(body, (blocked, said) => {
      if (blocked !== null) return this.done(blocked);
      // Booked before it is said: an answer that was seen is never missing from the books.
      this.settle(null, true);
      this.relay.whole(said, this.seq);
      this.done(null);
    });
  }

  onPiece(piece: Buffer | string, facts: AnswerFacts): boolean {
    if (this.claim !== null && !this.claim()) return true;
    if (this.firstByteMs === null) this.see(facts);
    return this.relay.piece(piece, this.seq);
  }

  onStreamEnd(facts: AnswerFacts): void {
    if (this.claim !== null && !this.claim()) return;
    this.see(facts);
    this.relay.judgeEnd(this.seq, (blocked) => {
      if (blocked !== null) return this.done(blocked);
      this.settle(null, true);
      this.relay.endStream(true, this.seq);
      this.done(null);
    });
  }

  onFailure(failure: UpstreamFailure, facts: AnswerFacts): void {
    this.facts = this.withStandIn(facts);
    // What was stopped because a policy does not allow it failed for that and for nothing else.
    this.done(this.relay.blocked() ?? failure);
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

  /** How fast it was, for those who choose by it. What came whole says when it was complete, and not when it began. */
  private answered(tokensOut: number, endedMs: number): Answered {
    const firstByteMs = this.order.request.isStream && this.firstByteMs !== null ? this.firstByteMs - this.startedMs : null;
    return { firstByteMs, totalMs: endedMs - this.startedMs, tokensOut };
  }

  /** Called exactly once per attempt, when it is known whether another one follows. */
  settle(failure: UpstreamFailure | null, isLast: boolean, reason?: string): void {
    const { deps, order } = this;
    // Whoever is stopped while a limit is asked for never begins.
    if (!this.intent) return void (this.isStopped = true);
    const key = targetKey(this.target);
    deps.health.ended(key);
    if (isLast) this.journey.isBooked = true;
    // Read once: books, windows and measures are told of the same end.
    const endedMs = deps.clock.monotonicMs();
    const ending: Ending = {
      failure,
      facts: this.facts,
      isLast,
      wasSent: this.wasSent,
      prices: pricesOfAnswer(deps, order, this.target, this.prices, this.facts.modelReported),
      startedMs: this.startedMs,
      endedMs,
      firstByteMs: this.firstByteMs,
      reason,
    };
    const settlement = settlementOf(order, this.intent, ending);
    this.relay.booked(this.intent, settlement);
    const tokens = settlement.usage.tokensIn + settlement.usage.tokensOut;
    if (isLast) this.grant.slot.correct(tokens, endedMs);
    if (!failure) deps.health.succeeded(key, this.target.model, this.answered(settlement.usage.tokensOut, endedMs), endedMs);
    // What never left, as when our own disk took no intent, says nothing of the provider.
    else if (this.wasSent) deps.health.failed(key, failure.fault, failure.retryAfterMs, this.target.model, failure.vendorStatus);
    let seq = Infinity;
    try {
      seq = deps.journal.append(settlement);
    } catch (cause) {
      // The intent is on disk: the entry stays open and becomes `unknown`, visible and counted, never a silent zero.
      deps.log.error({ requestId: order.requestId, err: cause }, 'a settlement could not be written');
    }
    const { atMs } = settlement;
    // What the books will never hear of counts with what was set aside, as its open entry does after a restart.
    const costNanoUsd = seq === Infinity ? Math.max(settlement.costNanoUsd ?? 0, this.hold?.nanoUsd ?? 0) : settlement.costNanoUsd;
    if (this.hold !== null) settleHold(deps, order, this.target, this.hold, { atMs, costNanoUsd, tokens, seq });
  }
}

/** Another model than the one that was named is told whatever a connection says of parameters (C-06). */
const isOfRouting = (change: Change): boolean => change.parameter === 'model';
