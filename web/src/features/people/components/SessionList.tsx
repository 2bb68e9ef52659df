/** Where one is signed in, and the way to end it there. */
import type { Me, Session } from '@patchbay/contract/people';
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useLocale, useTranslations } from 'use-intl';
import { errorText } from '../../../lib/error-text.ts';
import { useSayDone } from '../../../ui/Announcer.tsx';
import { Confirm } from '../../../ui/Confirm.tsx';
import { DataTable, type Column } from '../../../ui/DataTable.tsx';
import { Failure } from '../../../ui/Failure.tsx';
import { Loading } from '../../../ui/Loading.tsx';
import { Notice } from '../../../ui/Notice.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { Status } from '../../../ui/Status.tsx';
import { useDeed } from '../../../ui/use-deed.ts';
import { When } from '../../../ui/When.tsx';
import { sessionsQuery, useEndSession } from '../api/security.ts';
import { nameOfAgent } from './agent.ts';

export function SessionList({ me }: { me: Me }) {
  const t = useTranslations('security');
  const language = useLocale();
  const sayDone = useSayDone();
  const { data: sessions, error, refetch } = useQuery(sessionsQuery);
  const end = useEndSession();
  const [isAsking, setAsking] = useState(false);
  const nameOf = ({ agent }: Session): string => nameOfAgent(agent) ?? t('unknownBrowser');
  if (!sessions && error) return <Failure error={error} organization={me.organization.name} onRetry={() => void refetch()} />;
  if (!sessions) return <Loading />;
  const others = sessions.filter(({ isCurrent }) => !isCurrent);
  const columns: Column<Session>[] = [
    { key: 'browser', head: t('browser'), render: nameOf },
    { key: 'address', head: t('address'), render: ({ address }) => address ?? '—' },
    {
      key: 'seen',
      head: t('lastSeen'),
      render: (one) => (one.isCurrent ? <Status tone="ok" text={t('thisSession')} /> : <When iso={one.lastSeenAt} />),
    },
    { key: 'since', head: t('since'), render: ({ createdAt }) => <When iso={createdAt} /> },
    {
      key: 'actions',
      head: t('actions'),
      kind: 'actions',
      render: (one) =>
        !one.isCurrent && (
          <Button
            variant="subtle"
            size="compact-sm"
            aria-label={t('endNamed', { name: nameOf(one) })}
            onClick={() => end.mutate(one.id, { onSuccess: () => sayDone(t('ended')) })}
          >
            {t('end')}
          </Button>
        ),
    },
  ];
  return (
    <Panel
      title={t('sessions')}
      text={t('sessionsText')}
      isPlain
      aside={
        others.length > 0 && (
          <Button variant="default" size="sm" onClick={() => setAsking(true)}>
            {t('endOthers')}
          </Button>
        )
      }
    >
      {end.isError && <Notice tone="bad">{errorText(end.error, language)}</Notice>}
      <DataTable label={t('sessions')} columns={columns} rows={sessions} keyOf={({ id }) => id} />
      <EndOthers isOpen={isAsking} count={others.length} onClose={() => setAsking(false)} />
    </Panel>
  );
}

interface EndOthersProps {
  isOpen: boolean;
  count: number;
  onClose: () => void;
}

function EndOthers({ isOpen, count, onClose }: EndOthersProps) {
  const t = useTranslations('security');
  const sayDone = useSayDone();
  const { asked, run } = useDeed(useEndSession(), onClose);
  return (
    <Confirm
      {...asked}
      isOpen={isOpen}
      title={t('endOthersTitle')}
      cancelLabel={t('cancel')}
      confirmLabel={t('endOthers')}
      tone="bad"
      onConfirm={() => run(null, () => sayDone(t('endedOthers')))}
    >
      <p>{t('endOthersText', { count })}</p>
    </Confirm>
  );
}
