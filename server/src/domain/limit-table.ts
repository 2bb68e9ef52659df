/** All limits as the gateway looks them up: by subject, sorted for the question that a request asks. */
import type { AccessKey } from './access-key.ts';
import type { Limit, LimitSubject, LimitSubjectKind, MoneyPeriod } from './limit.ts';

/** The limits on one meter: the tightest that refuses, and all of them for what is told. */
export interface Ceiling {
  /** Null where all of them only count. */
  hard: Limit | null;
  all: readonly Limit[];
}

export interface MoneyCeiling extends Ceiling {
  period: MoneyPeriod;
}

/** What is limited of one subject; null for what is not. */
export interface SubjectLimits {
  subject: LimitSubject;
  requests: Ceiling | null;
  tokens: Ceiling | null;
  concurrent: Ceiling | null;
  money: readonly MoneyCeiling[];
}

const moneyPeriods: readonly MoneyPeriod[] = ['day', 'month', 'total'];

function ceilingOf(limits: readonly Limit[]): Ceiling | null {
  if (limits.length === 0) return null;
  let hard: Limit | null = null;
  for (const limit of limits) if (!limit.isShadow && (hard === null || limit.value < hard.value)) hard = limit;
  return { hard, all: limits };
}

/** Sorts the limits of one subject. */
export function subjectLimitsOf(subject: LimitSubject, limits: readonly Limit[]): SubjectLimits {
  const of = (kind: Limit['kind']): Limit[] => limits.filter((limit) => limit.kind === kind);
  const money = of('money');
  const moneyOf = (period: MoneyPeriod): MoneyCeiling[] => {
    const ceiling = ceilingOf(money.filter((limit) => limit.period === period));
    return ceiling ? [{ ...ceiling, period }] : [];
  };
  return {
    subject,
    requests: ceilingOf(of('requests')),
    tokens: ceilingOf(of('tokens')),
    concurrent: ceilingOf(of('concurrent')),
    money: moneyPeriods.flatMap(moneyOf),
  };
}

/** The limits that stand on a key itself; they refuse, and tell nobody before. */
export function ownLimitsOf(key: Pick<AccessKey, 'id' | 'rpm' | 'tpm' | 'budgetNanoUsd'>): Limit[] {
  const of = (kind: Limit['kind'], period: Limit['period'], value: number | null): Limit[] =>
    value === null
      ? []
      : [{ id: null, subject: { kind: 'access-key', id: key.id }, kind, period, value, softPercent: null, isShadow: false }];
  return [...of('requests', 'minute', key.rpm), ...of('tokens', 'minute', key.tpm), ...of('money', 'total', key.budgetNanoUsd)];
}

/** A row of the table; a limit that was taken away comes with `isGone`. */
export interface LimitRow {
  id: string;
  limit: Limit;
  isGone: boolean;
}

type Subjects<Of> = Map<LimitSubjectKind, Map<string, Of>>;

function childOf<Of>(subjects: Subjects<Of>, kind: LimitSubjectKind): Map<string, Of> {
  const known = subjects.get(kind);
  if (known) return known;
  const made = new Map<string, Of>();
  subjects.set(kind, made);
  return made;
}

export class LimitTable {
  /** By subject, then by the limit's id. */
  readonly #rows: Subjects<Map<string, Limit>> = new Map();
  readonly #sorted: Subjects<SubjectLimits> = new Map();
  /** Of keys with their own limits, made once per key object: a key that was changed is another object. */
  #ofKeys = new WeakMap<AccessKey, SubjectLimits>();
  #size = 0;
  /** IANA name of the zone whose days and months budgets are counted by. */
  timeZone = 'UTC';
  /** What is set aside at most for the answer to a request that names no maximum; null for what the model can say at most. */
  outputTokensCeiling: number | null = null;

  put(rows: readonly LimitRow[]): void {
    for (const { id, limit, isGone } of rows) {
      const { kind, id: subjectId } = limit.subject;
      const mine = childOf(this.#rows, kind).get(subjectId) ?? new Map<string, Limit>();
      this.#size -= mine.size;
      if (isGone) mine.delete(id);
      else mine.set(id, limit);
      this.#size += mine.size;
      childOf(this.#rows, kind).set(subjectId, mine);
      if (mine.size > 0) childOf(this.#sorted, kind).set(subjectId, subjectLimitsOf(limit.subject, [...mine.values()]));
      else childOf(this.#sorted, kind).delete(subjectId);
    }
    if (rows.length > 0) this.#ofKeys = new WeakMap();
  }

  /** How many there are, those that stand on access keys not counted. */
  get size(): number {
    return this.#size;
  }

  of(kind: LimitSubjectKind, id: string): SubjectLimits | undefined {
    return this.#size === 0 ? undefined : this.#sorted.get(kind)?.get(id);
  }

  /** A key's own limits and those set on it, together. */
  ofKey(key: AccessKey): SubjectLimits | undefined {
    if (key.rpm === null && key.tpm === null && key.budgetNanoUsd === null) return this.of('access-key', key.id);
    const known = this.#ofKeys.get(key);
    if (known) return known;
    const subject: LimitSubject = { kind: 'access-key', id: key.id };
    const made = subjectLimitsOf(subject, [...ownLimitsOf(key), ...this.rowsOf(subject)]);
    this.#ofKeys.set(key, made);
    return made;
  }

  /** All of them, those that stand on access keys not among them. */
  *all(): Iterable<Limit> {
    for (const subjects of this.#rows.values()) for (const limits of subjects.values()) yield* limits.values();
  }

  /** Limits set on a subject, a key's own ones not among them. */
  rowsOf({ kind, id }: LimitSubject): Limit[] {
    return [...(this.#rows.get(kind)?.get(id)?.values() ?? [])];
  }
}
