/** Which models a combobox offers for what was typed: few enough for the page to stay fast, grouped by family. */
import type { Model } from '@patchbay/contract/providers';

/** More than these are not drawn; typing narrows the list. */
export const optionsMax = 60;

export interface ModelGroup {
  family: string;
  models: Model[];
}

export interface ModelOptions {
  groups: ModelGroup[];
  /** The same models in the order in which the arrows walk through them. */
  flat: Model[];
  /** How many fit and are not drawn. */
  hidden: number;
}

/** `openai/gpt-4o` belongs to `openai`, `gpt-4o-mini` to `gpt`, `llama3.1:8b` to `llama3`. */
export const familyOf = (id: string): string => (id.includes('/') ? id.slice(0, id.indexOf('/')) : (/^[^-:.\s]+/.exec(id)?.[0] ?? id));

const suggestion = (id: string): Model => ({ id, name: id, contextWindow: null, maxOutputTokens: null, isRetired: false });

/** The provider's own list, else the names that the catalogue suggests. */
export const knownModels = (models: readonly Model[], suggestions: readonly string[]): readonly Model[] =>
  models.length > 0 ? models : suggestions.map(suggestion);

export function optionsFor(models: readonly Model[], query: string): ModelOptions {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const found = models.filter(({ id, name }) => {
    const text = `${id} ${name}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  // Those that cannot be used any more are offered last.
  const ordered = found.toSorted((one, other) => Number(one.isRetired) - Number(other.isRetired)).slice(0, optionsMax);
  const groups = new Map<string, Model[]>();
  for (const model of ordered) {
    const family = familyOf(model.id);
    groups.set(family, [...(groups.get(family) ?? []), model]);
  }
  const grouped = [...groups].map(([family, inside]) => ({ family, models: inside }));
  return { groups: grouped, flat: grouped.flatMap((group) => group.models), hidden: found.length - ordered.length };
}
