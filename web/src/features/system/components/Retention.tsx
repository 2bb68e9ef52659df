/** How long rows of each kind are kept and what was removed last, and the form that changes the days. */
import { Button, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, type ReactNode } from 'react';
import { useLocale, useTranslations } from 'use-intl';
import { errorText } from '../../../lib/error-text.ts';
import { DataTable } from '../../../ui/DataTable.tsx';
import { Failure } from '../../../ui/Failure.tsx';
import { Loading } from '../../../ui/Loading.tsx';
import { Notice } from '../../../ui/Notice.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { ReasonButton } from '../../../ui/ReasonButton.tsx';
import { Status } from '../../../ui/Status.tsx';
import { When } from '../../../ui/When.tsx';
import { retentionQuery, type RetentionRow, type RetentionView } from '../api/retention.ts';
import classes from './Retention.module.css';
import { useRetentionForm, type RetentionForm } from './use-retention-form.ts';

/** `history` is the way to what was said before. */
export function Retention({ organization, history }: { organization: string; history: ReactNode }) {
  const t = useTranslations('system');
  const { data, error, refetch } = useQuery(retentionQuery);
  if (!data && error) return <Failure error={error} organization={organization} onRetry={() => void refetch()} />;
  return (
    <Panel title={t('retention')} text={t('retentionText')} aside={history}>
      {data ? <Form of={data} /> : <Loading />}
    </Panel>
  );
}

/** What the rows are called; a kind that this page does not know yet goes by its own name. */
function useNounName(): (noun: string) => string {
  const t = useTranslations('system');
  const names = t as ((key: string) => string) & { has(key: string): boolean };
  return (noun) => (names.has(`rows.${noun}`) ? names(`rows.${noun}`) : noun.replaceAll('-', ' '));
}

function Form({ of }: { of: RetentionView }) {
  const t = useTranslations('system');
  const language = useLocale();
  const nameOf = useNounName();
  const element = useRef<HTMLFormElement>(null);
  const form = useRetentionForm(of, element);
  return (
    <form ref={element} className={classes['form']} data-wide onSubmit={form.submit} noValidate autoComplete="off">
      {form.error !== null && <Notice tone="bad">{errorText(form.error, language)}</Notice>}
      <DataTable
        label={t('retention')}
        rows={of.rows}
        keyOf={({ noun }) => noun}
        columns={[
          { key: 'noun', head: t('rowsHead'), render: ({ noun }) => nameOf(noun) },
          { key: 'days', head: t('daysKept'), render: (row) => <Days row={row} name={nameOf(row.noun)} form={form} /> },
          { key: 'bounds', head: t('daysAllowed'), render: (row) => <Bounds row={row} /> },
          { key: 'last', head: t('removedLast'), render: ({ lastRun }) => <LastRun of={lastRun} /> },
        ]}
      />
      <Conflict form={form} nameOf={nameOf} />
      {form.conflict === null && (
        <div>
          <ReasonButton type="submit" data-writes loading={form.isPending} reason={form.isEdited ? null : t('retentionSame')}>
            {t('retentionSave')}
          </ReasonButton>
        </div>
      )}
    </form>
  );
}

function Days({ row, name, form }: { row: RetentionRow; name: string; form: RetentionForm }) {
  const t = useTranslations('system');
  const { noun, days, daysMin, daysMax, origin, settingName } = row;
  if (origin === 'environment')
    return (
      <span className={classes['fixed']}>
        {t('daysNamed', { days })} <span className={classes['quiet']}>{t('setBy', { name: settingName })}</span>
      </span>
    );
  return (
    <TextInput
      className={classes['days']}
      aria-label={t('daysOf', { name })}
      value={form.edits[noun] ?? String(days)}
      error={form.isWrong(noun) ? t('daysFault', { min: daysMin, max: daysMax }) : undefined}
      inputMode="numeric"
      onChange={({ currentTarget }) => form.edit(noun, currentTarget.value)}
    />
  );
}

function Bounds({ row: { daysMin, daysMax, daysDefault, mayBeForever } }: { row: RetentionRow }) {
  const t = useTranslations('system');
  return (
    <span className={classes['quiet']}>
      {t(mayBeForever ? 'daysBoundsOrForever' : 'daysBounds', { min: daysMin, max: daysMax, default: daysDefault })}
    </span>
  );
}

function LastRun({ of }: { of: RetentionRow['lastRun'] }) {
  const t = useTranslations('system');
  if (of === null) return <span className={classes['quiet']}>{t('neverRemoved')}</span>;
  return (
    <span className={classes['last']}>
      <span>
        {t('removed', { count: of.removed })} · <When iso={of.at} />
      </span>
      <span className={classes['quiet']}>{t('removedTotal', { count: of.removedTotal })}</span>
      {of.isBehind && <Status tone="warn" text={t('isBehind')} />}
    </span>
  );
}

/** Another administrator saved the same rows first: whose days stay is asked. */
function Conflict({ form, nameOf }: { form: RetentionForm; nameOf: (noun: string) => string }) {
  const t = useTranslations('conflict');
  const days = useTranslations('system');
  const title = useRef<HTMLHeadingElement>(null);
  const { conflict } = form;
  const revision = conflict?.current.revision;
  useEffect(() => {
    if (revision !== undefined) title.current?.focus();
  }, [revision]);
  if (!conflict) return null;
  return (
    <section className={classes['conflict']} aria-labelledby="retention-conflict">
      <h3 id="retention-conflict" ref={title} tabIndex={-1}>
        {conflict.changedBy === null ? t('title') : t('titleBy', { name: conflict.changedBy.name })}
      </h3>
      <p>{t('text')}</p>
      <ul>
        {conflict.rows.map(({ row, theirs, mine }) => (
          <li key={row.noun}>{days('contested', { name: nameOf(row.noun), theirs, mine })}</li>
        ))}
      </ul>
      <div className={classes['buttons']}>
        <Button variant="default" onClick={form.discard}>
          {t('reload')}
        </Button>
        <Button loading={form.isPending} onClick={form.overwrite}>
          {t('overwrite')}
        </Button>
      </div>
    </section>
  );
}
