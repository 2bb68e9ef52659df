/** What of a limit this instance may use when others use the same one: a share that is leased from the database, grown when needed, and given back. */
import type { LimitKind, LimitPeriod, LimitSubject } from '../domain/limit.ts';
import type { Ceiling } from '../domain/limit-table.ts';
import { windowMs } from '../domain/limit-window.ts';
import { pause, type Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { rateHoldMs, type LeaseAnswer, type LeaseAsk } from '../storage/limit-leases.ts';

/** What is counted, with this instance's own use of it. */
export interface Meter {
  subject: LimitSubject;
  kind: LimitKind;
  period: LimitPeriod;
  /** Begin of a budget's period; 0 for everything else. */
  fromMs: number;
  /** Never more than the share: in use now, or for money spent and set aside since the period began. */
  used(): number;
}

export interface Lease {
  readonly meter: Meter;
  /** The tightest limit that refuses; null where all only count. */
  limit: number | null;
  share: number;
  /** Monotonic; from here on nothing of the share may be used. */
  validUntilMs: number;
  othersUsed: number;
  /** Of those who wait for the next answer. */
  needed: number;
  /** A question under way: there is never a second one, since their answers could overtake each other. */
  asking: Promise<Answered> | null;
  /** Monotonic; no answer of before is asked for again until here. */
  quietUntilMs: number;
  usedAtMs: number;
}

/** `again`: a renewal was under way, which asks for nothing more, so that its answer says nothing of what is left. */
type Answered = 'some' | 'none' | 'again' | 'away';

/** What may be used of a lease now. */
export const mayHold = (lease: Lease, nowMs: number): number => (nowMs < lease.validUntilMs ? lease.share : 0);

export interface Leases {
  of(meter: Meter, ceiling: Ceiling): Lease;
  /**
   * Asks for more of it: `none` where others hold the rest, `again` where it could not be asked for before now, `away` where the database
   * does not answer. Never rejects.
   */
  more(lease: Lease, need: number): Promise<Answered>;
  othersUse(meter: Meter): number;
  /** Nobody asks for this meter any more: TRUE where nothing of it is held, else it is given back soon and may be asked for again then. */
  drop(meter: Meter): boolean;
  /** Renews what is in use and gives back what is not. */
  renew(): Promise<void>;
  close(): Promise<void>;
}

export interface SharesDeps {
  clock: Clock;
  log: Log;
  /** Rejects where the database is away. Answers in the order of the asks. */
  ask(asks: readonly LeaseAsk[]): Promise<LeaseAnswer[]>;
}

const renewEveryMs = 2_000;
/** How long a share of a rate may be used after it was granted, and of a budget: longer than a database is away. */
const rateUseMs = 30_000;
const moneyUseMs = 24 * 3_600_000;
/** An answer is waited for this long. */
const answerMs = 2_000;
/** After an answer of nothing, others are left in peace for this long. */
const quietMs = 100;
/** What an instance takes at a time beside what it needs at once, as a part of the limit. */
const ratePart = 10;
const moneyPart = 20;
/** Meters that nobody used for this long keep nothing in reserve. */
const idleMs = 10_000;
const asksAtOnce = 100;

const chunkOf = ({ meter, limit }: Lease): number =>
  limit === null ? 0 : Math.max(1, Math.ceil(limit / (meter.kind === 'money' ? moneyPart : ratePart)));

export function createShares(deps: SharesDeps): Leases {
  return new Shares(deps);
}

class Shares implements Leases {
  readonly #deps: SharesDeps;
  readonly #leases = new Map<Meter, Lease>();
  #waiting: Lease[] = [];
  #flush: Promise<boolean> | null = null;
  #renewing: Promise<void> | null = null;
  readonly #timer: { cancel(): void };
  #isClosed = false;

  constructor(deps: SharesDeps) {
    this.#deps = deps;
    this.#timer = deps.clock.every(renewEveryMs, () => void this.renew());
  }

  of(meter: Meter, ceiling: Ceiling): Lease {
    const nowMs = this.#deps.clock.monotonicMs();
    let lease = this.#leases.get(meter);
    if (!lease) {
      lease = {
        meter,
        limit: null,
        share: 0,
        validUntilMs: 0,
        othersUsed: 0,
        needed: 0,
        asking: null,
        quietUntilMs: 0,
        usedAtMs: nowMs,
      };
      this.#leases.set(meter, lease);
    }
    lease.limit = ceiling.hard?.value ?? null;
    lease.usedAtMs = nowMs;
    return lease;
  }

  othersUse(meter: Meter): number {
    return this.#leases.get(meter)?.othersUsed ?? 0;
  }

  async more(lease: Lease, need: number): Promise<Answered> {
    const { clock } = this.#deps;
    if (this.#isClosed) return 'away';
    if (lease.asking === null && clock.monotonicMs() < lease.quietUntilMs) return 'none';
    lease.needed += need;
    if (lease.asking === null) {
      this.#waiting.push(lease);
      // Whoever comes within this turn of the loop is part of the same question.
      this.#flush ??= Promise.resolve().then(() => this.#ask());
      lease.asking = this.#outcome(lease, this.#flush);
    }
    return Promise.race([lease.asking, pause(clock, answerMs).then((): Answered => 'away')]);
  }

  async #outcome(lease: Lease, sent: Promise<boolean>): Promise<Answered> {
    const before = mayHold(lease, this.#deps.clock.monotonicMs());
    const isAnswered = await sent;
    lease.asking = null;
    lease.needed = 0;
    if (!isAnswered) return 'away';
    return mayHold(lease, this.#deps.clock.monotonicMs()) > before ? 'some' : 'none';
  }

  #ask(): Promise<boolean> {
    this.#flush = null;
    const leases = this.#waiting;
    this.#waiting = [];
    const asks = leases.map((lease) => this.#askOf(lease, lease.meter.used() + lease.needed + chunkOf(lease)));
    return this.#send(leases, asks);
  }

  #askOf(lease: Lease, wanted: number): LeaseAsk {
    const { subject, kind, period, fromMs } = lease.meter;
    const used = lease.meter.used();
    return { subject, kind, period, fromMs, limit: lease.limit, used, wanted: Math.max(used, wanted) };
  }

  async #send(leases: readonly Lease[], asks: readonly LeaseAsk[]): Promise<boolean> {
    const { clock, log } = this.#deps;
    // Counted from before the question, so that the database never thinks it over earlier than we do.
    const sentMs = clock.monotonicMs();
    try {
      const answers = await this.#deps.ask(asks);
      for (const [index, lease] of leases.entries()) {
        const { share, othersUsed } = answers[index]!;
        lease.share = share;
        lease.othersUsed = othersUsed;
        lease.validUntilMs = sentMs + (lease.meter.kind === 'money' ? moneyUseMs : rateUseMs);
        if (share < asks[index]!.wanted) lease.quietUntilMs = clock.monotonicMs() + quietMs;
      }
      return true;
    } catch (error) {
      log.warn({ err: error }, 'shares of limits could not be asked for; what is held is used up');
      return false;
    }
  }

  drop(meter: Meter): boolean {
    const lease = this.#leases.get(meter);
    // The next renewal gives it back and forgets it.
    if (lease) lease.usedAtMs = Number.NEGATIVE_INFINITY;
    return lease === undefined;
  }

  renew(): Promise<void> {
    this.#renewing ??= this.#renewAll().finally(() => (this.#renewing = null));
    return this.#renewing;
  }

  async #renewAll(): Promise<void> {
    const nowMs = this.#deps.clock.monotonicMs();
    const due = [...this.#leases.values()].filter((lease) => lease.asking === null && this.#isDue(lease, nowMs));
    for (let from = 0; from < due.length; from += asksAtOnce) {
      const some = due.slice(from, from + asksAtOnce).filter((lease) => lease.asking === null);
      if (some.length > 0) await this.#settleOnce(some);
    }
    for (const [meter, lease] of this.#leases)
      if (lease.asking === null && lease.usedAtMs === Number.NEGATIVE_INFINITY && lease.share <= meter.used()) this.#leases.delete(meter);
  }

  /** Shrinking must be known here before it is known there: what is given back may be used by others at once. */
  async #settleOnce(some: readonly Lease[]): Promise<void> {
    const nowMs = this.#deps.clock.monotonicMs();
    for (const lease of some) lease.share = Math.min(lease.share, this.#desired(lease, nowMs));
    const asks = some.map((lease) => this.#askOf(lease, this.#desired(lease, nowMs)));
    const sent = this.#send(some, asks);
    const outcomes = some.map((lease) => (lease.asking = this.#outcome(lease, sent).then((got) => (got === 'none' ? 'again' : got))));
    await Promise.all(outcomes);
  }

  #desired(lease: Lease, nowMs: number): number {
    const used = lease.meter.used();
    return nowMs - lease.usedAtMs > idleMs ? used : Math.max(used, Math.min(lease.share, used + chunkOf(lease)));
  }

  #isDue(lease: Lease, nowMs: number): boolean {
    if (lease.validUntilMs === 0) return lease.limit === null && nowMs - lease.usedAtMs < idleMs;
    const useMs = lease.meter.kind === 'money' ? moneyUseMs : rateUseMs;
    const isHalfOver = lease.validUntilMs - nowMs < useMs / 2;
    const isInUse = lease.meter.used() > 0 || nowMs - lease.usedAtMs < useMs;
    return (isHalfOver && isInUse) || this.#desired(lease, nowMs) < lease.share;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer.cancel();
    await this.#renewing;
    // A question that is still under way would take again what is given back now.
    await Promise.all([...this.#leases.values()].flatMap(({ asking }) => asking ?? []));
    const all = [...this.#leases.values()].filter((lease) => lease.validUntilMs > 0);
    for (const lease of all) lease.usedAtMs = Number.NEGATIVE_INFINITY;
    for (let from = 0; from < all.length; from += asksAtOnce) await this.#settleOnce(all.slice(from, from + asksAtOnce));
  }
}

/** A dead instance's share of a rate is kept for others to see at least as long as it could use it, and its requests a window more. */
export const isHeldLongEnough = rateHoldMs >= rateUseMs + windowMs;
