/** Makes a connection of the organization from the server's own settings, once (C-02). */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';
import { noteChange } from './changes.ts';

export function useImportEnvironment() {
  const queryClient = useQueryClient();
  return useMutation({ mutationFn: () => client.aiConnections.importEnvironment(), onSuccess: () => noteChange(queryClient) });
}
