/** `/admin/users`: everybody who may come in. */
import { Button } from '@mantine/core';
import { useSuspenseQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { HistoryButton } from '../features/audit/components/History.tsx';
import { Limits } from '../features/limits/components/Limits.tsx';
import { Users } from '../features/people/components/Users.tsx';
import { meQuery } from '../features/session/api/me.ts';
import { PageHead } from '../ui/PageHead.tsx';

export function UsersPage() {
  const t = useTranslations('people');
  const { data: me } = useSuspenseQuery(meQuery);
  const [isInviting, setInviting] = useState(false);
  return (
    <>
      <PageHead title={t('usersTitle')} text={t('usersText')}>
        {!isInviting && me.role === 'administrator' && <Button onClick={() => setInviting(true)}>{t('inviteUser')}</Button>}
      </PageHead>
      <Users
        me={me}
        renderHistory={({ id, name }, onRolledBack) => (
          <HistoryButton type="user" id={id} name={name} organization={me.organization.name} place="panel" onRolledBack={onRolledBack} />
        )}
        isInviting={isInviting}
        onInvite={setInviting}
        renderLimits={(id) => <Limits key={`limits of ${id}`} subjectKind="user" subjectId={id} organization={me.organization.name} />}
      />
    </>
  );
}
