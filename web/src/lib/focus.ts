/** What a page does when it opens: its title in the window, and the focus on its heading for those who listen. */
import { useEffect, useRef, type RefObject } from 'react';

/** The first page of a visit leaves the focus where the browser put it. */
let isFirstPage = true;

/** Give the returned ref to the page's `h1` with `tabIndex={-1}`. */
export function usePageTitle(title: string): RefObject<HTMLHeadingElement | null> {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · Patchbay`;
  }, [title]);
  useEffect(() => {
    if (!isFirstPage) heading.current?.focus({ preventScroll: true });
    isFirstPage = false;
  }, []);
  return heading;
}
