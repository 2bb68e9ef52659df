/** What one can ask of this task now; what its kind cannot do is not offered. */
import { Button } from '@mantine/core';
import type { Task } from '@patchbay/contract/tasks';
import { useTranslations } from 'use-intl';
import { useTaskWish, type TaskWish } from '../api/task-wish.ts';
import { ExportFile } from './ExportFile.tsx';
import { fileOf, useTaskText } from './task-text.ts';

const named = { pause: 'pauseNamed', resume: 'resumeNamed', cancel: 'cancelNamed' } as const;

const wishesOf = (task: Task): TaskWish[] => {
  if (task.state === 'paused') return ['resume', 'cancel'];
  if (task.state !== 'running') return [];
  return task.canPause ? ['pause', 'cancel'] : ['cancel'];
};

export function TaskDeeds({ task }: { task: Task }) {
  const t = useTranslations('tasks');
  const { nameOf } = useTaskText();
  const { mutate, isPending, variables } = useTaskWish();
  const isAsked = { pause: task.isPauseAsked, resume: false, cancel: task.isCancelAsked && task.state === 'running' };
  if (fileOf(task).isKept) return <ExportFile task={task} />;
  return wishesOf(task).map((wish) => (
    <Button
      key={wish}
      size="compact-xs"
      variant="default"
      data-writes
      aria-label={t(named[wish], { name: nameOf(task) })}
      loading={(isPending && variables.wish === wish) || isAsked[wish]}
      onClick={() => mutate({ id: task.id, wish })}
    >
      {t(wish)}
    </Button>
  ));
}
