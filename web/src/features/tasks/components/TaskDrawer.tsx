/** One task beside the list: how it stands and what happened on its way. Escape closes it, as any dialog of the browser's. */
import { CloseButton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { TaskLine } from '@patchbay/contract/tasks';
import type { Me } from '@patchbay/contract/people';
import { useEffect, useId, useRef } from 'react';
import { useFormatter, useTranslations } from 'use-intl';
import { Failure } from '../../../ui/Failure.tsx';
import { Loading } from '../../../ui/Loading.tsx';
import { Status } from '../../../ui/Status.tsx';
import { taskDetailQuery } from '../api/tasks.ts';
import { TaskDeeds } from './TaskDeeds.tsx';
import { toneOf, useTaskText } from './task-text.ts';
import classes from './TaskDrawer.module.css';

export function TaskDrawer({ id, me, onClose }: { id: string; me: Me; onClose: () => void }) {
  const t = useTranslations('tasks');
  const { nameOf, progressOf } = useTaskText();
  const { data: task, error, refetch } = useQuery(taskDetailQuery(id));
  const dialog = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} className={classes['drawer']} aria-labelledby={titleId} onClose={onClose}>
      <header className={classes['head']}>
        <h2 id={titleId}>{task ? nameOf(task) : t('one')}</h2>
        <CloseButton aria-label={t('close')} onClick={() => dialog.current?.close()} />
      </header>
      {!task && error && <Failure error={error} organization={me.organization.name} onRetry={() => void refetch()} />}
      {!task && !error && <Loading isAsked />}
      {task && (
        <>
          <p className={classes['standing']}>
            <Status tone={toneOf[task.state]} text={t(task.state)} />
            <span>{progressOf(task)}</span>
            <span>{task.startedBy.name}</span>
          </p>
          <p className={classes['deeds']}>
            <TaskDeeds task={task} />
          </p>
          <h3 className={classes['title']}>{t('log')}</h3>
          <ol className={classes['log']}>
            {numbered(task.log).map(({ key, line }) => (
              <Line key={key} line={line} />
            ))}
          </ol>
        </>
      )}
    </dialog>
  );
}

/** Two lines may say the same at the same moment; their places tell them apart. */
const numbered = (log: readonly TaskLine[]) => log.map((line, index) => ({ key: `${index} ${line.at}`, line }));

function Line({ line }: { line: TaskLine }) {
  const t = useTranslations('tasks.step');
  const format = useFormatter();
  const at = new Date(line.at);
  return (
    <li>
      <time dateTime={line.at} title={format.dateTime(at, { dateStyle: 'medium', timeStyle: 'long' })}>
        {format.dateTime(at, { timeStyle: 'medium' })}
      </time>
      <span>{line.step === 'note' ? line.text : t(line.step)}</span>
      {line.step !== 'note' && line.text !== null && <code>{line.text}</code>}
    </li>
  );
}
