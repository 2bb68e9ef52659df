/** How alerts look and are called: tones of states, the sentence of a rule, and what each kind takes. */
import type { AlertKindName, AlertRuleView, AlertSeverityName, ChannelKindName } from '@patchbay/contract/alerts';
import type { ReactNode } from 'react';
import { useFormatter, useTranslations } from 'use-intl';
import { moneyText } from '../../../lib/money.ts';
import type { Tone } from '../../../ui/Status.tsx';

export const severityTones: Record<AlertSeverityName, Tone> = { info: 'idle', warning: 'warn', critical: 'bad' };
export const stateTones = { waiting: 'idle', sent: 'ok', given_up: 'bad' } as const;

/** What an edited thing was stands beside its form; `onRolledBack` is called when it is something else again. */
export type RenderHistory = (
  of: { type: 'alert_rule' | 'alert_channel' | 'mail_server'; id: string; name: string },
  onRolledBack?: () => void,
) => ReactNode;

export type Unit = 'percent' | 'ms' | 'usd' | 'times' | 'days' | 'count';

interface KindWords {
  unit: Unit | null;
  /** The value of a new rule, as people enter it. */
  value: string;
  min: number;
  max: number;
  window: 'hold' | 'within' | null;
  windowS: number;
  hasPeriod?: true;
  isOrganizations?: true;
  ofConnection?: true;
}

const max = 1_000_000;

export const kinds: Record<AlertKindName, KindWords> = {
  'connection-failing': { unit: null, value: '', min: 0, max: 0, window: 'hold', windowS: 60, ofConnection: true },
  'error-rate': { unit: 'percent', value: '20', min: 1, max: 100, window: 'within', windowS: 300, ofConnection: true },
  latency: { unit: 'ms', value: '10000', min: 1, max: 3_600_000, window: 'within', windowS: 300, ofConnection: true },
  spend: { unit: 'usd', value: '10', min: 0.01, max, window: null, windowS: 0, hasPeriod: true, ofConnection: true },
  spike: { unit: 'times', value: '5', min: 2, max: 1000, window: null, windowS: 0, ofConnection: true },
  budget: { unit: 'percent', value: '80', min: 1, max: 100, window: null, windowS: 0 },
  'key-age': { unit: 'days', value: '180', min: 1, max: 3650, window: null, windowS: 0, ofConnection: true },
  policy: { unit: 'count', value: '10', min: 1, max, window: 'within', windowS: 900 },
  'price-band': { unit: null, value: '', min: 0, max: 0, window: null, windowS: 0, isOrganizations: true },
  'ledger-unknown': { unit: 'count', value: '1', min: 1, max, window: 'within', windowS: 86_400, isOrganizations: true },
  disk: { unit: 'percent', value: '10', min: 1, max: 99, window: 'hold', windowS: 60, isOrganizations: true },
  database: { unit: 'ms', value: '1000', min: 1, max: 60_000, window: 'hold', windowS: 15, isOrganizations: true },
};

export const kindNames = Object.keys(kinds) as AlertKindName[];
export const severityNames: readonly AlertSeverityName[] = ['info', 'warning', 'critical'];
export const channelKinds: readonly ChannelKindName[] = ['email', 'webhook', 'slack', 'teams', 'telegram', 'whatsapp'];

/** What stands between the kind and its value. */
export const comparison = (kind: AlertKindName): 'above' | 'below' | 'away' =>
  kind === 'disk' ? 'below' : kind === 'database' ? 'away' : 'above';

/** What stands before the time: what has no value of its own is said to last. */
export const lasting = (kind: AlertKindName): 'within' | 'hold' | 'lasts' =>
  kinds[kind].window === 'within' ? 'within' : kinds[kind].unit === null ? 'lasts' : 'hold';

type Words = ReturnType<typeof useTranslations<'alerts'>>;

function timeText(t: Words, seconds: number): string {
  if (seconds === 0) return t('atOnce');
  if (seconds % 86_400 === 0) return t('days', { count: seconds / 86_400 });
  if (seconds % 3600 === 0) return t('hours', { count: seconds / 3600 });
  return seconds % 60 === 0 ? t('minutes', { count: seconds / 60 }) : t('seconds', { count: seconds });
}

/** Times as people choose them. */
export function useTimeText(): (seconds: number) => string {
  const t = useTranslations('alerts');
  return (seconds) => timeText(t, seconds);
}

type Told = Pick<AlertRuleView, 'kind' | 'connection' | 'value' | 'windowS' | 'period'>;
type Format = Pick<ReturnType<typeof useFormatter>, 'number'>;

function valueText(t: Words, format: Format, unit: Unit, value: number): string {
  if (unit === 'usd') return moneyText(format, value);
  if (unit === 'percent') return format.number(value / 100, { style: 'percent', maximumFractionDigits: 1 });
  return unit === 'count' ? format.number(value) : `${format.number(value)} ${t(`unitOf.${unit}`)}`;
}

/** `The error rate of chat-main is at or above 5% within 5 minutes`. */
export function sentenceOf(t: Words, format: Format, { kind, connection, value, windowS, period }: Told): string {
  const { unit, window } = kinds[kind];
  const words = [
    t(`kindOf.${kind}`),
    connection && `${t('sentence.ofConnection')} ${connection.name}`,
    unit !== null && value !== null && `${t(`sentence.${comparison(kind)}`)} ${valueText(t, format, unit, Number(value))}`,
    period && t(`periodOf.${period}`),
    window !== null && windowS !== null && windowS > 0 && `${t(`sentence.${lasting(kind)}`)} ${timeText(t, windowS)}`,
  ]
    .filter(Boolean)
    .join(' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export function useSentence(): (rule: Told) => string {
  const t = useTranslations('alerts');
  const format = useFormatter();
  return (rule) => sentenceOf(t, format, rule);
}
