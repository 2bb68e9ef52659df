/** What a test found out, below the row it belongs to. */
import { CloseButton } from '@mantine/core';
import { useTranslations } from 'use-intl';
import { TestFindings } from './TestFindings.tsx';
import type { RowTest } from './use-connection-actions.ts';
import classes from './TestResult.module.css';

interface TestResultProps {
  name: string;
  actions: RowTest;
  /** The connection whose form the caller may open; null where they may not. */
  formOf: string | null;
}

export function TestResult({ name, actions, formOf }: TestResultProps) {
  const t = useTranslations('connections');
  const { result, isTesting, fault, hide } = actions;
  return (
    <section className={classes['result']} aria-label={t('result', { name })}>
      <div className={classes['body']}>
        <TestFindings label={t('result', { name })} result={result} isTesting={isTesting} fault={fault} formOf={formOf} />
      </div>
      {!isTesting && <CloseButton size="sm" aria-label={t('hideResult', { name })} onClick={hide} />}
    </section>
  );
}
