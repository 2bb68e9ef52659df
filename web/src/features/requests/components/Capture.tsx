/** Whether a workspace keeps the contents of its requests: said to every member, changed by its ADMIN. */
import type { CaptureView } from '@patchbay/client/requests';
import { Button, Switch, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState, type FormEvent, type ReactNode } from 'react';
import { useTranslations } from 'use-intl';
import { useAnnounce } from '../../../ui/Announcer.tsx';
import { Confirm } from '../../../ui/Confirm.tsx';
import { Failure } from '../../../ui/Failure.tsx';
import { Held, type Holding } from '../../../ui/Held.tsx';
import { Loading } from '../../../ui/Loading.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { useDeed } from '../../../ui/use-deed.ts';
import { captureQuery, useChangeCapture, useForgetContents } from '../api/capture.ts';
import classes from './requests.module.css';

interface CaptureProps {
  workspaceId: string;
  isAdmin: boolean;
  organization: string;
  /** The way to what it was, for those who may change it. */
  history: ReactNode;
}

export function Capture({ workspaceId, isAdmin, organization, history }: CaptureProps) {
  const t = useTranslations('capture');
  const { data, error, refetch } = useQuery(captureQuery(workspaceId));
  if (!data && error) return <Failure error={error} organization={organization} onRetry={() => void refetch()} />;
  return (
    <Panel title={t('title')} text={t('text')} aside={history}>
      {!data && <Loading />}
      {data && !isAdmin && <p className={classes['hint']}>{data.isOn ? t('isOn', { days: data.keptDays }) : t('isOff')}</p>}
      {data && isAdmin && (
        <Held of={data} revision={data.revision} onLoad={() => void refetch()}>
          {(of, holding) => <CaptureForm workspaceId={workspaceId} capture={of} holding={holding} />}
        </Held>
      )}
    </Panel>
  );
}

const daysMax = 90;

interface CaptureFormProps {
  workspaceId: string;
  capture: CaptureView;
  holding: Holding;
}

function CaptureForm({ workspaceId, capture, holding }: CaptureFormProps) {
  const t = useTranslations('capture');
  const announce = useAnnounce();
  const change = useChangeCapture(workspaceId);
  const forget = useForgetContents(workspaceId);
  const [isOn, setOn] = useState(capture.isOn);
  const [days, setDays] = useState(String(capture.keptDays));
  const [isAsking, setAsking] = useState(false);
  const deed = useDeed(forget, () => setAsking(false));
  const [daysFault, setDaysFault] = useState<string | null>(null);
  const saved = (): void => {
    holding.release();
    announce(t('saved'));
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const keptDays = Number(days);
    const isFit = /^\d{1,3}$/.test(days) && keptDays >= 1 && keptDays <= daysMax;
    setDaysFault(isFit ? null : t('daysFault', { max: daysMax }));
    if (isFit) change.mutate({ isOn, keptDays, revision: capture.revision }, { onSuccess: saved });
  };
  return (
    <form className={classes['capture']} onSubmit={submit} noValidate>
      <Switch label={t('switch')} description={t('switchText')} checked={isOn} onChange={(event) => setOn(event.currentTarget.checked)} />
      <TextInput
        className={classes['days']}
        label={t('days')}
        inputMode="numeric"
        value={days}
        error={daysFault}
        onChange={(event) => setDays(event.currentTarget.value)}
      />
      {holding.refusal(change.error)}
      <div className={classes['deeds']}>
        <Button type="submit" loading={change.isPending} data-writes>
          {t('save')}
        </Button>
        <Button variant="default" color="red" data-writes onClick={() => setAsking(true)}>
          {t('forget')}
        </Button>
      </div>
      <Confirm
        isOpen={isAsking}
        title={t('forgetTitle')}
        cancelLabel={t('cancel')}
        confirmLabel={t('forget')}
        tone="bad"
        {...deed.asked}
        onConfirm={() => deed.run(undefined, () => announce(t('forgotten')))}
      >
        <p>{t('forgetText')}</p>
      </Confirm>
    </form>
  );
}
