/** Makes a connection the default one of its owner; the former one stops being it in the same step. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';
import { noteChange } from './changes.ts';

export function useSetDefault(id: string) {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: () => client.aiConnections.update(id, { isDefault: true }),
    onSuccess: () => noteChange(queryClient),
  });
}
