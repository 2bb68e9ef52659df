/** A number as a text that takes both decimal signs; a slider beside it where the range is small. Empty means "not set". */
import { TextInput } from '@mantine/core';
import { useFormatter, useTranslations } from 'use-intl';
import { readNumber } from '../form/values.ts';
import classes from './NumberField.module.css';
import { useFieldProps, type FieldProps } from './use-field-props.ts';

export function NumberField({ field, form }: FieldProps) {
  const t = useTranslations('form');
  const common = useFieldProps({ field, form });
  const bounds = useBounds({ field, form });
  const text = form.values.settings[field.name] ?? '';
  const change = (next: string): void => form.setSetting(field.name, next);
  const { min = 0, max = 1, step = 0.1 } = field;
  const number = readNumber(text);
  return (
    <div className={classes['pair']} data-slider={field.kind === 'slider' || undefined}>
      <TextInput
        {...common}
        description={[common.description, bounds].filter(Boolean).join(' ') || undefined}
        inputMode="decimal"
        value={text}
        onChange={({ currentTarget }) => change(currentTarget.value)}
        placeholder={field.placeholder ?? t('unset')}
        autoComplete="off"
      />
      {field.kind === 'slider' && (
        <input
          type="range"
          className={classes['slider']}
          aria-label={t('slider', { label: common.label })}
          aria-valuetext={text === '' ? t('unset') : text}
          data-unset={text === '' || undefined}
          min={min}
          max={max}
          step={step}
          value={Number.isNaN(number) ? (min + max) / 2 : number}
          onChange={({ currentTarget }) => change(currentTarget.value)}
        />
      )}
    </div>
  );
}

/** The bound of a model that nothing is known of. */
const tokensUnknownMin = 1_000_000;

/** The ends of a range as the language writes numbers; a value in the field stays as code writes it: `0.7`. */
function useBounds({ field, form }: FieldProps): string | null {
  const t = useTranslations('form');
  const format = useFormatter();
  if (/tokens/i.test(field.name)) {
    const listed = form.models.list?.models.find(({ id }) => id === form.values.model)?.maxOutputTokens ?? field.max;
    const max = Math.min(listed ?? Infinity, field.max ?? Infinity);
    // A bound that no model has is no help.
    const isKnown = form.values.model.trim() !== '' && max < tokensUnknownMin;
    return isKnown ? t('tokensMax', { max: format.number(max), model: form.values.model.trim() }) : null;
  }
  if (field.min === undefined || field.max === undefined || field.max > 1_000_000_000) return null;
  return t('bounds', { min: format.number(field.min), max: format.number(field.max) });
}
