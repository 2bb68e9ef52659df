/** `/settings/ai-connections`: the connections that the signed-in person may use. */
import { useSuspenseQuery } from '@tanstack/react-query';
import { useTranslations } from 'use-intl';
import { ConfigurationList } from '../features/models/components/ConfigurationList.tsx';
import { meQuery } from '../features/session/api/me.ts';
import { usePageTitle } from '../lib/focus.ts';

export function ConnectionsPage() {
  const t = useTranslations('connections');
  const heading = usePageTitle(t('title'));
  const { data: me } = useSuspenseQuery(meQuery);
  const mayManage = me.role === 'administrator' || me.permissions.includes('manage_ai_models');
  return (
    <>
      <div className="pb-head">
        <h1 id="page-title" ref={heading} tabIndex={-1}>
          {t('title')}
        </h1>
        <p className="pb-text">{t('description')}</p>
      </div>
      <ConfigurationList mayManage={mayManage} organization={me.organization.name} />
    </>
  );
}
