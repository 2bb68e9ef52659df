/** What one can ask of this task now; what its kind cannot do is not offered. */
import { Button } from '@mantine/core';
import type { Task } from '@patchbay/contract/tasks';
import { useLocale, useTranslations } from 'use-intl';
import { errorText } from '../../../lib/error-text.ts';
import { Notice } from '../../../ui/Notice.tsx';
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
  const language = useLocale();
  const { mutate, isPending, variables, error } = useTaskWish();
  const isAsked = { pause: task.isPauseAsked, resume: false, cancel: task.isCancelAsked && task.state === 'running' };
  if (fileOf(task).isKept) return <ExportFile task={task} />;
  const wishes = wishesOf(task);
  const buttons = wishes.map((wish) => (
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
  return (
    <>
      {buttons}
      {/* A task that is over says so itself. */}
      {error !== null && wishes.length > 0 && <Notice tone="bad">{errorText(error, language)}</Notice>}
    </>
  );
}
