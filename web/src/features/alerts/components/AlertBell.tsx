/** The bell above every page: how many alerts are going on, and the way to them. */
import { IconBell } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslations } from 'use-intl';
import { alertCountQuery } from '../api/alerts.ts';
import classes from './AlertBell.module.css';

export function AlertBell() {
  const t = useTranslations('alerts');
  const { data } = useQuery(alertCountQuery);
  const active = data?.active ?? 0;
  const label = t('bell', { count: active });
  return (
    <Link to="/alerts" className={classes['bell']} aria-label={label} title={label}>
      <IconBell size={18} stroke={1.75} aria-hidden="true" />
      {active > 0 && (
        <span className={classes['count']} aria-hidden="true">
          {active > shownMax ? `${shownMax}+` : active}
        </span>
      )}
    </Link>
  );
}

const shownMax = 99;
