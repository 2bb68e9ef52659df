/** Keeps this page fresh for as long as it is open: joins the line, applies what it says, and shows when the server is gone. */
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { createApply } from './apply.ts';
import { joinLine, openFor, type Join } from './connect.ts';
import { OfflineBar } from './OfflineBar.tsx';
import { createWatch, type Watch } from './watch.ts';

export function Live({ userId }: { userId: string }) {
  const queries = useQueryClient();
  const watch = useRef<Watch | null>(null);
  useEffect(() => {
    let join: Join | null = null;
    const apply = createApply(queries);
    const mine = createWatch(queries, () => join?.wish({ kind: 'retry' }));
    watch.current = mine;
    join = joinLine((word) => {
      if (word.kind === 'lost') return mine.lost();
      if (word.kind === 'open') {
        mine.found();
        if (word.isGap) void queries.invalidateQueries();
        // The next call finds the session gone and leads to the door.
      } else if (word.name === 'signed-out') void queries.invalidateQueries();
      else apply(word.name, word.data);
    });
    join.wish(openFor(userId));
    const leave = (): void => join?.leave();
    // A page that comes back from the browser's memory of pages joins anew.
    const comeBack = (event: PageTransitionEvent): void => {
      if (event.persisted) location.reload();
    };
    addEventListener('pagehide', leave);
    addEventListener('pageshow', comeBack);
    return () => {
      removeEventListener('pagehide', leave);
      removeEventListener('pageshow', comeBack);
      mine.found();
      leave();
    };
  }, [queries, userId]);
  return <OfflineBar onRetry={() => watch.current?.look()} />;
}
