/** Tests a saved connection: one live call to the provider, whose outcome is also kept with the connection. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';
import { aiConnectionsQuery } from './ai-connections.ts';

export function useTestConnection(id: string) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async () => (await client.configurations.test(id)).data,
    onSuccess: () => queryClient.invalidateQueries({ queryKey: aiConnectionsQuery.queryKey }),
  });
}
