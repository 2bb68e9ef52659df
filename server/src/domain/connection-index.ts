/** One owner's or one repository's connections by name, provider and model, so that no request has to look at all of them. Ids only: the rows are asked for anew. */
import type { Connection } from './connection.ts';
import { groupKeyOf } from './routing-group.ts';

/** How names are looked up: as they are kept apart, so that whoever types one with other code points for the same letters finds it (C-30). */
export const connectionKeyOf = groupKeyOf;

/** By their age, and by their ids where they were made at one moment: the same order wherever and whenever they are read. */
export const olderFirst = (a: { createdAtMs: number; id: string }, b: { createdAtMs: number; id: string }): number =>
  a.createdAtMs - b.createdAtMs || (a.id < b.id ? -1 : 1);

export class ConnectionIndex {
  /** Place in the order of choice: an owner's default before the others, older before newer. */
  readonly places: ReadonlyMap<string, number>;
  /** Ids by `connectionKeyOf` of the name. */
  readonly byName: ReadonlyMap<string, string>;
  readonly byProvider: ReadonlyMap<string, readonly string[]>;
  /** By default model. */
  readonly byModel: ReadonlyMap<string, readonly string[]>;
  readonly defaultId: string | null;

  /** `as given` keeps the order: of what a repository has attached, the first that can answer by itself is the default. */
  constructor(connections: Iterable<Connection>, order: 'of choice' | 'as given' = 'of choice') {
    const isGiven = order === 'as given';
    const ordered = isGiven
      ? [...connections]
      : [...connections].toSorted((a, b) => Number(b.isDefault) - Number(a.isDefault) || olderFirst(a, b));
    const places = new Map<string, number>();
    const byName = new Map<string, string>();
    const byProvider = new Map<string, string[]>();
    const byModel = new Map<string, string[]>();
    for (const [place, { id, name, providerId, model }] of ordered.entries()) {
      places.set(id, place);
      // One owner's names differ, those of several owners in one repository need not: the first one has the name.
      const folded = connectionKeyOf(name);
      if (!byName.has(folded)) byName.set(folded, id);
      addTo(byProvider, providerId, id);
      if (model !== null) addTo(byModel, model, id);
    }
    this.places = places;
    this.byName = byName;
    this.byProvider = byProvider;
    this.byModel = byModel;
    const first = isGiven ? ordered.find(({ isActive, model }) => isActive && model !== null) : ordered.find(({ isDefault }) => isDefault);
    this.defaultId = first?.id ?? null;
  }

  /** These ids, as far as they are this owner's, each once and in the order of choice. */
  ordered(ids: Iterable<string>): string[] {
    const own: string[] = [];
    let several: Set<string> | null = null;
    // Most often it is one, and named twice: a set is made for those alone that are several.
    for (const id of ids) {
      if (id === own[0] || !this.places.has(id)) continue;
      if (own.length === 0) own.push(id);
      else (several ??= new Set(own)).add(id);
    }
    return several === null ? own : [...several].toSorted((a, b) => this.places.get(a)! - this.places.get(b)!);
  }
}

function addTo(map: Map<string, string[]>, key: string, id: string): void {
  const ids = map.get(key);
  if (ids) ids.push(id);
  else map.set(key, [id]);
}
