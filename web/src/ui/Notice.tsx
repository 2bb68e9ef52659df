/** A sentence in the page that matters: what failed, or what to know. It is no toast and stays until it is out of date. */
import { IconAlertTriangle, IconInfoCircle } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import classes from './Notice.module.css';

export function Notice({ tone, title, children }: { tone: 'bad' | 'warn' | 'info'; title?: string; children: ReactNode }) {
  const Icon = tone === 'info' ? IconInfoCircle : IconAlertTriangle;
  return (
    <div className={classes['notice']} data-tone={tone} role={tone === 'bad' ? 'alert' : undefined}>
      <Icon className={classes['icon']} size={16} stroke={2} aria-hidden="true" />
      <div className={classes['body']}>
        {title !== undefined && <p className={classes['title']}>{title}</p>}
        {children}
      </div>
    </div>
  );
}
