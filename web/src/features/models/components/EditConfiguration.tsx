/** A stored connection in the form. The key's field is empty and stays so; an empty one keeps the stored key. */
import { Button } from '@mantine/core';
import type { Configuration } from '@patchbay/contract/configurations';
import type { Provider } from '@patchbay/contract/providers';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useTranslations } from 'use-intl';
import { useAnnounce } from '../../../ui/Announcer.tsx';
import { Failure } from '../../../ui/Failure.tsx';
import { Notice } from '../../../ui/Notice.tsx';
import { useConfiguration } from '../api/configuration.ts';
import { providerSchemaQuery } from '../api/provider-schema.ts';
import { useProviders } from '../api/providers.ts';
import { useUpdateConfiguration } from '../api/update-configuration.ts';
import type { FormField } from '../form/fields.ts';
import { useConnectionForm } from '../form/use-connection-form.ts';
import { changeOf, storedValues } from '../form/values.ts';
import { ConfigurationSkeleton } from './ConfigurationSkeleton.tsx';
import { ConnectionEditor } from './ConnectionEditor.tsx';
import { LeaveGuard } from './LeaveGuard.tsx';
import { useUnsavedTest } from './use-unsaved-test.ts';

interface EditConfigurationProps {
  id: string;
  organization: string;
  onSaved: () => void;
  onCancel: () => void;
}

export function EditConfiguration(props: EditConfigurationProps) {
  const t = useTranslations('form');
  const stored = useConfiguration(props.id);
  const providers = useProviders();
  const provider = providers.data?.find(({ name }) => name === stored.data?.provider);
  const schema = useQuery({ ...providerSchemaQuery(provider?.name ?? ''), enabled: provider !== undefined });
  const failed = [stored, providers, schema].find((query) => query.isError);
  if (failed) return <Failure error={failed.error} organization={props.organization} onRetry={() => void failed.refetch()} />;
  if (stored.data && !stored.data.canManage)
    return (
      <Notice tone="warn">
        <p>{t('readOnly', { organization: props.organization })}</p>
      </Notice>
    );
  if (!stored.data || !provider || !schema.data) return <ConfigurationSkeleton />;
  return <EditForm {...props} stored={stored.data} provider={provider} fields={schema.data} />;
}

interface EditFormProps extends EditConfigurationProps {
  stored: Configuration;
  provider: Provider;
  fields: readonly FormField[];
}

function EditForm({ stored, provider, fields, onSaved, onCancel }: EditFormProps) {
  const t = useTranslations();
  const announce = useAnnounce();
  const update = useUpdateConfiguration();
  const [isSaved, setSaved] = useState(false);
  const [initial] = useState(() => storedValues(stored, provider, fields));
  const form = useConnectionForm({ provider, fields, stored, initial });
  const test = useUnsavedTest(form);
  // Only once it is true for the guard may the page be left.
  useEffect(() => {
    if (isSaved) onSaved();
  }, [isSaved, onSaved]);
  const save = (): void => {
    const settled = form.settle();
    if (!settled) return;
    const change = changeOf(stored, settled, form.values);
    if (!change) return setSaved(true);
    update.mutate(
      { id: stored.id, change, isTested: test.isProven },
      {
        onSuccess: ({ name }) => {
          announce(t('form.saved', { name }));
          setSaved(true);
        },
        onError: form.refuse,
      },
    );
  };
  return (
    <>
      <LeaveGuard isDirty={form.isDirty && !isSaved} name={stored.name} asksOnReload />
      <ConnectionEditor
        form={form}
        test={test}
        error={update.error}
        isSaving={update.isPending}
        onSave={save}
        back={
          <Button variant="default" onClick={onCancel}>
            {t('wizard.cancel')}
          </Button>
        }
      />
    </>
  );
}
