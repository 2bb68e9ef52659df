/** Policies: what is kept out of prompts and answers, what was found, and a dry run of a text; and S3's calls for the same. */
import type { PolicyChange, PolicyCheck, PolicyChecked, PolicyCreate, PolicyView, ViolationView } from '@patchbay/contract/policies';
import { segment, type Transport } from './transport.ts';

export interface PolicyPlace {
  workspaceId?: string;
  repositoryId?: string;
}

export interface ViolationFilter extends PolicyPlace {
  policyId?: string;
  /** ISO 8601. */
  from?: string;
  to?: string;
  /** `LOW,HIGH`. */
  severity?: string;
  isBlocked?: boolean;
  skip?: number;
  take?: number;
}

export interface PolicyCalls {
  /** Those of a place with what it inherits, or all that the caller may see. */
  list(place?: PolicyPlace, signal?: AbortSignal): Promise<PolicyView[]>;
  create(input: PolicyCreate): Promise<PolicyView>;
  get(id: string, signal?: AbortSignal): Promise<PolicyView>;
  update(id: string, change: PolicyChange): Promise<PolicyView>;
  delete(id: string): Promise<void>;
  /** What a text would trigger; nobody is asked and nothing is written down. */
  check(asked: PolicyCheck, signal?: AbortSignal): Promise<PolicyChecked>;
  violations(filter?: ViolationFilter, signal?: AbortSignal): Promise<{ data: ViolationView[]; total: number }>;
}

export function policyCalls(transport: Transport): PolicyCalls {
  const base = 'api/policies';
  const at = (id: string): string => `${base}/${segment(id)}`;
  return {
    async list(place, signal) {
      return (await transport.call<{ data: PolicyView[] }>('GET', base, { query: { ...place }, signal })).data;
    },
    async create(input) {
      return (await transport.call<{ data: PolicyView }>('POST', base, { body: input })).data;
    },
    async get(id, signal) {
      return (await transport.call<{ data: PolicyView }>('GET', at(id), { signal })).data;
    },
    async update(id, change) {
      return (await transport.call<{ data: PolicyView }>('PATCH', at(id), { body: change })).data;
    },
    async delete(id) {
      await transport.call('DELETE', at(id));
    },
    async check(asked, signal) {
      return (await transport.call<{ data: PolicyChecked }>('POST', `${base}/check`, { body: asked, signal })).data;
    },
    violations: (filter, signal) =>
      transport.call<{ data: ViolationView[]; total: number }>('GET', `${base}/violations`, { query: { ...filter }, signal }),
  };
}
