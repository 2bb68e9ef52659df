/** What was used and what was asked: `/api/usage` in sums, `/api/requests` one row per request. */
import type { attemptRow, requestRow, requestsQuery, usageQuery, usageRow } from '@patchbay/contract/usage';
import type { reportQuery, seriesQuery, UsageReport, UsageSeries } from '@patchbay/contract/usage-report';
import { eachRow } from './paging.ts';
import { segment, type Input, type Output, type Transport } from './transport.ts';

export type UsageRow = Output<typeof usageRow>;
export type RequestRow = Output<typeof requestRow>;
export type AttemptRow = Output<typeof attemptRow>;
export type UsageFilter = Partial<Input<typeof usageQuery>>;
export type SeriesFilter = Partial<Input<typeof seriesQuery>>;
export type ReportFilter = Partial<Input<typeof reportQuery>>;
export type RequestFilter = Omit<Partial<Output<typeof requestsQuery>>, 'cursor'> & { cursor?: string | null };

export interface RequestPage {
  data: RequestRow[];
  nextCursor: string | null;
  /** How far back this page looked, where a filter took a long look and there is more to look through. */
  searchedTo: string | null;
}

export interface UsageCalls {
  /** One row per group; by day without `groupBy`. */
  usage(filter?: UsageFilter, signal?: AbortSignal): Promise<UsageRow[]>;
  /** Sums over time with totals, percentiles and the period before. */
  series(filter?: SeriesFilter, signal?: AbortSignal): Promise<UsageSeries>;
  /** Totals, and by configuration, provider, model and day. */
  report(filter?: ReportFilter, signal?: AbortSignal): Promise<UsageReport>;
  /** Newest first. `requestId` is the `x-request-id` of the answer. */
  requests(filter?: RequestFilter, signal?: AbortSignal): Promise<RequestPage>;
  /** One request with each of its attempts. */
  request(requestId: string, signal?: AbortSignal): Promise<{ requestId: string; attempts: AttemptRow[] }>;
  /** All rows, page after page, until `rowsMax` of them came. */
  eachRequest(filter: RequestFilter & { rowsMax: number }): AsyncGenerator<RequestRow, void, undefined>;
}

export function usageCalls(transport: Transport): UsageCalls {
  const requests = (filter?: RequestFilter, signal?: AbortSignal): Promise<RequestPage> =>
    transport.call('GET', 'api/requests', { query: { ...filter }, signal });
  return {
    async usage(filter, signal) {
      return (await transport.call<{ data: UsageRow[] }>('GET', 'api/usage', { query: { ...filter }, signal })).data;
    },
    async series(filter, signal) {
      return (await transport.call<{ data: UsageSeries }>('GET', 'api/usage/series', { query: { ...filter }, signal })).data;
    },
    async report(filter, signal) {
      return (await transport.call<{ data: UsageReport }>('GET', 'api/usage/report', { query: { ...filter }, signal })).data;
    },
    requests,
    async request(requestId, signal) {
      const path = `api/requests/${segment(requestId)}`;
      return (await transport.call<{ data: { requestId: string; attempts: AttemptRow[] } }>('GET', path, { signal })).data;
    },
    eachRequest: ({ rowsMax, ...filter }) => eachRow((cursor) => requests({ ...filter, cursor: cursor ?? filter.cursor }), { rowsMax }),
  };
}
