/** The way around: what exists, where one is, who one is, and the way out. The same in the sidebar and in the drawer. */
import { Button } from '@mantine/core';
import { IconLogout, IconPlugConnected } from '@tabler/icons-react';
import type { Me } from '@patchbay/contract/people';
import { Link } from '@tanstack/react-router';
import { useTranslations } from 'use-intl';
import { Brand } from '../ui/Brand.tsx';
import classes from './Navigation.module.css';

interface NavigationProps {
  me: Me;
  isSigningOut: boolean;
  onSignOut: () => void;
  /** Called when a link was followed. */
  onFollow?: () => void;
}

export function Navigation({ me, isSigningOut, onSignOut, onFollow }: NavigationProps) {
  const t = useTranslations('app');
  return (
    <nav aria-label={t('navigation')} className={classes['nav']}>
      <div className={classes['brand']}>
        <Brand />
        <span className={classes['names']}>
          <span className={classes['product']}>Patchbay</span>
          {me.organization.name !== 'Patchbay' && <span className={classes['organization']}>{me.organization.name}</span>}
        </span>
      </div>
      <ul>
        <li>
          <Link to="/settings/ai-connections" className={classes['link']} activeProps={{ 'aria-current': 'page' }} onClick={onFollow}>
            <IconPlugConnected size={16} stroke={1.75} aria-hidden="true" />
            {t('connections')}
          </Link>
        </li>
      </ul>
      <div className={classes['person']}>
        <span className={classes['names']}>
          <span className={classes['who']}>{me.name}</span>
          <span className={classes['organization']}>{me.email}</span>
        </span>
        <Button
          variant="subtle"
          color="gray"
          size="compact-sm"
          leftSection={<IconLogout size={16} stroke={1.75} aria-hidden="true" />}
          loading={isSigningOut}
          onClick={onSignOut}
        >
          {t('signOut')}
        </Button>
      </div>
    </nav>
  );
}
