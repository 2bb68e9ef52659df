/** Templates that were made here, what a template may hold, and what changes those that were made here. */
import type { CreateTemplate, ReplaceTemplate } from '@patchbay/contract/templates';
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';

/** Those made here, of all providers; for administrators. */
export const keptQuery = queryOptions({ queryKey: ['templates', 'kept'], queryFn: ({ signal }) => client.templates.list({}, signal) });

/** Models that the provider's row suggests, with what is known of them. */
export const modelsQuery = (provider: string) =>
  queryOptions({
    queryKey: ['templates', 'models', provider],
    queryFn: async ({ signal }) => (await client.providers.models(provider, {}, signal)).models,
    staleTime: Infinity,
  });

export const schemaQuery = (provider: string) =>
  queryOptions({
    queryKey: ['templates', 'schema', provider],
    queryFn: ({ signal }) => client.providers.schema(provider, {}, signal),
    staleTime: Infinity,
  });

function useChanged(provider: string): () => Promise<void> {
  const queries = useQueryClient();
  return async () => {
    await Promise.all([
      queries.invalidateQueries({ queryKey: ['templates', 'kept'] }),
      queries.invalidateQueries({ queryKey: ['templates', 'of', provider] }),
    ]);
  };
}

export function useAddTemplate(provider: string) {
  const onSuccess = useChanged(provider);
  return useMutation({ mutationFn: (input: CreateTemplate) => client.templates.create(input), onSuccess });
}

export function useReplaceTemplate(provider: string) {
  const onSuccess = useChanged(provider);
  return useMutation({
    mutationFn: ({ id, input }: { id: string; input: ReplaceTemplate }) => client.templates.replace(id, input),
    onSuccess,
  });
}

export function useRemoveTemplate(provider: string) {
  const onSuccess = useChanged(provider);
  return useMutation({ mutationFn: (id: string) => client.templates.remove(id), onSuccess });
}
