/** `/admin/tasks`: long work, one's own or everybody's. */
import { useSuspenseQuery } from '@tanstack/react-query';
import { useTranslations } from 'use-intl';
import { meQuery } from '../features/session/api/me.ts';
import { Tasks } from '../features/tasks/components/Tasks.tsx';
import { PageHead } from '../ui/PageHead.tsx';

export function TasksPage() {
  const t = useTranslations();
  const { data: me } = useSuspenseQuery(meQuery);
  return (
    <>
      <PageHead title={t('nav.tasks')} text={t('tasks.description')} />
      <Tasks me={me} />
    </>
  );
}
