/** The default model: suggestions while one types, and any other id is accepted. */
import { TextInput } from '@mantine/core';
import { useFormatter, useTranslations } from 'use-intl';
import { useProviderModels } from '../api/provider-models.ts';
import { useFieldProps, type FieldProps } from './use-field-props.ts';

export function ModelField({ field, form }: FieldProps) {
  const t = useTranslations('form');
  const format = useFormatter();
  const common = useFieldProps({ field, form });
  const { data } = useProviderModels(form.provider.name, form.stored?.id);
  const names = new Map((data?.models ?? []).filter(({ isRetired }) => !isRetired).map(({ id, name }) => [id, name]));
  const ids = names.size > 0 ? [...names.keys()] : (field.suggestions ?? []);
  const age = data?.fetchedAt ? format.dateTime(new Date(data.fetchedAt), { timeStyle: 'short' }) : null;
  const found = data && data.source !== 'catalog' && age !== null ? `${t('modelsFound', { count: names.size, time: age })} ` : '';
  return (
    <>
      <TextInput
        {...common}
        description={`${found}${t('modelHint')}`}
        list="model-suggestions"
        value={form.values.model}
        onChange={({ currentTarget }) => form.set({ model: currentTarget.value })}
        placeholder={field.placeholder}
        maxLength={field.charsMax}
        autoComplete="off"
        spellCheck={false}
      />
      <datalist id="model-suggestions">
        {ids.map((id) => (
          <option key={id} value={id}>
            {names.get(id) ?? id}
          </option>
        ))}
      </datalist>
    </>
  );
}
