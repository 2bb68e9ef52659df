/** Tasks of everybody in rows: what, who, how far, since when. */
import { Button } from '@mantine/core';
import type { Task } from '@patchbay/contract/tasks';
import { useTranslations } from 'use-intl';
import { Status } from '../../../ui/Status.tsx';
import { When } from '../../../ui/When.tsx';
import { useCancelTask } from '../api/cancel-task.ts';
import { toneOf, useTaskText } from './task-text.ts';
import classes from './TaskTable.module.css';

/** What scrolls can be reached and moved by keyboard (WCAG 2.1.1). */
const reachable = { tabIndex: 0 };

export function TaskTable({ tasks }: { tasks: readonly Task[] | null }) {
  const t = useTranslations('tasks');
  if (tasks === null) return <output className={classes['blank']}>{t('loading')}</output>;
  if (tasks.length === 0) return <p className={classes['blank']}>{t('empty')}</p>;
  return (
    <section className={classes['place']} aria-label={t('title')} {...reachable}>
      <table className={classes['table']}>
        <thead>
          <tr>
            <th scope="col">{t('what')}</th>
            <th scope="col">{t('state')}</th>
            <th scope="col">{t('progress')}</th>
            <th scope="col">{t('who')}</th>
            <th scope="col">{t('begun')}</th>
            <th scope="col">{t('ended')}</th>
            <th scope="col">{t('actions')}</th>
          </tr>
        </thead>
        <tbody>
          {tasks.map((task) => (
            <Row key={task.id} task={task} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Row({ task }: { task: Task }) {
  const t = useTranslations('tasks');
  const { nameOf, progressOf } = useTaskText();
  const cancel = useCancelTask();
  const name = nameOf(task);
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>
        <Status tone={toneOf[task.state]} text={t(task.state)} />
      </td>
      <td className={classes['figures']}>{progressOf(task)}</td>
      <td>{task.startedBy.name}</td>
      <td>
        <When iso={task.createdAt} />
      </td>
      <td>{task.finishedAt === null ? '—' : <When iso={task.finishedAt} />}</td>
      <td>
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
      </td>
    </tr>
  );
}
