/** Takes the place of the tools while rows are selected, and tells how a deed on several of them goes. */
import { Button, CloseButton } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { useTranslations } from 'use-intl';
import { Confirm } from '../../../ui/Confirm.tsx';
import { ReasonButton } from '../../../ui/ReasonButton.tsx';
import { testsAtOnce } from '../api/connection-tests.ts';
import classes from './BulkBar.module.css';
import type { Bulk, BulkItem } from './use-bulk.ts';

interface BulkBarProps {
  bulk: Bulk;
  selected: readonly BulkItem[];
  onClear: () => void;
}

export function BulkBar({ bulk, selected, onClear }: BulkBarProps) {
  const t = useTranslations('bulk');
  const [asked, setAsked] = useState<'deactivate' | 'delete' | null>(null);
  const reason = bulk.run?.isRunning === true ? t('busy') : null;
  const confirm = (): void => {
    if (asked) void bulk.start(asked, selected);
    setAsked(null);
    if (asked === 'delete') onClear();
  };
  return (
    <section className={classes['bar']} aria-label={t('bar')}>
      <span className={classes['count']}>{t('selected', { n: selected.length })}</span>
      <ReasonButton size="compact-sm" variant="default" reason={reason} onClick={() => void bulk.start('test', selected)}>
        {t('test')}
      </ReasonButton>
      <ReasonButton size="compact-sm" variant="default" reason={reason} onClick={() => void bulk.start('activate', selected)}>
        {t('activate')}
      </ReasonButton>
      <ReasonButton size="compact-sm" variant="default" reason={reason} onClick={() => setAsked('deactivate')}>
        {t('deactivate')}
      </ReasonButton>
      <ReasonButton size="compact-sm" variant="default" color="red" reason={reason} onClick={() => setAsked('delete')}>
        {t('delete')}
      </ReasonButton>
      <Button size="compact-sm" variant="subtle" color="gray" className={classes['clear']} onClick={onClear}>
        {t('clear')}
      </Button>
      <Confirm
        isOpen={asked !== null}
        title={t(asked === 'delete' ? 'deleteTitle' : 'deactivateTitle', { n: selected.length })}
        cancelLabel={t('cancel')}
        confirmLabel={t(asked === 'delete' ? 'delete' : 'deactivate')}
        tone={asked === 'delete' ? 'bad' : 'plain'}
        onConfirm={confirm}
        onClose={() => setAsked(null)}
      >
        <p>{t(asked === 'delete' ? 'deleteText' : 'deactivateText')}</p>
        <ul>
          {selected.map(({ id, name }) => (
            <li key={id}>{name}</li>
          ))}
        </ul>
      </Confirm>
    </section>
  );
}

/** How far it is while it runs; afterwards what could not be done, and why. */
export function BulkReport({ bulk }: { bulk: Bulk }) {
  const t = useTranslations('bulk');
  const { run, dismiss } = bulk;
  if (run === null) return null;
  const text = run.isRunning
    ? run.deed === 'test'
      ? t('testing', { total: run.total, atOnce: testsAtOnce, done: run.done, failed: run.failed })
      : t('running', { total: run.total, done: run.done })
    : t('finished', { done: run.done - run.failed, failed: run.failed });
  const { total, done, isRunning } = run;
  return (
    <Progress {...{ text, total, done, isRunning }} hasFailed={run.failed > 0} onDismiss={dismiss}>
      {!isRunning && run.faults.length > 0 && (
        <ul>
          {run.faults.map(({ id, name, reason }) => (
            <li key={id}>
              <strong>{name}</strong>: {reason}
            </li>
          ))}
        </ul>
      )}
    </Progress>
  );
}

interface ProgressProps {
  text: string;
  total: number;
  done: number;
  isRunning: boolean;
  hasFailed: boolean;
  onDismiss?: () => void;
  children?: ReactNode;
}

/** One line, a bar while it runs, and below what there is to say afterwards. */
export function Progress({ text, total, done, isRunning, hasFailed, onDismiss, children }: ProgressProps) {
  const t = useTranslations('bulk');
  return (
    <section className={classes['report']} aria-label={t('report')} data-tone={hasFailed && !isRunning ? 'bad' : undefined}>
      <div className={classes['line']}>
        <span>{text}</span>
        {!isRunning && onDismiss && <CloseButton size="sm" aria-label={t('dismiss')} onClick={onDismiss} />}
      </div>
      {isRunning && <progress className={classes['progress']} max={total} value={done} aria-label={t('report')} />}
      {children}
    </section>
  );
}
