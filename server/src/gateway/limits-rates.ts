/** Requests and tokens of the last minute, and what is under way, for everybody who has a limit of them. All of a request's limits or none. */
import { windowMs, SlidingWindow, type WindowEntry } from '../domain/limit-window.ts';
import type { LimitKind, LimitSubject, LimitSubjectKind } from '../domain/limit.ts';
import type { Ceiling, SubjectLimits } from '../domain/limit-table.ts';
import type { Clock } from '../lib/clock.ts';
import { tooMany, unknownNow, type LimitNotes } from './limits-refusals.ts';
import { mayHold, type Lease, type Leases, type Meter } from './limits-share.ts';

/** What a request holds of the limits of some subjects. */
export interface Ticket {
  /** Replaces the estimate by what the request came to. `nowMs` is monotonic, from whoever has just read the clock. */
  correct(tokens: number, nowMs?: number): void;
  /** The request is over; without a correction before it came to no tokens. To be called once. */
  release(): void;
  /** In the place of `release`: what it was taken for never happened, so that it counts neither as tokens nor as a request. */
  undo(): void;
  /** What is left of the tightest limits once it is taken, for the answer's headers; asked for at once. Null where no rate is limited. */
  headroom(): Headroom | null;
}

/** Of the limits that apply the one with the least left, for each kind. `resetMs`: until all of it is free again. */
export interface Headroom {
  requests: Left | null;
  tokens: Left | null;
}
export interface Left {
  limit: number;
  remaining: number;
  resetMs: number;
}

type RateKind = Exclude<LimitKind, 'money'>;
const rateKinds: readonly RateKind[] = ['requests', 'tokens', 'concurrent'];

/** One subject's present use. */
class SubjectRates {
  readonly window = new SlidingWindow();
  flight = 0;
  readonly meters: Record<RateKind, Meter | null> = { requests: null, tokens: null, concurrent: null };

  used(kind: RateKind): number {
    if (kind === 'concurrent') return this.flight;
    return kind === 'requests' ? this.window.requests : this.window.tokens;
  }
}

interface Taken {
  rates: SubjectRates;
  limits: SubjectLimits;
  entry: WindowEntry | null;
}

/** A check that failed: a limit is reached, or this instance's share of it. */
type Blocked = { by: 'limit'; error: Error } | { by: 'share'; lease: Lease; need: number; error: Error };

/** How often a request asks for a larger share until it is refused; as often for each of its limits. */
const asksMax = 3;

export interface Rates {
  take(subjects: readonly SubjectLimits[], tokens: number): Ticket | Promise<Ticket>;
  /** Puts what an earlier run admitted into the window, at the time at which it was: times ascend, and are not before what is there. */
  replay(subject: LimitSubject, atMs: number, tokens: number): void;
  /** This instance's use. */
  usedOf(subject: LimitSubject, kind: RateKind): number;
  sweep(): void;
  size(): number;
}

export const createRates = (deps: RatesDeps): Rates => new AllRates(deps);

interface RatesDeps {
  clock: Clock;
  leases: Leases | null;
  notes: LimitNotes;
}

class AllRates implements Rates {
  readonly #deps: RatesDeps;
  readonly #subjects = new Map<LimitSubjectKind, Map<string, SubjectRates>>();

  constructor(deps: RatesDeps) {
    this.#deps = deps;
  }

  take(all: readonly SubjectLimits[], tokens: number): Ticket | Promise<Ticket> {
    const got = this.#attempt(all, tokens);
    if (got instanceof HeldTicket) return got;
    if (got.by === 'limit') throw this.#refused(got);
    return this.#takeShared(all, tokens, got);
  }

  #attempt(all: readonly SubjectLimits[], tokens: number): HeldTicket | Blocked {
    const nowMs = this.#deps.clock.monotonicMs();
    const taken: Taken[] = [];
    for (const limits of all) {
      const rates = this.#ratesOf(limits.subject);
      rates.window.slide(nowMs);
      // Kind by kind, and not by a loop over their names: this is asked for every request, and most have few limits.
      const { subject, requests, tokens: ofTokens, concurrent } = limits;
      const blocked =
        this.#blockedBy(rates, subject, 'requests', requests, 1, nowMs) ??
        this.#blockedBy(rates, subject, 'tokens', ofTokens, tokens, nowMs) ??
        this.#blockedBy(rates, subject, 'concurrent', concurrent, 1, nowMs);
      if (blocked !== null) return blocked;
      taken.push({ rates, limits, entry: null });
    }
    for (const one of taken) this.#enter(one, tokens, nowMs);
    return new HeldTicket(this.#deps.clock, taken, nowMs);
  }

  #blockedBy(
    rates: SubjectRates,
    subject: LimitSubject,
    kind: RateKind,
    ceiling: Ceiling | null,
    need: number,
    nowMs: number,
  ): Blocked | null {
    if (ceiling === null) return null;
    const used = rates.used(kind);
    const { hard } = ceiling;
    if (hard !== null && used + need > hard.value)
      return { by: 'limit', error: tooMany(hard, waitOf(rates, kind, hard.value, need, nowMs)) };
    const { leases } = this.#deps;
    if (leases === null) return null;
    const lease = leases.of(this.#meterOf(rates, subject, kind), ceiling);
    if (hard === null || used + need <= mayHold(lease, nowMs)) return null;
    return { by: 'share', lease, need, error: tooMany(hard, sharedWaitMs) };
  }

  /** Counts the request in, and says what it nears. */
  #enter(taken: Taken, tokens: number, nowMs: number): void {
    const { rates, limits } = taken;
    this.#note(rates, 'requests', limits.requests, 1);
    this.#note(rates, 'tokens', limits.tokens, tokens);
    this.#note(rates, 'concurrent', limits.concurrent, 1);
    if (limits.requests !== null || limits.tokens !== null) taken.entry = rates.window.add(nowMs, tokens);
    rates.flight++;
  }

  #note(rates: SubjectRates, kind: RateKind, ceiling: Ceiling | null, need: number): void {
    if (ceiling === null) return;
    const used = rates.used(kind) + this.#othersUse(rates, kind);
    this.#deps.notes.used(ceiling.all, used, used + need);
  }

  /** Asks for more of what others may hold, and tries again; in the order of coming, since all of them wait for the same answers. */
  async #takeShared(all: readonly SubjectLimits[], tokens: number, first: Blocked): Promise<Ticket> {
    const roundsMax = asksMax * all.reduce((sum, limits) => sum + rateKinds.filter((kind) => limits[kind] !== null).length, 0);
    let blocked = first;
    for (let asked = 0; blocked.by === 'share' && asked < roundsMax; asked++) {
      const answer = await this.#deps.leases!.more(blocked.lease, blocked.need);
      if (answer === 'away') throw unknownNow();
      const got = this.#attempt(all, tokens);
      if (got instanceof HeldTicket) return got;
      if (answer === 'none' && got.by === 'share' && got.lease === blocked.lease) throw this.#refused(got);
      blocked = got;
    }
    throw this.#refused(blocked);
  }

  #refused(blocked: Blocked): Error {
    this.#deps.notes.refused(blocked.error);
    return blocked.error;
  }

  #ratesOf({ kind, id }: LimitSubject): SubjectRates {
    let ofKind = this.#subjects.get(kind);
    if (!ofKind) this.#subjects.set(kind, (ofKind = new Map<string, SubjectRates>()));
    let rates = ofKind.get(id);
    if (!rates) ofKind.set(id, (rates = new SubjectRates()));
    return rates;
  }

  #meterOf(rates: SubjectRates, subject: LimitSubject, kind: RateKind): Meter {
    return (rates.meters[kind] ??= {
      subject,
      kind,
      period: kind === 'concurrent' ? 'none' : 'minute',
      fromMs: 0,
      used: () => {
        rates.window.slide(this.#deps.clock.monotonicMs());
        return rates.used(kind);
      },
    });
  }

  #othersUse(rates: SubjectRates, kind: RateKind): number {
    const meter = rates.meters[kind];
    return meter && this.#deps.leases ? this.#deps.leases.othersUse(meter) : 0;
  }

  replay(subject: LimitSubject, atMs: number, tokens: number): void {
    this.#ratesOf(subject).window.add(atMs, tokens);
  }

  usedOf(subject: LimitSubject, kind: RateKind): number {
    const rates = this.#subjects.get(subject.kind)?.get(subject.id);
    rates?.window.slide(this.#deps.clock.monotonicMs());
    return rates?.used(kind) ?? 0;
  }

  sweep(): void {
    const { leases } = this.#deps;
    const nowMs = this.#deps.clock.monotonicMs();
    for (const ofKind of this.#subjects.values())
      for (const [id, rates] of ofKind) {
        rates.window.slide(nowMs);
        if (rates.window.requests > 0 || rates.flight > 0) continue;
        // What is leased stays known until the database has it back: another lease of the same meter would know nothing of it.
        const dropped = rateKinds.map((kind) => rates.meters[kind] === null || leases === null || leases.drop(rates.meters[kind]));
        if (!dropped.includes(false)) ofKind.delete(id);
      }
  }

  size(): number {
    return [...this.#subjects.values()].reduce((sum, ofKind) => sum + ofKind.size, 0);
  }
}

/** Others return what they do not use within this. */
const sharedWaitMs = 2_000;
/** Nobody knows when somebody else's request ends. */
const flightWaitMs = 1_000;

function waitOf(rates: SubjectRates, kind: RateKind, limit: number, need: number, nowMs: number): number {
  if (kind === 'concurrent') return flightWaitMs;
  return kind === 'requests' ? rates.window.waitForRequest(limit, nowMs) : rates.window.waitForTokens(limit, need, nowMs);
}

class HeldTicket implements Ticket {
  readonly #clock: Clock;
  readonly #taken: readonly Taken[];
  readonly #takenMs: number;
  #isOver = false;
  #isCorrected = false;

  constructor(clock: Clock, taken: readonly Taken[], takenMs: number) {
    this.#clock = clock;
    this.#taken = taken;
    this.#takenMs = takenMs;
  }

  correct(tokens: number, nowMs = this.#clock.monotonicMs()): void {
    this.#isCorrected = true;
    for (const { rates, entry } of this.#taken) if (entry) rates.window.correct(entry, tokens, nowMs);
  }

  release(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    // What nobody was asked came to nothing, whatever it was reckoned with.
    if (!this.#isCorrected) this.correct(0);
    for (const { rates } of this.#taken) rates.flight--;
  }

  undo(): void {
    if (this.#isOver) return;
    const nowMs = this.#clock.monotonicMs();
    for (const { rates, entry } of this.#taken) if (entry) rates.window.remove(entry, nowMs);
    this.#isCorrected = true;
    this.release();
  }

  headroom(): Headroom | null {
    const room: Headroom = { requests: null, tokens: null };
    for (const { rates, limits } of this.#taken) {
      const { window } = rates;
      const resetMs = window.resetMs(this.#takenMs);
      room.requests = tighter(room.requests, limits.requests, window.requests, resetMs);
      room.tokens = tighter(room.tokens, limits.tokens, window.tokens, resetMs);
    }
    return room.requests === null && room.tokens === null ? null : room;
  }
}

function tighter(known: Left | null, ceiling: Ceiling | null, used: number, resetMs: number): Left | null {
  if (ceiling === null || ceiling.hard === null) return known;
  const limit = ceiling.hard.value;
  const left: Left = { limit, remaining: Math.max(0, limit - used), resetMs: Math.min(resetMs, windowMs) };
  return known !== null && known.remaining <= left.remaining ? known : left;
}
