/** Switches a connection on or off. The list shows it at once and takes it back where the server says no. */
import type { AdminModel } from '@patchbay/contract/admin-models';
import type { AiConnection } from '@patchbay/contract/ai-connections';
import { useMutation, useQueryClient, type QueryClient } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';
import { adminModelsQuery } from './admin-models.ts';
import { aiConnectionsQuery } from './ai-connections.ts';
import { connectionsKey, noteChange } from './changes.ts';

function show(queryClient: QueryClient, id: string, isActive: boolean): void {
  queryClient.setQueryData(aiConnectionsQuery.queryKey, (list?: AiConnection[]) =>
    list?.map((row) => (row.id === id ? { ...row, isActive } : row)),
  );
  queryClient.setQueryData(adminModelsQuery.queryKey, (list?: AdminModel[]) =>
    list?.map((row) => (row.id === id ? { ...row, isActive } : row)),
  );
}

export function useSetActive() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: ({ id, isActive }: { id: string; isActive: boolean }) => client.configurations.update(id, { isActive }),
    onMutate: async ({ id, isActive }) => {
      // A list that was asked for before would bring the former state back for a moment.
      await queryClient.cancelQueries({ queryKey: connectionsKey });
      show(queryClient, id, isActive);
    },
    onError: (_error, { id, isActive }) => show(queryClient, id, !isActive),
    // The switch is free again before the lists have come.
    onSuccess: () => void noteChange(queryClient),
  });
}

/** Everything that uses a connection; the server knows each kind of thing that may. */
export const dependantsOf = (id: string) => client.configurations.dependants(id);
