/** Free parameters as JSON: where it breaks is said while one types, what the server refuses when the field is left. */
import { Button, InputBase } from '@mantine/core';
import { useTranslations } from 'use-intl';
import { jsonPlaceOf } from '../form/json-fault.ts';
import classes from './JsonField.module.css';
import { useFieldProps, type FieldProps } from './use-field-props.ts';

const rowsMin = 4;
const rowsMax = 14;

export function JsonField({ field, form }: FieldProps) {
  const t = useTranslations('form');
  const common = useFieldProps({ field, form });
  const text = form.values.settings[field.name] ?? '';
  const place = text.trim() === '' ? null : jsonPlaceOf(text);
  const format = (): void => form.setSetting(field.name, JSON.stringify(JSON.parse(text), null, 2));
  return (
    <div className={classes['json']}>
      <InputBase
        {...common}
        component="textarea"
        rows={Math.min(rowsMax, Math.max(rowsMin, text.split('\n').length))}
        multiline
        data-face="mono"
        placeholder={'{ "top_logprobs": 3 }'}
        value={text}
        onChange={({ currentTarget }) => form.setSetting(field.name, currentTarget.value)}
        spellCheck={false}
        autoComplete="off"
      />
      <div className={classes['foot']}>
        <output>{place !== null && t('jsonPlace', { line: place.line, column: place.column })}</output>
        {text.trim() !== '' && place === null && (
          <Button size="compact-xs" variant="subtle" onClick={format}>
            {t('jsonFormat')}
          </Button>
        )}
      </div>
    </div>
  );
}
