/** `/admin/tasks`: the long work of everybody. */
import { useQuery, useSuspenseQuery } from '@tanstack/react-query';
import { useTranslations } from 'use-intl';
import { meQuery } from '../features/session/api/me.ts';
import { allTasksQuery } from '../features/tasks/api/tasks.ts';
import { TaskTable } from '../features/tasks/components/TaskTable.tsx';
import { usePageTitle } from '../lib/focus.ts';
import { Failure } from '../ui/Failure.tsx';

export function TasksPage() {
  const t = useTranslations();
  const heading = usePageTitle(t('nav.tasks'));
  const { data: me } = useSuspenseQuery(meQuery);
  const tasks = useQuery(allTasksQuery);
  return (
    <>
      <div className="pb-head">
        <h1 id="page-title" ref={heading} tabIndex={-1}>
          {t('nav.tasks')}
        </h1>
        <p className="pb-text">{t('tasks.description')}</p>
      </div>
      {tasks.isError && !tasks.data ? (
        <Failure error={tasks.error} organization={me.organization.name} onRetry={() => void tasks.refetch()} />
      ) : (
        <TaskTable tasks={tasks.data ?? null} />
      )}
    </>
  );
}
