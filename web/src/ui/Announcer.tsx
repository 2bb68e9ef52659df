/** The one polite live region of the page: whatever finishes out of sight is said here, once. */
import { createContext, use, useCallback, useState, type ReactNode } from 'react';
import { focusPageTitle } from '../lib/focus.ts';

const Announce = createContext<(text: string) => void>(() => undefined);

/** Says a finished sentence to those who listen. */
export const useAnnounce = (): ((text: string) => void) => use(Announce);

/** Says what came of a deed whose button went with it, as that of a deleted row or a saved form: the focus goes to the page's name. */
export function useSayDone(): (text: string) => void {
  const announce = useAnnounce();
  return (text) => {
    announce(text);
    focusPageTitle();
  };
}

export function Announcer({ children }: { children: ReactNode }) {
  const [said, setSaid] = useState({ text: '', turn: 0 });
  const announce = useCallback((text: string) => setSaid(({ turn }) => ({ text, turn: turn + 1 })), []);
  return (
    <Announce value={announce}>
      {children}
      <output className="pb-unseen">
        {/* A new element each time, so that the same sentence is said again. */}
        <span key={said.turn}>{said.text}</span>
      </output>
    </Announce>
  );
}
