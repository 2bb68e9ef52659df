/** Deletes a connection with its key for good; it leaves the lists at once. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';
import { aiConnectionsQuery } from './ai-connections.ts';

export function useDeleteConfiguration() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (configId: string) => client.configurations.delete(configId),
    onSuccess: (_nothing, configId) => {
      queryClient.setQueryData(aiConnectionsQuery.queryKey, (list) => list?.filter(({ id }) => id !== configId));
      void queryClient.invalidateQueries({ queryKey: ['connections'] });
    },
  });
}
