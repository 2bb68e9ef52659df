/** The form of one limit: what is limited, how much, from where on people are told, and whether it refuses. */
import type { LimitView } from '@patchbay/contract/limits';
import { NativeSelect, Switch, TextInput } from '@mantine/core';
import { useForm } from '@mantine/form';
import { useState } from 'react';
import { useLocale, useTranslations } from 'use-intl';
import { errorText } from '../../../lib/error-text.ts';
import { focusFirst, showFaults } from '../../../lib/server-faults.ts';
import { FormEnd } from '../../../ui/FormEnd.tsx';
import { Notice } from '../../../ui/Notice.tsx';
import { choices, inputOf, isSoft, isValue, limitFields, meant, newLimit, valuesOf, type Choice, type LimitInput } from './limit-values.ts';

interface LimitFormProps {
  /** The limit that is changed; null for a new one. */
  of: LimitView | null;
  isPending: boolean;
  error: unknown;
  onSave: (input: LimitInput, onRefused: (error: unknown) => void) => void;
  onCancel: () => void;
}

export function LimitForm({ of, isPending, error, onSave, onCancel }: LimitFormProps) {
  const t = useTranslations('limits');
  const language = useLocale();
  const form = useForm({
    mode: 'uncontrolled',
    initialValues: of === null ? newLimit : valuesOf(of),
    validate: {
      value: (value, { kind }) => (isValue(value, kind) ? null : true),
      softPercent: (text) => (isSoft(text) ? null : true),
    },
  });
  const [choice, setChoice] = useState<Choice>(form.getInitialValues().kind);
  const submit = form.onSubmit(
    (values) => onSave(inputOf(values), (fault) => showFaults(form, limitFields, fault)),
    (found) => focusFirst(form, limitFields, found),
  );
  const isMoney = meant[choice].kind === 'money';
  const choiceProps = form.getInputProps('kind');
  return (
    <form onSubmit={submit} noValidate className="pb-form">
      {error !== null && <Notice tone="bad">{errorText(error, language)}</Notice>}
      {of === null && (
        <NativeSelect
          {...choiceProps}
          key={form.key('kind')}
          label={t('what')}
          error={form.errors['kind'] ? t('fault.kind') : undefined}
          onChange={(event) => {
            setChoice(event.currentTarget.value as Choice);
            (choiceProps.onChange as (event: unknown) => void)(event);
          }}
        >
          {choices.map((one) => (
            <option key={one} value={one}>
              {t(`of.${one}`)}
            </option>
          ))}
        </NativeSelect>
      )}
      <TextInput
        {...form.getInputProps('value')}
        key={form.key('value')}
        label={of === null ? t(isMoney ? 'usd' : 'count') : t(`of.${choice}`)}
        error={form.errors['value'] ? t(isMoney ? 'fault.usd' : 'fault.count') : undefined}
        inputMode={isMoney ? 'decimal' : 'numeric'}
        autoComplete="off"
      />
      <TextInput
        {...form.getInputProps('softPercent')}
        key={form.key('softPercent')}
        label={t('soft')}
        description={t('softHint')}
        error={form.errors['softPercent'] ? t('fault.soft') : undefined}
        inputMode="numeric"
        autoComplete="off"
      />
      <Switch
        {...form.getInputProps('isShadow', { type: 'checkbox' })}
        key={form.key('isShadow')}
        label={t('shadow')}
        description={t('shadowHint')}
      />
      <Buttons isNew={of === null} isPending={isPending} onCancel={onCancel} />
    </form>
  );
}

function Buttons({ isNew, isPending, onCancel }: { isNew: boolean; isPending: boolean; onCancel: () => void }) {
  const t = useTranslations('limits');
  return (
    <FormEnd
      cancelLabel={t('cancel')}
      onCancel={onCancel}
      saveLabel={t(isNew ? 'create' : 'save')}
      savingLabel={t('saving')}
      isPending={isPending}
    />
  );
}
