/** The wizard for a new connection: provider, settings, test and save. The address knows the step, a draft keeps what was typed. */
import { Button } from '@mantine/core';
import type { Provider, Template } from '@patchbay/contract/providers';
import { useQuery } from '@tanstack/react-query';
import { useState, type SubmitEvent } from 'react';
import { useTranslations } from 'use-intl';
import { isFirstLoad } from '../../../lib/first-load.ts';
import { Failure } from '../../../ui/Failure.tsx';
import { Notice } from '../../../ui/Notice.tsx';
import { Trace, type TraceStep } from '../../../ui/Trace.tsx';
import { useConfigurations } from '../api/configurations.ts';
import type { Audience } from '../api/create-configuration.ts';
import { providerTemplatesQuery } from '../api/provider-templates.ts';
import { useProviders } from '../api/providers.ts';
import { dropDraft, keepDraft, recallDraft } from '../form/draft.ts';
import type { FormField } from '../form/fields.ts';
import { useConnectionForm } from '../form/use-connection-form.ts';
import { freeName, newValues, withTemplate } from '../form/values.ts';
import { useModelStore } from '../store/model-store.ts';
import classes from './AddNewConfiguration.module.css';
import { AudienceField } from './AudienceField.tsx';
import { ConfigurationSkeleton } from './ConfigurationSkeleton.tsx';
import { ConnectionEditor } from './ConnectionEditor.tsx';
import { ConnectionFrame } from './ConnectionFrame.tsx';
import { ProviderSelection } from './ProviderSelection.tsx';
import { TemplateField } from './TemplateField.tsx';
import { useCreating } from './use-saving.ts';
import { useUnsavedTest } from './use-unsaved-test.ts';

interface AddNewConfigurationProps {
  userId: string;
  organization: string;
  /** Whether the caller may make connections for everybody in the organization. */
  mayManage: boolean;
  /** The provider of the second step; undefined on the first. */
  provider: string | undefined;
  /** The id of the template that the second step begins with. */
  template: string | undefined;
  onProvider: (name: string | undefined) => void;
  onSaved: () => void;
  onCancel: () => void;
}

export function AddNewConfiguration(props: AddNewConfigurationProps) {
  const { data: providers, error, refetch } = useProviders();
  const own = useConfigurations(props.userId);
  const isChosen = providers?.some(({ name }) => name === props.provider) === true;
  const templates = useQuery({ ...providerTemplatesQuery(props.provider ?? ''), enabled: isChosen });
  if (error && !providers) return <Failure error={error} organization={props.organization} onRetry={() => void refetch()} />;
  if (!providers) return <ConfigurationSkeleton />;
  if (!isChosen) return <ProviderStep {...props} providers={providers} />;
  // Names are only good for one that is free, and templates for those who want one: the form does without either, but does not jump.
  if (isFirstLoad(own) || isFirstLoad(templates)) return <ConfigurationSkeleton />;
  const template = templates.data?.find(({ id }) => id === props.template) ?? null;
  return (
    <ConnectionFrame provider={props.provider} organization={props.organization}>
      {(chosen, fields) => (
        <ConfigureStep {...props} key={`${chosen.name} ${props.template ?? ''}`} chosen={chosen} fields={fields} begins={template} />
      )}
    </ConnectionFrame>
  );
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
  begins: Template | null;
}

function ConfigureStep({ chosen, fields, begins, userId, organization, mayManage, onProvider, onSaved }: ConfigureStepProps) {
  const t = useTranslations();
  const taken = useModelStore(userId, ({ configurations }) => configurations.map(({ name }) => name));
  const [draft] = useState(() => {
    const kept = recallDraft(userId);
    return kept?.provider === chosen.name ? kept.values : null;
  });
  const [begun] = useState(() => newValues(chosen, freeName(chosen.displayName.replace(/ \(.*\)$/, ''), taken)));
  const [audience, setAudience] = useState<Audience>('user');
  const onChange = (values: typeof begun): void => keepDraft(userId, chosen.name, values);
  const [initial] = useState(() => {
    const typed = draft ?? begun;
    return begins === null ? typed : { ...typed, ...withTemplate(typed, begins.configuration, fields) };
  });
  const form = useConnectionForm({ provider: chosen, fields, stored: null, initial, onChange });
  const test = useUnsavedTest(form);
  const saving = useCreating({ form, test, onSaved, audience, onCreated: dropDraft });
  return (
    <>
      <Steps at={test.isTesting || test.result !== null ? 2 : 1} isProven={test.isProven} />
      {draft !== null && !form.isDirty && <Notice tone="info">{t('wizard.draft')}</Notice>}
      <h2 className={classes['provider']}>{chosen.displayName}</h2>
      <ConnectionEditor
        form={form}
        test={test}
        saving={saving}
        guard={{ isDirty: form.isDirty || draft !== null, name: form.values.name, onDiscard: dropDraft }}
        before={
          <>
            <TemplateField form={form} begins={begins?.id ?? ''} />
            {mayManage && <AudienceField value={audience} organization={organization} onChange={setAudience} />}
          </>
        }
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
