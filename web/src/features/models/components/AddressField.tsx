/** The provider's address, and below it where requests will really go (C-17). */
import { TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslations } from 'use-intl';
import { providerSchemaQuery } from '../api/provider-schema.ts';
import type { ConnectionForm } from '../form/use-connection-form.ts';
import classes from './AddressField.module.css';
import { useFieldProps, type FieldProps } from './use-field-props.ts';

export function AddressField({ field, form }: FieldProps) {
  const t = useTranslations('form');
  const common = useFieldProps({ field, form });
  const guess = useGuess(form);
  const isEmpty = form.values.baseUrl.trim() === '';
  return (
    <div>
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
      {/* Its lines are kept free: what stands below must not jump when the answer comes. Before there is an address they say what will follow it. */}
      <p className={classes['resolved']} data-guess={(form.requestUrl === null && !isEmpty) || undefined}>
        {t('requestsGo')} <code>{form.requestUrl ?? (isEmpty ? `…${guess}` : guess)}</code>
      </p>
    </div>
  );
}

/** As long as the address of requests will be: the server says it, and of this only the path is ever seen. */
function useGuess({ provider, values: { baseUrl, model } }: ConnectionForm): string {
  const { data } = useQuery(providerSchemaQuery(provider.name));
  const standard = provider.defaultBaseUrl ?? '';
  const path = standard !== '' && data?.requestUrl?.startsWith(standard) ? data.requestUrl.slice(standard.length) : '/chat/completions';
  return `${baseUrl.trim()}${path.replace('{model}', model)}`;
}
