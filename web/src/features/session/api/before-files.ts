/**
 * A link to a file of the server is followed by the browser, which would show the refusal of a session that is over as if it were the
 * file. So the session is asked for before the link is followed; the file itself goes past the page, however large it is.
 */
import { useMutation } from '@tanstack/react-query';
import { useEffect, useEffectEvent } from 'react';
import { client } from '../../../lib/client.ts';
import { isUnauthenticated } from '../../../lib/error-text.ts';

/** Files that are kept, and pages of the server that open beside this one. */
const files = 'a[download], a[target="_blank"][href*="/api/"]';

/** The link to a file of the server that was pressed; null for everything else, and for presses that mean something of their own. */
function fileOf({ target, button, metaKey, ctrlKey, shiftKey, altKey }: MouseEvent): HTMLAnchorElement | null {
  const link = target instanceof Element ? target.closest<HTMLAnchorElement>(files) : null;
  if (link === null || link.origin !== location.origin || !link.protocol.startsWith('http')) return null;
  return button !== 0 || metaKey || ctrlKey || shiftKey || altKey ? null : link;
}

export function useSessionBeforeFiles(): void {
  // Where the session is over the person is asked in again, and presses once more: who pressed may have thought better of it.
  const look = useMutation({ mutationFn: () => client.me.get() });
  const press = useEffectEvent((event: MouseEvent, goOn: (link: HTMLAnchorElement) => void): void => {
    const link = fileOf(event);
    if (link === null) return;
    event.preventDefault();
    if (look.isPending) return;
    // Opened by the press itself, since browsers keep back what opens a while after it; the page in it must not reach this one.
    const beside = link.target === '_blank' ? globalThis.open('', '_blank') : null;
    if (beside !== null) beside.opener = null;
    look.mutate(undefined, {
      // What else went wrong is the file's own to say.
      onSettled: (_me, error) => {
        if (isUnauthenticated(error)) beside?.close();
        else if (beside === null) goOn(link);
        else beside.location.replace(link.href);
      },
    });
  });
  useEffect(() => {
    let isGoingOn = false;
    const goOn = (link: HTMLAnchorElement): void => {
      isGoingOn = true;
      link.click();
      isGoingOn = false;
    };
    const hear = (event: MouseEvent): void => {
      if (!isGoingOn) press(event, goOn);
    };
    document.addEventListener('click', hear);
    return () => document.removeEventListener('click', hear);
  }, []);
}
