/** What a provider asks for, as its schema says it, and what the fields are called in the language of the page. */
import type { Language } from '@patchbay/contract/translate';
import { catalogueOf } from '../../../lib/catalogue.ts';

const kinds = ['text', 'password', 'url', 'select', 'slider', 'number', 'switch', 'headers', 'backups', 'json', 'textarea'] as const;
export type FieldKind = (typeof kinds)[number];

/** One field of a form. `label`, `hint` and the labels of options are keys of the server's catalogue, or names that need no translation. */
export interface FormField {
  /** Path in the configuration: `temperature`, `timeouts.totalMs`. */
  name: string;
  kind: FieldKind;
  label: string;
  hint?: string;
  group: 'basic' | 'advanced';
  required?: boolean;
  min?: number;
  max?: number;
  step?: number;
  integer?: boolean;
  charsMax?: number;
  options?: readonly { value: string; label: string }[];
  suggestions?: readonly string[];
  default?: string | number | boolean;
  placeholder?: string;
  visibleWhen?: { field: string; in: readonly string[] };
}

/** Those that have columns of their own; everything else is a setting. */
const columnNames: ReadonlySet<string> = new Set(['apiKey', 'baseUrl', 'model']);
export const isSetting = ({ name }: FormField): boolean => !columnNames.has(name);

const isFormField = (field: Record<string, unknown>): boolean =>
  typeof field['name'] === 'string' && typeof field['label'] === 'string' && kinds.some((kind) => kind === field['kind']);

/** The fields that this page knows how to show; a newer server's other ones are left out. */
export const formFieldsOf = (fields: readonly Record<string, unknown>[]): FormField[] =>
  fields.filter(isFormField).map((field) => field as unknown as FormField);

/** A field that depends on another one's value is shown while it fits. */
export function isShown({ visibleWhen }: FormField, fields: readonly FormField[], settings: Readonly<Record<string, string>>): boolean {
  if (!visibleWhen) return true;
  const other = fields.find(({ name }) => name === visibleWhen.field);
  return visibleWhen.in.includes(settings[visibleWhen.field] || String(other?.default ?? ''));
}

/** The text behind a dotted key of the server's catalogue; what is no key is a name and stays as it is. */
export function fieldText(key: string, language: Language): string {
  let found: unknown = catalogueOf(language).contract;
  for (const part of key.split('.'))
    found = typeof found === 'object' && found !== null ? (found as Record<string, unknown>)[part] : undefined;
  return typeof found === 'string' ? found : key;
}

/** The id of a field's element, by which a fault finds it. */
export const fieldId = (name: string): string => `field-${name.replaceAll('.', '-')}`;
