/** What is going on now, and the questions that stand before what can be done about it. */
import type { AlertView } from '@patchbay/contract/alerts';
import type { Me } from '@patchbay/contract/people';
import { Textarea } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { useSayDone } from '../../../ui/Announcer.tsx';
import { DeedQuestion } from '../../../ui/DeedQuestion.tsx';
import { Empty } from '../../../ui/Empty.tsx';
import { Failure } from '../../../ui/Failure.tsx';
import { Loading } from '../../../ui/Loading.tsx';
import { activeQuery, useAcknowledge, useResolve } from '../api/alerts.ts';
import { ActiveTable, type AlertDeed } from './AlertTables.tsx';
import { MuteQuestion } from './MuteQuestion.tsx';

export function Active({ me }: { me: Me }) {
  const t = useTranslations('alerts');
  const { data, error, refetch } = useQuery(activeQuery);
  const [deed, setDeed] = useState<AlertDeed | null>(null);
  if (!data && error) return <Failure error={error} organization={me.organization.name} onRetry={() => void refetch()} />;
  if (!data) return <Loading />;
  const of = (kind: AlertDeed['kind']): AlertView | null => (deed?.kind === kind ? deed.alert : null);
  const close = (): void => setDeed(null);
  const muted = of('mute');
  return (
    <>
      {data.data.length === 0 ? (
        <Empty title={t('quietTitle')} text={t('quietText')} />
      ) : (
        <ActiveTable alerts={data.data} onDeed={setDeed} />
      )}
      <AcknowledgeQuestion of={of('acknowledge')} onClose={close} />
      <ResolveQuestion of={of('resolve')} onClose={close} />
      <MuteQuestion of={muted && { id: muted.ruleId, name: muted.ruleName ?? muted.headline }} onClose={close} />
    </>
  );
}

interface QuestionProps {
  of: AlertView | null;
  onClose: () => void;
}

function AcknowledgeQuestion({ of, onClose }: QuestionProps) {
  const t = useTranslations('alerts');
  const sayDone = useSayDone();
  const [note, setNote] = useState('');
  const close = (): void => {
    setNote('');
    onClose();
  };
  return (
    <DeedQuestion
      of={of}
      change={useAcknowledge()}
      inputOf={({ id }) => ({ id, note })}
      title={() => t('acknowledgeTitle')}
      text={({ headline }) => headline}
      tone="plain"
      cancelLabel={t('cancel')}
      confirmLabel={t('acknowledge')}
      onClose={close}
      onDone={({ headline }) => sayDone(t('acknowledged', { name: headline }))}
    >
      <p>{t('acknowledgeText')}</p>
      <Textarea label={t('note')} value={note} maxLength={1000} rows={3} onChange={(event) => setNote(event.currentTarget.value)} />
    </DeedQuestion>
  );
}

function ResolveQuestion({ of, onClose }: QuestionProps) {
  const t = useTranslations('alerts');
  const sayDone = useSayDone();
  return (
    <DeedQuestion
      of={of}
      change={useResolve()}
      inputOf={({ id }) => id}
      title={() => t('resolveTitle')}
      text={({ headline }) => headline}
      tone="plain"
      cancelLabel={t('cancel')}
      confirmLabel={t('resolve')}
      onClose={onClose}
      onDone={({ headline }) => sayDone(t('resolved', { name: headline }))}
    >
      <p>{t('resolveText')}</p>
    </DeedQuestion>
  );
}
