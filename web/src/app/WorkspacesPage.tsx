/** `/admin/workspaces`: all workspaces of the installation. */
import { Button } from '@mantine/core';
import { useSuspenseQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { HistoryButton } from '../features/audit/components/History.tsx';
import { Workspaces } from '../features/people/components/Workspaces.tsx';
import { meQuery } from '../features/session/api/me.ts';
import { workspaceChoice } from '../lib/choices.ts';
import { PageHead } from '../ui/PageHead.tsx';

export function WorkspacesPage() {
  const t = useTranslations('workspaces');
  const navigate = useNavigate();
  const { data: me } = useSuspenseQuery(meQuery);
  const [isAdding, setAdding] = useState(false);
  const showMembers = (id: string): void => {
    workspaceChoice.set(id);
    void navigate({ to: '/members' });
  };
  return (
    <>
      <PageHead title={t('title')} text={t('text')}>
        {!isAdding && <Button onClick={() => setAdding(true)}>{t('add')}</Button>}
      </PageHead>
      <Workspaces
        me={me}
        isAdding={isAdding}
        onAdd={setAdding}
        onMembers={showMembers}
        renderHistory={({ id, name }, onRolledBack) => (
          <HistoryButton
            type="workspace"
            id={id}
            name={name}
            organization={me.organization.name}
            place="panel"
            onRolledBack={onRolledBack}
          />
        )}
      />
    </>
  );
}
