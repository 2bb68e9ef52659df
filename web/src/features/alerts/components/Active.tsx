/** What is going on now, and the questions that stand before what can be done about it. */
import type { AlertView } from '@patchbay/contract/alerts';
import type { Me } from '@patchbay/contract/people';
import { Textarea } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { useAnnounce } from '../../../ui/Announcer.tsx';
import { Confirm } from '../../../ui/Confirm.tsx';
import { Empty } from '../../../ui/Empty.tsx';
import { Failure } from '../../../ui/Failure.tsx';
import { Loading } from '../../../ui/Loading.tsx';
import { useDeed } from '../../../ui/use-deed.ts';
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

const toTitle = (): void => document.getElementById('page-title')?.focus();

function AcknowledgeQuestion({ of, onClose }: { of: AlertView | null; onClose: () => void }) {
  const t = useTranslations('alerts');
  const announce = useAnnounce();
  const [note, setNote] = useState('');
  const { asked, run } = useDeed(useAcknowledge(), () => {
    setNote('');
    onClose();
  });
  const confirm = (): void => {
    if (of === null) return;
    run({ id: of.id, note }, () => {
      announce(t('acknowledged', { name: of.headline }));
      toTitle();
    });
  };
  return (
    <Confirm
      isOpen={of !== null}
      title={t('acknowledgeTitle')}
      cancelLabel={t('cancel')}
      confirmLabel={t('acknowledge')}
      onConfirm={confirm}
      {...asked}
    >
      <p>{of?.headline}</p>
      <p>{t('acknowledgeText')}</p>
      <Textarea label={t('note')} value={note} maxLength={1000} rows={3} onChange={(event) => setNote(event.currentTarget.value)} />
    </Confirm>
  );
}

function ResolveQuestion({ of, onClose }: { of: AlertView | null; onClose: () => void }) {
  const t = useTranslations('alerts');
  const announce = useAnnounce();
  const { asked, run } = useDeed(useResolve(), onClose);
  const confirm = (): void => {
    if (of === null) return;
    run(of.id, () => {
      announce(t('resolved', { name: of.headline }));
      toTitle();
    });
  };
  return (
    <Confirm
      isOpen={of !== null}
      title={t('resolveTitle')}
      cancelLabel={t('cancel')}
      confirmLabel={t('resolve')}
      onConfirm={confirm}
      {...asked}
    >
      <p>{of?.headline}</p>
      <p>{t('resolveText')}</p>
    </Confirm>
  );
}
