/** Asks a second target when the first is late, and lets whichever answers first answer; the other is stopped, and booked as what it was. */
import { UpstreamFailure } from '../domain/errors.ts';
import { countForHedge, mayHedge, noteTime, type Times } from '../domain/hedge.ts';
import { ruleOf } from '../domain/retry.ts';
import type { Exchange } from '../egress/egress.ts';
import type { Timer } from '../lib/clock.ts';
import { isFree } from '../providers/prices.ts';
import { boundOf, reservedAt } from './bound.ts';
import { GatewayRefusal } from './errors.ts';
import { pricesBeside } from './models-beside.ts';
import type { GatewayDeps, Journey, Order } from './order.ts';
import { targetKey, type Target } from './plan.ts';
import type { Relay } from './relay.ts';

/** What an attempt needs of the caller's side. */
export type AttemptRelay = Pick<
  Relay,
  'isGone' | 'booked' | 'attach' | 'newAttempt' | 'piece' | 'endStream' | 'whole' | 'blocked' | 'judgeWhole' | 'judgeEnd'
>;

/** An attempt as the race sees it. */
export interface Runner {
  run(): Promise<UpstreamFailure | null>;
  settle(failure: UpstreamFailure | null, isLast: boolean, reason?: string): void;
}

export interface RaceResult {
  /** Null when the caller has been answered. */
  failure: UpstreamFailure | null;
  /** The attempt whose failure it is; not yet settled. */
  runner: Runner;
  /** The second target was asked. */
  hasSecond: boolean;
}

export interface RaceParts {
  deps: GatewayDeps;
  order: Order;
  journey: Journey;
  relay: AttemptRelay;
  first: Target;
  second: Target;
  start(target: Target, side: AttemptRelay, claim: () => boolean): Runner;
}

/** How the books name an attempt that was stopped because the other one was faster. */
export const lostReason = 'hedge_lost';

/** Whether the group of this target has a second one asked when the first is late. */
export const isHedged = (target: Target, second: Target | undefined): boolean =>
  target.group !== undefined && target.group.options.hedgeMaxNanoUsd !== null && second !== undefined;

/** Answers that come whole are late by other times than streams. */
const timesFor = ({ deps, order }: RaceParts, target: Target): Times =>
  deps.health.times(targetKey(target), order.request.isStream ? target.model : `${target.model} whole`);

/** The most that the second request can cost; null where nobody can tell. */
function dearest({ deps, order, second }: RaceParts): number | null {
  const prices = deps.prices.pricesOf(second.row, second.model, second.connection?.id ?? null);
  const all = prices && pricesBeside(deps, order, second, prices);
  if (all === null) return null;
  if (all.every(isFree)) return 0;
  const bound = boundOf(order, second, deps.limits.table.outputTokensCeiling);
  return bound && Math.max(...all.map(({ dearest: unit }) => reservedAt(order, second, bound, unit)));
}

interface Lane {
  target: Target;
  runner: Runner | null;
  exchange: Exchange | null;
  startedMs: number;
  isOver: boolean;
}

class Race {
  private readonly parts: RaceParts;
  private readonly lanes: Lane[] = [];
  private winner: Lane | null = null;
  private timer: Timer | null = null;
  private hasBegun = false;
  private isFirstUnasked = false;
  private readonly done: (result: RaceResult) => void;
  private readonly broke: (error: unknown) => void;

  constructor(parts: RaceParts, done: (result: RaceResult) => void, broke: (error: unknown) => void) {
    this.parts = parts;
    this.done = done;
    this.broke = broke;
  }

  begin(): void {
    const { deps, journey, first } = this.parts;
    const group = first.group!;
    // Once for each request, however many targets it comes to.
    if (journey.attempts === 1) countForHedge(deps.health.hedges(group.id));
    const { lateAfterMs } = timesFor(this.parts, first);
    if (lateAfterMs !== null) this.timer = deps.clock.after(lateAfterMs, () => this.late());
    this.enter(first);
  }

  /** The first is late: the second is asked too, where share and money allow it. */
  private late(): void {
    const { deps, first, second, journey, relay } = this.parts;
    const group = first.group!;
    if (this.winner !== null || this.lanes[0]?.isOver || relay.isGone()) return;
    const count = deps.health.hedges(group.id);
    const isResting = deps.health.rank(targetKey(second)) > 0;
    const capNanoUsd = group.options.hedgeMaxNanoUsd!;
    if (!mayHedge({ count, costNanoUsdMax: dearest(this.parts), capNanoUsd, isResting })) return;
    count.hedges++;
    journey.attempts++;
    deps.health.asked(targetKey(second));
    this.enter(second);
  }

  private enter(target: Target): void {
    const { deps, relay } = this.parts;
    const lane: Lane = { target, runner: null, exchange: null, startedMs: deps.clock.monotonicMs(), isOver: false };
    this.lanes.push(lane);
    const side: AttemptRelay = {
      isGone: () => relay.isGone() || (this.winner !== null && this.winner !== lane),
      booked: (...entry) => relay.booked(...entry),
      newAttempt: () => this.beginAnswer(),
      attach: (exchange) => {
        lane.exchange = exchange;
        relay.attach(exchange, () => this.stopAll());
      },
      piece: (...piece) => relay.piece(...piece),
      endStream: (...end) => relay.endStream(...end),
      whole: (...whole) => relay.whole(...whole),
      // A lane that lost has nothing to do with what was found in the other's answer.
      blocked: () => (this.winner === lane ? relay.blocked() : null),
      judgeWhole: (...whole) => relay.judgeWhole(...whole),
      judgeEnd: (...end) => relay.judgeEnd(...end),
    };
    let running: Promise<UpstreamFailure | null>;
    try {
      lane.runner = this.parts.start(target, side, () => this.claim(lane));
      running = lane.runner.run();
    } catch (error) {
      return this.refused(lane, error);
    }
    running.then(
      (failure) => this.ended(lane, failure),
      (error: unknown) => this.refused(lane, error),
    );
  }

  /** Once for both, by whichever leaves first: the first may wait for its limits until the second has answered. */
  private beginAnswer(): void {
    if (this.hasBegun) return;
    this.hasBegun = true;
    this.parts.relay.newAttempt();
  }

  /** Asked before the first content; TRUE for the lane that may answer. */
  private claim(lane: Lane): boolean {
    if (this.winner !== null) return this.winner === lane;
    const { deps, relay, journey } = this.parts;
    this.winner = lane;
    this.timer?.cancel();
    noteTime(timesFor(this.parts, lane.target), deps.clock.monotonicMs() - lane.startedMs);
    for (const other of this.lanes) if (other !== lane) this.lose(other);
    journey.connectionId = lane.target.connection?.id ?? null;
    if (lane.exchange) relay.attach(lane.exchange, () => lane.exchange?.abort());
    return true;
  }

  /** Stops a lane that was slower, and books it at once: what it had been given may be billed. */
  private lose(lane: Lane): void {
    if (lane.isOver) return;
    lane.isOver = true;
    const { deps } = this.parts;
    // It would have taken longer than this: without it, those who are late would look as if they were never there.
    noteTime(timesFor(this.parts, lane.target), deps.clock.monotonicMs() - lane.startedMs);
    lane.exchange?.abort();
    lane.runner?.settle(new UpstreamFailure('caller_gone', 'another target answered first'), false, lostReason);
  }

  private stopAll(): void {
    for (const { exchange } of this.lanes) exchange?.abort();
  }

  private ended(lane: Lane, failure: UpstreamFailure | null): void {
    if (lane.isOver) return;
    lane.isOver = true;
    const other = this.lanes.find((one) => one !== lane && !one.isOver);
    if (failure === null || this.winner === lane || other === undefined) return this.finish(failure, lane);
    // The same request would fail there too: nobody waits for the other any more.
    const isFinal = !ruleOf[failure.fault].other;
    if (isFinal) {
      this.lose(other);
      return this.finish(failure, lane);
    }
    lane.runner!.settle(failure, false);
  }

  private finish(failure: UpstreamFailure | null, lane: Lane): void {
    this.timer?.cancel();
    // What is tried now comes after the second, and is numbered so.
    if (failure !== null && this.isFirstUnasked) this.parts.journey.attempts++;
    this.done({ failure, runner: lane.runner!, hasSecond: this.lanes.length > 1 });
  }

  /** One that could not be paid for, or booked, was never asked; the other goes on alone. */
  private refused(lane: Lane, error: unknown): void {
    if (lane.isOver) return;
    lane.isOver = true;
    const other = this.lanes.find((one) => one !== lane && !one.isOver);
    if (error instanceof GatewayRefusal && other !== undefined) {
      if (lane !== this.lanes[0]) this.lanes.pop();
      // The first was refused while the second was under way, which keeps its number.
      else this.isFirstUnasked = true;
      return;
    }
    if (other !== undefined) this.lose(other);
    this.timer?.cancel();
    this.broke(error);
  }
}

/** Runs the first target, and the second beside it when the first is late. Rejects with a refusal where nothing could leave. */
export const race = (parts: RaceParts): Promise<RaceResult> =>
  new Promise((resolve, reject) => {
    new Race(parts, resolve, reject).begin();
  });
