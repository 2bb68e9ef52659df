/** Which models their makers take away, when, and what they name in their place; and which names stand for another one. From the vendors' pages. */
import type { ProviderRow } from './row.ts';

export interface Lifecycle {
  /** The vendor's last day of it, `YYYY-MM-DD`; from then on requests fail there. */
  retiresOn: string;
  /** What the vendor names instead; null where it names nothing. */
  replacement: string | null;
}

type Entry = readonly [RegExp, retiresOn: string, replacement: string | null];

/** By provider, because a cloud that serves the same model keeps its own calendar. The first pattern that fits wins. */
const calendars: Readonly<Record<string, readonly Entry[]>> = {
  // developers.openai.com/api/docs/deprecations, read in November 2026.
  openai: [
    [/^chatgpt-4o-latest$/, '2026-02-17', null],
    [/^gpt-3\.5-turbo(-0125)?$/, '2026-10-23', 'gpt-5.6-terra'],
    [/^gpt-4(-0613|-1106-preview|-turbo|-turbo-2024-04-09)?$/, '2026-10-23', 'gpt-5.6-sol'],
    [/^gpt-4o-2024-05-13$/, '2026-10-23', 'gpt-5.6-sol'],
    [/^(o1|o1-pro|o3-mini)(-\d{4}-\d\d-\d\d)?$/, '2026-10-23', 'gpt-5.6-sol'],
    [/^o4-mini(-\d{4}-\d\d-\d\d)?$/, '2026-10-23', 'gpt-5.6-terra'],
    [/^gpt-4\.1-nano(-\d{4}-\d\d-\d\d)?$/, '2026-10-23', null],
    [/^(gpt-5|o3)(-\d{4}-\d\d-\d\d)?$/, '2026-12-11', 'gpt-5.6-sol'],
    [/^(gpt-5-(mini|nano|pro)|o3-pro)(-\d{4}-\d\d-\d\d)?$/, '2026-12-11', null],
    [/^gpt-(4o|4o-mini|4\.1|4\.1-mini)(-\d{4}-\d\d-\d\d)?$/, '2027-01-14', 'gpt-6-luna'],
    [/^gpt-5\.1(-\d{4}-\d\d-\d\d)?$/, '2027-04-01', null],
  ],
  // platform.claude.com/docs/en/about-claude/model-deprecations and /docs/en/release-notes/overview.
  anthropic: [
    [/^claude-(1|instant)/, '2024-11-06', null],
    [/^claude-(2|3-sonnet)/, '2025-07-21', 'claude-sonnet-4-6'],
    [/^claude-3-5-sonnet/, '2025-10-28', 'claude-sonnet-4-6'],
    [/^claude-3-opus/, '2026-01-05', 'claude-opus-4-8'],
    [/^claude-3-7-sonnet/, '2026-02-19', 'claude-sonnet-4-6'],
    [/^claude-3-5-haiku/, '2026-02-19', 'claude-haiku-4-5'],
    [/^claude-3-haiku/, '2026-04-20', 'claude-haiku-4-5'],
    [/^claude-sonnet-4(-0|-20250514)?$/, '2026-06-15', 'claude-sonnet-4-6'],
    [/^claude-opus-4(-0|-20250514)?$/, '2026-06-15', 'claude-opus-4-8'],
    [/^claude-opus-4-1(-20250805)?$/, '2026-08-05', 'claude-opus-4-8'],
    [/^claude-sonnet-4-5(-20250929)?$/, '2026-11-30', 'claude-sonnet-5-5'],
  ],
  // ai.google.dev/gemini-api/docs/deprecations; the day of 2.0 also in firebase.google.com/docs/ai-logic.
  gemini: [
    [/^gemini-2\.0-flash/, '2026-06-01', 'gemini-3.1-flash-lite'],
    [/^gemini-3-pro-preview$/, '2026-03-09', 'gemini-3.1-pro-preview'],
    [/^gemini-3\.1-flash-image-preview$/, '2026-06-25', 'gemini-3.1-flash-image'],
    [/^gemini-3-pro-image-preview$/, '2026-06-25', 'gemini-3-pro-image'],
    [/^gemini-3\.1-flash-lite$/, '2027-05-07', null],
    [/^gemini-2\.5-pro-preview/, '2025-12-02', 'gemini-3.1-pro-preview'],
    [/^gemini-2\.5-pro$/, '2026-12-01', 'gemini-3.8-flash'],
    [/^gemini-2\.5-flash$/, '2026-12-01', 'gemini-3.5-flash-lite'],
  ],
  // Both names were left with the fourth generation (api-docs.deepseek.com, updates); its guides name this one since.
  deepseek: [[/^deepseek-(chat|reasoner)$/, '2026-07-24', 'deepseek-flash']],
  // platform.kimi.ai/docs/models: the first K2 and the models before it.
  moonshot: [
    [/^kimi-k2(-|$)/, '2026-05-25', 'kimi-k2.6'],
    [/^(moonshot-v1|kimi-latest)/, '2026-08-31', 'kimi-k2.6'],
  ],
  // docs.github.com/github-models: the whole service has ended.
  'github-models': [[/^/, '2026-07-30', null]],
};

/** Names without a date that stand for one with it, by provider (the same pages' model lists). */
const aliases: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  openai: {
    'gpt-4o': 'gpt-4o-2024-08-06',
    'gpt-4o-mini': 'gpt-4o-mini-2024-07-18',
    'gpt-4.1': 'gpt-4.1-2025-04-14',
    'gpt-4.1-mini': 'gpt-4.1-mini-2025-04-14',
    'gpt-5': 'gpt-5-2025-08-07',
    'gpt-4-turbo': 'gpt-4-turbo-2024-04-09',
    'gpt-3.5-turbo': 'gpt-3.5-turbo-0125',
    o3: 'o3-2025-04-16',
    'o4-mini': 'o4-mini-2025-04-16',
  },
  anthropic: {
    'claude-opus-4-1': 'claude-opus-4-1-20250805',
    'claude-opus-4-5': 'claude-opus-4-5-20251101',
    'claude-sonnet-4-5': 'claude-sonnet-4-5-20250929',
    'claude-haiku-4-5': 'claude-haiku-4-5-20251001',
  },
  deepseek: { 'deepseek-chat': 'deepseek-v4-flash', 'deepseek-reasoner': 'deepseek-v4-flash' },
};

/** What is announced for a model at this provider; null where nothing is. */
export function lifecycleOf(row: ProviderRow, model: string): Lifecycle | null {
  const calendar = Object.hasOwn(calendars, row.id) ? calendars[row.id]! : [];
  const entry = calendar.find(([pattern]) => pattern.test(model));
  return entry ? { retiresOn: entry[1], replacement: entry[2] } : null;
}

/** The model that a name stands for; null where it stands for itself. */
export function aliasOf(row: ProviderRow, model: string): string | null {
  const known = Object.hasOwn(aliases, row.id) ? aliases[row.id]! : {};
  return Object.hasOwn(known, model) ? known[model]! : null;
}

/** TRUE from the last day on, in UTC, and for what the row itself calls retired (C-06). It may still be configured and asked (C-38). */
export const isRetired = (row: ProviderRow, model: string, nowMs: number): boolean =>
  Object.hasOwn(row.retired, model) || Date.parse(lifecycleOf(row, model)?.retiresOn ?? '9999-12-31') <= nowMs;
