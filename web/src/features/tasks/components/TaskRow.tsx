/** One task: what it is, how far it is, and a way to end it. */
import type { Task } from '@patchbay/contract/tasks';
import { useTranslations } from 'use-intl';
import { Status } from '../../../ui/Status.tsx';
import { When } from '../../../ui/When.tsx';
import { TaskDeeds } from './TaskDeeds.tsx';
import { toneOf, useTaskText } from './task-text.ts';
import classes from './TaskRow.module.css';

export function TaskRow({ task }: { task: Task }) {
  const t = useTranslations('tasks');
  const { nameOf, progressOf } = useTaskText();
  const { done, total } = task.progress;
  const name = nameOf(task);
  return (
    <li className={classes['task']}>
      <div className={classes['head']}>
        <span className={classes['name']}>{name}</span>
        <Status tone={toneOf[task.state]} text={t(task.state)} />
      </div>
      {task.state === 'running' && (
        <progress className={classes['progress']} aria-label={name} max={total ?? undefined} value={total === null ? undefined : done} />
      )}
      <div className={classes['foot']}>
        <span>{progressOf(task)}</span>
        <When iso={task.finishedAt ?? task.createdAt} />
        <TaskDeeds task={task} />
      </div>
    </li>
  );
}
