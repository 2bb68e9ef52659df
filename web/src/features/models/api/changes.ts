/** Whatever changes a connection says so here: every list of this tab is loaded again, and so are those of the other tabs. */
import { useQueryClient, type QueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';

/** Every query about connections begins with it, whichever lens it belongs to. */
export const connectionsKey = ['connections'] as const;

const channelName = 'patchbay-connections';

/** Loads the lists again, here and in the other tabs of this browser. */
export async function noteChange(queryClient: QueryClient): Promise<void> {
  const channel = new BroadcastChannel(channelName);
  channel.postMessage('changed');
  channel.close();
  await queryClient.invalidateQueries({ queryKey: connectionsKey });
}

/** Follows the changes of other tabs for as long as the list is on the page. */
export function useChangesOfOtherTabs(): void {
  const queryClient = useQueryClient();
  useEffect(() => {
    const channel = new BroadcastChannel(channelName);
    channel.addEventListener('message', () => void queryClient.invalidateQueries({ queryKey: connectionsKey }));
    return () => channel.close();
  }, [queryClient]);
}
