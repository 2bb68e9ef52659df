/** Tests every connection that is switched on as a task of the server: a reload, another tab and another page show the same progress. */
import { IconPlayerPlay } from '@tabler/icons-react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useLocale, useTranslations } from 'use-intl';
import { errorText } from '../lib/error-text.ts';
import { useAnnounce } from '../ui/Announcer.tsx';
import { Notice } from '../ui/Notice.tsx';
import { ReasonButton } from '../ui/ReasonButton.tsx';
import { useTestAll, useTestAllError } from '../features/tasks/api/test-all.ts';
import { tasksQuery } from '../features/tasks/api/tasks.ts';
import { failedItems } from '../features/tasks/components/task-text.ts';
import { noteChange } from '../features/models/api/changes.ts';
import { isToldBeside } from '../features/models/api/connection-tests.ts';
import { Progress } from '../features/models/components/BulkBar.tsx';

const testsKind = 'connection-tests';

function useLatestTests() {
  const { data = [] } = useQuery(tasksQuery);
  return data.find(({ kind }) => kind === testsKind) ?? null;
}

export function TestAll() {
  const t = useTranslations('bulk');
  const start = useTestAll();
  const task = useLatestTests();
  return (
    <ReasonButton
      variant="default"
      leftSection={<IconPlayerPlay size={16} stroke={1.75} aria-hidden="true" />}
      reason={start.isPending || task?.state === 'running' ? t('busy') : null}
      onClick={() => start.mutate()}
    >
      {t('testAll')}
    </ReasonButton>
  );
}

/** How far it is, and once what came of it: only of a test that this page saw running. */
export function TestAllReport() {
  const t = useTranslations('bulk');
  const announce = useAnnounce();
  const language = useLocale();
  const queryClient = useQueryClient();
  const refused = useTestAllError();
  const latest = useLatestTests();
  const task = latest !== null && isToldBeside(latest.id) ? null : latest;
  const [seen, setSeen] = useState<string | null>(null);
  const isRunning = task?.state === 'running';
  const failed = task ? failedItems(task) : 0;
  const done = task?.progress.done ?? 0;
  const finished = t('finished', { done: done - failed, failed });
  if (task && isRunning && seen !== task.id) setSeen(task.id);
  useEffect(() => {
    if (task && !isRunning && seen === task.id) {
      announce(finished);
      void noteChange(queryClient);
    }
  }, [task, isRunning, seen, finished, announce, queryClient]);
  if (refused !== null && !isRunning) return <Notice tone="bad">{errorText(refused, language)}</Notice>;
  if (!task || (!isRunning && seen !== task.id)) return null;
  const total = task.progress.total ?? 0;
  const text = isRunning ? t('testingAll', { total, done, failed }) : finished;
  return <Progress text={text} done={done} total={total} isRunning={isRunning} hasFailed={failed > 0} />;
}
