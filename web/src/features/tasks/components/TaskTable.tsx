/** Tasks in rows: what, who, how far, since when and for how long; the name opens what is kept of its way. */
import type { Task } from '@patchbay/contract/tasks';
import { useTranslations } from 'use-intl';
import { DataTable } from '../../../ui/DataTable.tsx';
import { Status } from '../../../ui/Status.tsx';
import { When } from '../../../ui/When.tsx';
import { TaskDeeds } from './TaskDeeds.tsx';
import { toneOf, useTaskText } from './task-text.ts';
import classes from './TaskTable.module.css';

const minuteS = 60;

/** `1:05:09`, in no language. */
function tookText(task: Task): string {
  if (task.finishedAt === null) return '—';
  const seconds = Math.round((Date.parse(task.finishedAt) - Date.parse(task.createdAt)) / 1000);
  const two = (value: number): string => String(value).padStart(2, '0');
  const hours = Math.floor(seconds / minuteS / minuteS);
  const clock = `${two(Math.floor(seconds / minuteS) % minuteS)}:${two(seconds % minuteS)}`;
  return hours === 0 ? clock : `${hours}:${clock}`;
}

export function TaskTable({ tasks, onOpen }: { tasks: readonly Task[]; onOpen: (id: string) => void }) {
  const t = useTranslations('tasks');
  const { nameOf, progressOf } = useTaskText();
  return (
    <DataTable
      label={t('title')}
      rows={tasks}
      keyOf={({ id }) => id}
      columns={[
        {
          key: 'what',
          head: t('what'),
          render: (task) => (
            <button type="button" className={classes['name']} onClick={() => onOpen(task.id)}>
              {nameOf(task)}
            </button>
          ),
        },
        { key: 'state', head: t('state'), render: (task) => <Status tone={toneOf[task.state]} text={t(task.state)} /> },
        { key: 'progress', head: t('progress'), kind: 'number', render: progressOf },
        { key: 'who', head: t('who'), render: (task) => task.startedBy.name },
        { key: 'begun', head: t('begun'), render: (task) => <When iso={task.createdAt} /> },
        { key: 'took', head: t('took'), kind: 'number', render: tookText },
        {
          key: 'actions',
          head: t('actions'),
          kind: 'actions',
          render: (task) => (
            <span className={classes['deeds']}>
              <TaskDeeds task={task} />
            </span>
          ),
        },
      ]}
    />
  );
}
