/** Limits and budgets: what may be limited, for whom, over which time, and what the people who meet one are told. */
import { decimalUsdOf } from './money.ts';

/** Whose use is limited. All limits that apply to a request hold at once. */
export const limitSubjectKinds = ['access-key', 'user', 'workspace', 'connection', 'group'] as const;
export type LimitSubjectKind = (typeof limitSubjectKinds)[number];

/** `concurrent` is the number of requests under way; `money` is in nano-dollars. */
export const limitKinds = ['requests', 'tokens', 'concurrent', 'money'] as const;
export type LimitKind = (typeof limitKinds)[number];

/** Rates slide over a minute; money is counted by day, month, or for good; what is under way has no period. */
export const limitPeriods = ['minute', 'none', 'day', 'month', 'total'] as const;
export type LimitPeriod = (typeof limitPeriods)[number];
export type MoneyPeriod = 'day' | 'month' | 'total';

/** Which periods a kind has; any other pair is no limit. */
export const periodsOf: Record<LimitKind, readonly LimitPeriod[]> = {
  requests: ['minute'],
  tokens: ['minute'],
  concurrent: ['none'],
  money: ['day', 'month', 'total'],
};

export interface LimitSubject {
  kind: LimitSubjectKind;
  id: string;
}

export interface Limit {
  /** Null for the limits that stand on an access key itself. */
  id: string | null;
  subject: LimitSubject;
  kind: LimitKind;
  period: LimitPeriod;
  /** Requests, tokens, or nano-dollars. */
  value: number;
  /** From this part of the value on people are told, 1 to 99; null for never. */
  softPercent: number | null;
  /** Counts and tells, refuses nobody. */
  isShadow: boolean;
}

/** Which limit refused, for programs. */
export interface RefusedLimit {
  /** `access-key.requests.minute`, stable. */
  name: string;
  /** Of the limit; null for those that stand on an access key itself. */
  id: string | null;
  subject: LimitSubject;
  kind: LimitKind;
  period: LimitPeriod;
  /** Requests or tokens; US dollars as a decimal text. */
  value: number | string;
}

/** The use at which people are told; null for never. */
export const softValueOf = ({ value, softPercent }: Pick<Limit, 'value' | 'softPercent'>): number | null =>
  softPercent === null ? null : Math.ceil((value * softPercent) / 100);

/** A stable name for programs: `access-key.requests.minute`. */
export const limitName = ({ subject, kind, period }: Pick<Limit, 'subject' | 'kind' | 'period'>): string =>
  period === 'none' ? `${subject.kind}.${kind}` : `${subject.kind}.${kind}.${period}`;

const subjectWords: Record<LimitSubjectKind, string> = {
  'access-key': 'this access key',
  user: 'this user',
  workspace: 'this workspace',
  connection: 'this connection',
  group: 'this routing group',
};

const moneyWords: Record<MoneyPeriod, string> = { day: ' a day', month: ' a month', total: '' };

/** One sentence for the data plane, which speaks English alone: which limit, and of whom. */
export function limitSentence({ subject, kind, period, value }: Pick<Limit, 'subject' | 'kind' | 'period' | 'value'>): string {
  const whose = subjectWords[subject.kind];
  if (kind === 'money')
    return `The budget of ${decimalUsdOf(value)} US dollars${moneyWords[period as MoneyPeriod]} of ${whose} is used up.`;
  if (kind === 'concurrent') return `The limit of ${value} requests at once of ${whose} is reached.`;
  return `The limit of ${value} ${kind} per minute of ${whose} is reached.`;
}

/** Half-open; `untilMs` is Infinity where it never ends. */
export interface PeriodSpan {
  fromMs: number;
  untilMs: number;
}

const always: PeriodSpan = { fromMs: 0, untilMs: Number.POSITIVE_INFINITY };

/**
 * The day or month of a zone that a moment is in. A day begins where the zone's calendar begins it, so it has 23 to 25 hours where
 * clocks change. Throws RangeError for a zone that there is not.
 */
export function spanOf(period: MoneyPeriod, zone: string, atMs: number): PeriodSpan {
  if (period === 'total') return always;
  const today = Temporal.Instant.fromEpochMilliseconds(atMs).toZonedDateTimeISO(zone).toPlainDate();
  const first = period === 'day' ? today : today.with({ day: 1 });
  const next = first.add(period === 'day' ? { days: 1 } : { months: 1 });
  return { fromMs: first.toZonedDateTime(zone).epochMilliseconds, untilMs: next.toZonedDateTime(zone).epochMilliseconds };
}
