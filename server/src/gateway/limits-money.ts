/** Budgets: what was spent in a period and what is set aside, for everybody who has one. All of an attempt's budgets or none. */
import { spanOf, type LimitSubject, type LimitSubjectKind, type MoneyPeriod, type PeriodSpan } from '../domain/limit.ts';
import type { MoneyCeiling, SubjectLimits } from '../domain/limit-table.ts';
import { pause, type Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import { unknownNow, usedUp, type LimitNotes } from './limits-refusals.ts';
import { mayHold, type Lease, type Leases, type Meter } from './limits-share.ts';

/** What the books say of a budget, at one moment. */
export interface Booked {
  /** Of this instance alone, where others have their own shares; open entries of this run not among it. */
  spentNanoUsd: number;
  /** Everything up to here of this instance's journal is in it. */
  appliedSeq: number;
}

export interface LimitBooks {
  /** What was spent since the meter's period began. Rejects where the books cannot be read, or are not up to `seq` in time. */
  spent(meter: Meter): Promise<Booked>;
  /** The last number that was written to the journal. */
  lastSeq(): number;
}

/** One budget in one of its periods. */
export interface Account {
  readonly meter: Meter;
  readonly span: PeriodSpan;
  spentNanoUsd: number;
  reservedNanoUsd: number;
  /** Reservations under way. */
  holds: number;
  /** Settlements since the account was opened, as long as the books are being read; null once it is known what they say. */
  late: { seq: number; nanoUsd: number }[] | null;
  loading: Promise<void> | null;
  usedAtMs: number;
}

/** Money set aside for one attempt, in every budget that applies to it. */
export interface Hold {
  readonly nanoUsd: number;
  readonly atMs: number;
  readonly accounts: readonly Account[];
}

export interface Monies {
  /** Sets aside. Rejects, or throws, 402 for the budget that is used up, 503 where one is not known. */
  reserve(subjects: readonly SubjectLimits[], nanoUsd: number, atMs: number): Hold | Promise<Hold>;
  /**
   * Turns a reservation into what was spent, by these subjects; their budgets that came into force meanwhile hear of it too. `seq` is the
   * number of the settlement in the journal; Infinity for one that is not there, which is remembered beside the books.
   */
  settle(hold: Hold | null, subjects: readonly LimitSubject[], atMs: number, costNanoUsd: number, seq: number): void;
  /** Where there are no accounts, nothing that the books hear of needs to be settled. */
  isEmpty(): boolean;
  usedOf(subject: LimitSubject, period: MoneyPeriod, atMs: number): Account | undefined;
  sweep(): void;
  /** Forgets what the books say, so that it is read again: they were changed. */
  forget(): void;
  size(): number;
}

export interface MoniesDeps {
  clock: Clock;
  log: Log;
  books: LimitBooks;
  leases: Leases | null;
  notes: LimitNotes;
  timeZone(): string;
}

type Blocked = { by: 'limit'; error: Error } | { by: 'share'; lease: Lease; error: Error } | { by: 'books'; account: Account };

/** How often an attempt asks for a larger share, or for the books, until it is refused; as often for each of its budgets. */
const asksMax = 8;
/** An attempt waits this long for the books. */
const booksWaitMs = 5_000;
/** An account that nobody used for this long is read from the books again when it is needed. */
const idleMs = 10 * 60_000;

export function createMonies(deps: MoniesDeps): Monies {
  return new Accounts(deps);
}

class Accounts implements Monies {
  readonly #deps: MoniesDeps;
  readonly #accounts = new Map<LimitSubjectKind, Map<string, Account[]>>();
  /** What the books will not hear of in this run: a settlement that no journal took. After a restart its open entry counts there. */
  readonly #unbooked: { subjects: readonly LimitSubject[]; atMs: number; nanoUsd: number }[] = [];
  #count = 0;
  #spans: { zone: string; day: PeriodSpan; month: PeriodSpan } | null = null;

  constructor(deps: MoniesDeps) {
    this.#deps = deps;
  }

  isEmpty(): boolean {
    return this.#count === 0;
  }

  size(): number {
    return this.#count;
  }

  reserve(subjects: readonly SubjectLimits[], nanoUsd: number, atMs: number): Hold | Promise<Hold> {
    const got = this.#attempt(subjects, nanoUsd, atMs);
    if (!('by' in got)) return got;
    if (got.by === 'limit') throw this.#refused(got.error);
    return this.#reserveLater(subjects, nanoUsd, atMs, got);
  }

  #attempt(subjects: readonly SubjectLimits[], nanoUsd: number, atMs: number): Hold | Blocked {
    const nowMs = this.#deps.clock.monotonicMs();
    const accounts: Account[] = [];
    const ceilings: MoneyCeiling[] = [];
    for (const { subject, money } of subjects)
      for (const ceiling of money) {
        const account = this.#accountOf(subject, ceiling.period, atMs);
        account.usedAtMs = nowMs;
        const blocked = this.#blockedBy(account, ceiling, nanoUsd, nowMs);
        if (blocked) return blocked;
        accounts.push(account);
        ceilings.push(ceiling);
      }
    for (const [index, account] of accounts.entries()) {
      const before = account.spentNanoUsd + account.reservedNanoUsd + (this.#deps.leases?.othersUse(account.meter) ?? 0);
      this.#deps.notes.used(ceilings[index]!.all, before, before + nanoUsd);
      account.reservedNanoUsd += nanoUsd;
      account.holds++;
    }
    return { nanoUsd, atMs, accounts };
  }

  #blockedBy(account: Account, ceiling: MoneyCeiling, nanoUsd: number, nowMs: number): Blocked | null {
    if (account.late !== null) return { by: 'books', account };
    const used = account.spentNanoUsd + account.reservedNanoUsd;
    const { hard } = ceiling;
    if (hard !== null && used + nanoUsd > hard.value) return { by: 'limit', error: usedUp(hard) };
    const { leases } = this.#deps;
    if (leases === null) return null;
    const lease = leases.of(account.meter, ceiling);
    if (hard === null || used + nanoUsd <= mayHold(lease, nowMs)) return null;
    return { by: 'share', lease, error: usedUp(hard) };
  }

  /** Waits for the books and for a larger share, and tries again. */
  async #reserveLater(subjects: readonly SubjectLimits[], nanoUsd: number, atMs: number, first: Blocked): Promise<Hold> {
    const { clock, leases } = this.#deps;
    const roundsMax = asksMax * subjects.reduce((sum, { money }) => sum + money.length, 0);
    let blocked = first;
    for (let asked = 0; asked < roundsMax && blocked.by !== 'limit'; asked++) {
      if (blocked.by === 'books') {
        const isKnown = await Promise.race([this.#known(blocked.account), pause(clock, booksWaitMs).then(() => false)]);
        if (!isKnown) throw unknownNow();
      } else {
        const answer = await leases!.more(blocked.lease, nanoUsd);
        if (answer === 'away') throw unknownNow();
        const got = this.#attempt(subjects, nanoUsd, atMs);
        if (!('by' in got)) return got;
        if (answer === 'none' && got.by === 'share' && got.lease === blocked.lease) throw this.#refused(got.error);
        blocked = got;
        continue;
      }
      const got = this.#attempt(subjects, nanoUsd, atMs);
      if (!('by' in got)) return got;
      blocked = got;
    }
    throw blocked.by === 'books' ? unknownNow() : this.#refused(blocked.error);
  }

  #refused(error: Error): Error {
    this.#deps.notes.refused(error);
    return error;
  }

  /** TRUE when it is known what the books say. */
  async #known(account: Account): Promise<boolean> {
    if (account.late === null) return true;
    account.loading ??= this.#load(account).finally(() => (account.loading = null));
    await account.loading;
    return account.late === null;
  }

  async #load(account: Account): Promise<void> {
    try {
      const { spentNanoUsd, appliedSeq } = await this.#deps.books.spent(account.meter);
      // What was settled while the books were read is in them up to the number that they stood at.
      const since = (account.late ?? []).filter(({ seq }) => seq > appliedSeq);
      account.spentNanoUsd = spentNanoUsd + this.#unbookedOf(account) + since.reduce((sum, { nanoUsd }) => sum + nanoUsd, 0);
      account.late = null;
    } catch (error) {
      this.#deps.log.warn({ err: error, subject: account.meter.subject }, 'what a budget has spent cannot be read from the books');
    }
  }

  #accountOf(subject: LimitSubject, period: MoneyPeriod, atMs: number): Account {
    const span = this.#spanOf(period, atMs);
    const known = this.#find(subject, period, span);
    if (known) return known;
    const meter: Meter = {
      subject,
      kind: 'money',
      period,
      fromMs: span.fromMs,
      used: () => account.spentNanoUsd + account.reservedNanoUsd,
    };
    const account: Account = {
      meter,
      span,
      spentNanoUsd: 0,
      reservedNanoUsd: 0,
      holds: 0,
      late: [],
      loading: null,
      usedAtMs: this.#deps.clock.monotonicMs(),
    };
    let ofKind = this.#accounts.get(subject.kind);
    if (!ofKind) this.#accounts.set(subject.kind, (ofKind = new Map<string, Account[]>()));
    ofKind.set(subject.id, [...(ofKind.get(subject.id) ?? []), account]);
    this.#count++;
    return account;
  }

  #find(subject: LimitSubject, period: MoneyPeriod, { fromMs }: PeriodSpan): Account | undefined {
    const mine = this.#accounts.get(subject.kind)?.get(subject.id);
    return mine?.find(({ meter }) => meter.period === period && meter.fromMs === fromMs);
  }

  usedOf(subject: LimitSubject, period: MoneyPeriod, atMs: number): Account | undefined {
    return this.#find(subject, period, this.#spanOf(period, atMs));
  }

  /** Days and months are worked out when they begin, not for every attempt. */
  #spanOf(period: MoneyPeriod, atMs: number): PeriodSpan {
    if (period === 'total') return spanOf('total', 'UTC', atMs);
    const zone = this.#deps.timeZone();
    const known = this.#spans;
    if (known === null || known.zone !== zone || atMs < known.day.fromMs || atMs >= known.day.untilMs)
      this.#spans = { zone, day: spanOf('day', zone, atMs), month: spanOf('month', zone, atMs) };
    return this.#spans![period];
  }

  settle(hold: Hold | null, subjects: readonly LimitSubject[], atMs: number, costNanoUsd: number, seq: number): void {
    for (const account of hold?.accounts ?? []) {
      account.reservedNanoUsd -= hold!.nanoUsd;
      account.holds--;
      this.#spend(account, costNanoUsd, seq);
    }
    for (const { kind, id } of subjects)
      for (const account of this.#accounts.get(kind)?.get(id) ?? []) {
        if (hold?.accounts.includes(account) || atMs < account.span.fromMs || atMs >= account.span.untilMs) continue;
        this.#spend(account, costNanoUsd, seq);
      }
    if (seq === Infinity && costNanoUsd > 0) this.#unbooked.push({ subjects, atMs, nanoUsd: costNanoUsd });
  }

  #spend(account: Account, nanoUsd: number, seq: number): void {
    if (account.late === null) account.spentNanoUsd += nanoUsd;
    // Whoever reads the books adds what they never hear of.
    else if (seq !== Infinity) account.late.push({ seq, nanoUsd });
  }

  #unbookedOf({ meter: { subject }, span }: Account): number {
    const isOfIt = (one: LimitSubject): boolean => one.kind === subject.kind && one.id === subject.id;
    let sum = 0;
    for (const { subjects, atMs, nanoUsd } of this.#unbooked)
      if (atMs >= span.fromMs && atMs < span.untilMs && subjects.some(isOfIt)) sum += nanoUsd;
    return sum;
  }

  sweep(): void {
    const nowMs = this.#deps.clock.monotonicMs();
    const isIdle = ({ holds, loading, usedAtMs }: Account): boolean => holds === 0 && loading === null && nowMs - usedAtMs >= idleMs;
    for (const ofKind of this.#accounts.values())
      for (const [id, mine] of ofKind) {
        const kept = mine.filter((account) => !isIdle(account) || this.#deps.leases?.drop(account.meter) === false);
        this.#count -= mine.length - kept.length;
        if (kept.length === 0) ofKind.delete(id);
        else ofKind.set(id, kept);
      }
  }

  forget(): void {
    for (const ofKind of this.#accounts.values()) for (const mine of ofKind.values()) for (const account of mine) account.late ??= [];
  }
}
