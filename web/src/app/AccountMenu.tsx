/** Who one is, language and theme, the settings, and the way out: a panel of the browser's own, closed by Escape or a press elsewhere. */
import { Button } from '@mantine/core';
import { IconKeyboard, IconLogout, IconSettings, IconUser } from '@tabler/icons-react';
import type { Me } from '@patchbay/contract/people';
import { Link } from '@tanstack/react-router';
import { useRef } from 'react';
import { useLocale, useTranslations } from 'use-intl';
import { errorText } from '../lib/error-text.ts';
import { Notice } from '../ui/Notice.tsx';
import type { PreferenceChange } from '../ui/Preferences.tsx';
import { PreferencesLater } from '../ui/PreferencesLater.tsx';
import classes from './AccountMenu.module.css';

interface AccountMenuProps {
  me: Me;
  isSigningOut: boolean;
  /** Why the last try left one signed in; null where none did. */
  signOutError: unknown;
  onSignOut: () => void;
  onPreference: (change: PreferenceChange) => void;
  onShortcuts: () => void;
}

export function AccountMenu({ me, isSigningOut, signOutError, onSignOut, onPreference, onShortcuts }: AccountMenuProps) {
  const t = useTranslations('app');
  const language = useLocale();
  const panel = useRef<HTMLElement>(null);
  const close = (): void => panel.current?.hidePopover();
  return (
    <>
      <button type="button" className={classes['opener']} popoverTarget="account-panel" aria-label={t('account')} title={me.name}>
        <IconUser size={18} stroke={1.75} aria-hidden="true" />
      </button>
      <section ref={panel} id="account-panel" popover="auto" aria-label={t('account')} className={classes['panel']}>
        <div className={classes['person']}>
          <span className={classes['name']}>{me.name}</span>
          <span className={classes['email']}>{me.email}</span>
        </div>
        <div className={classes['choices']}>
          <PreferencesLater onChange={onPreference} />
        </div>
        <div className={classes['actions']}>
          <Link to="/settings" className={classes['action']} onClick={close}>
            <IconSettings size={16} stroke={1.75} aria-hidden="true" />
            {t('settings')}
          </Link>
          <button
            type="button"
            className={classes['action']}
            onClick={() => {
              close();
              onShortcuts();
            }}
          >
            <IconKeyboard size={16} stroke={1.75} aria-hidden="true" />
            {t('shortcuts')}
          </button>
          {signOutError !== null && <Notice tone="bad">{errorText(signOutError, language)}</Notice>}
          <Button
            variant="subtle"
            color="gray"
            size="compact-sm"
            justify="flex-start"
            className={classes['action']}
            leftSection={<IconLogout size={16} stroke={1.75} aria-hidden="true" />}
            loading={isSigningOut}
            onClick={onSignOut}
          >
            {t('signOut')}
          </Button>
        </div>
      </section>
    </>
  );
}
