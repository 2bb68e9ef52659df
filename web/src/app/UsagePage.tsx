/** `/usage`: what was used and what it cost. */
import { useSuspenseQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo } from 'react';
import { useTranslations } from 'use-intl';
import { meQuery } from '../features/session/api/me.ts';
import { Usage } from '../features/usage/components/Usage.tsx';
import { searchOf, viewOf, type Group, type View } from '../features/usage/view.ts';
import { PageHead } from '../ui/PageHead.tsx';
import classes from './UsagePage.module.css';

/** By which of its filters the list of requests is narrowed to a group. */
const filters = {
  model: 'model',
  connection: 'connectionId',
  provider: 'provider',
  key: 'keyId',
  user: 'userId',
  workspace: 'workspaceId',
  repository: 'repositoryId',
  'use-case': 'useCaseId',
} as const;

/** The list reaches back ninety days at most where no dates are named. */
const rangeOf = ({ period, from, to }: View): { period?: string; from?: string; to?: string } =>
  period === 'custom' ? { from, to } : { period: period === 'all' ? '90d' : period };

export function UsagePage() {
  const t = useTranslations('usage');
  const { data: me } = useSuspenseQuery(meQuery);
  const search = useSearch({ from: '/shell/usage' });
  const navigate = useNavigate();
  const view = useMemo(() => viewOf(search, me.timeZone), [search, me.timeZone]);
  const renderLink = (group: Group, key: string | null, name: string) =>
    group === 'purpose' || key === null ? (
      name
    ) : (
      <Link to="/requests" search={{ ...rangeOf(view), [filters[group]]: key }} className={classes['link']}>
        {name}
      </Link>
    );
  return (
    <>
      <PageHead title={t('title')} text={t('text')}>
        {me.role === 'administrator' && (
          <Link to="/usage/reconciliation" className={`${classes['link']} ${classes['apart']}`}>
            {t('reconciliation')}
          </Link>
        )}
      </PageHead>
      <Usage
        me={me}
        view={view}
        onView={(next) => void navigate({ to: '/usage', search: searchOf(next, me.timeZone) })}
        renderLink={renderLink}
        renderView={(search, content, { className, isCurrent }) => (
          <Link to="/usage" search={search} className={className} aria-current={isCurrent ? 'true' : undefined}>
            {content}
          </Link>
        )}
      />
    </>
  );
}
