/** Where nothing is yet: what belongs here, and the first step. */
import type { ReactNode } from 'react';
import classes from './Blank.module.css';

export function Empty({ title, text, children }: { title: string; text: string; children?: ReactNode }) {
  return (
    <div className={classes['blank']}>
      <h2 className={classes['title']}>{title}</h2>
      <p className={classes['text']}>{text}</p>
      {children}
    </div>
  );
}
