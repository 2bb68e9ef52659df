/** Long work in a list that can be narrowed, and one of it opened. Administrators see everybody's. */
import { NativeSelect } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { TaskState } from '@patchbay/contract/tasks';
import type { Me } from '@patchbay/contract/people';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { Empty } from '../../../ui/Empty.tsx';
import { Failure } from '../../../ui/Failure.tsx';
import { Loading } from '../../../ui/Loading.tsx';
import { taskListQuery, type TaskView } from '../api/tasks.ts';
import { taskKinds, toneOf } from './task-text.ts';
import { TaskDrawer } from './TaskDrawer.tsx';
import { TaskTable } from './TaskTable.tsx';
import classes from './Tasks.module.css';

export function Tasks({ me }: { me: Me }) {
  const t = useTranslations('tasks');
  const mayAll = me.role === 'administrator';
  const [view, setView] = useState<TaskView>({ scope: mayAll ? 'all' : 'own' });
  const [openId, setOpenId] = useState<string | null>(null);
  const tasks = useQuery(taskListQuery(view));
  const narrowState = (value: string): void => setView({ ...view, state: value === '' ? undefined : (value as TaskState) });
  const narrowKind = (value: string): void => setView({ ...view, kind: value === '' ? undefined : value });
  return (
    <>
      <div className={classes['filters']}>
        {mayAll && (
          <NativeSelect
            label={t('whose')}
            value={view.scope}
            onChange={({ currentTarget }) => setView({ ...view, scope: currentTarget.value as TaskView['scope'] })}
          >
            <option value="all">{t('everybody')}</option>
            <option value="own">{t('mine')}</option>
          </NativeSelect>
        )}
        <NativeSelect label={t('state')} value={view.state ?? ''} onChange={({ currentTarget }) => narrowState(currentTarget.value)}>
          <option value="">{t('any')}</option>
          {(Object.keys(toneOf) as TaskState[]).map((state) => (
            <option key={state} value={state}>
              {t(state)}
            </option>
          ))}
        </NativeSelect>
        <NativeSelect label={t('kind')} value={view.kind ?? ''} onChange={({ currentTarget }) => narrowKind(currentTarget.value)}>
          <option value="">{t('any')}</option>
          {taskKinds.map((kind) => (
            <option key={kind} value={kind}>
              {t(`of.${kind}`)}
            </option>
          ))}
        </NativeSelect>
      </div>
      {tasks.isError && !tasks.data && (
        <Failure error={tasks.error} organization={me.organization.name} onRetry={() => void tasks.refetch()} />
      )}
      {tasks.isPending && <Loading />}
      {tasks.data?.length === 0 && <Empty title={t('none')} text={t('empty')} />}
      {tasks.data && tasks.data.length > 0 && <TaskTable tasks={tasks.data} onOpen={setOpenId} />}
      {openId !== null && <TaskDrawer key={openId} id={openId} me={me} onClose={() => setOpenId(null)} />}
    </>
  );
}
