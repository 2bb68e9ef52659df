/** A template while it is written: one text of JSON that the form and the editor beside it both show and change. */
import { isBlank } from '@patchbay/contract/blank';
import type { Template } from '@patchbay/contract/providers';
import type { ReplaceTemplate } from '@patchbay/contract/templates';
import type { NamedField } from './schema-fields.ts';

export type Tree = Record<string, unknown>;

export interface Values {
  name: string;
  description: string;
  isDefault: boolean;
  /** The settings as they are typed; may be no JSON for a while. */
  json: string;
}

export const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value);

const written = (tree: Tree): string => JSON.stringify(tree, null, 2);

export const newValues = (model: string | null): Values => ({
  name: '',
  description: '',
  isDefault: false,
  json: written(model === null ? {} : { model }),
});

export const valuesOf = ({ name, description, isDefault, configuration }: Template): Values => ({
  name,
  description: description ?? '',
  isDefault,
  json: written(configuration),
});

/** A template of one's own that begins as another one; the default stays where it is. */
export const copyOf = (template: Template): Values => ({ ...valuesOf(template), isDefault: false });

/** The settings; null while the text is no JSON object. */
export function treeOf(json: string): Tree | null {
  try {
    const value: unknown = JSON.parse(json);
    return isTree(value) ? value : null;
  } catch {
    return null;
  }
}

/** What stands at a dotted path. */
export const at = (tree: Tree, path: string): unknown =>
  path.split('.').reduce<unknown>((found, part) => (isTree(found) ? found[part] : undefined), tree);

/** The same settings with one of them changed; undefined takes it out, and what holds nothing any more goes along. */
export function withSetting(tree: Tree, path: string, value: unknown): Tree {
  const [first = '', ...rest] = path.split('.');
  const { [first]: before, ...others } = tree;
  const inner = rest.length === 0 ? value : withSetting(isTree(before) ? before : {}, rest.join('.'), value);
  const isNothing = inner === undefined || (rest.length > 0 && isTree(inner) && Object.keys(inner).length === 0);
  if (isNothing) return others;
  // Known names keep their places, new ones come last.
  return first in tree
    ? Object.fromEntries(Object.entries(tree).map(([name, old]) => [name, name === first ? inner : old]))
    : { ...tree, [first]: inner };
}

export const changedJson = (json: string, path: string, value: unknown): string => {
  const tree = treeOf(json);
  return tree === null ? json : written(withSetting(tree, path, value));
};

export const inputOf = ({ name, description, isDefault, json }: Values): ReplaceTemplate => ({
  name: name.trim(),
  description: description.trim() === '' ? null : description.trim(),
  isDefault,
  configuration: treeOf(json) ?? {},
});

/** Fields that are wrong before anybody is asked. */
export const faultsOf = ({ name, json }: Values): string[] => [
  ...(isBlank(name) ? ['name'] : []),
  ...(treeOf(json) === null ? ['configuration'] : []),
];

export interface Setting {
  /** Path in the settings, as `name` of a field. */
  path: string;
  value: unknown;
  /** Null for what the schema does not name. */
  field: NamedField | null;
}

/** The settings one by one; a group whose members have names of their own is taken apart. */
export function settingsOf(tree: Tree, fields: readonly NamedField[], prefix = ''): Setting[] {
  return Object.entries(tree).flatMap(([key, value]) => {
    const path = `${prefix}${key}`;
    const field = fields.find(({ name }) => name === path) ?? null;
    const isGroup = field === null && fields.some(({ name }) => name.startsWith(`${path}.`));
    return isGroup && isTree(value) ? settingsOf(value, fields, `${path}.`) : [{ path, value, field }];
  });
}

/** A setting in one line; what is larger shows that it is there. */
export function shownSetting(value: unknown): string {
  if (typeof value === 'string') return value;
  return isTree(value) || Array.isArray(value) ? JSON.stringify(value).slice(0, shownChars) : String(value);
}
const shownChars = 60;
