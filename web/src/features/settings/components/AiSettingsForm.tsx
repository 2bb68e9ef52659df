/** The form of the installation's AI settings: the default model, limits where nobody says one, and the last resort (D-25, C-02). */
import { HttpError } from '@patchbay/client';
import type { AiConnection } from '@patchbay/contract/ai-connections';
import type { AiSettingsView } from '@patchbay/contract/ai-settings';
import { NativeSelect, Switch, TextInput } from '@mantine/core';
import { useQuery, type UseQueryResult } from '@tanstack/react-query';
import { useRef, useState, type SubmitEvent } from 'react';
import { useTranslations } from 'use-intl';
import { focusFault } from '../../../lib/focus.ts';
import { useSayDone } from '../../../ui/Announcer.tsx';
import { Failure } from '../../../ui/Failure.tsx';
import { FormEnd } from '../../../ui/FormEnd.tsx';
import { Held, type Holding } from '../../../ui/Held.tsx';
import { Loading } from '../../../ui/Loading.tsx';
import { Notice } from '../../../ui/Notice.tsx';
import { Panel } from '../../../ui/Panel.tsx';
import { aiSettingsQuery, useSaveAiSettings } from '../api/ai-settings.ts';
import classes from './AiSettingsForm.module.css';

interface AiSettingsProps {
  organization: string;
  /** All that the person may use; those of the organization may be its default. */
  connections: UseQueryResult<AiConnection[]>;
}

export function AiSettings({ organization, connections }: AiSettingsProps) {
  const settings = useQuery(aiSettingsQuery);
  const failed = [settings, connections].find(({ data, error }) => data === undefined && error !== null);
  if (failed) return <Failure error={failed.error} organization={organization} onRetry={() => void failed.refetch()} />;
  if (!settings.data || !connections.data) return <Loading />;
  const choices = connections.data.filter(({ scope }) => scope === 'organization');
  return (
    <Held of={settings.data} revision={settings.data.revision} onLoad={() => void settings.refetch()}>
      {(of, holding) => <AiSettingsForm of={of} holding={holding} models={choices} />}
    </Held>
  );
}

const faultNames = ['defaultConnectionId', 'maxTokens', 'temperature'] as const;
type FaultName = (typeof faultNames)[number];

/** Null for nothing, NaN for what is no number; both decimal signs are taken. */
function numberOf(text: string): number | null {
  const clean = text.trim().replace(',', '.');
  if (clean === '') return null;
  return /^\d*\.?\d+$/.test(clean) ? Number(clean) : Number.NaN;
}

const textOf = (value: number | null): string => (value === null ? '' : String(value));

interface Values {
  defaultConnectionId: string;
  maxTokens: string;
  temperature: string;
  isEnvironmentUsed: boolean;
}

function faultsOf({ maxTokens, temperature }: Values): FaultName[] {
  const [tokens, warmth] = [numberOf(maxTokens), numberOf(temperature)];
  return [
    ...(tokens === null || (Number.isInteger(tokens) && tokens >= 1 && tokens <= 32_768) ? [] : (['maxTokens'] as const)),
    ...(warmth === null || (warmth >= 0 && warmth <= 2) ? [] : (['temperature'] as const)),
  ];
}

const refusedOf = (error: unknown): FaultName[] => (error instanceof HttpError ? faultNames.filter((name) => name in error.fields) : []);

function useAiForm(of: AiSettingsView, holding: Holding) {
  const t = useTranslations('aiSettings');
  const sayDone = useSayDone();
  const save = useSaveAiSettings();
  const form = useRef<HTMLFormElement>(null);
  const [values, setValues] = useState<Values>({
    defaultConnectionId: of.defaultConnectionId ?? '',
    maxTokens: textOf(of.maxTokens),
    temperature: textOf(of.temperature),
    isEnvironmentUsed: of.isEnvironmentUsed,
  });
  const [found, setFound] = useState<readonly FaultName[]>([]);
  const refused = refusedOf(save.error);
  const saved = (): void => {
    holding.release();
    sayDone(t('saved'));
  };
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const faults = faultsOf(values);
    setFound(faults);
    if (faults.length > 0) return focusFault(form);
    const { defaultConnectionId, maxTokens, temperature, isEnvironmentUsed } = values;
    const change = { maxTokens: numberOf(maxTokens), temperature: numberOf(temperature), isEnvironmentUsed, revision: of.revision };
    save.mutate({ ...change, defaultConnectionId: defaultConnectionId === '' ? null : defaultConnectionId }, { onSuccess: saved });
  };
  const field = (name: FaultName) => ({
    label: t(name === 'defaultConnectionId' ? 'defaultModel' : name),
    error: found.includes(name) || refused.includes(name) ? t(`fault.${name}`) : undefined,
    value: values[name],
    onChange: (event: { currentTarget: { value: string } }) => setValues({ ...values, [name]: event.currentTarget.value }),
  });
  return { form, values, setValues, submit, field, isPending: save.isPending, error: refused.length === 0 ? save.error : null };
}

interface AiSettingsFormProps {
  of: AiSettingsView;
  holding: Holding;
  models: readonly AiConnection[];
}

function AiSettingsForm({ of, holding, models }: AiSettingsFormProps) {
  const t = useTranslations('aiSettings');
  const { form, values, setValues, submit, field, isPending, error } = useAiForm(of, holding);
  return (
    <form ref={form} className={classes['form']} onSubmit={submit} noValidate>
      {holding.refusal(error)}
      <NativeSelect {...field('defaultConnectionId')} description={t('defaultModelHint')}>
        <option value="">{t('noDefault')}</option>
        {models
          .filter(({ id, isActive }) => isActive || id === of.defaultConnectionId)
          .map(({ id, name, isActive, defaultModel }) => (
            <option key={id} value={id}>
              {!isActive ? t('optionInactive', { name }) : [name, defaultModel].filter((part) => part !== null).join(' · ')}
            </option>
          ))}
      </NativeSelect>
      <Panel title={t('limitsTitle')} text={t('limitsText')}>
        {of.savedAt === null && (
          <Notice tone="info">
            <p>{t('proposal')}</p>
          </Notice>
        )}
        <div className={classes['pair']}>
          <TextInput {...field('maxTokens')} description={t('maxTokensHint')} inputMode="numeric" autoComplete="off" />
          <TextInput {...field('temperature')} description={t('temperatureHint')} inputMode="decimal" autoComplete="off" />
        </div>
      </Panel>
      <Environment
        of={of.environment}
        isUsed={values.isEnvironmentUsed}
        onChange={(isEnvironmentUsed) => setValues({ ...values, isEnvironmentUsed })}
      />
      <FormEnd saveLabel={t('save')} savingLabel={t('saving')} isPending={isPending} />
    </form>
  );
}

interface EnvironmentProps {
  of: AiSettingsView['environment'];
  isUsed: boolean;
  onChange: (isUsed: boolean) => void;
}

/** The connection that the server's own settings name: to be seen here, and to be switched off. */
function Environment({ of, isUsed, onChange }: EnvironmentProps) {
  const t = useTranslations('aiSettings');
  return (
    <Panel title={t('environmentTitle')} text={t(of === null ? 'environmentNone' : 'environmentText')}>
      {of !== null && (
        <dl className={classes['facts']}>
          <dt>{t('baseUrl')}</dt>
          <dd>
            <code>{of.baseUrl}</code>
          </dd>
          <dt>{t('model')}</dt>
          <dd>{of.model === null ? '—' : <code>{of.model}</code>}</dd>
          <dt>{t('apiKey')}</dt>
          <dd>{t(of.hasApiKey ? 'keySet' : 'keyNone')}</dd>
        </dl>
      )}
      {of !== null && (
        <Switch
          label={t('environmentUsed')}
          description={t('environmentUsedHint')}
          checked={isUsed}
          onChange={({ currentTarget }) => onChange(currentTarget.checked)}
        />
      )}
    </Panel>
  );
}
