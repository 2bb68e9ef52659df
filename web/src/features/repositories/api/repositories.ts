/** Repositories: those of a workspace, one of them, and what changes it. An answer takes the place of what is known at once. */
import type { RepositoryView } from '@patchbay/contract/repositories';
import { HttpError } from '@patchbay/client';
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';

const all = ['repositories'] as const;
const oneKey = (id: string) => [...all, 'one', id] as const;

export const repositoryQuery = (id: string) =>
  queryOptions({ queryKey: oneKey(id), queryFn: ({ signal }) => client.repositories.get(id, signal) });

export interface Attachable {
  id: string;
  name: string;
  provider: string;
}

/** Connections that may be attached: the workspace's own first, then the organization's. */
export const attachableQuery = (workspaceId: string) =>
  queryOptions({
    queryKey: ['connections', 'attachable', workspaceId],
    queryFn: async ({ signal }): Promise<Attachable[]> => {
      const [{ aiLlms }, usable] = await Promise.all([client.getAiLlms(workspaceId), client.aiConnections.list(signal)]);
      return [...aiLlms, ...usable.filter(({ scope }) => scope === 'organization')].map(({ id, name, provider }) => ({
        id,
        name,
        provider,
      }));
    },
  });

export function useCreateRepository() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (input: { workspaceId: string; name: string }) => client.repositories.create(input),
    onSuccess: (made) => {
      queries.setQueryData(oneKey(made.id), made);
      void queries.invalidateQueries({ queryKey: [...all, 'of'] });
    },
  });
}

/** Changes it from the state that is shown; where that is old, the new state is fetched. */
export function useChangeRepository(repository: RepositoryView) {
  const queries = useQueryClient();
  const { id, revision } = repository;
  return useMutation({
    mutationFn: (change: { name?: string; connectionIds?: string[] }) => client.repositories.update(id, { ...change, revision }),
    onSuccess: (changed) => {
      queries.setQueryData(oneKey(id), changed);
      void queries.invalidateQueries({ queryKey: [...all, 'of'] });
    },
    onError: (error) => {
      if (error instanceof HttpError && error.status === 409) void queries.invalidateQueries({ queryKey: oneKey(id) });
    },
  });
}

export function useDeleteRepository() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ id, force }: { id: string; force: boolean }) => client.repositories.delete(id, force ? { force } : {}),
    onSuccess: (_, { id }) => {
      queries.removeQueries({ queryKey: oneKey(id) });
      return queries.invalidateQueries({ queryKey: [...all, 'of'] });
    },
  });
}
