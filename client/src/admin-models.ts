/** The organization's connections in the words of the administrators' page: `/api/admin/models`. */
import type { AdminModel, CreateAdminModel, UpdateAdminModel, adminModelTest } from '@patchbay/contract/admin-models';
import { segment, type Output, type Transport } from './transport.ts';

export interface AdminModelCalls {
  list(signal?: AbortSignal): Promise<AdminModel[]>;
  create(input: CreateAdminModel): Promise<AdminModel>;
  get(id: string, signal?: AbortSignal): Promise<AdminModel>;
  update(id: string, change: UpdateAdminModel): Promise<AdminModel>;
  delete(id: string, options?: { force?: boolean }): Promise<void>;
  /** A live call to the provider. Read `success`. */
  test(id: string, options?: { maxAge?: number }): Promise<Output<typeof adminModelTest>>;
}

export function adminModelCalls(transport: Transport): AdminModelCalls {
  const base = 'api/admin/models';
  const at = (id: string, rest = ''): string => `${base}/${segment(id)}${rest}`;
  return {
    async list(signal) {
      return (await transport.call<{ data: AdminModel[] }>('GET', base, { signal })).data;
    },
    async create(input) {
      return (await transport.call<{ data: AdminModel }>('POST', base, { body: input })).data;
    },
    async get(id, signal) {
      return (await transport.call<{ data: AdminModel }>('GET', at(id), { signal })).data;
    },
    async update(id, change) {
      return (await transport.call<{ data: AdminModel }>('PUT', at(id), { body: change })).data;
    },
    async delete(id, options) {
      await transport.call('DELETE', at(id), { query: { force: options?.force } });
    },
    test: (id, options) => transport.call('POST', at(id, '/test'), { query: { ...options } }),
  };
}
