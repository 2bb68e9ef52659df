/** Keeps the end of a growing text in sight of those who are there, and leaves everybody else where they read. */
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react';

/** This near to the end counts as being there. */
const nearPx = 80;

const distance = (): number => document.documentElement.scrollHeight - innerHeight - scrollY;

export interface Follow {
  /** New text stands below what is seen. */
  isBehind: boolean;
  toEnd: () => void;
}

/** One conversation's, from its first text on. @param isGrowing an answer is being written: only that counts as new text */
export function useFollow(isGrowing: boolean): Follow {
  const isAtEnd = useRef(true);
  /** Where the end was when it was last gone to. */
  const endY = useRef(-1);
  const isNews = useRef(isGrowing);
  /** As it was when its growth was last looked at. */
  const seenHeight = useRef(0);
  const [isBehind, setBehind] = useState(false);
  const toEnd = useCallback(() => {
    scrollTo({ top: document.documentElement.scrollHeight });
    endY.current = scrollY;
    isAtEnd.current = true;
    setBehind(false);
  }, []);
  useLayoutEffect(() => {
    // The last of an answer may come with its end, before the browser tells of growth: it is news all the same.
    const hasGrown = document.documentElement.scrollHeight > seenHeight.current;
    if (isNews.current && !isGrowing && hasGrown && !isAtEnd.current && distance() > nearPx) setBehind(true);
    isNews.current = isGrowing;
  }, [isGrowing]);
  useEffect(() => {
    const look = (): void => {
      const isNear = distance() <= nearPx;
      if (isNear) setBehind(false);
      // The browser tells of our own way to the end later, and the text may have grown meanwhile: then nobody has left it.
      if (isNear || Math.abs(scrollY - endY.current) > 1) isAtEnd.current = isNear;
    };
    // Whoever opens or edits something in the text wants to see that, and not the end.
    const press = ({ target }: Event): void => {
      if (target instanceof Element && target.closest('[role="log"]')) isAtEnd.current = false;
    };
    // Before the browser paints, so that nothing is seen to jump.
    const growth = new ResizeObserver(() => {
      seenHeight.current = document.documentElement.scrollHeight;
      if (isAtEnd.current) toEnd();
      else if (isNews.current && distance() > nearPx) setBehind(true);
    });
    growth.observe(document.body);
    addEventListener('scroll', look, { passive: true });
    addEventListener('click', press, { capture: true });
    return () => {
      growth.disconnect();
      removeEventListener('scroll', look);
      removeEventListener('click', press, { capture: true });
    };
  }, [toEnd]);
  return { isBehind, toEnd };
}
