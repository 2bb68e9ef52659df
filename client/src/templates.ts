/** Starting points that administrators keep for everybody: `/api/admin/templates`. */
import type { Template } from '@patchbay/contract/providers';
import type { CreateTemplate, ReplaceTemplate } from '@patchbay/contract/templates';
import { segment, type Transport } from './transport.ts';

export interface TemplateCalls {
  /** Of one provider, or of all. The built-in ones are under `providers.templates`. */
  list(filter?: { provider?: string }, signal?: AbortSignal): Promise<Template[]>;
  create(input: CreateTemplate): Promise<Template>;
  /** All of it; the provider stays. */
  replace(id: string, input: ReplaceTemplate): Promise<Template>;
  remove(id: string): Promise<void>;
}

export function templateCalls(transport: Transport): TemplateCalls {
  const base = 'api/admin/templates';
  const at = (id: string): string => `${base}/${segment(id)}`;
  return {
    async list(filter, signal) {
      return (await transport.call<{ data: Template[] }>('GET', base, { query: { ...filter }, signal })).data;
    },
    async create(input) {
      return (await transport.call<{ data: Template }>('POST', base, { body: input })).data;
    },
    async replace(id, input) {
      return (await transport.call<{ data: Template }>('PUT', at(id), { body: input })).data;
    },
    async remove(id) {
      await transport.call('DELETE', at(id));
    },
  };
}
