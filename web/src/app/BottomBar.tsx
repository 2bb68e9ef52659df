/** The four places that a phone keeps at the thumb. */
import type { Me } from '@patchbay/contract/people';
import { Link, useLocation } from '@tanstack/react-router';
import { useTranslations } from 'use-intl';
import classes from './BottomBar.module.css';
import { navEntries, type NavEntry } from './nav-entries.ts';
import { entryOf } from './nav-match.ts';

const placesMax = 4;
/** What belongs there first; the rest of the list fills up where one of them does not exist. */
const preferred: readonly string[] = ['chat', 'connections', 'usage', 'status', 'overview', 'keys', 'settings'];

const rank = ({ key }: NavEntry): number => {
  const at = preferred.indexOf(key);
  return at < 0 ? preferred.length : at;
};

export function BottomBar({ me }: { me: Me }) {
  const t = useTranslations();
  const current = useLocation({ select: ({ pathname }) => entryOf(navEntries, pathname)?.key });
  const places = navEntries
    .filter(({ may }) => may?.(me) !== false)
    .toSorted((one, other) => rank(one) - rank(other))
    .slice(0, placesMax);
  return (
    <nav aria-label={t('app.bottom')} className={classes['bar']}>
      <ul>
        {places.map(({ to, key, icon: Icon }) => (
          <li key={key}>
            <Link to={to} activeOptions={{ exact: true }} className={classes['link']} aria-current={key === current ? 'page' : undefined}>
              <Icon size={20} stroke={1.75} aria-hidden="true" />
              <span>{t(`nav.${key}`)}</span>
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}
