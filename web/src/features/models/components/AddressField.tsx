/** The provider's address, and below it where requests will really go (C-17). */
import { TextInput } from '@mantine/core';
import { useTranslations } from 'use-intl';
import classes from './AddressField.module.css';
import { useFieldProps, type FieldProps } from './use-field-props.ts';

export function AddressField({ field, form }: FieldProps) {
  const t = useTranslations('form');
  const common = useFieldProps({ field, form });
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
      {/* Its line is kept free: what stands below must not jump when the answer comes. */}
      <p className={classes['resolved']}>
        {form.requestUrl !== null && (
          <>
            {t('requestsGo')} <code>{form.requestUrl}</code>
          </>
        )}
      </p>
    </div>
  );
}
