/** What stands in a connection's form, and how it becomes a request. Numbers and JSON stay as they were typed until then. */
import type { Configuration } from '@patchbay/contract/configurations';
import type { Provider } from '@patchbay/contract/providers';
import { chosenBackups } from './backup-rows.ts';
import { isSetting, isShown, type FormField } from './fields.ts';

export interface HeaderRow {
  /** Tells rows apart while their names are typed. */
  key: number;
  name: string;
  value: string;
  /** Its value is stored; empty keeps it. */
  isStored: boolean;
}

export interface FormValues {
  name: string;
  /** What was typed; never what is stored. */
  apiKey: string;
  baseUrl: string;
  model: string;
  isDefault: boolean;
  isActive: boolean;
  /** By the name of the field; an empty text is "not set". */
  settings: Record<string, string>;
  headers: HeaderRow[];
}

/** How the server shows the value of a header, and how it is told to keep it. */
const headerMask = '***';

type Tree = Record<string, unknown>;
const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value);

/** A name that none of the others has: `OpenAI`, `OpenAI 2`. */
export function freeName(wanted: string, taken: readonly string[]): string {
  const used = new Set(taken.map((name) => name.toLowerCase()));
  for (let count = 1; count <= taken.length; count += 1) {
    const name = count === 1 ? wanted : `${wanted} ${count}`;
    if (!used.has(name.toLowerCase())) return name;
  }
  return taken.length === 0 ? wanted : `${wanted} ${taken.length + 1}`;
}

export const newValues = (provider: Provider, name: string): FormValues => ({
  name,
  apiKey: '',
  baseUrl: provider.defaultBaseUrl ?? '',
  model: provider.models.default ?? '',
  isDefault: false,
  isActive: true,
  settings: {},
  headers: [],
});

function textOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value, null, 2);
}

const at = (tree: unknown, path: string): unknown =>
  path.split('.').reduce<unknown>((value, part) => (isTree(value) ? value[part] : undefined), tree);

/** What is stored, as a form shows it; the key's field is empty. */
export function storedValues(stored: Configuration, provider: Provider, fields: readonly FormField[]): FormValues {
  const settings = fields.filter((field) => isSetting(field) && field.kind !== 'headers');
  const headers = isTree(stored.configuration['headers']) ? Object.keys(stored.configuration['headers']) : [];
  return {
    name: stored.name,
    apiKey: '',
    baseUrl: stored.baseUrl ?? provider.defaultBaseUrl ?? '',
    model: stored.model ?? '',
    isDefault: stored.isDefault,
    isActive: stored.isActive,
    settings: Object.fromEntries(
      settings.map(({ name }): [string, string] => [name, textOf(at(stored.configuration, name))]).filter(([, text]) => text !== ''),
    ),
    headers: headers.map((name, key) => ({ key, name, value: '', isStored: true })),
  };
}

/** Both separators are a decimal point: `0,7` and `0.7`. NaN for anything else. */
export const readNumber = (text: string): number =>
  /^[+-]?\d+(?:[.,]\d+)?$/.test(text.trim()) ? Number(text.trim().replace(',', '.')) : NaN;

/** The value that a text stands for; undefined where it stands for none. */
export function readSetting(field: FormField, text: string): unknown {
  if (text.trim() === '') return undefined;
  if (field.kind === 'number' || field.kind === 'slider') return readNumber(text);
  if (field.kind === 'switch') return text === 'true';
  if (field.kind === 'backups') return chosenBackups(text);
  if (field.kind !== 'json') return text.trim();
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function put(tree: Tree, path: string, value: unknown): void {
  const [first = '', ...rest] = path.split('.');
  if (rest.length === 0) {
    if (value === undefined) delete tree[first];
    else tree[first] = value;
    return;
  }
  const inner: Tree = isTree(tree[first]) ? { ...tree[first] } : {};
  put(inner, rest.join('.'), value);
  if (Object.keys(inner).length === 0) delete tree[first];
  else tree[first] = inner;
}

/** The settings of the form over the stored ones: what this form does not show is left as it is. */
export function settingsOf(fields: readonly FormField[], values: FormValues, stored: Tree = {}): Tree {
  const tree: Tree = { ...stored };
  for (const field of fields.filter(isSetting)) {
    const text = values.settings[field.name] ?? '';
    if (field.kind === 'headers') {
      const rows = values.headers.filter(({ name }) => name.trim() !== '');
      const given = rows.map(({ name, value, isStored }) => [name.trim(), value === '' && isStored ? headerMask : value]);
      put(tree, field.name, rows.length > 0 || isTree(stored['headers']) ? Object.fromEntries(given) : undefined);
    } else put(tree, field.name, isShown(field, fields, values.settings) ? readSetting(field, text) : undefined);
  }
  return tree;
}

/** Everything but the two switches, as a test and a new connection send it. An address that is the provider's own is not repeated. */
export function settledOf(provider: Provider, fields: readonly FormField[], values: FormValues, stored: Configuration | null) {
  const baseUrl = values.baseUrl.trim();
  const isOwn = baseUrl === '' || (baseUrl === provider.defaultBaseUrl && !stored?.baseUrl);
  return {
    name: values.name.trim(),
    provider: provider.name,
    model: values.model.trim() === '' ? null : values.model.trim(),
    baseUrl: isOwn ? null : baseUrl,
    // Empty means that the stored key is kept, or that there is none.
    ...(values.apiKey === '' ? {} : { apiKey: values.apiKey }),
    configuration: settingsOf(fields, values, stored?.configuration),
  };
}

/** The fields of a request that differ from what is stored; nothing for no change. */
export function changeOf(stored: Configuration, settled: ReturnType<typeof settledOf>, values: FormValues): Record<string, unknown> | null {
  const wanted: Record<string, unknown> = { ...settled, isActive: values.isActive, isDefault: values.isDefault };
  const before: Record<string, unknown> = { ...stored, apiKey: undefined };
  const changed = Object.entries(wanted).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name]));
  return changed.length === 0 ? null : Object.fromEntries(changed);
}

/** The values with a template's settings: name, key and switches stay as they were typed. */
export function withTemplate(values: FormValues, configuration: Tree, fields: readonly FormField[]): Partial<FormValues> {
  const settings = fields.filter((field) => isSetting(field) && field.kind !== 'headers');
  const told = settings.map(({ name }): [string, string] => [name, textOf(at(configuration, name))]).filter(([, text]) => text !== '');
  const { model, baseUrl } = configuration;
  return {
    model: typeof model === 'string' ? model : values.model,
    baseUrl: typeof baseUrl === 'string' ? baseUrl : values.baseUrl,
    settings: { ...values.settings, ...Object.fromEntries(told) },
  };
}
