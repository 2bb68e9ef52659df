/**
 * Whether the session behind an open page is over. The page stays as it is until whoever opened it is back: what was typed into it is
 * nowhere else. Meanwhile nothing is read, and what would be waits.
 */
import { onlineManager } from '@tanstack/react-query';
import { useSyncExternalStore } from 'react';
import { serverState } from './server-state.ts';

let isOver = false;
/** Those who can ask the person in again: the frame of the pages behind the door. */
let askers = 0;
const listeners = new Set<() => void>();

export const isSessionOver = (): boolean => isOver;

/** Reads go out while the server is there and the session as well. */
export const mayRead = (isAway: boolean): boolean => !isAway && !isOver;

function change(next: boolean): void {
  isOver = next;
  onlineManager.setOnline(mayRead(serverState().isAway));
  for (const listener of listeners) listener();
}

/** FALSE where nobody is there to ask the person in again, so that the way leads to the door. */
export function endSession(): boolean {
  if (askers === 0) return false;
  // A browser that finds its network again would have told the queries to go on.
  change(true);
  return true;
}

export function resumeSession(): void {
  if (isOver) change(false);
}

/** Returns what takes leave: with the last one the page is gone that would have waited. */
export function askIn(): () => void {
  askers += 1;
  return () => {
    askers -= 1;
    if (askers === 0) resumeSession();
  };
}

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export const useSessionOver = (): boolean => useSyncExternalStore(subscribe, isSessionOver);
