/** A form with what belongs beside it, as a try-out; where there is no room for both, one above the other. */
import type { ReactNode } from 'react';
import classes from './SideBySide.module.css';

export function SideBySide({ children, beside }: { children: ReactNode; beside: ReactNode }) {
  return (
    <div className={classes['frame']}>
      {children}
      <div className={classes['beside']}>{beside}</div>
    </div>
  );
}
