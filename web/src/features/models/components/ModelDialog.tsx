/** The form of a model over the list: the same form as everywhere, in the words of the administrators' page (R-009, R-010, R-013). */
import { CloseButton, NativeSelect } from '@mantine/core';
import type { Provider } from '@patchbay/contract/providers';
import { useEffect, useRef, useState, type SyntheticEvent } from 'react';
import { useTranslations } from 'use-intl';
import { CancelButton } from '../../../ui/CancelButton.tsx';
import { useProviders } from '../api/providers.ts';
import type { FormField } from '../form/fields.ts';
import { focusField, useConnectionForm } from '../form/use-connection-form.ts';
import { newValues, type FormValues } from '../form/values.ts';
import { ConnectionEditor } from './ConnectionEditor.tsx';
import { ConnectionFrame } from './ConnectionFrame.tsx';
import { EditConfiguration } from './EditConfiguration.tsx';
import classes from './ModelDialog.module.css';
import { useCreating } from './use-saving.ts';
import { useUnsavedTest } from './use-unsaved-test.ts';

interface ModelDialogProps {
  /** The model that is edited; null for a new one. */
  id: string | null;
  organization: string;
  /** Leaves the dialog; a form with unsaved changes asks before that. */
  onClose: () => void;
}

export function ModelDialog({ id, organization, onClose }: ModelDialogProps) {
  const t = useTranslations('models');
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (!dialog.current?.open) dialog.current?.showModal();
  }, []);
  // Escape is a way to leave like any other; whether it may is for the guard to say.
  const cancel = (event: SyntheticEvent): void => {
    if (event.target !== dialog.current) return;
    event.preventDefault();
    onClose();
  };
  // A browser closes it at the second Escape without asking; the form is still there, and so is the dialog.
  const reopen = (event: SyntheticEvent): void => {
    if (event.target === dialog.current) dialog.current?.showModal();
  };
  const leave = { organization, onSaved: onClose, onCancel: onClose };
  return (
    <dialog ref={dialog} className={classes['dialog']} aria-labelledby="model-form" onCancel={cancel} onClose={reopen}>
      <div className={classes['head']}>
        <h2 id="model-form">{t(id === null ? 'add' : 'editTitle')}</h2>
        <CloseButton aria-label={t('close')} onClick={onClose} />
      </div>
      {id === null ? <NewModel {...leave} /> : <EditConfiguration id={id} lens="model" {...leave} />}
    </dialog>
  );
}

interface NewModelProps {
  organization: string;
  onSaved: () => void;
  onCancel: () => void;
}

function NewModel(props: NewModelProps) {
  const { data: providers = [] } = useProviders();
  const standard = providers.find(({ isDefault }) => isDefault) ?? providers[0];
  const [chosen, setChosen] = useState<string | null>(null);
  // What was typed before another provider was chosen is not typed again.
  const [typed, setTyped] = useState<FormValues | null>(null);
  return (
    <ConnectionFrame provider={chosen ?? standard?.name} organization={props.organization}>
      {(provider, fields) => (
        <NewModelForm
          {...props}
          key={provider.name}
          provider={provider}
          providers={providers}
          fields={fields}
          typed={typed}
          onProvider={(name, values) => {
            setTyped(values);
            setChosen(name);
          }}
        />
      )}
    </ConnectionFrame>
  );
}

interface NewModelFormProps extends NewModelProps {
  provider: Provider;
  providers: readonly Provider[];
  fields: readonly FormField[];
  typed: FormValues | null;
  onProvider: (name: string, values: FormValues) => void;
}

const nothing = (): void => undefined;

function NewModelForm({ provider, providers, fields, typed, onProvider, onSaved, onCancel }: NewModelFormProps) {
  const t = useTranslations('models');
  const [initial] = useState((): FormValues => {
    const begun = newValues(provider, typed?.name ?? '');
    return typed === null ? begun : { ...begun, apiKey: typed.apiKey, isActive: typed.isActive };
  });
  const form = useConnectionForm({ provider, fields, stored: null, initial, lens: 'model' });
  // The browser puts the focus on the first control, which would be the cross.
  useEffect(() => {
    if (typed === null) focusField('name');
  }, [typed]);
  const test = useUnsavedTest(form);
  const saving = useCreating({ form, test, onSaved, audience: 'organization', onCreated: nothing });
  return (
    <ConnectionEditor
      form={form}
      test={test}
      saving={saving}
      guard={{ isDirty: form.isDirty || typed !== null, name: form.values.name.trim() || t('add'), asksOnReload: true }}
      before={
        <NativeSelect
          label={t('provider')}
          description={t('providerHint')}
          inputWrapperOrder={['label', 'input', 'description']}
          value={provider.name}
          data={providers.map(({ name, displayName }) => ({ value: name, label: displayName }))}
          onChange={({ currentTarget }) => onProvider(currentTarget.value, form.values)}
        />
      }
      back={<CancelButton label={t('cancel')} isPending={saving.isSaving} onCancel={onCancel} />}
    />
  );
}
