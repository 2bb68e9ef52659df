/** What a task is called and how it stands, in the words of the page. */
import type { ExportOutcome } from '@patchbay/client/exports';
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
export const taskKinds = ['connection-tests', 'model-pull', 'reprice', 'usage-import', 're-encryption', 'export'] as const;
type Kind = (typeof taskKinds)[number];
const isKind = (kind: string): kind is Kind => (taskKinds as readonly string[]).includes(kind);

/** Above this a count is one of bytes, and people read a share of those. */
const stepsMax = 100_000;
/** Kinds of which people read a share, however little there is. */
const shares: ReadonlySet<string> = new Set(['usage-import', 'export']);

/** How many of the tested connections failed; for tasks of another kind 0. */
export const failedItems = (task: Task): number => {
  const items = task.result?.['items'];
  return Array.isArray(items) ? items.filter((item: { status?: unknown }) => item.status === 'failed').length : 0;
};

/** What is known of the file that an export writes; for tasks of another kind nothing. */
export function fileOf({ kind, state, result }: Task): { rows: number; isCut: boolean; expiresAt: Date | null; isKept: boolean } {
  const { rows = 0, isCut = false, expiresAt = null } = (kind === 'export' ? (result ?? {}) : {}) as Partial<ExportOutcome>;
  const until = expiresAt === null ? null : new Date(expiresAt);
  return { rows, isCut, expiresAt: until, isKept: state === 'done' && until !== null && until.getTime() > Date.now() };
}

export function useTaskText() {
  const t = useTranslations('tasks');
  const format = useFormatter();
  const nameOf = ({ kind, title, progress }: Task): string =>
    isKind(kind) ? t(`name.${kind}`, { count: progress.total ?? 0, name: title }) : title || kind;
  const exportText = (task: Task): string => {
    const { rows, isCut, isKept, expiresAt } = fileOf(task);
    const rowsText = t(isCut ? 'rowsCut' : 'rows', { rows });
    return isKept && expiresAt ? t('rowsUntil', { rows: rowsText, date: format.dateTime(expiresAt, { dateStyle: 'medium' }) }) : rowsText;
  };
  const progressOf = (task: Task): string => {
    const { done, total } = task.progress;
    if (task.kind === 'connection-tests') return t('testsDone', { done, total: total ?? 0, failed: failedItems(task) });
    if (task.kind === 'export' && task.state === 'done') return exportText(task);
    if (total === null || total === 0) return task.state === 'running' ? t('unknown') : '—';
    return total < stepsMax && !shares.has(task.kind)
      ? t('steps', { done, total })
      : format.number(done / total, { style: 'percent', maximumFractionDigits: 0 });
  };
  return { nameOf, progressOf };
}
