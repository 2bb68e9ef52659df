/** `/routing`: named groups of targets, and the rule by which one of them answers. */
import { Button } from '@mantine/core';
import { useSuspenseQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { HistoryButton } from '../features/audit/components/History.tsx';
import { Limits } from '../features/limits/components/Limits.tsx';
import { RoutingGroups } from '../features/routing/components/RoutingGroups.tsx';
import { meQuery } from '../features/session/api/me.ts';
import { PageHead } from '../ui/PageHead.tsx';

export function RoutingPage() {
  const t = useTranslations('routing');
  const navigate = useNavigate();
  const { data: me } = useSuspenseQuery(meQuery);
  const [isAdding, setAdding] = useState(false);
  return (
    <>
      <PageHead title={t('title')} text={t('text')}>
        <Button variant="default" onClick={() => void navigate({ to: '/routing/simulator' })}>
          {t('simulator')}
        </Button>
        {!isAdding && <Button onClick={() => setAdding(true)}>{t('add')}</Button>}
      </PageHead>
      <RoutingGroups
        renderLimits={(id) => (
          <>
            <Limits key={id} subjectKind="group" subjectId={id} organization={me.organization.name} />
            <HistoryButton key={`history of ${id}`} type="routing-group" id={id} name={t('title')} organization={me.organization.name} />
          </>
        )}
        me={me}
        isAdding={isAdding}
        onAdd={setAdding}
        onSimulate={(group) => void navigate({ to: '/routing/simulator', search: { group } })}
      />
    </>
  );
}
