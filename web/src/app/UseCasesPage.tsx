/** `/admin/ai_use_cases`: every use case, for those who manage them. */
import { Button } from '@mantine/core';
import { useSuspenseQuery } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { useTranslations } from 'use-intl';
import { meQuery } from '../features/session/api/me.ts';
import { UseCases } from '../features/use-cases/components/UseCases.tsx';
import { PageHead } from '../ui/PageHead.tsx';
import { isAdministrator, mayManageUseCases } from './nav-entries.ts';

export function UseCasesPage() {
  const t = useTranslations('useCases');
  const navigate = useNavigate();
  const { data: me } = useSuspenseQuery(meQuery);
  const add = <Button renderRoot={(props) => <Link to="/admin/ai_use_cases/new" {...props} />}>{t('add')}</Button>;
  return (
    <>
      <PageHead title={t('title')} text={t('text')}>
        {mayManageUseCases(me) && (
          <>
            {isAdministrator(me) && (
              <Button
                variant="default"
                title={t('addTestHint')}
                renderRoot={(props) => <Link to="/admin/ai_use_cases/new" search={{ test: 'yes' }} {...props} />}
              >
                {t('addTest')}
              </Button>
            )}
            {add}
          </>
        )}
      </PageHead>
      <UseCases
        organization={me.organization.name}
        add={add}
        onEdit={(id) => void navigate({ to: '/admin/ai_use_cases/$id', params: { id } })}
      />
    </>
  );
}
