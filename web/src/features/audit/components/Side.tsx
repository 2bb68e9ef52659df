/** What opens beside the page: with a heading that takes the focus, closed by Escape, and the focus goes back to where it was. */
import { CloseButton } from '@mantine/core';
import { useEffect, useId, useRef, type ReactNode } from 'react';
import { useTranslations } from 'use-intl';
import classes from './audit.module.css';

export function Side({ title, onClose, children }: { title: string; onClose: () => void; children: ReactNode }) {
  const t = useTranslations('audit');
  const id = useId();
  const side = useRef<HTMLElement>(null);
  const heading = useRef<HTMLHeadingElement>(null);
  const before = useRef<Element | null>(document.activeElement);
  useEffect(() => {
    const opener = before.current;
    heading.current?.focus({ preventScroll: true });
    return () => {
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus({ preventScroll: true });
    };
  }, []);
  useEffect(() => {
    const element = side.current;
    const closeByEscape = (event: KeyboardEvent): void => {
      // A question over it is closed first, and what opened within it before itself.
      if (event.key !== 'Escape' || (event.target instanceof Element && event.target.closest('dialog'))) return;
      event.stopPropagation();
      onClose();
    };
    element?.addEventListener('keydown', closeByEscape);
    return () => element?.removeEventListener('keydown', closeByEscape);
  }, [onClose]);
  return (
    <aside className={classes['side']} aria-labelledby={id} ref={side}>
      <header className={classes['sideHead']}>
        <h2 id={id} ref={heading} tabIndex={-1}>
          {title}
        </h2>
        <CloseButton aria-label={t('close')} onClick={onClose} />
      </header>
      {children}
    </aside>
  );
}
