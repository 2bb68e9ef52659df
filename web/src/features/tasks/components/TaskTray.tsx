/** One's own tasks, out of the way until they are wanted; the count of running ones stands on the button. */
import { IconListCheck } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { Task } from '@patchbay/contract/tasks';
import { useEffect, useRef } from 'react';
import { useTranslations } from 'use-intl';
import { useAnnounce } from '../../../ui/Announcer.tsx';
import { Counted } from '../../../ui/Counted.tsx';
import opener from '../../../ui/Counted.module.css';
import { tasksQuery } from '../api/tasks.ts';
import { TaskRow } from './TaskRow.tsx';
import { useTaskText } from './task-text.ts';
import classes from './TaskTray.module.css';

export function TaskTray() {
  const t = useTranslations('tasks');
  const { data: tasks = [] } = useQuery(tasksQuery);
  const running = tasks.filter(({ state }) => state === 'running').length;
  useAnnouncedEnds(tasks);
  const label = t('tray', { count: running });
  return (
    <>
      <button type="button" className={opener['opener']} popoverTarget="task-panel" aria-label={label} title={label}>
        <Counted icon={IconListCheck} count={running} />
      </button>
      <section id="task-panel" popover="auto" aria-label={t('own')} className={classes['panel']}>
        <h2 className={classes['title']}>{t('own')}</h2>
        {tasks.length === 0 ? (
          <p className={classes['empty']}>{t('empty')}</p>
        ) : (
          <ul className={classes['list']}>
            {tasks.map((task) => (
              <TaskRow key={task.id} task={task} />
            ))}
          </ul>
        )}
      </section>
    </>
  );
}

/** Says once that a task has ended, to those who do not see the count go. */
function useAnnouncedEnds(tasks: readonly Task[]): void {
  const t = useTranslations('tasks');
  const announce = useAnnounce();
  const { nameOf, progressOf } = useTaskText();
  const ran = useRef(new Set<string>());
  useEffect(() => {
    for (const task of tasks) {
      if (task.state === 'running') ran.current.add(task.id);
      else if (ran.current.delete(task.id)) announce(`${nameOf(task)}: ${t(task.state)}. ${progressOf(task)}`);
    }
  });
}
