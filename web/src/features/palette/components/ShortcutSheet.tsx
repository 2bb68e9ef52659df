/** What the keyboard can do here, as a list; opened by `?` and from the account's panel. */
import { Button } from '@mantine/core';
import { useEffect, useId, useRef } from 'react';
import { useTranslations } from 'use-intl';
import { shortcuts } from '../../../lib/choices.ts';
import classes from './ShortcutSheet.module.css';

export interface SheetLine {
  keys: readonly string[];
  text: string;
}

interface ShortcutSheetProps {
  /** `G` and a letter lead to these. */
  places: readonly SheetLine[];
  onClose: () => void;
}

export function ShortcutSheet({ places, onClose }: ShortcutSheetProps) {
  const t = useTranslations('shortcuts');
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  const isOn = shortcuts.use() === 'on';
  useEffect(() => dialog.current?.showModal(), []);
  const always: SheetLine[] = [
    { keys: ['Ctrl', 'K'], text: t('palette') },
    { keys: ['Ctrl', 'Enter'], text: t('submit') },
    { keys: ['Esc'], text: t('close') },
  ];
  const single: SheetLine[] = [
    { keys: ['?'], text: t('sheet') },
    { keys: ['/'], text: t('filter') },
    { keys: ['J'], text: t('next') },
    { keys: ['K'], text: t('previous') },
    { keys: ['Enter'], text: t('open') },
    { keys: ['X'], text: t('select') },
    { keys: ['E'], text: t('edit') },
    { keys: ['T'], text: t('test') },
  ];
  return (
    <dialog ref={dialog} className={classes['sheet']} aria-labelledby={id} closedby="any" onClose={onClose}>
      <h2 id={id} className={classes['title']}>
        {t('title')}
      </h2>
      <div className={classes['columns']}>
        <Lines title={t('always')} lines={always} />
        <Lines title={t('places')} lines={places} />
        <Lines title={t('single')} lines={single} />
      </div>
      <div className={classes['foot']}>
        <p>{isOn ? t('on') : t('off')}</p>
        <Button variant="default" onClick={() => dialog.current?.close()}>
          {t('done')}
        </Button>
      </div>
    </dialog>
  );
}

function Lines({ title, lines }: { title: string; lines: readonly SheetLine[] }) {
  if (lines.length === 0) return null;
  return (
    <section>
      <h3 className={classes['heading']}>{title}</h3>
      <dl className={classes['lines']}>
        {lines.map(({ keys, text }) => (
          <div key={text}>
            <dt>{text}</dt>
            <dd>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
