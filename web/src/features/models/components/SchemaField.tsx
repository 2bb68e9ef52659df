/** One field of a provider's schema as a control: label above, hint below it, the fault below the control. */
import { Checkbox, InputBase, NativeSelect, TextInput } from '@mantine/core';
import { lazy, Suspense } from 'react';
import { useLocale, useTranslations } from 'use-intl';
import { fieldText } from '../form/fields.ts';
import { wanted } from '../../../lib/wanted.ts';
import { AddressField } from './AddressField.tsx';
import { ModelField } from './ModelField.tsx';
import { NumberField } from './NumberField.tsx';
import { SecretField } from './SecretField.tsx';
import { useFieldProps, type FieldProps } from './use-field-props.ts';

/** Few people open the folded groups that these stand in, and nobody needs them for a first look at the form. */
const BackupsField = lazy(async () => ({ default: (await wanted(() => import('./BackupsField.tsx'))).BackupsField }));
const HeadersField = lazy(async () => ({ default: (await wanted(() => import('./HeadersField.tsx'))).HeadersField }));
const JsonField = lazy(async () => ({ default: (await wanted(() => import('./JsonField.tsx'))).JsonField }));
const SafetyField = lazy(async () => ({ default: (await wanted(() => import('./SafetyField.tsx'))).SafetyField }));

export function SchemaField(props: FieldProps) {
  switch (props.field.kind) {
    case 'password':
      return <SecretField {...props} />;
    case 'number':
    case 'slider':
      return <NumberField {...props} />;
    case 'headers':
      return (
        <Suspense fallback={null}>
          <HeadersField {...props} />
        </Suspense>
      );
    case 'backups':
      return (
        <Suspense fallback={null}>
          <BackupsField {...props} />
        </Suspense>
      );
    case 'select':
      return <SelectField {...props} />;
    case 'switch':
      return <SwitchField {...props} />;
    case 'json':
      return (
        <Suspense fallback={null}>{props.field.name === 'safetySettings' ? <SafetyField {...props} /> : <JsonField {...props} />}</Suspense>
      );
    case 'textarea':
      return <LongTextField {...props} />;
    case 'url':
      return <AddressField {...props} />;
    case 'text':
      return props.field.name === 'model' ? <ModelField {...props} /> : <TextField {...props} />;
  }
}

function TextField({ field, form }: FieldProps) {
  const common = useFieldProps({ field, form });
  return (
    <TextInput
      {...common}
      value={form.values.settings[field.name] ?? ''}
      onChange={({ currentTarget }) => form.setSetting(field.name, currentTarget.value)}
      placeholder={field.placeholder}
      maxLength={field.charsMax}
      autoComplete="off"
      spellCheck={false}
    />
  );
}

function LongTextField({ field, form }: FieldProps) {
  const common = useFieldProps({ field, form });
  return (
    <InputBase
      {...common}
      component="textarea"
      rows={4}
      multiline
      data-face="mono"
      value={form.values.settings[field.name] ?? ''}
      onChange={({ currentTarget }) => form.setSetting(field.name, currentTarget.value)}
      spellCheck={false}
      autoComplete="off"
    />
  );
}

/** The default stands first and means "not set", so that it follows the server where that changes. */
function SelectField({ field, form }: FieldProps) {
  const t = useTranslations('form');
  const language = useLocale();
  const common = useFieldProps({ field, form });
  const options = (field.options ?? []).map(({ value, label }) => ({ value, label: fieldText(label, language) }));
  const standard = options.find(({ value }) => value === field.default);
  const first = { value: '', label: standard === undefined ? t('unset') : t('standard', { value: standard.label }) };
  return (
    <NativeSelect
      {...common}
      value={form.values.settings[field.name] ?? ''}
      onChange={({ currentTarget }) => form.setSetting(field.name, currentTarget.value)}
      data={[first, ...options]}
    />
  );
}

function SwitchField({ field, form }: FieldProps) {
  const { withAsterisk: _mark, inputWrapperOrder: _order, ...common } = useFieldProps({ field, form });
  return (
    <Checkbox
      {...common}
      checked={form.values.settings[field.name] === 'true'}
      onChange={({ currentTarget }) => form.setSetting(field.name, String(currentTarget.checked))}
    />
  );
}
