/** What the palette finds, and how: every word of the query begins a word of the entry, in whichever of the two languages. */

export interface PaletteAction {
  id: string;
  label: string;
  run: () => void;
}

export interface PaletteItem extends PaletteAction {
  /** Entries of one kind stand together. */
  group: 'recent' | 'pages' | 'objects' | 'commands';
  /** What stands at the right: a kind, a place. */
  detail?: string;
  /** More that it is found by, such as its name in the other language. */
  words: readonly string[];
  /** What else can be done with it; the right arrow shows them. */
  actions?: readonly PaletteAction[];
}

/** Options in the list at most: nobody reads more, and every one is an element. */
export const shownMax = 40;

const folded = (text: string): string => text.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase();

/** How well an entry fits: the beginning of its name first, then the beginnings of its words, then anywhere; 0 for not at all. */
export function fitOf({ label, words }: Pick<PaletteItem, 'label' | 'words'>, query: string): number {
  const asked = folded(query).split(/\s+/).filter(Boolean);
  const name = folded(label);
  if (asked.length === 0) return 1;
  const all = [name, ...words.map(folded)];
  if (name.startsWith(asked.join(' '))) return 4;
  const begins = (part: string): boolean => all.some((text) => text.split(/[\s/—–-]+/).some((word) => word.startsWith(part)));
  if (asked.every(begins)) return 3;
  return asked.every((part) => all.some((text) => text.includes(part))) ? 2 : 0;
}

const groups: readonly PaletteItem['group'][] = ['recent', 'pages', 'objects', 'commands'];

/** What fits, best first within its group; what was used lately leads while nothing is typed. */
export function found(items: readonly PaletteItem[], query: string, recentIds: readonly string[]): PaletteItem[] {
  const isBlank = query.trim() === '';
  const placed = items.map((item) => (isBlank && recentIds.includes(item.id) ? { ...item, group: 'recent' as const } : item));
  const rankOf = ({ id, group }: PaletteItem): number => (group === 'recent' ? recentIds.indexOf(id) : 0);
  return placed
    .map((item) => ({ item, fit: fitOf(item, query) }))
    .filter(({ fit }) => fit > 0)
    .toSorted(
      (one, other) =>
        groups.indexOf(one.item.group) - groups.indexOf(other.item.group) || other.fit - one.fit || rankOf(one.item) - rankOf(other.item),
    )
    .slice(0, shownMax)
    .map(({ item }) => item);
}
