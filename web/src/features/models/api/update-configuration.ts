/** Changes the named fields of a connection, whichever lens it is seen through; lists and the connection itself are loaded again. */
import type { UpdateConfiguration } from '@patchbay/contract/configurations';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';
import { noteChange } from './changes.ts';

interface Change {
  id: string;
  change: UpdateConfiguration;
  /** Test what was saved before the lists are loaded, so that they show the outcome. */
  isTested: boolean;
}

export function useUpdateConfiguration() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: async ({ id, change, isTested }: Change) => {
      const saved = await client.configurations.update(id, change);
      // The change is saved whatever comes of the test, whose outcome stands in the list.
      if (isTested) await client.configurations.test(id).catch(() => null);
      return saved;
    },
    gcTime: 0,
    onSuccess: () => noteChange(queryClient),
  });
}
