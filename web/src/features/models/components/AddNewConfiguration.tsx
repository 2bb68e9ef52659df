/** The wizard for a new connection: provider, settings, test and save. The address knows the step, a draft keeps what was typed. */
import { Button } from '@mantine/core';
import type { Provider } from '@patchbay/contract/providers';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState, type SubmitEvent } from 'react';
import { useTranslations } from 'use-intl';
import { useAnnounce } from '../../../ui/Announcer.tsx';
import { Failure } from '../../../ui/Failure.tsx';
import { Notice } from '../../../ui/Notice.tsx';
import { Trace, type TraceStep } from '../../../ui/Trace.tsx';
import { useConfigurations } from '../api/configurations.ts';
import { useCreateConfiguration } from '../api/create-configuration.ts';
import { providerSchemaQuery } from '../api/provider-schema.ts';
import { useProviders } from '../api/providers.ts';
import { dropDraft, keepDraft, recallDraft } from '../form/draft.ts';
import type { FormField } from '../form/fields.ts';
import { useConnectionForm } from '../form/use-connection-form.ts';
import { freeName, newValues } from '../form/values.ts';
import classes from './AddNewConfiguration.module.css';
import { ConfigurationSkeleton } from './ConfigurationSkeleton.tsx';
import { ConnectionEditor } from './ConnectionEditor.tsx';
import { LeaveGuard } from './LeaveGuard.tsx';
import { ProviderSelection } from './ProviderSelection.tsx';
import { useUnsavedTest } from './use-unsaved-test.ts';

interface AddNewConfigurationProps {
  userId: string;
  organization: string;
  /** The provider of the second step; undefined on the first. */
  provider: string | undefined;
  onProvider: (name: string | undefined) => void;
  onSaved: () => void;
  onCancel: () => void;
}

export function AddNewConfiguration(props: AddNewConfigurationProps) {
  const { data: providers, error, refetch } = useProviders();
  const own = useConfigurations(props.userId);
  const chosen = providers?.find(({ name }) => name === props.provider);
  const schema = useQuery({ ...providerSchemaQuery(chosen?.name ?? ''), enabled: chosen !== undefined });
  const failed = providers ? schema.error : error;
  if (failed) {
    const retry = (): void => void (providers ? schema.refetch() : refetch());
    return <Failure error={failed} organization={props.organization} onRetry={retry} />;
  }
  if (!providers) return <ConfigurationSkeleton />;
  if (!chosen) return <ProviderStep {...props} providers={providers} />;
  // The list is only good for a name that is free; without it any name will do.
  if (!schema.data || own.isLoading) return <ConfigurationSkeleton />;
  const taken = (own.data ?? []).map(({ name }) => name);
  return <ConfigureStep {...props} key={chosen.name} chosen={chosen} fields={schema.data} taken={taken} />;
}

function ProviderStep({ providers, userId, onProvider, onCancel }: AddNewConfigurationProps & { providers: readonly Provider[] }) {
  const t = useTranslations('wizard');
  const standard = providers.find(({ isDefault }) => isDefault) ?? providers[0];
  const [selected, setSelected] = useState(recallDraft(userId)?.provider ?? standard?.name ?? '');
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    onProvider(selected);
  };
  return (
    <>
      <Steps at={0} isProven={false} />
      <form className={classes['step']} onSubmit={submit} aria-labelledby="wizard-step">
        <div>
          <h2 id="wizard-step">{t('providerTitle')}</h2>
          <p className="pb-text">{t('providerText')}</p>
        </div>
        <ProviderSelection providers={providers} selected={selected} onSelect={setSelected} />
        <div className={classes['buttons']}>
          <Button variant="default" onClick={onCancel}>
            {t('cancel')}
          </Button>
          <Button type="submit">{t('next')}</Button>
        </div>
      </form>
    </>
  );
}

interface ConfigureStepProps extends AddNewConfigurationProps {
  chosen: Provider;
  fields: readonly FormField[];
  taken: readonly string[];
}

function ConfigureStep({ chosen, fields, taken, userId, onProvider, onSaved }: ConfigureStepProps) {
  const t = useTranslations();
  const announce = useAnnounce();
  const create = useCreateConfiguration();
  const [draft] = useState(() => {
    const kept = recallDraft(userId);
    return kept?.provider === chosen.name ? kept.values : null;
  });
  const [begun] = useState(() => newValues(chosen, freeName(chosen.displayName.replace(/ \(.*\)$/, ''), taken)));
  const [isSaved, setSaved] = useState(false);
  const onChange = (values: typeof begun): void => keepDraft(userId, chosen.name, values);
  const form = useConnectionForm({ provider: chosen, fields, stored: null, initial: draft ?? begun, onChange });
  const test = useUnsavedTest(form);
  // Only once it is true for the guard may the page be left.
  useEffect(() => {
    if (isSaved) onSaved();
  }, [isSaved, onSaved]);
  const save = (): void => {
    const settled = form.settle();
    if (!settled) return;
    const { isActive, isDefault } = form.values;
    create.mutate(
      { ...settled, isActive, isDefault, validate: test.isProven },
      {
        onSuccess: ({ name }) => {
          dropDraft();
          announce(t('form.saved', { name }));
          setSaved(true);
        },
        onError: form.refuse,
      },
    );
  };
  return (
    <>
      <Steps at={test.isTesting || test.result !== null ? 2 : 1} isProven={test.isProven} />
      {draft !== null && !form.isDirty && <Notice tone="info">{t('wizard.draft')}</Notice>}
      <LeaveGuard isDirty={(form.isDirty || draft !== null) && !isSaved} name={form.values.name} onDiscard={dropDraft} />
      <h2 className={classes['provider']}>{chosen.displayName}</h2>
      <ConnectionEditor
        form={form}
        test={test}
        error={create.error}
        isSaving={create.isPending}
        onSave={save}
        back={
          <Button variant="default" onClick={() => onProvider(undefined)}>
            {t('wizard.back')}
          </Button>
        }
      />
    </>
  );
}

function Steps({ at, isProven }: { at: 0 | 1 | 2; isProven: boolean }) {
  const t = useTranslations();
  const labels = [t('connections.provider'), t('wizard.stepConfigure'), t('wizard.stepTest')];
  const steps = labels.map((label, place): TraceStep => {
    const state = place < at || (place === 2 && isProven) ? 'ok' : place === at ? 'current' : 'open';
    return { label, state, stateText: t(`trace.${state}`) };
  });
  return (
    <div className={classes['steps']}>
      <Trace label={t('wizard.progress')} steps={steps} />
    </div>
  );
}
