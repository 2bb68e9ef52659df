/** `/admin/system`: the installation as its operators see it. */
import { useSuspenseQuery } from '@tanstack/react-query';
import { useTranslations } from 'use-intl';
import { meQuery } from '../features/session/api/me.ts';
import { System } from '../features/system/components/System.tsx';
import { PageHead } from '../ui/PageHead.tsx';

export function SystemPage() {
  const t = useTranslations();
  const { data: me } = useSuspenseQuery(meQuery);
  return (
    <>
      <PageHead title={t('nav.system')} text={t('system.text')} />
      <System me={me} />
    </>
  );
}
