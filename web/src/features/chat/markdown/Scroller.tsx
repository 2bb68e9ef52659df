/** What is wider than the page scrolls in itself, and what scrolls can be reached and moved by keyboard (WCAG 2.1.1). */
import type { ReactNode } from 'react';
import classes from './Markdown.module.css';

const reachable = { tabIndex: 0 };

export function Scroller({ label, children }: { label: string; children: ReactNode }) {
  return (
    <figure className={classes['scroller']} aria-label={label} {...reachable}>
      {children}
    </figure>
  );
}
