/** A picture with the number of what waits behind it. What it opens says the same in words, and has the class `opener` of Counted.module.css. */
import type { Icon } from '@tabler/icons-react';
import classes from './Counted.module.css';

const shownMax = 99;

export function Counted({ icon: Picture, count, tone = 'plain' }: { icon: Icon; count: number; tone?: 'plain' | 'bad' }) {
  return (
    <>
      <Picture size={18} stroke={1.75} aria-hidden="true" />
      {count > 0 && (
        <span className={classes['count']} data-tone={tone} aria-hidden="true">
          {count > shownMax ? `${shownMax}+` : count}
        </span>
      )}
    </>
  );
}
