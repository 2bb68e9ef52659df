/** The head of a page: its name, one sentence on what it is for, and what one does first here. */
import type { ReactNode } from 'react';
import classes from './PageHead.module.css';
import { PageTitle } from './PageTitle.tsx';

export function PageHead({ title, text, children }: { title: string; text?: string; children?: ReactNode }) {
  return (
    <div className={classes['head']}>
      <div className="pb-head">
        <PageTitle title={title} />
        {text !== undefined && <p className="pb-text">{text}</p>}
      </div>
      {children && <div className={classes['actions']}>{children}</div>}
    </div>
  );
}
