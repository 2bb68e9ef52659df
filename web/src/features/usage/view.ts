/** What the page shows, as its address says it: every view of it is a link. */

export const groups = ['model', 'connection', 'provider', 'key', 'user', 'workspace', 'repository', 'use-case', 'purpose'] as const;
export type Group = (typeof groups)[number];

export const periods = ['24h', '7d', '30d', '90d', 'all', 'custom'] as const;
export type Period = (typeof periods)[number];

export type Bucket = 'hour' | 'day' | 'week' | 'month';

export type Filters = Partial<Record<Group, readonly string[]>>;

export interface View {
  period: Period;
  /** For `custom`: dates of the zone, the last one included, or two points in time. */
  from: string;
  to: string;
  zone: string;
  by: Group;
  filters: Filters;
}

export type UsageSearch = Readonly<Partial<Record<'period' | 'from' | 'to' | 'tz' | 'by' | Group, string>>>;

const isDate = (text: string | undefined): text is string => /^\d{4}-\d{2}-\d{2}$/.test(text ?? '');

/** A point in time as an address says it, in UTC. */
const isMoment = (text: string | undefined): text is string =>
  /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?Z$/.test(text ?? '') && !Number.isNaN(Date.parse(text ?? ''));

/** Does the view begin and end within a day? */
export const isExact = ({ from }: Pick<View, 'from'>): boolean => isMoment(from);

/** Dates of the zone, or two points in time; null for anything else, and for what ends before it begins. */
function rangeIn({ from, to }: UsageSearch): { from: string; to: string } | null {
  if (isDate(from) && isDate(to)) return from <= to ? { from, to } : null;
  return isMoment(from) && isMoment(to) && Date.parse(from) < Date.parse(to) ? { from, to } : null;
}

function isZone(text: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/** Values may hold any character, a comma too. */
const readList = (text: string): string[] => text.split(',').map(decodeURIComponentSafely).filter((value) => value !== ''); // prettier-ignore
const writeList = (values: readonly string[]): string => values.map(encodeURIComponent).join(',');

function decodeURIComponentSafely(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}

/** Of the query string what the page knows, as texts. */
export function usageSearchOf(search: Readonly<Record<string, unknown>>): UsageSearch {
  const known = ['period', 'from', 'to', 'tz', 'by', ...groups] as const;
  const entries = known.flatMap((name) => {
    const value = search[name];
    return typeof value === 'string' && value !== '' ? [[name, value] as const] : [];
  });
  return Object.fromEntries(entries);
}

/** What an address means; what it says wrongly is left out. */
export function viewOf(search: UsageSearch, ownZone: string): View {
  const custom = rangeIn(search);
  const period = periods.find((one) => one === search.period && one !== 'custom');
  return {
    period: custom ? 'custom' : (period ?? '7d'),
    from: custom?.from ?? '',
    to: custom?.to ?? '',
    zone: search.tz !== undefined && isZone(search.tz) ? search.tz : ownZone,
    by: groups.find((one) => one === search.by) ?? 'model',
    filters: Object.fromEntries(groups.flatMap((group) => (search[group] === undefined ? [] : [[group, readList(search[group])]]))),
  };
}

/** The address of a view; what goes without saying is not said. */
export function searchOf(view: View, ownZone: string): UsageSearch {
  const isCustom = view.period === 'custom';
  return {
    ...(isCustom ? { from: view.from, to: view.to } : view.period === '7d' ? {} : { period: view.period }),
    ...(view.zone === ownZone ? {} : { tz: view.zone }),
    ...(view.by === 'model' ? {} : { by: view.by }),
    ...Object.fromEntries(
      Object.entries(view.filters).flatMap(([group, values]) => (values.length === 0 ? [] : [[group, writeList(values)]])),
    ),
  };
}

/** The date of a moment in a zone. */
export const dateIn = (zone: string, at: Date): string =>
  new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(at);

const dayMs = 86_400_000;
const daysOf: Partial<Record<Period, number>> = { '7d': 7, '30d': 30, '90d': 90 };

export function daysBefore(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) - days * dayMs).toISOString().slice(0, 10);
}

/** First and last date of a custom range in its zone. */
export const datesOf = (view: View): { from: string; to: string } =>
  isExact(view)
    ? { from: dateIn(view.zone, new Date(view.from)), to: dateIn(view.zone, new Date(Date.parse(view.to) - 1)) }
    : { from: view.from, to: view.to };

interface Span {
  from: string;
  to: string;
}

/** The view of some of the bars that another one shows: whole days of its zone, or the hours themselves. */
export function zoomed(view: View, bucket: Bucket, first: Span, last: Span): View {
  const exact: View = { ...view, period: 'custom', from: first.from, to: last.to };
  return bucket === 'hour' ? exact : { ...exact, ...datesOf(exact) };
}

/** What the server is asked for: whole days of the zone, the running one included; 24 hours end now. */
export function rangeOf({ period, from, to, zone }: View, now: Date): { period?: '24h' | 'all'; from?: string; to?: string; tz: string } {
  if (period === '24h' || period === 'all') return { period, tz: zone };
  if (period === 'custom') return { from, to, tz: zone };
  const today = dateIn(zone, now);
  return { from: daysBefore(today, (daysOf[period] ?? 7) - 1), to: today, tz: zone };
}

/** Hours for a day or two, days for a season, weeks for two years, months beyond. */
export function bucketOf({ period, from, to }: View): Bucket {
  if (period === '24h') return 'hour';
  if (period === 'all') return 'month';
  if (period !== 'custom') return 'day';
  const days = (Date.parse(to) - Date.parse(from)) / dayMs + (isMoment(from) ? 0 : 1);
  if (days <= 2) return 'hour';
  if (days <= 100) return 'day';
  return days <= 730 ? 'week' : 'month';
}

const namesOfFilters = {
  model: 'model',
  connection: 'connectionId',
  provider: 'provider',
  key: 'keyId',
  user: 'userId',
  workspace: 'workspaceId',
  repository: 'repositoryId',
  'use-case': 'useCaseId',
  purpose: 'purpose',
} as const;

/** The filters in the words of the API. */
export const askedOf = (filters: Filters): Record<string, readonly string[]> =>
  Object.fromEntries(Object.entries(filters).map(([group, values]) => [namesOfFilters[group as Group], values]));

/** The query string of a file of the report. */
export function fileQuery(view: View, now: Date, format: 'csv' | 'html'): string {
  const query = new URLSearchParams({ format });
  for (const [name, value] of Object.entries(rangeOf(view, now))) query.set(name, value);
  for (const [name, values] of Object.entries(askedOf(view.filters))) for (const value of values) query.append(name, value);
  return query.toString();
}
