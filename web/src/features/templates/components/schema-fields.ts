/** The fields of a provider's schema that a template may hold, and what they are called in the language of the page. */
import type { Language } from '@patchbay/contract/translate';
import { catalogueOf } from '../../../lib/catalogue.ts';

const kinds = ['text', 'url', 'select', 'slider', 'number', 'switch', 'textarea'] as const;

export interface TemplateField {
  /** Path in the settings: `temperature`, `timeouts.totalMs`. */
  name: string;
  kind: (typeof kinds)[number];
  label: string;
  min?: number;
  max?: number;
  options?: readonly { value: string; label: string }[];
  default?: string | number | boolean;
}

/** Keys and headers are nobody's to give away; lists and free parameters are written as JSON, beside. */
export const templateFieldsOf = (fields: readonly Record<string, unknown>[]): TemplateField[] =>
  fields.filter((field) => kinds.some((kind) => kind === field['kind'])).map((field) => field as unknown as TemplateField);

/** What has a name in the schema, whether the form shows it or not. */
export type NamedField = Pick<TemplateField, 'name' | 'label' | 'options'>;

export const namedFieldsOf = (fields: readonly Record<string, unknown>[]): NamedField[] =>
  fields.filter(({ name, label }) => typeof name === 'string' && typeof label === 'string').map((field) => field as unknown as NamedField);

/** The text behind a dotted key of the server's catalogue; what is no key is a name and stays as it is. */
export function labelText(key: string, language: Language): string {
  let found: unknown = catalogueOf(language).contract;
  for (const part of key.split('.'))
    found = typeof found === 'object' && found !== null ? (found as Record<string, unknown>)[part] : undefined;
  return typeof found === 'string' ? found : key;
}
