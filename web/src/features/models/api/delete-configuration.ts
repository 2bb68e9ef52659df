/** Deletes a connection with its key for good; it leaves the lists at once. */
import type { AdminModel } from '@patchbay/contract/admin-models';
import type { AiConnection } from '@patchbay/contract/ai-connections';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';
import { adminModelsQuery } from './admin-models.ts';
import { aiConnectionsQuery } from './ai-connections.ts';
import { noteChange } from './changes.ts';

export function useDeleteConfiguration() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (configId: string) => client.configurations.delete(configId),
    onSuccess: (_nothing, configId) => {
      queryClient.setQueryData(aiConnectionsQuery.queryKey, (list?: AiConnection[]) => list?.filter(({ id }) => id !== configId));
      queryClient.setQueryData(adminModelsQuery.queryKey, (list?: AdminModel[]) => list?.filter(({ id }) => id !== configId));
      void noteChange(queryClient);
    },
  });
}
