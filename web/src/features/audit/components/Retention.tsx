/** How long audit entries are kept, for administrators. */
import { NativeSelect } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useLocale, useTranslations } from 'use-intl';
import { errorText } from '../../../lib/error-text.ts';
import { useAnnounce } from '../../../ui/Announcer.tsx';
import { Notice } from '../../../ui/Notice.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { ReasonButton } from '../../../ui/ReasonButton.tsx';
import { auditSettingsQuery, useChangeAuditSettings } from '../api/audit.ts';
import { HistoryButton } from './History.tsx';
import classes from './audit.module.css';

const choices = [30, 90, 180, 365, 1095, 3650];

export function Retention({ organization }: { organization: { id: string; name: string } }) {
  const t = useTranslations('audit');
  const language = useLocale();
  const announce = useAnnounce();
  const { data } = useQuery(auditSettingsQuery);
  const [chosen, setChosen] = useState<string | null>(null);
  const change = useChangeAuditSettings();
  if (!data) return null;
  const saved = data.days === null ? '' : String(data.days);
  const days = [...new Set([...choices, ...(data.days === null ? [] : [data.days])])].toSorted((a, b) => a - b);
  const save = (): void => {
    const value = chosen ?? saved;
    change.mutate(value === '' ? null : Number(value), {
      onSuccess: () => {
        setChosen(null);
        announce(t('retentionSaved'));
      },
    });
  };
  return (
    <Panel
      title={t('retention')}
      text={t('retentionText')}
      aside={<HistoryButton type="retention" id={organization.id} name={t('retention')} organization={organization.name} place="panel" />}
    >
      {change.error && <Notice tone="bad">{errorText(change.error, language)}</Notice>}
      <div className={classes['retention']}>
        <NativeSelect
          aria-label={t('retention')}
          value={chosen ?? saved}
          onChange={(event) => setChosen(event.currentTarget.value)}
          data={[...days.map((count) => ({ value: String(count), label: t('days', { count }) })), { value: '', label: t('forever') }]}
        />
        <ReasonButton
          variant="default"
          loading={change.isPending}
          reason={chosen === null || chosen === saved ? t('retentionSame') : null}
          onClick={save}
        >
          {t('retentionSave')}
        </ReasonButton>
      </div>
    </Panel>
  );
}
