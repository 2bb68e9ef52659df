/** What models cost here: `/api/admin/prices`, for administrators. */
import type { CreatePrice, EffectivePrice, Price, RepriceStart, UnpricedModel } from '@patchbay/contract/prices';
import { segment, type Transport } from './transport.ts';

export interface PriceCalls {
  list(filter?: { provider?: string; model?: string; connectionId?: string }, signal?: AbortSignal): Promise<Price[]>;
  effective(of: { provider: string; model: string; connectionId?: string }, signal?: AbortSignal): Promise<EffectivePrice>;
  /** Models that were used in the last days and whose cost nobody knew, the most used first. */
  unpriced(options?: { days?: number }, signal?: AbortSignal): Promise<UnpricedModel[]>;
  create(input: CreatePrice): Promise<Price>;
  /** Now, or at a later moment in ISO 8601. */
  end(id: string, at?: string): Promise<Price>;
  /** The id of the task that prices past entries again. */
  reprice(what: RepriceStart): Promise<string>;
}

export function priceCalls(transport: Transport): PriceCalls {
  const base = 'api/admin/prices';
  return {
    async list(filter, signal) {
      return (await transport.call<{ data: Price[] }>('GET', base, { query: { ...filter }, signal })).data;
    },
    async effective(of, signal) {
      return (await transport.call<{ data: EffectivePrice }>('GET', `${base}/effective`, { query: { ...of }, signal })).data;
    },
    async unpriced(options, signal) {
      return (await transport.call<{ data: UnpricedModel[] }>('GET', `${base}/unpriced`, { query: { ...options }, signal })).data;
    },
    async create(input) {
      return (await transport.call<{ data: Price }>('POST', base, { body: input })).data;
    },
    async end(id, at) {
      return (await transport.call<{ data: Price }>('POST', `${base}/${segment(id)}/end`, { body: { at } })).data;
    },
    async reprice(what) {
      return (await transport.call<{ data: { taskId: string } }>('POST', `${base}/reprice`, { body: what })).data.taskId;
    },
  };
}
