/** Repositories: connections of a workspace in an order, with access keys of their own (`accessKeys.create({ repositoryId })`). */
import type { RepositoryView, repositoryChange, repositoryCreate } from '@patchbay/contract/repositories';
import type { Envelope } from './people.ts';
import { segment, type Input, type Transport } from './transport.ts';

export interface RepositoryCalls {
  /** Those of one workspace, or of all that the caller may see; newest first. */
  list(query?: { workspaceId?: string }, signal?: AbortSignal): Promise<RepositoryView[]>;
  get(id: string, signal?: AbortSignal): Promise<RepositoryView>;
  create(input: Input<typeof repositoryCreate>): Promise<RepositoryView>;
  /** `connectionIds` takes the place of what was attached, in this order. */
  update(id: string, change: Input<typeof repositoryChange>): Promise<RepositoryView>;
  /** Refused while keys are good or policies stand; `force` ends them with it. */
  delete(id: string, options?: { force?: boolean }): Promise<void>;
}

export function repositoryCalls(transport: Transport): RepositoryCalls {
  const at = (id: string): string => `api/repositories/${segment(id)}`;
  return {
    async list(query, signal) {
      return (await transport.call<Envelope<RepositoryView[]>>('GET', 'api/repositories', { query: { ...query }, signal })).data;
    },
    async get(id, signal) {
      return (await transport.call<Envelope<RepositoryView>>('GET', at(id), { signal })).data;
    },
    async create(input) {
      return (await transport.call<Envelope<RepositoryView>>('POST', 'api/repositories', { body: input })).data;
    },
    async update(id, change) {
      return (await transport.call<Envelope<RepositoryView>>('PATCH', at(id), { body: change })).data;
    },
    async delete(id, options = {}) {
      await transport.call('DELETE', at(id), { query: { force: options.force } });
    },
  };
}
