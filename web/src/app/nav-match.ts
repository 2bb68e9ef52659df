/** Which entry of a list a path belongs to, so that the navigation, the breadcrumb and the window agree on where one is. */

interface Placed {
  to?: string;
  also?: readonly string[];
}

const isBelow = (path: string, place: string): boolean => path === place || path.startsWith(`${place}/`);

/** The entry with the longest matching beginning; undefined where none matches. */
export function entryOf<Entry extends Placed>(entries: readonly Entry[], path: string): Entry | undefined {
  const clean = path.length > 1 ? path.replace(/\/+$/, '') : path;
  let found: { entry: Entry; length: number } | undefined;
  for (const entry of entries) {
    for (const place of [entry.to, ...(entry.also ?? [])]) {
      if (place === undefined) continue;
      const matches = place === '/' ? clean === place : isBelow(clean, place);
      if (matches && place.length > (found?.length ?? 0)) found = { entry, length: place.length };
    }
  }
  return found?.entry;
}
