/** What Escape does within a part of the page, whatever in it has the focus. */
import { useEffect, useRef, type RefObject } from 'react';

export function useEscape<Part extends HTMLElement>(run: (part: Part) => void): RefObject<Part | null> {
  const part = useRef<Part>(null);
  const latest = useRef(run);
  useEffect(() => {
    latest.current = run;
  });
  useEffect(() => {
    const element = part.current;
    const pressed = (event: KeyboardEvent): void => {
      if (event.key === 'Escape' && element) latest.current(element);
    };
    element?.addEventListener('keydown', pressed);
    return () => element?.removeEventListener('keydown', pressed);
  }, []);
  return part;
}
