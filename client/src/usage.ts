/** What was used and what was asked: `/api/usage` in sums, `/api/requests` one row per request. */
import type { Transport } from './transport.ts';

export interface UsageFilter {
  /** ISO 8601, a time with zone or a date of the given zone. */
  from?: string | Date;
  to?: string | Date;
  groupBy?: 'connection' | 'model' | 'key' | 'user' | 'day';
  /** IANA name of the zone whose days are meant; UTC without it. */
  tz?: string;
}

/** The sums of one group. More fields may follow. */
export interface UsageRow {
  tokensIn: number;
  tokensOut: number;
  costUsd: string | null;
  [field: string]: unknown;
}

export interface RequestFilter {
  cursor?: string | null;
  /** At most 500. */
  limit?: number;
  from?: string | Date;
  to?: string | Date;
  connectionId?: string;
  model?: string;
  status?: number;
  state?: string;
}

/** One request with all its attempts; `requestId` is the `x-request-id` of its answer. */
export interface RequestRow {
  requestId: string;
  at: string;
  connectionId: string | null;
  model: string | null;
  status: number | null;
  state: string;
  tokensIn: number | null;
  tokensOut: number | null;
  /** A decimal text; null where no price is known. */
  costUsd: string | null;
  latencyMs: number | null;
  attempts: number;
  [field: string]: unknown;
}

export interface RequestPage {
  data: RequestRow[];
  nextCursor: string | null;
}

export interface UsageCalls {
  usage(filter?: UsageFilter, signal?: AbortSignal): Promise<UsageRow[]>;
  /** Newest first. */
  requests(filter?: RequestFilter, signal?: AbortSignal): Promise<RequestPage>;
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
    requests,
    async *eachRequest({ rowsMax, ...filter }) {
      let cursor = filter.cursor ?? null;
      for (let rows = 0; rows < rowsMax; ) {
        const page = await requests({ ...filter, cursor });
        for (const row of page.data.slice(0, rowsMax - rows)) yield row;
        rows += page.data.length;
        cursor = page.nextCursor;
        if (cursor === null || page.data.length === 0) return;
      }
    },
  };
}
