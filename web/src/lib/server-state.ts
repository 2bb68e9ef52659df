/** Whether the server is within reach, as the whole page sees it. The line of events finds out, the pages read. */
import { useSyncExternalStore } from 'react';

export interface ServerState {
  /** `away`: nothing answers. What is shown is as old as `sinceMs` says. */
  isAway: boolean;
  /** When the server was last heard. */
  sinceMs: number;
  /** Tries to reach it since. */
  tries: number;
}

let state: ServerState = { isAway: false, sinceMs: Date.now(), tries: 0 };
const listeners = new Set<() => void>();

export function setServerState(change: Partial<ServerState>): void {
  state = { ...state, ...change };
  for (const listener of listeners) listener();
}

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export const serverState = (): ServerState => state;
export const useServerState = (): ServerState => useSyncExternalStore(subscribe, serverState);
