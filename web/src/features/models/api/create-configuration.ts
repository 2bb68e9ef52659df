/** Makes a connection of the caller; the lists learn of it. */
import type { CreateConfiguration } from '@patchbay/contract/configurations';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';

export function useCreateConfiguration() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: (input: CreateConfiguration) => client.configurations.create(input),
    // A key must not lie in the memory of finished calls.
    gcTime: 0,
    onSuccess: () => queryClient.invalidateQueries({ queryKey: ['connections'] }),
  });
}
