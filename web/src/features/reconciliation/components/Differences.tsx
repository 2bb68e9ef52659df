/** Where a provider's account and our books differ: sums, how many of each cause, and every day of a key and model that does not agree. */
import { Button, NativeSelect, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { Me } from '@patchbay/contract/people';
import type { DifferenceCause, ReconciliationReport, UsageImport } from '@patchbay/contract/usage-imports';
import { useState } from 'react';
import { useFormatter, useLocale, useTranslations } from 'use-intl';
import { errorText } from '../../../lib/error-text.ts';
import { moneyText } from '../../../lib/money.ts';
import { DataTable } from '../../../ui/DataTable.tsx';
import { Failure } from '../../../ui/Failure.tsx';
import { Loading } from '../../../ui/Loading.tsx';
import { Notice } from '../../../ui/Notice.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { importQuery, reconciliationQuery, useImportDeeds } from '../api/imports.ts';
import classes from './Reconciliation.module.css';

const percent = /^(?:100|\d{1,2})(?:\.\d{1,3})?$/;

export function Differences({ file, me }: { file: UsageImport; me: Me }) {
  const t = useTranslations('reconciliation');
  const [typed, setTyped] = useState('1');
  const [tolerancePercent, setTolerance] = useState(1);
  const isOdd = !percent.test(typed);
  const found = useQuery(reconciliationQuery(file.id, { tolerancePercent }));
  return (
    <Panel title={t('of', { name: file.fileName })} text={t('utc')} takesFocus>
      <form
        className={classes['bring']}
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (!isOdd) setTolerance(Number(typed));
        }}
      >
        <TextInput
          label={t('tolerance')}
          description={t('toleranceText')}
          value={typed}
          onChange={({ currentTarget }) => setTyped(currentTarget.value)}
          error={isOdd ? t('toleranceOdd') : undefined}
          inputMode="decimal"
          autoComplete="off"
        />
        <Button type="submit" variant="default">
          {t('apply')}
        </Button>
        <Button
          component="a"
          variant="default"
          href={`api/usage-imports/${file.id}/reconciliation?format=csv&tolerancePercent=${tolerancePercent}`}
          download
        >
          {t('csv')}
        </Button>
      </form>
      <Keys file={file} />
      {found.isError && !found.data && (
        <Failure error={found.error} organization={me.organization.name} onRetry={() => void found.refetch()} />
      )}
      {found.isPending && <Loading />}
      {found.data && <Found report={found.data} />}
    </Panel>
  );
}

/** Which connection each of the file's keys belongs to; told apart are only keys that belong to one. */
function Keys({ file }: { file: UsageImport }) {
  const t = useTranslations('reconciliation');
  const language = useLocale();
  const { data } = useQuery(importQuery(file.id));
  const { mapKeys } = useImportDeeds();
  if (!data || data.keyNames.length === 0) return null;
  // What was chosen holds at once, so that the next key can be told while the one before is still being saved.
  const keys = mapKeys.isPending ? mapKeys.variables.keys : data.keys;
  const choose = (name: string, connectionId: string): void => {
    const { [name]: _, ...others } = keys;
    mapKeys.mutate({ id: file.id, keys: connectionId === '' ? others : { ...others, [name]: connectionId } });
  };
  return (
    <fieldset className={classes['keys']}>
      <legend>{t('keys')}</legend>
      <p className={classes['hint']}>{t('keysText')}</p>
      {data.keyNames.map((name) => (
        <NativeSelect key={name} label={name} value={keys[name] ?? ''} onChange={({ currentTarget }) => choose(name, currentTarget.value)}>
          <option value="">{t('noConnection')}</option>
          {data.connections.map((connection) => (
            <option key={connection.id} value={connection.id}>
              {connection.name}
            </option>
          ))}
        </NativeSelect>
      ))}
      {mapKeys.error && <Notice tone="bad">{errorText(mapKeys.error, language)}</Notice>}
    </fieldset>
  );
}

type Row = ReconciliationReport['differences'][number];

function Found({ report }: { report: ReconciliationReport }) {
  const t = useTranslations('reconciliation');
  const format = useFormatter();
  const isMoney = report.measure === 'cost';
  const figure = (side: Row['theirs']): string =>
    isMoney ? moneyText(format, Number(side.costUsd)) : t('tokens', { in: side.tokensIn, out: side.tokensOut });
  const told = (Object.keys(report.causes) as DifferenceCause[]).filter((cause) => report.causes[cause] > 0);
  return (
    <>
      <dl className={classes['sums']}>
        <div>
          <dt>{t('theirs')}</dt>
          <dd>{figure(report.theirs)}</dd>
        </div>
        <div>
          <dt>{t('ours')}</dt>
          <dd>{figure(report.ours)}</dd>
        </div>
        <div>
          <dt>{t('agreed')}</dt>
          <dd>{t('ofHowMany', { agreed: report.agreed, compared: report.compared })}</dd>
        </div>
      </dl>
      {told.length === 0 && <Notice tone="info">{t('allAgrees')}</Notice>}
      {told.length > 0 && (
        <ul className={classes['causes']}>
          {told.map((cause) => (
            <li key={cause}>
              <strong>{t('times', { cause: t(`cause.${cause}`), count: report.causes[cause] })}</strong> {t(`why.${cause}`)}
            </li>
          ))}
        </ul>
      )}
      {report.differences.length > 0 && (
        <DataTable
          label={t('differences', { count: report.differencesTotal })}
          rows={report.differences}
          keyOf={({ day, key, model }) => `${day} ${key} ${model}`}
          columns={[
            { key: 'day', head: t('day'), render: ({ day }) => day },
            {
              key: 'key',
              head: t('key'),
              render: ({ key, connections }) => key || connections.map(({ name }) => name ?? '—').join(', ') || '—',
            },
            { key: 'model', head: t('model'), render: ({ model }) => model || '—' },
            { key: 'theirs', head: t('theirs'), kind: 'number', render: ({ theirs }) => figure(theirs) },
            { key: 'ours', head: t('ours'), kind: 'number', render: ({ ours }) => figure(ours) },
            { key: 'cause', head: t('because'), render: ({ cause }) => t(`cause.${cause}`) },
          ]}
        />
      )}
      {report.differencesTotal > report.differences.length && (
        <p className={classes['hint']}>{t('more', { count: report.differences.length })}</p>
      )}
    </>
  );
}
