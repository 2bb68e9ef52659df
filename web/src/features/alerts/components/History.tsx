/** Alerts that are over, the newest first, as many as one asks for. */
import type { AlertSeverityName } from '@patchbay/contract/alerts';
import type { Me } from '@patchbay/contract/people';
import { Button, NativeSelect } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { Empty } from '../../../ui/Empty.tsx';
import { Failure } from '../../../ui/Failure.tsx';
import { Loading } from '../../../ui/Loading.tsx';
import { historyQuery } from '../api/alerts.ts';
import { severityNames } from './alert-words.ts';
import { HistoryTable } from './AlertTables.tsx';
import classes from './alerts.module.css';

export function History({ me }: { me: Me }) {
  const t = useTranslations('alerts');
  const [severity, setSeverity] = useState<'' | AlertSeverityName>('');
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(historyQuery(severity));
  const alerts = data?.pages.flatMap((page) => page.data) ?? [];
  return (
    <div className="pb-sections">
      <NativeSelect
        className={classes['filter']}
        label={t('severity')}
        value={severity}
        onChange={(event) => setSeverity(event.currentTarget.value as typeof severity)}
        data={[{ value: '', label: t('severityAny') }, ...severityNames.map((value) => ({ value, label: t(`severityOf.${value}`) }))]}
      />
      {!data && error && <Failure error={error} organization={me.organization.name} onRetry={() => void refetch()} />}
      {!data && !error && <Loading />}
      {data && alerts.length === 0 && <Empty title={t('historyEmptyTitle')} text={t('historyEmptyText')} />}
      {alerts.length > 0 && <HistoryTable alerts={alerts} />}
      {hasNextPage && (
        <div>
          <Button variant="default" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            {t('older')}
          </Button>
        </div>
      )}
    </div>
  );
}
