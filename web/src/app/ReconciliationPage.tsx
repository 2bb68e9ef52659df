/** `/usage/reconciliation`: providers' own accounts beside our books. */
import { useSuspenseQuery } from '@tanstack/react-query';
import { useTranslations } from 'use-intl';
import { Reconciliation } from '../features/reconciliation/components/Reconciliation.tsx';
import { meQuery } from '../features/session/api/me.ts';
import { PageHead } from '../ui/PageHead.tsx';

export function ReconciliationPage() {
  const t = useTranslations('reconciliation');
  const { data: me } = useSuspenseQuery(meQuery);
  return (
    <>
      <PageHead title={t('title')} text={t('text')} />
      <Reconciliation me={me} />
    </>
  );
}
