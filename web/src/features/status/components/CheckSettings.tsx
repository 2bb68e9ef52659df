/** How often the installation checks a connection that says nothing else, and by what. */
import { Button, NativeSelect } from '@mantine/core';
import type { StatusSettings } from '@patchbay/contract/status';
import { useQuery } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { useTranslations } from 'use-intl';
import { CancelButton } from '../../../ui/CancelButton.tsx';
import { Failure } from '../../../ui/Failure.tsx';
import { Held, type Holding } from '../../../ui/Held.tsx';
import { Loading } from '../../../ui/Loading.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { statusSettingsQuery, useChangeSettings } from '../api/status.ts';
import classes from './status.module.css';

const offered = [0, 30, 60, 120, 300, 900, 3600] as const;

interface CheckSettingsProps {
  organization: string;
  /** The way to what they were. */
  history: ReactNode;
  onDone: () => void;
}

export function CheckSettings({ organization, history, onDone }: CheckSettingsProps) {
  const t = useTranslations('status');
  const settings = useQuery(statusSettingsQuery);
  return (
    <Panel title={t('settings')} text={t('settingsText')} aside={history} takesFocus>
      {settings.isError && !settings.data && (
        <Failure error={settings.error} organization={organization} onRetry={() => void settings.refetch()} />
      )}
      {settings.isPending && <Loading isAsked />}
      {settings.data && (
        <Held of={settings.data} revision={settings.data.revision} onLoad={() => void settings.refetch()}>
          {(of, holding) => <Form settings={of} holding={holding} onDone={onDone} />}
        </Held>
      )}
    </Panel>
  );
}

function Form({ settings, holding, onDone }: { settings: StatusSettings; holding: Holding; onDone: () => void }) {
  const t = useTranslations('status');
  const change = useChangeSettings();
  const [everySeconds, setEvery] = useState(settings.everySeconds);
  const [checkBy, setWay] = useState(settings.checkBy);
  // A value that somebody set by hand stays among the choices.
  const choices = [...new Set([...offered, settings.everySeconds])].toSorted((a, b) => a - b);
  const nameOf = (seconds: number): string => {
    if (seconds === 0) return t('everyOff');
    if (seconds % 3600 === 0) return t('hours', { count: seconds / 3600 });
    return seconds % 60 === 0 ? t('minutes', { count: seconds / 60 }) : t('everyS', { count: seconds });
  };
  return (
    <form
      className="pb-form"
      onSubmit={(event) => {
        event.preventDefault();
        change.mutate({ everySeconds, checkBy, revision: settings.revision }, { onSuccess: onDone });
      }}
    >
      {holding.refusal(change.error)}
      <NativeSelect label={t('every')} value={String(everySeconds)} onChange={(event) => setEvery(Number(event.currentTarget.value))}>
        {choices.map((seconds) => (
          <option key={seconds} value={seconds}>
            {nameOf(seconds)}
          </option>
        ))}
      </NativeSelect>
      <NativeSelect label={t('way')} value={checkBy} onChange={(event) => setWay(event.currentTarget.value as StatusSettings['checkBy'])}>
        <option value="models">{t('wayModels')}</option>
        <option value="completion">{t('wayCompletion')}</option>
      </NativeSelect>
      <div className={classes['buttons']}>
        <CancelButton label={t('cancel')} isPending={change.isPending} onCancel={onDone} />
        <Button type="submit" loading={change.isPending} loaderProps={{ 'aria-label': t('saving') }}>
          {t('save')}
        </Button>
      </div>
    </form>
  );
}
