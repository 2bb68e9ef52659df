/** Where a page puts the focus: on its heading when it opens and when what had it is gone; and its title in the window. */
import { useLocation } from '@tanstack/react-router';
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

/** Puts the focus on the name of the page: the place for it when what had it is gone. */
export const focusPageTitle = (): void => document.getElementById('page-title')?.focus();

/** Puts the focus on the first thing of a form that is marked as wrong, once what was found stands at its place. */
export const focusFault = (form: RefObject<HTMLElement | null>): void =>
  void setTimeout(() => form.current?.querySelector<HTMLElement>('[aria-invalid="true"], [data-fault] input')?.focus());

/** For a line of links that scrolls sideways: the one that is open is brought into the middle of it, whatever opened it. */
export function useCurrentInSight(): RefObject<HTMLElement | null> {
  const line = useRef<HTMLElement>(null);
  const { pathname } = useLocation();
  const shown = useRef('');
  useEffect(() => {
    // Once for each page: afterwards the line is where somebody has moved it to.
    if (shown.current === pathname) return undefined;
    // With the next picture, for which the page is laid out in any case; measured now, it would be laid out once more.
    const turn = requestAnimationFrame(() => {
      shown.current = pathname;
      const current = line.current?.querySelector('[aria-current="page"]');
      if (!line.current || !current) return;
      const [outer, inner] = [line.current.getBoundingClientRect(), current.getBoundingClientRect()];
      line.current.scrollLeft += inner.left - outer.left - (outer.width - inner.width) / 2;
    });
    return () => cancelAnimationFrame(turn);
  }, [pathname]);
  return line;
}
