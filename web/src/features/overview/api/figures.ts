/** What the overview asks: two days of sums, a week of cost, the latest requests, and whether there is a key. */
import { queryOptions } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';

const overviewKey = ['overview'] as const;
const staleTime = 20_000;
/** Figures of now: looked at again by themselves while somebody looks at them. */
const refetchInterval = 30_000;
const latestMax = 50;
const dayMs = 86_400_000;

/** The date of a moment in a zone, as the usage face reads it. */
export const dateIn = (zone: string, at: Date): string =>
  new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(at);

/** One row per day of the last week in the zone, days without a request left out. */
export const weekQuery = (zone: string) =>
  queryOptions({
    queryKey: [...overviewKey, 'week', zone],
    queryFn: ({ signal }) => {
      const now = new Date();
      const from = dateIn(zone, new Date(now.getTime() - 6 * dayMs));
      return client.books.usage({ groupBy: 'day', from, to: dateIn(zone, now), tz: zone }, signal);
    },
    staleTime,
    refetchInterval,
  });

/** The newest requests, whatever came of them. */
export const latestQuery = queryOptions({
  queryKey: [...overviewKey, 'latest'],
  queryFn: async ({ signal }) => (await client.books.requests({ period: '24h', limit: latestMax }, signal)).data,
  staleTime,
  refetchInterval,
});

/** Whether the person has an access key at all. */
export const hasKeyQuery = queryOptions({
  queryKey: ['access-keys', 'any'],
  queryFn: async ({ signal }) => (await client.accessKeys.list({ limit: 1 }, signal)).data.length > 0,
  staleTime,
});
