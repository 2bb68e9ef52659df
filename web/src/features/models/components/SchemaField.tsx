/** One field of a provider's schema as a control: label above, hint below it, the fault below the control. */
import { Checkbox, InputBase, NativeSelect, TextInput } from '@mantine/core';
import { useLocale, useTranslations } from 'use-intl';
import { fieldText } from '../form/fields.ts';
import { HeadersField } from './HeadersField.tsx';
import { ModelField } from './ModelField.tsx';
import { NumberField } from './NumberField.tsx';
import { SecretField } from './SecretField.tsx';
import { useFieldProps, type FieldProps } from './use-field-props.ts';

export function SchemaField(props: FieldProps) {
  switch (props.field.kind) {
    case 'password':
      return <SecretField {...props} />;
    case 'number':
    case 'slider':
      return <NumberField {...props} />;
    case 'headers':
      return <HeadersField {...props} />;
    case 'select':
      return <SelectField {...props} />;
    case 'switch':
      return <SwitchField {...props} />;
    case 'json':
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

function AddressField({ field, form }: FieldProps) {
  const common = useFieldProps({ field, form });
  return (
    <TextInput
      {...common}
      type="url"
      value={form.values.baseUrl}
      onChange={({ currentTarget }) => form.set({ baseUrl: currentTarget.value })}
      placeholder={field.placeholder ?? 'https://api.example.com/v1'}
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
