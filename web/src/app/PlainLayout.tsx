/** The frame of the pages before the door: one panel in the middle, language and theme within reach. */
import type { ReactNode, RefObject } from 'react';
import { Brand } from '../ui/Brand.tsx';
import { Preferences } from '../ui/Preferences.tsx';
import classes from './PlainLayout.module.css';

interface PlainLayoutProps {
  title: string;
  heading: RefObject<HTMLHeadingElement | null>;
  width?: 'narrow' | 'wide';
  children: ReactNode;
}

export function PlainLayout({ title, heading, width = 'narrow', children }: PlainLayoutProps) {
  return (
    <div className={classes['page']}>
      <header className={classes['top']}>
        <span className={classes['brand']}>
          <Brand />
          Patchbay
        </span>
        <Preferences />
      </header>
      <main className={classes['main']} id="main" tabIndex={-1}>
        <div className={classes['panel']} data-width={width}>
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          {children}
        </div>
      </main>
    </div>
  );
}
