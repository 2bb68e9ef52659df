/** The administrators' list of models: what is searched and how it is sorted. */
import type { AdminModel } from '@patchbay/contract/admin-models';
import { isMatch, sorted, sortingOf, type Sorting, type SortValue } from './arrange.ts';
import type { ListSearch, StatusFilter } from './search.ts';

export const modelColumns = ['name', 'variant', 'url', 'status', 'tested'] as const;
export type ModelColumn = (typeof modelColumns)[number];

export const modelSorting = (text: string | undefined): Sorting<ModelColumn> =>
  sortingOf(text, modelColumns, { column: 'name', isDescending: false });

const values: Record<ModelColumn, (model: AdminModel) => SortValue> = {
  name: ({ name }) => name,
  variant: ({ modelVariant }) => modelVariant,
  url: ({ apiUrl }) => apiUrl,
  status: ({ isActive }) => (isActive ? 0 : 1),
  tested: ({ lastTested }) => lastTested,
};

/** As on the page of the connections; what is unused is told there. */
const passes: Record<StatusFilter, (model: AdminModel) => boolean> = {
  available: ({ isActive, testStatus }) => isActive && testStatus === 'success',
  failed: ({ isActive, testStatus }) => isActive && testStatus === 'failed',
  inactive: ({ isActive }) => !isActive,
  unused: () => true,
};

export const countOfModels = (models: readonly AdminModel[], status: StatusFilter | undefined): number =>
  status === undefined ? models.length : models.filter(passes[status]).length;

export function arrangedModels(models: readonly AdminModel[], search: ListSearch, language: string): AdminModel[] {
  const { column, isDescending } = modelSorting(search.sort);
  const found = models.filter(
    (model) =>
      (search.status === undefined || passes[search.status](model)) &&
      (search.provider === undefined || model.provider === search.provider) &&
      isMatch(search.q ?? '', [model.name, model.modelVariant, model.apiUrl, model.id]),
  );
  return sorted(found, values[column], isDescending, language);
}

/** `api.openai.com/v1`: the part of an address by which people tell one from another. */
export function shortUrl(address: string | null): string {
  const url = address === null ? null : URL.parse(address);
  if (!url) return address ?? '—';
  return `${url.host}${url.pathname.replace(/\/+$/, '')}`;
}
