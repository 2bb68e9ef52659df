/** What a task is called and how it stands, in the words of the page. */
import type { Task } from '@patchbay/contract/tasks';
import { useTranslations } from 'use-intl';
import type { Tone } from '../../../ui/Status.tsx';

export const toneOf: Record<Task['state'], Tone> = { running: 'idle', done: 'ok', failed: 'bad', cancelled: 'off', interrupted: 'warn' };

/** Above this a count is one of bytes, and people read a share of those. */
const stepsMax = 100_000;

/** How many of the tested connections failed; for tasks of another kind 0. */
export const failedItems = (task: Task): number => {
  const items = task.result?.['items'];
  return Array.isArray(items) ? items.filter((item: { status?: unknown }) => item.status === 'failed').length : 0;
};

export function useTaskText() {
  const t = useTranslations('tasks');
  const nameOf = (task: Task): string => {
    if (task.kind === 'connection-tests') return t('kindTests', { count: task.progress.total ?? 0 });
    if (task.kind === 'model-pull') return t('kindPull', { name: task.title });
    return task.title || task.kind;
  };
  const progressOf = (task: Task): string => {
    const { done, total } = task.progress;
    if (task.kind === 'connection-tests') return t('testsDone', { done, total: total ?? 0, failed: failedItems(task) });
    if (total === null || total === 0) return t('unknown');
    return total < stepsMax ? t('steps', { done, total }) : t('percent', { share: done / total });
  };
  return { nameOf, progressOf };
}
