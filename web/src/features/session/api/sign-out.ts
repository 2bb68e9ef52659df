/** Ends the session, here and in the other tabs. What was loaded under it goes with the page that shows it. */
import { useMutation } from '@tanstack/react-query';
import { client } from '../../../lib/client.ts';
import { tellTabs } from '../../../lib/tabs.ts';

export function useSignOut() {
  return useMutation({
    mutationFn: () => client.session.signOut(),
    // Whoever leaves this browser leaves nothing open in it.
    onSuccess: () => tellTabs('signed-out'),
  });
}
