/** Keeps this page fresh for as long as it is open: joins the line, applies what it says, and shows when the server is gone. */
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { createApply } from './apply.ts';
import { joinLine, openFor, type Join } from './connect.ts';
import { OfflineBar } from './OfflineBar.tsx';
import { createWatch, type Watch } from './watch.ts';

export function Live({ userId, lastEventId }: { userId: string; lastEventId: string }) {
  const queries = useQueryClient();
  // That of the first answer: whatever the page has loaded was asked for after it.
  const [after] = useState(lastEventId);
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
    join.wish(openFor(userId, after));
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
  }, [queries, userId, after]);
  return <OfflineBar onRetry={() => watch.current?.look()} />;
}
