/** The bell above every page: how many alerts are going on, and the way to them. */
import { IconBell } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslations } from 'use-intl';
import { Counted } from '../../../ui/Counted.tsx';
import opener from '../../../ui/Counted.module.css';
import { alertCountQuery } from '../api/alerts.ts';

export function AlertBell() {
  const t = useTranslations('alerts');
  const { data } = useQuery(alertCountQuery);
  const active = data?.active ?? 0;
  const label = t('bell', { count: active });
  return (
    <Link to="/alerts" className={opener['opener']} aria-label={label} title={label}>
      <Counted icon={IconBell} count={active} tone="bad" />
    </Link>
  );
}
