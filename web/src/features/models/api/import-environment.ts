/** Makes a connection of the organization from the server's own settings, once (C-02). */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';
import { noteChange } from './changes.ts';

/** `isNew` is false where a connection with the same address was there before. */
export type ImportedConnection = Pick<Awaited<ReturnType<typeof client.aiConnections.importEnvironment>>, 'id' | 'name' | 'isNew'>;

export function useImportEnvironment() {
  const queryClient = useQueryClient();
  return useMutation({ mutationFn: () => client.aiConnections.importEnvironment(), onSuccess: () => noteChange(queryClient) });
}
