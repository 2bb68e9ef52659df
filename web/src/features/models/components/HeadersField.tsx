/** Custom headers as rows of name and value. Values are secrets: stored ones are not shown, an empty one is kept. */
import { ActionIcon, Button, PasswordInput, TextInput } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useTranslations } from 'use-intl';
import type { HeaderRow } from '../form/values.ts';
import classes from './HeadersField.module.css';
import { useFieldProps, type FieldProps } from './use-field-props.ts';

/** As many as the server takes. */
const rowsMax = 32;

export function HeadersField({ field, form }: FieldProps) {
  const t = useTranslations('form');
  const { id, label, description, error } = useFieldProps({ field, form });
  const rows = form.values.headers;
  const change = (key: number, part: Partial<HeaderRow>): void =>
    form.set({ headers: rows.map((row) => (row.key === key ? { ...row, ...part } : row)) });
  const add = (): void => {
    const key = Math.max(-1, ...rows.map((row) => row.key)) + 1;
    form.set({ headers: [...rows, { key, name: '', value: '', isStored: false }] });
  };
  return (
    <fieldset className={classes['headers']} id={id} tabIndex={-1} aria-describedby={error === undefined ? undefined : `${id}-fault`}>
      <legend>{label}</legend>
      <p className={classes['hint']}>{description}</p>
      {rows.map((row, place) => (
        <div key={row.key} className={classes['row']}>
          <TextInput
            aria-label={t('headerName', { number: place + 1 })}
            placeholder="x-api-version"
            value={row.name}
            onChange={({ currentTarget }) => change(row.key, { name: currentTarget.value, isStored: false })}
            autoComplete="off"
            spellCheck={false}
          />
          <PasswordInput
            aria-label={t('headerValue', { number: place + 1 })}
            placeholder={row.isStored ? t('headerKept') : undefined}
            value={row.value}
            onChange={({ currentTarget }) => change(row.key, { value: currentTarget.value })}
            autoComplete="off"
            visibilityToggleFocusable
            visibilityToggleButtonProps={{ 'aria-label': t('headerShow', { number: place + 1 }) }}
          />
          <ActionIcon
            variant="subtle"
            color="gray"
            size="lg"
            aria-label={t('headerRemove', { number: place + 1 })}
            onClick={() => form.set({ headers: rows.filter(({ key }) => key !== row.key) })}
          >
            <IconTrash size={16} stroke={1.75} aria-hidden="true" />
          </ActionIcon>
        </div>
      ))}
      {error !== undefined && (
        <p className={classes['fault']} id={`${id}-fault`}>
          {error}
        </p>
      )}
      {rows.length < rowsMax && (
        <div>
          <Button size="compact-sm" variant="default" leftSection={<IconPlus size={14} stroke={1.75} aria-hidden="true" />} onClick={add}>
            {t('headerAdd')}
          </Button>
        </div>
      )}
    </fieldset>
  );
}
