/** `/keys`: what programs use Patchbay with. */
import { Button } from '@mantine/core';
import { useSuspenseQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { AccessKeys } from '../features/keys/components/AccessKeys.tsx';
import { Limits } from '../features/limits/components/Limits.tsx';
import { meQuery } from '../features/session/api/me.ts';
import { PageHead } from '../ui/PageHead.tsx';

export function KeysPage() {
  const t = useTranslations('keys');
  const { data: me } = useSuspenseQuery(meQuery);
  const [isAdding, setAdding] = useState(false);
  return (
    <>
      <PageHead title={t('title')} text={t('text')}>
        {!isAdding && <Button onClick={() => setAdding(true)}>{t('add')}</Button>}
      </PageHead>
      <AccessKeys
        me={me}
        isAdding={isAdding}
        onAdd={setAdding}
        renderLimits={(id) => <Limits key={id} subjectKind="access-key" subjectId={id} organization={me.organization.name} />}
      />
    </>
  );
}
