/** `/setup`: the first run. The address keeps the step, so that a reload returns to it. */
import { Button } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { meQuery } from '../features/session/api/me.ts';
import { setupStatusQuery } from '../features/setup/api/setup-status.ts';
import { SetupSteps, type SetupProgress } from '../features/setup/components/SetupSteps.tsx';
import { hasDemoQuery } from '../lib/add-demo.ts';
import { usePageTitle } from '../lib/focus.ts';
import { Failure } from '../ui/Failure.tsx';
import { PlainLayout } from './PlainLayout.tsx';

export function SetupPage() {
  const t = useTranslations('setup');
  const heading = usePageTitle(t('title'));
  const navigate = useNavigate();
  const queries = useQueryClient();
  const { token = '', step, demo } = useSearch({ from: '/setup' });
  const status = useQuery(setupStatusQuery);
  const isBegun = step === 'connection' || step === 'done';
  const { data: me } = useQuery({ ...meQuery, enabled: isBegun, retry: false });
  // A reload has forgotten what was added before it, and the list has not.
  const { data: hasDemo = false, isLoading } = useQuery({ ...hasDemoQuery, enabled: me !== undefined });
  const [measured, setMeasured] = useState<Pick<SetupProgress, 'tookMs' | 'isDemoAdded'>>({ tookMs: {}, isDemoAdded: false });
  if (status.isError && !status.data)
    return (
      <PlainLayout title={t('title')} heading={heading} width="wide">
        <Failure error={status.error} organization="Patchbay" onRetry={() => void status.refetch()} />
      </PlainLayout>
    );
  if (status.data?.needed === false && !isBegun)
    return (
      <PlainLayout title={t('alreadyTitle')} heading={heading}>
        <p className="pb-text">{t('alreadyText')}</p>
        <div>
          <Button onClick={() => void navigate({ to: '/login', replace: true })}>{t('alreadyAction')}</Button>
        </div>
      </PlainLayout>
    );
  const onProgress = ({ step: next, tookMs, isDemoAdded }: SetupProgress): void => {
    setMeasured({ tookMs, isDemoAdded });
    // The code is used up; it need not stay in the address or the history.
    const isOffered = status.data?.demoOffered === true || demo === '1';
    void navigate({ to: '/setup', search: { step: next, demo: isOffered ? '1' : undefined }, replace: true });
  };
  const finish = async (): Promise<void> => {
    await queries.invalidateQueries({ queryKey: setupStatusQuery.queryKey });
    await navigate({ to: '/settings/ai-connections', replace: true });
  };
  return (
    <PlainLayout title={t('title')} heading={heading} width="wide">
      {status.data && !(step === 'done' && isLoading) && (
        <SetupSteps
          progress={{ step: isBegun ? step : 'account', ...measured, isDemoAdded: measured.isDemoAdded || hasDemo }}
          onProgress={onProgress}
          token={token}
          isDemoOffered={status.data.demoOffered || demo === '1'}
          environmentUrl={status.data.environment?.baseUrl ?? null}
          email={me?.email ?? null}
          onFinish={() => void finish()}
        />
      )}
    </PlainLayout>
  );
}
