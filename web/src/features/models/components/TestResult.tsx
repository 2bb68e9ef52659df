/** What a test found out, below the row it belongs to: the measured steps, and where one failed, why and what to do. */
import { CloseButton } from '@mantine/core';
import type { TestResult as Result } from '@patchbay/contract/connections';
import { useFormatter, useTranslations } from 'use-intl';
import { Notice } from '../../../ui/Notice.tsx';
import { Trace, type TraceStep } from '../../../ui/Trace.tsx';
import type { ConnectionActions } from './use-connection-actions.ts';
import classes from './TestResult.module.css';

const stepNames = ['reach', 'tls', 'authenticate', 'models', 'completion'] as const;

export function TestResult({ name, actions }: { name: string; actions: ConnectionActions }) {
  const t = useTranslations('connections');
  const { result, isTesting, fault, hide } = actions;
  const steps = useSteps(result, isTesting);
  return (
    <section className={classes['result']} aria-label={t('result', { name })}>
      <div className={classes['body']}>
        {(result !== null || isTesting) && <Trace label={t('result', { name })} steps={steps} isLive={isTesting} />}
        {result !== null && !result.success && (
          <Notice tone="bad" title={result.message}>
            {result.hint !== null && <p>{result.hint}</p>}
            {result.egressEntry !== null && <code className={classes['said']}>{result.egressEntry}</code>}
            {result.providerMessage !== null && (
              <p>
                {t('provided')}: <q className={classes['said']}>{result.providerMessage}</q>
              </p>
            )}
          </Notice>
        )}
        {fault !== null && (
          <Notice tone="bad">
            <p>{fault}</p>
          </Notice>
        )}
      </div>
      {!isTesting && <CloseButton size="sm" aria-label={t('hideResult', { name })} onClick={hide} />}
    </section>
  );
}

/** While the test runs nobody knows how far it is, so only its beginning is marked. */
function useSteps(result: Result | null, isTesting: boolean): TraceStep[] {
  const t = useTranslations('trace');
  const format = useFormatter();
  if (isTesting || result === null)
    return stepNames.map((name, place) => {
      const state = place === 0 ? 'current' : 'open';
      return { label: t(name), state, stateText: t(state) };
    });
  // What came after the step that failed was not run, and the line says so.
  return stepNames.map((name) => {
    const { outcome = 'skipped', latencyMs = null } = result.steps.find((step) => step.name === name) ?? {};
    return {
      label: t(name),
      state: outcome,
      stateText: t(outcome),
      measure: latencyMs === null ? '—' : t('ms', { ms: format.number(latencyMs) }),
    };
  });
}
