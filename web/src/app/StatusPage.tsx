/** `/status`: how every connection is doing that one may use in the workspace that is shown. */
import { Button } from '@mantine/core';
import { useSuspenseQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { HistoryButton } from '../features/audit/components/History.tsx';
import { CheckSettings } from '../features/status/components/CheckSettings.tsx';
import { Shares } from '../features/status/components/Shares.tsx';
import { StatusBoard } from '../features/status/components/StatusBoard.tsx';
import { meQuery } from '../features/session/api/me.ts';
import { useWorkspace } from '../lib/choices.ts';
import { useShown } from '../lib/use-shown.ts';
import { PageHead } from '../ui/PageHead.tsx';
import { SecretReveal } from '../ui/SecretReveal.tsx';
import { isAdministrator } from './nav-entries.ts';
import classes from './StatusPage.module.css';

export function StatusPage() {
  const t = useTranslations('status');
  const words = useTranslations('connections');
  const { data: me } = useSuspenseQuery(meQuery);
  const workspace = useWorkspace(me);
  const [open, setOpen] = useState<'settings' | 'shares' | null>(null);
  const { shown: link, ...links } = useShown<string>();
  const isAdmin = isAdministrator(me);
  const mayShare = isAdmin || me.workspaces.some(({ role }) => role === 'ADMIN');
  const add = <Button renderRoot={(props) => <Link to="/settings/ai-connections/new" {...props} />}>{words('add')}</Button>;
  return (
    <div className={classes['page']}>
      <PageHead title={t('title')} text={t('text')}>
        {isAdmin && (
          <Button variant="default" aria-expanded={open === 'settings'} onClick={() => setOpen(open === 'settings' ? null : 'settings')}>
            {t('settings')}
          </Button>
        )}
        {mayShare && (
          <Button variant="default" aria-expanded={open === 'shares'} onClick={() => setOpen(open === 'shares' ? null : 'shares')}>
            {t('share')}
          </Button>
        )}
      </PageHead>
      {open === 'settings' && (
        <CheckSettings
          organization={me.organization.name}
          history={
            <HistoryButton
              type="health-settings"
              id={me.organization.id}
              name={t('settings')}
              organization={me.organization.name}
              place="panel"
            />
          }
          onDone={() => setOpen(null)}
        />
      )}
      {link !== null && (
        <SecretReveal
          key={link}
          title={t('shareMade')}
          label={t('shareLabel')}
          secret={link}
          storedLabel={t('shareStored')}
          onDone={links.stored}
        />
      )}
      {open === 'shares' && link === null && (
        <Shares organization={me.organization.name} onMade={links.show} onClose={() => setOpen(null)} />
      )}
      <StatusBoard key={workspace?.id ?? ''} workspaceId={workspace?.id} organization={me.organization.name} add={add} />
    </div>
  );
}
