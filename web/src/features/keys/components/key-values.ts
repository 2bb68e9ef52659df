/** What is typed into the form of an access key, and what the server is told of it. */
import type { AccessKeyView } from '@patchbay/contract/access-keys';
import type { KeyInput } from '../api/keys.ts';

const dayMs = 86_400_000;

export const expiries = ['30', '90', '365', 'custom', 'never'] as const;
export type Expiry = (typeof expiries)[number];

export interface KeyValues {
  name: string;
  workspaceId: string;
  expiry: Expiry;
  /** `YYYY-MM-DD`; the key ends when that day is over where the person is. */
  until: string;
  models: string;
  rpm: string;
  tpm: string;
  budgetUsd: string;
  cacheSeconds: string;
}

export const keyFields = ['name', 'until', 'models', 'rpm', 'tpm', 'budgetUsd', 'cacheSeconds'] as const;
export type KeyField = (typeof keyFields)[number];

export const newKey: KeyValues = {
  name: '',
  workspaceId: '',
  expiry: '90',
  until: '',
  models: '',
  rpm: '',
  tpm: '',
  budgetUsd: '',
  cacheSeconds: '',
};

const dateOf = (iso: string): string => {
  const at = new Date(iso);
  const two = (part: number): string => String(part).padStart(2, '0');
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
};

export const valuesOf = (key: AccessKeyView): KeyValues => ({
  name: key.name,
  workspaceId: key.workspaceId ?? '',
  expiry: key.expiresAt === null ? 'never' : 'custom',
  until: key.expiresAt === null ? '' : dateOf(key.expiresAt),
  models: (key.models ?? []).join(', '),
  rpm: key.rpm === null ? '' : String(key.rpm),
  tpm: key.tpm === null ? '' : String(key.tpm),
  budgetUsd: key.budgetUsd ?? '',
  cacheSeconds: key.cacheSeconds === null ? '' : String(key.cacheSeconds),
});

/** Names of models, separated by commas, blanks or line ends. */
export const modelsOf = (text: string): string[] => text.split(/[\s,]+/).filter((name) => name !== '');

/** Both ways of writing a decimal, as people type them. */
const plainNumber = (text: string): string => text.trim().replace(',', '.');

export const isWhole = (text: string): boolean => text.trim() === '' || /^[1-9]\d{0,8}$/.test(text.trim());
/** A week at most. */
export const isCacheTime = (text: string): boolean => isWhole(text) && Number(text.trim()) <= 604_800;
export const isMoney = (text: string): boolean => text.trim() === '' || /^\d{1,7}(\.\d{1,9})?$/.test(plainNumber(text));
export const isModels = (text: string): boolean => modelsOf(text).every((name) => /^[^*]*\*?$/.test(name));

/** An end that was not touched stays what it is, to the millisecond. */
function endOf(values: KeyValues, key: AccessKeyView | null): string | null {
  if (values.expiry === 'never') return null;
  if (values.expiry !== 'custom') return new Date(Date.now() + Number(values.expiry) * dayMs).toISOString();
  if (key !== null && key.expiresAt !== null && dateOf(key.expiresAt) === values.until) return key.expiresAt;
  return new Date(`${values.until}T23:59:59.999`).toISOString();
}

const wholeOf = (text: string): number | null => (text.trim() === '' ? null : Number(text.trim()));

/** `key` is the one that is changed; null for a new one. */
export function inputOf(values: KeyValues, key: AccessKeyView | null): KeyInput {
  const models = modelsOf(values.models);
  return {
    name: values.name.trim(),
    models: models.length === 0 ? null : models,
    rpm: wholeOf(values.rpm),
    tpm: wholeOf(values.tpm),
    budgetUsd: values.budgetUsd.trim() === '' ? null : plainNumber(values.budgetUsd),
    cacheSeconds: wholeOf(values.cacheSeconds),
    expiresAt: endOf(values, key),
  };
}
