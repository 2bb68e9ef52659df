/** `/routing/simulator`: what the rules of routing would make of many requests, if providers behaved as assumed. */
import { useSuspenseQuery } from '@tanstack/react-query';
import { useSearch } from '@tanstack/react-router';
import { useTranslations } from 'use-intl';
import { Simulator } from '../features/routing/components/Simulator.tsx';
import { meQuery } from '../features/session/api/me.ts';
import { PageHead } from '../ui/PageHead.tsx';

export function SimulatorPage() {
  const t = useTranslations('simulator');
  const { data: me } = useSuspenseQuery(meQuery);
  const { group } = useSearch({ from: '/shell/routing/simulator' });
  return (
    <>
      <PageHead title={t('title')} text={t('text')} />
      <Simulator key={group} me={me} groupId={group ?? null} />
    </>
  );
}
