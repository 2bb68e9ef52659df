/** The frame of the pages before the door: one panel in the middle, language and theme within reach. */
import type { ReactNode, RefObject } from 'react';
import { Brand } from '../ui/Brand.tsx';
import { PreferencesLater } from '../ui/PreferencesLater.tsx';
import classes from './PlainLayout.module.css';

interface PlainLayoutProps {
  title: string;
  heading: RefObject<HTMLHeadingElement | null>;
  width?: 'narrow' | 'wide' | 'board';
  children: ReactNode;
}

/** The house's motif, at rest. */
function Line() {
  return (
    <svg className={classes['line']} viewBox="0 0 96 12" width="96" height="12" aria-hidden="true" focusable="false">
      <path d="M12 6h30M54 6h30" stroke="var(--pb-border-strong)" strokeWidth="1.5" />
      <path d="M12 6h30" stroke="var(--pb-accent)" strokeWidth="1.5" />
      <circle cx="6" cy="6" r="5" fill="var(--pb-accent)" />
      <circle cx="48" cy="6" r="5" fill="var(--pb-surface)" stroke="var(--pb-accent)" strokeWidth="1.5" />
      <circle cx="90" cy="6" r="5" fill="var(--pb-surface)" stroke="var(--pb-border-strong)" strokeWidth="1.5" />
    </svg>
  );
}

export function PlainLayout({ title, heading, width = 'narrow', children }: PlainLayoutProps) {
  return (
    <div className={classes['page']}>
      <header className={classes['top']}>
        <span className={classes['brand']}>
          <Brand />
          Patchbay
        </span>
        <PreferencesLater />
      </header>
      <main className={classes['main']} id="main" tabIndex={-1}>
        <div className={classes['panel']} data-width={width}>
          {width === 'narrow' && <Line />}
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          {children}
        </div>
      </main>
    </div>
  );
}
