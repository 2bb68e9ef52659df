/** The line above every page: where one is, the search, running tasks, and the account. */
import { ActionIcon } from '@mantine/core';
import { IconMenu2 } from '@tabler/icons-react';
import type { Me } from '@patchbay/contract/people';
import { useTranslations } from 'use-intl';
import { AlertBell } from '../features/alerts/components/AlertBell.tsx';
import { TaskTray } from '../features/tasks/components/TaskTray.tsx';
import type { PreferenceChange } from '../ui/Preferences.tsx';
import { AccountMenu } from './AccountMenu.tsx';
import { Crumbs } from './Crumbs.tsx';
import { SearchButton } from './SearchButton.tsx';
import classes from './TopBar.module.css';

interface TopBarProps {
  me: Me;
  isWide: boolean;
  isSigningOut: boolean;
  /** Why the last try left one signed in; null where none did. */
  signOutError: unknown;
  onMenu: () => void;
  onSignOut: () => void;
  onPreference: (change: PreferenceChange) => void;
  onSearch: () => void;
  onShortcuts: () => void;
}

export function TopBar({ me, isWide, onMenu, onSearch, ...account }: TopBarProps) {
  const t = useTranslations('app');
  return (
    <header className={classes['top']}>
      {!isWide && (
        <ActionIcon variant="subtle" color="gray" size="lg" aria-label={t('openMenu')} onClick={onMenu}>
          <IconMenu2 size={20} stroke={1.75} aria-hidden="true" />
        </ActionIcon>
      )}
      <Crumbs me={me} />
      <SearchButton onOpen={onSearch} />
      <AlertBell />
      <TaskTray />
      <AccountMenu me={me} {...account} />
    </header>
  );
}
