/** `/settings/tokens`: what programs manage Patchbay with, in one's own name. */
import { Button } from '@mantine/core';
import { useSuspenseQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { PersonalTokens } from '../features/people/components/PersonalTokens.tsx';
import { meQuery } from '../features/session/api/me.ts';
import { PageHead } from '../ui/PageHead.tsx';

export function TokensPage() {
  const t = useTranslations('tokens');
  const { data: me } = useSuspenseQuery(meQuery);
  const [isAdding, setAdding] = useState(false);
  return (
    <>
      <PageHead title={t('title')} text={t('text')}>
        {!isAdding && <Button onClick={() => setAdding(true)}>{t('add')}</Button>}
      </PageHead>
      <PersonalTokens me={me} isAdding={isAdding} onAdd={setAdding} />
    </>
  );
}
