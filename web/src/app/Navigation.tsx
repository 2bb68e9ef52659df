/** The way around: which workspace, what exists, where one is. The same in the sidebar and in the drawer. */
import type { Me } from '@patchbay/contract/people';
import { Link, useLocation } from '@tanstack/react-router';
import { useId } from 'react';
import { useTranslations } from 'use-intl';
import { Brand } from '../ui/Brand.tsx';
import { entryOf } from './nav-match.ts';
import { navEntries, navGroups, type NavEntry, type NavGroup } from './nav-entries.ts';
import classes from './Navigation.module.css';
import { WorkspaceSwitcher } from './WorkspaceSwitcher.tsx';

interface NavigationProps {
  me: Me;
  /** Connections whose last test failed, and those that are ill now; told at their entries. */
  failing: Readonly<Partial<Record<NavEntry['key'], number>>>;
  /** Called when a link was followed. */
  onFollow?: () => void;
}

export function Navigation({ me, failing, onFollow }: NavigationProps) {
  const t = useTranslations('app');
  const seen = navEntries.filter(({ may }) => may?.(me) !== false);
  return (
    <nav aria-label={t('navigation')} className={classes['nav']}>
      <div className={classes['brand']}>
        <Brand />
        <span className={classes['names']}>
          <span className={classes['product']}>Patchbay</span>
          {me.organization.name !== 'Patchbay' && <span className={classes['organization']}>{me.organization.name}</span>}
        </span>
      </div>
      <WorkspaceSwitcher me={me} />
      {navGroups.map((group) => (
        <Group key={group} group={group} entries={seen.filter((entry) => entry.group === group)} failing={failing} onFollow={onFollow} />
      ))}
    </nav>
  );
}

interface GroupProps extends Pick<NavigationProps, 'failing' | 'onFollow'> {
  group: NavGroup;
  entries: readonly NavEntry[];
}

function Group({ group, entries, failing, onFollow }: GroupProps) {
  const t = useTranslations('nav');
  const id = useId();
  const current = useLocation({ select: ({ pathname }) => entryOf(navEntries, pathname)?.key });
  const isNamed = group !== 'top' && group !== 'end';
  if (entries.length === 0) return null;
  return (
    <div className={classes['group']} data-group={group}>
      {isNamed && (
        <p id={id} className={classes['heading']}>
          {t(`group.${group}`)}
        </p>
      )}
      <ul aria-labelledby={isNamed ? id : undefined}>
        {entries.map(({ to, key, icon: Icon }) => (
          <li key={key}>
            <Link
              to={to}
              activeOptions={{ exact: true }}
              className={classes['link']}
              aria-current={key === current ? 'page' : undefined}
              onClick={onFollow}
            >
              <Icon size={16} stroke={1.75} aria-hidden="true" />
              <span className={classes['label']}>{t(key)}</span>
              {(failing[key] ?? 0) > 0 && <Failing count={failing[key] ?? 0} />}
            </Link>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** How many connections fail: a number that is red, and says so. */
function Failing({ count }: { count: number }) {
  const t = useTranslations('app');
  return (
    <span className={classes['count']}>
      <span aria-hidden="true">{count}</span>
      <span className="pb-unseen">{t('failing', { count })}</span>
    </span>
  );
}
