/** `/policies`: what binds the workspace that is shown, by level, and what was found. */
import { Button } from '@mantine/core';
import { useSuspenseQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useTranslations } from 'use-intl';
import { Policies } from '../features/policies/components/Policies.tsx';
import { meQuery } from '../features/session/api/me.ts';
import { useWorkspace } from '../lib/choices.ts';
import { Empty } from '../ui/Empty.tsx';
import { PageHead } from '../ui/PageHead.tsx';
import { isAdministrator } from './nav-entries.ts';

export function PoliciesPage() {
  const t = useTranslations('policies');
  const { data: me } = useSuspenseQuery(meQuery);
  const workspace = useWorkspace(me);
  const maySee = isAdministrator(me) || workspace?.role === 'ADMIN';
  if (!maySee)
    return (
      <>
        <PageHead title={t('title')} />
        <Empty title={t('closedTitle')} text={t('closedText', { name: workspace?.name ?? me.organization.name })} />
      </>
    );
  const add = <Button renderRoot={(props) => <Link to="/policies/new" {...props} />}>{t('add')}</Button>;
  return (
    <>
      <PageHead title={t('title')} text={t('text')}>
        {add}
      </PageHead>
      <Policies key={workspace?.id ?? ''} me={me} workspace={workspace} add={add} />
    </>
  );
}
