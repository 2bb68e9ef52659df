/** One setting of a template as a control; empty means that the template says nothing of it. */
import { NativeSelect, TextInput } from '@mantine/core';
import { useLocale, useTranslations } from 'use-intl';
import { labelText, type TemplateField } from './schema-fields.ts';
import { shownSetting } from './template-values.ts';

interface SettingFieldProps {
  field: TemplateField;
  value: unknown;
  error: string | undefined;
  /** The element that says why it cannot be changed now: the text beside it is no JSON. Null while it can. */
  heldBy: string | null;
  onChange: (value: unknown) => void;
}

const numberOf = (text: string): unknown => {
  const decimal = text.trim().replace(',', '.');
  // What is no number is the server's to refuse, at this field.
  return decimal === '' ? undefined : Number.isFinite(Number(decimal)) ? Number(decimal) : text;
};

export function SettingField({ field, value, error, heldBy, onChange }: SettingFieldProps) {
  const t = useTranslations('templates');
  const language = useLocale();
  const label = labelText(field.label, language);
  const held = heldBy === null ? {} : { 'aria-disabled': true, 'aria-describedby': heldBy };
  const common = { label, error, ...held };
  const change = (typed: unknown): void => {
    if (heldBy === null) onChange(typed);
  };
  const text = value === undefined ? '' : shownSetting(value);
  if (field.kind === 'select' || field.kind === 'switch') {
    const options =
      field.kind === 'select'
        ? (field.options ?? []).map((option) => ({ value: option.value, label: labelText(option.label, language) }))
        : [
            { value: 'true', label: t('on') },
            { value: 'false', label: t('off') },
          ];
    const said = (typed: string): unknown => (typed === '' ? undefined : field.kind === 'switch' ? typed === 'true' : typed);
    return (
      <NativeSelect
        {...common}
        value={text}
        onChange={({ currentTarget }) => change(said(currentTarget.value))}
        data={[{ value: '', label: t('unset') }, ...options]}
      />
    );
  }
  const isNumber = field.kind === 'number' || field.kind === 'slider';
  return (
    <TextInput
      {...common}
      value={text}
      placeholder={field.default === undefined ? undefined : String(field.default)}
      onChange={({ currentTarget: { value: typed } }) => change(isNumber ? numberOf(typed) : typed === '' ? undefined : typed)}
      inputMode={isNumber ? 'decimal' : undefined}
      autoComplete="off"
      spellCheck={false}
    />
  );
}
