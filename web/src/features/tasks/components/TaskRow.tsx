/** One task: what it is, how far it is, and a way to end it. */
import { Button } from '@mantine/core';
import type { Task } from '@patchbay/contract/tasks';
import { useTranslations } from 'use-intl';
import { Status } from '../../../ui/Status.tsx';
import { When } from '../../../ui/When.tsx';
import { useCancelTask } from '../api/cancel-task.ts';
import { toneOf, useTaskText } from './task-text.ts';
import classes from './TaskRow.module.css';

export function TaskRow({ task }: { task: Task }) {
  const t = useTranslations('tasks');
  const { nameOf, progressOf } = useTaskText();
  const cancel = useCancelTask();
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
        {task.state === 'running' && (
          <Button
            size="compact-xs"
            variant="default"
            data-writes
            aria-label={t('cancelNamed', { name })}
            loading={cancel.isPending || task.isCancelAsked}
            onClick={() => cancel.mutate(task.id)}
          >
            {t('cancel')}
          </Button>
        )}
      </div>
    </li>
  );
}
