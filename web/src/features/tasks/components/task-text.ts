/** What a task is called and how it stands, in the words of the page. */
import type { Task } from '@patchbay/contract/tasks';
import { useFormatter, useTranslations } from 'use-intl';
import type { Tone } from '../../../ui/Status.tsx';

export const toneOf: Record<Task['state'], Tone> = {
  running: 'idle',
  paused: 'off',
  done: 'ok',
  failed: 'bad',
  cancelled: 'off',
  interrupted: 'warn',
};

/** Kinds that have words of their own. */
export const taskKinds = ['connection-tests', 'model-pull', 'reprice', 'usage-import', 're-encryption'] as const;
type Kind = (typeof taskKinds)[number];
const isKind = (kind: string): kind is Kind => (taskKinds as readonly string[]).includes(kind);

/** Above this a count is one of bytes, and people read a share of those. */
const stepsMax = 100_000;

/** How many of the tested connections failed; for tasks of another kind 0. */
export const failedItems = (task: Task): number => {
  const items = task.result?.['items'];
  return Array.isArray(items) ? items.filter((item: { status?: unknown }) => item.status === 'failed').length : 0;
};

export function useTaskText() {
  const t = useTranslations('tasks');
  const format = useFormatter();
  const nameOf = ({ kind, title, progress }: Task): string =>
    isKind(kind) ? t(`name.${kind}`, { count: progress.total ?? 0, name: title }) : title || kind;
  const progressOf = (task: Task): string => {
    const { done, total } = task.progress;
    if (task.kind === 'connection-tests') return t('testsDone', { done, total: total ?? 0, failed: failedItems(task) });
    if (total === null || total === 0) return task.state === 'running' ? t('unknown') : '—';
    return total < stepsMax && task.kind !== 'usage-import'
      ? t('steps', { done, total })
      : format.number(done / total, { style: 'percent', maximumFractionDigits: 0 });
  };
  return { nameOf, progressOf };
}
