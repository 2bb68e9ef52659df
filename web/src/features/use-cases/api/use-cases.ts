/** Use cases for those who manage them: the list, one, the models they may be bound to, and what changes them. */
import type { UseCaseChange, UseCaseCreate, UseCaseTry } from '@patchbay/contract/use-cases';
import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';

export const caseListQuery = queryOptions({
  queryKey: ['use-cases', 'list'],
  queryFn: ({ signal }) => client.useCases.list(signal),
});

export const caseQuery = (id: string) =>
  queryOptions({ queryKey: ['use-cases', 'one', id], queryFn: ({ signal }) => client.useCases.get(id, signal), retry: false });

/** The organization's connections: a use case must outlive the person who made it. */
export const boundModelsQuery = queryOptions({
  queryKey: ['connections', 'of-use-cases'],
  queryFn: async ({ signal }) => (await client.aiConnections.list(signal)).filter(({ scope }) => scope === 'organization'),
});

function useChanged(): () => Promise<void> {
  const queryClient = useQueryClient();
  return () => queryClient.invalidateQueries({ queryKey: ['use-cases'] });
}

export function useCreateUseCase() {
  const onSuccess = useChanged();
  return useMutation({ mutationFn: (input: UseCaseCreate) => client.useCases.create(input), onSuccess });
}

export function useChangeUseCase() {
  const onSuccess = useChanged();
  return useMutation({
    mutationFn: ({ id, change }: { id: string; change: UseCaseChange }) => client.useCases.update(id, change),
    onSuccess,
  });
}

export function useDeleteUseCase() {
  const onSuccess = useChanged();
  return useMutation({ mutationFn: (id: string) => client.useCases.delete(id), onSuccess });
}

export const useTryUseCase = () => useMutation({ mutationFn: (asked: UseCaseTry) => client.useCases.try(asked) });
