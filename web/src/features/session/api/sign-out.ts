/** Ends the session and forgets what was loaded under it. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';

export function useSignOut() {
  const queryClient = useQueryClient();
  return useMutation({ mutationFn: () => client.session.signOut(), onSuccess: () => queryClient.clear() });
}
