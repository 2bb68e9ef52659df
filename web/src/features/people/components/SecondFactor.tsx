/** The second factor of one's own: setting it up in three steps, new recovery codes, and turning it off. */
import { Button } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';
import { useTranslations } from 'use-intl';
import { wanted } from '../../../lib/wanted.ts';
import { Loading } from '../../../ui/Loading.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { SecretAwaited } from '../../../ui/SecretAwaited.tsx';
import { SecretReveal } from '../../../ui/SecretReveal.tsx';
import { Status } from '../../../ui/Status.tsx';
import { useBeginFactor, useEndFactor, useNewRecoveryCodes } from '../api/security.ts';
import { AskPassword } from './AskPassword.tsx';
import type { Begun } from './ScanFactor.tsx';
import classes from './security.module.css';

// The square code is drawn for those alone who set a factor up.
const ScanFactor = lazy(async () => ({ default: (await wanted(() => import('./ScanFactor.tsx'))).ScanFactor }));
type Step = { name: 'rest' | 'begin' | 'codes' | 'end' } | { name: 'scan'; begun: Begun } | { name: 'store'; codes: string[] };

export function SecondFactor({ isOn }: { isOn: boolean }) {
  const t = useTranslations('security');
  const queryClient = useQueryClient();
  const [step, setStep] = useState<Step>({ name: 'rest' });
  const [begin, end, codes] = [useBeginFactor(), useEndFactor(), useNewRecoveryCodes()];
  const rest = (): void => {
    for (const one of [begin, end, codes]) one.reset();
    setStep({ name: 'rest' });
    // Whether it is on is told by the profile, which the page shows again now.
    void queryClient.invalidateQueries({ queryKey: ['me'] });
  };
  if (step.name === 'store')
    return (
      <SecretReveal
        title={t('recoveryTitle')}
        label={t('recoveryLabel')}
        secret={step.codes.join('\n')}
        storedLabel={t('recoveryStored')}
        onDone={rest}
      >
        <p className={classes['text']}>{t('recoveryText')}</p>
      </SecretReveal>
    );
  return (
    <Panel
      title={t('factor')}
      text={t('factorText')}
      aside={<Status tone={isOn ? 'ok' : 'off'} text={isOn ? t('factorOn') : t('factorOff')} />}
    >
      <SecretAwaited isPending={codes.isPending} label={t('recoveryLabel')} />
      {step.name === 'rest' && <Choices isOn={isOn} onChoose={(name) => setStep({ name })} />}
      {step.name === 'begin' && (
        <AskPassword
          text={t('beginText')}
          submitLabel={t('continue')}
          isPending={begin.isPending}
          error={begin.error}
          onSubmit={(password) => begin.mutate(password, { onSuccess: (begun) => setStep({ name: 'scan', begun }) })}
          onCancel={rest}
        />
      )}
      {step.name === 'scan' && (
        <Suspense fallback={<Loading isAsked />}>
          <ScanFactor begun={step.begun} onCancel={rest} onOn={() => setStep({ name: 'store', codes: step.begun.recoveryCodes })} />
        </Suspense>
      )}
      {step.name === 'codes' && (
        <AskPassword
          text={t('codesText')}
          submitLabel={t('newCodes')}
          isPending={codes.isPending}
          error={codes.error}
          onSubmit={(password) => codes.mutate(password, { onSuccess: (made) => setStep({ name: 'store', codes: made }) })}
          onCancel={rest}
        />
      )}
      {step.name === 'end' && (
        <AskPassword
          text={t('endText')}
          submitLabel={t('turnOff')}
          isPending={end.isPending}
          error={end.error}
          onSubmit={(password) => end.mutate(password, { onSuccess: rest })}
          onCancel={rest}
        />
      )}
    </Panel>
  );
}

/** What can be done while nothing is under way. */
function Choices({ isOn, onChoose }: { isOn: boolean; onChoose: (name: 'begin' | 'codes' | 'end') => void }) {
  const t = useTranslations('security');
  return (
    <div className={classes['buttons']}>
      {isOn ? (
        <>
          <Button variant="default" onClick={() => onChoose('codes')}>
            {t('newCodes')}
          </Button>
          <Button variant="default" onClick={() => onChoose('end')}>
            {t('turnOff')}
          </Button>
        </>
      ) : (
        <Button onClick={() => onChoose('begin')}>{t('setUp')}</Button>
      )}
    </div>
  );
}
