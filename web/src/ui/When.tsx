/** A point in time as people say it; the exact one is in the element and on hover. */
import { useFormatter, useNow } from 'use-intl';

const refreshMs = 30_000;

export function When({ iso }: { iso: string }) {
  const format = useFormatter();
  const now = useNow({ updateInterval: refreshMs });
  const at = new Date(iso);
  // A clock that runs behind the server's would make the past the future.
  const shown = at > now ? now : at;
  return (
    <time dateTime={iso} title={format.dateTime(at, { dateStyle: 'medium', timeStyle: 'long' })}>
      {format.relativeTime(shown, { now, style: 'short' })}
    </time>
  );
}
