/** The master keys by version and age, and the re-encryption of everything that is sealed. */
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { System } from '@patchbay/contract/system';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { Confirm } from '../../../ui/Confirm.tsx';
import { DataTable } from '../../../ui/DataTable.tsx';
import { Notice } from '../../../ui/Notice.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { Status } from '../../../ui/Status.tsx';
import { When } from '../../../ui/When.tsx';
import { reencryptionQuery, useReencrypt } from '../api/system.ts';
import classes from './System.module.css';

const tones = { active: 'ok', pending: 'idle', decrypt_only: 'warn', retired: 'off' } as const;

export function Encryption({ facts }: { facts: System['encryption'] }) {
  const t = useTranslations('system');
  const [isAsking, setAsking] = useState(false);
  const start = useReencrypt();
  const { data: task } = useQuery(reencryptionQuery(facts.taskId));
  const mayStart = (facts.isKeptHere || facts.isUnfinished) && facts.taskId === null;
  const { done = 0, total = null } = task?.progress ?? {};
  return (
    <Panel
      title={t('encryption')}
      text={t(facts.isKeptHere ? 'keptHere' : 'keptOutside')}
      aside={
        mayStart && (
          <Button variant="default" data-writes onClick={() => setAsking(true)}>
            {t(facts.isUnfinished ? 'finish' : 'rotate')}
          </Button>
        )
      }
    >
      {facts.isUnfinished && facts.taskId === null && <Notice tone="warn">{t('unfinished')}</Notice>}
      {facts.taskId !== null && (
        <p className={classes['running']}>
          <span>{total === null ? t('beginning') : t('resealed', { done, total })}</span>
          <progress aria-label={t('encryption')} max={total ?? undefined} value={total === null ? undefined : done} />
        </p>
      )}
      <DataTable
        label={t('keys')}
        rows={facts.keys}
        keyOf={({ version }) => String(version)}
        isQuiet={({ status }) => status === 'retired'}
        columns={[
          { key: 'version', head: t('keyVersion'), render: ({ version }) => t('keyNumber', { version }) },
          { key: 'check', head: t('check'), render: ({ check }) => <code>{check}</code> },
          { key: 'status', head: t('state'), render: ({ status }) => <Status tone={tones[status]} text={t(`is.${status}`)} /> },
          { key: 'age', head: t('since'), render: ({ createdAt }) => <When iso={createdAt} /> },
        ]}
      />
      <Confirm
        isOpen={isAsking}
        title={t('rotateTitle')}
        cancelLabel={t('notNow')}
        confirmLabel={t(facts.isUnfinished ? 'finish' : 'rotate')}
        isPending={start.isPending}
        error={start.error}
        onConfirm={() => start.mutate(undefined, { onSuccess: () => setAsking(false) })}
        onClose={() => setAsking(false)}
      >
        <p>{t('rotateText')}</p>
      </Confirm>
    </Panel>
  );
}
