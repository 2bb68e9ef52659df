/** The form of an access key, new or changed: name, end, models, limits and budget. What is left empty is not limited. */
import type { AccessKeyView } from '@patchbay/contract/access-keys';
import { NativeSelect, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useState } from 'react';
import { useLocale, useTranslations } from 'use-intl';
import { errorText } from '../../../lib/error-text.ts';
import { nameFault } from '../../../lib/name-fault.ts';
import { focusFirst, showFaults } from '../../../lib/server-faults.ts';
import { FormEnd } from '../../../ui/FormEnd.tsx';
import { Notice } from '../../../ui/Notice.tsx';
import type { KeyInput } from '../api/keys.ts';
import classes from './KeyForm.module.css';
import {
  expiries,
  inputOf,
  isCacheTime,
  isModels,
  isMoney,
  isWhole,
  keyFields,
  newKey,
  valuesOf,
  type Expiry,
  type KeyField,
} from './key-values.ts';

interface KeyFormProps {
  /** The key that is changed; null for a new one. */
  of: AccessKeyView | null;
  /** Workspaces in which the person may make keys. */
  workspaces: readonly { id: string; name: string }[];
  isPending: boolean;
  error: unknown;
  onSave: (input: KeyInput, workspaceId: string | null, onRefused: (error: unknown) => void) => void;
  onCancel: () => void;
}

function useKeyForm(of: AccessKeyView | null) {
  return useForm({
    mode: 'uncontrolled',
    initialValues: of === null ? newKey : valuesOf(of),
    validate: {
      name: nameFault,
      until: (until, { expiry }) => (expiry === 'custom' && !(Date.parse(`${until}T23:59:59.999`) > Date.now()) ? true : null),
      models: (text) => (isModels(text) ? null : true),
      rpm: (text) => (isWhole(text) ? null : true),
      tpm: (text) => (isWhole(text) ? null : true),
      budgetUsd: (text) => (isMoney(text) ? null : true),
      cacheSeconds: (text) => (isCacheTime(text) ? null : true),
    },
  });
}

export function KeyForm({ of, workspaces, isPending, error, onSave, onCancel }: KeyFormProps) {
  const t = useTranslations('keys');
  const language = useLocale();
  const form = useKeyForm(of);
  const [expiry, setExpiry] = useState<Expiry>(form.getInitialValues().expiry);
  const refused = (fault: unknown): void => showFaults(form, keyFields, fault);
  const submit = form.onSubmit(
    (values) => onSave(inputOf(values, of), values.workspaceId === '' ? null : values.workspaceId, refused),
    (found) => focusFirst(form, keyFields, found),
  );
  const common = (field: KeyField) => ({
    ...form.getInputProps(field),
    key: form.key(field),
    error: form.errors[field] ? t(`fault.${field}`) : undefined,
  });
  const expiryProps = form.getInputProps('expiry');
  return (
    <form onSubmit={submit} noValidate className="pb-form">
      {error !== null && <Notice tone="bad">{errorText(error, language)}</Notice>}
      <Field {...common('name')} label={t('name')} description={t('nameHint')} required />
      {of === null && workspaces.length > 0 && (
        <NativeSelect {...form.getInputProps('workspaceId')} key={form.key('workspaceId')} label={t('owner')} description={t('ownerHint')}>
          <option value="">{t('ownerSelf')}</option>
          {workspaces.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </NativeSelect>
      )}
      <NativeSelect
        {...expiryProps}
        key={form.key('expiry')}
        label={t('expiry')}
        onChange={(event) => {
          setExpiry(event.currentTarget.value as Expiry);
          (expiryProps.onChange as (event: unknown) => void)(event);
        }}
      >
        {expiries.map((value) => (
          <option key={value} value={value}>
            {t(`expiryOf.${value}`)}
          </option>
        ))}
      </NativeSelect>
      {expiry === 'never' && (
        <Notice tone="warn">
          <p>{t('neverWarning')}</p>
        </Notice>
      )}
      {expiry === 'custom' && <Field {...common('until')} type="date" label={t('until')} required />}
      <Field {...common('models')} label={t('models')} description={t('modelsHint')} autoComplete="off" spellCheck={false} />
      <div className={classes['limits']}>
        <Field {...common('rpm')} label={t('rpm')} inputMode="numeric" autoComplete="off" />
        <Field {...common('tpm')} label={t('tpm')} inputMode="numeric" autoComplete="off" />
        <Field {...common('budgetUsd')} label={t('budget')} inputMode="decimal" autoComplete="off" />
      </div>
      <p className={classes['hint']}>{t('limitsHint')}</p>
      <Field {...common('cacheSeconds')} label={t('cache')} description={t('cacheHint')} inputMode="numeric" autoComplete="off" />
      <FormEnd
        cancelLabel={t('cancel')}
        onCancel={onCancel}
        saveLabel={of === null ? t('create') : t('save')}
        savingLabel={t('saving')}
        isPending={isPending}
      />
    </form>
  );
}

type FieldProps = Parameters<typeof TextInput>[0];

/** The asterisk of a required field says nothing where most of them are. */
const Field = (props: FieldProps) => <TextInput {...props} withAsterisk={false} />;
