/** A stored connection in the form. The key's field is empty and stays so; an empty one keeps the stored key. */
import type { Configuration } from '@patchbay/contract/configurations';
import type { Provider } from '@patchbay/contract/providers';
import { useState } from 'react';
import { useTranslations } from 'use-intl';
import { CancelButton } from '../../../ui/CancelButton.tsx';
import { Failure } from '../../../ui/Failure.tsx';
import { Notice } from '../../../ui/Notice.tsx';
import { useConfiguration } from '../api/configuration.ts';
import type { FormField } from '../form/fields.ts';
import { useConnectionForm, type Lens } from '../form/use-connection-form.ts';
import { storedValues } from '../form/values.ts';
import { ConfigurationSkeleton } from './ConfigurationSkeleton.tsx';
import { ConflictView } from './ConflictView.tsx';
import { ConnectionEditor } from './ConnectionEditor.tsx';
import { ConnectionFrame } from './ConnectionFrame.tsx';
import { useUpdating } from './use-saving.ts';
import { useUnsavedTest } from './use-unsaved-test.ts';

interface EditConfigurationProps {
  id: string;
  organization: string;
  lens?: Lens;
  onSaved: () => void;
  onCancel: () => void;
}

export function EditConfiguration(props: EditConfigurationProps) {
  const t = useTranslations('form');
  const { data, error, refetch } = useConfiguration(props.id);
  if (error && !data) return <Failure error={error} organization={props.organization} onRetry={() => void refetch()} />;
  if (!data) return <ConfigurationSkeleton />;
  if (!data.canManage)
    return (
      <Notice tone="warn">
        <p>{t('readOnly', { organization: props.organization })}</p>
      </Notice>
    );
  return <OpenedForm {...props} opened={data} />;
}

/** What was loaded when the form opened stays what the change is made from, whatever the lists hear in the meantime. */
function OpenedForm({ opened, ...props }: EditConfigurationProps & { opened: Configuration }) {
  const [stored, setStored] = useState(opened);
  return (
    <ConnectionFrame provider={stored.provider} organization={props.organization}>
      {(provider, fields) => (
        <EditForm {...props} key={stored.revision} stored={stored} provider={provider} fields={fields} onReload={setStored} />
      )}
    </ConnectionFrame>
  );
}

interface EditFormProps extends EditConfigurationProps {
  stored: Configuration;
  provider: Provider;
  fields: readonly FormField[];
  onReload: (current: Configuration) => void;
}

function EditForm({ stored, provider, fields, lens, onReload, onSaved, onCancel }: EditFormProps) {
  const t = useTranslations('wizard');
  const [initial] = useState(() => storedValues(stored, provider, fields));
  const form = useConnectionForm({ provider, fields, stored, initial, lens });
  const test = useUnsavedTest(form);
  const saving = useUpdating({ form, test, onSaved, stored });
  return (
    <ConnectionEditor
      form={form}
      test={test}
      saving={saving}
      guard={{ isDirty: form.isDirty, name: stored.name, asksOnReload: true }}
      before={<ConflictView form={form} stored={stored} saving={saving} onReload={onReload} />}
      back={<CancelButton label={t('cancel')} isPending={saving.isSaving} onCancel={onCancel} />}
    />
  );
}
