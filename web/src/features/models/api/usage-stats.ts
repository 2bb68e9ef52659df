/** What a connection was used for in a period: requests, tokens, cost and latency. */
import type { UsageQuery } from '@patchbay/contract/configurations';
import { queryOptions, useQuery } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';
import { connectionsKey } from './changes.ts';

export type TimePeriod = NonNullable<UsageQuery['period']>;

/** Days are those of the person in front of the page. */
export const usageStatsQuery = (configId: string, period: TimePeriod) =>
  queryOptions({
    queryKey: [...connectionsKey, 'usage', configId, period],
    queryFn: ({ signal }) =>
      client.configurations.usage(configId, { period, tz: Intl.DateTimeFormat().resolvedOptions().timeZone }, signal),
    staleTime: 30_000,
  });

export const useUsageStats = (configId: string, period: TimePeriod) => useQuery(usageStatsQuery(configId, period));
