/** Providers' own accounts beside our books: files are brought, one is chosen, and where the two differ is shown. */
import { Button, FileInput } from '@mantine/core';
import { IconFileUpload } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { Me } from '@patchbay/contract/people';
import type { UsageImport } from '@patchbay/contract/usage-imports';
import { useState } from 'react';
import { useFormatter, useLocale, useTranslations } from 'use-intl';
import { errorText } from '../../../lib/error-text.ts';
import { DeedQuestion } from '../../../ui/DeedQuestion.tsx';
import { DataTable } from '../../../ui/DataTable.tsx';
import { Empty } from '../../../ui/Empty.tsx';
import { Failure } from '../../../ui/Failure.tsx';
import { Loading } from '../../../ui/Loading.tsx';
import { Notice } from '../../../ui/Notice.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { Status } from '../../../ui/Status.tsx';
import { importsQuery, useImportDeeds } from '../api/imports.ts';
import { Differences } from './Differences.tsx';
import classes from './Reconciliation.module.css';

const tones = { reading: 'idle', ready: 'ok', refused: 'bad' } as const;

export function Reconciliation({ me }: { me: Me }) {
  const t = useTranslations('reconciliation');
  const imports = useQuery(importsQuery);
  const [chosenId, setChosenId] = useState<string | null>(null);
  const chosen = imports.data?.find(({ id }) => id === chosenId);
  return (
    <>
      <Bring onTaken={setChosenId} />
      {imports.isError && !imports.data && (
        <Failure error={imports.error} organization={me.organization.name} onRetry={() => void imports.refetch()} />
      )}
      {imports.isPending && <Loading />}
      {imports.data?.length === 0 && <Empty title={t('none')} text={t('noneText')} />}
      {imports.data && imports.data.length > 0 && <Files rows={imports.data} onChoose={setChosenId} />}
      {chosen?.state === 'ready' && <Differences key={chosen.id} file={chosen} me={me} />}
    </>
  );
}

function Bring({ onTaken }: { onTaken: (id: string) => void }) {
  const t = useTranslations('reconciliation');
  const language = useLocale();
  const { take } = useImportDeeds();
  const [file, setFile] = useState<File | null>(null);
  const [isMissing, setMissing] = useState(false);
  const send = (): void => {
    setMissing(file === null);
    if (file) take.mutate(file, { onSuccess: ({ id }) => (onTaken(id), setFile(null)) });
  };
  return (
    <Panel title={t('bring')} text={t('bringText')}>
      <form
        className={classes['bring']}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          send();
        }}
      >
        <FileInput
          className={classes['file']}
          label={t('file')}
          placeholder={t('choose')}
          leftSection={<IconFileUpload size={16} stroke={1.75} aria-hidden="true" />}
          leftSectionPointerEvents="none"
          accept=".csv,.json,text/csv,application/json"
          value={file}
          onChange={setFile}
          error={isMissing && file === null ? t('fileMissing') : undefined}
          clearable
          clearButtonProps={{ 'aria-label': t('clear') }}
        />
        <Button type="submit" data-writes loading={take.isPending}>
          {t('import')}
        </Button>
      </form>
      {take.error && <Notice tone="bad">{errorText(take.error, language)}</Notice>}
    </Panel>
  );
}

function Files({ rows, onChoose }: { rows: readonly UsageImport[]; onChoose: (id: string) => void }) {
  const t = useTranslations('reconciliation');
  const format = useFormatter();
  const { remove } = useImportDeeds();
  const [gone, setGone] = useState<UsageImport | null>(null);
  return (
    <div className={classes['part']}>
      <DataTable
        label={t('files')}
        rows={rows}
        keyOf={({ id }) => id}
        columns={[
          { key: 'file', head: t('file'), render: (row) => <span className={classes['fileName']}>{row.fileName}</span> },
          { key: 'kind', head: t('kind'), render: (row) => (row.format === null ? '—' : t(`format.${row.format}`)) },
          {
            key: 'days',
            head: t('days'),
            render: (row) => <span className={classes['days']}>{row.from === null ? '—' : `${row.from} – ${row.to}`}</span>,
          },
          { key: 'lines', head: t('lines'), kind: 'number', render: (row) => format.number(row.lines) },
          { key: 'state', head: t('state'), render: (row) => <State row={row} /> },
          {
            key: 'actions',
            head: t('actions'),
            kind: 'actions',
            render: (row) => (
              <span className={classes['deeds']}>
                {row.state === 'ready' && (
                  <Button
                    size="compact-xs"
                    variant="default"
                    aria-label={t('compareNamed', { name: row.fileName })}
                    onClick={() => onChoose(row.id)}
                  >
                    {t('compare')}
                  </Button>
                )}
                <Button
                  size="compact-xs"
                  variant="default"
                  color="red"
                  data-writes
                  aria-label={t('removeNamed', { name: row.fileName })}
                  onClick={() => setGone(row)}
                >
                  {t('remove')}
                </Button>
              </span>
            ),
          },
        ]}
      />
      <DeedQuestion
        of={gone}
        change={remove}
        inputOf={({ id }) => id}
        title={({ fileName }) => t('removeTitle', { name: fileName })}
        text={() => t('removeText')}
        cancelLabel={t('keep')}
        confirmLabel={t('remove')}
        onClose={() => setGone(null)}
      />
    </div>
  );
}

/** A file that was refused says where and why; nobody has to look for it. */
function State({ row }: { row: UsageImport }) {
  const t = useTranslations('reconciliation');
  const { fault } = row;
  return (
    <>
      <Status tone={tones[row.state]} text={t(`is.${row.state}`)} />
      {fault && (
        <span className={classes['fault']}>
          {t(`fault.${fault.code}`)} {fault.line !== null && t('place', { line: fault.line, column: fault.column ?? '—' })}
        </span>
      )}
    </>
  );
}
