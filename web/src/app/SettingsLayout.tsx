/** The frame of the personal settings: their pages as a list at the side, on phones as a line above. */
import { useSuspenseQuery } from '@tanstack/react-query';
import { Link, Outlet } from '@tanstack/react-router';
import { useTranslations } from 'use-intl';
import { meQuery } from '../features/session/api/me.ts';
import { settingsEntries } from './settings-entries.ts';
import classes from './SettingsLayout.module.css';

export function SettingsLayout() {
  const t = useTranslations('nav');
  const { data: me } = useSuspenseQuery(meQuery);
  return (
    <div className={classes['layout']}>
      <nav aria-label={t('settings')} className={classes['pages']}>
        <ul>
          {settingsEntries
            .filter(({ may }) => may?.(me) !== false)
            .map(({ to, key, icon: Icon }) => (
              <li key={key}>
                <Link to={to} className={classes['link']} activeProps={{ 'aria-current': 'page' }}>
                  <Icon size={16} stroke={1.75} aria-hidden="true" />
                  {t(key)}
                </Link>
              </li>
            ))}
        </ul>
      </nav>
      <div className={`pb-column ${classes['page']}`}>
        <Outlet />
      </div>
    </div>
  );
}
