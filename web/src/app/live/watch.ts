/** Watches over the server while the line of events is lost: is it gone, or is it only the line? */
import { onlineManager, type QueryClient } from '@tanstack/react-query';
import { isServerThere } from '../../lib/reach.ts';
import { serverState, setServerState } from '../../lib/server-state.ts';
import { mayRead } from '../../lib/session-state.ts';

const lookMs = 2_000;
/** Without a line every list is asked again this often. */
const pollMs = 10_000;

export interface Watch {
  lost(): void;
  found(): void;
  /** Looks at once; for a person who does not want to wait. */
  look(): void;
}

export function createWatch(queries: QueryClient, onBack: () => void): Watch {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isLost = false;
  let polledMs = 0;
  const heard = (): void => {
    const wasAway = serverState().isAway;
    setServerState({ isAway: false, sinceMs: Date.now(), tries: 0 });
    // Queries that waited for the network go on by themselves; what a page shows is asked again either way.
    onlineManager.setOnline(mayRead(false));
    if (wasAway) void queries.invalidateQueries();
  };
  const look = async (): Promise<void> => {
    clearTimeout(timer);
    const isThere = await isServerThere();
    if (!isLost) return;
    if (isThere) {
      const wasAway = serverState().isAway;
      heard();
      if (wasAway) onBack();
      else if (Date.now() - polledMs >= pollMs) {
        polledMs = Date.now();
        void queries.invalidateQueries({ type: 'active' });
      }
    } else {
      onlineManager.setOnline(false);
      setServerState({ isAway: true, tries: serverState().tries + 1 });
    }
    timer = setTimeout(() => void look(), lookMs);
  };
  return {
    lost() {
      if (isLost) return;
      isLost = true;
      polledMs = Date.now();
      timer = setTimeout(() => void look(), lookMs / 4);
    },
    found() {
      isLost = false;
      clearTimeout(timer);
      heard();
    },
    look: () => void look(),
  };
}
