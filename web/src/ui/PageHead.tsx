/** The head of a page: its name, one sentence on what it is for, and what one does first here. */
import type { ReactNode } from 'react';
import { usePageTitle } from '../lib/focus.ts';
import classes from './PageHead.module.css';

export function PageHead({ title, text, children }: { title: string; text?: string; children?: ReactNode }) {
  const heading = usePageTitle(title);
  return (
    <div className={classes['head']}>
      <div className="pb-head">
        <h1 id="page-title" ref={heading} tabIndex={-1}>
          {title}
        </h1>
        {text !== undefined && <p className="pb-text">{text}</p>}
      </div>
      {children}
    </div>
  );
}
