/** Views of the page that a person gave a name, kept in this browser for each person who uses it. */
import { useEffect, useState } from 'react';
import { recall, remember } from '../../lib/storage.ts';
import { usageSearchOf, type UsageSearch } from './view.ts';

export const savedViewsMax = 20;
export const viewNameCharsMax = 60;

export interface SavedView {
  name: string;
  search: UsageSearch;
}

const place = 'patchbay-usage-views';
type Kept = Record<string, unknown>;

function keptOfAll(): Kept {
  try {
    const kept: unknown = JSON.parse(recall(place) ?? '{}');
    return typeof kept === 'object' && kept !== null && !Array.isArray(kept) ? (kept as Kept) : {};
  } catch {
    return {};
  }
}

/** What stands in the browser may be anything: only what is a view is one. */
export function viewsIn(kept: unknown): SavedView[] {
  if (!Array.isArray(kept)) return [];
  const views = (kept as unknown[]).flatMap((one): SavedView[] => {
    const { name, search } = (one ?? {}) as Partial<Record<string, unknown>>;
    if (typeof name !== 'string' || name === '' || typeof search !== 'object' || search === null) return [];
    return [{ name: name.slice(0, viewNameCharsMax), search: usageSearchOf(search as Record<string, unknown>) }];
  });
  return views.slice(0, savedViewsMax);
}

/** The same view, in whatever order its address says it. */
export function isSameView(a: UsageSearch, b: UsageSearch): boolean {
  const told = (search: UsageSearch): string => JSON.stringify(Object.entries(search).toSorted(([one], [two]) => (one < two ? -1 : 1)));
  return told(a) === told(b);
}

/** With one more; a name that is there already means the new view from now on. */
export const withView = (views: readonly SavedView[], view: SavedView): SavedView[] => {
  const isThere = views.some(({ name }) => name === view.name);
  return isThere ? views.map((one) => (one.name === view.name ? view : one)) : [...views, view];
};

/** The person's views, and the way to change them; other tabs of the browser hear of it. */
export function useSavedViews(userId: string): [views: readonly SavedView[], keep: (views: readonly SavedView[]) => void] {
  const [views, setViews] = useState(() => viewsIn(keptOfAll()[userId]));
  useEffect(() => {
    const reload = ({ key }: StorageEvent): void => {
      if (key === place) setViews(viewsIn(keptOfAll()[userId]));
    };
    addEventListener('storage', reload);
    return () => removeEventListener('storage', reload);
  }, [userId]);
  return [
    views,
    (next) => {
      setViews([...next]);
      remember(place, JSON.stringify({ ...keptOfAll(), [userId]: next }));
    },
  ];
}
