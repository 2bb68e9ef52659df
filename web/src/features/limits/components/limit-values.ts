/** What the form of a limit holds, and what of it is sent. Words of the form: kind and period in one choice. */
import type { LimitKind, LimitPeriod, LimitView } from '@patchbay/contract/limits';

export const choices = ['requests', 'tokens', 'concurrent', 'moneyDay', 'moneyMonth', 'moneyTotal'] as const;
export type Choice = (typeof choices)[number];

export const meant: Record<Choice, { kind: LimitKind; period: LimitPeriod }> = {
  requests: { kind: 'requests', period: 'minute' },
  tokens: { kind: 'tokens', period: 'minute' },
  concurrent: { kind: 'concurrent', period: 'none' },
  moneyDay: { kind: 'money', period: 'day' },
  moneyMonth: { kind: 'money', period: 'month' },
  moneyTotal: { kind: 'money', period: 'total' },
};

export const choiceOf = ({ kind, period }: Pick<LimitView, 'kind' | 'period'>): Choice =>
  choices.find((choice) => meant[choice].kind === kind && meant[choice].period === period) ?? 'requests';

export interface LimitValues {
  /** As the server names it; here it says the period too. */
  kind: Choice;
  value: string;
  softPercent: string;
  isShadow: boolean;
}

export const limitFields = ['kind', 'value', 'softPercent'] as const;

export const newLimit: LimitValues = { kind: 'requests', value: '', softPercent: '80', isShadow: false };

export const valuesOf = (limit: LimitView): LimitValues => ({
  kind: choiceOf(limit),
  value: String(limit.value),
  softPercent: limit.softPercent === null ? '' : String(limit.softPercent),
  isShadow: limit.isShadow,
});

const isWhole = (text: string, max: number): boolean => /^\d{1,10}$/.test(text) && Number(text) >= 1 && Number(text) <= max;
const countMax = 1_000_000_000;
const softMax = 99;

/** Both ways of writing a decimal, as people type them. */
const plainMoney = (text: string): string => text.trim().replace(',', '.');

export const isValue = (text: string, choice: Choice): boolean =>
  meant[choice].kind === 'money' ? /^\d{1,7}(\.\d{1,9})?$/.test(plainMoney(text)) : isWhole(text.trim(), countMax);
export const isSoft = (text: string): boolean => text.trim() === '' || isWhole(text.trim(), softMax);

export interface LimitInput {
  kind: LimitKind;
  period: LimitPeriod;
  value: string | number;
  softPercent: number | null;
  isShadow: boolean;
}

export const inputOf = ({ kind, value, softPercent, isShadow }: LimitValues): LimitInput => ({
  ...meant[kind],
  value: meant[kind].kind === 'money' ? plainMoney(value) : Number(value.trim()),
  softPercent: softPercent.trim() === '' ? null : Number(softPercent.trim()),
  isShadow,
});
