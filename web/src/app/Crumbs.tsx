/** Where one is, from the workspace down; it repeats what the navigation marks. */
import type { Me } from '@patchbay/contract/people';
import { Link, useLocation } from '@tanstack/react-router';
import { useTranslations } from 'use-intl';
import { useWorkspace } from '../lib/choices.ts';
import classes from './Crumbs.module.css';
import { navEntries } from './nav-entries.ts';
import { entryOf } from './nav-match.ts';
import { settingsEntries } from './settings-entries.ts';

export function Crumbs({ me }: { me: Me }) {
  const t = useTranslations();
  const pathname = useLocation({ select: (location) => location.pathname });
  const workspace = useWorkspace(me);
  const entry = entryOf(navEntries, pathname);
  const page = entryOf(settingsEntries, pathname);
  const places = [entry, page].filter((place) => place !== undefined);
  return (
    <nav aria-label={t('app.crumbs')} className={classes['crumbs']}>
      <ol>
        <li className={classes['first']}>{workspace?.name ?? me.organization.name}</li>
        {places.map(({ to, key }) => (
          <li key={key}>
            {to === pathname ? (
              <span aria-current="page">{t(`nav.${key}`)}</span>
            ) : (
              <Link to={to} className={classes['link']}>
                {t(`nav.${key}`)}
              </Link>
            )}
          </li>
        ))}
      </ol>
    </nav>
  );
}
