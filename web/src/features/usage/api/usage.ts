/** What the page asks: usage over time, the same with percentiles, and the groups of its table. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';
import { limitsQuery } from '../../../lib/shared-queries.ts';
import { askedOf, bucketOf, rangeOf, type Group, type View } from '../view.ts';

const staleTime = 20_000;
const refetchInterval = 60_000;

/** Money, tokens and requests of each bar, with the totals and those of the period before. */
export const seriesQuery = (view: View) =>
  queryOptions({
    queryKey: ['usage', 'series', view],
    queryFn: ({ signal }) =>
      client.books.series({ ...rangeOf(view, new Date()), ...askedOf(view.filters), bucket: bucketOf(view), split: view.by }, signal),
    staleTime,
    refetchInterval,
    // While another range loads the old figures stay, so that nothing jumps.
    placeholderData: keepPreviousData,
  });

/** Percentiles of each bar: they take longer, and nothing above waits for them. */
export const timesQuery = (view: View) =>
  queryOptions({
    queryKey: ['usage', 'times', { ...view, by: null }],
    queryFn: ({ signal }) =>
      client.books.series({ ...rangeOf(view, new Date()), ...askedOf(view.filters), bucket: bucketOf(view), times: 'true' }, signal),
    staleTime,
    refetchInterval,
    placeholderData: keepPreviousData,
  });

export const groupsQuery = (view: View) =>
  queryOptions({
    queryKey: ['usage', 'groups', view],
    queryFn: ({ signal }) =>
      client.books.usage({ ...rangeOf(view, new Date()), ...askedOf(view.filters), groupBy: view.by, times: 'true' }, signal),
    staleTime,
    refetchInterval,
    placeholderData: keepPreviousData,
  });

/** What a filter can be set to: whatever was used in the range. */
export const valuesQuery = (view: View, group: Group) =>
  queryOptions({
    queryKey: ['usage', 'values', group, view.period, view.from, view.to, view.zone],
    queryFn: ({ signal }) => client.books.usage({ ...rangeOf(view, new Date()), groupBy: group }, signal),
    staleTime,
  });

/** Budgets of the one thing that the page is narrowed to. */
export const budgetsQuery = (subjectKind: 'access-key' | 'user' | 'workspace' | 'connection', subjectId: string) =>
  queryOptions({
    ...limitsQuery({ subjectKind, subjectId }),
    select: ({ limits }) => limits,
    staleTime,
  });
