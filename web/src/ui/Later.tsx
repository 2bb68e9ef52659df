/** Draws its content right after the first picture of the page, so that the page's heading does not wait for a long table. */
import { useDeferredValue, useEffect, type ReactNode } from 'react';

/** Whoever goes from page to page sees each at once. */
let isDrawn = false;

export function Later({ before = null, children }: { before?: ReactNode; children: ReactNode }) {
  const isTime = useDeferredValue(true, isDrawn);
  useEffect(() => {
    if (isTime) isDrawn = true;
  }, [isTime]);
  return isTime ? children : before;
}
