/** Ends the session and forgets what was loaded under it, here and in the other tabs. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';
import { tellTabs } from '../../../lib/tabs.ts';

export function useSignOut() {
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: () => client.session.signOut(),
    onSuccess: () => {
      // Whoever leaves this browser leaves nothing open in it.
      tellTabs('signed-out');
      queryClient.clear();
    },
  });
}
