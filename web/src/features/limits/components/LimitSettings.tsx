/** What holds for all limits: by which zone's calendar budgets begin anew, and how long an answer is reckoned with that names no end. */
import type { LimitSettingsView } from '@patchbay/contract/limits';
import { NativeSelect, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useTranslations } from 'use-intl';
import { focusFirst, showFaults } from '../../../lib/server-faults.ts';
import { useAnnounce } from '../../../ui/Announcer.tsx';
import { Failure } from '../../../ui/Failure.tsx';
import { FormEnd } from '../../../ui/FormEnd.tsx';
import { Held, type Holding } from '../../../ui/Held.tsx';
import { Loading } from '../../../ui/Loading.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { limitSettingsQuery, useChangeSettings } from '../api/limits.ts';

interface LimitSettingsProps {
  organization: string;
  /** The way to what they were. */
  history: ReactNode;
}

export function LimitSettings({ organization, history }: LimitSettingsProps) {
  const t = useTranslations('limits');
  const { data, error, refetch } = useQuery(limitSettingsQuery);
  if (!data && error) return <Failure error={error} organization={organization} onRetry={() => void refetch()} />;
  return (
    <Panel title={t('settingsTitle')} text={t('settingsText')} aside={history}>
      {!data && <Loading />}
      {data && (
        <Held of={data} revision={data.revision} onLoad={() => void refetch()}>
          {(of, holding) => <Form of={of} holding={holding} />}
        </Held>
      )}
    </Panel>
  );
}

const fields = ['timeZone', 'outputTokensCeiling'] as const;
const isCeiling = (text: string): boolean => text.trim() === '' || (/^\d{1,9}$/.test(text.trim()) && Number(text) >= 1);

/** The zone that is set is offered too, where this browser does not know it. */
const zonesWith = (zone: string): string[] => [...new Set(['UTC', zone, ...Intl.supportedValuesOf('timeZone')])];

function Form({ of, holding }: { of: LimitSettingsView; holding: Holding }) {
  const t = useTranslations('limits');
  const announce = useAnnounce();
  const change = useChangeSettings();
  const form = useForm({
    mode: 'uncontrolled',
    initialValues: { timeZone: of.timeZone, outputTokensCeiling: of.outputTokensCeiling === null ? '' : String(of.outputTokensCeiling) },
    validate: { outputTokensCeiling: (text) => (isCeiling(text) ? null : true) },
  });
  const saved = (): void => {
    holding.release();
    announce(t('settingsSaved'));
  };
  const submit = form.onSubmit(
    ({ timeZone, outputTokensCeiling }) => {
      const ceiling = outputTokensCeiling.trim() === '' ? null : Number(outputTokensCeiling);
      change.mutate(
        { revision: of.revision, timeZone, outputTokensCeiling: ceiling },
        { onSuccess: saved, onError: (fault) => showFaults(form, fields, fault) },
      );
    },
    (found) => focusFirst(form, fields, found),
  );
  return (
    <form onSubmit={submit} noValidate className="pb-form">
      {holding.refusal(change.error)}
      <NativeSelect
        {...form.getInputProps('timeZone')}
        key={form.key('timeZone')}
        label={t('timeZone')}
        description={t('timeZoneHint')}
        error={form.errors['timeZone'] ? t('fault.timeZone') : undefined}
        data={zonesWith(of.timeZone)}
      />
      <TextInput
        {...form.getInputProps('outputTokensCeiling')}
        key={form.key('outputTokensCeiling')}
        label={t('ceiling')}
        description={t('ceilingHint')}
        error={form.errors['outputTokensCeiling'] ? t('fault.ceiling') : undefined}
        inputMode="numeric"
        autoComplete="off"
      />
      <FormEnd saveLabel={t('saveSettings')} savingLabel={t('saving')} isPending={change.isPending} />
    </form>
  );
}
