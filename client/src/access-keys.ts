/** Access keys: what programs give to `/v1`. */
import type { AccessKeyView, accessKeyChange, accessKeyCreate, accessKeyCreated } from '@patchbay/contract/access-keys';
import type { Envelope, Page, PageQuery } from './people.ts';
import { segment, type Input, type Output, type Transport } from './transport.ts';

export interface AccessKeyCalls {
  /** `ended` lists those too that were revoked in the last 90 days. */
  list(
    query?: PageQuery & { workspaceId?: string; repositoryId?: string; ended?: boolean },
    signal?: AbortSignal,
  ): Promise<Page<AccessKeyView>>;
  /** The only answer that ever holds the key. */
  create(input: Input<typeof accessKeyCreate>): Promise<Output<typeof accessKeyCreated>['data']>;
  get(id: string, signal?: AbortSignal): Promise<AccessKeyView>;
  update(id: string, change: Input<typeof accessKeyChange>): Promise<AccessKeyView>;
  /** A new text for the same key, shown by this answer alone; the old one stays good for `overlapHours`. */
  rotate(id: string, input?: { overlapHours?: number }): Promise<Output<typeof accessKeyCreated>['data']>;
  revoke(id: string): Promise<void>;
}

export function accessKeyCalls(transport: Transport): AccessKeyCalls {
  const at = (id: string): string => `api/access-keys/${segment(id)}`;
  return {
    list: (query, signal) => transport.call('GET', 'api/access-keys', { query: { ...query }, signal }),
    async create(input) {
      return (await transport.call<Output<typeof accessKeyCreated>>('POST', 'api/access-keys', { body: input })).data;
    },
    async get(id, signal) {
      return (await transport.call<Envelope<AccessKeyView>>('GET', at(id), { signal })).data;
    },
    async update(id, change) {
      return (await transport.call<Envelope<AccessKeyView>>('PATCH', at(id), { body: change })).data;
    },
    async rotate(id, input = {}) {
      return (await transport.call<Output<typeof accessKeyCreated>>('POST', `${at(id)}/rotate`, { body: input })).data;
    },
    async revoke(id) {
      await transport.call('DELETE', at(id));
    },
  };
}
