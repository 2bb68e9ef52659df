/** What of a list stands in the address, so that a filtered view is a link. */

export const statusFilters = ['available', 'failed', 'inactive', 'unused'] as const;
export type StatusFilter = (typeof statusFilters)[number];

export interface ListSearch {
  q?: string;
  status?: StatusFilter;
  provider?: string;
  scope?: 'mine' | 'shared';
  /** `name` or `-name`. */
  sort?: string;
  page?: string;
  /** Optional columns that are shown, with commas between; missing for the usual ones, empty for none. */
  cols?: string;
}

const queryCharsMax = 200;
const scopes = ['mine', 'shared'] as const;

/** Takes what a list understands out of an address; everything else is dropped without a word. */
export function listSearchOf(search: Readonly<Record<string, unknown>>): ListSearch {
  const text = (name: string): string | undefined => {
    const value = search[name];
    return typeof value === 'string' && value !== '' ? value.slice(0, queryCharsMax) : undefined;
  };
  return {
    q: text('q'),
    status: statusFilters.find((status) => status === search['status']),
    provider: text('provider'),
    scope: scopes.find((scope) => scope === search['scope']),
    sort: text('sort'),
    page: text('page'),
    cols: typeof search['cols'] === 'string' ? search['cols'].slice(0, queryCharsMax) : undefined,
  };
}
