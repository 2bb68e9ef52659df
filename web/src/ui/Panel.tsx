/** A part of a page with a heading of its own; a form that opens in the page takes the focus to its heading. */
import { useEffect, useId, useRef, type ReactNode } from 'react';
import classes from './Panel.module.css';

interface PanelProps {
  title: string;
  text?: string;
  /** For a part that somebody has just opened. */
  takesFocus?: boolean;
  /** What stands beside the heading. */
  aside?: ReactNode;
  /** Without a frame, for a list that has its own. */
  isPlain?: boolean;
  children: ReactNode;
}

export function Panel({ title, text, takesFocus = false, aside, isPlain = false, children }: PanelProps) {
  const id = useId();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (takesFocus) heading.current?.focus();
  }, [takesFocus]);
  return (
    <section className={classes['panel']} data-plain={isPlain || undefined} aria-labelledby={id}>
      <div className={classes['head']}>
        <div className={classes['titles']}>
          <h2 id={id} ref={heading} tabIndex={-1} className={classes['title']}>
            {title}
          </h2>
          {text !== undefined && <p className={classes['text']}>{text}</p>}
        </div>
        {aside}
      </div>
      {children}
    </section>
  );
}
