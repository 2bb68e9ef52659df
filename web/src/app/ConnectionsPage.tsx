/** `/settings/ai-connections`: the connections that the signed-in person may use. */
import { useQuery, useSuspenseQuery } from '@tanstack/react-query';
import { useTranslations } from 'use-intl';
import { aiConnectionsQuery } from '../features/models/api/ai-connections.ts';
import { AddConnectionLink } from '../features/models/components/AddConnectionLink.tsx';
import { ConfigurationList } from '../features/models/components/ConfigurationList.tsx';
import { meQuery } from '../features/session/api/me.ts';
import { usePageTitle } from '../lib/focus.ts';
import classes from './ConnectionsPage.module.css';

export function ConnectionsPage() {
  const t = useTranslations('connections');
  const heading = usePageTitle(t('title'));
  const { data: me } = useSuspenseQuery(meQuery);
  // Where there is nothing yet, the list itself shows the way to the first one.
  const { data: connections } = useQuery(aiConnectionsQuery);
  const mayManage = me.role === 'administrator' || me.permissions.includes('manage_ai_models');
  return (
    <>
      <div className={classes['head']}>
        <div className="pb-head">
          <h1 id="page-title" ref={heading} tabIndex={-1}>
            {t('title')}
          </h1>
          <p className="pb-text">{t('description')}</p>
        </div>
        {connections?.length !== 0 && <AddConnectionLink />}
      </div>
      <ConfigurationList mayManage={mayManage} organization={me.organization.name} />
    </>
  );
}
