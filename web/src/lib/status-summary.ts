/** How many connections are in which state, and which are ill: what the navigation and the overview tell on every page. */
import type { StatusSummary } from '@patchbay/contract/status';
import { queryOptions } from '@tanstack/react-query';
import { client } from './client.ts';

const staleTime = 20_000;
const refetchInterval = 60_000;

/** @param language the reasons come from the server, in one language */
export const statusSummaryQuery = (language: string) =>
  queryOptions({
    queryKey: ['status', 'counts', language],
    queryFn: ({ signal }) => client.status.counts({}, signal),
    staleTime,
    refetchInterval,
  });

export const countIll = ({ failing, quota, auth }: StatusSummary): number => failing + quota + auth;
