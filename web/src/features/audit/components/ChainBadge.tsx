/** Whether the audit log is whole: verified up to when, or what is wrong where. */
import type { AuditVerdict } from '@patchbay/client/audit';
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useFormatter, useLocale, useTranslations } from 'use-intl';
import { errorText } from '../../../lib/error-text.ts';
import { Notice } from '../../../ui/Notice.tsx';
import { Status } from '../../../ui/Status.tsx';
import { verdictQuery } from '../api/audit.ts';
import classes from './audit.module.css';

export function ChainBadge() {
  const t = useTranslations('audit');
  const format = useFormatter();
  const language = useLocale();
  const { data, error, isFetching, refetch } = useQuery(verdictQuery);
  const time = data ? format.dateTime(new Date(data.checkedAt), { dateStyle: 'medium', timeStyle: 'short' }) : '';
  return (
    <div className={classes['chain']}>
      <div className={classes['chainLine']}>
        {/* Before what it finds, whose length changes. */}
        <Button variant="default" size="compact-sm" loading={isFetching} onClick={() => void refetch()}>
          {t('chainVerify')}
        </Button>
        <output>
          {isFetching && <Status tone="idle" text={t('chainChecking')} />}
          {!isFetching && data?.isSound === true && <Status tone="ok" text={t('chainSound', { time })} />}
          {!isFetching && data?.isSound === false && <Status tone="bad" text={t('chainBroken')} />}
          {!isFetching && !data && <Status tone="off" text={t('chainUnknown')} />}
        </output>
        <span className={classes['hint']}>
          {data && t('chainFacts', { checked: data.checked })}
          {data && data.prefix > 0 && ` · ${t('chainPrefix', { count: data.prefix })}`}
          {!data && error && errorText(error, language)}
        </span>
      </div>
      {data?.fault && <Fault fault={data.fault} />}
    </div>
  );
}

function Fault({ fault: { kind, seq, untilSeq } }: { fault: NonNullable<AuditVerdict['fault']> }) {
  const t = useTranslations('audit');
  return (
    <Notice tone="bad" title={t('chainBroken')}>
      <p>{t(`fault.${kind}`, { seq: seq ?? 0, until: untilSeq ?? seq ?? 0 })}</p>
    </Notice>
  );
}
