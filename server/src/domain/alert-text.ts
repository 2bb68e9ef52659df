/** What an alert says to one reader: in their language, with times in their zone and numbers in their form. Pure. */
import { translate } from '@patchbay/contract/translate';
import type { Alert, AlertDetails, AlertEvent, AlertKind, Severity } from './alert.ts';
import type { Language } from './owner.ts';

/** What is told, before anybody's language. */
export interface AlertMessage {
  event: AlertEvent | 'test';
  /** Null for a test. */
  alert: Alert | null;
  /** When it is told. */
  atMs: number;
  /** Address of the page. */
  url: string;
}

export interface AlertReader {
  language: Language;
  /** IANA name. */
  timeZone: string;
}

export interface AlertText {
  title: string;
  /** Sentences and facts, one to a line, the link not among them. */
  lines: string[];
  link: { label: string; url: string };
  footer: string;
}

const locales: Record<Language, string> = { en: 'en-US', id: 'id-ID' };
const nanoPerDollar = 1_000_000_000;

/** `Nov 21, 2026, 16:14 UTC`, `21 Nov 2026, 16.14 WIB`: as pages write days, with hours that need no AM or PM and are found in logs. */
export function timeText(atMs: number, { language, timeZone }: AlertReader): string {
  const options = { day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone, timeZoneName: 'short' } as const; // prettier-ignore
  return new Intl.DateTimeFormat(locales[language], options).format(atMs);
}

const unitText = (value: number, unit: string, language: Language, digits = 0): string =>
  new Intl.NumberFormat(locales[language], { style: 'unit', unit, unitDisplay: 'long', maximumFractionDigits: digits }).format(value);

/** The two largest parts that say something: `2 hours 5 minutes`. */
export function durationText(ms: number, language: Language): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const parts = [
    ['day', Math.floor(seconds / 86_400)],
    ['hour', Math.floor(seconds / 3600) % 24],
    ['minute', Math.floor(seconds / 60) % 60],
    ['second', seconds % 60],
  ] as const;
  const first = parts.findIndex(([, count]) => count > 0);
  if (first < 0) return unitText(0, 'second', language);
  return parts
    .slice(first, first + 2)
    .filter(([, count]) => count > 0)
    .map(([unit, count]) => unitText(count, unit, language))
    .join(' ');
}

const latencyText = (ms: number, language: Language): string =>
  ms < 1000 ? unitText(ms, 'millisecond', language) : unitText(ms / 1000, 'second', language, 1);

/** A number in the unit of its kind. */
export function amountText(kind: AlertKind, value: number, language: Language): string {
  const number = (options: Intl.NumberFormatOptions): string => new Intl.NumberFormat(locales[language], options).format(value);
  switch (kind) {
    case 'error-rate':
    case 'budget':
    case 'disk':
      return new Intl.NumberFormat(locales[language], { style: 'percent', maximumFractionDigits: 1 }).format(value / 100);
    case 'latency':
    case 'database':
      return latencyText(value, language);
    case 'spend':
      return new Intl.NumberFormat(locales[language], { style: 'currency', currency: 'USD' }).format(value / nanoPerDollar);
    case 'key-age':
      return unitText(value, 'day', language);
    case 'spike':
    case 'policy':
    case 'ledger-unknown':
    case 'connection-failing':
    case 'price-band':
      return number({ maximumFractionDigits: 1 });
  }
}

const severityKeys: Record<Severity, string> = {
  info: 'alerts.severityInfo',
  warning: 'alerts.severityWarning',
  critical: 'alerts.severityCritical',
};

const illKeys: Readonly<Record<string, string>> = { quota: 'alerts.connectionQuota', auth: 'alerts.connectionAuth' };

/** The sentence of a kind, and what is said beneath it. */
function keysOf(kind: AlertKind, { subject, reason, period }: AlertDetails): { headline: string; more: string | null } {
  const isNamed = subject !== '';
  switch (kind) {
    case 'connection-failing':
      return { headline: illKeys[reason ?? ''] ?? 'alerts.connectionFailing', more: null };
    case 'error-rate':
      return { headline: 'alerts.errorRate', more: 'alerts.errorRateMore' };
    case 'latency':
      return { headline: 'alerts.latency', more: 'alerts.latencyMore' };
    case 'spend':
      if (period === 'month') return { headline: isNamed ? 'alerts.spendMonthOf' : 'alerts.spendMonth', more: 'alerts.limitMore' };
      return { headline: isNamed ? 'alerts.spendDayOf' : 'alerts.spendDay', more: 'alerts.limitMore' };
    case 'spike':
      return { headline: isNamed ? 'alerts.spikeOf' : 'alerts.spike', more: 'alerts.spikeMore' };
    case 'budget':
      return { headline: 'alerts.budget', more: 'alerts.limitMore' };
    case 'key-age':
      return { headline: 'alerts.keyAge', more: 'alerts.keyAgeMore' };
    case 'price-band':
      return { headline: 'alerts.priceBand', more: 'alerts.priceBandMore' };
    case 'ledger-unknown':
      return { headline: 'alerts.ledgerUnknown', more: 'alerts.ledgerUnknownMore' };
    case 'policy':
      return { headline: 'alerts.policy', more: 'alerts.policyMore' };
    case 'disk':
      return { headline: 'alerts.disk', more: 'alerts.diskMore' };
    case 'database':
      return reason === 'away'
        ? { headline: 'alerts.databaseAway', more: 'alerts.databaseAwayMore' }
        : { headline: 'alerts.databaseSlow', more: 'alerts.limitMore' };
  }
}

/** Counts go into plurals as numbers; every other amount is a text in the reader's form. */
const isCounted = (kind: AlertKind): boolean => kind === 'ledger-unknown' || kind === 'policy';

function valuesOf(kind: AlertKind, { subject, value, limit, windowS }: AlertDetails, language: Language): Record<string, string | number> {
  const amount = (of: number | undefined): string | number =>
    of === undefined ? '' : isCounted(kind) ? of : amountText(kind, of, language);
  return {
    subject,
    value: amount(value),
    limit: limit === undefined ? '' : amountText(kind, limit, language),
    window: windowS === undefined ? '' : durationText(windowS * 1000, language),
  };
}

/** One sentence without a severity: what lists show and mails have as their subject. */
export const headlineOf = (alert: Pick<Alert, 'kind' | 'details'>, language: Language): string =>
  translate(language, keysOf(alert.kind, alert.details).headline, valuesOf(alert.kind, alert.details, language));

/** What is said beneath the headline; null where that says it all. */
export function explanationOf(alert: Pick<Alert, 'kind' | 'details'>, language: Language): string | null {
  const { more } = keysOf(alert.kind, alert.details);
  return more && translate(language, more, valuesOf(alert.kind, alert.details, language));
}

const titleKeys: Record<AlertEvent, string> = {
  firing: 'alerts.titleFiring',
  repeated: 'alerts.titleRepeated',
  resolved: 'alerts.titleResolved',
};

function whenOf({ alert, event, atMs }: AlertMessage & { alert: Alert }, reader: AlertReader): string {
  const from = timeText(alert.atMs, reader);
  if (event !== 'resolved') return translate(reader.language, 'alerts.since', { time: from });
  const endMs = alert.resolvedAtMs ?? atMs;
  const values = { from, to: timeText(endMs, reader), duration: durationText(endMs - alert.atMs, reader.language) };
  return translate(reader.language, 'alerts.until', values);
}

/** The message as this reader gets it. */
export function textOf(message: AlertMessage, reader: AlertReader): AlertText {
  const { language } = reader;
  const link = { label: translate(language, 'alerts.open'), url: message.url };
  const footer = translate(language, 'alerts.footer');
  const { alert, event } = message;
  if (alert === null || event === 'test') {
    const lines = [translate(language, 'alerts.bodyTest'), timeText(message.atMs, reader)];
    return { title: translate(language, 'alerts.titleTest'), lines, link, footer };
  }
  const values = { severity: translate(language, severityKeys[alert.severity]), headline: headlineOf(alert, language) };
  const more = event === 'resolved' ? null : explanationOf(alert, language);
  const rule = alert.ruleName === null ? null : translate(language, 'alerts.byRule', { name: alert.ruleName });
  const lines = [more, whenOf({ ...message, alert }, reader), rule].filter((line) => line !== null);
  return { title: translate(language, titleKeys[event], values), lines, link, footer };
}
