/** The set-up from the account to the first connection, as a line of steps that shows what is done and how long it took. */
import { Button } from '@mantine/core';
import type { ReactNode } from 'react';
import { useTranslations } from 'use-intl';
import { Trace, type TraceStep } from '../../../ui/Trace.tsx';
import { AccountStep } from './AccountStep.tsx';
import { ConnectionStep } from './ConnectionStep.tsx';
import { FirstKey } from './FirstKey.tsx';
import classes from './SetupSteps.module.css';

export type SetupStep = 'account' | 'connection' | 'done';
const order: readonly SetupStep[] = ['account', 'connection', 'done'];

export interface SetupProgress {
  step: SetupStep;
  /** How long a finished step took; a step that was skipped or done before a reload has none. */
  tookMs: Partial<Record<SetupStep, number>>;
  isDemoAdded: boolean;
}

interface SetupStepsProps {
  progress: SetupProgress;
  onProgress: (progress: SetupProgress) => void;
  token: string;
  isDemoOffered: boolean;
  environmentUrl: string | null;
  /** Of the administrator, once there is one. */
  email: string | null;
  onFinish: () => void;
}

export function SetupSteps({ progress, onProgress, token, isDemoOffered, environmentUrl, email, onFinish }: SetupStepsProps) {
  const t = useTranslations('setup');
  const { step, tookMs, isDemoAdded } = progress;
  if (step === 'account') {
    const created = (ms: number): void => onProgress({ ...progress, step: 'connection', tookMs: { ...tookMs, account: ms } });
    return (
      <Panel progress={progress} title={t('accountTitle')} text={t('accountText')}>
        <AccountStep token={token} onCreated={created} />
      </Panel>
    );
  }
  if (step === 'connection') {
    const added = (ms: number): void => onProgress({ step: 'done', tookMs: { ...tookMs, connection: ms }, isDemoAdded: true });
    const later = (): void => onProgress({ ...progress, step: 'done' });
    return (
      <Panel progress={progress} title={t('connectionTitle')} text={t('connectionText')}>
        <ConnectionStep isDemoOffered={isDemoOffered} environmentUrl={environmentUrl} onAdded={added} onLater={later} />
      </Panel>
    );
  }
  const next = isDemoAdded ? t('doneDemo') : environmentUrl === null ? t('doneNone') : '';
  return (
    <Panel progress={progress} title={t('doneTitle')} text={[email === null ? '' : t('doneText', { email }), next].join(' ').trim()}>
      {isDemoAdded && <FirstKey />}
      <div>
        <Button onClick={onFinish}>{t('finish')}</Button>
      </div>
    </Panel>
  );
}

function Panel({ progress, title, text, children }: { progress: SetupProgress; title: string; text: string; children: ReactNode }) {
  const t = useTranslations();
  const labels: Record<SetupStep, string> = {
    account: t('setup.stepAccount'),
    connection: t('setup.stepConnection'),
    done: t('setup.stepDone'),
  };
  const at = order.indexOf(progress.step);
  const steps = order.map((step, place): TraceStep => {
    const ms = progress.tookMs[step];
    const isSkipped = place < at && step === 'connection' && !progress.isDemoAdded;
    const state =
      progress.step === 'done' && step === 'done' ? 'ok' : place < at ? (isSkipped ? 'skipped' : 'ok') : place === at ? 'current' : 'open';
    return { label: labels[step], state, stateText: t(`trace.${state}`), measure: ms === undefined ? undefined : t('trace.ms', { ms }) };
  });
  return (
    <section className={classes['panel']} aria-labelledby="setup-step">
      <Trace label={t('setup.progress')} steps={steps} />
      <div className={classes['words']}>
        <h2 id="setup-step">{title}</h2>
        <p>{text}</p>
      </div>
      {children}
    </section>
  );
}
